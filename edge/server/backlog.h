/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* The memory of replies that were read for clients and not taken by them yet. */

#include <stdbool.h>
#include <stdint.h>

#include "server.h"

struct conn;

static inline void backlog_add(struct server *server, long long bytes)
{
    atomic_fetch_add(&server->out_bytes, bytes);
}

/* Returns true if a reply of `length` bytes may be prepared for a connection that has `own` bytes
 * of replies. False: it waits until its client takes some of them, or others have room again. */
bool backlog_has_room(struct server *server, uint64_t own, uint64_t length);
/* The same for this connection, which is marked as starved if not. */
bool backlog_admits(struct conn *conn, uint64_t length);
/* Lets connections that starve ask again. */
void backlog_wake_starved(struct server *server);
