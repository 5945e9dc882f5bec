/* SPDX-License-Identifier: Apache-2.0 */

/* Opens, reads, writes, flushes and closes volumes. */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "jobs.h"
#include "layer.h"
#include "log.h"
#include "store.h"
#include "volume.h"

/* How much one request may hold up a snapshot. */
#define ZERO_PIECE (256ull << 20)
#define ALLOCATE_PIECE (1u << 20)

static int open_locked(struct volume *volume, struct fault *fault)
{
    if (!volume->loaded) {
        int error = layer_open(record_top(volume->record)->layer);

        if (error)
            return fault_store(fault, error, "opening the volume's layers");
        volume->loaded = true;
    }
    volume->opens++;
    return 0;
}

int volume_open(struct volume *volume, struct fault *fault)
{
    int error = volume_lock(volume, fault);

    if (error)
        return error;
    error = open_locked(volume, fault);
    volume_unlock(volume);
    return error;
}

/* Closes the layers of a volume that is no longer open, after flushing them. */
static void unload(const struct job *job)
{
    struct volume *volume = job->volume;
    struct fault fault;

    /* first the long flush with nothing locked, then a short one that no write can come after */
    volume_flush(volume);
    if (volume_lock(volume, &fault))
        return;
    if (!volume->opens && volume->loaded) {
        if (volume_flush(volume))
            log_warning("volume '%s': not everything is flushed yet", volume->name);
        layer_close(record_top(volume->record)->layer);
        volume->loaded = false;
    }
    volume_unlock(volume);
}

static void unload_later(struct volume *volume)
{
    jobs_add(volume->store->seal_pool,
             (struct job){.run = unload, .store = volume->store, .volume = volume});
}

void volume_close(struct volume *volume)
{
    pthread_mutex_lock(&volume->control);
    bool last = --volume->opens == 0 && volume->loaded;
    pthread_mutex_unlock(&volume->control);
    if (last)
        unload_later(volume);
}

/* Opening scrubs, and the last close flushes. */
static void settle(const struct job *job)
{
    struct fault fault;

    if (!job->store->stopping && !volume_open(job->volume, &fault))
        volume_close(job->volume);
}

void volume_settle_later(struct volume *volume)
{
    jobs_add(volume->store->merge_pool,
             (struct job){.run = settle, .store = volume->store, .volume = volume});
}

static int begin(struct volume *volume, uint64_t length, uint64_t offset, int beyond)
{
    pthread_rwlock_rdlock(&volume->io);
    int error = 0;
    uint64_t size = volume->record->size;

    if (volume->removed)
        error = EIO;
    else if (offset > size || length > size - offset)
        error = beyond;
    if (error)
        pthread_rwlock_unlock(&volume->io);
    return error;
}

static struct layer *top_of(struct volume *volume)
{
    return record_top(volume->record)->layer;
}

static int begin_change(struct volume *volume, uint64_t length, uint64_t offset, int beyond)
{
    int error = begin(volume, length, offset, beyond);

    if (!error && volume->record->is_template) {
        pthread_rwlock_unlock(&volume->io);
        error = EPERM;
    }
    assert(error || !top_of(volume)->frozen);   /* a snapshot has it as it is */
    return error;
}

int volume_read(struct volume *volume, void *data, size_t length, uint64_t offset, bool nowait)
{
    int error = begin(volume, length, offset, EINVAL);

    if (error)
        return error;
    error = chain_read(top_of(volume), data, length, offset, nowait);
    pthread_rwlock_unlock(&volume->io);
    return error;
}

int volume_write(struct volume *volume, const void *data, size_t length, uint64_t offset)
{
    int error = begin_change(volume, length, offset, EFBIG);

    if (error)
        return error;
    error = chain_write(top_of(volume), data, length, offset);
    pthread_rwlock_unlock(&volume->io);
    return error;
}

static int write_zeros(struct volume *volume, uint64_t length, uint64_t offset)
{
    static const uint8_t zeros[CLUSTER_SIZE];
    int error = 0;

    while (length && !error) {
        uint64_t rest = CLUSTER_SIZE - offset % CLUSTER_SIZE;
        uint64_t piece = length < rest ? length : rest;

        error = chain_write(top_of(volume), zeros, piece, offset);
        offset += piece;
        length -= piece;
    }
    return error;
}

static int zero_piece(struct volume *volume, uint64_t length, uint64_t offset, bool allocate)
{
    int error = begin_change(volume, length, offset, EFBIG);

    if (error)
        return error;
    if (allocate)
        error = write_zeros(volume, length, offset);
    else
        error = chain_zero(top_of(volume), length, offset);
    pthread_rwlock_unlock(&volume->io);
    return error;
}

int volume_zero(struct volume *volume, uint64_t length, uint64_t offset, bool allocate)
{
    uint64_t most = allocate ? ALLOCATE_PIECE : ZERO_PIECE;
    /* the whole range, before anything is done */
    int error = begin_change(volume, length, offset, EFBIG);

    if (error)
        return error;
    pthread_rwlock_unlock(&volume->io);
    while (length && !error) {
        uint64_t piece = length < most ? length : most;

        error = zero_piece(volume, piece, offset, allocate);
        offset += piece;
        length -= piece;
    }
    return error;
}

struct layers {
    size_t count, capacity;
    struct layer **layer;
};

static int add_open(struct layers *layers, struct layer *layer)
{
    if (layers->count == layers->capacity) {
        size_t capacity = 2 * layers->capacity + 4;
        void *grown = realloc(layers->layer, capacity * sizeof(*layers->layer));

        if (!grown)
            return ENOMEM;
        layers->layer = grown;
        layers->capacity = capacity;
    }
    int error = layer_open(layer);
    if (!error)
        layers->layer[layers->count++] = layer;
    return error;
}

/* Our own opens keep the layers alive without a lock: a flush may take long, and nothing shall
 * wait for it. */
static int collect_unflushed(struct volume *volume, const struct uuid *last, struct layers *layers)
{
    int error = 0;

    pthread_rwlock_rdlock(&volume->io);
    struct record *record = volume->record;
    if (volume->removed)
        error = EIO;
    for (size_t i = 0; i < record->slot_count && !error; i++) {
        struct slot *slot = &record->slots[i];

        if (layer_needs_flush(slot->layer))
            error = add_open(layers, slot->layer);
        if (last && slot->snapshot && uuid_equal(&slot->snapshot->id, last))
            break;
    }
    pthread_rwlock_unlock(&volume->io);
    return error;
}

/* Frozen layers too: what they hold may have been acknowledged just before a snapshot. */
int volume_flush_until(struct volume *volume, const struct uuid *last)
{
    struct layers layers = {0};
    int error = collect_unflushed(volume, last, &layers);

    if (!error)
        error = volume_sync_record(volume);
    for (size_t i = 0; i < layers.count; i++) {
        if (!error)
            error = layer_flush(layers.layer[i]);
        layer_close(layers.layer[i]);
    }
    free(layers.layer);
    return error;
}

int volume_flush(struct volume *volume)
{
    return volume_flush_until(volume, NULL);
}
