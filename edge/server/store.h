/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * A store: one folder, one vPool, one engine at a time.
 *
 *   store            magic, version and id of the store
 *   reserve          space that is kept back (reserve.h)
 *   sessions         sessions with open volumes, and fenced sessions (sessions.h)
 *   lock             locked while an engine serves the store
 *   volumes/ID       a record per volume (record.h)
 *   trash/ID         records of removed volumes whose files are still being removed; ID is one of
 *                    a layer of theirs
 *   layers/ID.data   (layer.h)
 *   layers/ID.map
 *   runtime/BOOT/    what only this boot of the host may believe (layer.h, home.h); absent after a
 *                    clean stop
 *
 * Nothing is ever removed that no record names: check reports a file that belongs to no volume,
 * and does not guess about it.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bytes.h"
#include "folder.h"
#include "layer.h"
#include "reserve.h"

#define BOOT_ID_MAX 64
#define STORE_MAGIC "OVSESTO1"
#define STORE_VERSION 1

struct fault;
struct pool;
struct volume;
struct volume_ref;

struct index {
    struct volume **by_name, **by_id;
    size_t count, capacity;
};

struct store {
    struct folder folder;
    int volumes, trash;         /* directories, of `folder` */
    struct layer_home home;
    struct reserve reserve;
    struct uuid id, instance;
    char boot_id[BOOT_ID_MAX + 1];
    pthread_mutex_t index_lock;
    struct index index;
    pthread_mutex_t sync_lock;  /* a snapshot became synced */
    pthread_cond_t sync_changed;
    uint64_t sync_count;
    unsigned sync_waiters;
    atomic_bool stopping;
    struct pool *seal_pool, *merge_pool, *reap_pool;
};

struct store_usage {
    uint64_t total, used, free;
    uint32_t volumes;
};

/* Opens, and in an empty folder makes, a store. NULL: what is wrong was logged. `boot_id` NULL:
 * the kernel's. */
struct store *store_open(const char *path, const char *boot_id);
/* Ends background work, flushes everything, closes. No connection may be left. False: not
 * everything could be flushed. */
bool store_close(struct store *store);

int store_usage(struct store *store, struct store_usage *usage);

/* The index. A found volume carries a reference (volume_put). */
struct volume *store_find(struct store *store, const struct volume_ref *ref, struct fault *fault);
struct volume *store_find_name(struct store *store, const char *name);
struct volume *store_find_id(struct store *store, const struct uuid *id);
/* At most `limit` volumes whose names come after `after`, each with a reference. */
size_t store_list(struct store *store, const char *after, struct volume **volumes, size_t limit,
                  bool *more);
/* Calls `visit` for each volume. Others may come and go meanwhile. */
void store_for_each(struct store *store, void (*visit)(struct volume *volume, void *context),
                    void *context);
/* EEXIST: `other` (with a reference) has the name or the id. ENOMEM. */
int store_add(struct store *store, struct volume *volume, struct volume **other);
void store_forget(struct store *store, struct volume *volume);

/* To be called now and then: takes up merges that had to wait for space, fills the reserve. */
void store_tick(struct store *store);
