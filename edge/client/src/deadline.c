/* SPDX-License-Identifier: Apache-2.0 */

/* Tells the time, and how much of it is left. */

#include "deadline.h"

#include <limits.h>
#include <time.h>

int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int remaining_ms(int64_t at_ms)
{
    int64_t left = at_ms - now_ms();

    if (left <= 0)
        return 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}

struct deadline deadline_within(struct deadline deadline, int64_t limit_ms)
{
    int64_t limit = now_ms() + limit_ms;

    if (limit < deadline.at_ms)
        deadline.at_ms = limit;
    return deadline;
}
