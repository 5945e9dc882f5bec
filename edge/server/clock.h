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
 * Time that only goes forward. Nothing that waits asks for the time of day: that can be set, an
 * hour back or ahead, while a thread waits.
 */

#include <pthread.h>
#include <time.h>

long long now_ms(void);

/* A condition whose waits end at a deadline_after(). */
void clock_condition_init(pthread_cond_t *condition);
struct timespec deadline_after(long long milliseconds);
