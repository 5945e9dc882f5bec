/*
 * Licensed under the Apache License, Version 2.0 (the "License"); you may
 * not use this file except in compliance with the License. You may obtain
 * a copy of the License at
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
 * WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
 * License for the specific language governing permissions and limitations
 * under the License.
 */

/* What waiting and asynchronous I/O share: the rules on their arguments. */
#ifndef OVS_IO_H
#define OVS_IO_H

#include "ctx.h"
#include "request.h"

/* The open volume of the context if the command is allowed on it. Returns 0 or an errno. */
int io_session(ovs_ctx_t *ctx, enum command command, struct session **session);

/* Fills in a request. Returns 0 or EINVAL. */
int io_request(ovs_aio_request *request, enum command command, void *buffer, size_t length,
               off_t offset);

#endif
