/* SPDX-License-Identifier: Apache-2.0 */

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

static inline void flushes_init(struct flushes *flushes)
{
    pthread_mutex_init(&flushes->lock, NULL);
    flushes->last = &flushes->first;
}

/* Calls `done` in the pool, or at once with ENOMEM. */
void flushes_join(struct volume *volume, struct pool *pool, struct flush_wait *wait);
