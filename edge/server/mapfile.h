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

/* ID.map and runtime/BOOT/ID: the bits of a layer as files. Functions return 0 or errno. */

#include <stdatomic.h>
#include <stdint.h>

#include "bytes.h"

int map_header_write(int fd, const struct uuid *id);
/* Ors the bits of a file, from `offset` on, into `map`. Pages that gain bits are marked in `gained` unless it is NULL. */
int map_load(int fd, uint64_t offset, _Atomic uint8_t *map, uint8_t *gained);

/* Room for the map and one bit per page behind it; untouched pages take no memory. NULL: none. */
_Atomic uint8_t *map_memory_new(uint8_t **page_bits);
void map_memory_free(_Atomic uint8_t *map);
