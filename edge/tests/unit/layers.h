/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Layers in a folder of their own, without a store. */

#undef NDEBUG     /* the assertions are the test */
#include <assert.h>

#include "layer.h"

extern struct layer_home home;

void open_home(void);
void remove_home(void);
/* A new, open layer. */
struct layer *new_layer(struct layer *parent);
/* So many bytes from `offset` on have that value. */
void expect(struct layer *top, uint64_t offset, size_t length, uint8_t value);
void put(struct layer *top, uint64_t offset, size_t length, uint8_t value);
