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

/* A one-shot event that a thread can wait for until an absolute time. */
#ifndef OVS_EVENT_H
#define OVS_EVENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Zero-initialised is "not set". No other memory and no destructor belong to it: whoever waited
 * may free the event at once, even while event_set is still on its way out. */
struct event {
    _Atomic uint32_t state;
};

void event_set(struct event *event);
bool event_is_set(struct event *event);

/* deadline: absolute CLOCK_REALTIME, or NULL. Returns 0, ETIMEDOUT or EINVAL. */
int event_wait(struct event *event, const struct timespec *deadline);

#endif
