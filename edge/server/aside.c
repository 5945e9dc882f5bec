/* SPDX-License-Identifier: Apache-2.0 */

/* Puts options aside that wait for other connections to go, and runs them again. */

#include "aside.h"

#include "conn.h"
#include "pool.h"
#include "server.h"

void aside_resume_locked(struct server *server)
{
    struct aside *aside = server->aside, *next;

    server->aside = NULL;
    for (; aside; aside = next) {
        next = aside->next;
        if (pool_add(server->pools[POOL_CONTROL], NULL, aside->run, aside->argument))
            continue;
        aside->next = server->aside;
        server->aside = aside;
    }
}

void aside_resume(struct server *server)
{
    pthread_mutex_lock(&server->table_lock);
    aside_resume_locked(server);
    pthread_mutex_unlock(&server->table_lock);
}

void aside_put(struct aside *aside)
{
    struct conn *conn = aside->conn;
    struct server *server = conn->server;

    pthread_mutex_lock(&server->table_lock);
    aside->next = server->aside;
    server->aside = aside;
    if (conn->patience.departures != server->departures || conn->killed || conn->left)
        aside_resume_locked(server);
    pthread_mutex_unlock(&server->table_lock);
}
