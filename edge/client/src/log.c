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

#include "log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bounds.h"
#include "deadline.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char last[1024];
static int64_t last_ms = -LOG_REPEAT_MS;

static bool is_repetition(const char *line)
{
    bool repeated;

    pthread_mutex_lock(&lock);
    repeated = strcmp(line, last) == 0 && remaining_ms(last_ms + LOG_REPEAT_MS) > 0;
    if (!repeated) {
        strcpy(last, line);
        last_ms = now_ms();
    }
    pthread_mutex_unlock(&lock);
    return repeated;
}

void log_error(const char *format, ...)
{
    char line[sizeof(last)];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (!is_repetition(line))
        fprintf(stderr, "libovsvolumedriver: %s\n", line);
}
