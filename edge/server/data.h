/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* The transmission phase: NBD requests. */

#include <stddef.h>
#include <stdint.h>

struct conn;

/* Takes one request, or a part of a long one, out of the bytes; returns how many it took, 0:
 * more must come. */
size_t data_take(struct conn *conn, const uint8_t *bytes, size_t length);
