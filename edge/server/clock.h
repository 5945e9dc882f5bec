/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * Time that only goes forward. Nothing that waits asks for the time of day: that can be set, an
 * hour back or ahead, while a thread waits.
 */

#include <pthread.h>
#include <time.h>

/* As of the kernel's last tick, up to ten milliseconds ago: each request asks for it. */
long long now_ms(void);

/* A condition whose waits end at a deadline_after(). */
void clock_condition_init(pthread_cond_t *condition);
struct timespec deadline_after(long long milliseconds);
