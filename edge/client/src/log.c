/* SPDX-License-Identifier: Apache-2.0 */

/* Writes to stderr why a server cannot be used. */

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
