/* SPDX-License-Identifier: Apache-2.0 */

/* Sets the bits of clusters that a layer owns, and makes data and bits durable in that order. */

#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ahead.h"
#include "clock.h"
#include "disk.h"

static int create_file(struct layer *layer, int directory, const char *suffix, int *fd)
{
    char name[LAYER_FILE_NAME_SIZE];

    layer_file_name(&layer->id, suffix, name);
    return files_open(layer, directory, name, O_CREAT, fd);
}

static int reopen_file(struct layer *layer, int directory, const char *suffix, int *fd)
{
    char name[LAYER_FILE_NAME_SIZE];

    if (*fd != FILE_CLOSED)
        return 0;
    layer_file_name(&layer->id, suffix, name);
    int error = files_open(layer, directory, name, 0, fd);
    if (error)
        *fd = FILE_CLOSED;
    return error == ENOENT && layer->dropped ? ECANCELED : error;
}

/* The map's files are open afterwards if they exist. */
static int reopen_map(struct layer *layer)
{
    int error = reopen_file(layer, layer->home->layers, ".map", &layer->map_fd);

    return error ? error : reopen_file(layer, layer->home->runtime, "", &layer->runtime_fd);
}

static int create_map(struct layer *layer)
{
    int fd, error = create_file(layer, layer->home->layers, ".map", &fd);

    if (error)
        return error;
    error = map_header_write(fd, &layer->id, 0);
    if (error) {    /* an empty map is a good one: nothing owned */
        close(fd);
        return error;
    }
    layer->entries_unsynced = layer->map_unsynced = true;
    layer->map_fd = fd;
    return 0;
}

/* A layer that rests (a merge writes to it) may have forgotten the file since it was made. */
static int open_runtime(struct layer *layer)
{
    if (layer->runtime_fd >= 0)
        return 0;
    return create_file(layer, layer->home->runtime, "", &layer->runtime_fd);
}

static int prepare_locked(struct layer *layer, uint64_t cluster)
{
    unsigned segment = (cluster << CLUSTER_BITS) / SEGMENT_SIZE;
    int error = reopen_map(layer);

    if (!error && layer->data_fd[segment] < 0)
        error = layer_data_create(layer, segment);
    if (!error)
        error = layer_data_reach(layer, cluster << CLUSTER_BITS);
    if (!error && layer->map_fd < 0)
        error = create_map(layer);
    return error ? error : open_runtime(layer);
}

int layer_prepare(struct layer *layer, uint64_t cluster)
{
    int error = files_hold(layer);

    if (error)
        return error;
    pthread_mutex_lock(&layer->map_lock);
    error = prepare_locked(layer, cluster);
    pthread_mutex_unlock(&layer->map_lock);
    files_release(layer);
    return error;
}

static int own_locked(struct layer *layer, uint64_t cluster)
{
    uint64_t byte = cluster >> 3, page = byte / MAP_PAGE_BITS;
    uint8_t value = layer->map.bits[byte] | 1 << (cluster & 7);
    int error = reopen_map(layer);

    /* the full disk is the writer's error, not that of a later flush */
    if (!error && !page_is_marked(layer->map.unflushed, page))
        error = disk_reserve(layer->map_fd, MAP_PAGE + page * MAP_PAGE, MAP_PAGE);
    if (!error)
        error = open_runtime(layer);
    if (!error)
        error = disk_write(layer->runtime_fd, &value, 1, byte);
    if (error)
        return error;
    layer->map.owned++;     /* no cluster counts twice: the caller has looked */
    page_mark(layer->map.occupied, page);
    page_mark(layer->map.unflushed, page);
    atomic_store_explicit(&layer->map.bits[byte], value, memory_order_release);
    return 0;
}

int layer_own(struct layer *layer, uint64_t cluster)
{
    pthread_mutex_lock(&layer->map_lock);
    int error = own_locked(layer, cluster);
    pthread_mutex_unlock(&layer->map_lock);
    return error;
}

struct map_pages {
    int map_fd;                 /* negative: there is no map */
    uint64_t owned;             /* bits that are set, with those of all pages */
    size_t count, capacity;
    struct map_page {
        uint32_t number;
        uint8_t bits[MAP_PAGE_BITS];
    } *page;
};

static bool add_page(struct map_pages *pages)
{
    if (pages->count < pages->capacity)
        return true;
    size_t capacity = pages->capacity ? 2 * pages->capacity : 4;
    void *page = realloc(pages->page, capacity * sizeof(*pages->page));
    if (!page)
        return false;
    pages->page = page;
    pages->capacity = capacity;
    return true;
}

static int copy_page(struct layer *layer, struct map_pages *pages, uint32_t number)
{
    if (!add_page(pages))
        return ENOMEM;
    struct map_page *page = &pages->page[pages->count++];
    page->number = number;
    map_page_copy(&layer->map, number, page->bits);
    return 0;
}

/* What the map has now that ID.map lacks. The data behind each of these bits has been written. */
static int take_unflushed(struct layer *layer, struct map_pages *pages)
{
    pthread_mutex_lock(&layer->map_lock);
    int error = reopen_map(layer);
    pages->map_fd = layer->map_fd;
    pages->owned = layer->map.owned;
    for (uint32_t byte = 0; byte < MAP_MARKS && !error; byte++)
        for (uint32_t bit = 0; layer->map.unflushed[byte] >> bit && !error; bit++)
            if (layer->map.unflushed[byte] >> bit & 1)
                error = copy_page(layer, pages, byte * 8 + bit);
    if (!error)
        memset(layer->map.unflushed, 0, pages->count ? MAP_MARKS : 0);
    pthread_mutex_unlock(&layer->map_lock);
    return error;
}

/* Marks the pages that could not be written as before the flush. */
static void put_back(struct layer *layer, const struct map_pages *pages)
{
    pthread_mutex_lock(&layer->map_lock);
    for (size_t i = 0; i < pages->count; i++)
        page_mark(layer->map.unflushed, pages->page[i].number);
    pthread_mutex_unlock(&layer->map_lock);
    layer->map_unsynced = true;
    layer->dirty = DIRTY_WRITTEN;
}

static int synced(struct layer *layer, int error)
{
    if (!error)
        return 0;
    layer_fail(layer, "sync failed", error);
    return EIO;
}

/* Writes these pages, and how many bits were durable before. */
static int write_pages(struct layer *layer, const struct map_pages *pages)
{
    uint64_t stated = layer->durable;
    int error = 0;

    if (stated != layer->stated)
        error = map_header_write(pages->map_fd, &layer->id, stated);
    for (size_t i = 0; i < pages->count && !error; i++)
        error = map_page_write(pages->map_fd, &layer->id, pages->page[i].number,
                               pages->page[i].bits);
    if (!error)
        error = synced(layer, disk_sync_data(pages->map_fd));
    if (error)
        return error;
    layer->stated = stated;
    layer->durable = pages->owned;
    return 0;
}

/* The longer it takes, the sooner the next data is written ahead. */
static int sync_data(struct layer *layer)
{
    uint64_t length = atomic_exchange(&layer->ahead, 0);
    long long begun = now_ms();
    int error = layer_data_sync(layer);

    ahead_learn(layer->home, length, now_ms() - begun);
    return error;
}

/*
 * The order is the proof: names and what the map has, then the data, then the bits that speak for
 * it. A power loss between two steps leaves bits that are missing, never bits whose data is missing.
 * A page of bits may be torn by a power loss: each sector then has old or new bits, and either is
 * right, for bits only go from 0 to 1.
 */
static int sync_in_order(struct layer *layer, const struct map_pages *pages)
{
    int error = 0;

    if (atomic_exchange(&layer->entries_unsynced, false))
        error = home_sync_names(layer->home, layer->home->layers);
    if (!error && pages->map_fd >= 0 && atomic_exchange(&layer->map_unsynced, false))
        error = synced(layer, disk_sync_data(pages->map_fd));
    if (!error)
        error = synced(layer, sync_data(layer));
    if (!error && (pages->count || layer->stated != layer->durable))
        error = write_pages(layer, pages);
    return error;
}

static int flush_held(struct layer *layer)
{
    struct map_pages pages = {0};
    int error = take_unflushed(layer, &pages);

    if (!error)
        error = sync_in_order(layer, &pages);
    if (error)
        put_back(layer, &pages);
    free(pages.page);
    return error;
}

static int flush_locked(struct layer *layer)
{
    if (layer->failed || layer->home->failed)
        return EIO;
    int dirty = atomic_exchange(&layer->dirty, DIRTY_NOT);
    if (!dirty && layer->stated == layer->durable)
        return 0;
    int error = files_hold(layer);
    if (error) {
        atomic_compare_exchange_strong(&layer->dirty, &(int){DIRTY_NOT}, dirty);
    } else {
        error = flush_held(layer);
        files_release(layer);
    }
    return error == ECANCELED ? 0 : error;  /* dropped: there is nothing left to make durable */
}

/* Flushes of one layer follow each other: the second may only return when what the first took is
 * on disk. */
int layer_flush(struct layer *layer)
{
    pthread_mutex_lock(&layer->flush_lock);
    /* before `dirty` is taken: layer_needs_flush reads them in the other order */
    layer->flushing = true;
    int error = flush_locked(layer);
    layer->flushing = false;
    pthread_mutex_unlock(&layer->flush_lock);
    if (layer->frozen)
        layer_rest(layer);
    return error;
}

bool layer_needs_flush(const struct layer *layer)
{
    return layer->dirty || layer->flushing || layer->stated != layer->durable || layer->failed
        || layer->home->failed;
}
