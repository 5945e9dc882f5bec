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

#include "watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "pool.h"

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
