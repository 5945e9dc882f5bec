/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* A scratch store in memory, and a client of its server that knows just enough to be in the way. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "server.h"

struct world {
    char path[64], socket[80];
    struct store *store;
    struct volume *volume;      /* "v", open */
    struct server server;
};

/* A store with the volumes "v" (1 MiB, a snapshot "s", and newer data that was not flushed) and "c" (a
 * clone of "s"), and with a server if `served`. Ends the process when it cannot be made. */
void world_open(struct world *world, bool served);
void world_close(struct world *world);
/* Removes a folder and all in it. */
void world_remove(const char *path);

/* A connection to the server. */
int world_connect(const struct world *world);
/* Sends all of it; a server that hung up is no error. */
void world_send(int fd, const void *bytes, size_t length);
/* Hears the server out, then hangs up, and waits until the server has done so, too. A server that
 * does not in 20 s is a finding. */
void world_end(int fd);
