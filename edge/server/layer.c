/*
 * Licensed under the Apache License, Version 2.0 (the "License"); you may
 * not use this file except in compliance with the License. You may obtain
 * a copy of the License at
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
 * WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
 * License for the specific language governing permissions and limitations
 * under the License.
 */

#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "log.h"
#include "mapfile.h"

void layer_file_name(const struct uuid *id, const char *suffix, char name[LAYER_FILE_NAME_SIZE])
{
    char hex[UUID_HEX_SIZE];

    uuid_hex(id, hex);
    snprintf(name, LAYER_FILE_NAME_SIZE, "%s%s", hex, suffix);
}

struct layer *layer_new(struct layer_home *home, const struct uuid *id, struct layer *parent)
{
    struct layer *layer = calloc(1, sizeof(*layer));

    if (!layer)
        return NULL;
    layer->id = *id;
    layer->home = home;
    layer->data_fd = layer->map_fd = layer->runtime_fd = -1;
    layer->scrubbed = !home->unclean;
    layer->dirty = home->unclean;   /* a process that died may have left data in the page cache only */
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

static int open_file(struct layer *layer, int directory, const char *suffix, int flags)
{
    char name[LAYER_FILE_NAME_SIZE];

    layer_file_name(&layer->id, suffix, name);
    return openat(directory, name, O_RDWR | O_CLOEXEC | flags, 0600);
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
    int error = map_header_check(layer->map_fd, &layer->id, &why);

    if (error == ENODATA) {     /* created, never flushed, then the power went */
        layer->header_unsynced = true;
        return map_header_write(layer->map_fd, &layer->id);
    }
    if (error == EUCLEAN)
        return damaged(layer, ".map", why);
    return error ? error : map_load(layer->map_fd, MAP_PAGE, layer->map, NULL);
}

static int load_runtime_map(struct layer *layer)
{
    layer->runtime_fd = open_file(layer, layer->home->runtime, "", 0);
    if (layer->runtime_fd < 0)
        return errno == ENOENT ? 0 : errno;
    return map_load(layer->runtime_fd, 0, layer->map, layer->unflushed);
}

static int load(struct layer *layer)
{
    layer->map = map_memory_new(&layer->unflushed);
    if (!layer->map)
        return ENOMEM;
    layer->data_fd = open_file(layer, layer->home->layers, ".data", 0);
    if (layer->data_fd < 0 && errno != ENOENT)
        return errno;
    layer->map_fd = open_file(layer, layer->home->layers, ".map", 0);
    if (layer->map_fd < 0)
        /* the data file is created first, so it may be there alone after a crash */
        return errno == ENOENT ? 0 : errno;
    if (layer->data_fd < 0)
        return damaged(layer, ".data", "it is missing although the map is there");
    int error = load_map(layer);
    return error ? error : load_runtime_map(layer);
}

/* Punches what no bit speaks for out of [from, to). */
static int scrub_range(struct layer *layer, uint64_t from, uint64_t to)
{
    uint64_t end = (to + CLUSTER_SIZE - 1) >> CLUSTER_BITS;
    uint64_t cluster = from >> CLUSTER_BITS;

    while (cluster < end) {
        uint64_t first = cluster;

        while (cluster < end && !layer_owns(layer, cluster))
            cluster++;
        if (cluster > first) {
            int error = disk_punch(layer->data_fd, first << CLUSTER_BITS,
                                   (cluster - first) << CLUSTER_BITS);
            if (error)
                return error;
        }
        while (cluster < end && layer_owns(layer, cluster))
            cluster++;
    }
    return 0;
}

static int scrub(struct layer *layer)
{
    off_t from = 0;

    while (layer->data_fd >= 0 && (from = lseek(layer->data_fd, from, SEEK_DATA)) >= 0) {
        off_t to = lseek(layer->data_fd, from, SEEK_HOLE);

        if (to < 0)
            return errno;
        int error = scrub_range(layer, from, to);
        if (error)
            return error;
        from = to;
    }
    layer->scrubbed = true;
    return 0;
}

static void unload(struct layer *layer)
{
    close_file(layer->data_fd);
    close_file(layer->map_fd);
    close_file(layer->runtime_fd);
    map_memory_free(layer->map);
    layer->data_fd = layer->map_fd = layer->runtime_fd = -1;
    layer->map = NULL;
    layer->unflushed = NULL;
}

static int open_one(struct layer *layer)
{
    if (layer->opens++)
        return 0;
    int error = load(layer);
    if (!error && !layer->scrubbed)
        error = scrub(layer);
    if (error) {
        layer->opens--;
        unload(layer);
    }
    return error;
}

static void close_one(struct layer *layer)
{
    char name[LAYER_FILE_NAME_SIZE];

    if (--layer->opens)
        return;
    if (layer->runtime_fd >= 0 && !layer->failed && !layer->dirty) {
        layer_file_name(&layer->id, "", name);
        unlinkat(layer->home->runtime, name, 0);
    }
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

void layer_drop(struct layer *layer)
{
    struct layer_home *home = layer->home;

    pthread_mutex_lock(&home->lock);
    layer->dropped = true;
    if (!layer->opens)
        layer_free(layer);
    pthread_mutex_unlock(&home->lock);
}

/* Every open of a layer is one of its whole chain, so those that came to the parent through `layer` are as many as its own. */
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
