/* SPDX-License-Identifier: Apache-2.0 */

/* Runs background work. */

#include "jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "log.h"
#include "merge.h"
#include "pool.h"
#include "store.h"
#include "volume.h"

#define SEAL_THREADS 4

struct job {
    struct store *store;
    struct volume *volume;
    struct uuid id;
};

int jobs_start(struct store *store)
{
    store->seal_pool = pool_new(SEAL_THREADS);
    store->merge_pool = pool_new(1);
    store->home.ahead_pool = pool_new(1);
    store->reap_pool = pool_new(1);
    return store->seal_pool && store->merge_pool && store->reap_pool && store->home.ahead_pool
        ? 0 : EAGAIN;
}

void jobs_finish(struct store *store)
{
    store->stopping = true;
    pool_finish(store->merge_pool);
    pool_finish(store->seal_pool);
    pool_finish(store->reap_pool);
    pool_finish(store->home.ahead_pool);    /* the last: the others may write, too */
    store->home.ahead_pool = NULL;
    store->merge_pool = store->seal_pool = store->reap_pool = NULL;
}

static void job_free(struct job *job)
{
    if (job->volume)
        volume_put(job->volume);
    free(job);
}

/* A job that cannot be queued for want of memory is left for the next start. */
static void add(struct pool *pool, void (*run)(void *), struct store *store, struct volume *volume,
                const struct uuid *id)
{
    struct job *job = calloc(1, sizeof(*job));

    if (job) {
        job->store = store;
        job->volume = volume ? volume_get(volume) : NULL;
        if (id)
            job->id = *id;
        if (pool_add(pool, NULL, run, job))
            return;
        job_free(job);
    }
    log_error("no memory for background work; it is made up for at the next start");
}

static void run_seal(void *argument)
{
    struct job *job = argument;
    int error = snapshot_seal(job->volume, &job->id);

    if (error && !job->volume->removed)
        log_error("volume '%s': a snapshot cannot be synced: %s", job->volume->name,
                  strerror(error));
    job_free(job);
}

void job_seal(struct volume *volume, const struct uuid *snapshot)
{
    add(volume->store->seal_pool, run_seal, volume->store, volume, snapshot);
}

static void run_settle(void *argument)
{
    struct job *job = argument;
    struct fault fault;

    if (!job->store->stopping && !volume_open(job->volume, &fault))
        volume_close(job->volume);
    job_free(job);
}

void job_settle(struct volume *volume)
{
    add(volume->store->merge_pool, run_settle, volume->store, volume, NULL);
}

static void run_unload(void *argument)
{
    struct job *job = argument;

    volume_unload(job->volume);
    job_free(job);
}

void job_unload(struct volume *volume)
{
    add(volume->store->seal_pool, run_unload, volume->store, volume, NULL);
}

static void run_merge(void *argument)
{
    struct job *job = argument;

    atomic_store(&job->volume->merge_queued, false);
    merge_volume(job->volume);
    job_free(job);
}

void job_merge(struct volume *volume)
{
    if (!atomic_exchange(&volume->merge_queued, true))
        add(volume->store->merge_pool, run_merge, volume->store, volume, NULL);
}

static void remove_layers(struct store *store, const struct uuid *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        layer_files_remove(&store->home, &ids[i]);
}

static struct uuid *copy_garbage(struct volume *volume, size_t *count)
{
    const struct record *record = volume->record;
    struct uuid *ids = calloc(record->garbage_count + 1, sizeof(*ids));

    *count = ids ? record->garbage_count : 0;
    if (*count)
        memcpy(ids, record->garbage, *count * sizeof(*ids));
    return ids;
}

/* New names are only ever added at the end, and only this thread removes any: those are still
 * the first. */
static void forget_garbage(struct record *record, size_t count)
{
    record->garbage_count -= count;
    memmove(record->garbage, record->garbage + count,
            record->garbage_count * sizeof(*record->garbage));
}

/* Names may only be forgotten once their files are durably gone. Removing takes long: `control`
 * is not held meanwhile. */
static void run_reap_garbage(void *argument)
{
    struct job *job = argument;
    struct volume *volume = job->volume;
    struct fault fault;
    size_t count;

    /* at the end nothing is removed any more: the record still names it at the next start */
    if (!job->store->stopping && !volume_lock(volume, &fault)) {
        struct uuid *ids = copy_garbage(volume, &count);
        /* an older record that still counts on disk may need them */
        bool durable = !volume_sync_record(volume);

        volume_unlock(volume);
        if (durable)
            remove_layers(job->store, ids, count);
        free(ids);
        if (durable && !home_sync_names(&job->store->home, job->store->home.layers)
            && !volume_lock(volume, &fault)) {
            forget_garbage(volume->record, count);
            volume_unlock(volume);
        }
    }
    job_free(job);
}

void job_reap_garbage(struct volume *volume)
{
    add(volume->store->reap_pool, run_reap_garbage, volume->store, volume, NULL);
}

static void reap_trash(struct store *store, const char *hex)
{
    const char *why;
    struct record *record = record_load(store->trash, hex, &why);

    if (!record) {
        log_error("trash/%s: %s; its files stay", hex, why);
        return;
    }
    for (size_t i = 0; i < record->slot_count; i++)
        layer_files_remove(&store->home, &record->slots[i].layer_id);
    remove_layers(store, record->garbage, record->garbage_count);
    if (!home_sync_names(&store->home, store->home.layers))
        unlinkat(store->trash, hex, 0);
    record_free_with_snapshots(record);
}

static void run_reap_trash(void *argument)
{
    struct job *job = argument;
    char hex[UUID_HEX_SIZE];

    uuid_hex(&job->id, hex);
    /* after a failed sync the record may be back in volumes/ after the next boot */
    if (!job->store->stopping && !job->store->home.failed)
        reap_trash(job->store, hex);
    job_free(job);
}

void job_reap_trash(struct store *store, const struct uuid *id)
{
    add(store->reap_pool, run_reap_trash, store, NULL, id);
}
