/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * Sockets and threads: what serves connections.
 *
 * Connections with data are in one epoll set, those that come and those with control requests in
 * another, whose threads never wait for the disk: however it hangs, the server can be asked
 * whether it lives. All are one-shot: the thread that gets an event owns the
 * connection's input until it arms it again. There are more such threads than CPUs, since a
 * write may wait for the page cache; what is known to wait for the disk goes to three pools, so
 * that long flushes do not hold up reads.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "log.h"

struct allow;
struct aside;
struct conn;
struct pool;
struct sessions;
struct store;
struct tls_credentials;

#define LISTENERS_MAX 64
#define FRONT_THREADS 2
#define LOOP_THREADS (12 + FRONT_THREADS)

/* Reads that wait for the disk; what syncs or frees; control requests and the opening of volumes. */
enum pool_kind { POOL_READ, POOL_SYNC, POOL_CONTROL, POOLS };

struct limits {
    uint32_t connections;                       /* by TCP, at a time */
    uint32_t peer_connections, peer_controls;   /* of them, of one address; without a volume */
};

struct server {
    const struct limits *limits;
    struct store *store;
    struct sessions *sessions;
    int epoll, front;
    int wake;                           /* readable at the end: every thread sees it */
    struct pool *pools[POOLS];
    unsigned long threads[LOOP_THREADS];
    int thread_count;
    int listeners[LISTENERS_MAX];
    int listener_count;
    const struct allow *allow;
    const struct tls_credentials *tls;  /* NULL: TCP is plain; a unix socket always is */
    struct log_limit refusals, failed_handshakes;
    const char *socket_path;            /* of the control socket, removed at the end */
    atomic_bool stopping, pause_logged;
    atomic_llong out_bytes;             /* memory of replies, of all connections */
    atomic_bool starving;               /* some wait for room (backlog.h) */
    atomic_bool paused[LISTENERS_MAX];  /* listeners that wait for a descriptor */

    pthread_mutex_t table_lock;
    pthread_cond_t table_changed;       /* a connection has gone */
    struct conn **table;
    uint32_t *generations;
    uint32_t slots, used, remote;       /* remote: not of the control socket */
    unsigned long departures;           /* how many connections have gone */
    struct aside *aside;
};

/* False: logged. */
bool server_init(struct server *server, struct store *store, const struct allow *allow,
                 const struct tls_credentials *tls, const struct limits *limits);
/* "HOST:PORT" or "[HOST]:PORT"; port 0: any. The address that it listens on goes to `bound`. */
bool server_listen(struct server *server, const char *address, char bound[300]);
bool server_listen_unix(struct server *server, const char *path);
bool server_start(struct server *server);
/* Closes connections whose time is up; to be called about once a second. */
void server_tick(struct server *server);
/* No new connections; the present ones end when their running requests have, those that did not
 * in three quarters of `seconds` are named in the log. */
void server_stop(struct server *server, int seconds);

static inline struct pool *server_pool(struct server *server, enum pool_kind kind)
{
    return server->pools[kind];
}
