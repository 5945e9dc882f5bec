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
