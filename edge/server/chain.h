/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* I/O on a chain of open layers as a volume sees it. 0 or errno. The caller keeps the range
 * inside the volume and the chain as it is (struct volume's `io` lock). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct layer;

/* With `nowait`: EAGAIN if the data is not in memory. */
int chain_read(struct layer *top, void *data, size_t length, uint64_t offset, bool nowait);
int chain_write(struct layer *top, const void *data, size_t length, uint64_t offset);
/* The range reads as zeros and its space is freed. */
int chain_zero(struct layer *top, uint64_t length, uint64_t offset);
/* Copies one cluster of `from`, which owns it, into `to`, which stands on it, unless `to` has
 * its own. */
int chain_pull(struct layer *to, struct layer *from, uint64_t cluster);
