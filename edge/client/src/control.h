/* SPDX-License-Identifier: Apache-2.0 */

/* Control calls: one vendor request and its reply, bounded in time. */
#ifndef OVS_CONTROL_H
#define OVS_CONTROL_H

#include "ctx.h"
#include "option.h"

/* Takes the context's idle connection or makes a new one; give it back or close it. */
int control_take_connection(ovs_ctx_t *ctx, struct deadline deadline, struct channel **channel);
void control_give_back(ovs_ctx_t *ctx, struct channel *channel);

/* Returns 0 (free the reply), the server's errno or that of the connection. *repeated (may be
 * NULL) says that the request was sent twice because the answer to the first one was lost. */
int control_call(ovs_ctx_t *ctx, const struct vendor_request *request, struct vendor_reply *reply,
                 bool *repeated);

/* The same for a request whose reply has no field of interest. */
int control_command(ovs_ctx_t *ctx, const struct vendor_request *request, bool *repeated);

#endif
