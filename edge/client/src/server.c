/* SPDX-License-Identifier: Apache-2.0 */

/* Asks a server who it is, and for a volume's id. */

#include "server.h"

#include <errno.h>

static int read_identity(struct reader *fields, struct server_identity *identity)
{
    uint16_t version = get_u16(fields);
    struct text boot_id = get_string(fields);

    if (fields->bad || version < OVS_PROTOCOL_VERSION || boot_id.length >= BOOT_ID_ROOM)
        return EPROTO;
    memset(identity->boot_id, 0, sizeof(identity->boot_id));
    memcpy(identity->boot_id, boot_id.bytes, boot_id.length);
    identity->store = get_uuid(fields);
    identity->instance = get_uuid(fields);
    get_u64(fields);  /* the largest volume: the server judges */
    identity->largest_request = get_u32(fields);
    return fields->bad || identity->largest_request == 0 ? EPROTO : 0;
}

int server_hello(struct channel *channel, struct uuid session, struct deadline deadline,
                 struct server_identity *identity)
{
    struct vendor_request request;
    struct vendor_reply reply;
    int connection_error;
    int error;

    vendor_request_begin(&request, OVS_HELLO);
    request.end = put_bytes(request.end, session.bytes, UUID_BYTES);
    error = option_vendor(channel, &request, &reply, deadline, &connection_error);
    if (error != 0)
        return error;
    error = read_identity(&reply.fields, identity);
    vendor_reply_free(&reply);
    return error;
}

int server_volume_id(struct channel *channel, const char *volume_name, struct deadline deadline,
                     struct uuid *id)
{
    struct vendor_request request;
    struct vendor_reply reply;
    int connection_error;
    int error;

    vendor_request_begin(&request, OVS_VOLUME_INFO);
    vendor_request_ref_name(&request, volume_name);
    error = option_vendor(channel, &request, &reply, deadline, &connection_error);
    if (error != 0)
        return error;
    *id = get_uuid(&reply.fields);
    if (reply.fields.bad)
        error = EPROTO;
    vendor_reply_free(&reply);
    return error;
}

bool server_is_same_boot(const struct server_identity *one, const struct server_identity *other)
{
    return memcmp(one->boot_id, other->boot_id, BOOT_ID_ROOM) == 0 &&
           memcmp(one->store.bytes, other->store.bytes, UUID_BYTES) == 0;
}
