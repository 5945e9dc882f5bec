/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Merges layers that no snapshot needs any more. */

#include <stdbool.h>

struct volume;

/* Merges every layer of the volume that nothing holds any more into the layer above it. Stops
 * where it is when the store stops or is full; the rest is done by a later call. */
void merge_volume(struct volume *volume);
/* Whether there is anything to merge. */
bool merge_wanted(struct volume *volume);
