/* SPDX-License-Identifier: Apache-2.0 */

/* Writes lines of the log to stderr. */

#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define LIMIT_MS 1000

static bool verbose;

static void emit(const char *level, const char *format, va_list args)
{
    char line[1200], when[32];
    struct tm tm;
    time_t now = time(NULL);

    gmtime_r(&now, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    int length = snprintf(line, sizeof(line), "%s %s ", when, level);
    length += vsnprintf(line + length, sizeof(line) - 1 - length, format, args);
    if (length > (int)sizeof(line) - 2)
        length = sizeof(line) - 2;
    for (int i = 0; i < length; i++)    /* names come from clients: keep it one line */
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[length] = '\n';
    /* one write per line, so that threads do not mix theirs; nowhere to report a failure */
    if (write(STDERR_FILENO, line, length + 1) < 0)
        return;
}

unsigned log_due(struct log_limit *limit)
{
    long long now = now_ms(), logged = limit->logged_ms;

    limit->count++;
    if (now < logged + LIMIT_MS
        || !atomic_compare_exchange_strong(&limit->logged_ms, &logged, now))
        return 0;
    return atomic_exchange(&limit->count, 0);
}

#define EMIT(level) \
    va_list args; \
    va_start(args, format); \
    emit(level, format, args); \
    va_end(args)

void log_verbose(void)
{
    verbose = true;
}

void log_debug(const char *format, ...)
{
    if (verbose) {
        EMIT("debug");
    }
}

void log_info(const char *format, ...) { EMIT("info"); }
void log_warning(const char *format, ...) { EMIT("warning"); }
void log_error(const char *format, ...) { EMIT("error"); }
