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

/* What the open volume needs of the control calls on volumes. */
#ifndef OVS_VOLUME_H
#define OVS_VOLUME_H

#include <openvstorage/volumedriver.h>

#include "wire.h"

/* All return 0 or an errno. */
int random_uuid(struct uuid *uuid);
int volume_size(ovs_ctx_t *ctx, struct uuid volume, uint64_t *size);

/* *size: the wanted one, then the one that it became. */
int volume_grow(ovs_ctx_t *ctx, struct uuid volume, uint64_t *size);

#endif
