/* SPDX-License-Identifier: Apache-2.0 */

/* The engine through libovsvolumedriver: library HOST PORT VOLUME KIND BYTES DEPTH COUNT SIZE.
 * Prints seconds. Asynchronous: each request is submitted by the callback of the one before. */

#include <err.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>

#include <openvstorage/volumedriver.h>

#include "load.h"

static struct load load;
static ovs_ctx_t *context;
static sem_t lanes_over;
static _Atomic uint64_t next;

struct lane {
    struct ovs_aiocb aiocb;
    char *data;
};

static void finished(ovs_completion_t *completion, void *argument);

static void start_next(struct lane *lane)
{
    uint64_t number = next++;

    if (number >= load.count) {
        sem_post(&lanes_over);
        return;
    }
    ovs_completion_t *completion = ovs_aio_create_completion(finished, lane);
    if (!completion)
        err(1, "ovs_aio_create_completion");
    lane->aiocb = (struct ovs_aiocb){.aio_buf = lane->data, .aio_nbytes = load.bytes,
                                     .aio_offset = offset_of(&load, number)};
    if (load.is_write ? ovs_aio_writecb(context, &lane->aiocb, completion)
                      : ovs_aio_readcb(context, &lane->aiocb, completion))
        err(1, "submitting");
}

static void finished(ovs_completion_t *completion, void *argument)
{
    struct lane *lane = argument;

    if (ovs_aio_return_completion(completion) != (ssize_t)load.bytes)
        errx(1, "a request failed or was short");
    ovs_aio_finish(context, &lane->aiocb);
    ovs_aio_release_completion(completion);
    start_next(lane);
}

static void open_volume(char **argv)
{
    ovs_ctx_attr_t *attr = ovs_ctx_attr_new();

    if (!attr || ovs_ctx_attr_set_transport(attr, "tcp", argv[1], atoi(argv[2]))
        || !(context = ovs_ctx_new(attr)) || ovs_ctx_init(context, argv[3], O_RDWR))
        err(1, "%s", argv[3]);
    ovs_ctx_attr_destroy(attr);
}

static struct lane *make_lanes(void)
{
    struct lane *lanes = calloc(load.depth, sizeof(*lanes));

    for (unsigned i = 0; lanes && i < load.depth; i++) {
        lanes[i].data = malloc(load.bytes);
        if (!lanes[i].data)
            err(1, "buffers");
        memset(lanes[i].data, 'b', load.bytes);
    }
    if (!lanes)
        err(1, "buffers");
    return lanes;
}

int main(int argc, char **argv)
{
    if (argc != 9)
        errx(2, "library HOST PORT VOLUME KIND BYTES DEPTH COUNT SIZE");
    load = load_of(argv + 4);
    open_volume(argv);
    struct lane *lanes = make_lanes();
    sem_init(&lanes_over, 0, 0);
    double begun = now();
    for (unsigned i = 0; i < load.depth; i++)
        start_next(&lanes[i]);
    for (unsigned i = 0; i < load.depth; i++)
        sem_wait(&lanes_over);
    printf("%f\n", now() - begun);
    ovs_ctx_destroy(context);
    for (unsigned i = 0; i < load.depth; i++)
        free(lanes[i].data);
    free(lanes);
    return 0;
}
