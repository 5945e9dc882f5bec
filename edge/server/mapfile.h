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

/* ID.map and runtime/BOOT/ID: the bits of a layer as files. Functions return 0 or errno. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"

/* The bits in memory; pages without any take none. */
struct map {
    _Atomic uint8_t *bits;      /* MAP_BYTES */
    uint8_t *unflushed;         /* one bit per page that ID.map lacks something of */
    /* one bit per page that has any: what a search need not touch costs nothing */
    uint8_t *occupied;
};

bool map_new(struct map *map);
void map_free(struct map *map);

int map_header_write(int fd, const struct uuid *id);
/* Ors the bits of a file, from `offset` on, into the map; with `unflushed`, what is new is
 * marked so. */
int map_load(struct map *map, int fd, uint64_t offset, bool unflushed);

/* The first bit that is set in [from, end), or `end`. */
uint64_t map_next(const struct map *map, uint64_t from, uint64_t end);

static inline void page_mark(uint8_t *pages, uint64_t number)
{
    pages[number >> 3] |= 1 << (number & 7);
}

static inline bool page_is_marked(const uint8_t *pages, uint64_t number)
{
    return pages[number >> 3] >> (number & 7) & 1;
}
