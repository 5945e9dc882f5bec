/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* The handshake: greeting, client flags, options. */

#include <stddef.h>
#include <stdint.h>

struct conn;

void options_greet(struct conn *conn);
/* After the TLS handshake: nothing that was said before it counts, but the client's flags. */
void options_begin_again(struct conn *conn);
/* Takes the client's flags or one option; returns how many bytes it took, 0: more must come. */
size_t options_take(struct conn *conn, const uint8_t *bytes, size_t length);
