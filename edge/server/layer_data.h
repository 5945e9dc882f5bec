/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * A layer's data as one range of bytes. It lies in segment files, since a file of ext4 ends at
 * 16 TiB: ID.data has the first 8 TiB, ID.data.1 the next and so on, each made when something is
 * first written to it. Functions return 0 or errno.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct layer;
struct layer_home;
struct uuid;

#define SEGMENT_SIZE (8ull << 40)
#define SEGMENTS 8

int layer_data_open(struct layer *layer);
int layer_data_create(struct layer *layer, unsigned segment);
void layer_data_remove(struct layer_home *home, const struct uuid *id);

/* The clusters are owned: a file that ends before them is damaged, EIO. */
int layer_data_read(struct layer *layer, void *data, size_t length, uint64_t offset, bool nowait);
/* The segments exist (layer_prepare). */
int layer_data_write(struct layer *layer, const void *data, size_t length, uint64_t offset);
/* Makes the file end behind the cluster at `offset`: the end of a file tells zeros from what was cut
 * off. Under map_lock, and before anything is written there: nothing else makes a file longer. */
int layer_data_reach(struct layer *layer, uint64_t offset);
int layer_data_punch(struct layer *layer, uint64_t length, uint64_t offset);
int layer_data_sync(struct layer *layer);

/* Punches out all clusters that no bit speaks for. */
int layer_data_scrub(struct layer *layer);
/* Returns true if a file has data that no bit speaks for: after a clean stop its bits were lost. */
bool layer_data_has_strays(struct layer *layer);
/* Returns true if the segments exist and end behind each cluster that a bit speaks for (of a map of
 * version 1: behind its beginning). */
bool layer_data_is_complete(const struct layer *layer);
/* Makes them end so. */
int layer_data_complete(struct layer *layer);

/* Returns how many bytes of disk the data takes. */
uint64_t layer_data_stored(const struct layer *layer);
