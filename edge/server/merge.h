/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Merges layers that no snapshot needs any more. */

#include <stdbool.h>

struct volume;

/* In the background, merges every layer of the volume that nothing holds any more into the layer
 * above it. Stops where it is when the store stops or is full; a later call does the rest. */
void merge_later(struct volume *volume);
/* Whether there is anything to merge. */
bool merge_wanted(struct volume *volume);
