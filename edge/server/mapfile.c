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

#include "mapfile.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "disk.h"
#include "layer.h"

#define HEADER_BODY (8 + 4 + 16)

static void header_encode(uint8_t header[MAP_PAGE], const struct uuid *id)
{
    memset(header, 0, MAP_PAGE);
    memcpy(header, MAP_MAGIC, 8);
    store_be(header + 8, MAP_VERSION, 4);
    memcpy(header + 12, id, sizeof(*id));
    store_be(header + HEADER_BODY, crc32(0, header, HEADER_BODY), 4);
}

int map_header_write(int fd, const struct uuid *id)
{
    uint8_t header[MAP_PAGE];

    header_encode(header, id);
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

int map_header_check(int fd, const struct uuid *id, const char **why)
{
    uint8_t header[MAP_PAGE], good[MAP_PAGE];
    int error = disk_read(fd, header, sizeof(header), 0, false);

    *why = "it cannot be read";
    if (error)
        return error;
    if (all_zero(header, sizeof(header)))
        return zero_header_check(fd, why);
    header_encode(good, id);
    if (memcmp(header, good, 8) == 0 && load_be(header + 8, 4) > MAP_VERSION)
        *why = "it was written by a newer version of ovs-edge";
    else
        *why = "its header is damaged";
    return memcmp(header, good, sizeof(good)) == 0 ? 0 : EUCLEAN;
}

static void merge_page(struct map *map, const uint8_t page[MAP_PAGE], uint64_t at, bool unflushed)
{
    uint64_t number = at / MAP_PAGE;

    for (size_t i = 0; i < MAP_PAGE; i++) {
        if (!(page[i] & ~map->bits[at + i]))
            continue;
        map->bits[at + i] |= page[i];
        page_mark(map->occupied, number);
        if (unflushed)
            page_mark(map->unflushed, number);
    }
}

int map_load(struct map *map, int fd, uint64_t offset, bool unflushed)
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
        merge_page(map, page, at, unflushed);
        from += sizeof(page);
    }
}

uint64_t map_next(const struct map *map, uint64_t from, uint64_t end)
{
    while (from < end) {
        uint64_t byte = from >> 3;

        if (!page_is_marked(map->occupied, byte / MAP_PAGE)) {
            from = (byte / MAP_PAGE + 1) * MAP_PAGE * 8;
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

#define MEMORY_BYTES (MAP_BYTES + 2 * (MAP_PAGES / 8))

bool map_new(struct map *map)
{
    uint8_t *memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        return false;
    /* a huge page would cost 2 MiB for one bit; a kernel without them says EINVAL, which is as
     * good */
    madvise(memory, MEMORY_BYTES, MADV_NOHUGEPAGE);
    map->bits = (_Atomic uint8_t *)memory;
    map->unflushed = memory + MAP_BYTES;
    map->occupied = map->unflushed + MAP_PAGES / 8;
    return true;
}

void map_free(struct map *map)
{
    if (map->bits)
        munmap((void *)map->bits, MEMORY_BYTES);
    *map = (struct map){0};
}
