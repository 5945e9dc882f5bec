/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* The folder that a store is: its id file, its lock, its sub-folders. Failures are logged with
 * their cure. */

#include <stdbool.h>

#include "bytes.h"

/* An open, locked store folder. */
struct folder {
    int root, lock, volumes, trash, layers, runtime;
    struct uuid id;
};

/* With `create`, an empty folder becomes a store. */
bool folder_open(struct folder *folder, const char *path, bool create);
void folder_close(struct folder *folder);

/* Calls `visit` for each name in a sub-folder, without "." and ".."; stops and returns false
 * when it returns false. */
bool folder_visit(int directory, bool (*visit)(void *context, const char *name), void *context);

/* A volume's or layer's id as a file name. */
bool folder_name_is_id(const char *name, struct uuid *id);
/* A file that disk_stage was writing when the engine died. */
bool folder_name_is_temporary(const char *name);
