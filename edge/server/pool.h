/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * A fixed set of threads that work off lanes: the work of a lane begins in its order, the lanes take
 * turns, and a lane takes so many threads at a time and no more. So the work of one client never
 * waits for all the work of another.
 */

#include <stdbool.h>

struct pool;
struct lane;

/* Of one pool; `limit`: the most threads at a time. NULL: no memory. */
struct lane *lane_new(unsigned limit);
/* Its last work may outlive it. NULL is good. */
void lane_put(struct lane *lane);

struct pool *pool_new(int threads);
/* False: no memory, nothing queued. `lane` NULL: the one of those who have none, without a limit. */
bool pool_add(struct pool *pool, struct lane *lane, void (*work)(void *), void *argument);
/* Works off what is queued, then ends the threads and frees the pool. */
void pool_finish(struct pool *pool);
