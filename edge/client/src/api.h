/* SPDX-License-Identifier: Apache-2.0 */

/* What the functions of the API share. */
#ifndef OVS_API_H
#define OVS_API_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

#include "bounds.h"

static inline int fail(int error)
{
    errno = error;
    return -1;
}

/* Callers of old look at errno after a result of 0 as well: it says 0 then, not what some step on
 * the way left there. */
static inline ssize_t succeed(ssize_t result)
{
    errno = 0;
    return result;
}

/* The same of what makes something: NULL keeps its errno. */
static inline void *made(void *thing)
{
    if (thing != NULL)
        errno = 0;
    return thing;
}

/* 0 or the errno of an internal step. */
static inline int result_of(int error)
{
    return error == 0 ? (int)succeed(0) : fail(error);
}

static inline bool name_is_valid(const char *name)
{
    return name != NULL && name[0] != '\0' && strnlen(name, NAME_LIMIT) < NAME_LIMIT;
}

#endif
