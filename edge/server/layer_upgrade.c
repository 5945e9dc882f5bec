/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Brings the files of a layer from version 1 to today's.
 *
 * Version 1 of ID.map had no checksums, and a data file could end inside its last cluster. All that
 * the layer has is synced, then today's map, with all bits, takes the place of the old one: whatever
 * fails or stops in between, one of the two counts, and says the same.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "disk.h"
#include "layer.h"
#include "log.h"

static int write_map(struct layer *layer, int fd)
{
    uint8_t bits[MAP_PAGE_BITS];
    int error = map_header_write(fd, &layer->id, layer->map.owned);

    for (uint32_t page = 0; page < MAP_PAGES && !error; page++) {
        if (!page_is_marked(layer->map.occupied, page))
            continue;
        map_page_copy(&layer->map, page, bits);
        error = map_page_write(fd, &layer->id, page, bits);
    }
    return error ? error : disk_sync_data(fd);
}

static int replace_map(struct layer *layer)
{
    char name[LAYER_FILE_NAME_SIZE], staged[LAYER_FILE_NAME_SIZE];

    layer_file_name(&layer->id, ".map", name);
    layer_file_name(&layer->id, ".map.tmp", staged);
    int fd = openat(layer->home->layers, staged, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    int error = write_map(layer, fd);
    if (!error)
        error = disk_publish(layer->home->layers, name);
    if (error) {
        close(fd);
        disk_unstage(layer->home->layers, name);
        return error;
    }
    close(layer->map_fd);
    layer->map_fd = fd;
    layer->entries_unsynced = true;
    log_info("layers/%s: brought from version 1 to %d", name, MAP_VERSION);
    return 0;
}

int layer_upgrade(struct layer *layer)
{
    if (layer->failed)
        return EIO;
    if (!layer_data_is_complete(layer))
        return 0;
    int error = layer_data_complete(layer);
    if (error)
        return error;
    error = layer_data_sync(layer);
    if (error) {
        layer_fail(layer, "sync failed", error);
        return EIO;
    }
    error = replace_map(layer);
    if (!error) {
        layer->map.version = MAP_VERSION;
        layer->durable = layer->stated = layer->map.owned;
    }
    return error;
}
