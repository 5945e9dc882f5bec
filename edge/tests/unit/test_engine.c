/* SPDX-License-Identifier: Apache-2.0 */

/* Records, maps, layers, chains and a store, without a server. */

#undef NDEBUG     /* the assertions are the test */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ahead.h"
#include "allow.h"
#include "chain.h"
#include "disk.h"
#include "folder.h"
#include "jobs.h"
#include "layer.h"
#include "layers.h"
#include "pool.h"
#include "record.h"
#include "store.h"
#include "volume.h"


/* How often the disk was told to begin. */
static atomic_int begun;

int sync_file_range(int fd, off64_t offset, off64_t length, unsigned flags)
{
    assert(fd >= 0 && offset == 0 && length == 0 && flags == SYNC_FILE_RANGE_WRITE);
    begun++;
    return 0;
}

/* The time of day as the engine sees it: so much later than the kernel's, as if it were set back
 * as soon as it has been asked for. */
static time_t set_back_by;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = syscall(SYS_clock_gettime, clock, now);

    if (clock == CLOCK_REALTIME)
        now->tv_sec += set_back_by;
    return result;
}

static void test_bytes(void)
{
    struct writer w = {0};
    char name[NAME_SIZE];
    uint32_t length;

    write_u16(&w, 0x1234);
    write_str(&w, "name");
    write_u64(&w, 0x0102030405060708);
    write_blob(&w, "blob", 4);
    struct reader r = reader_of(w.data, w.length);
    assert(read_u16(&r) == 0x1234);
    read_name(&r, name);
    assert(!strcmp(name, "name"));
    assert(read_u64(&r) == 0x0102030405060708);
    assert(!memcmp(read_blob(&r, &length), "blob", 4) && length == 4);
    assert(read_complete(&r));
    assert(read_u8(&r) == 0 && r.bad && !read_complete(&r));
    r = reader_of("\xff\xff", 2);
    read_name(&r, name);
    assert(r.bad && !name[0]);
    writer_free(&w);
}

static void test_names(void)
{
    char name[300];

    memset(name, 'x', sizeof(name));
    name[254] = '\0';
    assert(name_is_good(name));
    name[254] = 'x';
    name[255] = '\0';
    assert(!name_is_good(name));
    assert(name_is_good(" ") && name_is_good("...") && name_is_good("\xc3\xbc"));
    assert(!name_is_good("") && !name_is_good(".") && !name_is_good("..") && !name_is_good("a/b"));
    assert(!name_is_good("\x1f") && !name_is_good("\x7f"));
}

/* Any flipped bit and any missing byte makes a record unreadable. */
static void test_record(void)
{
    struct record record = {.name = "volume", .owner = "node", .size = 8192, .slot_count = 2};
    struct slot slots[2] = {0};
    struct uuid garbage[1], id;
    struct writer w = {0};
    const char *why;

    uuid_random(&record.id);
    uuid_random(&slots[0].layer_id);
    uuid_random(&slots[1].layer_id);
    uuid_random(&garbage[0]);
    uuid_random(&id);
    slots[0].snapshot = record_new_snapshot("snapshot", &id, 4096, "metadata", 8);
    record.slots = slots;
    record.garbage = garbage;
    record.garbage_count = 1;
    record_encode(&record, &w);
    struct record *copy = record_decode(w.data, w.length, &why);
    assert(copy && copy->slot_count == 2 && copy->garbage_count == 1 && copy->size == 8192);
    assert(!strcmp(record_find_snapshot(copy, "snapshot")->snapshot->name, "snapshot"));
    assert(!record_find_snapshot(copy, "other"));
    record_free_with_snapshots(copy);
    for (size_t i = 0; i < w.length; i++) {
        w.data[i] ^= 4;
        assert(!record_decode(w.data, w.length, &why) && why);
        w.data[i] ^= 4;
        assert(!record_decode(w.data, i, &why) && why);
    }
    free(slots[0].snapshot);
    writer_free(&w);
}

static void test_map(void)
{
    struct map map = {0};

    assert(map_new(&map));
    assert(map_next(&map, 0, CLUSTERS_MAX) == CLUSTERS_MAX);
    uint64_t bits[] = {0, 7, 8, 32767, 32768, 1000000, CLUSTERS_MAX - 1};
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        map.bits[bits[i] >> 3] |= 1 << (bits[i] & 7);
        page_mark(map.occupied, (bits[i] >> 3) / MAP_PAGE_BITS);
    }
    uint64_t at = 0;
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        assert(map_next(&map, at, CLUSTERS_MAX) == bits[i]);
        assert(map_next(&map, at, bits[i]) == bits[i]);
        at = bits[i] + 1;
    }
    assert(map_next(&map, at, CLUSTERS_MAX) == CLUSTERS_MAX);
    map_free(&map);
}

static void test_copy_up(void)
{
    struct layer *low = new_layer(NULL), *top = new_layer(low);

    put(low, 0, 3 * CLUSTER_SIZE, 'l');
    put(top, CLUSTER_SIZE + 10, 5, 't');
    expect(top, 0, CLUSTER_SIZE + 10, 'l');
    expect(top, CLUSTER_SIZE + 10, 5, 't');
    expect(top, CLUSTER_SIZE + 15, 2 * CLUSTER_SIZE - 15, 'l');
    expect(low, 0, 3 * CLUSTER_SIZE, 'l');
    assert(layer_owns(top, 1) && !layer_owns(top, 0) && !layer_owns(top, 2));
    /* a zero hides what is below; where nothing is below it costs nothing */
    assert(chain_zero(top, 2 * CLUSTER_SIZE, 2 * CLUSTER_SIZE) == 0);
    expect(top, 2 * CLUSTER_SIZE, 4 * CLUSTER_SIZE, 0);
    assert(layer_owns(top, 2) && !layer_owns(top, 3));
    layer_close(top);
    layer_close(low);
    layer_drop(top);
    layer_drop(low);
}

static void test_pull(void)
{
    struct layer *low = new_layer(NULL), *middle = new_layer(low), *top = new_layer(middle);
    unsigned opens;

    put(low, 0, CLUSTER_SIZE, 'a');
    put(middle, CLUSTER_SIZE, CLUSTER_SIZE, 'b');
    put(middle, 2 * CLUSTER_SIZE, CLUSTER_SIZE, 'b');
    put(top, 2 * CLUSTER_SIZE, 1, 'c');
    assert(chain_pull(top, middle, 1) == 0 && chain_pull(top, middle, 2) == 0);
    assert(layer_bypass_parent(top, &opens) == middle && opens == 1);
    expect(top, 0, CLUSTER_SIZE, 'a');
    expect(top, CLUSTER_SIZE, CLUSTER_SIZE, 'b');
    expect(top, 2 * CLUSTER_SIZE, 1, 'c');
    expect(top, 2 * CLUSTER_SIZE + 1, CLUSTER_SIZE - 1, 'b');
    layer_drop_bypassed(middle, opens);
    layer_close(top);
    layer_close(middle);    /* our own open of it: the last, so it goes */
    layer_close(low);
    layer_drop(top);
    layer_drop(low);
}

/* What was not flushed comes back for a process of the same boot, not after a reboot. */
static void test_boots(void)
{
    struct layer *layer = new_layer(NULL);
    struct uuid id = layer->id;
    char name[LAYER_FILE_NAME_SIZE];

    put(layer, 0, 100, '1');
    assert(layer_flush(layer) == 0 && layer_needs_flush(layer));
    assert(layer_flush(layer) == 0 && !layer_needs_flush(layer));   /* its map says so, too */
    put(layer, 5 * CLUSTER_SIZE, 100, '2');
    assert(layer_needs_flush(layer));
    layer_close(layer);
    layer_drop(layer);
    home.unclean = true;
    layer = layer_new(&home, &id, NULL);
    assert(layer_open(layer) == 0);
    expect(layer, 5 * CLUSTER_SIZE, 100, '2');
    layer_close(layer);
    layer_drop(layer);
    layer_file_name(&id, "", name);
    assert(unlinkat(home.runtime, name, 0) == 0);   /* the reboot */
    layer = layer_new(&home, &id, NULL);
    assert(layer_open(layer) == 0);
    expect(layer, 0, 100, '1');
    expect(layer, 5 * CLUSTER_SIZE, 100, 0);
    put(layer, 5 * CLUSTER_SIZE + 50, 1, '3');      /* the rest must not come back with it */
    expect(layer, 5 * CLUSTER_SIZE, 50, 0);
    layer_close(layer);
    layer_drop(layer);
    home.unclean = false;
}

static void test_segments(void)
{
    struct layer *layer = new_layer(NULL);

    put(layer, SEGMENT_SIZE - 100, 200, 's');
    put(layer, VOLUME_SIZE_MAX - 1, 1, 'e');
    expect(layer, SEGMENT_SIZE - 100, 200, 's');
    expect(layer, VOLUME_SIZE_MAX - 1, 1, 'e');
    assert(chain_zero(layer, 150, SEGMENT_SIZE - 50) == 0);
    expect(layer, SEGMENT_SIZE - 50, 150, 0);
    assert(layer_flush(layer) == 0);
    layer_close(layer);
    assert(layer_open(layer) == 0);
    expect(layer, VOLUME_SIZE_MAX - 1, 1, 'e');
    layer_close(layer);
    layer_drop(layer);
}

static void wait_at_gate(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
}

static int make_snapshot(struct volume *volume, const char *name, struct fault *fault)
{
    struct snapshot_info info;
    int error = snapshot_create(volume, name, (struct uuid){0}, "", 0, &info, fault);

    if (!error)
        free(info.metadata);
    return error;
}

/* While the jobs that seal are held up, none can be early. */
static void test_snapshot_before_the_last_is_synced(void)
{
    char path[] = "/tmp/ovs-edge-store-XXXXXX", command[100];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct volume_info info;
    struct fault fault;
    bool synced;

    assert(mkdtemp(path));
    struct store *store = store_open(path, NULL);
    assert(store && jobs_start(store) == 0);
    assert(volume_create(store, "v", 1 << 20, (struct uuid){0}, "", &info, &fault) == 0);
    struct volume *volume = store_find_name(store, "v");

    pthread_mutex_lock(&gate);
    for (int i = 0; i < 64; i++)                        /* more than there are threads */
        assert(pool_add(store->seal_pool, NULL, wait_at_gate, &gate));
    assert(make_snapshot(volume, "one", &fault) == 0);
    assert(make_snapshot(volume, "two", &fault) == EBUSY);
    assert(fault.reason == REASON_PREVIOUS_SNAPSHOT_NOT_ON_BACKEND);
    assert(snapshot_wait_synced(volume, "one", 0, &synced, &fault) == 0 && !synced);
    set_back_by = 3600;
    alarm(60);      /* who waits by the time of day waits for an hour */
    assert(snapshot_wait_synced(volume, "one", 50, &synced, &fault) == 0 && !synced);
    alarm(0);
    set_back_by = 0;
    pthread_mutex_unlock(&gate);
    for (int tries = 0; !synced && tries < 30; tries++)
        assert(snapshot_wait_synced(volume, "one", 1000, &synced, &fault) == 0);
    assert(synced);
    assert(make_snapshot(volume, "two", &fault) == 0);

    volume_put(volume);
    assert(store_close(store));
    snprintf(command, sizeof(command), "rm -r %s", path);
    assert(system(command) == 0);
}

static struct sockaddr_storage peer_at(const char *address)
{
    struct sockaddr_storage peer = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&peer;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&peer;

    peer.ss_family = strchr(address, ':') ? AF_INET6 : AF_INET;
    assert(inet_pton(peer.ss_family, address,
                     peer.ss_family == AF_INET ? (void *)&in->sin_addr
                                               : (void *)&in6->sin6_addr) == 1);
    return peer;
}

static void test_allow(void)
{
    static const struct {
        const char *list, *peer;
        bool may;
    } cases[] = {
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.0/25", "192.0.2.127", true},
        {"192.0.2.0/25", "192.0.2.128", false},
        {"192.0.2.6/31", "192.0.2.7", true},
        {"192.0.2.6/31", "192.0.2.8", false},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.6", false},
        {"192.0.2.7/32", "::ffff:192.0.2.7", true},
        {"192.0.2.7", "::ffff:192.0.2.8", false},
        {"::ffff:192.0.2.0/120", "192.0.2.8", true},
        {"::ffff:192.0.2.0/120", "192.0.3.8", false},
        {"192.0.2.7", "::192.0.2.7", false},            /* no mapped one */
        {"0.0.0.0/0", "198.51.100.1", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "198.51.100.1", false},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"2001:db8::1", "2001:db8::2", false},
        {"198.51.100.1,2001:db8::/32,192.0.2.0/24", "192.0.2.1", true},
        {"198.51.100.1,2001:db8::/32,192.0.2.0/24", "192.0.1.1", false},
    };
    char bad[PEER_TEXT_BYTES];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sockaddr_storage peer = peer_at(cases[i].peer);
        struct allow allow = {0};

        assert(!allow_add(&allow, cases[i].list, bad));
        if (allow_has(&allow, &peer) != cases[i].may) {
            printf("%s is taken wrongly for %s\n", cases[i].peer, cases[i].list);
            abort();
        }
    }
}

static void test_allow_everyone(void)
{
    struct sockaddr_storage local = {.ss_family = AF_UNIX}, far = peer_at("198.51.100.1");
    struct allow allow = {0};
    char bad[PEER_TEXT_BYTES], text[PEER_TEXT_BYTES];

    assert(allow_has(&allow, &far));
    assert(!allow_add(&allow, "192.0.2.0/24", bad));
    assert(allow_has(&allow, &local) && !allow_has(&allow, &far));
    peer_text(&far, text);
    assert(!strcmp(text, "198.51.100.1"));
}

static void test_allow_mistakes(void)
{
    static const char *const mistakes[] = {
        "", ",", "192.0.2.1,", "192.0.2", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8",
        "192.0.2.0/", "192.0.2.0/8x", "192.0.2.0/ 8", "192.0.2.1/24", "2001:db8::/129",
        "2001:db8::1/64", "2001:db8::1%lo", "host", "192.0.2.1 ,192.0.2.2", "192.0.2.0/24/24",
    };
    char bad[PEER_TEXT_BYTES];

    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct allow allow = {0};

        if (!allow_add(&allow, mistakes[i], bad)) {
            printf("'%s' is taken for good\n", mistakes[i]);
            abort();
        }
    }
}

static void test_allow_too_many(void)
{
    struct allow allow = {0};
    char bad[PEER_TEXT_BYTES];

    for (int i = 0; i < ALLOW_MAX; i++)
        assert(!allow_add(&allow, "192.0.2.1", bad));
    assert(allow_add(&allow, "192.0.2.2", bad) && !strcmp(bad, "192.0.2.2"));
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* Unflushed data keeps its file open; a flushed and frozen layer does not. */
static void test_frozen_layers_rest(void)
{
    struct layer *layer = new_layer(NULL);

    put(layer, 0, 100, 'f');
    int data = layer->data_fd[0], map = layer->map_fd;
    layer_freeze(layer);
    assert(layer->data_fd[0] == data && is_open(data) && is_open(map));
    assert(layer_flush(layer) == 0);
    assert(layer->data_fd[0] == FILE_CLOSED && layer->map_fd == FILE_CLOSED);
    expect(layer, 0, 100, 'f');
    assert(layer->data_fd[0] >= 0);
    assert(files_hold(layer) == 0);
    files_rest(layer);
    assert(is_open(layer->data_fd[0]));     /* it is in use */
    files_release(layer);
    files_rest(layer);
    assert(layer->data_fd[0] == FILE_CLOSED);
    layer_close(layer);
    layer_drop(layer);
}

/* A flush ends while a merge is about to write to the layer. */
static void test_a_resting_layer_is_written_to(void)
{
    struct layer *layer = new_layer(NULL);

    put(layer, 0, 100, 'f');
    assert(layer_flush(layer) == 0);
    layer_freeze(layer);
    assert(layer_prepare(layer, 1) == 0);
    layer_rest(layer);
    assert(layer_data_write(layer, "x", 1, CLUSTER_SIZE) == 0 && layer_own(layer, 1) == 0);
    expect(layer, CLUSTER_SIZE, 1, 'x');
    layer_close(layer);
    layer_drop(layer);
}

/* However much is written, a flush finds little left to do. */
static void test_the_disk_begins_before_a_flush(void)
{
    char path[] = "/tmp/ovs-edge-store-XXXXXX", command[100];
    static uint8_t data[1 << 20];
    struct volume_info info;
    struct fault fault;

    assert(mkdtemp(path));
    struct store *store = store_open(path, NULL);
    assert(store && jobs_start(store) == 0);
    assert(volume_create(store, "v", sizeof(data), (struct uuid){0}, "", &info, &fault) == 0);
    struct volume *volume = store_find_name(store, "v");

    assert(volume_open(volume, &fault) == 0);
    begun = 0;
    store->home.ahead_limit = AHEAD_LEAST;
    for (uint64_t written = 0; written < AHEAD_LEAST; written += sizeof(data)) {
        assert(begun == 0);
        assert(volume_write(volume, data, sizeof(data), 0) == 0);
    }
    volume_close(volume);
    volume_put(volume);
    assert(store_close(store));     /* ends what is under way */
    assert(begun == 1);
    snprintf(command, sizeof(command), "rm -r %s", path);
    assert(system(command) == 0);
}

static uint64_t limit_after(uint64_t limit, uint64_t length, long long milliseconds)
{
    struct layer_home home = {.ahead_limit = limit};

    ahead_learn(&home, length, milliseconds);
    return home.ahead_limit;
}

static void test_the_limit_follows_the_disk(void)
{
    uint64_t limit = AHEAD_LEAST * 4;

    assert(limit_after(limit, limit, AHEAD_FLUSH_MS + 1) == limit / 2);
    assert(limit_after(limit, 0, AHEAD_FLUSH_MS + 1) == limit / 2);
    assert(limit_after(limit, limit, AHEAD_FLUSH_MS / 2) == limit);
    assert(limit_after(limit, limit / 2, 1) == limit * 2);
    assert(limit_after(limit, limit / 2 - 1, 1) == limit);
    assert(limit_after(AHEAD_LEAST, limit, AHEAD_FLUSH_MS * 100) == AHEAD_LEAST);
    assert(limit_after(AHEAD_MOST, AHEAD_MOST, 1) == AHEAD_MOST);
}

int main(void)
{
    open_home();
    test_allow();
    test_allow_everyone();
    test_allow_mistakes();
    test_allow_too_many();
    test_bytes();
    test_names();
    test_record();
    test_map();
    test_copy_up();
    test_pull();
    test_boots();
    test_segments();
    test_frozen_layers_rest();
    test_a_resting_layer_is_written_to();
    test_snapshot_before_the_last_is_synced();
    remove_home();
    test_the_disk_begins_before_a_flush();
    test_the_limit_follows_the_disk();
    puts("all good");
    return 0;
}
