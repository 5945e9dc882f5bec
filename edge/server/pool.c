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

#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define STACK_BYTES (512 * 1024)

struct work {
    struct work *next;
    void (*run)(void *);
    void *argument;
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct work *first, **last;
    bool finishing;
    int threads;
    unsigned long ids[];
};

int thread_start(unsigned long *thread, void *(*body)(void *), void *argument)
{
    pthread_attr_t attributes;
    pthread_t id;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int error = pthread_create(&id, &attributes, body, argument);
    pthread_attr_destroy(&attributes);
    *thread = id;
    return error;
}

static struct work *next_work(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (!pool->first && !pool->finishing)
        pthread_cond_wait(&pool->changed, &pool->lock);
    struct work *work = pool->first;
    if (work) {
        pool->first = work->next;
        if (!pool->first)
            pool->last = &pool->first;
    }
    pthread_mutex_unlock(&pool->lock);
    return work;
}

static void *thread_body(void *argument)
{
    struct work *work;

    while ((work = next_work(argument))) {
        work->run(work->argument);
        free(work);
    }
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
    while (pool->threads < threads) {
        if (thread_start(&pool->ids[pool->threads], thread_body, pool)) {
            pool_finish(pool);
            return NULL;
        }
        pool->threads++;
    }
    return pool;
}

bool pool_add(struct pool *pool, void (*run)(void *), void *argument)
{
    struct work *work = malloc(sizeof(*work));

    if (!work)
        return false;
    *work = (struct work){.run = run, .argument = argument};
    pthread_mutex_lock(&pool->lock);
    *pool->last = work;
    pool->last = &work->next;
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
    free(pool);
}
