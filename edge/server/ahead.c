/* SPDX-License-Identifier: Apache-2.0 */

/* Tells the disk to begin writing before a client asks for a flush. */

#include "ahead.h"

#include <fcntl.h>

#include "layer.h"
#include "pool.h"

static void begin_writing(struct layer *layer)
{
    if (files_hold(layer))
        return;
    for (unsigned i = 0; i < SEGMENTS; i++)
        if (layer->data_fd[i] >= 0)
            sync_file_range(layer->data_fd[i], 0, 0, SYNC_FILE_RANGE_WRITE);
    files_release(layer);
}

static void run(void *argument)
{
    struct layer *layer = argument;

    layer->ahead = 0;
    layer->is_ahead = false;
    begin_writing(layer);
    layer_close(layer);
}

/* It may wait for room in the disk's queue, so a thread of its own does it. */
void ahead_note(struct layer *layer, uint64_t length)
{
    struct pool *pool = layer->home->ahead_pool;

    if (atomic_fetch_add(&layer->ahead, length) + length < layer->home->ahead_limit || !pool
        || atomic_exchange(&layer->is_ahead, true))
        return;
    if (layer_open(layer))
        return;     /* never: it is open */
    if (!pool_add(pool, NULL, run, layer)) {
        layer->is_ahead = false;
        layer_close(layer);
    }
}

void ahead_learn(struct layer_home *home, uint64_t length, long long milliseconds)
{
    uint64_t limit = home->ahead_limit;

    if (milliseconds > AHEAD_FLUSH_MS && limit > AHEAD_LEAST)
        home->ahead_limit = limit / 2;
    else if (milliseconds < AHEAD_FLUSH_MS / 4 && length >= limit / 2 && limit < AHEAD_MOST)
        home->ahead_limit = limit * 2;
}
