/* SPDX-License-Identifier: Apache-2.0 */

/* Keeps the table of connections: gives them places, finds them, and ends those that are meant. */

#include "table.h"

#include "aside.h"
#include "conn.h"
#include "peer.h"
#include "server.h"

struct conn *table_get(struct server *server, uint64_t key)
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

bool table_put(struct conn *conn)
{
    struct server *server = conn->server;

    pthread_mutex_lock(&server->table_lock);
    bool last = --conn->references == 0;
    pthread_mutex_unlock(&server->table_lock);
    return last;
}

bool table_for_each(struct server *server, bool (*visit)(struct conn *conn, void *context),
                    void *context)
{
    bool any = false;

    for (uint32_t i = 0; i < server->slots; i++)
        if (server->table[i] && server->table[i]->channel.fd >= 0)
            any |= visit(server->table[i], context);
    return any;
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

    if (server->used == server->slots || server->stopping)
        return "there is no place for any more";
    if (is_local(conn))
        return NULL;
    if (server->remote == limits->connections)
        return "there are as many as --connections allows";
    table_for_each(server, count_peer, &census);
    if (census.connections >= limits->peer_connections)
        return "that address has as many as --peer-connections allows";
    if (census.controls >= limits->peer_controls)
        return "that address has as many without a volume as --peer-controls allows";
    return NULL;
}

const char *table_add(struct server *server, struct conn *conn)
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
        if (++server->generations[slot] == TABLE_NO_GENERATION)
            server->generations[slot]++;
        conn->key = table_key(slot, server->generations[slot]);
    }
    pthread_mutex_unlock(&server->table_lock);
    return why;
}

void table_remove(struct conn *conn)
{
    struct server *server = conn->server;

    pthread_mutex_lock(&server->table_lock);
    server->table[(uint32_t)conn->key] = NULL;
    server->used--;
    server->remote -= !is_local(conn);
    server->departures++;
    pthread_cond_broadcast(&server->table_changed);
    aside_resume_locked(server);
    pthread_mutex_unlock(&server->table_lock);
}

void table_kill_locked(struct conn *conn)
{
    bool was_killed = conn->killed;

    conn_kill(conn);
    if (!was_killed)
        aside_resume_locked(conn->server);
}

void table_name(struct conn *conn, const struct uuid *session, const struct uuid *volume)
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
    table_kill_locked(conn);
    return true;
}

bool table_end_others(struct conn *conn,
                      bool (*is_meant)(const struct conn *other, const void *whom),
                      const void *whom)
{
    struct server *server = conn->server;
    struct meant meant = {conn, is_meant, whom};

    pthread_mutex_lock(&server->table_lock);
    conn->patience.departures = server->departures;
    bool any = table_for_each(server, kill_meant, &meant);
    pthread_mutex_unlock(&server->table_lock);
    return any;
}
