/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: all that a server can send to the client library. A server of its own answers each
 * request with the next piece of the input, framed as that request wants it or as it is; the main
 * thread calls the library as QEMU and Cinder do. Built with seconds of 5 ms.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openvstorage/volumedriver.h>

#include "input.h"
#include "ovs-edge-protocol.h"
#include "../../../client/src/wire.h"

#define CONNECTIONS 8
#define VOLUME_BYTES (1u << 20)
#define IO_BYTES 8192u

enum phase { FLAGS, OPTIONS, DATA };

struct connection {
    int fd;                     /* -1: none */
    enum phase phase;
    uint8_t bytes[70000];       /* of a request that is not complete yet */
    size_t length;
};

static struct connection connections[CONNECTIONS];
static int listener, port;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct input input;      /* under `lock` */

static void must(bool good, const char *what)
{
    if (!good) {
        perror(what);
        abort();
    }
}

static bool reply(struct connection *connection, const void *bytes, size_t length)
{
    return send(connection->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static bool reply_piece(struct connection *connection, struct input piece)
{
    return reply(connection, piece.at, piece.left);
}

static bool greet(struct connection *connection)
{
    uint8_t greeting[18];

    put_u16(put_u64(put_u64(greeting, NBD_MAGIC), NBD_OPTION_MAGIC), 3);
    return reply(connection, greeting, sizeof(greeting));
}

static bool reply_option(struct connection *connection, uint32_t option, uint32_t type,
                         struct input data)
{
    uint8_t head[20];

    put_u32(put_u32(put_u32(put_u64(head, NBD_OPTION_REPLY_MAGIC), option), type),
            (uint32_t)data.left);
    return reply(connection, head, sizeof(head)) && reply_piece(connection, data);
}

/* GO is granted, so that requests follow. */
static bool grant(struct connection *connection)
{
    uint8_t info[12];

    put_u16(put_u64(put_u16(info, 0), VOLUME_BYTES), 1);
    connection->phase = DATA;
    return reply_option(connection, NBD_OPT_GO, 3, (struct input){info, sizeof(info)}) &&
           reply_option(connection, NBD_OPT_GO, 1, (struct input){0});
}

/* The first byte of a piece says how it is sent: 0 as it is, 1 in a reply's frame, 2 granted. */
static bool answer_option(struct connection *connection, uint32_t option)
{
    uint32_t how = input_number(&input, 1) % 4;
    struct input piece = input_take(&input, input_number(&input, 2));

    if (how == 0)
        return reply_piece(connection, piece);
    if (option == NBD_OPT_GO && how > 1)
        return grant(connection);
    return reply_option(connection, option, option == NBD_OPT_GO ? 3 : option, piece);
}

static bool answer_request(struct connection *connection, const uint8_t *request)
{
    uint8_t head[16], zeros[IO_BYTES] = {0};
    struct reader fields = {request + 6, 22, false};
    uint16_t command = get_u16(&fields);
    uint32_t how = input_number(&input, 1) % 4;
    struct input piece = input_take(&input, input_number(&input, 1));

    if (how == 0)
        return reply_piece(connection, piece);
    put_u32(put_u32(head, NBD_REPLY_MAGIC), how == 1 ? input_number(&piece, 4) : 0);
    memcpy(head + 8, request + 8, 8);
    return reply(connection, head, sizeof(head)) && reply_piece(connection, piece) &&
           (command != 0 || piece.left > IO_BYTES ||
            reply(connection, zeros, IO_BYTES - piece.left));
}

/* How many bytes the request at the front has; 0: more must come. */
static size_t request_length(const struct connection *connection)
{
    struct reader fields = {connection->bytes, connection->length, false};
    size_t length = NBD_FLAGS_BYTES;

    if (connection->phase == OPTIONS) {
        get_bytes(&fields, NBD_OPTION_BYTES - 4);
        length = NBD_OPTION_BYTES + get_u32(&fields);
    } else if (connection->phase == DATA) {
        get_bytes(&fields, 6);
        bool writes = get_u16(&fields) == NBD_CMD_WRITE;
        get_bytes(&fields, NBD_REQUEST_BYTES - 12);
        uint32_t bytes = get_u32(&fields);
        length = NBD_REQUEST_BYTES + (writes ? bytes : 0);
    }
    return fields.bad || length > connection->length ? 0 : length;
}

static uint32_t option_of(const struct connection *connection)
{
    struct reader fields = {connection->bytes + 8, 4, false};

    return get_u32(&fields);
}

/* A server without anything left to say hangs up. */
static bool answer(struct connection *connection)
{
    bool good = input.left > 0;

    if (connection->phase == FLAGS)
        connection->phase = OPTIONS;
    else if (connection->phase == OPTIONS)
        good = good && answer_option(connection, option_of(connection));
    else
        good = good && answer_request(connection, connection->bytes);
    return good;
}

static bool serve(struct connection *connection)
{
    ssize_t received = recv(connection->fd, connection->bytes + connection->length,
                            sizeof(connection->bytes) - connection->length, MSG_DONTWAIT);
    size_t length;
    bool good = received > 0;

    if (good)
        connection->length += (size_t)received;
    pthread_mutex_lock(&lock);
    while (good && (length = request_length(connection)) > 0) {
        good = answer(connection);
        connection->length -= length;
        memmove(connection->bytes, connection->bytes + length, connection->length);
    }
    pthread_mutex_unlock(&lock);
    return good;
}

static void welcome(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    for (int i = 0; fd >= 0 && i < CONNECTIONS; i++) {
        struct connection *connection = &connections[i];

        if (connection->fd < 0) {
            connection->fd = fd;
            connection->phase = FLAGS;
            connection->length = 0;
            greet(connection);
            return;
        }
    }
    close(fd);
}

static void *run_server(void *unused)
{
    struct pollfd pollers[CONNECTIONS + 1];

    for (;;) {
        pollers[CONNECTIONS] = (struct pollfd){listener, POLLIN, 0};
        for (int i = 0; i < CONNECTIONS; i++)
            pollers[i] = (struct pollfd){connections[i].fd, POLLIN, 0};
        poll(pollers, CONNECTIONS + 1, -1);
        for (int i = 0; i < CONNECTIONS; i++)
            if (pollers[i].revents && !serve(&connections[i])) {
                close(connections[i].fd);
                connections[i].fd = -1;
            }
        if (pollers[CONNECTIONS].revents)
            welcome();
    }
    return unused;
}

static void control(ovs_ctx_t *ctx)
{
    ovs_snapshot_info_t snapshots[16];
    char names[4096];
    size_t size = sizeof(names);
    int count = 16;

    ovs_list_volumes(ctx, names, &size);
    if (ovs_snapshot_list(ctx, "v", snapshots, &count) >= 0)
        ovs_snapshot_list_free(snapshots);
    ovs_snapshot_create(ctx, "v", "s", 1);
    ovs_snapshot_is_synced(ctx, "v", "s");
    ovs_create_volume(ctx, "w", VOLUME_BYTES);
    ovs_truncate_volume(ctx, "w", 2 * VOLUME_BYTES);
    ovs_snapshot_rollback(ctx, "v", "s");
    ovs_snapshot_remove(ctx, "v", "s");
    ovs_remove_volume(ctx, "w");
}

static void finish(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb)
{
    ovs_aio_suspend(ctx, aiocb, NULL);
    ovs_aio_return(ctx, aiocb);
    ovs_aio_finish(ctx, aiocb);
}

static void transfer(ovs_ctx_t *ctx)
{
    static uint8_t bytes[2][IO_BYTES];
    struct ovs_aiocb reading = {bytes[0], 0, IO_BYTES, NULL};
    struct ovs_aiocb writing = {bytes[1], 65536, IO_BYTES, NULL};
    struct stat st;

    bool reads = ovs_aio_read(ctx, &reading) == 0, writes = ovs_aio_write(ctx, &writing) == 0;
    ovs_stat(ctx, &st);
    ovs_flush(ctx);
    if (writes)
        finish(ctx, &writing);
    if (reads)
        finish(ctx, &reading);
    ovs_read(ctx, bytes[0], IO_BYTES, VOLUME_BYTES - 512);
    ovs_truncate(ctx, 2 * VOLUME_BYTES);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    pthread_t server;

    (void)argc;
    (void)argv;
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < CONNECTIONS; i++)
        connections[i].fd = -1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
         listen(listener, CONNECTIONS) == 0 &&
         getsockname(listener, (struct sockaddr *)&address, &length) == 0, "listen");
    port = ntohs(address.sin_port);
    must(pthread_create(&server, NULL, run_server, NULL) == 0, "thread");
    pthread_detach(server);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ovs_ctx_attr_t *attr = ovs_ctx_attr_new();
    ovs_ctx_t *ctx;

    pthread_mutex_lock(&lock);
    input = (struct input){data, size};
    uint32_t how = input_number(&input, 1);
    pthread_mutex_unlock(&lock);
    ovs_ctx_attr_set_transport(attr, "tcp", "127.0.0.1", port);
    if (how & 1)
        ovs_ctx_attr_enable_ha(attr);
    ctx = ovs_ctx_new(attr);
    if (ctx && (how & 2))
        control(ctx);
    if (ctx && ovs_ctx_init(ctx, "v", O_RDWR) == 0)
        transfer(ctx);
    if (ctx)
        ovs_ctx_destroy(ctx);
    ovs_ctx_attr_destroy(attr);
    pthread_mutex_lock(&lock);
    input.left = 0;     /* the fuzzer's memory ends with this call */
    pthread_mutex_unlock(&lock);
    return 0;
}
