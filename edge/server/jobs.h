/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* What goes on behind the clients' backs. Every job can be lost with the process: store_open
 * finds what is left to do. */

#include "uuid.h"

struct pool;
struct store;
struct volume;

struct job {
    void (*run)(const struct job *job);
    struct store *store;
    struct volume *volume;      /* NULL: the job is not about one */
    struct uuid id;             /* of the snapshot, or of the record in trash/ */
};

int jobs_start(struct store *store);
/* Ends all jobs; a merge stops where it is. */
void jobs_finish(struct store *store);

/* Runs a copy of the job in the pool, with a reference to its volume. A job that cannot be queued
 * for want of memory is left for the next start. */
void jobs_add(struct pool *pool, struct job job);
