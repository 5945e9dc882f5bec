/* SPDX-License-Identifier: Apache-2.0 */

/* Creates, clones, removes and changes volumes by the product's rules. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "layer.h"
#include "reap.h"
#include "store.h"
#include "volume.h"

static int check_name(const char *name, const char *what, struct fault *fault)
{
    if (name_is_good(name))
        return 0;
    return fault_set(fault, EINVAL, REASON_INVALID_OPERATION,
                     "a bad %s name '%s': 1 to %d bytes, no '/', no control characters", what, name,
                     NAME_LENGTH_MAX);
}

static int check_owner(const char *owner, struct fault *fault)
{
    return *owner ? check_name(owner, "node", fault) : 0;
}

static int round_size(uint64_t *size, struct fault *fault)
{
    if (*size > VOLUME_SIZE_MAX)
        return fault_set(fault, EFBIG, REASON_INVALID_OPERATION,
                         "%" PRIu64 " bytes are too large: the largest volume has %llu", *size,
                         VOLUME_SIZE_MAX);
    *size = (*size + SIZE_UNIT - 1) / SIZE_UNIT * SIZE_UNIT;
    return 0;
}

static struct record *new_record(const char *name, uint64_t size, struct uuid id, const char *owner)
{
    struct record *record = calloc(1, sizeof(*record));

    if (!record)
        return NULL;
    record->slots = calloc(1, sizeof(*record->slots));
    record->garbage = calloc(1, sizeof(*record->garbage));
    if (!record->slots || !record->garbage) {
        record_free(record);
        return NULL;
    }
    record->id = id;
    if (uuid_is_zero(&id))
        uuid_random(&record->id);
    memcpy(record->name, name, strlen(name) + 1);
    memcpy(record->owner, owner, strlen(owner) + 1);
    record->size = size;
    record->slot_count = 1;
    uuid_random(&record->slots[0].layer_id);
    return record;
}

/* The name or the id is taken: by an earlier try of this very request, which goes to `earlier` with
 * its reference, or by another volume. Nothing is waited for: a parent's `control` may be held. */
static int taken(struct volume *other, const struct volume *volume, struct volume **earlier,
                 struct fault *fault)
{
    if (other != volume->parent && uuid_equal(&other->id, &volume->id)
        && !strcmp(other->name, volume->name)) {
        *earlier = other;
        return 0;
    }
    int error = fault_set(fault, EEXIST, REASON_FILE_EXISTS,
                          "a volume named '%s', or with that id, exists", other->name);
    volume_put(other);
    return error;
}

/* Answers with what an earlier try made, once that has ended. No `control` may be held. */
static int wait_for_earlier(struct volume *earlier, struct volume_info *info, struct fault *fault)
{
    int error = volume_lock(earlier, fault);

    if (!error) {
        volume_unlock(earlier);
        error = volume_info(earlier, info, fault);
    }
    volume_put(earlier);
    return error;
}

/* The volume is in the index, with `control` held so that no client uses it before its record
 * is durable. */
static int publish_or_undo(struct volume *volume, struct fault *fault)
{
    int error = volume_publish_new(volume, fault);

    if (error) {
        volume->removed = true;
        store_forget(volume->store, volume);
        volume_drop_layers(volume);
    }
    volume_unlock(volume);
    return error;
}

/* Takes over the record. With `earlier` set the caller has to wait for that one (wait_for_earlier). */
static int introduce(struct store *store, struct record *record, struct volume *parent,
                     struct layer *base, struct volume **earlier, struct volume_info *info,
                     struct fault *fault)
{
    struct volume *other = NULL, *volume = volume_new(store, record, parent, base);

    if (!volume)
        return fault_store(fault, ENOMEM, "making the volume");
    pthread_mutex_lock(&volume->control);
    int error = store_add(store, volume, &other);
    if (error) {
        volume_drop_layers(volume);
        volume_unlock(volume);
        error = other ? taken(other, volume, earlier, fault)
                      : fault_store(fault, error, "making the volume");
    } else {
        error = publish_or_undo(volume, fault);
        if (!error)
            error = volume_info(volume, info, fault);
    }
    volume_put(volume);
    return error;
}

int volume_create(struct store *store, const char *name, uint64_t size, struct uuid id,
                  const char *owner, struct volume_info *info, struct fault *fault)
{
    int error = check_name(name, "volume", fault);

    if (!error)
        error = check_owner(owner, fault);
    if (!error)
        error = round_size(&size, fault);
    if (error)
        return error;
    struct record *record = new_record(name, size, id, owner);
    if (!record)
        return fault_store(fault, ENOMEM, "making the volume");
    struct volume *earlier = NULL;
    error = introduce(store, record, NULL, NULL, &earlier, info, fault);
    return earlier ? wait_for_earlier(earlier, info, fault) : error;
}

/* The clone's source must survive a power failure on its own: no client flushes it again. */
static int sync_source(struct volume *parent, const char *snapshot, struct fault *fault)
{
    struct uuid id;
    bool synced = true;

    if (!*snapshot) {
        int error = volume_flush(parent);
        return error ? fault_store(fault, error, "syncing the template") : 0;
    }
    pthread_rwlock_rdlock(&parent->io);
    struct slot *slot = record_find_snapshot(parent->record, snapshot);
    if (slot) {
        synced = slot->snapshot->synced;
        id = slot->snapshot->id;
    }
    pthread_rwlock_unlock(&parent->io);
    int error = synced ? 0 : snapshot_seal(parent, &id);
    return error ? fault_store(fault, error, "syncing the snapshot") : 0;
}

static int find_source(struct volume *parent, const char *snapshot, struct slot **slot,
                       struct fault *fault)
{
    if (!*snapshot) {
        *slot = record_top(parent->record);
        return parent->record->is_template ? 0
            : fault_set(fault, EPERM, REASON_INVALID_OPERATION,
                        "'%s' is not a template: name a snapshot to clone", parent->name);
    }
    *slot = record_find_snapshot(parent->record, snapshot);
    if (*slot)
        return 0;
    return fault_set(fault, ENOENT, REASON_SNAPSHOT_NOT_FOUND, "volume '%s' has no snapshot '%s'",
                     parent->name, snapshot);
}

static int clone_locked(struct volume *parent, const char *snapshot, const char *name,
                        struct uuid id, const char *owner, struct volume **earlier,
                        struct volume_info *info, struct fault *fault)
{
    struct slot *slot;
    int error = find_source(parent, snapshot, &slot, fault);

    if (error)
        return error;
    uint64_t size = slot->snapshot ? slot->snapshot->size : parent->record->size;
    struct record *record = new_record(name, size, id, owner);
    if (!record)
        return fault_store(fault, ENOMEM, "making the clone");
    record->parent_id = parent->id;
    record->base_layer_id = slot->layer_id;
    memcpy(record->parent_snapshot, snapshot, strlen(snapshot) + 1);
    return introduce(parent->store, record, parent, slot->layer, earlier, info, fault);
}

int volume_clone(struct store *store, const struct volume_ref *ref, const char *snapshot,
                 const char *name, struct uuid id, const char *owner, struct volume_info *info,
                 struct fault *fault)
{
    int error = check_name(name, "volume", fault);

    if (!error)
        error = check_owner(owner, fault);
    if (error)
        return error;
    struct volume *earlier = NULL, *parent = store_find(store, ref, fault);
    if (!parent)
        return fault->error;
    error = sync_source(parent, snapshot, fault);
    if (!error)
        error = volume_lock(parent, fault);
    if (!error) {
        error = clone_locked(parent, snapshot, name, id, owner, &earlier, info, fault);
        volume_unlock(parent);
    }
    volume_put(parent);
    return earlier ? wait_for_earlier(earlier, info, fault) : error;
}

static int check_childless(struct volume *volume, struct fault *fault)
{
    for (size_t i = 0; i < volume->record->slot_count; i++) {
        struct slot *slot = &volume->record->slots[i];

        if (slot->layer->clones)
            return fault_set(fault, ENOTEMPTY, REASON_OBJECT_STILL_HAS_CHILDREN,
                             "volume '%s' has clones%s%s; remove them first", volume->name,
                             slot->snapshot ? " of its snapshot " : "",
                             slot->snapshot ? slot->snapshot->name : "");
    }
    return 0;
}

/* The record moves to trash/ in one step and names there what is to be removed in the background.
 * Its name there is the id of a layer, which is never used twice: a client may use the volume's
 * again. */
static int move_to_trash(struct volume *volume, const struct uuid *name)
{
    struct store *store = volume->store;
    char from[UUID_HEX_SIZE], to[UUID_HEX_SIZE];

    if (store->home.failed)
        return EIO;
    uuid_hex(&volume->id, from);
    uuid_hex(name, to);
    if (renameat(store->volumes, from, store->trash, to) < 0)
        return errno;
    int error = home_sync_names(&store->home, store->trash);
    if (!error)
        error = home_sync_names(&store->home, store->volumes);
    if (error)
        /* best effort: it still counts as there, unless this fails too and the engine restarts */
        renameat(store->trash, to, store->volumes, from);
    return error;
}

static int remove_locked(struct volume *volume, struct fault *fault)
{
    int error = check_childless(volume, fault);
    struct uuid trash_name = record_top(volume->record)->layer_id;

    if (error)
        return error;
    error = move_to_trash(volume, &trash_name);
    if (error)
        return fault_store(fault, error, "removing the volume's record");
    pthread_rwlock_wrlock(&volume->io);
    volume->removed = true;
    pthread_rwlock_unlock(&volume->io);
    store_forget(volume->store, volume);
    volume_drop_layers(volume);
    reap_trash_later(volume->store, &trash_name);
    return 0;
}

int volume_remove(struct volume *volume, struct fault *fault)
{
    int error = volume_lock(volume, fault);

    if (error)
        return error;
    error = remove_locked(volume, fault);
    volume_unlock(volume);
    return error;
}

static int refuse_template(struct volume *volume, struct fault *fault)
{
    if (!volume->record->is_template)
        return 0;
    return fault_set(fault, EPERM, REASON_INVALID_OPERATION, "volume '%s' is a template",
                     volume->name);
}

static struct record *next_record(struct volume *volume, struct fault *fault)
{
    struct record *next = record_copy(volume->record, 0);

    if (!next)
        fault_store(fault, ENOMEM, "copying the volume's record");
    return next;
}

static int truncate_locked(struct volume *volume, uint64_t size, struct fault *fault)
{
    int error = refuse_template(volume, fault);

    if (error)
        return error;
    if (size == volume->record->size) {
        error = volume_sync_record(volume);
        return error ? fault_store(fault, error, "syncing the volume's record") : 0;
    }
    if (size < volume->record->size)
        return fault_set(fault, EPERM, REASON_INVALID_OPERATION,
                         "volume '%s' has %" PRIu64 " bytes and can only grow", volume->name,
                         volume->record->size);
    struct record *next = next_record(volume, fault);
    if (!next)
        return ENOMEM;
    next->size = size;
    return volume_commit(volume, next, fault);
}

int volume_truncate(struct volume *volume, uint64_t *size, struct fault *fault)
{
    int error = round_size(size, fault);

    if (!error)
        error = volume_lock(volume, fault);
    if (error)
        return error;
    error = truncate_locked(volume, *size, fault);
    volume_unlock(volume);
    return error;
}

int volume_set_template(struct volume *volume, struct fault *fault)
{
    int error = volume_lock(volume, fault);

    if (error)
        return error;
    if (!volume->record->is_template) {
        struct record *next = next_record(volume, fault);

        if (next)
            next->is_template = true;
        error = next ? volume_commit(volume, next, fault) : ENOMEM;
    }
    volume_unlock(volume);
    if (error)
        return error;
    error = volume_flush(volume);
    return error ? fault_store(fault, error, "syncing the template") : 0;
}

int volume_set_owner(struct volume *volume, const char *owner, struct fault *fault)
{
    int error = check_owner(owner, fault);

    if (!error)
        error = volume_lock(volume, fault);
    if (error)
        return error;
    struct record *next = next_record(volume, fault);
    if (next)
        memcpy(next->owner, owner, strlen(owner) + 1);
    error = next ? volume_commit(volume, next, fault) : ENOMEM;
    volume_unlock(volume);
    return error;
}

static void fill_info(struct volume *volume, struct volume_info *info)
{
    const struct record *record = volume->record;

    memset(info, 0, sizeof(*info));
    info->id = record->id;
    memcpy(info->name, record->name, sizeof(info->name));
    memcpy(info->owner, record->owner, sizeof(info->owner));
    memcpy(info->parent_snapshot, record->parent_snapshot, sizeof(info->parent_snapshot));
    info->parent_id = record->parent_id;
    info->size = record->size;
    info->is_template = record->is_template;
    info->opens = volume->opens;
    for (size_t i = 0; i < record->slot_count; i++) {
        info->snapshots += record->slots[i].snapshot != NULL;
        info->clones += record->slots[i].layer->clones;
        info->stored += layer_data_stored(record->slots[i].layer);
    }
}

static int removed_fault(struct volume *volume, struct fault *fault)
{
    return fault_set(fault, ENOENT, REASON_OBJECT_NOT_FOUND, "there is no volume named '%s'",
                     volume->name);
}

int volume_info(struct volume *volume, struct volume_info *info, struct fault *fault)
{
    pthread_rwlock_rdlock(&volume->io);
    bool removed = volume->removed;
    if (!removed)
        fill_info(volume, info);
    pthread_rwlock_unlock(&volume->io);
    return removed ? removed_fault(volume, fault) : 0;
}

int volume_stat(struct volume *volume, uint64_t *size, bool *is_template, struct fault *fault)
{
    pthread_rwlock_rdlock(&volume->io);
    bool removed = volume->removed;
    *size = volume->record->size;
    *is_template = volume->record->is_template;
    pthread_rwlock_unlock(&volume->io);
    return removed ? removed_fault(volume, fault) : 0;
}
