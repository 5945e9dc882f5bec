/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * The engine sends written data to the disk before a client asks for a flush. The flush then finds
 * little left to do, however much was written since the last one.
 *
 * Data that is written over and over would go to the disk each time. So the limit is as high as
 * flushes stay short: it halves when one takes more than a second, and doubles when a large one
 * takes a quarter of that.
 */

#include <stdint.h>

struct layer;
struct layer_home;

#define AHEAD_LEAST (64ull << 20)
#define AHEAD_MOST (1ull << 30)
#define AHEAD_FLUSH_MS 1000

/* Counts the bytes that were written to the open layer. Tells the disk to begin now and then. */
void ahead_note(struct layer *layer, uint64_t length);

/* A flush of `length` bytes took so long; adapts the limit to it. */
void ahead_learn(struct layer_home *home, uint64_t length, long long milliseconds);
