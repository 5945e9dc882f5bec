/* SPDX-License-Identifier: Apache-2.0 */

/* Ends the process when a stop takes too long. */

#include "watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "thread.h"

static _Atomic(const char *) current = "the stop to begin";

void watchdog_note(const char *step)
{
    current = step;
}

static void *watch(void *argument)
{
    struct timespec rest = {.tv_sec = (intptr_t)argument};

    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, &rest) == EINTR)
        continue;
    log_error("the stop did not end in %d s: it waited for %s; what was flushed is safe, the next "
              "start takes over the rest", (int)(intptr_t)argument, atomic_load(&current));
    _exit(WATCHDOG_STATUS);
}

bool watchdog_start(int seconds)
{
    unsigned long thread;
    int error = thread_start(&thread, watch, (void *)(intptr_t)seconds);

    if (error)
        log_error("cannot watch the stop: %s", strerror(error));
    else
        pthread_detach(thread);
    return !error;
}
