/* SPDX-License-Identifier: Apache-2.0 */

/* Makes, seals, lists, removes and rolls back to snapshots. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "jobs.h"
#include "layer.h"
#include "log.h"
#include "merge.h"
#include "reap.h"
#include "store.h"
#include "volume.h"

#define WAIT_MAX_MS 1000
#define WAITERS_MAX 8

static int not_found(struct volume *volume, const char *name, int error, struct fault *fault)
{
    return fault_set(fault, error, REASON_SNAPSHOT_NOT_FOUND, "volume '%s' has no snapshot '%s'",
                     volume->name, name);
}

static void fill_info(const struct slot *slot, struct snapshot_info *info)
{
    const struct snapshot *snapshot = slot->snapshot;

    memset(info, 0, sizeof(*info));
    info->id = snapshot->id;
    memcpy(info->name, snapshot->name, sizeof(info->name));
    info->created = snapshot->created;
    info->size = snapshot->size;
    info->synced = snapshot->synced;
}

static int fill_whole_info(const struct slot *slot, struct snapshot_info *info, struct fault *fault)
{
    const struct snapshot *snapshot = slot->snapshot;

    fill_info(slot, info);
    info->stored = layer_data_stored(slot->layer);
    info->clones = slot->layer->clones;
    info->metadata = malloc(snapshot->metadata_length + 1);
    if (!info->metadata)
        return fault_store(fault, ENOMEM, "reading the snapshot");
    info->metadata_length = snapshot->metadata_length;
    memcpy(info->metadata, snapshot->metadata, snapshot->metadata_length);
    return 0;
}

/* Puts a new, empty layer on top of `next`'s last slot, open if the volume is. */
static struct layer *add_top(struct volume *volume, struct record *next, struct fault *fault)
{
    struct slot *slot = &next->slots[next->slot_count];
    struct layer *below = record_top(next)->layer;

    uuid_random(&slot->layer_id);
    slot->snapshot = NULL;
    slot->layer = layer_new(&volume->store->home, &slot->layer_id, below);
    int error = slot->layer ? 0 : ENOMEM;
    if (!error && volume->loaded)
        error = layer_open(slot->layer);
    if (error) {
        fault_store(fault, error, "making a layer");
        if (slot->layer)
            layer_drop(slot->layer);
        return NULL;
    }
    next->slot_count++;
    return slot->layer;
}

/* Commits `next` with its new top. */
static int commit_top(struct volume *volume, struct record *next,
                      int (*commit)(struct volume *, struct record *, struct fault *),
                      struct fault *fault)
{
    struct layer *old_top = record_top(volume->record)->layer;
    struct layer *top = add_top(volume, next, fault);

    if (!top) {
        record_free(next);
        return fault->error;
    }
    int error = commit(volume, next, fault);
    bool published = volume->record == next;
    if (published)
        layer_freeze(old_top);
    if (volume->loaded)
        layer_close(published ? old_top : top);
    if (!published)
        layer_drop(top);
    return error;
}

static const struct snapshot *newest(const struct record *record)
{
    for (size_t i = record->slot_count; i-- > 0;)
        if (record->slots[i].snapshot)
            return record->slots[i].snapshot;
    return NULL;
}

static size_t count_snapshots(const struct record *record)
{
    size_t count = 0;

    for (size_t i = 0; i < record->slot_count; i++)
        count += record->slots[i].snapshot != NULL;
    return count;
}

static int check_create(struct volume *volume, struct fault *fault)
{
    const struct snapshot *previous = newest(volume->record);

    if (volume->record->is_template)
        return fault_set(fault, EPERM, REASON_INVALID_OPERATION, "volume '%s' is a template",
                         volume->name);
    if (previous && !previous->synced)
        return fault_set(fault, EBUSY, REASON_PREVIOUS_SNAPSHOT_NOT_ON_BACKEND,
                         "snapshot '%s' of volume '%s' is not synced yet", previous->name,
                         volume->name);
    if (count_snapshots(volume->record) >= SNAPSHOTS_MAX)
        return fault_set(fault, EMLINK, REASON_INVALID_OPERATION,
                         "volume '%s' has %d snapshots, which is the most", volume->name,
                         SNAPSHOTS_MAX);
    return 0;
}

/* Takes over the snapshot. */
static int freeze_top(struct volume *volume, struct snapshot *snapshot, struct fault *fault)
{
    struct record *next = record_copy(volume->record, 0);

    if (!next) {
        free(snapshot);
        return fault_store(fault, ENOMEM, "making the snapshot");
    }
    record_top(next)->snapshot = snapshot;
    int error = commit_top(volume, next, volume_commit, fault);
    if (volume->record != next)
        free(snapshot);
    else
        snapshot_seal_later(volume, &snapshot->id);
    return error;
}

static struct snapshot *find_by_id(struct record *record, const struct uuid *id)
{
    for (size_t i = 0; i < record->slot_count; i++)
        if (record->slots[i].snapshot && uuid_equal(&record->slots[i].snapshot->id, id))
            return record->slots[i].snapshot;
    return NULL;
}

static int create_locked(struct volume *volume, const char *name, const struct uuid *id,
                         const void *metadata, uint32_t length, struct snapshot_info *info,
                         struct fault *fault)
{
    struct slot *slot = record_find_snapshot(volume->record, name);

    if (slot && uuid_equal(&slot->snapshot->id, id)) {
        /* an earlier try of this very request, of which the record may not be durable */
        int error = volume_sync_record(volume);
        return error ? fault_store(fault, error, "syncing the volume's record")
                     : fill_whole_info(slot, info, fault);
    }
    if (slot)
        return fault_set(fault, EEXIST, REASON_SNAPSHOT_NAME_ALREADY_EXISTS,
                         "volume '%s' has a snapshot '%s' already", volume->name, name);
    struct snapshot *other = find_by_id(volume->record, id);
    if (other)
        return fault_set(fault, EEXIST, REASON_INVALID_OPERATION,
                         "snapshot '%s' of volume '%s' has that id already; hint: give each snapshot "
                         "an id of its own", other->name, volume->name);
    int error = check_create(volume, fault);
    if (error)
        return error;
    struct snapshot *snapshot = record_new_snapshot(name, id, volume->record->size, metadata,
                                                    length);
    if (!snapshot)
        return fault_store(fault, ENOMEM, "making the snapshot");
    error = freeze_top(volume, snapshot, fault);
    return error ? error : fill_whole_info(record_find_snapshot(volume->record, name), info, fault);
}

int snapshot_create(struct volume *volume, const char *name, struct uuid id, const void *metadata,
                    uint32_t length, struct snapshot_info *info, struct fault *fault)
{
    if (!name_is_good(name))
        return fault_set(fault, EINVAL, REASON_INVALID_OPERATION,
                         "a bad snapshot name '%s': 1 to %d bytes, no '/', no control characters",
                         name, NAME_LENGTH_MAX);
    if (length > METADATA_MAX)
        return fault_set(fault, E2BIG, REASON_INVALID_OPERATION, "metadata of %u bytes: at most %d",
                         length, METADATA_MAX);
    if (uuid_is_zero(&id))
        uuid_random(&id);
    int error = volume_lock(volume, fault);
    if (error)
        return error;
    error = create_locked(volume, name, &id, metadata, length, info, fault);
    volume_unlock(volume);
    return error;
}

static int has_clones(struct volume *volume, const char *name, struct fault *fault)
{
    return fault_set(fault, ENOTEMPTY, REASON_OBJECT_STILL_HAS_CHILDREN,
                     "snapshot '%s' of volume '%s' has clones; remove them first", name,
                     volume->name);
}

static int remove_locked(struct volume *volume, const char *name, struct fault *fault)
{
    struct slot *slot = record_find_snapshot(volume->record, name);

    if (!slot)
        return not_found(volume, name, ENOENT, fault);
    if (slot->layer->clones)
        return has_clones(volume, name, fault);
    struct snapshot *snapshot = slot->snapshot;
    struct record *next = record_copy(volume->record, 0);
    if (!next)
        return fault_store(fault, ENOMEM, "copying the volume's record");
    record_find_snapshot(next, name)->snapshot = NULL;
    int error = volume_commit_freeing(volume, next, fault);
    if (volume->record == next) {
        free(snapshot);
        merge_later(volume);
    }
    return error;
}

int snapshot_remove(struct volume *volume, const char *name, struct fault *fault)
{
    int error = volume_lock(volume, fault);

    if (error)
        return error;
    error = remove_locked(volume, name, fault);
    volume_unlock(volume);
    return error;
}

static int check_rollback(struct volume *volume, const char *name, size_t *kept,
                          struct fault *fault)
{
    struct record *record = volume->record;
    struct slot *slot = record_find_snapshot(record, name);

    if (record->is_template)
        return fault_set(fault, EPERM, REASON_INVALID_OPERATION, "volume '%s' is a template",
                         volume->name);
    if (!slot)
        return not_found(volume, name, EIO, fault);
    *kept = slot - record->slots + 1;
    for (size_t i = *kept; i < record->slot_count; i++)
        if (record->slots[i].layer->clones)
            return has_clones(volume, record->slots[i].snapshot->name, fault);
    return 0;
}

static void drop_slots(struct slot *slots, size_t count)
{
    for (size_t i = count; i-- > 0;) {
        layer_drop(slots[i].layer);
        free(slots[i].snapshot);
    }
}

static int rollback_locked(struct volume *volume, const char *name, struct fault *fault)
{
    size_t kept = 0;
    int error = check_rollback(volume, name, &kept, fault);

    if (error)
        return error;
    size_t dropped = volume->record->slot_count - kept;
    struct record *next = record_copy(volume->record, dropped);
    struct slot *slots = calloc(dropped, sizeof(*slots));
    if (!next || !slots) {
        record_free(next);
        free(slots);
        return fault_store(fault, ENOMEM, "copying the volume's record");
    }
    memcpy(slots, next->slots + kept, dropped * sizeof(*slots));
    for (size_t i = 0; i < dropped; i++)
        next->garbage[next->garbage_count++] = slots[i].layer_id;
    next->slot_count = kept;
    error = commit_top(volume, next, volume_commit_freeing, fault);
    if (volume->record == next) {
        drop_slots(slots, dropped);
        reap_garbage_later(volume);
    }
    free(slots);
    return error;
}

int snapshot_rollback(struct volume *volume, const char *name, struct fault *fault)
{
    int error = volume_lock(volume, fault);

    if (error)
        return error;
    error = rollback_locked(volume, name, fault);
    volume_unlock(volume);
    return error;
}

/* Like a lock of `control`, but it does not wait for a metadata operation on disk. */
static int begin_reading(struct volume *volume, struct fault *fault)
{
    pthread_rwlock_rdlock(&volume->io);
    if (!volume->removed)
        return 0;
    pthread_rwlock_unlock(&volume->io);
    return fault_set(fault, ENOENT, REASON_OBJECT_NOT_FOUND, "there is no volume named '%s'",
                     volume->name);
}

int snapshot_info(struct volume *volume, const char *name, struct snapshot_info *info,
                  struct fault *fault)
{
    int error = begin_reading(volume, fault);

    if (error)
        return error;
    struct slot *slot = record_find_snapshot(volume->record, name);
    error = slot ? fill_whole_info(slot, info, fault) : not_found(volume, name, ENOENT, fault);
    pthread_rwlock_unlock(&volume->io);
    return error;
}

int snapshot_list(struct volume *volume, uint64_t *size, struct snapshot_info **list,
                  uint32_t *count, struct fault *fault)
{
    int error = begin_reading(volume, fault);

    if (error)
        return error;
    const struct record *record = volume->record;
    *size = record->size;
    *count = 0;
    *list = calloc(record->slot_count, sizeof(**list));
    for (size_t i = 0; *list && i < record->slot_count; i++)
        if (record->slots[i].snapshot)
            fill_info(&record->slots[i], &(*list)[(*count)++]);
    pthread_rwlock_unlock(&volume->io);
    return *list ? 0 : fault_store(fault, ENOMEM, "listing the snapshots");
}

static int is_synced(struct volume *volume, const char *name, bool *synced, struct fault *fault)
{
    int error = begin_reading(volume, fault);

    if (error)
        return error;
    struct slot *slot = record_find_snapshot(volume->record, name);
    if (slot)
        *synced = slot->snapshot->synced;
    pthread_rwlock_unlock(&volume->io);
    return slot ? 0 : not_found(volume, name, ENOENT, fault);
}

/* Waits for the next snapshot of the store to become synced after the count was `seen`. False:
 * time is up. */
static bool wait_for_sync(struct store *store, uint64_t *seen, const struct timespec *deadline)
{
    int error = 0;

    pthread_mutex_lock(&store->sync_lock);
    /* waiting takes a thread: some must remain for work */
    if (store->sync_waiters >= WAITERS_MAX)
        error = EAGAIN;
    store->sync_waiters++;
    while (!error && store->sync_count == *seen && !store->stopping)
        error = pthread_cond_timedwait(&store->sync_changed, &store->sync_lock, deadline);
    store->sync_waiters--;
    *seen = store->sync_count;
    pthread_mutex_unlock(&store->sync_lock);
    return !error && !store->stopping;
}

int snapshot_wait_synced(struct volume *volume, const char *name, uint32_t milliseconds,
                         bool *synced, struct fault *fault)
{
    struct store *store = volume->store;
    struct timespec deadline = deadline_after(milliseconds < WAIT_MAX_MS ? milliseconds
                                                                         : WAIT_MAX_MS);
    int error;

    pthread_mutex_lock(&store->sync_lock);
    uint64_t seen = store->sync_count;
    pthread_mutex_unlock(&store->sync_lock);
    do
        error = is_synced(volume, name, synced, fault);
    while (!error && !*synced && milliseconds && wait_for_sync(store, &seen, &deadline));
    return error;
}

static void announce_synced(struct store *store)
{
    pthread_mutex_lock(&store->sync_lock);
    store->sync_count++;
    pthread_cond_broadcast(&store->sync_changed);
    pthread_mutex_unlock(&store->sync_lock);
}

static int seal_locked(struct volume *volume, const struct uuid *id, struct fault *fault)
{
    struct snapshot *snapshot = find_by_id(volume->record, id);

    if (!snapshot || snapshot->synced)
        return 0;
    /* true even if the record cannot say so: then the next start seals again */
    snapshot->synced = true;
    announce_synced(volume->store);
    struct record *next = record_copy(volume->record, 0);
    return next ? volume_commit(volume, next, fault) : ENOMEM;
}

int snapshot_seal(struct volume *volume, const struct uuid *id)
{
    struct fault fault;
    int error = volume_flush_until(volume, id);

    if (error || volume_lock(volume, &fault))
        return error;
    seal_locked(volume, id, &fault);
    volume_unlock(volume);
    return 0;
}

static void run_seal(const struct job *job)
{
    int error = snapshot_seal(job->volume, &job->id);

    if (error && !job->volume->removed)
        log_error("volume '%s': a snapshot cannot be synced: %s", job->volume->name,
                  strerror(error));
}

void snapshot_seal_later(struct volume *volume, const struct uuid *id)
{
    jobs_add(volume->store->seal_pool,
             (struct job){.run = run_seal, .store = volume->store, .volume = volume, .id = *id});
}
