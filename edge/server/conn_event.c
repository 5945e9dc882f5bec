/* SPDX-License-Identifier: Apache-2.0 */

/* Receives the bytes of a connection when its socket is ready, and takes requests out of them. */

#include "conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "data.h"
#include "log.h"
#include "options.h"
#include "peer.h"
#include "server.h"

#define SCRATCH_BYTES (512u << 10)
#define ROUNDS_MAX 64               /* receives before others get their turn */
#define BULK_BYTES 4096
#define ACKNOWLEDGE_BYTES (32 << 10)

static _Thread_local uint8_t *scratch;
static _Thread_local bool never_waits;

static bool is_for_this_thread(const struct conn *conn)
{
    return conn->phase != PHASE_DATA || !never_waits;
}

/* Returns true if another request may be begun now. Then no option is being carried out, and only
 * this thread changes the phase. */
static bool may_take(struct conn *conn)
{
    pthread_mutex_lock(&conn->lock);
    bool may = !conn_has_ended(conn) && !conn_must_wait(conn) && is_for_this_thread(conn);
    pthread_mutex_unlock(&conn->lock);
    return may;
}

static size_t take_one(struct conn *conn, const uint8_t *data, size_t length)
{
    if (conn->phase == PHASE_DATA)
        return data_take(conn, data, length);
    return options_take(conn, data, length);
}

/* Takes requests out of the bytes; returns how many bytes were taken. */
static size_t take_all(struct conn *conn, const uint8_t *data, size_t length)
{
    size_t done = 0;

    while (may_take(conn) && conn->phase != PHASE_TLS) {
        size_t taken = take_one(conn, data + done, length - done);

        done += taken;
        if (!taken || done == length)
            break;
    }
    return done;
}

static bool keep_rest(struct conn *conn, const uint8_t *data, size_t length)
{
    conn->in_length = length;
    if (!length)
        return true;
    conn->in = malloc(length);
    if (!conn->in)
        return false;
    memcpy(conn->in, data, length);
    return true;
}

static size_t restore_rest(struct conn *conn)
{
    size_t length = conn->in_length;

    if (length)
        memcpy(scratch, conn->in, length);
    free(conn->in);
    conn->in = NULL;
    conn->in_length = 0;
    return length;
}

/* The kernel would wait for our reply to carry the acknowledgement. A sender that is paced (bbr,
 * even inside a host) gains a fifth from having it at once, others lose nothing. Without effect
 * on a unix socket. */
static void acknowledge(struct conn *conn)
{
    int yes = 1;

    setsockopt(conn->channel.fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof(yes));
}

/* -1: nothing there now, 0: the end or an error. */
static ssize_t receive(struct conn *conn, uint8_t *to, size_t length)
{
    ssize_t n = channel_receive(&conn->channel, &(struct iovec){to, length}, 1);

    if (n < 0 && errno == EAGAIN)
        return -1;
    if (n < 0)
        conn_break(conn);
    else if (n == 0 && peer_is_gone(conn->channel.fd))
        conn_leave(conn);
    else if (n == 0)
        conn_finish(conn);      /* it was us who stopped reading */
    else if (n >= ACKNOWLEDGE_BYTES)
        acknowledge(conn);
    return n < 0 ? 0 : n;
}

/*
 * More may follow at once: waiting for it here, for a moment, spares a client that sends one
 * request after the other the way through the epoll set and to another thread with cold caches.
 * A request that has begun is worth a longer moment.
 */
static bool more_follows(struct conn *conn, size_t begun)
{
    struct timespec moment = {.tv_nsec = begun >= BULK_BYTES ? 1000000 : 50000};
    struct pollfd socket = {.fd = conn->channel.fd, .events = POLLIN};

    if (conn->phase != PHASE_DATA)
        return false;
    conn_push(conn);
    return ppoll(&socket, 1, &moment, NULL) == 1;
}

/* Takes what it can of the bytes in scratch; returns how many are left at its beginning. */
static size_t take_from_scratch(struct conn *conn, size_t length)
{
    size_t done = take_all(conn, scratch, length);

    memmove(scratch, scratch + done, length - done);
    return length - done;
}

/* Without room there is nothing to ask for, and an answer of 0 bytes would look like the end. */
static bool may_receive(struct conn *conn, size_t length)
{
    return length < SCRATCH_BYTES && may_take(conn) && conn->phase != PHASE_TLS;
}

/* A client that had to be waited for, and then sent one request alone, waits for its reply now:
 * there is nothing to receive yet. Not to try makes 4 KiB writes, one at a time, 4 % faster. */
static bool waits_for_reply(const struct conn *conn, bool waited, uint64_t requests, size_t rest)
{
    return waited && requests == 1 && !rest && !channel_has_more(&conn->channel);
}

static void read_requests(struct conn *conn)
{
    size_t length = take_from_scratch(conn, restore_rest(conn));
    bool waited = false, alone = false;

    for (int round = 0; round < ROUNDS_MAX && may_receive(conn, length); round++) {
        ssize_t n = alone ? -1 : receive(conn, scratch + length, SCRATCH_BYTES - length);
        uint64_t completed = conn->completed;

        if (n == 0 || (n < 0 && !more_follows(conn, length)))
            break;
        if (n > 0)
            length = take_from_scratch(conn, length + n);
        alone = n > 0 && waits_for_reply(conn, waited, conn->completed - completed, length);
        waited = n < 0;
    }
    conn->held = !may_take(conn) || channel_has_more(&conn->channel);
    if (!keep_rest(conn, scratch, length))
        conn_break(conn);
}

static bool blocked(struct conn *conn)
{
    pthread_mutex_lock(&conn->lock);
    conn_push_locked(conn);
    conn->starved = false;      /* it is asked for again */
    bool is_blocked = conn_pending(conn) != 0;
    pthread_mutex_unlock(&conn->lock);
    return is_blocked;
}

static void report_handshake(struct conn *conn, const char *why)
{
    unsigned count = log_due(&conn->server->failed_handshakes);
    char peer[PEER_TEXT_BYTES];

    peer_text(&conn->peer, peer);
    if (count)
        log_warning("%u TLS handshakes failed, the last with %s: %s", count, peer, why);
}

/* Goes on with the handshake until it has to wait for the client. */
static void shake_hands(struct conn *conn)
{
    char why[TLS_WHY_BYTES];
    int error = tls_handshake(conn->handshake, why);

    if (error == EAGAIN)
        return;
    if (error) {
        report_handshake(conn, why);
        conn_break(conn);
        return;
    }
    conn->channel.tls = conn->handshake;
    conn->handshake = NULL;
    options_begin_again(conn);
}

/* Requests may follow the handshake at once. */
static void go_on(struct conn *conn)
{
    if (conn->phase != PHASE_TLS)
        read_requests(conn);
    if (!may_take(conn) || conn->phase != PHASE_TLS || blocked(conn))
        return;
    shake_hands(conn);
    if (conn->phase != PHASE_TLS)
        read_requests(conn);
}

static bool begin_run(struct conn *conn)
{
    pthread_mutex_lock(&conn->lock);
    bool begun = !conn->running && !conn->dead;
    if (conn->running)
        conn->again = true;
    conn->running |= begun;
    pthread_mutex_unlock(&conn->lock);
    return begun;
}

/* Returns true if requests that had to wait in `in` can be taken now. */
static bool may_resume(const struct conn *conn)
{
    return conn->held && !conn_has_ended(conn) && !conn_must_wait(conn) && !conn_pending(conn);
}

/* 1: run again, 0: wait for an event, -1: the connection is over. */
static int end_run(struct conn *conn)
{
    int next = 0;

    pthread_mutex_lock(&conn->lock);
    conn_push_locked(conn);
    conn_set_deadline(conn);
    if (conn_has_ended(conn) && !conn->jobs
        && (!conn_pending(conn) || conn->broken || conn->killed)) {
        conn->dead = true;
        next = -1;
    } else if ((conn->again || may_resume(conn)) && is_for_this_thread(conn)) {
        conn->again = false;
        next = 1;
    } else {
        uint32_t events = conn_wanted_events(conn);

        /* a writable socket: the thread that comes takes what is left in `in` */
        if (conn->again || may_resume(conn))
            events |= EPOLLOUT;
        conn->running = conn->again = false;
        if (events)
            conn_arm(conn, events);
    }
    pthread_mutex_unlock(&conn->lock);
    return next;
}

/* Returns true if the connection has requests that must wait, and its client is gone. */
static bool waits_in_vain(struct conn *conn)
{
    pthread_mutex_lock(&conn->lock);
    bool waits = !conn_has_ended(conn) && conn_must_wait(conn);
    pthread_mutex_unlock(&conn->lock);
    return waits && peer_is_gone(conn->channel.fd);
}

bool conn_event(struct conn *conn)
{
    int next;

    if (!scratch && !(scratch = malloc(SCRATCH_BYTES)))
        abort();    /* once per thread, at its first event */
    if (!begin_run(conn))
        return false;
    if (waits_in_vain(conn))
        conn_leave(conn);
    do {
        if (!blocked(conn) && may_take(conn))
            go_on(conn);
        next = end_run(conn);
    } while (next > 0);
    return next < 0;
}

void conn_thread_never_waits(void)
{
    never_waits = true;
}

void conn_thread_end(void)
{
    free(scratch);
    scratch = NULL;
}
