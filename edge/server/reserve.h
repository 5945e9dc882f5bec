/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * A few MiB that are kept back in the file `reserve`, so that on a full file system a snapshot
 * can still be removed or rolled back to, and layers be merged: each needs a little space before
 * it frees much.
 */

#include <stdbool.h>

struct reserve {
    int fd;
};

/* Without space it starts empty; reserve_refill fills it later. */
bool reserve_open(struct reserve *reserve, int root);
void reserve_close(struct reserve *reserve);
/* Gives its space back to the file system. False: it was empty already. */
bool reserve_release(struct reserve *reserve);
/* Fills it again once there is plenty of space. */
void reserve_refill(struct reserve *reserve);
