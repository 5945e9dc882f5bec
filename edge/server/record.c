/* SPDX-License-Identifier: Apache-2.0 */

/* Encodes, decodes and copies the record of a volume. */

#include "record.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "disk.h"
#include "layer.h"

#define MAGIC "OVSEVOL1"
#define VERSION 1
#define HEAD_BYTES (8 + 4 + 4 + 4)  /* magic, version, length of the body, its CRC-32 */
#define FLAG_TEMPLATE 1

bool name_is_good(const char *name)
{
    size_t length = strlen(name);

    if (length < 1 || length > NAME_LENGTH_MAX || !strcmp(name, ".") || !strcmp(name, ".."))
        return false;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if (*c < 0x20 || *c == 0x7f || *c == '/')
            return false;
    return true;
}

struct snapshot *record_new_snapshot(const char *name, const struct uuid *id, uint64_t size,
                              const void *metadata, uint32_t length)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot) + length);
    struct timespec now;

    if (!snapshot)
        return NULL;
    clock_gettime(CLOCK_REALTIME, &now);
    memcpy(snapshot->name, name, strlen(name) + 1);
    snapshot->id = *id;
    snapshot->created = now.tv_sec * 1000000000ull + now.tv_nsec;
    snapshot->size = size;
    snapshot->metadata_length = length;
    if (length)
        memcpy(snapshot->metadata, metadata, length);
    return snapshot;
}

static void encode_snapshot(const struct snapshot *snapshot, struct writer *w)
{
    write_str(w, snapshot->name);
    write_uuid(w, &snapshot->id);
    write_u64(w, snapshot->created);
    write_u64(w, snapshot->size);
    write_u8(w, snapshot->synced);
    write_blob(w, snapshot->metadata, snapshot->metadata_length);
}

static void encode_body(const struct record *record, struct writer *w)
{
    write_uuid(w, &record->id);
    write_str(w, record->name);
    write_str(w, record->owner);
    write_u64(w, record->size);
    write_u8(w, record->is_template ? FLAG_TEMPLATE : 0);
    write_uuid(w, &record->parent_id);
    write_uuid(w, &record->base_layer_id);
    write_str(w, record->parent_snapshot);
    write_u32(w, record->slot_count);
    for (size_t i = 0; i < record->slot_count; i++) {
        write_uuid(w, &record->slots[i].layer_id);
        write_u8(w, record->slots[i].snapshot != NULL);
        if (record->slots[i].snapshot)
            encode_snapshot(record->slots[i].snapshot, w);
    }
    write_u32(w, record->garbage_count);
    for (size_t i = 0; i < record->garbage_count; i++)
        write_uuid(w, &record->garbage[i]);
}

void record_encode(const struct record *record, struct writer *w)
{
    write_bytes(w, MAGIC, 8);
    write_u32(w, VERSION);
    write_u32(w, 0);
    write_u32(w, 0);
    encode_body(record, w);
    if (w->failed)
        return;
    writer_patch_u32(w, 12, w->length - HEAD_BYTES);
    writer_patch_u32(w, 16, crc32(0, w->data + HEAD_BYTES, w->length - HEAD_BYTES));
}

static struct snapshot *decode_snapshot(struct reader *r)
{
    char name[NAME_SIZE];
    uint32_t length;

    read_name(r, name);
    struct uuid id = read_uuid(r);
    uint64_t created = read_u64(r), size = read_u64(r);
    bool synced = read_u8(r);
    const uint8_t *metadata = read_blob(r, &length);
    if (r->bad || length > METADATA_MAX || !name_is_good(name) || size > VOLUME_SIZE_MAX)
        return NULL;
    struct snapshot *snapshot = record_new_snapshot(name, &id, size, metadata, length);
    if (snapshot) {
        snapshot->created = created;
        snapshot->synced = synced;
    }
    return snapshot;
}

static bool decode_slots(struct record *record, struct reader *r)
{
    size_t count = read_u32(r);

    /* a slot takes at least 17 bytes, so a hostile count cannot make us allocate more than the
     * file's size */
    if (r->bad || count < 1 || count > r->left / 17)
        return false;
    record->slots = calloc(count, sizeof(*record->slots));
    if (!record->slots)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct slot *slot = &record->slots[record->slot_count++];

        slot->layer_id = read_uuid(r);
        if (read_u8(r) && !(slot->snapshot = decode_snapshot(r)))
            return false;
        if (r->bad)
            return false;
    }
    return !record_top(record)->snapshot;
}

static bool decode_garbage(struct record *record, struct reader *r)
{
    size_t count = read_u32(r);

    if (r->bad || count > r->left / sizeof(struct uuid))
        return false;
    record->garbage = calloc(count + 1, sizeof(*record->garbage));
    if (!record->garbage)
        return false;
    for (size_t i = 0; i < count; i++)
        record->garbage[record->garbage_count++] = read_uuid(r);
    return read_complete(r);
}

static bool decode_body(struct record *record, struct reader *r)
{
    record->id = read_uuid(r);
    read_name(r, record->name);
    read_name(r, record->owner);
    record->size = read_u64(r);
    record->is_template = read_u8(r) & FLAG_TEMPLATE;
    record->parent_id = read_uuid(r);
    record->base_layer_id = read_uuid(r);
    read_name(r, record->parent_snapshot);
    if (r->bad || !name_is_good(record->name))
        return false;
    if (record->size > VOLUME_SIZE_MAX || record->size % SIZE_UNIT)
        return false;
    return decode_slots(record, r) && decode_garbage(record, r);
}

static const char *head_fault(const uint8_t *data, size_t length)
{
    if (length < HEAD_BYTES || memcmp(data, MAGIC, 8))
        return "it is not a volume's record";
    if (load_be(data + 8, 4) != VERSION)
        return "it was written by another version of ovs-edge";
    if (load_be(data + 12, 4) != length - HEAD_BYTES)
        return "it is cut off or too long";
    if (load_be(data + 16, 4) != crc32(0, data + HEAD_BYTES, length - HEAD_BYTES))
        return "its checksum is wrong";
    return NULL;
}

struct record *record_decode(const void *data, size_t length, const char **why)
{
    *why = head_fault(data, length);
    if (*why)
        return NULL;
    struct record *record = calloc(1, sizeof(*record));
    if (!record) {
        *why = "no memory";
        return NULL;
    }
    struct reader r = reader_of((const uint8_t *)data + HEAD_BYTES, length - HEAD_BYTES);
    if (!decode_body(record, &r)) {
        record_free_with_snapshots(record);
        *why = "its content makes no sense";
        return NULL;
    }
    return record;
}

struct record *record_load(int directory, const char *name, const char **why)
{
    uint8_t *data;
    size_t length;
    int error = disk_load(directory, name, RECORD_BYTES_MAX, &data, &length);

    if (error) {
        *why = strerror(error);
        return NULL;
    }
    struct record *record = record_decode(data, length, why);
    free(data);
    return record;
}

struct record *record_copy(const struct record *record, size_t more_garbage)
{
    struct record *copy = malloc(sizeof(*copy));

    if (!copy)
        return NULL;
    *copy = *record;
    copy->slots = calloc(record->slot_count + 1, sizeof(*copy->slots));
    copy->garbage = calloc(record->garbage_count + more_garbage + 1, sizeof(*copy->garbage));
    if (!copy->slots || !copy->garbage) {
        record_free(copy);
        return NULL;
    }
    memcpy(copy->slots, record->slots, record->slot_count * sizeof(*copy->slots));
    if (record->garbage_count)
        memcpy(copy->garbage, record->garbage, record->garbage_count * sizeof(*copy->garbage));
    return copy;
}

void record_free(struct record *record)
{
    if (record) {
        free(record->slots);
        free(record->garbage);
        free(record);
    }
}

void record_free_with_snapshots(struct record *record)
{
    for (size_t i = 0; record && i < record->slot_count; i++)
        free(record->slots[i].snapshot);
    record_free(record);
}

struct slot *record_find_snapshot(struct record *record, const char *name)
{
    for (size_t i = 0; i < record->slot_count; i++)
        if (record->slots[i].snapshot && !strcmp(record->slots[i].snapshot->name, name))
            return &record->slots[i];
    return NULL;
}
