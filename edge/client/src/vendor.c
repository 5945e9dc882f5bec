/* SPDX-License-Identifier: Apache-2.0 */

/* Builds requests of the vendor option, and frees their replies. */

#include "vendor.h"

#include <stdlib.h>

void vendor_request_begin(struct vendor_request *request, enum ovs_operation operation)
{
    request->end = put_u16(request->bytes, (uint16_t)operation);
}

void vendor_request_ref_name(struct vendor_request *request, const char *volume_name)
{
    request->end = put_string(put_u8(request->end, OVS_REF_NAME), volume_name);
}

void vendor_request_ref_uuid(struct vendor_request *request, struct uuid volume)
{
    request->end = put_bytes(put_u8(request->end, OVS_REF_UUID), volume.bytes, UUID_BYTES);
}

void vendor_reply_free(struct vendor_reply *reply)
{
    free(reply->memory);
    reply->memory = NULL;
}
