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
 * The flushes of a volume. One flush runs at a time, and answers all requests that came before it
 * began. Requests that come while it runs wait for the next flush: the running one need not have
 * seen the writes that were acknowledged in between.
 */

#include <pthread.h>
#include <stdbool.h>

struct pool;
struct volume;

struct flush_wait {
    struct flush_wait *next;
    void (*done)(struct flush_wait *wait, int error);
};

struct flushes {
    pthread_mutex_t lock;
    struct flush_wait *first, **last;   /* those that wait for one that has not begun */
    bool queued;                        /* one is in the pool */
};

void flushes_init(struct flushes *flushes);
/* Calls `done` in the pool, or at once with ENOMEM. */
void flush_join(struct volume *volume, struct pool *pool, struct flush_wait *wait);
