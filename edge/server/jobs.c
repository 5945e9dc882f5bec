/* SPDX-License-Identifier: Apache-2.0 */

/* Runs background work. */

#include "jobs.h"

#include <errno.h>
#include <stdlib.h>

#include "log.h"
#include "pool.h"
#include "store.h"
#include "volume.h"

#define SEAL_THREADS 4

int jobs_start(struct store *store)
{
    store->seal_pool = pool_new(SEAL_THREADS);
    store->merge_pool = pool_new(1);
    store->home.ahead_pool = pool_new(1);
    store->reap_pool = pool_new(1);
    return store->seal_pool && store->merge_pool && store->reap_pool && store->home.ahead_pool
        ? 0 : EAGAIN;
}

void jobs_finish(struct store *store)
{
    store->stopping = true;
    pool_finish(store->merge_pool);
    pool_finish(store->seal_pool);
    pool_finish(store->reap_pool);
    pool_finish(store->home.ahead_pool);    /* the last: the others may write, too */
    store->home.ahead_pool = NULL;
    store->merge_pool = store->seal_pool = store->reap_pool = NULL;
}

static void job_free(struct job *job)
{
    if (job->volume)
        volume_put(job->volume);
    free(job);
}

static void run_job(void *argument)
{
    struct job *job = argument;

    job->run(job);
    job_free(job);
}

void jobs_add(struct pool *pool, struct job job)
{
    struct job *copy = malloc(sizeof(*copy));

    if (copy) {
        *copy = job;
        if (copy->volume)
            volume_get(copy->volume);
        if (pool_add(pool, NULL, run_job, copy))
            return;
        job_free(copy);
    }
    log_error("no memory for background work; it is made up for at the next start");
}
