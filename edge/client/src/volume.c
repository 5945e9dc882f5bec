/* SPDX-License-Identifier: Apache-2.0 */

/* The functions of the interface for volumes, and what an open volume asks about itself. */

#include <errno.h>
#include <stdlib.h>

#include "api.h"
#include "control.h"
#include "volume.h"

/* The server rounds up, and says EFBIG where that would overflow. */
int ovs_create_volume(ovs_ctx_t *ctx, const char *volume_name, uint64_t size)
{
    struct vendor_request request;
    struct uuid id;
    int error;

    if (ctx == NULL || !name_is_valid(volume_name))
        return fail(EINVAL);
    error = uuid_random(&id);
    if (error != 0)
        return fail(error);
    vendor_request_begin(&request, OVS_VOLUME_CREATE);
    request.end = put_string(request.end, volume_name);
    request.end = put_u64(request.end, size);
    request.end = put_bytes(request.end, id.bytes, UUID_BYTES);
    request.end = put_string(request.end, ""); /* the owner: whichever node */
    return result_of(control_command(ctx, &request, NULL));
}

int ovs_remove_volume(ovs_ctx_t *ctx, const char *volume_name)
{
    struct vendor_request request;
    bool repeated;
    int error;

    if (ctx == NULL || !name_is_valid(volume_name))
        return fail(EINVAL);
    vendor_request_begin(&request, OVS_VOLUME_REMOVE);
    vendor_request_ref_name(&request, volume_name);
    error = control_command(ctx, &request, &repeated);
    return result_of(error == ENOENT && repeated ? 0 : error);
}

int ovs_truncate_volume(ovs_ctx_t *ctx, const char *volume_name, uint64_t size)
{
    struct vendor_request request;

    if (ctx == NULL || !name_is_valid(volume_name))
        return fail(EINVAL);
    vendor_request_begin(&request, OVS_VOLUME_TRUNCATE);
    vendor_request_ref_name(&request, volume_name);
    request.end = put_u64(request.end, size);
    return result_of(control_command(ctx, &request, NULL));
}

static int ask_for_size(ovs_ctx_t *ctx, struct vendor_request *request, uint64_t *size)
{
    struct vendor_reply reply;
    int error;

    error = control_call(ctx, request, &reply, NULL);
    if (error != 0)
        return error;
    *size = get_u64(&reply.fields);
    error = reply.fields.bad ? EPROTO : 0;
    vendor_reply_free(&reply);
    return error;
}

int volume_grow(ovs_ctx_t *ctx, struct uuid volume, uint64_t *size)
{
    struct vendor_request request;

    vendor_request_begin(&request, OVS_VOLUME_TRUNCATE);
    vendor_request_ref_uuid(&request, volume);
    request.end = put_u64(request.end, *size);
    return ask_for_size(ctx, &request, size);
}

int volume_size(ovs_ctx_t *ctx, struct uuid volume, uint64_t *size)
{
    struct vendor_request request;

    vendor_request_begin(&request, OVS_VOLUME_STAT);
    vendor_request_ref_uuid(&request, volume);
    return ask_for_size(ctx, &request, size);
}

/* The names found so far, and what the caller has room for. */
struct name_list {
    char *names;
    size_t room;
    size_t needed;
    char last[NAME_LIMIT];
    bool more;
};

static void add_name(struct name_list *list, struct text name)
{
    memcpy(list->last, name.bytes, name.length);
    list->last[name.length] = '\0';
    if (list->names != NULL && list->needed + name.length + 1 <= list->room)
        memcpy(list->names + list->needed, list->last, name.length + 1);
    list->needed += name.length + 1;
}

/* In byte order. A server that goes back, or in circles, would never end. */
static bool comes_after(struct text name, const char *last)
{
    size_t length = strlen(last), common = name.length < length ? name.length : length;
    int order = memcmp(name.bytes, last, common);

    return order > 0 || (order == 0 && name.length > length);
}

static int add_page(struct name_list *list, struct reader *fields)
{
    uint32_t entries;

    list->more = get_u8(fields) != 0;
    entries = get_u32(fields);
    for (uint32_t i = 0; i < entries && !fields->bad; i++) {
        struct text name;

        get_uuid(fields);
        name = get_string(fields);
        get_u64(fields);    /* size */
        get_u8(fields);     /* flags */
        get_string(fields); /* owner */
        if (fields->bad || name.length >= NAME_LIMIT || !comes_after(name, list->last))
            return EPROTO;
        add_name(list, name);
    }
    /* "More" without a name to go on from would never end. */
    return fields->bad || (list->more && entries == 0) ? EPROTO : 0;
}

static int fetch_page(ovs_ctx_t *ctx, struct name_list *list)
{
    struct vendor_request request;
    struct vendor_reply reply;
    int error;

    vendor_request_begin(&request, OVS_VOLUME_LIST);
    request.end = put_string(request.end, list->last);
    request.end = put_u32(request.end, 0); /* as many as the server gives at once */
    error = control_call(ctx, &request, &reply, NULL);
    if (error != 0)
        return error;
    error = add_page(list, &reply.fields);
    vendor_reply_free(&reply);
    return error;
}

int ovs_list_volumes(ovs_ctx_t *ctx, char *names, size_t *size)
{
    struct name_list list = {.names = names, .more = true};
    int error = 0;

    if (ctx == NULL || size == NULL)
        return fail(EINVAL);
    list.room = *size;
    while (error == 0 && list.more)
        error = fetch_page(ctx, &list);
    if (error != 0)
        return fail(error);
    if (list.needed > list.room) {
        *size = list.needed;
        return fail(ERANGE);
    }
    if (names == NULL && list.needed > 0)
        return fail(EINVAL);
    return (int)succeed((ssize_t)list.needed);
}
