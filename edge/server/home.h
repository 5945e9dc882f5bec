/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * Where the layers of a store live, and what is common to them.
 *
 * A sync that failed is final: the kernel says so once and drops what it could not write, so the
 * next sync would say "good" of data that is not there. No flush may succeed after it, by this
 * process or by the next one of the same boot, which is why a failure is remembered beside the
 * runtime maps: runtime/BOOT/ID.failed for a layer, runtime/BOOT/failed for the names (volumes/,
 * trash/, layers/). After a reboot only what is on disk counts, and the failure is forgotten. The
 * mark follows the failed call at once; a process that is killed in between leaves none.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bytes.h"
#include "files.h"

struct layer_home {
    int layers, runtime;        /* directories */
    pthread_mutex_t lock;       /* opens, dropped, scrubbed and changes of parent, of all layers */
    bool unclean;               /* the last engine did not stop cleanly: scrub at first open */
    atomic_bool failed;         /* a sync of names failed: nothing of the store can be vouched for */
    struct layer_files files;
    struct pool *ahead_pool;    /* NULL: nothing is written ahead of a flush (ahead.h) */
    atomic_ullong ahead_limit;  /* so many bytes may wait for a flush */
};

/* Makes the names in a directory of the store durable. EIO: not so, now and for the rest of this
 * boot. */
int home_sync_names(struct layer_home *home, int directory);

/* `layer` NULL: of the names. */
void home_remember_failure(struct layer_home *home, const struct uuid *layer);
bool home_remembers_failure(struct layer_home *home, const struct uuid *layer);
void home_forget_failure(struct layer_home *home, const struct uuid *layer);
