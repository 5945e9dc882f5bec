/*
 * Licensed under the Apache License, Version 2.0 (the "License"); you may
 * not use this file except in compliance with the License. You may obtain
 * a copy of the License at
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
 * WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
 * License for the specific language governing permissions and limitations
 * under the License.
 */

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
