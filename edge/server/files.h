/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * Which files of layers are open. The layer that a volume writes to keeps its own. A frozen layer
 * is only read, but for a merge: its map is in memory once it is loaded, and its data files
 * are opened by the first read and closed when others need the room (the least recently used,
 * roughly). So an open volume takes a handful of descriptors, however many snapshots it has.
 *
 * Two exceptions keep files open. A thread that uses files holds them. And the kernel remembers a
 * page that it could not write back only as long as the file is open: a file with data that this
 * process wrote and did not flush yet stays open.
 *
 * Functions return 0 or errno.
 */

#include <pthread.h>

#define FILES_OPEN_MAX 128  /* layers; more than there are threads that could hold one each */

struct layer;

struct layer_files {
    pthread_mutex_t lock;
    struct layer *layer[FILES_OPEN_MAX];
    unsigned hand;          /* where the search for a place goes on */
};

enum { FILE_NONE = -1, FILE_CLOSED = -2 };  /* in place of a descriptor; closed: it exists */

/* The layer's data files are open until they are released. ECANCELED: it was dropped, and its files
 * may be gone. */
int files_hold(struct layer *layer);
void files_release(struct layer *layer);
/* Closes the files that a frozen layer need not keep open. */
void files_rest(struct layer *layer);
/* Closes the layer's data files for good. */
void files_close(struct layer *layer);
/* Like openat; out of descriptors it closes files of frozen layers. */
int files_open(struct layer *layer, int directory, const char *name, int flags, int *fd);
