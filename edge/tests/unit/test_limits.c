/* SPDX-License-Identifier: Apache-2.0 */

/* Tests limits: lanes of a pool, flushes of a volume, locks of clones. */

#undef NDEBUG     /* the assertions are the test */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backlog.h"
#include "flushes.h"
#include "pool.h"
#include "server.h"
#include "store.h"
#include "volume.h"

#define WAIT_S 30           /* an alarm ends a test that hangs */
#define LIMIT 3

/* A gate: it counts the threads that come, and lets them wait until it opens. */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool open_gate = true;
static int came;

static void pass_gate(void)
{
    pthread_mutex_lock(&gate_lock);
    came++;
    pthread_cond_broadcast(&gate_changed);
    while (!open_gate)
        pthread_cond_wait(&gate_changed, &gate_lock);
    pthread_mutex_unlock(&gate_lock);
}

static void set_gate(bool is_open)
{
    pthread_mutex_lock(&gate_lock);
    open_gate = is_open;
    came = is_open ? came : 0;
    pthread_cond_broadcast(&gate_changed);
    pthread_mutex_unlock(&gate_lock);
}

static void wait_until_came(int count)
{
    pthread_mutex_lock(&gate_lock);
    while (came < count)
        pthread_cond_wait(&gate_changed, &gate_lock);
    pthread_mutex_unlock(&gate_lock);
}

static int has_come(void)
{
    pthread_mutex_lock(&gate_lock);
    int count = came;
    pthread_mutex_unlock(&gate_lock);
    return count;
}

int fdatasync(int fd)
{
    pass_gate();
    return syscall(SYS_fdatasync, fd);
}

static void work_at_gate(void *argument)
{
    (void)argument;
    pass_gate();
}

static void post(void *done)
{
    atomic_fetch_add((atomic_int *)done, 1);
    pass_gate();
}

/* A lane has its limit; what others want is carried out while it hangs, and what waits in it is not
 * forgotten. */
static void test_lanes(void)
{
    struct pool *pool = pool_new(LIMIT + 1);
    struct lane *greedy = lane_new(LIMIT), *modest = lane_new(LIMIT);
    atomic_int done = 0;

    assert(pool && greedy && modest);
    set_gate(false);
    for (int i = 0; i < 100; i++)
        assert(pool_add(pool, greedy, work_at_gate, NULL));
    wait_until_came(LIMIT);
    assert(pool_add(pool, modest, post, &done));
    wait_until_came(LIMIT + 1);     /* more never come: that one is of the other lane */
    assert(done == 1);
    set_gate(true);
    lane_put(greedy);               /* its work outlives it */
    pool_finish(pool);
    assert(has_come() == 101);
    lane_put(modest);
}

static int order;       /* of the only thread of a pool */

static void note_order(void *place)
{
    *(int *)place = ++order;
}

/* The lanes take turns: the one that came last does not wait for all of the first. */
static void test_turns(void)
{
    struct pool *pool = pool_new(1);
    struct lane *first = lane_new(1), *last = lane_new(1);
    int places[100], modest;

    set_gate(false);
    assert(pool_add(pool, first, work_at_gate, NULL));
    for (int i = 0; i < 100; i++)
        assert(pool_add(pool, first, note_order, &places[i]));
    wait_until_came(1);
    assert(pool_add(pool, last, note_order, &modest));
    set_gate(true);
    lane_put(first);
    lane_put(last);
    pool_finish(pool);
    assert(modest <= 2 && places[99] == 101);
}

struct asked {
    struct flush_wait wait;
    int syncs;              /* how many had begun when it was told; 0: not yet */
};

static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told_changed = PTHREAD_COND_INITIALIZER;

static void told(struct flush_wait *wait, int error)
{
    assert(!error);
    int syncs = has_come();
    pthread_mutex_lock(&told_lock);
    ((struct asked *)wait)->syncs = syncs;
    pthread_cond_broadcast(&told_changed);
    pthread_mutex_unlock(&told_lock);
}

static void wait_until_told(struct asked *asked)
{
    pthread_mutex_lock(&told_lock);
    while (!asked->syncs)
        pthread_cond_wait(&told_changed, &told_lock);
    pthread_mutex_unlock(&told_lock);
}

static struct store *new_store(char *path)
{
    assert(mkdtemp(path));
    struct store *store = store_open(path, NULL);
    assert(store);
    return store;
}

static void remove_store(struct store *store, const char *path)
{
    char command[100];

    assert(store_close(store));
    snprintf(command, sizeof(command), "rm -r %s", path);
    assert(system(command) == 0);
}

/* While a flush runs, those that come join the next one: that one had not begun when they were
 * asked for, the running one may not have seen what was acknowledged before them. */
static void test_flushes(void)
{
    char path[] = "/tmp/ovs-edge-limits-XXXXXX";
    struct store *store = new_store(path);
    struct pool *pool = pool_new(8);
    struct asked first = {.wait.done = told}, later[20];
    struct volume_info info;
    struct fault fault;

    assert(volume_create(store, "v", 1 << 20, (struct uuid){0}, "", &info, &fault) == 0);
    struct volume *volume = store_find_name(store, "v");
    assert(volume_open(volume, &fault) == 0);
    for (int i = 0; i < 3; i++)     /* the files are there, and so is their map */
        assert(volume_write(volume, "a", 1, 0) == 0 && volume_flush(volume) == 0);
    int before = has_come();
    assert(volume_write(volume, "b", 1, 0) == 0 && volume_flush(volume) == 0);
    int syncs = has_come() - before;    /* of one flush */
    assert(syncs >= 1 && volume_write(volume, "c", 1, 0) == 0);
    set_gate(false);
    flushes_join(volume, pool, &first.wait);
    wait_until_came(1);
    assert(volume_write(volume, "d", 1, 0) == 0);
    for (int i = 0; i < 20; i++) {
        later[i] = (struct asked){.wait.done = told};
        flushes_join(volume, pool, &later[i].wait);
    }
    set_gate(true);
    wait_until_told(&first);
    for (int i = 0; i < 20; i++) {
        wait_until_told(&later[i]);
        assert(later[i].syncs == 2 * syncs);    /* after the second, and there was no third */
    }
    pool_finish(pool);
    volume_close(volume);
    volume_put(volume);
    remove_store(store, path);
}

static struct volume *volume_with_snapshot(struct store *store, const char *name)
{
    struct volume_info info;
    struct snapshot_info snapshot;
    struct fault fault;

    assert(volume_create(store, name, 1 << 20, (struct uuid){0}, "", &info, &fault) == 0);
    struct volume *volume = store_find_name(store, name);
    assert(snapshot_create(volume, "s", (struct uuid){0}, "", 0, &snapshot, &fault) == 0);
    free(snapshot.metadata);
    return volume;
}

static int make_clone(struct volume *parent, const struct volume *as)
{
    struct volume_ref ref = {.by_id = true, .id = parent->id};
    struct volume_info info;
    struct fault fault;

    return volume_clone(parent->store, &ref, "s", as->name, as->id, "", &info, &fault);
}

struct two {
    struct volume *parent, *as;
};

static void *clone_often(void *argument)
{
    const struct two *two = argument;

    for (int i = 0; i < 2000; i++)
        assert(make_clone(two->parent, two->as) == 0);
    return NULL;
}

static void test_clones_lock_one_volume(void)
{
    char path[] = "/tmp/ovs-edge-limits-XXXXXX";
    struct store *store = new_store(path);
    struct volume *a = volume_with_snapshot(store, "a"), *b = volume_with_snapshot(store, "b");
    struct two one_way = {a, b}, other_way = {b, a};
    pthread_t threads[2];

    assert(make_clone(a, a) == EEXIST);
    assert(pthread_create(&threads[0], NULL, clone_often, &one_way) == 0);
    assert(pthread_create(&threads[1], NULL, clone_often, &other_way) == 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    volume_put(a);
    volume_put(b);
    remove_store(store, path);
}

/* A client with untaken replies gets a share of the room that is left; one without gets all. */
static void test_room_for_replies(void)
{
    const uint64_t mib = 1 << 20;
    struct server server = {0};

    assert(backlog_has_room(&server, 400 * mib, 32 * mib));
    server.out_bytes = 768 * mib;
    assert(backlog_has_room(&server, 32 * mib, 32 * mib));
    assert(!backlog_has_room(&server, 33 * mib, 32 * mib));
    assert(backlog_has_room(&server, 0, 256 * mib));
    server.starving = false;
    server.out_bytes = 1000 * mib;
    assert(!backlog_has_room(&server, 0, 32 * mib) && server.starving);
    assert(backlog_has_room(&server, 0, 24 * mib));
}

int main(void)
{
    alarm(WAIT_S);
    test_room_for_replies();
    test_lanes();
    test_turns();
    test_flushes();
    test_clones_lock_one_volume();
    puts("all good");
    return 0;
}
