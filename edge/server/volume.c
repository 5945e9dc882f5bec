/* SPDX-License-Identifier: Apache-2.0 */

/* Makes and frees volumes, and replaces their records on disk. */

#include "volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "layer.h"
#include "pool.h"
#include "store.h"

/* Of the threads of the server's pools (server.c) that one volume may take. */
#define READS_MAX 16
#define SYNCS_MAX 8
#define CONTROLS_MAX 4

struct volume *volume_get(struct volume *volume)
{
    atomic_fetch_add(&volume->references, 1);
    return volume;
}

static void volume_free(struct volume *volume)
{
    struct volume *parent = volume->parent;

    record_free_with_snapshots(volume->record);
    lane_put(volume->read_lane);
    lane_put(volume->sync_lane);
    lane_put(volume->control_lane);
    pthread_mutex_destroy(&volume->flushes.lock);
    pthread_rwlock_destroy(&volume->io);
    pthread_mutex_destroy(&volume->control);
    free(volume);
    if (parent)
        volume_put(parent);
}

void volume_put(struct volume *volume)
{
    if (atomic_fetch_sub(&volume->references, 1) == 1)
        volume_free(volume);
}

static bool make_layers(struct volume *volume)
{
    struct record *record = volume->record;
    struct layer *below = volume->base;

    for (size_t i = 0; i < record->slot_count; i++) {
        struct slot *slot = &record->slots[i];

        slot->layer = layer_new(&volume->store->home, &slot->layer_id, below);
        if (!slot->layer)
            return false;
        slot->layer->frozen = i + 1 < record->slot_count;
        below = slot->layer;
    }
    return true;
}

static void init_locks(struct volume *volume)
{
    pthread_rwlockattr_t attributes;

    pthread_mutex_init(&volume->control, NULL);
    pthread_rwlockattr_init(&attributes);
    /* else a snapshot under steady load would wait for ever */
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&volume->io, &attributes);
    pthread_rwlockattr_destroy(&attributes);
}

static bool make_lanes(struct volume *volume)
{
    volume->read_lane = lane_new(READS_MAX);
    volume->sync_lane = lane_new(SYNCS_MAX);
    volume->control_lane = lane_new(CONTROLS_MAX);
    return volume->read_lane && volume->sync_lane && volume->control_lane;
}

struct volume *volume_new(struct store *store, struct record *record, struct volume *parent,
                          struct layer *base)
{
    struct volume *volume = calloc(1, sizeof(*volume));

    if (!volume) {
        record_free_with_snapshots(record);
        return NULL;
    }
    volume->store = store;
    volume->id = record->id;
    memcpy(volume->name, record->name, sizeof(volume->name));
    volume->record = record;
    volume->base = base;
    atomic_init(&volume->references, 1);
    init_locks(volume);
    flushes_init(&volume->flushes);
    if (parent) {
        volume->parent = volume_get(parent);
        atomic_fetch_add(&base->clones, 1);
    }
    if (!make_lanes(volume) || !make_layers(volume)) {
        volume_drop_layers(volume);
        volume_put(volume);
        return NULL;
    }
    return volume;
}

int volume_lock(struct volume *volume, struct fault *fault)
{
    pthread_mutex_lock(&volume->control);
    if (!volume->removed)
        return 0;
    pthread_mutex_unlock(&volume->control);
    return fault_set(fault, ENOENT, REASON_OBJECT_NOT_FOUND, "there is no volume named '%s'",
                     volume->name);
}

void volume_unlock(struct volume *volume)
{
    pthread_mutex_unlock(&volume->control);
}

static int stage(struct volume *volume, const struct record *record)
{
    struct writer w = {0};
    char hex[UUID_HEX_SIZE];

    if (volume->store->home.failed)
        return EIO;
    record_encode(record, &w);
    uuid_hex(&volume->id, hex);
    int error = w.failed ? ENOMEM : disk_stage(volume->store->volumes, hex, w.data, w.length);
    writer_free(&w);
    return error;
}

int volume_sync_record(struct volume *volume)
{
    unsigned long version = volume->published, synced = volume->synced;

    if (volume->store->home.failed)
        return EIO;
    if (synced >= version)
        return 0;
    int error = home_sync_names(&volume->store->home, volume->store->volumes);
    if (error)
        return error;
    /* a later version may have been published, or synced by another thread, meanwhile */
    while (synced < version && !atomic_compare_exchange_weak(&volume->synced, &synced, version))
        continue;
    return 0;
}

static int publish(struct volume *volume, struct record *next)
{
    char hex[UUID_HEX_SIZE];

    uuid_hex(&volume->id, hex);
    pthread_rwlock_wrlock(&volume->io);
    int error = disk_publish(volume->store->volumes, hex);
    struct record *old = error ? next : volume->record;
    if (!error) {
        volume->record = next;
        volume->published++;
    }
    pthread_rwlock_unlock(&volume->io);
    if (error)
        disk_unstage(volume->store->volumes, hex);
    record_free(old);
    return error;
}

/*
 * The new record is complete on disk before any I/O stops; I/O stops only for the rename, which
 * is where the new record, and the new top layer with it, begins to count: for this process, for
 * the next one of the same boot, and, once the directory is synced, for ever. A flush in between
 * syncs the directory too (volume_flush), for what it vouches for may lie in the new layer.
 */
static int commit(struct volume *volume, struct record *next, bool frees, struct fault *fault)
{
    int error = stage(volume, next);

    if (error == ENOSPC && frees && reserve_release(&volume->store->reserve))
        error = stage(volume, next);
    if (error) {
        record_free(next);
        return fault_store(fault, error, "writing the volume's record");
    }
    error = publish(volume, next);
    if (!error)
        error = volume_sync_record(volume);
    return error ? fault_store(fault, error, "replacing the volume's record") : 0;
}

int volume_commit(struct volume *volume, struct record *next, struct fault *fault)
{
    return commit(volume, next, false, fault);
}

int volume_commit_freeing(struct volume *volume, struct record *next, struct fault *fault)
{
    return commit(volume, next, true, fault);
}

int volume_publish_new(struct volume *volume, struct fault *fault)
{
    char hex[UUID_HEX_SIZE];
    int error = stage(volume, volume->record);

    uuid_hex(&volume->id, hex);
    if (!error) {
        error = disk_publish(volume->store->volumes, hex);
        if (error)
            disk_unstage(volume->store->volumes, hex);
    }
    if (!error) {
        error = home_sync_names(&volume->store->home, volume->store->volumes);
        if (error)
            unlinkat(volume->store->volumes, hex, 0);
    }
    return error ? fault_store(fault, error, "writing the volume's record") : 0;
}

void volume_drop_layers(struct volume *volume)
{
    struct record *record = volume->record;

    if (volume->loaded)
        layer_close(record_top(record)->layer);
    volume->loaded = false;
    for (size_t i = record->slot_count; i-- > 0;)
        if (record->slots[i].layer)
            layer_drop(record->slots[i].layer);
    if (volume->base)
        atomic_fetch_sub(&volume->base->clones, 1);
    volume->base = NULL;
}
