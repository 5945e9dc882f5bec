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

/* How long a blocking step may take, and what may cut it short. */
#ifndef OVS_DEADLINE_H
#define OVS_DEADLINE_H

#include <stdint.h>

struct deadline {
    int64_t at_ms; /* on the clock of now_ms */
    int cancel_fd; /* readable: stop waiting (ECANCELED); -1: none */
};

int64_t now_ms(void);

/* Milliseconds from now until then, never below 0, fit for poll(). */
int remaining_ms(int64_t at_ms);

/* The earlier of the deadline and `limit_ms` from now. */
struct deadline deadline_within(struct deadline deadline, int64_t limit_ms);

#endif
