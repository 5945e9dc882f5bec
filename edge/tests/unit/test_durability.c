/* SPDX-License-Identifier: Apache-2.0 */

/* After an unclean stop nothing is taken for durable, and a failed sync is never forgotten. The
 * engine's calls of fsync and fdatasync are watched, and fail when they are told to. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layers.h"
#include "pool.h"
#include "reap.h"
#include "store.h"
#include "volume.h"

#define CALLS_MAX 1000

static pthread_mutex_t calls_lock = PTHREAD_MUTEX_INITIALIZER;
static ino_t call[CALLS_MAX];       /* what was synced, in order */
static int calls, failing;          /* so many syncs are left until all fail; 0: none does */
static _Atomic ino_t failing_file;  /* of which each sync fails */

static int sync_watched(int fd, long number)
{
    struct stat st;

    assert(fstat(fd, &st) == 0);
    pthread_mutex_lock(&calls_lock);
    assert(calls < CALLS_MAX);
    call[calls++] = st.st_ino;
    bool fails = (failing && (failing == 1 || failing-- == 1)) || st.st_ino == failing_file;
    pthread_mutex_unlock(&calls_lock);
    errno = EIO;
    return fails ? -1 : syscall(number, fd);
}

int fdatasync(int fd)
{
    return sync_watched(fd, SYS_fdatasync);
}

int fsync(int fd)
{
    return sync_watched(fd, SYS_fsync);
}

/* Which of the calls synced that file first; -1: none. */
static int first_sync(int directory, const char *name)
{
    struct stat st;

    assert(fstatat(directory, name, &st, 0) == 0);
    for (int i = 0; i < calls; i++)
        if (call[i] == st.st_ino)
            return i;
    return -1;
}

static int first_sync_of(const struct layer *layer, const char *suffix)
{
    char name[LAYER_FILE_NAME_SIZE];

    layer_file_name(&layer->id, suffix, name);
    return first_sync(home.layers, name);
}

/* The process was killed; the next one of the same boot has the layer. */
static struct layer *after_kill(struct layer *layer)
{
    struct uuid id = layer->id;

    layer_close(layer);
    layer_drop(layer);
    home.unclean = true;
    home.failed = home_remembers_failure(&home, NULL);
    layer = layer_new(&home, &id, NULL);
    assert(layer && layer_open(layer) == 0);
    calls = 0;
    return layer;
}

static void end(struct layer *layer)
{
    struct uuid id = layer->id;

    layer_close(layer);
    layer_drop(layer);
    layer_files_remove(&home, &id);
    home_forget_failure(&home, NULL);
    home.unclean = home.failed = false;
}

/* Bits that are in the page cache only may have been written by an engine that was killed before
 * it could sync them. */
static void test_map_of_a_killed_engine_is_synced_before_the_data(void)
{
    struct layer *layer = new_layer(NULL);

    put(layer, 0, 100, '1');
    assert(layer_flush(layer) == 0);
    layer = after_kill(layer);
    assert(layer_needs_flush(layer) && layer_flush(layer) == 0);
    assert(first_sync_of(layer, ".map") >= 0);
    assert(first_sync_of(layer, ".map") < first_sync_of(layer, ".data"));
    end(layer);
}

/* Whichever sync of a flush fails: no later flush succeeds, by this process or the next. */
static void test_failed_sync_is_remembered(void)
{
    int nth = 0, error;

    do {
        struct layer *layer = new_layer(NULL);

        put(layer, 0, 100, '1');
        failing = ++nth;
        error = layer_flush(layer);
        failing = 0;
        assert(error == 0 || error == EIO);
        assert(layer_flush(layer) == error);
        layer = after_kill(layer);
        assert(layer_flush(layer) == error);
        expect(layer, 0, 100, '1');
        end(layer);
    } while (error);
    assert(nth > 3);    /* names, map, data, bits */
}

static struct store *open_store(char *path)
{
    struct store *store = store_open(path, NULL);

    assert(store);
    return store;
}

static void remove_store(struct store *store, const char *path, bool clean)
{
    char command[100];

    assert(store_close(store) == clean);
    snprintf(command, sizeof(command), "rm -r %s", path);
    assert(system(command) == 0);
}

static void create(struct store *store, struct uuid id)
{
    struct volume_info info;
    struct fault fault;

    assert(volume_create(store, "v", 1 << 20, id, "", &info, &fault) == 0);
}

static void write_and_flush(struct volume *volume)
{
    struct fault fault;

    assert(volume_open(volume, &fault) == 0);
    assert(volume_write(volume, "data", 4, 0) == 0 && volume_flush(volume) == 0);
    volume_close(volume);
}

static void test_names_are_synced_before_they_are_believed(void)
{
    char path[] = "/tmp/ovs-edge-store-XXXXXX";

    assert(mkdtemp(path));
    assert(store_close(open_store(path)));
    calls = 0;
    struct store *store = open_store(path);
    assert(first_sync(store->folder.root, ".") >= 0);
    assert(first_sync(store->volumes, ".") >= 0);
    assert(first_sync(store->trash, ".") >= 0);
    assert(first_sync(store->home.layers, ".") >= 0);
    remove_store(store, path, true);
}

static bool count_one(void *count, const char *name)
{
    (void)name;
    ++*(size_t *)count;
    return true;
}

static size_t count_files(int directory)
{
    size_t count = 0;

    assert(folder_visit(directory, count_one, &count));
    return count;
}

static void wait_at_gate(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
}

/* A second volume may have the id of one whose files are still being removed. */
static void test_a_removed_volume_s_id_is_used_again(void)
{
    char path[] = "/tmp/ovs-edge-store-XXXXXX";
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct uuid id;
    struct fault fault;

    assert(mkdtemp(path));
    struct store *store = open_store(path);
    uuid_random(&id);
    pthread_mutex_lock(&gate);
    assert(pool_add(store->reap_pool, NULL, wait_at_gate, &gate));
    for (int i = 0; i < 2; i++) {
        create(store, id);
        struct volume *volume = store_find_name(store, "v");
        write_and_flush(volume);
        assert(volume_remove(volume, &fault) == 0);
        volume_put(volume);
    }
    assert(count_files(store->trash) == 2);
    pthread_mutex_unlock(&gate);
    pool_finish(store->reap_pool);
    assert(count_files(store->trash) == 0 && count_files(store->home.layers) == 0);
    store->reap_pool = pool_new(1);
    remove_store(store, path, true);
}

/* While it is not known which record counts on disk, no file of any may go, and no repeated request
 * is told that it is done. */
static void test_nothing_is_removed_after_a_failed_sync_of_names(void)
{
    char path[] = "/tmp/ovs-edge-store-XXXXXX";
    struct snapshot_info info;
    struct fault fault;
    struct uuid id;
    uint64_t size = 2 << 20;
    struct stat st;
    bool synced = false;

    assert(mkdtemp(path));
    struct store *store = open_store(path);
    create(store, (struct uuid){0});
    struct volume *volume = store_find_name(store, "v");
    uuid_random(&id);
    assert(snapshot_create(volume, "s", id, "", 0, &info, &fault) == 0);
    free(info.metadata);
    while (!synced)
        assert(snapshot_wait_synced(volume, "s", 1000, &synced, &fault) == 0);
    write_and_flush(volume);
    size_t files = count_files(store->home.layers);
    assert(files == 2);
    assert(fstat(store->volumes, &st) == 0);
    failing_file = st.st_ino;
    assert(snapshot_rollback(volume, "s", &fault) == EIO);
    failing_file = 0;
    assert(volume->record->garbage_count == 1);
    assert(volume_truncate(volume, &size, &fault) == EIO);
    assert(snapshot_create(volume, "s", id, "", 0, &info, &fault) == EIO);
    assert(volume_flush(volume) == EIO);
    assert(volume_remove(volume, &fault) == EIO);
    reap_garbage_later(volume);
    pool_finish(store->reap_pool);
    store->reap_pool = pool_new(1);
    assert(count_files(store->home.layers) == files);
    volume_put(volume);
    assert(!store_close(store));

    store = open_store(path);       /* in the same boot */
    volume = store_find_name(store, "v");
    assert(volume_flush(volume) == EIO);
    pool_finish(store->reap_pool);
    store->reap_pool = pool_new(1);
    assert(count_files(store->home.layers) == files);
    volume_put(volume);
    remove_store(store, path, false);
}

int main(void)
{
    open_home();
    test_map_of_a_killed_engine_is_synced_before_the_data();
    test_failed_sync_is_remembered();
    remove_home();
    test_names_are_synced_before_they_are_believed();
    test_a_removed_volume_s_id_is_used_again();
    test_nothing_is_removed_after_a_failed_sync_of_names();
    puts("all good");
    return 0;
}
