/* SPDX-License-Identifier: Apache-2.0 */

/* Ids of volumes, snapshots, sessions and servers. */
#ifndef OVS_UUID_H
#define OVS_UUID_H

#include <stdint.h>

enum { UUID_BYTES = 16 };

struct uuid {
    uint8_t bytes[UUID_BYTES];
};

/* Returns 0 or an errno. */
int uuid_random(struct uuid *uuid);

#endif
