/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * Every change of the store on disk goes through here. Functions return 0 or an errno value.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int disk_write(int fd, const void *data, size_t length, off_t offset);

/* What lies beyond the end of the file, or was never written, reads as zeros. With `nowait`: EAGAIN
 * instead of waiting for the medium. */
int disk_read(int fd, void *data, size_t length, off_t offset, bool nowait);
/* The same of what the file must have: EIO if it ends before. */
int disk_read_inside(int fd, void *data, size_t length, off_t offset, bool nowait);

/* Makes the file longer; what is added reads as zeros and takes no space. */
int disk_extend(int fd, off_t length);

/* Frees the range; it reads as zeros from then on. The file keeps its length. */
int disk_punch(int fd, off_t offset, off_t length);

/* Allocates the range, so that a later write to it cannot fail for want of space. */
int disk_reserve(int fd, off_t offset, off_t length);

int disk_sync_data(int fd);
int disk_sync_directory(int fd);

/* Step one of replacing a small file: NAME.tmp, complete and durable. Step two: disk_publish.
 * The caller then syncs the directory. */
int disk_stage(int directory, const char *name, const void *data, size_t length);
int disk_publish(int directory, const char *name);
void disk_unstage(int directory, const char *name);

/* The whole file in malloc'ed memory; EFBIG above `limit`. */
int disk_load(int directory, const char *name, size_t limit, uint8_t **data, size_t *length);
