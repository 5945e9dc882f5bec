/* SPDX-License-Identifier: Apache-2.0 */

/* The option phase of a connection: the NBD greeting, vendor requests and GO. */
#ifndef OVS_OPTION_H
#define OVS_OPTION_H

#include "attr.h"
#include "channel.h"
#include "config.h"
#include "deadline.h"
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

/* Connects, exchanges greetings, and starts TLS if it is configured: it never goes on without.
 * Returns 0 or an errno; EACCES: one side does not trust the other, EPROTONOSUPPORT: the server
 * has no TLS. Logs the errors of TLS. */
int option_connect(const ovs_ctx_attr_t *attr, const struct config *config,
                   struct deadline deadline, struct channel **channel);

/* One request, one reply. Returns 0 or the server's errno (then the connection stays usable and
 * *connection_error is 0), or the error that made the connection useless, also in
 * *connection_error. EPROTO: what answers does not speak the protocol. */
int option_vendor(struct channel *channel, const struct vendor_request *request,
                  struct vendor_reply *reply, struct deadline deadline, int *connection_error);

/* Opens the volume: the connection carries data from here on. */
int option_go(struct channel *channel, const char *volume_name, struct deadline deadline,
              uint64_t *size);

#endif
