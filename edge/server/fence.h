/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * Fences: connections that have to be gone before another one goes on. Nothing here waits: an
 * option that finds such connections is put aside and run again when a connection has gone.
 *
 * Results: 0: none is left. EAGAIN: put the option aside (aside_put). EBUSY: after 30 s a
 * request of one of them is still being carried out.
 */

#include <stdint.h>

struct conn;
struct peer;
struct uuid;

/* `conn` becomes the session's only connection. Also ESHUTDOWN: the session was fenced. */
int fence_session(struct conn *conn, const struct uuid *session);

/* `conn` is about to open the volume: those connections to it whose clients are gone. Also
 * ESHUTDOWN, or an error of the disk. */
int fence_entry(struct conn *conn, const struct uuid *volume);

/* The volume's sessions, of one peer or (NULL) of all of them, but the spared one, for good. Their
 * number goes to `count`. Also an error of the disk. */
int fence_volume(struct conn *conn, const struct uuid *volume, const struct uuid *spared,
                 const struct peer *peer, uint32_t *count);
