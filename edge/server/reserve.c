/* SPDX-License-Identifier: Apache-2.0 */

/* Keeps a few MiB back for the day when the file system is full. */

#include "reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "disk.h"
#include "log.h"

#define RESERVE_BYTES (4u << 20)
#define PLENTY (8ull * RESERVE_BYTES)

bool reserve_open(struct reserve *reserve, int root)
{
    reserve->fd = openat(root, "reserve", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (reserve->fd < 0) {
        log_error("reserve: %s", strerror(errno));
        return false;
    }
    reserve_refill(reserve);
    return true;
}

void reserve_close(struct reserve *reserve)
{
    if (reserve->fd >= 0)
        close(reserve->fd);
}

static bool is_empty(const struct reserve *reserve)
{
    struct stat st;

    return fstat(reserve->fd, &st) < 0 || st.st_blocks * 512ull < RESERVE_BYTES / 2;
}

bool reserve_release(struct reserve *reserve)
{
    if (is_empty(reserve))
        return false;
    log_warning("the file system is full: using what was kept back to free space");
    return disk_punch(reserve->fd, 0, RESERVE_BYTES) == 0;
}

void reserve_refill(struct reserve *reserve)
{
    struct statvfs fs;

    if (!is_empty(reserve) || fstatvfs(reserve->fd, &fs) < 0)
        return;
    if ((uint64_t)fs.f_bavail * fs.f_frsize >= PLENTY
        && disk_reserve(reserve->fd, 0, RESERVE_BYTES))
        disk_punch(reserve->fd, 0, RESERVE_BYTES);      /* no half measures */
}
