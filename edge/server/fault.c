/* SPDX-License-Identifier: Apache-2.0 */

/* Fills in why an operation was refused. */

#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int fault_set(struct fault *fault, int error, enum reason reason, const char *format, ...)
{
    va_list args;

    fault->error = error;
    fault->reason = reason;
    va_start(args, format);
    vsnprintf(fault->text, sizeof(fault->text), format, args);
    va_end(args);
    return error;
}

int fault_store(struct fault *fault, int error, const char *what)
{
    if (error == ENOSPC || error == EDQUOT)
        return fault_set(fault, ENOSPC, REASON_INSUFFICIENT_RESOURCES,
                         "%s: the store's file system is full; free space on it", what);
    return fault_set(fault, error == ENOMEM ? ENOMEM : EIO, REASON_NONE, "%s: %s", what,
                     strerror(error));
}
