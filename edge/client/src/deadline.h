/* SPDX-License-Identifier: Apache-2.0 */

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
