/* SPDX-License-Identifier: Apache-2.0 */

/* Requests and replies of the vendor option (PROTOCOL.md, section 2). */
#ifndef OVS_VENDOR_H
#define OVS_VENDOR_H

#include "ovs-edge-protocol.h"
#include "wire.h"

/* A vendor request: room for an operation, three names, a uuid and numbers. */
struct vendor_request {
    uint8_t bytes[1024];
    uint8_t *end;
};

void vendor_request_begin(struct vendor_request *request, enum ovs_operation operation);
void vendor_request_ref_name(struct vendor_request *request, const char *volume_name);
void vendor_request_ref_uuid(struct vendor_request *request, struct uuid volume);

/* A vendor reply: `fields` reads the operation's fields inside `memory`. */
struct vendor_reply {
    uint8_t *memory;
    struct reader fields;
};

void vendor_reply_free(struct vendor_reply *reply);

#endif
