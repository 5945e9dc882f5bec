/* SPDX-License-Identifier: Apache-2.0 */

/* Marks a layer whose data nothing can vouch for any more. */

#include <string.h>

#include "layer.h"
#include "log.h"

void layer_fail(struct layer *layer, const char *what, int error)
{
    char hex[UUID_HEX_SIZE];

    layer->failed = true;
    home_remember_failure(layer->home, &layer->id);
    uuid_hex(&layer->id, hex);
    log_error("layer %s: %s: %s; its flushes fail from now on; hint: repair the disk, restart the "
              "host, then restore what was not flushed", hex, what, strerror(error));
}
