/* SPDX-License-Identifier: Apache-2.0 */

/* Shares the memory for replies among the connections. */

#include "backlog.h"


#include "clock.h"
#include "conn.h"
#include "log.h"
#include "peer.h"
#include "table.h"

#define OUT_BYTES_MAX (1ll << 30)
#define STUCK_MS 1000

struct stuck {
    long long now;
    uint64_t leaving;       /* bytes of those that are being closed */
    size_t most;
    struct conn *conn;      /* of those that take nothing, the one with the most replies */
};

static bool find_stuck(struct conn *conn, void *context)
{
    struct stuck *stuck = context;

    pthread_mutex_lock(&conn->lock);
    size_t pending = conn_pending(conn);
    bool is_stuck = conn->stuck_since && stuck->now - conn->stuck_since >= STUCK_MS;
    pthread_mutex_unlock(&conn->lock);
    if (conn->killed)
        stuck->leaving += pending;
    else if (is_stuck && pending > stuck->most) {
        stuck->most = pending;
        stuck->conn = conn;
    }
    return true;
}

/* Ends a stuck connection: clients that take replies must not wait for ever for it. */
static void end_stuck(struct server *server, uint64_t length)
{
    struct stuck stuck = {.now = now_ms()};
    char text[PEER_TEXT_BYTES] = "";

    pthread_mutex_lock(&server->table_lock);
    table_for_each(server, find_stuck, &stuck);
    if (server->out_bytes + (long long)length <= OUT_BYTES_MAX + (long long)stuck.leaving)
        stuck.conn = NULL;
    if (stuck.conn) {
        peer_text(&stuck.conn->peer, text);
        table_kill_locked(stuck.conn);
    }
    pthread_mutex_unlock(&server->table_lock);
    if (*text)
        log_warning("a connection from %s is closed: others need the room of %zu MiB of replies "
                    "that it does not read", text, stuck.most >> 20);
}

/*
 * Up to half of the limit every connection gets all the room that it asks for. Above it, a
 * connection with untaken replies gets a quarter of the room that is left, so that many stuck
 * connections leave room; one without untaken replies gets one reply, up to the limit.
 */
bool backlog_has_room(struct server *server, uint64_t own, uint64_t length)
{
    long long left = OUT_BYTES_MAX - server->out_bytes, wanted = length;

    if (left - wanted >= OUT_BYTES_MAX / 2 || (!own && wanted <= left)
        || (long long)own + wanted <= left / 4)
        return true;
    if (!own)
        end_stuck(server, length);
    server->starving = true;
    return false;
}

bool backlog_admits(struct conn *conn, uint64_t length)
{
    pthread_mutex_lock(&conn->lock);
    uint64_t own = conn->job_bytes + conn_pending(conn);
    pthread_mutex_unlock(&conn->lock);
    if (backlog_has_room(conn->server, own, length))
        return true;
    pthread_mutex_lock(&conn->lock);
    conn->starved = true;
    pthread_mutex_unlock(&conn->lock);
    return false;
}

/* There may be room now. */
static bool wake_one(struct conn *conn, void *context)
{
    (void)context;
    pthread_mutex_lock(&conn->lock);
    if (conn->starved && !conn->dead) {
        conn->starved = false;
        conn->again |= conn->running;
        if (!conn->running)
            conn_arm(conn, EPOLLIN | EPOLLOUT);
    }
    pthread_mutex_unlock(&conn->lock);
    return true;
}

void backlog_wake_starved(struct server *server)
{
    if (!atomic_exchange(&server->starving, false))
        return;
    pthread_mutex_lock(&server->table_lock);
    table_for_each(server, wake_one, NULL);
    pthread_mutex_unlock(&server->table_lock);
}
