/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Ids of volumes, layers, snapshots and sessions. */

#include <stdbool.h>
#include <stdint.h>

struct uuid {
    uint8_t b[16];
};

#define UUID_HEX_SIZE 33

bool uuid_is_zero(const struct uuid *id);
bool uuid_equal(const struct uuid *a, const struct uuid *b);
void uuid_random(struct uuid *id);
void uuid_hex(const struct uuid *id, char hex[UUID_HEX_SIZE]);
bool uuid_from_hex(struct uuid *id, const char *hex);
