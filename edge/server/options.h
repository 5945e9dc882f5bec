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

/* The handshake: greeting, client flags, options. */

#include <stddef.h>
#include <stdint.h>

struct conn;

void options_greet(struct conn *conn);
/* After the TLS handshake: nothing that was said before it counts, but the client's flags. */
void options_begin_again(struct conn *conn);
/* Takes the client's flags or one option; returns how many bytes it took, 0: more must come. */
size_t options_take(struct conn *conn, const uint8_t *bytes, size_t length);
