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

/* Who the server is, and how a connection of an open volume is made. */
#ifndef OVS_SERVER_H
#define OVS_SERVER_H

#include "option.h"

enum { BOOT_ID_ROOM = 128 };

struct server_identity {
    char boot_id[BOOT_ID_ROOM];
    struct uuid store;
    struct uuid instance; /* of the process */
    uint32_t largest_request;
};

/* Asks the server who it is. `session` fences older connections of the same session; all zeros:
 * none. Returns 0 or an errno: EBUSY: a request of one of those still runs, ask again; ESHUTDOWN:
 * the session itself was fenced. */
int server_hello(struct channel *channel, struct uuid session, struct deadline deadline,
                 struct server_identity *identity);

/* The volume's id. */
int server_volume_id(struct channel *channel, const char *volume_name, struct deadline deadline,
                     struct uuid *id);

bool server_is_same_boot(const struct server_identity *one, const struct server_identity *other);

#endif
