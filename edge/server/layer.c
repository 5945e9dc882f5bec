/* SPDX-License-Identifier: Apache-2.0 */

/* Makes, opens, closes, freezes and drops layers. */

#include "layer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "log.h"

struct layer *layer_new(struct layer_home *home, const struct uuid *id, struct layer *parent)
{
    struct layer *layer = calloc(1, sizeof(*layer));

    if (!layer)
        return NULL;
    layer->id = *id;
    layer->home = home;
    layer->map_fd = layer->runtime_fd = FILE_NONE;
    for (int i = 0; i < SEGMENTS; i++)
        layer->data_fd[i] = FILE_NONE;
    layer->scrubbed = !home->unclean;
    /* a process that died may have left data in the page cache only */
    layer->dirty = home->unclean ? DIRTY_INHERITED : DIRTY_NOT;
    layer->map_unsynced = home->unclean;
    atomic_init(&layer->parent, parent);
    pthread_mutex_init(&layer->map_lock, NULL);
    pthread_mutex_init(&layer->flush_lock, NULL);
    for (int i = 0; i < FILL_LOCKS; i++)
        pthread_mutex_init(&layer->fill[i], NULL);
    return layer;
}

static void layer_free(struct layer *layer)
{
    pthread_mutex_destroy(&layer->map_lock);
    pthread_mutex_destroy(&layer->flush_lock);
    for (int i = 0; i < FILL_LOCKS; i++)
        pthread_mutex_destroy(&layer->fill[i]);
    free(layer);
}

/* FILE_NONE if it does not exist. */
static int open_file(struct layer *layer, int directory, const char *suffix, int *fd)
{
    char name[LAYER_FILE_NAME_SIZE];

    layer_file_name(&layer->id, suffix, name);
    int error = files_open(layer, directory, name, 0, fd);
    return error == ENOENT ? 0 : error;
}

static void close_file(int fd)
{
    if (fd >= 0)
        close(fd);
}

static int damaged(struct layer *layer, const char *suffix, const char *why)
{
    char name[LAYER_FILE_NAME_SIZE];

    layer_file_name(&layer->id, suffix, name);
    log_error("layers/%s: %s; refusing to use it (see ovs-edge check)", name, why);
    return EUCLEAN;
}

static int load_map(struct layer *layer)
{
    const char *why;
    int error = map_load(&layer->map, layer->map_fd, &layer->id, &why);

    layer->stated = layer->map.stated;
    layer->durable = layer->map.owned;
    if (error == ENODATA) {     /* created, never flushed, then the power went */
        error = map_header_write(layer->map_fd, &layer->id, 0);
        return error ? error : disk_sync_data(layer->map_fd);
    }
    return error == EUCLEAN ? damaged(layer, ".map", why) : error;
}

static int load_runtime_map(struct layer *layer)
{
    int error = open_file(layer, layer->home->runtime, "", &layer->runtime_fd);

    if (layer->home->unclean && home_remembers_failure(layer->home, &layer->id))
        layer->failed = true;
    if (error || layer->runtime_fd == FILE_NONE)
        return error;
    if (layer->frozen)
        layer->dirty = DIRTY_WRITTEN;   /* as good as: it was written to and not flushed */
    return map_load_runtime(&layer->map, layer->runtime_fd);
}

static int load(struct layer *layer)
{
    if (!map_new(&layer->map))
        return ENOMEM;
    int error = layer_data_open(layer);
    if (error)
        return error;
    error = open_file(layer, layer->home->layers, ".map", &layer->map_fd);
    if (error)
        return error;
    /* the data file is created first, so it may be there alone after a crash, and is empty then */
    if (layer->map_fd == FILE_NONE)
        return !layer->home->unclean && layer_data_has_strays(layer)
            ? damaged(layer, ".map", "it is missing although the data is there") : 0;
    error = load_map(layer);
    if (!error)
        error = load_runtime_map(layer);
    if (!error && layer->map.version == 1)
        error = layer_upgrade(layer);
    if (!error && !layer_data_is_complete(layer))
        error = damaged(layer, ".data",
                        "it, or a later segment, is missing or cut off: its map says more");
    return error;
}

/* Removes the runtime map of a flushed layer: the next process does not need it. */
static void forget_runtime(struct layer *layer)
{
    char name[LAYER_FILE_NAME_SIZE];

    if (layer->runtime_fd == FILE_NONE || layer->failed || layer->dirty)
        return;
    layer_file_name(&layer->id, "", name);
    unlinkat(layer->home->runtime, name, 0);
    close_file(layer->runtime_fd);
    layer->runtime_fd = FILE_NONE;
}

static void rest(int *fd)
{
    close_file(*fd);
    if (*fd != FILE_NONE)
        *fd = FILE_CLOSED;
}

/* The holder of `flush_lock` calls this again when it gives the lock back. */
void layer_rest(struct layer *layer)
{
    if (pthread_mutex_trylock(&layer->flush_lock))
        return;
    if (layer->dirty != DIRTY_WRITTEN) {
        pthread_mutex_lock(&layer->map_lock);
        forget_runtime(layer);
        rest(&layer->map_fd);
        rest(&layer->runtime_fd);
        pthread_mutex_unlock(&layer->map_lock);
        files_rest(layer);
    }
    pthread_mutex_unlock(&layer->flush_lock);
}

static void unload(struct layer *layer)
{
    files_close(layer);
    close_file(layer->map_fd);
    close_file(layer->runtime_fd);
    map_free(&layer->map);
    layer->map_fd = layer->runtime_fd = FILE_NONE;
    layer->stated = layer->durable = 0;
}

static int open_one(struct layer *layer)
{
    if (layer->opens++)
        return 0;
    int error = load(layer);
    if (!error && !layer->scrubbed) {
        error = layer_data_scrub(layer);
        layer->scrubbed = !error;
    }
    if (error) {
        layer->opens--;
        unload(layer);
    } else if (layer->frozen) {
        layer_rest(layer);
    }
    return error;
}

static void close_one(struct layer *layer)
{
    assert(layer->opens > 0);
    if (--layer->opens)
        return;
    forget_runtime(layer);
    unload(layer);
    if (layer->dropped)
        layer_free(layer);
}

static void close_down_to(struct layer *layer, struct layer *end)
{
    while (layer != end) {
        struct layer *parent = layer->parent;

        close_one(layer);
        layer = parent;
    }
}

static int open_chain(struct layer *top)
{
    for (struct layer *layer = top; layer; layer = layer->parent) {
        int error = open_one(layer);

        if (error) {
            close_down_to(top, layer);
            return error;
        }
    }
    return 0;
}

int layer_open(struct layer *layer)
{
    pthread_mutex_lock(&layer->home->lock);
    int error = open_chain(layer);
    pthread_mutex_unlock(&layer->home->lock);
    return error;
}

void layer_close(struct layer *layer)
{
    struct layer_home *home = layer->home;

    pthread_mutex_lock(&home->lock);
    close_down_to(layer, NULL);
    pthread_mutex_unlock(&home->lock);
}

void layer_freeze(struct layer *layer)
{
    layer->frozen = true;
    layer_rest(layer);
}

void layer_drop(struct layer *layer)
{
    struct layer_home *home = layer->home;

    pthread_mutex_lock(&home->lock);
    layer->dropped = true;
    if (!layer->opens)
        layer_free(layer);
    pthread_mutex_unlock(&home->lock);
}

/* Every open of a layer is one of its whole chain, so those that came to the parent through
 * `layer` are as many as its own. */
struct layer *layer_bypass_parent(struct layer *layer, unsigned *opens)
{
    pthread_mutex_lock(&layer->home->lock);
    struct layer *parent = layer->parent;
    *opens = layer->opens;
    atomic_store(&layer->parent, atomic_load(&parent->parent));
    pthread_mutex_unlock(&layer->home->lock);
    return parent;
}

void layer_drop_bypassed(struct layer *layer, unsigned opens)
{
    struct layer_home *home = layer->home;

    pthread_mutex_lock(&home->lock);
    layer->dropped = true;
    while (opens--)
        close_one(layer);
    pthread_mutex_unlock(&home->lock);
}

void layer_files_remove(struct layer_home *home, const struct uuid *id)
{
    char name[LAYER_FILE_NAME_SIZE];

    /* the map first: a map without data would be damage */
    layer_file_name(id, ".map", name);
    unlinkat(home->layers, name, 0);
    layer_file_name(id, ".map.tmp", name);
    unlinkat(home->layers, name, 0);
    layer_data_remove(home, id);
    layer_file_name(id, "", name);
    unlinkat(home->runtime, name, 0);
    home_forget_failure(home, id);
}
