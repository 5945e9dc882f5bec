/* SPDX-License-Identifier: Apache-2.0 */

/* What waiting and asynchronous I/O share: the rules on their arguments. */
#ifndef OVS_IO_H
#define OVS_IO_H

#include "ctx.h"
#include "request.h"

/* The open volume of the context if the command is allowed on it. Returns 0 or an errno. */
int io_session(ovs_ctx_t *ctx, enum nbd_command command, struct session **session);

/* Fills in a request. Returns 0 or EINVAL. */
int io_request(ovs_aio_request *request, enum nbd_command command, void *buffer, size_t length,
               off_t offset);

#endif
