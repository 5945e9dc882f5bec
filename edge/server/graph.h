/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* The records of a store and how they stand on each other; what both serving and checking start
 * from. */

#include <stdbool.h>
#include <stddef.h>

struct record;

struct graph {
    size_t count, capacity;
    struct record **record;     /* parents before their clones */
};

/* False if there was a finding; each was reported in one line. */
bool graph_load(struct graph *graph, int volumes,
                void (*report)(void *context, const char *finding), void *context);
void graph_free(struct graph *graph);
