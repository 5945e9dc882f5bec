/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Loads the volumes of a store when the engine starts. */

#include <stdbool.h>

struct store;

/* Reads every record and makes the volumes. False, and logged, if one is damaged or does not fit
 * the others: a store with damage is not served, for a missing layer would read as zeros. */
bool load_volumes(struct store *store);
