/* SPDX-License-Identifier: Apache-2.0 */

/* Carries out the NBD requests of a client that has opened a volume. */

#include "data.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "backlog.h"
#include "conn.h"
#include "layer.h"
#include "ovs-edge-protocol.h"
#include "pool.h"
#include "server.h"
#include "sessions.h"
#include "volume.h"

/* Up to here a write is carried out as a whole, and a read tried without a pool. */
#define WHOLE_BYTES (256u << 10)

/* Replies up to this size go out at once, even if other replies wait. */
#define SMALL_BYTES (4u << 10)

/* A request for zeroes gives other requests their turn after so many bytes. */
#define ALLOCATE_BYTES (4u << 20)
#define PUNCH_BYTES (256u << 20)

struct request {
    uint16_t flags, type;
    uint64_t cookie, offset;
    uint32_t length;
};

struct data_job {
    struct conn *conn;
    struct request request;
    uint64_t bytes;
    struct flush_wait wait;
};

static uint32_t nbd_error(int error)
{
    switch (error) {
    case 0: case EPERM: case EIO: case ENOMEM: case EINVAL: case ENOSPC:
        return error;
    case EFBIG: case EDQUOT:
        return ENOSPC;
    default:
        return EIO;
    }
}

static void make_head(uint8_t head[NBD_REPLY_BYTES], uint64_t cookie, int error)
{
    store_be(head, NBD_REPLY_MAGIC, 4);
    store_be(head + 4, nbd_error(error), 4);
    store_be(head + 8, cookie, 8);
}

static void reply_with(struct conn *conn, uint64_t cookie, int error, const void *data,
                       size_t length)
{
    uint8_t head[NBD_REPLY_BYTES];

    make_head(head, cookie, error);
    conn_send(conn, head, sizeof(head), data, error ? 0 : length);
}

static void reply(struct conn *conn, uint64_t cookie, int error)
{
    reply_with(conn, cookie, error, NULL, 0);
}

static void read_slowly(struct conn *conn, const struct request *request)
{
    void *data = malloc(request->length);
    int error = data ? volume_read(conn->volume, data, request->length, request->offset, false)
        : ENOMEM;

    reply_with(conn, request->cookie, error, data, request->length);
    free(data);
}

static void end_job(struct data_job *job)
{
    conn_job_end(job->conn, job->bytes, false);
    free(job);
}

static void flushed(struct flush_wait *wait, int error)
{
    struct data_job *job = (void *)((char *)wait - offsetof(struct data_job, wait));

    if (!conn_is_void(job->conn))
        reply(job->conn, job->request.cookie, error);
    end_job(job);
}

static void join_flush(struct data_job *job)
{
    struct conn *conn = job->conn;

    job->wait.done = flushed;
    flushes_join(conn->volume, server_pool(conn->server, POOL_SYNC), &job->wait);
}

static bool queue_zeroes(struct data_job *job);

/* Carries out one piece of a request for zeroes, which may take minutes as a whole. */
static void zero_piece(struct data_job *job)
{
    struct request *request = &job->request;
    bool allocates = request->type == NBD_CMD_WRITE_ZEROES && request->flags & NBD_CMD_FLAG_NO_HOLE;
    uint32_t most = allocates ? ALLOCATE_BYTES : PUNCH_BYTES;
    uint32_t piece = request->length < most ? request->length : most;
    int error = volume_zero(job->conn->volume, piece, request->offset, allocates);

    request->offset += piece;
    request->length -= piece;
    if (!error && request->length) {
        if (queue_zeroes(job))
            return;
        error = ENOMEM;
    }
    if (!error && request->flags & NBD_CMD_FLAG_FUA) {
        join_flush(job);
        return;
    }
    reply(job->conn, request->cookie, error);
    end_job(job);
}

static void run_zeroes(void *argument)
{
    struct data_job *job = argument;

    if (conn_is_void(job->conn))
        end_job(job);
    else
        zero_piece(job);
}

static bool queue_zeroes(struct data_job *job)
{
    return pool_add(server_pool(job->conn->server, POOL_SYNC), job->conn->volume->sync_lane,
                    run_zeroes, job);
}

static void run_read(void *argument)
{
    struct data_job *job = argument;

    /* else no client waits for it */
    if (!conn_is_void(job->conn))
        read_slowly(job->conn, &job->request);
    end_job(job);
}

static bool queue(struct data_job *job)
{
    switch (job->request.type) {
    case NBD_CMD_READ:
        return pool_add(server_pool(job->conn->server, POOL_READ), job->conn->volume->read_lane,
                        run_read, job);
    case NBD_CMD_FLUSH:
        join_flush(job);
        return true;
    default:
        return queue_zeroes(job);
    }
}

static void add_job(struct conn *conn, const struct request *request)
{
    struct data_job *job = malloc(sizeof(*job));

    if (!job) {
        reply(conn, request->cookie, ENOMEM);
        return;
    }
    *job = (struct data_job){.conn = conn, .request = *request,
        .bytes = request->type == NBD_CMD_READ ? request->length : 0};
    conn_job_begin(conn, job->bytes, false);
    if (queue(job))
        return;
    reply(conn, request->cookie, ENOMEM);
    end_job(job);
}

/* From the page cache at once; what is not there waits for the disk in a pool. */
static void take_read(struct conn *conn, const struct request *request)
{
    static _Thread_local uint8_t buffer[WHOLE_BYTES];
    int error = EAGAIN;

    if (request->length > OVS_REQUEST_BYTES_MAX)
        error = EINVAL;
    else if (request->length <= WHOLE_BYTES)
        error = volume_read(conn->volume, buffer, request->length, request->offset, true);
    if (error == EAGAIN)
        add_job(conn, request);
    else
        reply_with(conn, request->cookie, error, buffer, request->length);
}

/* FUA is a write and a flush; the payload is not needed for the second. */
static void finish_write(struct conn *conn, struct request *request, int error)
{
    conn->completed++;
    if (error || !(request->flags & NBD_CMD_FLAG_FUA)) {
        reply(conn, request->cookie, error);
        return;
    }
    request->type = NBD_CMD_FLUSH;
    add_job(conn, request);
}

static size_t take_stream(struct conn *conn, const uint8_t *bytes, size_t length)
{
    struct stream *stream = &conn->stream;
    size_t piece = length < stream->left ? length : stream->left;

    /* whole clusters, so that none is filled twice */
    if (piece < stream->left)
        piece -= piece < CLUSTER_SIZE ? piece : (stream->offset + piece) % CLUSTER_SIZE;
    if (!piece)
        return 0;
    if (!stream->error)
        stream->error = volume_write(conn->volume, bytes, piece, stream->offset);
    stream->offset += piece;
    stream->left -= piece;
    if (!stream->left) {
        struct request request = {.flags = stream->flags, .cookie = stream->cookie};

        finish_write(conn, &request, stream->error);
    }
    return piece;
}

/* The whole range is checked before the first piece is written. */
static int check_range(struct conn *conn, const struct request *request)
{
    struct fault fault;
    uint64_t size;
    bool is_template;

    if (volume_stat(conn->volume, &size, &is_template, &fault))
        return EIO;
    if (is_template)
        return EPERM;
    return request->offset > size || request->length > size - request->offset ? EFBIG : 0;
}

static size_t take_write(struct conn *conn, struct request *request, const uint8_t *payload,
                         size_t length)
{
    if (request->length > OVS_REQUEST_BYTES_MAX) {
        conn_break(conn);
        return NBD_REQUEST_BYTES;
    }
    if (request->length > WHOLE_BYTES) {
        conn->stream = (struct stream){request->cookie, request->offset, request->length,
                                       request->flags, check_range(conn, request)};
        return NBD_REQUEST_BYTES;
    }
    if (length < request->length)
        return 0;
    int error = request->length ? 0 : EINVAL;
    if (request->flags & ~NBD_CMD_FLAG_FUA)
        error = EINVAL;
    if (!error)
        error = volume_write(conn->volume, payload, request->length, request->offset);
    finish_write(conn, request, error);
    return NBD_REQUEST_BYTES + request->length;
}

static void take_zeroes(struct conn *conn, const struct request *request)
{
    bool is_good = request->length
        && !(request->flags & ~(NBD_CMD_FLAG_FUA | NBD_CMD_FLAG_NO_HOLE));
    int error = is_good ? check_range(conn, request) : EINVAL;

    /* a trim beyond the end is malformed, a write is too long */
    if (error == EFBIG && request->type == NBD_CMD_TRIM)
        error = EINVAL;
    if (error)
        reply(conn, request->cookie, error);
    else
        add_job(conn, request);
}

static void take_other(struct conn *conn, const struct request *request)
{
    switch (request->type) {
    case NBD_CMD_READ:
        if (request->length && !(request->flags & ~NBD_CMD_FLAG_FUA))
            take_read(conn, request);
        else
            reply(conn, request->cookie, EINVAL);
        break;
    case NBD_CMD_DISC:
        sessions_leave(conn->server->sessions, &conn->session);
        conn_finish(conn);
        break;
    case NBD_CMD_FLUSH:
        add_job(conn, request);
        break;
    case NBD_CMD_TRIM:
    case NBD_CMD_WRITE_ZEROES:
        take_zeroes(conn, request);
        break;
    default:
        reply(conn, request->cookie, EINVAL);
    }
}

/* Small replies need no permission: there are few of them (CONN_JOBS_MAX, CONN_OUT_STOP_BYTES). */
static bool may_read(struct conn *conn, const struct request *request)
{
    return request->length <= SMALL_BYTES || request->length > OVS_REQUEST_BYTES_MAX
        || backlog_admits(conn, request->length);
}

size_t data_take(struct conn *conn, const uint8_t *bytes, size_t length)
{
    struct request request;

    if (conn->stream.left)
        return conn_is_void(conn) ? 0 : take_stream(conn, bytes, length);
    if (length < NBD_REQUEST_BYTES)
        return 0;
    if (load_be(bytes, 4) != NBD_REQUEST_MAGIC) {
        conn_break(conn);
        return NBD_REQUEST_BYTES;
    }
    request.flags = load_be(bytes + 4, 2);
    request.type = load_be(bytes + 6, 2);
    request.cookie = load_be(bytes + 8, 8);
    request.offset = load_be(bytes + 16, 8);
    request.length = load_be(bytes + 24, 4);
    if (request.type != NBD_CMD_DISC && conn_is_void(conn))
        return 0;
    if (request.type == NBD_CMD_WRITE)
        return take_write(conn, &request, bytes + NBD_REQUEST_BYTES, length - NBD_REQUEST_BYTES);
    if (request.type == NBD_CMD_READ && !may_read(conn, &request))
        return 0;
    conn->completed++;
    take_other(conn, &request);
    return NBD_REQUEST_BYTES;
}
