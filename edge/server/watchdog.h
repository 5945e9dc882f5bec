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
