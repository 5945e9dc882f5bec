/* SPDX-License-Identifier: Apache-2.0 */

/* Reading and writing the big-endian fields of edge/PROTOCOL.md. */
#ifndef OVS_WIRE_H
#define OVS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "uuid.h"

/* Writers put a field and return where the next one goes; the caller made room. */
static inline uint8_t *put_number(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    return at + bytes;
}

static inline uint8_t *put_u8(uint8_t *at, uint8_t value)
{
    return put_number(at, value, 1);
}

static inline uint8_t *put_u16(uint8_t *at, uint16_t value)
{
    return put_number(at, value, 2);
}

static inline uint8_t *put_u32(uint8_t *at, uint32_t value)
{
    return put_number(at, value, 4);
}

static inline uint8_t *put_u64(uint8_t *at, uint64_t value)
{
    return put_number(at, value, 8);
}

/* `bytes` may be NULL if there are none. */
static inline uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t length)
{
    if (length > 0)
        memcpy(at, bytes, length);
    return at + length;
}

static inline uint8_t *put_string(uint8_t *at, const char *string)
{
    size_t length = strlen(string);

    return put_bytes(put_u16(at, (uint16_t)length), string, length);
}

/* A reader that runs out of bytes stays at its end, gives zeros and is bad. */
struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static inline const uint8_t *get_bytes(struct reader *reader, size_t length)
{
    const uint8_t *at = reader->at;

    if (reader->bad || reader->left < length) {
        reader->bad = true;
        return NULL;
    }
    reader->at += length;
    reader->left -= length;
    return at;
}

static inline uint64_t get_number(struct reader *reader, size_t bytes)
{
    const uint8_t *at = get_bytes(reader, bytes);
    uint64_t value = 0;

    for (size_t i = 0; at != NULL && i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

static inline uint8_t get_u8(struct reader *reader)
{
    return (uint8_t)get_number(reader, 1);
}

static inline uint16_t get_u16(struct reader *reader)
{
    return (uint16_t)get_number(reader, 2);
}

static inline uint32_t get_u32(struct reader *reader)
{
    return (uint32_t)get_number(reader, 4);
}

static inline uint64_t get_u64(struct reader *reader)
{
    return get_number(reader, 8);
}

static inline struct uuid get_uuid(struct reader *reader)
{
    const uint8_t *at = get_bytes(reader, UUID_BYTES);
    struct uuid uuid = {{0}};

    if (at != NULL)
        memcpy(uuid.bytes, at, UUID_BYTES);
    return uuid;
}

/* A string on the wire: not terminated, and never NULL with a length. */
struct text {
    const char *bytes;
    size_t length;
};

static inline struct text get_string(struct reader *reader)
{
    size_t length = get_u16(reader);
    const uint8_t *at = get_bytes(reader, length);

    return (struct text){(const char *)at, at == NULL ? 0 : length};
}

#endif
