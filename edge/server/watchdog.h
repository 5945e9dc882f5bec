/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * The watchdog makes each stop end. Flushed data is safe however the process ends, so a request or
 * a sync that hangs must not keep the process.
 */

#include <stdbool.h>

#define WATCHDOG_STATUS 3

/* The process has so many seconds from now on to end; then it exits with WATCHDOG_STATUS. */
bool watchdog_start(int seconds);
/* Names the step that would be to blame, in words that complete "waited for ...". */
void watchdog_note(const char *step);
