/* SPDX-License-Identifier: Apache-2.0 */

/* Wakes a thread up from poll(). */

#include "wake.h"

#include <sys/eventfd.h>

int wake_new(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void wake_up(int fd)
{
    eventfd_write(fd, 1);
}

void wake_drain(int fd)
{
    eventfd_t count;

    (void)eventfd_read(fd, &count);
}
