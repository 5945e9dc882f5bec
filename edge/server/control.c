/* SPDX-License-Identifier: Apache-2.0 */

/* Carries out the requests of the vendor option: decodes, calls the store, encodes the answer. */

#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "conn.h"
#include "fault.h"
#include "fence.h"
#include "layer.h"
#include "log.h"
#include "ovs-edge-protocol.h"
#include "peer.h"
#include "server.h"
#include "store.h"
#include "volume.h"

struct call {
    struct conn *conn;
    struct store *store;
    struct reader r;
    struct writer *w;           /* the fields of a good answer */
    struct fault fault;
    const char *operation;      /* its name, for the log */
    char name[NAME_SIZE];       /* of the volume that it is about, empty if none is known */
};

typedef int operation_fn(struct call *call);

/* To be asked when the last field was read: a request has exactly its fields. */
static int malformed(struct call *call)
{
    if (read_complete(&call->r))
        return 0;
    return fault_set(&call->fault, EPROTO, REASON_NONE,
                     "malformed request: fields are missing, too long or left over");
}

static struct volume_ref read_ref(struct reader *r)
{
    struct volume_ref ref = {0};
    uint8_t kind = read_u8(r);

    if (kind == OVS_REF_NAME) {
        read_name(r, ref.name);
    } else {
        ref.by_id = true;
        ref.id = read_uuid(r);
        r->bad |= kind != OVS_REF_UUID;
    }
    return ref;
}

static void write_entry(struct writer *w, const struct uuid *id, const char *name, uint64_t size,
                        bool is_template, const char *owner)
{
    write_uuid(w, id);
    write_str(w, name);
    write_u64(w, size);
    write_u8(w, is_template ? OVS_FLAG_TEMPLATE : 0);
    write_str(w, owner);
}

static void write_volume(struct writer *w, const struct volume_info *info)
{
    write_entry(w, &info->id, info->name, info->size, info->is_template, info->owner);
    write_uuid(w, &info->parent_id);
    write_str(w, info->parent_snapshot);
    write_u64(w, info->stored);
    write_u32(w, info->snapshots);
    write_u32(w, info->clones);
    write_u32(w, info->opens);
}

static void write_snapshot_entry(struct writer *w, const struct snapshot_info *info)
{
    write_uuid(w, &info->id);
    write_str(w, info->name);
    write_u64(w, info->created);
    write_u64(w, info->size);
    write_u8(w, info->synced);
}

static void write_snapshot(struct writer *w, struct snapshot_info *info)
{
    write_snapshot_entry(w, info);
    write_u64(w, info->stored);
    write_u32(w, info->clones);
    write_blob(w, info->metadata, info->metadata_length);
    free(info->metadata);
}

static int hello(struct call *call)
{
    struct store *store = call->store;
    struct uuid session = read_uuid(&call->r);
    int error = malformed(call);

    if (error)
        return error;
    if (!uuid_is_zero(&session))
        error = fence_session(call->conn, &session);
    if (error == ESHUTDOWN)
        return fault_set(&call->fault, error, REASON_NONE, "this session was fenced");
    if (error == EBUSY)
        return fault_set(&call->fault, error, REASON_NONE,
                         "requests of an older connection of this session still run; ask again");
    if (error)
        return error;
    write_u16(call->w, OVS_PROTOCOL_VERSION);
    write_str(call->w, store->boot_id);
    write_uuid(call->w, &store->id);
    write_uuid(call->w, &store->instance);
    write_u64(call->w, VOLUME_SIZE_MAX);
    write_u32(call->w, OVS_REQUEST_BYTES_MAX);
    return 0;
}

static int create_volume(struct call *call)
{
    char owner[NAME_SIZE];
    struct volume_info info;

    read_name(&call->r, call->name);
    uint64_t size = read_u64(&call->r);
    struct uuid id = read_uuid(&call->r);
    read_name(&call->r, owner);
    int error = malformed(call);
    if (!error)
        error = volume_create(call->store, call->name, size, id, owner, &info, &call->fault);
    if (!error)
        write_volume(call->w, &info);
    return error;
}

static int clone_volume(struct call *call)
{
    struct volume_ref parent = read_ref(&call->r);
    char snapshot[NAME_SIZE], owner[NAME_SIZE];
    struct volume_info info;

    read_name(&call->r, snapshot);
    read_name(&call->r, call->name);
    struct uuid id = read_uuid(&call->r);
    read_name(&call->r, owner);
    int error = malformed(call);
    if (!error)
        error = volume_clone(call->store, &parent, snapshot, call->name, id, owner, &info,
                             &call->fault);
    if (!error)
        write_volume(call->w, &info);
    return error;
}

static int list_volumes(struct call *call)
{
    struct volume *volumes[OVS_LIST_MAX];
    char after[NAME_SIZE];
    bool more;

    read_name(&call->r, after);
    uint32_t limit = read_u32(&call->r);
    int error = malformed(call);
    if (error)
        return error;
    if (limit < 1 || limit > OVS_LIST_MAX)
        limit = OVS_LIST_MAX;
    size_t count = store_list(call->store, after, volumes, limit, &more);
    write_u8(call->w, more);
    write_u32(call->w, count);
    for (size_t i = 0; i < count; i++) {
        struct volume *volume = volumes[i];

        pthread_rwlock_rdlock(&volume->io);
        write_entry(call->w, &volume->id, volume->name, volume->record->size,
                    volume->record->is_template, volume->record->owner);
        pthread_rwlock_unlock(&volume->io);
        volume_put(volume);
    }
    return 0;
}

static int store_stat(struct call *call)
{
    struct store_usage usage;
    int error = malformed(call);

    if (error)
        return error;
    error = store_usage(call->store, &usage);
    if (error)
        return fault_store(&call->fault, error, "asking the file system");
    write_u64(call->w, usage.total);
    write_u64(call->w, usage.used);
    write_u64(call->w, usage.free);
    write_u32(call->w, usage.volumes);
    return 0;
}

/* Operations on one volume: `fields` are those behind the volume's ref. */
struct fields {
    uint64_t size;
    uint32_t milliseconds, metadata_length;
    char name[NAME_SIZE];
    struct uuid id;
    const uint8_t *metadata;
};

static void read_size(struct reader *r, struct fields *f) { f->size = read_u64(r); }
static void read_text(struct reader *r, struct fields *f) { read_name(r, f->name); }

static void read_new_snapshot(struct reader *r, struct fields *f)
{
    read_name(r, f->name);
    f->id = read_uuid(r);
    f->metadata = read_blob(r, &f->metadata_length);
}

static void read_wait(struct reader *r, struct fields *f)
{
    read_name(r, f->name);
    f->milliseconds = read_u32(r);
}

static void read_whom(struct reader *r, struct fields *f)
{
    f->id = read_uuid(r);
    read_name(r, f->name);
}

static int do_remove(struct call *call, struct volume *volume, struct fields *f)
{
    (void)f;
    return volume_remove(volume, &call->fault);
}

static int do_truncate(struct call *call, struct volume *volume, struct fields *f)
{
    int error = volume_truncate(volume, &f->size, &call->fault);

    if (!error)
        write_u64(call->w, f->size);
    return error;
}

static int do_stat(struct call *call, struct volume *volume, struct fields *f)
{
    bool is_template;
    int error = volume_stat(volume, &f->size, &is_template, &call->fault);

    if (!error) {
        write_u64(call->w, f->size);
        write_u8(call->w, is_template ? OVS_FLAG_TEMPLATE : 0);
    }
    return error;
}

static int do_info(struct call *call, struct volume *volume, struct fields *f)
{
    struct volume_info info;
    int error = volume_info(volume, &info, &call->fault);

    (void)f;
    if (!error)
        write_volume(call->w, &info);
    return error;
}

static int do_template(struct call *call, struct volume *volume, struct fields *f)
{
    (void)f;
    return volume_set_template(volume, &call->fault);
}

static int do_owner(struct call *call, struct volume *volume, struct fields *f)
{
    return volume_set_owner(volume, f->name, &call->fault);
}

static int do_fence(struct call *call, struct volume *volume, struct fields *f)
{
    struct peer peer;
    uint32_t count;

    if (f->name[0] && !peer_parse(&peer, f->name))
        return fault_set(&call->fault, EINVAL, REASON_INVALID_OPERATION,
                         "'%s' is not the address of a peer; give an IPv4 or IPv6 address, or none "
                         "for all peers", f->name);
    int error = fence_volume(call->conn, &volume->id, &f->id, f->name[0] ? &peer : NULL, &count);
    if (error == EBUSY)
        return fault_set(&call->fault, error, REASON_NONE, "volume '%s': requests of fenced "
                         "sessions are still being carried out; ask again", volume->name);
    if (error && error != EAGAIN)
        return fault_store(&call->fault, error, "remembering the fence");
    if (!error)
        write_u32(call->w, count);
    return error;
}

static int do_snapshot_create(struct call *call, struct volume *volume, struct fields *f)
{
    struct snapshot_info info;
    int error = snapshot_create(volume, f->name, f->id, f->metadata, f->metadata_length, &info,
                                &call->fault);

    if (!error)
        write_snapshot(call->w, &info);
    return error;
}

static int do_snapshot_remove(struct call *call, struct volume *volume, struct fields *f)
{
    return snapshot_remove(volume, f->name, &call->fault);
}

static int do_snapshot_rollback(struct call *call, struct volume *volume, struct fields *f)
{
    return snapshot_rollback(volume, f->name, &call->fault);
}

static int do_snapshot_list(struct call *call, struct volume *volume, struct fields *f)
{
    struct snapshot_info *list;
    uint32_t count;
    int error = snapshot_list(volume, &f->size, &list, &count, &call->fault);

    if (error)
        return error;
    write_u64(call->w, f->size);
    write_u32(call->w, count);
    for (uint32_t i = 0; i < count; i++)
        write_snapshot_entry(call->w, &list[i]);
    free(list);
    return 0;
}

static int do_snapshot_info(struct call *call, struct volume *volume, struct fields *f)
{
    struct snapshot_info info;
    int error = snapshot_info(volume, f->name, &info, &call->fault);

    if (!error)
        write_snapshot(call->w, &info);
    return error;
}

static int do_snapshot_synced(struct call *call, struct volume *volume, struct fields *f)
{
    bool synced;
    int error = snapshot_wait_synced(volume, f->name, f->milliseconds, &synced, &call->fault);

    if (!error)
        write_u8(call->w, synced);
    return error;
}

static const struct volume_operation {
    uint16_t number;
    const char *name;
    void (*read)(struct reader *r, struct fields *fields);
    int (*run)(struct call *call, struct volume *volume, struct fields *fields);
} volume_operations[] = {
    {OVS_VOLUME_REMOVE, "volume remove", NULL, do_remove},
    {OVS_VOLUME_TRUNCATE, "volume truncate", read_size, do_truncate},
    {OVS_VOLUME_STAT, "volume stat", NULL, do_stat},
    {OVS_VOLUME_INFO, "volume info", NULL, do_info},
    {OVS_VOLUME_SET_TEMPLATE, "volume set template", NULL, do_template},
    {OVS_VOLUME_SET_OWNER, "volume set owner", read_text, do_owner},
    {OVS_VOLUME_FENCE, "volume fence", read_whom, do_fence},
    {OVS_SNAPSHOT_CREATE, "snapshot create", read_new_snapshot, do_snapshot_create},
    {OVS_SNAPSHOT_REMOVE, "snapshot remove", read_text, do_snapshot_remove},
    {OVS_SNAPSHOT_ROLLBACK, "snapshot rollback", read_text, do_snapshot_rollback},
    {OVS_SNAPSHOT_LIST, "snapshot list", NULL, do_snapshot_list},
    {OVS_SNAPSHOT_INFO, "snapshot info", read_text, do_snapshot_info},
    {OVS_SNAPSHOT_SYNCED, "snapshot synced", read_wait, do_snapshot_synced},
};

static const struct operation {
    uint16_t number;
    const char *name;
    operation_fn *run;
} operations[] = {
    {OVS_HELLO, "hello", hello},
    {OVS_VOLUME_CREATE, "volume create", create_volume},
    {OVS_VOLUME_LIST, "volume list", list_volumes},
    {OVS_VOLUME_CLONE, "volume clone", clone_volume},
    {OVS_STORE_STAT, "store stat", store_stat},
};

static int run_on_volume(struct call *call, const struct volume_operation *operation)
{
    struct fields fields = {0};
    struct volume_ref ref = read_ref(&call->r);

    if (operation->read)
        operation->read(&call->r, &fields);
    int error = malformed(call);
    if (error)
        return error;
    struct volume *volume = store_find(call->store, &ref, &call->fault);
    if (!volume)
        return call->fault.error;
    strcpy(call->name, volume->name);
    error = operation->run(call, volume, &fields);
    volume_put(volume);
    return error;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int run(struct call *call)
{
    uint16_t number = read_u16(&call->r);

    for (size_t i = 0; i < COUNT(operations) && !call->r.bad; i++)
        if (operations[i].number == number) {
            call->operation = operations[i].name;
            return operations[i].run(call);
        }
    for (size_t i = 0; i < COUNT(volume_operations) && !call->r.bad; i++)
        if (volume_operations[i].number == number) {
            call->operation = volume_operations[i].name;
            return run_on_volume(call, &volume_operations[i]);
        }
    return fault_set(&call->fault, EPROTO, REASON_NONE, "unknown operation %u", number);
}

static void tell(const struct call *call, int error, long long began)
{
    log_debug("%s%s%s: %s%s (%lld ms)", call->operation, call->name[0] ? " of " : "", call->name,
              error ? "failed: " : "done", error ? call->fault.text : "", now_ms() - began);
}

bool control_names_volume(const void *request, size_t length, struct volume_ref *ref)
{
    struct reader r = reader_of(request, length);
    uint16_t number = read_u16(&r);
    bool names = number == OVS_VOLUME_CLONE;

    for (size_t i = 0; i < COUNT(volume_operations); i++)
        names |= volume_operations[i].number == number;
    if (names)
        *ref = read_ref(&r);
    return names && !r.bad;
}

bool control_asks_for_life(const void *request, size_t length)
{
    struct reader r = reader_of(request, length);
    uint16_t number = read_u16(&r);
    struct uuid session = read_uuid(&r);

    return number == OVS_HELLO && uuid_is_zero(&session) && !r.bad;
}

bool control_answer(struct conn *conn, const void *request, size_t length, struct writer *answer)
{
    struct call call = {.conn = conn, .store = conn->server->store,
        .r = reader_of(request, length), .operation = "request"};
    struct writer fields = {0};
    long long began = now_ms();

    call.w = &fields;
    int error = run(&call);
    if (error == EAGAIN) {
        writer_free(&fields);
        return false;
    }
    tell(&call, error, began);
    write_u32(answer, error);
    write_u16(answer, error ? call.fault.reason : REASON_NONE);
    if (error)
        write_str(answer, call.fault.text);
    else
        write_bytes(answer, fields.data, fields.length);
    answer->failed |= fields.failed;
    writer_free(&fields);
    return true;
}
