/* SPDX-License-Identifier: Apache-2.0 */

/* Runs the threads that serve connections, and keeps the table of connections. */

#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "allow.h"
#include "clock.h"
#include "conn.h"
#include "listen.h"
#include "log.h"
#include "peer.h"
#include "pool.h"
#include "sessions.h"
#include "store.h"
#include "thread.h"
#include "volume.h"
#include "watchdog.h"

#define OUT_BYTES_MAX (1ll << 30)
#define STUCK_MS 1000
#define LOCAL_CONNECTIONS 16      /* places for the control socket alone */

/* Keys in the epoll set: listeners have the generation that no connection has. */
#define LISTENER_GENERATION 0
#define WAKE_KEY UINT64_MAX

/* A volume may take a part of them (volume.c). */
static const int pool_threads[POOLS] = {[POOL_READ] = 32, [POOL_SYNC] = 32, [POOL_CONTROL] = 16};

static bool make_pools(struct server *server)
{
    for (int i = 0; i < POOLS; i++)
        if (!(server->pools[i] = pool_new(pool_threads[i])))
            return false;
    return true;
}

bool server_init(struct server *server, struct store *store, const struct allow *allow,
                 const struct tls_credentials *tls, const struct limits *limits)
{
    memset(server, 0, sizeof(*server));
    server->store = store;
    server->allow = allow;
    server->tls = tls;
    server->limits = limits;
    server->slots = limits->connections + LOCAL_CONNECTIONS;
    server->table = calloc(server->slots, sizeof(*server->table));
    server->generations = calloc(server->slots, sizeof(*server->generations));
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->front = epoll_create1(EPOLL_CLOEXEC);
    server->wake = eventfd(0, EFD_CLOEXEC);     /* now: at the end there may be no descriptors */
    server->sessions = sessions_open(store->folder.root, store->boot_id);
    pthread_mutex_init(&server->table_lock, NULL);
    clock_condition_init(&server->table_changed);
    if (server->table && server->generations && server->epoll >= 0 && server->front >= 0 && server->wake >= 0
        && server->sessions
        && make_pools(server))
        return true;
    log_error("cannot start: no sessions, memory, threads or file descriptors");
    server->slots = 0;      /* server_stop follows, and there may be no table */
    return false;
}

static uint64_t key_of(uint32_t slot, uint32_t generation)
{
    return (uint64_t)generation << 32 | slot;
}

void server_arm(struct conn *conn, uint32_t events)
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

struct pool *server_pool(struct server *server, enum pool_kind kind)
{
    return server->pools[kind];
}

void server_out_bytes(struct server *server, long long bytes)
{
    atomic_fetch_add(&server->out_bytes, bytes);
}

/* Queues the options that were put aside; those that find no memory wait for the next call. */
static void resume_locked(struct server *server)
{
    struct aside *aside = server->aside, *next;

    server->aside = NULL;
    for (; aside; aside = next) {
        next = aside->next;
        if (pool_add(server_pool(server, POOL_CONTROL), NULL, aside->run, aside->argument))
            continue;
        aside->next = server->aside;
        server->aside = aside;
    }
}

void server_resume(struct server *server)
{
    pthread_mutex_lock(&server->table_lock);
    resume_locked(server);
    pthread_mutex_unlock(&server->table_lock);
}

void server_put_aside(struct aside *aside)
{
    struct conn *conn = aside->conn;
    struct server *server = conn->server;

    pthread_mutex_lock(&server->table_lock);
    aside->next = server->aside;
    server->aside = aside;
    if (conn->patience.departures != server->departures || conn->killed || conn->left)
        resume_locked(server);
    pthread_mutex_unlock(&server->table_lock);
}

static void wake_starved(struct server *server);
static void resume_listeners(struct server *server);

static struct conn *table_get(struct server *server, uint64_t key)
{
    uint32_t slot = key, generation = key >> 32;
    struct conn *conn = NULL;

    pthread_mutex_lock(&server->table_lock);
    if (slot < server->slots && server->generations[slot] == generation)
        conn = server->table[slot];
    if (conn)
        conn->references++;
    pthread_mutex_unlock(&server->table_lock);
    return conn;
}

static void table_put(struct conn *conn)
{
    struct server *server = conn->server;

    pthread_mutex_lock(&server->table_lock);
    bool last = --conn->references == 0;
    pthread_mutex_unlock(&server->table_lock);
    if (!last)
        return;
    conn_free(conn);
    wake_starved(server);
    resume_listeners(server);
}

static void for_each(struct server *server, bool (*visit)(struct conn *conn, void *context),
                     void *context,
                     bool *any)
{
    *any = false;
    for (uint32_t i = 0; i < server->slots; i++)
        if (server->table[i] && server->table[i]->channel.fd >= 0)
            *any |= visit(server->table[i], context);
}

static bool is_local(const struct conn *conn)
{
    return conn->peer.ss_family == AF_UNIX;
}

struct census {
    struct peer peer;
    uint32_t connections, controls;
};

static bool count_peer(struct conn *conn, void *context)
{
    struct census *census = context;
    struct peer peer = peer_of(&conn->peer);
    bool counts = !is_local(conn) && peer_equal(&peer, &census->peer);

    census->connections += counts;
    census->controls += counts && uuid_is_zero(&conn->volume_id);
    return counts;
}

/* Returns why the connection is one too many, or NULL. */
static const char *refusal(struct server *server, const struct conn *conn)
{
    const struct limits *limits = server->limits;
    struct census census = {.peer = peer_of(&conn->peer)};
    bool any;

    if (server->used == server->slots || server->stopping)
        return "there is no place for any more";
    if (is_local(conn))
        return NULL;
    if (server->remote == limits->connections)
        return "there are as many as --connections allows";
    for_each(server, count_peer, &census, &any);
    if (census.connections >= limits->peer_connections)
        return "that address has as many as --peer-connections allows";
    if (census.controls >= limits->peer_controls)
        return "that address has as many without a volume as --peer-controls allows";
    return NULL;
}

/* Gives the connection a place. Returns NULL, or why it gets none. */
static const char *table_add(struct server *server, struct conn *conn)
{
    uint32_t slot = 0;

    pthread_mutex_lock(&server->table_lock);
    const char *why = refusal(server, conn);
    if (!why) {
        while (server->table[slot])
            slot++;
        server->table[slot] = conn;
        server->used++;
        server->remote += !is_local(conn);
        if (++server->generations[slot] == LISTENER_GENERATION)
            server->generations[slot]++;
        conn->key = key_of(slot, server->generations[slot]);
    }
    pthread_mutex_unlock(&server->table_lock);
    return why;
}

static void table_remove(struct conn *conn)
{
    struct server *server = conn->server;

    pthread_mutex_lock(&server->table_lock);
    server->table[(uint32_t)conn->key] = NULL;
    server->used--;
    server->remote -= !is_local(conn);
    server->departures++;
    pthread_cond_broadcast(&server->table_changed);
    resume_locked(server);
    pthread_mutex_unlock(&server->table_lock);
    table_put(conn);
}

/* The volume is let go before the connection leaves the table, so that who waits for that finds
 * it closed. */
void server_remove(struct conn *conn)
{
    epoll_ctl(conn->epoll, EPOLL_CTL_DEL, conn->channel.fd, NULL);
    if (conn->volume) {
        volume_close(conn->volume);
        volume_put(conn->volume);
        conn->volume = NULL;
    }
    pthread_mutex_lock(&conn->server->table_lock);
    channel_close(&conn->channel);      /* under the lock: conn_kill is called under it */
    pthread_mutex_unlock(&conn->server->table_lock);
    table_remove(conn);
}

/* Logs one line for many refusals: a flood of connections must not flood the log. */
static void refuse(struct server *server, int fd, const struct sockaddr_storage *peer,
                   const char *why)
{
    unsigned count = log_due(&server->refusals);
    char text[PEER_TEXT_BYTES];

    peer_text(peer, text);
    if (count)
        log_warning("refused %u connections, the last from %s: %s", count, text, why);
    close(fd);      /* after the log: a client that sees the end finds its reason there */
}

static void adopt(struct server *server, int fd, const struct sockaddr_storage *peer)
{
    struct conn *conn = conn_new(server, fd, peer);
    const char *why = conn ? table_add(server, conn) : "there is no memory";

    if (why) {
        if (conn)
            conn_free(conn);
        refuse(server, fd, peer, why);
        return;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLONESHOT, .data.u64 = conn->key};
    if (epoll_ctl(server->front, EPOLL_CTL_ADD, fd, &event) < 0)
        server_remove(conn);
}

static void arm_listener(struct server *server, int number, int operation)
{
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLONESHOT,
        .data.u64 = key_of(number, LISTENER_GENERATION),
    };

    epoll_ctl(server->front, operation, server->listeners[number], &event);
}

/* Arms the paused listeners: a descriptor may be free again. */
static void resume_listeners(struct server *server)
{
    for (int i = 0; i < server->listener_count; i++)
        if (atomic_exchange(&server->paused[i], false))
            arm_listener(server, i, EPOLL_CTL_MOD);
}

/* New clients wait in the kernel's queue. To accept again at once would loop without end. */
static void pause_listener(struct server *server, int number, int error)
{
    if (!atomic_exchange(&server->pause_logged, true))
        log_warning("no connection can be accepted: %s; the next ones wait", strerror(error));
    server->paused[number] = true;
}

static void accept_all(struct server *server, int number)
{
    struct sockaddr_storage peer;
    int fd;

    while (!server->stopping && (fd = listen_accept(server->listeners[number], &peer)) >= 0)
        if (allow_has(server->allow, &peer))
            adopt(server, fd, &peer);
        else
            refuse(server, fd, &peer, "--allow does not name that address");
    int error = errno;
    if (server->stopping)
        return;
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM)
        pause_listener(server, number, error);
    else
        arm_listener(server, number, EPOLL_CTL_MOD);
}

static void handle(struct server *server, uint64_t key)
{
    if (key >> 32 == LISTENER_GENERATION) {
        accept_all(server, key);
        return;
    }
    struct conn *conn = table_get(server, key);
    if (!conn)
        return;
    conn_event(conn);
    table_put(conn);
}

static void loop(struct server *server, int epoll)
{
    struct epoll_event event;
    bool woken = false;

    while (!woken) {
        int n = epoll_wait(epoll, &event, 1, -1);

        woken = n == 1 && event.data.u64 == WAKE_KEY;
        if (n == 1 && !woken)
            handle(server, event.data.u64);
    }
    conn_thread_end();
}

static void *data_loop(void *server)
{
    loop(server, ((struct server *)server)->epoll);
    return NULL;
}

static void *front_loop(void *server)
{
    conn_thread_never_waits();
    loop(server, ((struct server *)server)->front);
    return NULL;
}

bool server_start(struct server *server)
{
    for (int i = 0; i < server->listener_count; i++)
        arm_listener(server, i, EPOLL_CTL_ADD);
    while (server->thread_count < LOOP_THREADS) {
        bool is_front = server->thread_count < FRONT_THREADS;

        if (thread_start(&server->threads[server->thread_count], is_front ? front_loop : data_loop,
                         server)) {
            log_error("cannot start threads");
            return false;
        }
        server->thread_count++;
    }
    return true;
}

static bool add_listener(struct server *server, int fd)
{
    if (fd < 0)
        return false;
    server->listeners[server->listener_count++] = fd;
    return true;
}

bool server_listen(struct server *server, const char *address, char bound[300])
{
    if (server->listener_count == LISTENERS_MAX) {
        log_error("at most %d addresses", LISTENERS_MAX);
        return false;
    }
    return add_listener(server, listen_tcp(address, bound));
}

bool server_listen_unix(struct server *server, const char *path)
{
    if (!add_listener(server, listen_unix(path)))
        return false;
    server->socket_path = path;
    return true;
}

/* Kills the connection. An option of it that was put aside must run again. */
static void kill_locked(struct conn *conn)
{
    bool was_killed = conn->killed;

    conn_kill(conn);
    if (!was_killed)
        resume_locked(conn->server);
}

static bool kill_late(struct conn *conn, void *now)
{
    pthread_mutex_lock(&conn->lock);
    bool late = conn->deadline && conn->deadline < *(long long *)now && !conn->killed;
    pthread_mutex_unlock(&conn->lock);

    if (late)
        kill_locked(conn);
    return late;
}

static bool wake_one(struct conn *conn, void *context)
{
    (void)context;
    conn_wake(conn);
    return true;
}

static void wake_starved(struct server *server)
{
    bool any;

    if (!atomic_exchange(&server->starving, false))
        return;
    pthread_mutex_lock(&server->table_lock);
    for_each(server, wake_one, NULL, &any);
    pthread_mutex_unlock(&server->table_lock);
}

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
    bool any;

    pthread_mutex_lock(&server->table_lock);
    for_each(server, find_stuck, &stuck, &any);
    if (server->out_bytes + (long long)length <= OUT_BYTES_MAX + (long long)stuck.leaving)
        stuck.conn = NULL;
    if (stuck.conn) {
        peer_text(&stuck.conn->peer, text);
        kill_locked(stuck.conn);
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
bool server_has_room(struct server *server, uint64_t own, uint64_t length)
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

void server_tick(struct server *server)
{
    long long now = now_ms();
    bool any;

    server->pause_logged = false;
    resume_listeners(server);
    wake_starved(server);

    pthread_mutex_lock(&server->table_lock);
    for_each(server, kill_late, &now, &any);
    resume_locked(server);      /* there may be some whose patience is at its end */
    pthread_mutex_unlock(&server->table_lock);
    if (any)
        log_info("closed connections whose time was up");
}

void server_name(struct conn *conn, const struct uuid *session, const struct uuid *volume)
{
    pthread_mutex_lock(&conn->server->table_lock);
    if (session)
        conn->session = *session;
    if (volume)
        conn->volume_id = *volume;
    pthread_mutex_unlock(&conn->server->table_lock);
}

struct meant {
    const struct conn *survivor;
    bool (*is_meant)(const struct conn *, const void *);
    const void *whom;
};

static bool kill_meant(struct conn *conn, void *context)
{
    const struct meant *meant = context;

    if (conn == meant->survivor || !meant->is_meant(conn, meant->whom))
        return false;
    kill_locked(conn);
    return true;
}

bool server_end_others(struct conn *conn,
                       bool (*is_meant)(const struct conn *other, const void *whom),
                       const void *whom)
{
    struct server *server = conn->server;
    struct meant meant = {conn, is_meant, whom};
    bool any;

    pthread_mutex_lock(&server->table_lock);
    conn->patience.departures = server->departures;
    for_each(server, kill_meant, &meant, &any);
    pthread_mutex_unlock(&server->table_lock);
    return any;
}

/* Half: what was asked for is still answered. */
static bool stop_reading(struct conn *conn, void *context)
{
    (void)context;
    shutdown(conn->channel.fd, SHUT_RD);
    return true;
}

static bool kill_any(struct conn *conn, void *context)
{
    (void)context;
    kill_locked(conn);
    return true;
}

static void end_connections(struct server *server, long long milliseconds,
                            bool (*visit)(struct conn *conn, void *context))
{
    struct timespec deadline = deadline_after(milliseconds);
    bool any;

    pthread_mutex_lock(&server->table_lock);
    for_each(server, visit, NULL, &any);
    while (server->used
           && pthread_cond_timedwait(&server->table_changed, &server->table_lock, &deadline) == 0)
        continue;
    pthread_mutex_unlock(&server->table_lock);
}

static bool name_one(struct conn *conn, void *context)
{
    (void)context;
    pthread_mutex_lock(&conn->lock);
    log_warning("a connection of volume '%s' did not end: %u of its requests still run",
                conn->volume && !conn->dead ? conn->volume->name : "", conn->jobs + conn->running);
    pthread_mutex_unlock(&conn->lock);
    return true;
}

static void name_hanging(struct server *server)
{
    bool any;

    pthread_mutex_lock(&server->table_lock);
    for_each(server, name_one, NULL, &any);
    pthread_mutex_unlock(&server->table_lock);
}

static void end_threads(struct server *server)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = WAKE_KEY};

    eventfd_write(server->wake, 1);
    epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->wake, &event);
    epoll_ctl(server->front, EPOLL_CTL_ADD, server->wake, &event);
    for (int i = 0; i < server->thread_count; i++)
        pthread_join(server->threads[i], NULL);
}

void server_stop(struct server *server, int seconds)
{
    watchdog_note("the requests of the connections");
    server->stopping = true;
    for (int i = 0; i < server->listener_count; i++)
        shutdown(server->listeners[i], SHUT_RDWR);      /* a thread may be in it: closed below */
    if (server->socket_path)
        unlink(server->socket_path);
    end_connections(server, seconds * 1000 / 4, stop_reading);
    end_connections(server, seconds * 1000 / 2, kill_any);
    name_hanging(server);
    end_threads(server);
    for (int i = 0; i < server->listener_count; i++)
        close(server->listeners[i]);
    for (int i = 0; i < POOLS; i++)
        pool_finish(server->pools[i]);
    sessions_close(server->sessions);
    close(server->epoll);
    close(server->front);
    close(server->wake);
    pthread_cond_destroy(&server->table_changed);
    pthread_mutex_destroy(&server->table_lock);
    free(server->table);
    free(server->generations);
}
