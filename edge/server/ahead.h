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
 *
 * Data that is written over and over would go to the disk each time. So the limit is as high as
 * flushes stay short: it halves when one takes more than a second, and doubles when a large one
 * takes a quarter of that.
 */

#include <stdint.h>

struct layer;
struct layer_home;

#define AHEAD_LEAST (64ull << 20)
#define AHEAD_MOST (1ull << 30)
#define AHEAD_FLUSH_MS 1000

/* Counts the bytes that were written to the open layer. Tells the disk to begin now and then. */
void ahead_note(struct layer *layer, uint64_t length);

/* A flush of `length` bytes took so long; adapts the limit to it. */
void ahead_learn(struct layer_home *home, uint64_t length, long long milliseconds);
