/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* What the three drivers have in common: arguments and the order of offsets. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct load {
    int is_write;
    size_t bytes;
    unsigned depth;
    uint64_t count, blocks;
};

/* KIND BYTES DEPTH COUNT SIZE */
static inline struct load load_of(char **argument)
{
    struct load load = {
        .is_write = !strcmp(argument[0], "write"),
        .bytes = strtoul(argument[1], NULL, 10),
        .depth = strtoul(argument[2], NULL, 10),
        .count = strtoull(argument[3], NULL, 10),
    };

    load.blocks = strtoull(argument[4], NULL, 10) / load.bytes;
    return load;
}

/* Large blocks in order, small ones scattered. */
static inline uint64_t offset_of(const struct load *load, uint64_t number)
{
    uint64_t block = load->bytes >= 65536 ? number : number * 2654435761u;

    return block % load->blocks * load->bytes;
}

static inline double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}
