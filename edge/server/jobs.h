/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* What goes on behind the clients' backs. Every job can be lost with the process: store_open
 * finds what is left to do. */

struct store;
struct volume;
struct record;
struct uuid;

int jobs_start(struct store *store);
/* Ends all jobs; a merge stops where it is. */
void jobs_finish(struct store *store);

/* Makes a snapshot durable. */
void job_seal(struct volume *volume, const struct uuid *snapshot);
/* Opens, scrubs, flushes and closes a volume after an unclean stop. */
void job_settle(struct volume *volume);
/* Closes the layers of a volume that nobody has open any more. */
void job_unload(struct volume *volume);
/* Merges layers that no snapshot holds any more into those above them. */
void job_merge(struct volume *volume);
/* Removes the files that `garbage` in the volume's record names. */
void job_reap_garbage(struct volume *volume);
/* Removes the files of a removed volume and then its record in trash/. */
void job_reap_trash(struct store *store, const struct uuid *id);
