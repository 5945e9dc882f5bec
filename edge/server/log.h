/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* One line each on stderr: "2026-01-31T12:00:00Z level text". */

#include <stdatomic.h>

/* For what a stranger can cause as often as it likes: a line a second tells of many. */
struct log_limit {
    atomic_llong logged_ms;
    atomic_uint count;
};

/* Counts one more; returns how many a line is to tell of now, 0: none. */
unsigned log_due(struct log_limit *limit);

/* Lets log_debug write lines; it writes none before. To be called before other threads exist. */
void log_verbose(void);

void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
