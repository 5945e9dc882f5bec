/* SPDX-License-Identifier: Apache-2.0 */

/* Uses the library as hard as its promises allow, from many threads, and checks every byte.
 *
 *     hammer HOST PORT ROUNDS
 *
 * The server must be reachable when it starts; it may be killed and restarted meanwhile (HA is
 * on). Exit code 0: everything was right. It is run under ThreadSanitizer and AddressSanitizer. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openvstorage/volumedriver.h>

enum { BLOCK = 4096, REGION_BLOCKS = 16, THREADS = 6, REGION = BLOCK * REGION_BLOCKS };

static const char *host;
static int port;
static int rounds;

#define CHECK(condition)                                                                     \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            fprintf(stderr, "hammer: %s:%d: %s: %s\n", __FILE__, __LINE__, #condition,       \
                    strerror(errno));                                                        \
            abort();                                                                         \
        }                                                                                    \
    } while (0)

static ovs_ctx_t *connect_to_vpool(void)
{
    ovs_ctx_attr_t *attr = ovs_ctx_attr_new();
    ovs_ctx_t *ctx = NULL;

    CHECK(ovs_ctx_attr_set_transport(attr, "tcp", host, port) == 0);
    CHECK(ovs_ctx_attr_set_network_qdepth(attr, 8) == 0);
    CHECK(ovs_ctx_attr_enable_ha(attr) == 0);
    /* The server may be on its way up again. */
    for (int attempt = 0; ctx == NULL && attempt < 1000; attempt++) {
        ctx = ovs_ctx_new(attr);
        if (ctx == NULL)
            usleep(10000);
    }
    CHECK(ctx != NULL);
    ovs_ctx_attr_destroy(attr);
    return ctx;
}

static void create_volume(const char *name, uint64_t size)
{
    ovs_ctx_t *ctx = connect_to_vpool();
    int created = -1;

    for (int attempt = 0; created < 0 && attempt < 1000; attempt++) {
        created = ovs_create_volume(ctx, name, size);
        if (created < 0 && errno == EEXIST) /* by an attempt that got no answer */
            created = 0;
        else if (created < 0)
            usleep(10000);
    }
    CHECK(created == 0);
    CHECK(ovs_ctx_destroy(ctx) == 0);
}

static ovs_ctx_t *open_volume(const char *name)
{
    for (int attempt = 0; attempt < 1000; attempt++) {
        ovs_ctx_t *ctx = connect_to_vpool();

        if (ovs_ctx_init(ctx, name, O_RDWR) == 0)
            return ctx;
        ovs_ctx_destroy(ctx);
        usleep(10000);
    }
    CHECK(!"the volume can be opened");
    return NULL;
}

static void fill(char *block, int thread, int round, int number)
{
    memset(block, 1 + (thread * 31 + round * 7 + number) % 255, BLOCK);
}

/* --- I/O that waits ------------------------------------------------------------------------ */

static void write_and_read(ovs_ctx_t *ctx, int thread, int round)
{
    off_t offset = (off_t)thread * REGION;
    char wanted[BLOCK], found[BLOCK];

    fill(wanted, thread, round, 0);
    CHECK(ovs_write(ctx, wanted, BLOCK, offset) == BLOCK);
    CHECK(ovs_read(ctx, found, BLOCK, offset) == BLOCK);
    CHECK(memcmp(wanted, found, BLOCK) == 0);
    if (round % 16 == 0)
        CHECK(ovs_flush(ctx) == 0);
}

/* --- control blocks ------------------------------------------------------------------------ */

static void finish(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb)
{
    CHECK(ovs_aio_suspend(ctx, aiocb, NULL) == 0);
    CHECK(ovs_aio_error(ctx, aiocb) == 0);
    CHECK(ovs_aio_return(ctx, aiocb) == BLOCK);
    CHECK(ovs_aio_finish(ctx, aiocb) == 0);
}

static void write_and_read_blocks(ovs_ctx_t *ctx, int thread, int round)
{
    static __thread char wanted[REGION_BLOCKS][BLOCK], found[REGION_BLOCKS][BLOCK];
    struct ovs_aiocb blocks[REGION_BLOCKS];

    for (int i = 0; i < REGION_BLOCKS; i++) {
        fill(wanted[i], thread, round, i);
        blocks[i] = (struct ovs_aiocb){wanted[i], thread * REGION + i * BLOCK, BLOCK, NULL};
        CHECK(ovs_aio_write(ctx, &blocks[i]) == 0);
    }
    for (int i = 0; i < REGION_BLOCKS; i++)
        finish(ctx, &blocks[i]);
    for (int i = 0; i < REGION_BLOCKS; i++) {
        blocks[i].aio_buf = found[i];
        CHECK(ovs_aio_read(ctx, &blocks[i]) == 0);
    }
    for (int i = REGION_BLOCKS - 1; i >= 0; i--)
        finish(ctx, &blocks[i]);
    CHECK(memcmp(wanted, found, sizeof(wanted)) == 0);
}

/* --- callbacks that submit the next request ------------------------------------------------ */

struct chain {
    ovs_ctx_t *ctx;
    int thread, round, step;
    char block[BLOCK];
    struct ovs_aiocb aiocb;
    ovs_completion_t *end;
};

static void chain_step(struct chain *chain);

static void chain_done(ovs_completion_t *completion, void *arg)
{
    struct chain *chain = arg;

    CHECK(ovs_aio_return_completion(completion) == BLOCK);
    CHECK(ovs_aio_finish(chain->ctx, &chain->aiocb) == 0);
    CHECK(ovs_aio_release_completion(completion) == 0);
    if (++chain->step < REGION_BLOCKS)
        chain_step(chain);
    else
        CHECK(ovs_aio_flushcb(chain->ctx, chain->end) == 0);
}

static void chain_step(struct chain *chain)
{
    fill(chain->block, chain->thread, chain->round, chain->step);
    chain->aiocb = (struct ovs_aiocb){
        chain->block, chain->thread * REGION + chain->step * BLOCK, BLOCK, NULL};
    CHECK(ovs_aio_writecb(chain->ctx, &chain->aiocb,
                          ovs_aio_create_completion(chain_done, chain)) == 0);
}

static void chain_flushed(ovs_completion_t *completion, void *arg)
{
    (void)arg;
    CHECK(ovs_aio_return_completion(completion) == 0);
    CHECK(ovs_aio_signal_completion(completion) == 0);
}

static void write_in_callbacks(ovs_ctx_t *ctx, int thread, int round)
{
    struct chain chain = {.ctx = ctx, .thread = thread, .round = round};
    char wanted[BLOCK], found[BLOCK];

    chain.end = ovs_aio_create_completion(chain_flushed, NULL);
    chain_step(&chain);
    CHECK(ovs_aio_wait_completion(chain.end, NULL) == 0);
    CHECK(ovs_aio_release_completion(chain.end) == 0);
    for (int i = 0; i < REGION_BLOCKS; i++) {
        fill(wanted, thread, round, i);
        CHECK(ovs_read(ctx, found, BLOCK, thread * REGION + i * BLOCK) == BLOCK);
        CHECK(memcmp(wanted, found, BLOCK) == 0);
    }
}

/* --- contexts that are closed while requests are in flight --------------------------------- */

static atomic_int called_back;

static void count_and_release(ovs_completion_t *completion, void *arg)
{
    (void)arg;
    atomic_fetch_add(&called_back, 1);
    CHECK(ovs_aio_release_completion(completion) == 0);
}

static void close_in_flight(const char *name)
{
    static char block[BLOCK];
    struct ovs_aiocb blocks[64];
    ovs_ctx_t *ctx = open_volume(name);
    int before = atomic_load(&called_back);

    for (int i = 0; i < 64; i++) {
        blocks[i] = (struct ovs_aiocb){block, THREADS * REGION, BLOCK, NULL};
        CHECK(ovs_aio_writecb(ctx, &blocks[i],
                              ovs_aio_create_completion(count_and_release, NULL)) == 0);
    }
    CHECK(ovs_ctx_destroy(ctx) == 0);
    CHECK(atomic_load(&called_back) == before + 64);
    for (int i = 0; i < 64; i++)
        CHECK(ovs_aio_finish(ctx, &blocks[i]) == 0);
}

/* --- a forked child with a context of its own ---------------------------------------------- */

/* ThreadSanitizer gives up when a forked child starts threads. AddressSanitizer's allocator may be
 * locked by another thread at that moment, and stays so in the child: test_context.py forks under
 * it, where no other thread works. */
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define FORKS
static void use_in_child(ovs_ctx_t *inherited, const char *name)
{
    char block[BLOCK];
    pid_t child = fork();
    int status;

    CHECK(child >= 0);
    if (child == 0) {
        ovs_ctx_t *own = open_volume(name);

        CHECK(ovs_read(inherited, block, BLOCK, 0) == -1 && errno == EBADF);
        CHECK(ovs_ctx_destroy(inherited) == 0);
        CHECK(ovs_write(own, block, BLOCK, (THREADS + 1) * REGION) == BLOCK);
        CHECK(ovs_ctx_destroy(own) == 0);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}
#endif

/* --- control calls: they fail while the server is away, but neither hang, crash nor leak ----- */

static void use_control(ovs_ctx_t *ctx, int thread, int round)
{
    ovs_snapshot_info_t snapshots[8];
    char name[32], names[4096];
    int room = 8;
    size_t size = sizeof(names);

    snprintf(name, sizeof(name), "control-%d-%d", thread, round);
    (void)ovs_create_volume(ctx, name, BLOCK);
    (void)ovs_snapshot_create(ctx, name, "one", 5);
    (void)ovs_snapshot_create(ctx, name, "two", -1);
    if (ovs_snapshot_list(ctx, name, snapshots, &room) >= 0)
        ovs_snapshot_list_free(snapshots);
    (void)ovs_snapshot_is_synced(ctx, name, "two");
    (void)ovs_snapshot_rollback(ctx, name, "one");
    (void)ovs_truncate_volume(ctx, name, 2 * BLOCK);
    (void)ovs_list_volumes(ctx, names, &size);
    (void)ovs_snapshot_remove(ctx, name, "one");
    (void)ovs_remove_volume(ctx, name);
}

/* --- threads ------------------------------------------------------------------------------- */

struct worker {
    ovs_ctx_t *ctx;
    int number;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct stat stat;

    for (int round = 0; round < rounds; round++) {
        write_and_read(worker->ctx, worker->number, round);
        write_and_read_blocks(worker->ctx, worker->number, round);
        write_in_callbacks(worker->ctx, worker->number, round);
        (void)ovs_stat(worker->ctx, &stat);
        if (round % 8 == 0)
            use_control(worker->ctx, worker->number, round);
    }
    return NULL;
}

/* The workers 0 to 3 share a context, each of the others has one of its own. */
static void run_workers(const char *name)
{
    ovs_ctx_t *shared = open_volume(name);
    struct worker workers[THREADS];
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){i < 4 ? shared : open_volume(name), i};
        CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    }
    for (int i = 0; i < 3; i++)
        close_in_flight(name);
#ifdef FORKS
    use_in_child(shared, name);
#endif
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    for (int i = 4; i < THREADS; i++)
        CHECK(ovs_ctx_destroy(workers[i].ctx) == 0);
    CHECK(ovs_ctx_destroy(shared) == 0);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: hammer HOST PORT ROUNDS\n");
        return 2;
    }
    host = argv[1];
    port = atoi(argv[2]);
    rounds = atoi(argv[3]);
    create_volume("hammer", (THREADS + 2) * REGION);
    run_workers("hammer");
    return 0;
}
