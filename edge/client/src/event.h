/* SPDX-License-Identifier: Apache-2.0 */

/* A one-shot event that a thread can wait for until an absolute time. */
#ifndef OVS_EVENT_H
#define OVS_EVENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Zero-initialised is "not set". No other memory and no destructor belong to it: the thread that
 * waited may free the event at once, even while event_set is still on its way out. */
struct event {
    _Atomic uint32_t state;
};

void event_set(struct event *event);
bool event_is_set(struct event *event);

/* deadline: absolute CLOCK_REALTIME, or NULL. Returns 0, ETIMEDOUT or EINVAL. */
int event_wait(struct event *event, const struct timespec *deadline);

#endif
