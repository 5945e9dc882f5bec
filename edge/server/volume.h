/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * A volume and the product's rules about it. Functions return 0 or an errno value; those with a
 * fault fill it.
 *
 * Locks, in the order in which they are taken: `control` (one metadata operation at a time),
 * `io` (shared by every read and write, exclusive while the record or the top layer is
 * exchanged), then the layers' own. A thread that holds a `control` never waits for that of another
 * volume (two such threads could wait for each other). A clone takes its parent's and that of the
 * volume that it has made itself, before any other thread can find it.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bytes.h"
#include "fault.h"
#include "flushes.h"
#include "record.h"

struct store;

struct volume {
    struct store *store;
    struct uuid id;
    char name[NAME_SIZE];
    struct volume *parent;          /* with a reference; NULL: not a clone */
    struct layer *base;             /* the parent's layer that ours stand on */
    atomic_uint references;
    pthread_mutex_t control;
    pthread_rwlock_t io;
    struct record *record;          /* changed under control and io, read under either */
    atomic_bool removed;
    atomic_ulong published, synced; /* versions of the record: renamed into place, and durably so */
    atomic_bool merge_queued;
    atomic_uint opens;              /* data connections; changed under control, as is `loaded` */
    bool loaded;                    /* the top layer is open */
    /* its share of the server's pools: reads, other data, control */
    struct lane *read_lane, *sync_lane, *control_lane;
    struct flushes flushes;
};

struct volume_ref {
    bool by_id;
    struct uuid id;
    char name[NAME_SIZE];
};

struct volume_info {
    struct uuid id;
    char name[NAME_SIZE], owner[NAME_SIZE], parent_snapshot[NAME_SIZE];
    struct uuid parent_id;
    uint64_t size, stored;
    bool is_template;
    uint32_t snapshots, clones, opens;
};

struct snapshot_info {
    struct uuid id;
    char name[NAME_SIZE];
    uint64_t created, size, stored;
    bool synced;
    uint32_t clones, metadata_length;
    uint8_t *metadata;              /* the caller frees it */
};

/* life: volume.c */
struct volume *volume_get(struct volume *volume);
void volume_put(struct volume *volume);
/* Takes over the record and makes its layers; NULL without memory. Not in the index yet. */
struct volume *volume_new(struct store *store, struct record *record, struct volume *parent,
                          struct layer *base);
/* Takes `control`; fails if the volume was removed. */
int volume_lock(struct volume *volume, struct fault *fault);
void volume_unlock(struct volume *volume);
/* Replaces the record by `next`, durably; on failure frees `next` and nothing has changed (EIO:
 * it may have). */
int volume_commit(struct volume *volume, struct record *next, struct fault *fault);
/* The same for a change that frees space: it may use the store's reserve. */
int volume_commit_freeing(struct volume *volume, struct record *next, struct fault *fault);
/* Returns when the record that counts now is durable. */
int volume_sync_record(struct volume *volume);
/* The layers of a volume that leaves the store (or whose store closes). */
void volume_drop_layers(struct volume *volume);
/* Writes the first record of a volume. */
int volume_publish_new(struct volume *volume, struct fault *fault);

/* operations: volume_ops.c */
int volume_create(struct store *store, const char *name, uint64_t size, struct uuid id,
                  const char *owner, struct volume_info *info, struct fault *fault);
int volume_clone(struct store *store, const struct volume_ref *parent, const char *snapshot,
                 const char *name, struct uuid id, const char *owner, struct volume_info *info,
                 struct fault *fault);
int volume_remove(struct volume *volume, struct fault *fault);
int volume_truncate(struct volume *volume, uint64_t *size, struct fault *fault);
int volume_set_template(struct volume *volume, struct fault *fault);
int volume_set_owner(struct volume *volume, const char *owner, struct fault *fault);
int volume_info(struct volume *volume, struct volume_info *info, struct fault *fault);
/* Size and kind only; never waits for a metadata operation on disk. */
int volume_stat(struct volume *volume, uint64_t *size, bool *is_template, struct fault *fault);

/* snapshots: snapshot.c */
int snapshot_create(struct volume *volume, const char *name, struct uuid id, const void *metadata,
                    uint32_t length, struct snapshot_info *info, struct fault *fault);
int snapshot_remove(struct volume *volume, const char *name, struct fault *fault);
int snapshot_rollback(struct volume *volume, const char *name, struct fault *fault);
int snapshot_info(struct volume *volume, const char *name, struct snapshot_info *info,
                  struct fault *fault);
/* Without metadata and stored; free() the array. */
int snapshot_list(struct volume *volume, uint64_t *size, struct snapshot_info **list,
                  uint32_t *count, struct fault *fault);
int snapshot_wait_synced(struct volume *volume, const char *name, uint32_t milliseconds,
                         bool *synced, struct fault *fault);
/* Makes the snapshot's data durable and says so in the record. */
int snapshot_seal(struct volume *volume, const struct uuid *id);
/* The same in the background. */
void snapshot_seal_later(struct volume *volume, const struct uuid *id);

/* data: volume_io.c */
int volume_open(struct volume *volume, struct fault *fault);
void volume_close(struct volume *volume);
/* Opens, scrubs, flushes and closes a volume after an unclean stop, in the background. */
void volume_settle_later(struct volume *volume);
int volume_read(struct volume *volume, void *data, size_t length, uint64_t offset, bool nowait);
int volume_write(struct volume *volume, const void *data, size_t length, uint64_t offset);
int volume_zero(struct volume *volume, uint64_t length, uint64_t offset, bool allocate);
int volume_flush(struct volume *volume);
/* The layers up to the slot that `last` froze (NULL: all). */
int volume_flush_until(struct volume *volume, const struct uuid *last);
