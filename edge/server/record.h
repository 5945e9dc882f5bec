/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * A volume's record: everything that must outlive the process about one volume, its snapshots
 * and its layers. On disk it is volumes/ID, replaced as a whole (disk_stage, disk_publish).
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

#define METADATA_MAX 16384
#define SNAPSHOTS_MAX 4096
#define SIZE_UNIT 4096
#define RECORD_BYTES_MAX (256u << 20)

struct snapshot {
    char name[NAME_SIZE];
    struct uuid id;
    uint64_t created;           /* nanoseconds since 1970 */
    uint64_t size;              /* the volume's then */
    atomic_bool synced;
    uint32_t metadata_length;
    uint8_t metadata[];
};

/* One layer of the volume, with the snapshot that froze it. No snapshot: the top, or a layer to
 * be merged. */
struct slot {
    struct uuid layer_id;
    struct layer *layer;        /* not on disk */
    struct snapshot *snapshot;
};

struct record {
    struct uuid id;
    char name[NAME_SIZE];
    char owner[NAME_SIZE];
    uint64_t size;
    bool is_template;
    struct uuid parent_id;      /* zero: not a clone */
    struct uuid base_layer_id;  /* the parent's layer that the lowest of ours stands on */
    char parent_snapshot[NAME_SIZE];
    size_t slot_count;          /* at least one: the top is the last */
    struct slot *slots;         /* oldest first */
    size_t garbage_count;
    struct uuid *garbage;       /* layers that left the volume and whose files may still be there */
};

bool name_is_good(const char *name);

struct snapshot *record_new_snapshot(const char *name, const struct uuid *id, uint64_t size,
                              const void *metadata, uint32_t length);

void record_encode(const struct record *record, struct writer *w);
/* NULL and `why`, if it is damaged, newer or there is no memory. Snapshots belong to the caller
 * then. */
struct record *record_decode(const void *data, size_t length, const char **why);
/* Reads and decodes volumes/ID or trash/ID. */
struct record *record_load(int directory, const char *name, const char **why);

/* A copy with its own arrays, with room for one more slot and `more_garbage` more layers;
 * snapshots are shared. */
struct record *record_copy(const struct record *record, size_t more_garbage);
void record_free(struct record *record);
void record_free_with_snapshots(struct record *record);

static inline struct slot *record_top(struct record *record)
{
    return &record->slots[record->slot_count - 1];
}

/* The slot that a snapshot of this name froze, or NULL. */
struct slot *record_find_snapshot(struct record *record, const char *name);
