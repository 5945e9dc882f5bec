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
 * What was written is on its way to the disk before anybody asks: a flush then finds little left to
 * do, however much was written since the last one.
 */

#include <stddef.h>

struct layer;

#define AHEAD_BYTES (64ull << 20)

/* So much was written to the layer, which is open. From time to time the disk is told to begin. */
void ahead_note(struct layer *layer, size_t length);
