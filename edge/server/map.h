/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * The bits of a layer as files. Functions return 0 or errno.
 *
 * ID.map is a header page (magic, version, id of the layer, how many bits are at least set, CRC-32)
 * and pages of bits. Each sector of a page has 508 bytes of bits and the CRC-32 of them, of the
 * layer's id and of the sector's number. A sector of zeros was never written: no bit is set. A disk
 * writes a sector as a whole or not at all, so a page that is torn by a power loss has good
 * sectors only; a page that is rotten, cut or of another map has a bad one. A sector that was lost
 * as a whole leaves fewer bits than the header says (layer.h).
 *
 * Version 1 had bits without checksums; it is still read.
 *
 * runtime/BOOT/ID has the bare bits: only the page cache has to keep them.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"

#define CLUSTER_BITS 16
#define CLUSTER_SIZE (1u << CLUSTER_BITS)
#define VOLUME_SIZE_MAX (64ull << 40)
#define CLUSTERS_MAX (VOLUME_SIZE_MAX >> CLUSTER_BITS)
#define MAP_BYTES (CLUSTERS_MAX / 8)

#define MAP_MAGIC "OVSEMAP1"
#define MAP_VERSION 2
#define MAP_SECTOR 512u
#define MAP_SECTOR_BITS (MAP_SECTOR - 4)        /* bytes */
#define MAP_PAGE 4096u
#define MAP_PAGE_BITS (MAP_PAGE / MAP_SECTOR * MAP_SECTOR_BITS)     /* bytes */
#define MAP_PAGES ((MAP_BYTES + MAP_PAGE_BITS - 1) / MAP_PAGE_BITS)
#define MAP_MARKS ((MAP_PAGES + 7) / 8)

/* The bits in memory; pages without any take none. */
struct map {
    _Atomic uint8_t *bits;
    uint8_t *unflushed;         /* one bit per page that ID.map lacks something of */
    /* one bit per page that has any: what a search need not touch costs nothing */
    uint8_t *occupied;
    uint64_t owned;             /* how many bits are set */
    uint64_t stated;            /* how many there are at least, says the header */
    uint32_t version;           /* of the file; 0: there is none */
};

bool map_new(struct map *map);
void map_free(struct map *map);

int map_header_write(int fd, const struct uuid *id, uint64_t stated);
int map_page_write(int fd, const struct uuid *id, uint32_t page, const uint8_t bits[MAP_PAGE_BITS]);
/* The bits of a page as they are now. */
void map_page_copy(const struct map *map, uint32_t page, uint8_t bits[MAP_PAGE_BITS]);

/* Reads ID.map. EUCLEAN: it is damaged, `why` says how. ENODATA: nothing was ever flushed to it. */
int map_load(struct map *map, int fd, const struct uuid *id, const char **why);
/* Ors the bits of runtime/BOOT/ID into the map; what is new is marked as not flushed. */
int map_load_runtime(struct map *map, int fd);

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
