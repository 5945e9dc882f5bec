/* SPDX-License-Identifier: Apache-2.0 */

/* Reads and writes a volume's bytes in the layer of its chain that owns them; copies up what a
 * write covers in part. */

#include "chain.h"

#include <errno.h>
#include <string.h>

#include "ahead.h"
#include "layer.h"

static _Thread_local uint8_t cluster_buffer[CLUSTER_SIZE];

static struct layer *owner_of(struct layer *layer, uint64_t cluster)
{
    while (layer && !layer_owns(layer, cluster))
        layer = layer->parent;
    return layer;
}

/* How many bytes from `offset` on have the same owner, at most `length`. */
static size_t run_of(struct layer *top, struct layer *owner, uint64_t offset, size_t length)
{
    uint64_t end = offset + length;
    uint64_t next = (offset | (CLUSTER_SIZE - 1)) + 1;

    while (next < end && owner_of(top, next >> CLUSTER_BITS) == owner)
        next += CLUSTER_SIZE;
    return (next < end ? next : end) - offset;
}

int chain_read(struct layer *top, void *data, size_t length, uint64_t offset, bool nowait)
{
    while (length) {
        struct layer *owner = owner_of(top, offset >> CLUSTER_BITS);
        size_t run = run_of(top, owner, offset, length);

        if (!owner) {
            memset(data, 0, run);
        } else {
            int error = layer_data_read(owner, data, run, offset, nowait);

            if (error)
                return error;
        }
        data = (uint8_t *)data + run;
        offset += run;
        length -= run;
    }
    return 0;
}

static int write_data(struct layer *layer, const void *data, size_t length, uint64_t offset)
{
    int error = layer_data_write(layer, data, length, offset);

    if (!error)
        ahead_note(layer, length);
    return error;
}

static int write_or_zero(struct layer *layer, const void *data, size_t length, uint64_t offset)
{
    if (data)
        return write_data(layer, data, length, offset);
    return layer_data_punch(layer, length, offset);
}

/* The whole cluster as it lies below, with the new part over it. */
static int copy_up(struct layer *layer, struct layer *below, const void *data, size_t length,
                   uint64_t offset)
{
    uint64_t start = offset & ~(uint64_t)(CLUSTER_SIZE - 1);
    int error = layer_data_read(below, cluster_buffer, CLUSTER_SIZE, start, false);

    if (error)
        return error;
    if (data)
        memcpy(cluster_buffer + (offset - start), data, length);
    else
        memset(cluster_buffer + (offset - start), 0, length);
    return write_data(layer, cluster_buffer, CLUSTER_SIZE, start);
}

static int fill_locked(struct layer *layer, const void *data, size_t length, uint64_t offset)
{
    uint64_t cluster = offset >> CLUSTER_BITS;
    struct layer *below = NULL;
    int error;

    if (layer_owns(layer, cluster))
        return write_or_zero(layer, data, length, offset);
    error = layer_prepare(layer, cluster);
    if (error)
        return error;
    if (length < CLUSTER_SIZE)
        below = owner_of(layer->parent, cluster);
    if (below)
        error = copy_up(layer, below, data, length, offset);
    else if (data)
        error = write_data(layer, data, length, offset);
    /* else it is a hole and stays one */
    if (!error)
        error = layer_own(layer, cluster);
    /* what is not owned must be a hole; if even that fails, later flushes must not call it good */
    if (error) {
        int second = layer_data_punch(layer, CLUSTER_SIZE, cluster << CLUSTER_BITS);

        if (second)
            layer_fail(layer, "a failed write cannot be undone", second);
    }
    return error;
}

/* Writes (data NULL: zeroes) inside one cluster that the layer may not own yet. */
static int fill(struct layer *layer, const void *data, size_t length, uint64_t offset)
{
    pthread_mutex_t *lock = layer_fill_lock(layer, offset >> CLUSTER_BITS);

    pthread_mutex_lock(lock);
    int error = fill_locked(layer, data, length, offset);
    pthread_mutex_unlock(lock);
    return error;
}

static size_t part_of_cluster(uint64_t offset, uint64_t length)
{
    size_t rest = CLUSTER_SIZE - (offset & (CLUSTER_SIZE - 1));

    return length < rest ? length : rest;
}

/* How many bytes from `offset` on lie in clusters that the top layer owns, at most `length`. */
static uint64_t owned_run(struct layer *top, uint64_t offset, uint64_t length)
{
    uint64_t run = 0;

    while (run < length && layer_owns(top, (offset + run) >> CLUSTER_BITS))
        run += part_of_cluster(offset + run, length - run);
    return run;
}

int chain_write(struct layer *top, const void *data, size_t length, uint64_t offset)
{
    int error = 0;

    while (length && !error) {
        size_t run = owned_run(top, offset, length);

        if (run) {
            error = write_data(top, data, run, offset);
        } else {
            run = part_of_cluster(offset, length);
            error = fill(top, data, run, offset);
        }
        data = (const uint8_t *)data + run;
        offset += run;
        length -= run;
    }
    /* after the data, before the acknowledgement: see layer_flush */
    atomic_store(&top->dirty, DIRTY_WRITTEN);
    return error;
}

int chain_zero(struct layer *top, uint64_t length, uint64_t offset)
{
    int error = 0;

    while (length && !error) {
        uint64_t run = owned_run(top, offset, length);

        if (run) {
            error = layer_data_punch(top, run, offset);
        } else {
            run = part_of_cluster(offset, length);
            if (owner_of(top, offset >> CLUSTER_BITS))  /* else it reads as zeros already */
                error = fill(top, NULL, run, offset);
        }
        offset += run;
        length -= run;
    }
    atomic_store(&top->dirty, DIRTY_WRITTEN);
    return error;
}

static bool is_zero(const uint8_t *data, size_t length)
{
    return data[0] == 0 && memcmp(data, data + 1, length - 1) == 0;
}

static int pull_locked(struct layer *to, struct layer *from, uint64_t cluster)
{
    uint64_t start = cluster << CLUSTER_BITS;
    int error;

    if (layer_owns(to, cluster))
        return 0;
    error = layer_data_read(from, cluster_buffer, CLUSTER_SIZE, start, false);
    if (error)
        return error;
    /* a hole stays a hole */
    const uint8_t *data = is_zero(cluster_buffer, CLUSTER_SIZE) ? NULL : cluster_buffer;
    error = fill_locked(to, data, CLUSTER_SIZE, start);
    atomic_store(&to->dirty, DIRTY_WRITTEN);
    return error;
}

int chain_pull(struct layer *to, struct layer *from, uint64_t cluster)
{
    pthread_mutex_t *lock = layer_fill_lock(to, cluster);

    pthread_mutex_lock(lock);
    int error = pull_locked(to, from, cluster);
    pthread_mutex_unlock(lock);
    return error;
}
