/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Removal of files that no volume needs any more, in the background. */

struct store;
struct uuid;
struct volume;

/* Removes the files that `garbage` in the volume's record names. */
void reap_garbage_later(struct volume *volume);
/* Removes the files of a removed volume and then its record in trash/. */
void reap_trash_later(struct store *store, const struct uuid *id);
