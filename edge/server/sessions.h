/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * The sessions that have volumes open, and those that were fenced: the store's file `sessions`.
 *
 * It counts for this boot of the host only (a client fails its volumes itself when the boot is
 * another one), so it is never synced: what was written outlives the engine, not the host. Thus
 * an engine knows the sessions of all the engines before it, and a fence hits them too.
 *
 * A session is forgotten when it says goodbye (DISC). One that never does keeps its place; when
 * all places are taken, or a volume has its share of them, the one that opened first loses it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "peer.h"

#define SESSIONS_MAX 16384
#define SESSIONS_OF_VOLUME_MAX 256

struct sessions;

/* NULL: what is wrong was logged. */
struct sessions *sessions_open(int directory, const char *boot_id);
void sessions_close(struct sessions *sessions);

/* Notes that the session opens the volume from there. ESHUTDOWN: it was fenced; or an error of
 * the disk. */
int sessions_enter(struct sessions *sessions, const struct uuid *session,
                   const struct uuid *volume, const struct peer *peer);
void sessions_leave(struct sessions *sessions, const struct uuid *session);
bool sessions_is_fenced(struct sessions *sessions, const struct uuid *session);

/* Fences the sessions of the volume, of one peer or (NULL) of all of them, but the spared one; adds
 * to `count` how many there were. */
int sessions_fence(struct sessions *sessions, const struct uuid *volume,
                   const struct uuid *spared, const struct peer *peer, uint32_t *count);
