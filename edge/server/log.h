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

/* One line each on stderr: "2026-01-31T12:00:00Z level text". */

#include <stdatomic.h>

/* For what a stranger can cause as often as it likes: a line a second tells of many. */
struct log_limit {
    atomic_llong logged_ms;
    atomic_uint count;
};

/* Counts one more; returns how many a line is to tell of now, 0: none. */
unsigned log_due(struct log_limit *limit);

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
