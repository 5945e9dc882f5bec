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

/* The transmission phase: NBD requests. */

#include <stddef.h>
#include <stdint.h>

struct conn;

/* Takes one request, or a part of a long one, out of the bytes; returns how many it took, 0:
 * more must come. */
size_t data_take(struct conn *conn, const uint8_t *bytes, size_t length);
/* Frees what a thread that called data_take keeps for it. */
void data_thread_end(void);
