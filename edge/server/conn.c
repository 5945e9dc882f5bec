/* SPDX-License-Identifier: Apache-2.0 */

/* Makes and ends connections, and decides when one waits, for what, and for how long. */

#include "conn.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "aside.h"
#include "backlog.h"
#include "clock.h"
#include "peer.h"
#include "server.h"

#define STALE_MS 100                /* how long a client is taken to be there still */

struct conn *conn_new(struct server *server, int fd, const struct sockaddr_storage *peer)
{
    struct conn *conn = calloc(1, sizeof(*conn));

    if (!conn)
        return NULL;
    conn->server = server;
    conn->channel.fd = fd;
    conn->peer = *peer;
    conn->epoll = server->front;
    conn->references = 1;
    conn->deadline = now_ms() + WAIT_HANDSHAKE_MS;
    pthread_mutex_init(&conn->lock, NULL);
    return conn;
}

void conn_free(struct conn *conn)
{
    backlog_add(conn->server, -(long long)conn_pending(conn));
    pthread_mutex_destroy(&conn->lock);
    tls_free(conn->handshake);
    free(conn->out);
    free(conn->in);
    free(conn);
}

void conn_arm(struct conn *conn, uint32_t events)
{
    /* at the end we stop reading ourselves, which looks like the peer's going */
    uint32_t hang_up = conn->finished || conn->server->stopping ? 0 : EPOLLRDHUP;
    struct epoll_event event = {
        .events = (events & ~(uint32_t)EPOLLRDHUP) | hang_up | EPOLLONESHOT,
        .data.u64 = conn->key,
    };
    int epoll = conn->phase == PHASE_DATA ? conn->server->epoll : conn->server->front;

    if (conn->epoll != epoll)
        epoll_ctl(conn->epoll, EPOLL_CTL_DEL, conn->channel.fd, NULL);
    epoll_ctl(epoll, conn->epoll == epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, conn->channel.fd,
              &event);
    conn->epoll = epoll;
}

uint32_t conn_wanted_events(const struct conn *conn)
{
    if (conn->broken || conn->killed)
        return conn->jobs ? 0 : EPOLLIN | EPOLLOUT;
    if (conn_pending(conn))
        return EPOLLOUT;
    if (conn->finished)
        return conn->jobs ? 0 : EPOLLIN | EPOLLOUT;
    if (conn->phase == PHASE_TLS)
        return tls_wait_for(conn->handshake) == POLLOUT ? EPOLLOUT : EPOLLIN;
    return conn_must_wait(conn) ? CONN_HANG_UP : EPOLLIN;
}

void conn_set_deadline(struct conn *conn)
{
    bool stalled = conn_pending(conn)
        || ((conn->in_length || conn->stream.left) && !conn_must_wait(conn));

    if (conn->phase != PHASE_DATA)
        return;     /* the options set their own */
    if (!stalled) {
        conn->deadline = 0;
        conn->stalled_at = 0;
    } else if (conn->stalled_at != conn->completed + 1) {
        conn->stalled_at = conn->completed + 1;
        conn->deadline = now_ms() + WAIT_STALL_MS;
    }
}

void conn_job_begin(struct conn *conn, uint64_t bytes, bool exclusive)
{
    pthread_mutex_lock(&conn->lock);
    conn->jobs++;
    conn->job_bytes += bytes;
    conn->busy |= exclusive;
    pthread_mutex_unlock(&conn->lock);
    backlog_add(conn->server, bytes);
}

static void rearm_after_job(struct conn *conn, bool waited)
{
    uint32_t events = conn_wanted_events(conn);

    conn_set_deadline(conn);
    if (events == CONN_HANG_UP)
        return;     /* as before */
    /* a writable socket: the thread that comes takes what is left in `in` */
    if (events && waited)
        conn_arm(conn, events | EPOLLOUT);
    else if (events && (conn_has_ended(conn) || conn_pending(conn)))
        conn_arm(conn, events);
}

void conn_job_end(struct conn *conn, uint64_t bytes, bool exclusive)
{
    pthread_mutex_lock(&conn->lock);
    bool waited = conn_must_wait(conn);
    conn_push_locked(conn);
    assert(conn->jobs > 0 && conn->job_bytes >= bytes);
    conn->jobs--;
    conn->job_bytes -= bytes;
    backlog_add(conn->server, -(long long)bytes);
    if (exclusive)
        conn->busy = false;
    if (conn->running)
        conn->again |= waited;
    else
        rearm_after_job(conn, waited);
    pthread_mutex_unlock(&conn->lock);
}

void conn_leave(struct conn *conn)
{
    pthread_mutex_lock(&conn->lock);
    conn->left = conn->finished = true;
    bool busy = conn->busy;
    pthread_mutex_unlock(&conn->lock);
    if (busy)
        aside_resume(conn->server);     /* its option may have been put aside */
}

bool conn_is_void(struct conn *conn)
{
    long long now = now_ms();

    if (conn->killed || conn->left)
        return true;
    if (now - conn->looked_at < STALE_MS)
        return false;
    conn->looked_at = now;
    if (!peer_is_gone(conn->channel.fd))
        return false;
    conn_leave(conn);
    return true;
}

void conn_kill(struct conn *conn)
{
    conn->killed = true;
    shutdown(conn->channel.fd, SHUT_RDWR);
}

void conn_break(struct conn *conn)
{
    pthread_mutex_lock(&conn->lock);
    conn->broken = true;
    pthread_mutex_unlock(&conn->lock);
}

void conn_finish(struct conn *conn)
{
    pthread_mutex_lock(&conn->lock);
    conn->finished = true;
    pthread_mutex_unlock(&conn->lock);
}
