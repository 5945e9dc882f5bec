/* SPDX-License-Identifier: Apache-2.0 */

/* Accepts connections, runs the threads that serve them, and stops both. */

#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "allow.h"
#include "aside.h"
#include "backlog.h"
#include "clock.h"
#include "conn.h"
#include "listen.h"
#include "log.h"
#include "options.h"
#include "peer.h"
#include "pool.h"
#include "sessions.h"
#include "store.h"
#include "table.h"
#include "thread.h"
#include "volume.h"
#include "watchdog.h"

#define LOCAL_CONNECTIONS 16      /* places for the control socket alone */

/* Keys in the epoll set: listeners have the generation that no connection has. */
#define LISTENER_GENERATION TABLE_NO_GENERATION
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
    if (server->table && server->generations && server->epoll >= 0 && server->front >= 0
        && server->wake >= 0 && server->sessions && make_pools(server))
        return true;
    log_error("cannot start: no sessions, memory, threads or file descriptors");
    server->slots = 0;      /* server_stop follows, and there may be no table */
    return false;
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

static void arm_listener(struct server *server, int number, int operation)
{
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLONESHOT,
        .data.u64 = table_key(number, LISTENER_GENERATION),
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

/* Gives a reference back. After the last one others may have the memory and the descriptor. */
static void put(struct conn *conn)
{
    struct server *server = conn->server;

    if (!table_put(conn))
        return;
    conn_free(conn);
    backlog_wake_starved(server);
    resume_listeners(server);
}

/* The volume is let go before the connection leaves the table, so that who waits for that finds
 * it closed. */
static void end(struct conn *conn)
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
    put(conn);
}

static void adopt(struct server *server, int fd, const struct sockaddr_storage *peer)
{
    struct conn *conn = conn_new(server, fd, peer);

    if (conn)
        options_greet(conn);
    const char *why = conn ? table_add(server, conn) : "there is no memory";
    if (why) {
        if (conn)
            conn_free(conn);
        refuse(server, fd, peer, why);
        return;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLONESHOT, .data.u64 = conn->key};
    if (epoll_ctl(server->front, EPOLL_CTL_ADD, fd, &event) < 0)
        end(conn);
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
    if (conn_event(conn))
        end(conn);
    put(conn);
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

static bool kill_late(struct conn *conn, void *now)
{
    pthread_mutex_lock(&conn->lock);
    bool late = conn->deadline && conn->deadline < *(long long *)now && !conn->killed;
    pthread_mutex_unlock(&conn->lock);

    if (late)
        table_kill_locked(conn);
    return late;
}

void server_tick(struct server *server)
{
    long long now = now_ms();

    server->pause_logged = false;
    resume_listeners(server);
    backlog_wake_starved(server);

    pthread_mutex_lock(&server->table_lock);
    bool any = table_for_each(server, kill_late, &now);
    aside_resume_locked(server);    /* there may be some whose patience is at its end */
    pthread_mutex_unlock(&server->table_lock);
    if (any)
        log_info("closed connections whose time was up");
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
    table_kill_locked(conn);
    return true;
}

static void end_connections(struct server *server, long long milliseconds,
                            bool (*visit)(struct conn *conn, void *context))
{
    struct timespec deadline = deadline_after(milliseconds);

    pthread_mutex_lock(&server->table_lock);
    table_for_each(server, visit, NULL);
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
    pthread_mutex_lock(&server->table_lock);
    table_for_each(server, name_one, NULL);
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
