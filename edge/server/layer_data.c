/* SPDX-License-Identifier: Apache-2.0 */

/* Reads and writes a layer's data as one range of bytes over its segment files. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "layer.h"

static size_t part_of_segment(uint64_t offset, uint64_t length)
{
    uint64_t rest = SEGMENT_SIZE - offset % SEGMENT_SIZE;

    return length < rest ? length : rest;
}

int layer_data_read(struct layer *layer, void *data, size_t length, uint64_t offset, bool nowait)
{
    int error = files_hold(layer);

    if (error)
        return error;

    while (length && !error) {
        size_t part = part_of_segment(offset, length);
        int fd = layer->data_fd[offset / SEGMENT_SIZE];

        error = fd < 0 ? EIO : disk_read_inside(fd, data, part, offset % SEGMENT_SIZE, nowait);
        data = (uint8_t *)data + part;
        offset += part;
        length -= part;
    }
    files_release(layer);
    return error;
}

int layer_data_write(struct layer *layer, const void *data, size_t length, uint64_t offset)
{
    int error = files_hold(layer);

    if (error)
        return error;

    while (length && !error) {
        size_t part = part_of_segment(offset, length);
        int fd = layer->data_fd[offset / SEGMENT_SIZE];

        error = disk_write(fd, data, part, offset % SEGMENT_SIZE);
        data = (const uint8_t *)data + part;
        offset += part;
        length -= part;
    }
    files_release(layer);
    return error;
}

int layer_data_reach(struct layer *layer, uint64_t offset)
{
    unsigned segment = offset / SEGMENT_SIZE;
    uint64_t end = offset % SEGMENT_SIZE / CLUSTER_SIZE * CLUSTER_SIZE + CLUSTER_SIZE;
    int error = 0;

    if (end > layer->data_end[segment])
        error = disk_extend(layer->data_fd[segment], end);
    if (!error && end > layer->data_end[segment])
        layer->data_end[segment] = end;
    return error;
}

int layer_data_punch(struct layer *layer, uint64_t length, uint64_t offset)
{
    int error = files_hold(layer);

    if (error)
        return error;

    while (length && !error) {
        uint64_t part = part_of_segment(offset, length);
        int fd = layer->data_fd[offset / SEGMENT_SIZE];

        if (fd >= 0)
            error = disk_punch(fd, offset % SEGMENT_SIZE, part);
        offset += part;
        length -= part;
    }
    files_release(layer);
    return error;
}

int layer_data_sync(struct layer *layer)
{
    int error = 0;

    for (unsigned i = 0; i < SEGMENTS && !error; i++)
        if (layer->data_fd[i] >= 0)
            error = disk_sync_data(layer->data_fd[i]);
    return error;
}

int layer_data_open(struct layer *layer)
{
    char name[LAYER_FILE_NAME_SIZE];
    int error = 0;
    struct stat st;

    layer->files_closed = false;
    for (unsigned i = 0; i < SEGMENTS && !error; i++) {
        int fd;

        layer_segment_name(&layer->id, i, name);
        error = files_open(layer, layer->home->layers, name, 0, &fd);
        layer->data_fd[i] = fd;
        layer->data_end[i] = 0;
        if (!error)
            error = fstat(fd, &st) < 0 ? errno : 0;
        if (!error && fd >= 0)
            layer->data_end[i] = st.st_size;
        if (error == ENOENT)
            error = 0;
    }
    return error;
}

int layer_data_create(struct layer *layer, unsigned segment)
{
    char name[LAYER_FILE_NAME_SIZE];
    int fd;

    layer_segment_name(&layer->id, segment, name);
    int error = files_open(layer, layer->home->layers, name, O_CREAT, &fd);
    if (error)
        return error;
    layer->entries_unsynced = true;
    layer->data_end[segment] = 0;
    layer->data_fd[segment] = fd;
    return 0;
}

/* Handles data that no bit speaks for. */
typedef int handle_strays(struct layer *layer, uint64_t length, uint64_t offset);

static int walk_range(struct layer *layer, uint64_t from, uint64_t to, handle_strays *handle)
{
    uint64_t end = (to + CLUSTER_SIZE - 1) >> CLUSTER_BITS;
    uint64_t cluster = from >> CLUSTER_BITS;

    while (cluster < end) {
        uint64_t first = cluster;

        while (cluster < end && !layer_owns(layer, cluster))
            cluster++;
        if (cluster > first) {
            int error = handle(layer, (cluster - first) << CLUSTER_BITS, first << CLUSTER_BITS);
            if (error)
                return error;
        }
        while (cluster < end && layer_owns(layer, cluster))
            cluster++;
    }
    return 0;
}

static int walk_segment(struct layer *layer, unsigned segment, handle_strays *handle)
{
    uint64_t start = segment * SEGMENT_SIZE;
    int fd = layer->data_fd[segment];
    off_t from = 0;

    while (fd >= 0 && (from = lseek(fd, from, SEEK_DATA)) >= 0) {
        off_t to = lseek(fd, from, SEEK_HOLE);

        if (to < 0)
            return errno;
        int error = walk_range(layer, start + from, start + to, handle);
        if (error)
            return error;
        from = to;
    }
    return 0;
}

static int walk(struct layer *layer, handle_strays *handle)
{
    int error = 0;

    for (unsigned i = 0; i < SEGMENTS && !error; i++)
        error = walk_segment(layer, i, handle);
    return error;
}

int layer_data_scrub(struct layer *layer)
{
    return walk(layer, layer_data_punch);
}

static int stop_at_strays(struct layer *layer, uint64_t length, uint64_t offset)
{
    (void)layer;
    (void)length;
    (void)offset;
    return EEXIST;
}

bool layer_data_has_strays(struct layer *layer)
{
    return walk(layer, stop_at_strays) == EEXIST;
}

bool layer_data_is_complete(const struct layer *layer)
{
    /* an engine of version 1 did not round a file's end up */
    uint64_t more = layer->map.version == 1 ? CLUSTER_SIZE - 1 : 0;

    for (unsigned i = 0; i < SEGMENTS; i++) {
        uint64_t first = i * (SEGMENT_SIZE >> CLUSTER_BITS);
        uint64_t end = first + (SEGMENT_SIZE >> CLUSTER_BITS);
        uint64_t reached = (layer->data_end[i] + more) >> CLUSTER_BITS;

        if (map_next(&layer->map, first + reached, end) < end)
            return false;
    }
    return true;
}

int layer_data_complete(struct layer *layer)
{
    int error = 0;

    for (unsigned i = 0; i < SEGMENTS && !error; i++)
        if (layer->data_end[i] % CLUSTER_SIZE)
            error = layer_data_reach(layer, i * SEGMENT_SIZE + layer->data_end[i]);
    return error;
}

uint64_t layer_data_stored(const struct layer *layer)
{
    char name[LAYER_FILE_NAME_SIZE];
    uint64_t stored = 0;
    struct stat st;

    for (unsigned i = 0; i < SEGMENTS; i++) {
        layer_segment_name(&layer->id, i, name);
        if (fstatat(layer->home->layers, name, &st, 0) == 0)
            stored += st.st_blocks * 512ull;
    }
    return stored;
}

void layer_data_remove(struct layer_home *home, const struct uuid *id)
{
    char name[LAYER_FILE_NAME_SIZE];

    for (unsigned i = 0; i < SEGMENTS; i++) {
        layer_segment_name(id, i, name);
        unlinkat(home->layers, name, 0);
    }
}
