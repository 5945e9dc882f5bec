/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* The vendor option: one request, one answer (PROTOCOL.md, section 2). */

#include <stdbool.h>
#include <stddef.h>

struct conn;
struct volume_ref;
struct writer;

/* Returns true if the request names one volume, and puts the volume's ref into `ref`. */
bool control_names_volume(const void *request, size_t length, struct volume_ref *ref);

/* Returns true if the request is a HELLO that fences no connection. */
bool control_asks_for_life(const void *request, size_t length);

/* Returns false if the request has to wait until other connections are gone; call it again then. */
bool control_answer(struct conn *conn, const void *request, size_t length, struct writer *answer);
