/* SPDX-License-Identifier: Apache-2.0 */

/* What the open volume needs of the control calls on volumes. */
#ifndef OVS_VOLUME_H
#define OVS_VOLUME_H

#include <openvstorage/volumedriver.h>

#include "wire.h"

/* All return 0 or an errno. */
int volume_size(ovs_ctx_t *ctx, struct uuid volume, uint64_t *size);

/* *size: the wanted one, then the one that it became. */
int volume_grow(ovs_ctx_t *ctx, struct uuid volume, uint64_t *size);

#endif
