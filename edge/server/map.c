/* SPDX-License-Identifier: Apache-2.0 */

/* Reads, checks and writes the bits of a layer. */

#include "map.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "disk.h"

#define HEADER_BODY_1 (8 + 4 + 16)              /* of version 1 */
#define HEADER_BODY (HEADER_BODY_1 + 8)

static void header_encode(uint8_t header[MAP_PAGE], const struct uuid *id, uint32_t version,
                          uint64_t stated)
{
    size_t body = version == 1 ? HEADER_BODY_1 : HEADER_BODY;

    memset(header, 0, MAP_PAGE);
    memcpy(header, MAP_MAGIC, 8);
    store_be(header + 8, version, 4);
    memcpy(header + 12, id, sizeof(*id));
    if (version > 1)
        store_be(header + HEADER_BODY_1, stated, 8);
    store_be(header + body, crc32(0, header, body), 4);
}

int map_header_write(int fd, const struct uuid *id, uint64_t stated)
{
    uint8_t header[MAP_PAGE];

    header_encode(header, id, MAP_VERSION, stated);
    return disk_write(fd, header, sizeof(header), 0);
}

static bool all_zero(const uint8_t *data, size_t length)
{
    return length == 0 || (data[0] == 0 && memcmp(data, data + 1, length - 1) == 0);
}

/* A power loss before the first flush can leave a header of zeros, but never bits behind one:
 * the header is synced before the first bit is written. */
static int zero_header_check(int fd, const char **why)
{
    uint8_t page[MAP_PAGE];
    off_t at = 0;

    while ((at = lseek(fd, at, SEEK_DATA)) >= 0) {
        int error = disk_read(fd, page, sizeof(page), at, false);

        if (error)
            return error;
        if (!all_zero(page, sizeof(page))) {
            *why = "its header is missing although it has content";
            return EUCLEAN;
        }
        at += sizeof(page);
    }
    return ENODATA;
}

static int load_header(struct map *map, int fd, const struct uuid *id, const char **why)
{
    uint8_t header[MAP_PAGE], good[MAP_PAGE];
    int error = disk_read(fd, header, sizeof(header), 0, false);

    if (error)
        return error;
    if (all_zero(header, sizeof(header)))
        return zero_header_check(fd, why);
    map->version = load_be(header + 8, 4);
    if (memcmp(header, MAP_MAGIC, 8) == 0 && map->version > MAP_VERSION) {
        *why = "it was written by a newer version of ovs-edge; hint: use that version";
        return EUCLEAN;
    }
    *why = "its header is damaged";
    map->stated = map->version > 1 ? load_be(header + HEADER_BODY_1, 8) : 0;
    header_encode(good, id, map->version, map->stated);
    return map->version && memcmp(header, good, sizeof(good)) == 0 ? 0 : EUCLEAN;
}

static void merge(struct map *map, const uint8_t *bits, size_t length, uint64_t at, bool unflushed)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t new = bits[i] & ~map->bits[at + i];
        uint64_t page = (at + i) / MAP_PAGE_BITS;

        if (!new)
            continue;
        map->bits[at + i] |= new;
        map->owned += __builtin_popcount(new);
        page_mark(map->occupied, page);
        if (unflushed)
            page_mark(map->unflushed, page);
    }
}

/* Bare bits, `offset` bytes into the file. */
static int load_bare(struct map *map, int fd, uint64_t offset, bool unflushed)
{
    uint8_t page[MAP_PAGE];
    off_t from = offset;

    for (;;) {
        from = lseek(fd, from, SEEK_DATA);
        if (from < 0)
            return errno == ENXIO ? 0 : errno;
        from -= (from - offset) % MAP_PAGE;
        uint64_t at = from - offset;
        if (at >= MAP_BYTES)
            return 0;
        int error = disk_read(fd, page, sizeof(page), from, false);
        if (error)
            return error;
        merge(map, page, sizeof(page), at, unflushed);
        from += sizeof(page);
    }
}

static uint32_t checksum(const struct uuid *id, uint64_t sector, const uint8_t *bits)
{
    uint8_t place[sizeof(*id) + 8];

    memcpy(place, id, sizeof(*id));
    store_be(place + sizeof(*id), sector, 8);
    return crc32(crc32(0, place, sizeof(place)), bits, MAP_SECTOR_BITS);
}

int map_page_write(int fd, const struct uuid *id, uint32_t page, const uint8_t bits[MAP_PAGE_BITS])
{
    uint8_t bytes[MAP_PAGE];

    for (uint32_t i = 0; i < MAP_PAGE / MAP_SECTOR; i++) {
        uint8_t *sector = bytes + i * MAP_SECTOR;

        memcpy(sector, bits + i * MAP_SECTOR_BITS, MAP_SECTOR_BITS);
        store_be(sector + MAP_SECTOR_BITS,
                 checksum(id, (uint64_t)page * (MAP_PAGE / MAP_SECTOR) + i, sector), 4);
    }
    return disk_write(fd, bytes, sizeof(bytes), MAP_PAGE + (off_t)page * MAP_PAGE);
}

static int merge_page(struct map *map, const uint8_t bytes[MAP_PAGE], const struct uuid *id,
                      uint64_t page)
{
    for (uint32_t i = 0; i < MAP_PAGE / MAP_SECTOR; i++) {
        const uint8_t *sector = bytes + i * MAP_SECTOR;
        uint64_t number = page * (MAP_PAGE / MAP_SECTOR) + i;

        if (all_zero(sector, MAP_SECTOR))
            continue;
        if (load_be(sector + MAP_SECTOR_BITS, 4) != checksum(id, number, sector))
            return EUCLEAN;
        merge(map, sector, MAP_SECTOR_BITS, number * MAP_SECTOR_BITS, false);
    }
    return 0;
}

static int load_pages(struct map *map, int fd, const struct uuid *id)
{
    uint8_t bytes[MAP_PAGE];
    off_t from = MAP_PAGE;

    for (;;) {
        from = lseek(fd, from, SEEK_DATA);
        if (from < 0)
            return errno == ENXIO ? 0 : errno;
        uint64_t page = from / MAP_PAGE - 1;
        if (page >= MAP_PAGES)
            return EUCLEAN;
        from = MAP_PAGE + page * MAP_PAGE;
        int error = disk_read(fd, bytes, sizeof(bytes), from, false);
        if (!error)
            error = merge_page(map, bytes, id, page);
        if (error)
            return error;
        from += sizeof(bytes);
    }
}

int map_load(struct map *map, int fd, const struct uuid *id, const char **why)
{
    *why = "it cannot be read";
    int error = load_header(map, fd, id, why);

    if (error)
        return error;
    *why = "a sector of its bits is damaged";
    error = map->version == 1 ? load_bare(map, fd, MAP_PAGE, false) : load_pages(map, fd, id);
    if (error || map->owned >= map->stated)
        return error;
    *why = "bits of it are lost";
    return EUCLEAN;
}

int map_load_runtime(struct map *map, int fd)
{
    return load_bare(map, fd, 0, true);
}

void map_page_copy(const struct map *map, uint32_t page, uint8_t bits[MAP_PAGE_BITS])
{
    for (uint32_t i = 0; i < MAP_PAGE_BITS; i++)
        bits[i] = map->bits[(size_t)page * MAP_PAGE_BITS + i];
}

uint64_t map_next(const struct map *map, uint64_t from, uint64_t end)
{
    while (from < end) {
        uint64_t byte = from >> 3;

        if (!page_is_marked(map->occupied, byte / MAP_PAGE_BITS)) {
            from = (byte / MAP_PAGE_BITS + 1) * MAP_PAGE_BITS * 8;
            continue;
        }
        uint8_t bits = map->bits[byte] >> (from & 7);
        if (bits) {
            from += __builtin_ctz(bits);
            break;
        }
        from = (from | 7) + 1;
    }
    return from < end ? from : end;
}

#define BITS_BYTES (MAP_PAGES * MAP_PAGE_BITS)
#define MEMORY_BYTES (BITS_BYTES + 2 * MAP_MARKS)

bool map_new(struct map *map)
{
    uint8_t *memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        return false;
    /* a huge page would cost 2 MiB for one bit; a kernel without them says EINVAL, which is as
     * good */
    madvise(memory, MEMORY_BYTES, MADV_NOHUGEPAGE);
    *map = (struct map){.bits = (_Atomic uint8_t *)memory, .unflushed = memory + BITS_BYTES,
                        .occupied = memory + BITS_BYTES + MAP_MARKS};
    return true;
}

void map_free(struct map *map)
{
    if (map->bits)
        munmap((void *)map->bits, MEMORY_BYTES);
    *map = (struct map){0};
}
