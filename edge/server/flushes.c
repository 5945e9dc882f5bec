/* SPDX-License-Identifier: Apache-2.0 */

/* Gathers the flushes that clients ask for into as few as can be. */

#include "flushes.h"

#include <errno.h>
#include <stdlib.h>

#include "pool.h"
#include "volume.h"

struct flush {
    struct volume *volume;
    struct pool *pool;
};

static struct flush_wait *take_all(struct flushes *flushes)
{
    pthread_mutex_lock(&flushes->lock);
    struct flush_wait *first = flushes->first;
    flushes->first = NULL;
    flushes->last = &flushes->first;
    pthread_mutex_unlock(&flushes->lock);
    return first;
}

/* Calls `done` of each wait, after which the wait no longer exists. */
static void tell(struct flush_wait *wait, int error)
{
    while (wait) {
        struct flush_wait *next = wait->next;

        wait->done(wait, error);
        wait = next;
    }
}

static void flush_free(struct flush *flush)
{
    volume_put(flush->volume);
    free(flush);
}

static bool is_wanted_again(struct flushes *flushes)
{
    pthread_mutex_lock(&flushes->lock);
    flushes->queued = flushes->first != NULL;
    bool wanted = flushes->queued;
    pthread_mutex_unlock(&flushes->lock);
    return wanted;
}

static void run_flush(void *argument);

/* Puts the flush into the pool, and owns it from here on. */
static void queue(struct flush *flush)
{
    struct flushes *flushes = &flush->volume->flushes;

    while (!pool_add(flush->pool, flush->volume->sync_lane, run_flush, flush)) {
        tell(take_all(flushes), ENOMEM);
        if (!is_wanted_again(flushes)) {
            flush_free(flush);
            return;
        }
    }
}

static void run_flush(void *argument)
{
    struct flush *flush = argument;
    /* before it begins: what comes later is not among them */
    struct flush_wait *waits = take_all(&flush->volume->flushes);

    tell(waits, volume_flush(flush->volume));
    if (is_wanted_again(&flush->volume->flushes))
        queue(flush);
    else
        flush_free(flush);
}

void flushes_join(struct volume *volume, struct pool *pool, struct flush_wait *wait)
{
    struct flushes *flushes = &volume->flushes;
    struct flush *flush = malloc(sizeof(*flush));

    if (!flush) {
        wait->done(wait, ENOMEM);
        return;
    }
    *flush = (struct flush){volume_get(volume), pool};
    wait->next = NULL;
    pthread_mutex_lock(&flushes->lock);
    *flushes->last = wait;
    flushes->last = &wait->next;
    bool queued = flushes->queued;
    flushes->queued = true;
    pthread_mutex_unlock(&flushes->lock);
    if (queued)
        flush_free(flush);
    else
        queue(flush);
}
