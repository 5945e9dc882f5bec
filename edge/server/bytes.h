/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Big-endian fields in a byte string: the one codec of the protocol and of the records on disk. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uuid.h"

#define NAME_LENGTH_MAX 254         /* of volumes, snapshots and nodes */
#define NAME_SIZE (NAME_LENGTH_MAX + 1)

/* Reading never runs over the end: `bad` stays set after the first field that is not there. */
struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

struct reader reader_of(const void *data, size_t length);
const uint8_t *read_bytes(struct reader *r, size_t length);
uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
struct uuid read_uuid(struct reader *r);
/* A str field. One that is too long, or has a NUL inside, becomes "/", which is no good name
 * (name_is_good). */
void read_name(struct reader *r, char name[NAME_SIZE]);
const uint8_t *read_blob(struct reader *r, uint32_t *length);
bool read_complete(const struct reader *r);

/* Writing grows the buffer; `failed` stays set once memory ran out. */
struct writer {
    uint8_t *data;
    size_t length, capacity;
    bool failed;
};

void write_bytes(struct writer *w, const void *data, size_t length);
void write_u8(struct writer *w, uint8_t value);
void write_u16(struct writer *w, uint16_t value);
void write_u32(struct writer *w, uint32_t value);
void write_u64(struct writer *w, uint64_t value);
void write_uuid(struct writer *w, const struct uuid *id);
void write_str(struct writer *w, const char *text);
void write_blob(struct writer *w, const void *data, uint32_t length);
void writer_patch_u32(struct writer *w, size_t offset, uint32_t value);
void writer_free(struct writer *w);

void store_be(uint8_t *to, uint64_t value, int bytes);
uint64_t load_be(const uint8_t *from, int bytes);
