/* SPDX-License-Identifier: Apache-2.0 */

/* Runs work in a fixed set of threads, a fair share of it from each lane. */

#include "pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "thread.h"

struct work {
    struct work *next;
    struct lane *lane;
    void (*run)(void *);
    void *argument;
};

struct lane {
    atomic_uint references;
    unsigned limit, running;
    struct work *first, **last;
    bool listed;                /* its turn will come: it has work and may run it */
    struct lane *next;
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct lane *first, **last;     /* the listed ones */
    struct lane *common;
    bool finishing;
    int threads;
    unsigned long ids[];
};

struct lane *lane_new(unsigned limit)
{
    struct lane *lane = calloc(1, sizeof(*lane));

    if (!lane)
        return NULL;
    lane->references = 1;
    lane->limit = limit;
    lane->last = &lane->first;
    return lane;
}

void lane_put(struct lane *lane)
{
    if (lane && atomic_fetch_sub(&lane->references, 1) == 1)
        free(lane);
}

static void list(struct pool *pool, struct lane *lane)
{
    if (lane->listed || !lane->first || lane->running >= lane->limit)
        return;
    lane->listed = true;
    lane->next = NULL;
    *pool->last = lane;
    pool->last = &lane->next;
}

static struct work *take(struct pool *pool)
{
    struct lane *lane = pool->first;
    struct work *work = lane->first;

    pool->first = lane->next;
    if (!pool->first)
        pool->last = &pool->first;
    lane->first = work->next;
    if (!lane->first)
        lane->last = &lane->first;
    lane->listed = false;
    lane->running++;
    list(pool, lane);
    return work;
}

/* `done`: what the thread has carried out, or NULL. */
static struct work *next_work(struct pool *pool, struct work *done)
{
    pthread_mutex_lock(&pool->lock);
    if (done) {
        assert(done->lane->running > 0);
        done->lane->running--;
        list(pool, done->lane);
    }
    while (!pool->first && !pool->finishing)
        pthread_cond_wait(&pool->changed, &pool->lock);
    struct work *work = pool->first ? take(pool) : NULL;
    pthread_mutex_unlock(&pool->lock);
    if (done) {
        lane_put(done->lane);
        free(done);
    }
    return work;
}

static void *thread_body(void *argument)
{
    struct work *work = NULL;

    while ((work = next_work(argument, work)))
        work->run(work->argument);
    return NULL;
}

struct pool *pool_new(int threads)
{
    struct pool *pool = calloc(1, sizeof(*pool) + threads * sizeof(pool->ids[0]));

    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pool->last = &pool->first;
    pool->common = lane_new(threads);
    if (!pool->common) {
        pool_finish(pool);
        return NULL;
    }
    while (pool->threads < threads) {
        if (thread_start(&pool->ids[pool->threads], thread_body, pool)) {
            pool_finish(pool);
            return NULL;
        }
        pool->threads++;
    }
    return pool;
}

bool pool_add(struct pool *pool, struct lane *lane, void (*run)(void *), void *argument)
{
    struct work *work = malloc(sizeof(*work));

    if (!work)
        return false;
    lane = lane ? lane : pool->common;
    *work = (struct work){.lane = lane, .run = run, .argument = argument};
    atomic_fetch_add(&lane->references, 1);
    pthread_mutex_lock(&pool->lock);
    *lane->last = work;
    lane->last = &work->next;
    list(pool, lane);
    pthread_cond_signal(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    return true;
}

void pool_finish(struct pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->finishing = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->threads; i++)
        pthread_join(pool->ids[i], NULL);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    lane_put(pool->common);
    free(pool);
}
