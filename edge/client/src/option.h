/* SPDX-License-Identifier: Apache-2.0 */

/* The option phase of a connection: the NBD greeting, vendor requests and GO. */
#ifndef OVS_OPTION_H
#define OVS_OPTION_H

#include "attr.h"
#include "channel.h"
#include "config.h"
#include "deadline.h"
#include "vendor.h"

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
