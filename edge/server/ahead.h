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

/*
 * The engine sends written data to the disk before a client asks for a flush. The flush then finds
 * little left to do, however much was written since the last one.
 */

#include <stddef.h>

struct layer;

#define AHEAD_BYTES (64ull << 20)

/* Counts the bytes that were written to the open layer. Tells the disk to begin now and then. */
void ahead_note(struct layer *layer, size_t length);
