/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * A layer: what was written to one volume between two snapshots.
 *
 * On disk: layers/ID.data, a sparse file in which a cluster lies at its offset in the volume
 * (layer_data.h), and layers/ID.map (map.h) with one bit per cluster: set = the layer owns the
 * cluster, what the data file has there (holes are zeros) counts, and nothing below it does. Bits
 * are only ever set. Both files are created by the first write. The data file is made to end behind
 * a cluster before anything is written to it, so where it ends before the last cluster that is
 * owned, it was cut off.
 *
 * Three rules make this safe:
 *
 * - Power loss. A bit reaches ID.map only after fdatasync of the data that it speaks for
 *   (layer_flush), so a bit on disk never points at data that is not there. What was written and
 *   not flushed may be in the data file without its bit: that is as if it had never been written,
 *   and layer_open punches it out after an unclean stop ("scrub"), because of the next rule.
 * - Where no bit is set the data file has a hole. A first, partial write to a cluster with nothing
 *   below it therefore needs no copy: the rest of the cluster reads as zeros.
 *
 * - Damage. Each sector of ID.map has a checksum, and the header says how many bits there are at
 *   least. A power loss cannot make either wrong. A sector is the whole old one or the whole new
 *   one, both with a good checksum; none is written again before a sync of its last content has
 *   returned. The number is written only when a sync of at least so many bits has returned: it is
 *   that of the flush before (with the next bits, or by the next flush that finds nothing else to
 *   do, so that it is exact after a clean stop), and bits are never taken back.
 *
 * Death of the process. Bits that are set but not flushed are also in runtime/BOOT/ID, written
 * with pwrite before the write is acknowledged: the page cache keeps that file, like the data
 * itself, until the host stops. It is read by a later process of the same boot and thrown away
 * after a reboot.
 *
 * Both. A later process of the same boot may find data that is in the page cache only, so it takes
 * nothing for durable: the names are synced before a record is believed (store.c), and each
 * layer's first flush syncs ID.map, whose bits only speak for data that was synced before they were
 * written, then the data, then the bits that ID.map lacks.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "files.h"
#include "home.h"
#include "layer_data.h"
#include "map.h"

#define FILL_LOCKS 16

enum { DIRTY_NOT, DIRTY_INHERITED, DIRTY_WRITTEN };     /* by an earlier process, by this one */

struct layer {
    struct uuid id;
    struct layer_home *home;
    _Atomic(struct layer *) parent;
    atomic_uint clones;         /* volumes whose lowest layer stands on this one */
    unsigned opens;
    bool scrubbed;
    atomic_bool dropped;
    atomic_bool frozen;         /* not written to any more, but by a merge */

    atomic_int dirty;           /* something was written since the last flush began (enum) */
    atomic_bool flushing;
    atomic_ulong ahead;         /* bytes since the disk was last told to begin (ahead.h) */
    atomic_bool is_ahead;       /* it is being told */
    atomic_bool entries_unsynced, map_unsynced;
    atomic_bool failed;         /* a sync failed: no flush succeeds any more (home.h) */

    /* only while open */
    atomic_int data_fd[SEGMENTS];       /* -1: nothing written yet */
    uint64_t data_end[SEGMENTS];        /* sizes of the files; changed under map_lock */
    int map_fd, runtime_fd;             /* -1: none; closed while a frozen layer rests */
    atomic_bool files_closed, files_used;
    atomic_uint file_users;
    struct layer **place;               /* in home->files */
    struct map map;
    atomic_ulong durable, stated;       /* how many bits ID.map has, and says that it has */
    pthread_mutex_t map_lock, flush_lock, fill[FILL_LOCKS];
};

struct layer *layer_new(struct layer_home *home, const struct uuid *id, struct layer *parent);

/* Opens the layer and all below it. 0 or errno (EUCLEAN: damaged, already logged). */
int layer_open(struct layer *layer);
/* Not a flush: bits that are not flushed stay in the runtime directory, `dirty` stays set. */
void layer_close(struct layer *layer);
/* Another layer takes the writes from now on. */
void layer_freeze(struct layer *layer);
/* The layer leaves the graph: its memory goes with its last close. Its files are the caller's
 * business. */
void layer_drop(struct layer *layer);
/* Takes the parent out of the chain; `layer` owns all that it owned. Readers may be in it until
 * the caller has waited for them; then it calls layer_drop_bypassed with the number of opens
 * that it got here. */
struct layer *layer_bypass_parent(struct layer *layer, unsigned *opens);
void layer_drop_bypassed(struct layer *layer, unsigned opens);

/* Whether a flush has anything to do or to wait for, or to report. */
bool layer_needs_flush(const struct layer *layer);
/* Makes everything that was written before the call durable. */
int layer_flush(struct layer *layer);

/* Closes what a frozen layer needs no more, unless a flush is under way, which does so at its end. */
void layer_rest(struct layer *layer);

/* Creates what is missing of the files that a write to the cluster needs. */
int layer_prepare(struct layer *layer, uint64_t cluster);
/* Sets the bit; the caller holds the cluster's fill lock and has written the data. */
int layer_own(struct layer *layer, uint64_t cluster);

static inline bool layer_owns(const struct layer *layer, uint64_t cluster)
{
    return atomic_load_explicit(&layer->map.bits[cluster >> 3], memory_order_acquire)
        >> (cluster & 7) & 1;
}

static inline pthread_mutex_t *layer_fill_lock(struct layer *layer, uint64_t cluster)
{
    return &layer->fill[cluster % FILL_LOCKS];
}

/* A sync failed, or data may lie where no bit is set: no flush succeeds any more. */
void layer_fail(struct layer *layer, const char *what, int error);
/* Brings the files of an open layer from version 1 to today's; one that is cut off stays as it is. */
int layer_upgrade(struct layer *layer);
/* Removes the files of a layer that no record names as its own any more. */
void layer_files_remove(struct layer_home *home, const struct uuid *id);

#define LAYER_FILE_NAME_SIZE (UUID_HEX_SIZE + 16)
void layer_segment_name(const struct uuid *id, unsigned segment, char name[LAYER_FILE_NAME_SIZE]);
void layer_file_name(const struct uuid *id, const char *suffix, char name[LAYER_FILE_NAME_SIZE]);
