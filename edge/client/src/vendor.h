/* SPDX-License-Identifier: Apache-2.0 */

/* Requests and replies of the vendor option (PROTOCOL.md, section 2). */
#ifndef OVS_VENDOR_H
#define OVS_VENDOR_H

#include "wire.h"

/* Operations of the vendor option (PROTOCOL.md, section 2). */
enum vendor_operation {
    HELLO = 1,
    VOLUME_CREATE = 10,
    VOLUME_REMOVE = 11,
    VOLUME_TRUNCATE = 12,
    VOLUME_STAT = 13,
    VOLUME_INFO = 14,
    VOLUME_LIST = 15,
    SNAPSHOT_CREATE = 20,
    SNAPSHOT_REMOVE = 21,
    SNAPSHOT_ROLLBACK = 22,
    SNAPSHOT_LIST = 23,
    SNAPSHOT_SYNCED = 25,
};

/* A vendor request: room for an operation, three names, a uuid and numbers. */
struct vendor_request {
    uint8_t bytes[1024];
    uint8_t *end;
};

void vendor_request_begin(struct vendor_request *request, enum vendor_operation operation);
void vendor_request_ref_name(struct vendor_request *request, const char *volume_name);
void vendor_request_ref_uuid(struct vendor_request *request, struct uuid volume);

/* A vendor reply: `fields` reads the operation's fields inside `memory`. */
struct vendor_reply {
    uint8_t *memory;
    struct reader fields;
};

void vendor_reply_free(struct vendor_reply *reply);

#endif
