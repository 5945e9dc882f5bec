/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Merges the layers of snapshots that were removed into those above them.
 *
 * When a snapshot goes, its layer (the lower) is merged into the one above it (the upper): what
 * the upper does not own is copied up, then the lower leaves the record. Readers see the same
 * bytes at every moment, so nothing stops for it. After a crash the record still has both, the
 * copied clusters are owned by the upper or not, and the merge starts over with the rest.
 *
 * So that a merge needs little space, the lower's clusters are punched out batch by batch: once
 * the upper's are durable (its map counts, whatever happens), and once no reader is left that
 * may have looked before the upper owned them.
 */

#include "merge.h"

#include <errno.h>
#include <string.h>

#include "chain.h"
#include "jobs.h"
#include "layer.h"
#include "log.h"
#include "reap.h"
#include "store.h"
#include "volume.h"

#define BATCH 512   /* clusters, 32 MiB */

struct pair {
    struct layer *lower, *upper;    /* the upper is open, its files too, and so is all below it */
};

static bool is_mergeable(const struct record *record, size_t i)
{
    return !record->slots[i].snapshot && !record->slots[i].layer->clones;
}

static bool find_pair(struct volume *volume, struct pair *pair)
{
    const struct record *record = volume->record;

    for (size_t i = 0; i + 1 < record->slot_count; i++) {
        if (!is_mergeable(record, i))
            continue;
        pair->lower = record->slots[i].layer;
        pair->upper = record->slots[i + 1].layer;
        return true;
    }
    return false;
}

/* Makes the upper's files while the record is known to name them: if they were made
 * later, nothing might remove them. */
static int prepare_upper(struct pair *pair)
{
    int error = 0;

    for (unsigned i = 0; i < SEGMENTS && !error; i++) {
        uint64_t first = i * (SEGMENT_SIZE >> CLUSTER_BITS);
        uint64_t end = first + (SEGMENT_SIZE >> CLUSTER_BITS);

        if (map_next(&pair->lower->map, first, end) < end)
            error = layer_prepare(pair->upper, first);
    }
    return error;
}

/* The upper's files are open then: what is written to a file and not flushed must keep it open. */
static bool is_prepared(struct volume *volume, struct pair *pair)
{
    if (prepare_upper(pair)
        && !(reserve_release(&volume->store->reserve) && !prepare_upper(pair)))
        return false;
    return files_hold(pair->upper) == 0;
}

static bool open_pair(struct volume *volume, struct pair *pair)
{
    pthread_rwlock_rdlock(&volume->io);
    bool found = !volume->removed && find_pair(volume, pair) && !layer_open(pair->upper);
    if (found && !is_prepared(volume, pair)) {
        layer_close(pair->upper);
        found = false;
    }
    pthread_rwlock_unlock(&volume->io);
    return found;
}

bool merge_wanted(struct volume *volume)
{
    struct pair pair;

    pthread_rwlock_rdlock(&volume->io);
    bool found = !volume->removed && find_pair(volume, &pair);
    pthread_rwlock_unlock(&volume->io);
    return found;
}

static bool stands_on(const struct volume *volume, const struct volume *other)
{
    while (volume && volume != other)
        volume = volume->parent;
    return volume;
}

static void wait_for_io_of(struct volume *volume, void *context)
{
    if (!stands_on(volume, context))
        return;
    pthread_rwlock_wrlock(&volume->io);
    pthread_rwlock_unlock(&volume->io);
}

/* Returns when every read or write that was under way on the volume's layers has ended: its own and
 * those of volumes that stand on it, but of no others. */
static void wait_for_io(struct volume *volume)
{
    store_for_each(volume->store, wait_for_io_of, volume);
}

/* Punches [from, to) out of the lower layer, all of which the upper owns as far as the lower
 * did. */
static int release(struct volume *volume, struct pair *pair, uint64_t from, uint64_t to)
{
    /* an older record that still counts on disk may have no upper */
    int error = volume_sync_record(volume);

    if (!error)
        error = layer_flush(pair->upper);
    if (error)
        return error;
    wait_for_io(volume);
    return layer_data_punch(pair->lower, (to - from) << CLUSTER_BITS, from << CLUSTER_BITS);
}

/* What to do when the file system is full: free the clusters that were copied, else take the
 * reserve. */
static int make_room(struct volume *volume, struct pair *pair, uint64_t *from, uint64_t cluster)
{
    if (*from < cluster) {
        int error = release(volume, pair, *from, cluster);

        *from = cluster;
        return error;
    }
    return reserve_release(&volume->store->reserve) ? 0 : ENOSPC;
}

static int pull_all(struct volume *volume, struct pair *pair)
{
    const struct map *map = &pair->lower->map;
    uint64_t cluster = map_next(map, 0, CLUSTERS_MAX), from = cluster;
    unsigned pulled = 0;

    while (cluster < CLUSTERS_MAX) {
        if (volume->removed || volume->store->stopping)
            return ECANCELED;
        int error = chain_pull(pair->upper, pair->lower, cluster);
        if (error == ENOSPC) {
            error = make_room(volume, pair, &from, cluster);
        } else if (!error) {
            cluster = map_next(map, cluster + 1, CLUSTERS_MAX);
            if (++pulled % BATCH == 0) {
                error = release(volume, pair, from, cluster);
                from = cluster;
            }
        }
        if (error)
            return error;
    }
    return layer_flush(pair->upper);
}

static struct record *record_without(struct volume *volume, struct layer *lower)
{
    struct record *next = record_copy(volume->record, 1);
    size_t i = 0;

    if (!next)
        return NULL;
    while (i + 1 < next->slot_count && next->slots[i].layer != lower)
        i++;
    if (i + 1 == next->slot_count) {    /* a rollback took it */
        record_free(next);
        return NULL;
    }
    next->garbage[next->garbage_count++] = next->slots[i].layer_id;
    memmove(&next->slots[i], &next->slots[i + 1],
            (next->slot_count - i - 1) * sizeof(*next->slots));
    next->slot_count--;
    return next;
}

static int leave_out(struct volume *volume, struct pair *pair)
{
    struct fault fault;
    unsigned opens;

    /* flushes of the volume fail as long as it has that layer, and must not succeed without it */
    if (pair->lower->failed)
        return EIO;
    struct record *next = record_without(volume, pair->lower);
    if (!next)
        return ECANCELED;
    int error = volume_commit_freeing(volume, next, &fault);
    if (volume->record != next)
        return error;
    /* readers that looked for a cluster before the upper owned it must find the lower still
     * there */
    wait_for_io(volume);
    struct layer *lower = layer_bypass_parent(pair->upper, &opens);
    wait_for_io(volume);
    layer_drop_bypassed(lower, opens);
    reap_garbage_later(volume);
    return 0;
}

static int merge_pair(struct volume *volume, struct pair *pair)
{
    struct fault fault;
    int error = pair->lower->failed ? EIO : pull_all(volume, pair);

    if (!error && volume_lock(volume, &fault))
        error = ECANCELED;
    if (!error) {
        error = leave_out(volume, pair);
        volume_unlock(volume);
    }
    return error;
}

static void merge_all(struct volume *volume)
{
    struct pair pair;
    int error = 0;

    while (!error && !volume->store->stopping && open_pair(volume, &pair)) {
        error = merge_pair(volume, &pair);
        files_release(pair.upper);
        layer_close(pair.upper);
    }
    if (error && error != ECANCELED)
        log_warning("volume '%s': merging layers waits: %s", volume->name, strerror(error));
}

static void run_merge(const struct job *job)
{
    atomic_store(&job->volume->merge_queued, false);
    merge_all(job->volume);
}

void merge_later(struct volume *volume)
{
    if (!atomic_exchange(&volume->merge_queued, true))
        jobs_add(volume->store->merge_pool,
                 (struct job){.run = run_merge, .store = volume->store, .volume = volume});
}
