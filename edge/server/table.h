/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* The table of connections. A key names a connection: its place and a generation, so that the key
 * of one that has gone names no other. */

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct server;
struct uuid;

#define TABLE_NO_GENERATION 0       /* no connection has it: a key for other things */

static inline uint64_t table_key(uint32_t slot, uint32_t generation)
{
    return (uint64_t)generation << 32 | slot;
}

/* Gives the connection a place. Returns NULL, or why it gets none. */
const char *table_add(struct server *server, struct conn *conn);
/* Takes its place from it. The table's reference is the caller's from then on. */
void table_remove(struct conn *conn);
/* Returns the connection with a reference, or NULL. */
struct conn *table_get(struct server *server, uint64_t key);
/* Returns true if the reference was the last one: the caller frees the connection. */
bool table_put(struct conn *conn);

/* Stores the connection's session and volume, for threads that look at it; NULL: as before. */
void table_name(struct conn *conn, const struct uuid *session, const struct uuid *volume);
/* Kills the other connections that are meant. Returns true if some are still there. */
bool table_end_others(struct conn *conn,
                      bool (*is_meant)(const struct conn *other, const void *whom),
                      const void *whom);

/* Under the table's lock. */

/* Returns true if a visit did. */
bool table_for_each(struct server *server, bool (*visit)(struct conn *conn, void *context),
                    void *context);
/* Kills the connection. An option of it that was put aside must run again. */
void table_kill_locked(struct conn *conn);
