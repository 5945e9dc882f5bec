/* SPDX-License-Identifier: Apache-2.0 */

/* Reads and writes big-endian fields. */

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

void store_be(uint8_t *to, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, value >>= 8)
        to[i] = value & 0xff;
}

uint64_t load_be(const uint8_t *from, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++)
        value = value << 8 | from[i];
    return value;
}

struct reader reader_of(const void *data, size_t length)
{
    return (struct reader){.at = data, .left = length};
}

const uint8_t *read_bytes(struct reader *r, size_t length)
{
    const uint8_t *at = r->at;

    if (r->bad || length > r->left) {
        r->bad = true;
        return NULL;
    }
    r->at += length;
    r->left -= length;
    return at;
}

static uint64_t read_number(struct reader *r, int bytes)
{
    const uint8_t *at = read_bytes(r, bytes);

    return at ? load_be(at, bytes) : 0;
}

uint8_t read_u8(struct reader *r) { return read_number(r, 1); }
uint16_t read_u16(struct reader *r) { return read_number(r, 2); }
uint32_t read_u32(struct reader *r) { return read_number(r, 4); }
uint64_t read_u64(struct reader *r) { return read_number(r, 8); }

struct uuid read_uuid(struct reader *r)
{
    struct uuid id = {0};
    const uint8_t *at = read_bytes(r, sizeof(id));

    if (at)
        memcpy(&id, at, sizeof(id));
    return id;
}

void read_name(struct reader *r, char name[NAME_SIZE])
{
    size_t length = read_u16(r);
    const uint8_t *at = read_bytes(r, length);

    name[0] = '\0';
    if (!at)
        return;
    if (length > NAME_LENGTH_MAX || memchr(at, 0, length)) {
        memcpy(name, "/", 2);   /* a bad name wherever names are checked */
        return;
    }
    memcpy(name, at, length);
    name[length] = '\0';
}

const uint8_t *read_blob(struct reader *r, uint32_t *length)
{
    *length = read_u32(r);
    const uint8_t *at = read_bytes(r, *length);

    if (!at)
        *length = 0;
    return at;
}

bool read_complete(const struct reader *r)
{
    return !r->bad && r->left == 0;
}

static bool reserve(struct writer *w, size_t more)
{
    if (w->failed)
        return false;
    if (w->length + more > w->capacity) {
        size_t capacity = 2 * (w->length + more) + 64;
        uint8_t *data = realloc(w->data, capacity);

        if (!data) {
            w->failed = true;
            return false;
        }
        w->data = data;
        w->capacity = capacity;
    }
    return true;
}

void write_bytes(struct writer *w, const void *data, size_t length)
{
    if (length && reserve(w, length)) {
        memcpy(w->data + w->length, data, length);
        w->length += length;
    }
}

static void write_number(struct writer *w, uint64_t value, int bytes)
{
    uint8_t field[8];

    store_be(field, value, bytes);
    write_bytes(w, field, bytes);
}

void write_u8(struct writer *w, uint8_t value) { write_number(w, value, 1); }
void write_u16(struct writer *w, uint16_t value) { write_number(w, value, 2); }
void write_u32(struct writer *w, uint32_t value) { write_number(w, value, 4); }
void write_u64(struct writer *w, uint64_t value) { write_number(w, value, 8); }

void write_uuid(struct writer *w, const struct uuid *id)
{
    write_bytes(w, id, sizeof(*id));
}

void write_str(struct writer *w, const char *text)
{
    size_t length = strlen(text);

    write_u16(w, length);
    write_bytes(w, text, length);
}

void write_blob(struct writer *w, const void *data, uint32_t length)
{
    write_u32(w, length);
    write_bytes(w, data, length);
}

void writer_patch_u32(struct writer *w, size_t offset, uint32_t value)
{
    if (!w->failed)
        store_be(w->data + offset, value, 4);
}

void writer_free(struct writer *w)
{
    free(w->data);
    *w = (struct writer){0};
}
