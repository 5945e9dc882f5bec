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
