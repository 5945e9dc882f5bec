/* SPDX-License-Identifier: Apache-2.0 */

/* Sets and awaits events, by futexes. */

#include "event.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { UNSET, AWAITED, SET };

bool event_is_set(struct event *event)
{
    return atomic_load_explicit(&event->state, memory_order_acquire) == SET;
}

void event_set(struct event *event)
{
    /* After the exchange the waiter may free the event: FUTEX_WAKE only names the address then,
     * and a wake-up that hits a stranger is one that every futex user must bear anyway. */
    if (atomic_exchange_explicit(&event->state, SET, memory_order_acq_rel) == AWAITED)
        syscall(SYS_futex, &event->state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* FUTEX_WAIT_BITSET is the wait with an absolute time. */
static int wait_while_awaited(struct event *event, const struct timespec *deadline)
{
    if (syscall(SYS_futex, &event->state,
                FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, AWAITED, deadline,
                NULL, FUTEX_BITSET_MATCH_ANY) == 0)
        return 0;
    return errno == EAGAIN || errno == EINTR ? 0 : errno;
}

int event_wait(struct event *event, const struct timespec *deadline)
{
    int error = 0;

    while (!event_is_set(event)) {
        uint32_t unset = UNSET;

        if (error != 0)
            return error;
        atomic_compare_exchange_strong(&event->state, &unset, AWAITED);
        if (unset != SET)
            error = wait_while_awaited(event, deadline);
    }
    return 0;
}
