/* SPDX-License-Identifier: Apache-2.0 */

/* Opens a store, finds what the last engine left to do, and closes it. */

#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ahead.h"
#include "clock.h"
#include "disk.h"
#include "jobs.h"
#include "load.h"
#include "log.h"
#include "merge.h"
#include "reap.h"
#include "volume.h"
#include "watchdog.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

static bool find_boot_id(struct store *store, const char *given)
{
    size_t length = 0;
    char text[BOOT_ID_MAX + 1] = "";

    if (given) {
        length = strlen(given);
    } else {
        /* its size is 0 as far as stat can tell */
        int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, BOOT_ID_MAX);

        if (fd >= 0)
            close(fd);
        length = n < 0 ? 0 : strcspn(text, "\n");
        given = text;
    }
    if (length < 1 || length > BOOT_ID_MAX || memchr(given, '/', length) || given[0] == '.') {
        log_error("no usable boot id: it has 1 to %d characters and no '/'", BOOT_ID_MAX);
        return false;
    }
    memcpy(store->boot_id, given, length);
    store->boot_id[length] = '\0';
    return true;
}

/* Without holes in files, trimmed space would read as old data. */
static bool check_file_system(struct store *store)
{
    int fd = openat(store->folder.runtime, "probe", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : disk_write(fd, "probe", 5, 0);

    if (!error || error == ENOSPC)
        error = disk_punch(fd, 0, CLUSTER_SIZE);
    if (fd >= 0)
        close(fd);
    unlinkat(store->folder.runtime, "probe", 0);
    if (error)
        log_error("the file system cannot punch holes: %s; use ext4, XFS, Btrfs or tmpfs",
                  strerror(error));
    return !error;
}

struct runtime_scan {
    struct store *store;
    bool unclean, other_boot;
};

static bool remove_file(void *context, const char *name)
{
    unlinkat(*(int *)context, name, 0);
    return true;
}

static void remove_runtime(struct store *store, const char *name)
{
    int fd = openat(store->folder.runtime, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        folder_visit(fd, remove_file, &fd);
        close(fd);
    }
    unlinkat(store->folder.runtime, name, AT_REMOVEDIR);
}

static bool note_runtime(void *context, const char *name)
{
    struct runtime_scan *scan = context;

    scan->unclean = true;
    if (strcmp(name, scan->store->boot_id))
        scan->other_boot = true;
    return true;
}

static bool remove_other_boot(void *context, const char *name)
{
    struct runtime_scan *scan = context;

    if (strcmp(name, scan->store->boot_id))
        remove_runtime(scan->store, name);
    return true;
}

/* That the store is in use must be on disk before the first write, so that a later start knows. */
static bool open_runtime(struct store *store, struct runtime_scan *scan)
{
    int runtime = store->folder.runtime;

    scan->store = store;
    folder_visit(runtime, note_runtime, scan);
    if (mkdirat(runtime, store->boot_id, 0700) < 0 && errno != EEXIST) {
        log_error("runtime/%s: %s", store->boot_id, strerror(errno));
        return false;
    }
    store->home.runtime = openat(runtime, store->boot_id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = store->home.runtime < 0 ? errno : disk_sync_directory(runtime);
    if (error) {
        log_error("runtime/%s: %s", store->boot_id, strerror(error));
        return false;
    }
    folder_visit(runtime, remove_other_boot, scan);
    store->home.unclean = scan->unclean;
    store->home.failed = home_remembers_failure(&store->home, NULL);
    if (scan->unclean)
        log_info("the last engine did not stop cleanly%s",
                 scan->other_boot ? " and its host went down"
                     : "; taking over what it had acknowledged");
    return true;
}

/* Syncs the names: changes by the last engine may be in the page cache only, and this engine
 * believes them from here on. It serves a store that it cannot sync for reading. */
static void sync_names(struct store *store)
{
    int directories[] = {store->folder.root, store->volumes, store->trash, store->home.layers};

    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
        home_sync_names(&store->home, directories[i]);
    if (store->home.failed)
        log_error("a sync of names has failed since the host was started: no flush succeeds, and no "
                  "volume can be changed; hint: repair the disk and restart the host");
}

static struct store *store_new(const struct folder *folder)
{
    struct store *store = calloc(1, sizeof(*store));

    if (!store) {
        log_error("no memory for the store");
        return NULL;
    }
    store->folder = *folder;
    store->volumes = folder->volumes;
    store->trash = folder->trash;
    store->home.layers = folder->layers;
    store->home.ahead_limit = AHEAD_MOST;
    store->home.runtime = store->reserve.fd = -1;
    store->id = folder->id;
    uuid_random(&store->instance);
    pthread_mutex_init(&store->home.lock, NULL);
    pthread_mutex_init(&store->index_lock, NULL);
    pthread_mutex_init(&store->sync_lock, NULL);
    clock_condition_init(&store->sync_changed);
    return store;
}

static void store_free(struct store *store)
{
    if (store->home.runtime >= 0)
        close(store->home.runtime);
    reserve_close(&store->reserve);
    folder_close(&store->folder);
    pthread_cond_destroy(&store->sync_changed);
    pthread_mutex_destroy(&store->sync_lock);
    pthread_mutex_destroy(&store->index_lock);
    pthread_mutex_destroy(&store->home.lock);
    free(store->index.by_name);
    free(store->index.by_id);
    free(store);
}

static void warn_unsynced(struct volume *volume, const struct snapshot *snapshot)
{
    log_warning("volume '%s': snapshot '%s' was not known to be synced when the host went down: "
                "it has what was flushed, and may lack writes that were not", volume->name,
                snapshot->name);
}

/* What the last engine left to do. */
static void queue_leftovers(struct volume *volume, void *context)
{
    const struct runtime_scan *scan = context;
    struct record *record = volume->record;

    for (size_t i = 0; i < record->slot_count; i++) {
        const struct snapshot *snapshot = record->slots[i].snapshot;

        if (!snapshot || snapshot->synced)
            continue;
        if (scan->other_boot)
            warn_unsynced(volume, snapshot);
        snapshot_seal_later(volume, &snapshot->id);
    }
    if (record->garbage_count)
        reap_garbage_later(volume);
    if (scan->unclean)
        volume_settle_later(volume);
    if (merge_wanted(volume))
        merge_later(volume);
}

static bool queue_trash(void *context, const char *name)
{
    struct uuid id;

    if (folder_name_is_id(name, &id))
        reap_trash_later(context, &id);
    return true;
}

static bool start(struct store *store, const char *boot_id)
{
    struct runtime_scan scan = {0};

    if (!find_boot_id(store, boot_id) || !check_file_system(store) || !open_runtime(store, &scan))
        return false;
    sync_names(store);
    if (!load_volumes(store) || !reserve_open(&store->reserve, store->folder.root))
        return false;
    if (jobs_start(store)) {
        log_error("cannot start threads");
        return false;
    }
    store_for_each(store, queue_leftovers, &scan);
    folder_visit(store->trash, queue_trash, store);
    return true;
}

struct store *store_open(const char *path, const char *boot_id)
{
    struct folder folder;

    if (!folder_open(&folder, path, true))
        return NULL;
    struct store *store = store_new(&folder);
    if (!store) {
        folder_close(&folder);
        return NULL;
    }
    if (!start(store, boot_id)) {
        store_close(store);
        return NULL;
    }
    return store;
}

/* Clean: all that was written is flushed, and no layer can have data that no bit speaks for. */
static void finish_volume(struct volume *volume, void *context)
{
    bool *clean = context;
    struct record *record = volume->record;

    if (volume_flush(volume))
        *clean = false;
    for (size_t i = 0; i < record->slot_count; i++)
        if (!record->slots[i].layer->scrubbed || layer_needs_flush(record->slots[i].layer))
            *clean = false;
}

/* Volumes go in any order here, so none may count down the clones of a parent that is gone. */
static void forget_base(struct volume *volume, void *context)
{
    (void)context;
    volume->base = NULL;
}

static void forget_all(struct store *store)
{
    store_for_each(store, forget_base, NULL);
    while (store->index.count) {
        struct volume *volume = store->index.by_name[store->index.count - 1];

        volume_drop_layers(volume);
        store_forget(store, volume);
    }
}

bool store_close(struct store *store)
{
    bool served = store->seal_pool != NULL, clean = true;

    watchdog_note("the background work of the store");
    jobs_finish(store);
    watchdog_note("the last flush of the volumes");
    if (served)
        store_for_each(store, finish_volume, &clean);
    forget_all(store);
    if (served && clean)
        remove_runtime(store, store->boot_id);
    store_free(store);
    return clean;
}

int store_usage(struct store *store, struct store_usage *usage)
{
    struct statvfs fs;

    if (fstatvfs(store->folder.root, &fs) < 0)
        return errno;
    usage->total = (uint64_t)fs.f_blocks * fs.f_frsize;
    usage->free = (uint64_t)fs.f_bavail * fs.f_frsize;
    usage->used = usage->total - usage->free;
    pthread_mutex_lock(&store->index_lock);
    usage->volumes = store->index.count;
    pthread_mutex_unlock(&store->index_lock);
    return 0;
}

static void resume_merge(struct volume *volume, void *context)
{
    (void)context;
    if (merge_wanted(volume))
        merge_later(volume);
}

void store_tick(struct store *store)
{
    reserve_refill(&store->reserve);
    store_for_each(store, resume_merge, NULL);
}
