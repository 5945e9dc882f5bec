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
