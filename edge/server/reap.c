/* SPDX-License-Identifier: Apache-2.0 */

/* Removes the files of layers that left their volumes, and of removed volumes. */

#include "reap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jobs.h"
#include "log.h"
#include "store.h"
#include "volume.h"

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
static void reap_garbage(const struct job *job)
{
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
}

void reap_garbage_later(struct volume *volume)
{
    jobs_add(volume->store->reap_pool,
             (struct job){.run = reap_garbage, .store = volume->store, .volume = volume});
}

static void remove_trash(struct store *store, const char *hex)
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

static void reap_trash(const struct job *job)
{
    char hex[UUID_HEX_SIZE];

    uuid_hex(&job->id, hex);
    /* after a failed sync the record may be back in volumes/ after the next boot */
    if (!job->store->stopping && !job->store->home.failed)
        remove_trash(job->store, hex);
}

void reap_trash_later(struct store *store, const struct uuid *id)
{
    jobs_add(store->reap_pool, (struct job){.run = reap_trash, .store = store, .id = *id});
}
