/* SPDX-License-Identifier: Apache-2.0 */

/* Names the files of a layer. */

#include <stdio.h>

#include "layer.h"

void layer_file_name(const struct uuid *id, const char *suffix, char name[LAYER_FILE_NAME_SIZE])
{
    char hex[UUID_HEX_SIZE];

    uuid_hex(id, hex);
    snprintf(name, LAYER_FILE_NAME_SIZE, "%s%s", hex, suffix);
}

/* ID.data, ID.data.1, ID.data.2 and so on. */
void layer_segment_name(const struct uuid *id, unsigned segment, char name[LAYER_FILE_NAME_SIZE])
{
    char suffix[LAYER_FILE_NAME_SIZE - UUID_HEX_SIZE + 1] = ".data";

    if (segment)
        snprintf(suffix, sizeof(suffix), ".data.%u", segment);
    layer_file_name(id, suffix, name);
}
