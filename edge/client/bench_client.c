/*
 * Licensed under the Apache License, Version 2.0 (the "License"); you may
 * not use this file except in compliance with the License. You may obtain
 * a copy of the License at
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
 * WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
 * License for the specific language governing permissions and limitations
 * under the License.
 */

/* Operations per second through the library.
 *
 *     bench_client HOST PORT VOLUME read|write BLOCK_SIZE DEPTH OPERATIONS
 *
 * Reads or writes blocks in sequence (from the start again at the end of the volume) and keeps
 * DEPTH requests in flight, each submitted by the callback of the one before. The volume must
 * exist; its content is overwritten by `write`. Prints one line: operations, seconds,
 * operations per second, MiB per second. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openvstorage/volumedriver.h>

struct bench {
    ovs_ctx_t *ctx;
    bool writes;
    size_t block_size;
    uint64_t blocks; /* of the volume */
    uint64_t operations;

    pthread_mutex_t lock;
    pthread_cond_t over;
    uint64_t started;
    uint64_t finished;
    const char *failure;
};

struct lane {
    struct bench *bench;
    struct ovs_aiocb aiocb;
};

static void die(const char *what)
{
    fprintf(stderr, "bench_client: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void called_back(ovs_completion_t *completion, void *arg);

static void start_next(struct lane *lane)
{
    struct bench *bench = lane->bench;
    ovs_completion_t *completion;
    uint64_t number;

    pthread_mutex_lock(&bench->lock);
    number = bench->started;
    if (number < bench->operations && bench->failure == NULL)
        bench->started++;
    else
        number = bench->operations;
    pthread_mutex_unlock(&bench->lock);
    if (number == bench->operations)
        return;

    lane->aiocb.aio_nbytes = bench->block_size;
    lane->aiocb.aio_offset = (off_t)(number % bench->blocks * bench->block_size);
    completion = ovs_aio_create_completion(called_back, lane);
    if (completion == NULL ||
        (bench->writes ? ovs_aio_writecb(bench->ctx, &lane->aiocb, completion)
                       : ovs_aio_readcb(bench->ctx, &lane->aiocb, completion)) < 0)
        die("submit");
}

static void called_back(ovs_completion_t *completion, void *arg)
{
    struct lane *lane = arg;
    struct bench *bench = lane->bench;
    bool fine = ovs_aio_return_completion(completion) == (ssize_t)bench->block_size;

    ovs_aio_finish(bench->ctx, &lane->aiocb);
    ovs_aio_release_completion(completion);
    pthread_mutex_lock(&bench->lock);
    bench->finished++;
    if (!fine)
        bench->failure = "a request failed or was short";
    if (bench->finished == bench->operations || bench->failure != NULL)
        pthread_cond_signal(&bench->over);
    pthread_mutex_unlock(&bench->lock);
    start_next(lane);
}

static ovs_ctx_t *open_volume(const char *host, int port, const char *volume)
{
    ovs_ctx_attr_t *attr = ovs_ctx_attr_new();
    ovs_ctx_t *ctx;

    if (attr == NULL || ovs_ctx_attr_set_transport(attr, "tcp", host, port) < 0)
        die("host and port");
    ctx = ovs_ctx_new(attr);
    if (ctx == NULL)
        die("connect");
    if (ovs_ctx_init(ctx, volume, O_RDWR) < 0)
        die("open");
    ovs_ctx_attr_destroy(attr);
    return ctx;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run(struct bench *bench, struct lane *lanes, uint64_t depth)
{
    for (uint64_t i = 0; i < depth; i++) {
        void *memory;

        if (posix_memalign(&memory, 4096, bench->block_size) != 0)
            die("memory");
        memset(memory, (int)i + 1, bench->block_size);
        lanes[i] = (struct lane){.bench = bench, .aiocb.aio_buf = memory};
    }
    for (uint64_t i = 0; i < depth; i++)
        start_next(&lanes[i]);
    pthread_mutex_lock(&bench->lock);
    while (bench->finished < bench->operations && bench->failure == NULL)
        pthread_cond_wait(&bench->over, &bench->lock);
    pthread_mutex_unlock(&bench->lock);
}

static uint64_t number(const char *text)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);

    errno = EINVAL;
    if (*end != '\0' || value == 0)
        die(text);
    return value;
}

static void report(const struct bench *bench, double elapsed)
{
    double rate = (double)bench->operations / elapsed;

    printf("%llu operations, %.3f s, %.0f per second, %.1f MiB/s\n",
           (unsigned long long)bench->operations, elapsed, rate,
           rate * (double)bench->block_size / (1 << 20));
}

int main(int argc, char **argv)
{
    struct bench bench = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER};
    struct lane *lanes;
    struct stat stat;
    double begin;

    if (argc != 8) {
        fprintf(stderr,
                "usage: bench_client HOST PORT VOLUME read|write BLOCK_SIZE DEPTH OPERATIONS\n");
        return 2;
    }
    bench.ctx = open_volume(argv[1], (int)number(argv[2]), argv[3]);
    bench.writes = strcmp(argv[4], "write") == 0;
    bench.block_size = number(argv[5]);
    bench.operations = number(argv[7]);
    lanes = calloc(number(argv[6]), sizeof(*lanes));
    if (lanes == NULL || ovs_stat(bench.ctx, &stat) < 0)
        die("stat");
    bench.blocks = (uint64_t)stat.st_size / bench.block_size;
    if (bench.blocks == 0)
        die("the volume is smaller than a block");

    begin = seconds();
    run(&bench, lanes, number(argv[6]));
    report(&bench, seconds() - begin);
    ovs_ctx_destroy(bench.ctx);
    free(lanes);
    if (bench.failure != NULL)
        fprintf(stderr, "bench_client: %s\n", bench.failure);
    return bench.failure != NULL;
}
