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

#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "allow.h"
#include "clock.h"
#include "conn.h"
#include "listen.h"
#include "log.h"
#include "pool.h"
#include "sessions.h"
#include "store.h"
#include "volume.h"
#include "watchdog.h"

#define OUT_BYTES_MAX (1ll << 30)
#define REFUSAL_LOG_MS 1000

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
                 uint32_t connections_max)
{
    memset(server, 0, sizeof(*server));
    server->store = store;
    server->allow = allow;
    server->slots = connections_max;
    server->table = calloc(connections_max, sizeof(*server->table));
    server->generations = calloc(connections_max, sizeof(*server->generations));
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->sessions = sessions_open(store->folder.root, store->boot_id);
    pthread_mutex_init(&server->table_lock, NULL);
    clock_condition_init(&server->table_changed);
    if (server->table && server->generations && server->epoll >= 0 && server->sessions
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

    epoll_ctl(conn->server->epoll, EPOLL_CTL_MOD, conn->channel.fd, &event);
}

struct pool *server_pool(struct server *server, enum pool_kind kind)
{
    return server->pools[kind];
}

bool server_out_bytes(struct server *server, long long bytes)
{
    return atomic_fetch_add(&server->out_bytes, bytes) + bytes <= OUT_BYTES_MAX;
}

/* What cannot be queued for want of memory waits for the next time. */
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
    if (last)
        conn_free(conn);
}

static bool table_add(struct server *server, struct conn *conn)
{
    uint32_t slot = 0;

    pthread_mutex_lock(&server->table_lock);
    bool room = server->used < server->slots && !server->stopping;
    if (room) {
        while (server->table[slot])
            slot++;
        server->table[slot] = conn;
        server->used++;
        if (++server->generations[slot] == LISTENER_GENERATION)
            server->generations[slot]++;
        conn->key = key_of(slot, server->generations[slot]);
    }
    pthread_mutex_unlock(&server->table_lock);
    return room;
}

static void table_remove(struct conn *conn)
{
    struct server *server = conn->server;

    pthread_mutex_lock(&server->table_lock);
    server->table[(uint32_t)conn->key] = NULL;
    server->used--;
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
    epoll_ctl(conn->server->epoll, EPOLL_CTL_DEL, conn->channel.fd, NULL);
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

static void adopt(struct server *server, int fd, const struct sockaddr_storage *peer)
{
    struct conn *conn = conn_new(server, fd, peer);

    if (!conn || !table_add(server, conn)) {
        log_warning("a connection is refused: there are %u already", server->slots);
        if (conn)
            conn_free(conn);
        close(fd);
        return;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLONESHOT, .data.u64 = conn->key};
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        server_remove(conn);
}

static void arm_listener(struct server *server, int number, int operation)
{
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLONESHOT,
        .data.u64 = key_of(number, LISTENER_GENERATION),
    };

    epoll_ctl(server->epoll, operation, server->listeners[number], &event);
}

/* A line tells of many: who floods us with connections shall not flood the log. */
static void refuse(struct server *server, int fd, const struct sockaddr_storage *peer)
{
    long long now = now_ms(), logged = server->refusal_logged_ms;
    char text[ADDRESS_TEXT_BYTES];

    close(fd);
    server->refusals++;
    if (now < logged + REFUSAL_LOG_MS
        || !atomic_compare_exchange_strong(&server->refusal_logged_ms, &logged, now))
        return;
    address_text(peer, text);
    log_warning("refused %u connections, the last from %s: --allow does not name that address",
                atomic_exchange(&server->refusals, 0), text);
}

static void accept_all(struct server *server, int number)
{
    struct sockaddr_storage peer;
    int fd;

    while (!server->stopping && (fd = listen_accept(server->listeners[number], &peer)) >= 0)
        if (allow_has(server->allow, &peer))
            adopt(server, fd, &peer);
        else
            refuse(server, fd, &peer);
    if (!server->stopping)
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

static void *loop(void *argument)
{
    struct server *server = argument;
    struct epoll_event event;
    bool woken = false;

    while (!woken) {
        int n = epoll_wait(server->epoll, &event, 1, -1);

        woken = n == 1 && event.data.u64 == WAKE_KEY;
        if (n == 1 && !woken)
            handle(server, event.data.u64);
    }
    conn_thread_end();
    return NULL;
}

bool server_start(struct server *server)
{
    for (int i = 0; i < server->listener_count; i++)
        arm_listener(server, i, EPOLL_CTL_ADD);
    while (server->thread_count < LOOP_THREADS) {
        if (thread_start(&server->threads[server->thread_count], loop, server)) {
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

static void for_each(struct server *server, bool (*visit)(struct conn *conn, void *context),
                     void *context,
                     bool *any)
{
    *any = false;
    for (uint32_t i = 0; i < server->slots; i++)
        if (server->table[i] && server->table[i]->channel.fd >= 0)
            *any |= visit(server->table[i], context);
}

/* An option of it that was put aside must hear of it. */
static void kill_locked(struct conn *conn)
{
    bool was_killed = conn->killed;

    conn_kill(conn);
    if (!was_killed)
        resume_locked(conn->server);
}

static bool kill_late(struct conn *conn, void *now)
{
    long long deadline = conn->deadline;
    bool late = deadline && deadline < *(long long *)now && !conn->killed;

    if (late)
        kill_locked(conn);
    return late;
}

void server_tick(struct server *server)
{
    long long now = now_ms();
    bool any;

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
    int wake[2];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = WAKE_KEY};

    if (pipe(wake) < 0)
        abort();    /* no descriptors after all connections were closed */
    close(wake[1]);     /* always readable: every thread sees it */
    epoll_ctl(server->epoll, EPOLL_CTL_ADD, wake[0], &event);
    for (int i = 0; i < server->thread_count; i++)
        pthread_join(server->threads[i], NULL);
    close(wake[0]);
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
    pthread_cond_destroy(&server->table_changed);
    pthread_mutex_destroy(&server->table_lock);
    free(server->table);
    free(server->generations);
}
