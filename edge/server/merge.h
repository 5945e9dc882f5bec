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

#include <stdbool.h>

struct volume;

/* Merges every layer of the volume that nothing holds any more into the layer above it. Stops
 * where it is when the store stops or is full; the rest is done by a later call. */
void merge_volume(struct volume *volume);
/* Whether there is anything to merge. */
bool merge_wanted(struct volume *volume);
