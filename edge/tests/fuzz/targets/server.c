/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: all that a client can send to the engine. The first byte of the input chooses how the
 * rest becomes bytes on the wire: as it is, as vendor options, or as requests on a volume. The
 * frames are right then, so that the fuzzer's work goes into what they hold.
 */

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "input.h"
#include "ovs-edge-protocol.h"
#include "store.h"
#include "world.h"

#define VOLUMES_MAX 64              /* more were made by inputs: begin with a new store */
#define FILE_BYTES_MAX (8u << 20)   /* of what one input can make the store write to a file */

enum framing { RAW, OPTIONS, REQUESTS, FRAMINGS };

static struct world world;

static void send_option(int fd, uint32_t option, struct input data)
{
    uint8_t head[NBD_OPTION_BYTES];

    store_be(head, NBD_OPTION_MAGIC, 8);
    store_be(head + 8, option, 4);
    store_be(head + 12, data.left, 4);
    world_send(fd, head, sizeof(head));
    world_send(fd, data.at, data.left);
}

static void send_options(int fd, struct input *input)
{
    while (input->left > 0) {
        uint32_t option = input_number(input, 1);

        send_option(fd, option == 0 ? NBD_OPT_OVS : option,
                    input_take(input, input_number(input, 2)));
    }
    send_option(fd, NBD_OPT_ABORT, (struct input){0});
}

/* A request takes 8 bytes of the input, and a write its data. */
static void send_requests(int fd, struct input *input)
{
    static const uint8_t go[] = {0, 0, 0, 1, 'v', 0, 0};
    uint8_t head[NBD_REQUEST_BYTES] = {0};

    send_option(fd, NBD_OPT_GO, (struct input){go, sizeof(go)});
    store_be(head, NBD_REQUEST_MAGIC, 4);
    for (uint64_t cookie = 0; input->left > 0; cookie++) {
        uint32_t command = input_number(input, 1);

        store_be(head + 4, input_number(input, 1), 2);
        store_be(head + 6, command, 2);
        store_be(head + 8, cookie, 8);
        store_be(head + 16, (uint64_t)input_number(input, 3) << 4, 8);
        uint32_t length = input_number(input, 3);
        store_be(head + 24, length, 4);
        world_send(fd, head, sizeof(head));
        if (command == NBD_CMD_WRITE) {
            struct input data = input_take(input, length);

            world_send(fd, data.at, data.left);
        }
    }
    store_be(head + 4, NBD_CMD_DISC, 4);
    world_send(fd, head, sizeof(head));
}

static void play(struct input *input)
{
    static const uint8_t flags[] = {0, 0, 0, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES};
    int fd = world_connect(&world);

    switch (input_number(input, 1) % FRAMINGS) {
    case OPTIONS:
        world_send(fd, flags, sizeof(flags));
        send_options(fd, input);
        break;
    case REQUESTS:
        world_send(fd, flags, sizeof(flags));
        send_requests(fd, input);
        break;
    default:
        world_send(fd, input->at, input->left);
    }
    world_end(fd);
}

static bool is_full(void)
{
    struct store_usage usage;

    return store_usage(world.store, &usage) != 0 || usage.volumes > VOLUMES_MAX;
}

static void close_world(void)
{
    world_close(&world);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct rlimit limit = {FILE_BYTES_MAX, FILE_BYTES_MAX};

    (void)argc;
    (void)argv;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    world_open(&world, true);
    atexit(close_world);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};

    play(&input);
    if (is_full()) {
        world_close(&world);
        world_open(&world, true);
    }
    return 0;
}
