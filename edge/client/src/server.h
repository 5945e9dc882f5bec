/* SPDX-License-Identifier: Apache-2.0 */

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
