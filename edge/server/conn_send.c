/* SPDX-License-Identifier: Apache-2.0 */

/* Sends the replies of a connection, and keeps what the socket does not take. */

#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "backlog.h"
#include "clock.h"
#include "log.h"

#define OUT_PUSH_BYTES (256u << 10)
#define DIRECT_BYTES (32u << 10)    /* not worth a copy */
#define OUT_KEEP_BYTES (16u << 10)  /* an idle connection keeps no more */
#define PROGRESS_BYTES (1u << 20)   /* a client that takes less is stuck */

static void drop_sent(struct conn *conn)
{
    if (conn_pending(conn))
        return;
    conn->out_start = conn->out_length = 0;
    conn->stuck_since = 0;
    if (conn->out_capacity > OUT_KEEP_BYTES) {
        free(conn->out);
        conn->out = NULL;
        conn->out_capacity = 0;
    }
}

static void note_stuck(struct conn *conn)
{
    if (conn->stuck_since)
        return;
    conn->stuck_since = now_ms();
    conn->taken_since = 0;
}

void conn_push_locked(struct conn *conn)
{
    while (conn_pending(conn) && !conn->broken) {
        struct iovec part = {conn->out + conn->out_start, conn_pending(conn)};
        ssize_t n = channel_send(&conn->channel, &part, 1);

        if (n < 0) {
            conn->broken = errno != EAGAIN;
            note_stuck(conn);
            break;
        }
        conn->taken_since += n;
        if (conn->taken_since >= PROGRESS_BYTES)
            conn->stuck_since = 0;
        conn->out_start += n;
        backlog_add(conn->server, -n);
        conn->stalled_at = 0;
    }
    drop_sent(conn);
}

static bool reserve_locked(struct conn *conn, size_t more)
{
    if (conn->out_start && conn->out_length + more > conn->out_capacity) {
        memmove(conn->out, conn->out + conn->out_start, conn_pending(conn));
        conn->out_length -= conn->out_start;
        conn->out_start = 0;
    }
    if (conn->out_length + more <= conn->out_capacity)
        return true;
    size_t capacity = conn->out_length + more + conn->out_length / 2;
    uint8_t *out = realloc(conn->out, capacity);
    if (!out)
        return false;
    conn->out = out;
    conn->out_capacity = capacity;
    return true;
}

static void append_locked(struct conn *conn, const void *data, size_t length)
{
    if (!length)
        return;
    memcpy(conn->out + conn->out_length, data, length);
    conn->out_length += length;
}

/* Makes room for what is to be sent later. */
static bool may_append(struct conn *conn, size_t length)
{
    if (conn->broken)
        return false;   /* the client is gone */
    conn->broken = !reserve_locked(conn, length);
    if (conn->broken)
        log_warning("a connection is closed: no memory for its replies");
    else
        backlog_add(conn->server, length);
    return !conn->broken;
}

/* Sends from where the data is, as far as the socket takes it; returns how many bytes that was. */
static size_t send_directly(struct conn *conn, const void *head, size_t head_length,
                            const void *data, size_t length)
{
    struct iovec pieces[2] = {{(void *)head, head_length}, {(void *)data, length}};
    ssize_t n = channel_send(&conn->channel, pieces, 2);

    if (n < 0)
        conn->broken |= errno != EAGAIN;
    return n < 0 ? 0 : n;
}

void conn_send(struct conn *conn, const void *head, size_t head_length, const void *data,
               size_t length)
{
    pthread_mutex_lock(&conn->lock);
    if (length >= DIRECT_BYTES && !conn->broken) {
        conn_push_locked(conn);
        size_t sent = conn_pending(conn)
            ? 0 : send_directly(conn, head, head_length, data, length);
        size_t of_head = sent < head_length ? sent : head_length;

        head = (const uint8_t *)head + of_head;
        head_length -= of_head;
        data = (const uint8_t *)data + (sent - of_head);
        length -= sent - of_head;
    }
    if (may_append(conn, head_length + length)) {
        append_locked(conn, head, head_length);
        append_locked(conn, data, length);
        if (conn_pending(conn) >= OUT_PUSH_BYTES)
            conn_push_locked(conn);
    }
    pthread_mutex_unlock(&conn->lock);
}

void conn_push(struct conn *conn)
{
    pthread_mutex_lock(&conn->lock);
    conn_push_locked(conn);
    pthread_mutex_unlock(&conn->lock);
}
