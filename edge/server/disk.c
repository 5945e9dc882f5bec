/* SPDX-License-Identifier: Apache-2.0 */

/* Wraps the system calls that read, change and sync the store. */

#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define TEMPORARY_SUFFIX ".tmp"

int disk_write(int fd, const void *data, size_t length, off_t offset)
{
    while (length) {
        ssize_t n = pwrite(fd, data, length, offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return EIO;
        data = (const char *)data + n;
        length -= n;
        offset += n;
    }
    return 0;
}

/* Some file systems (tmpfs) cannot say whether a read would wait: then it just waits. */
static ssize_t read_some(int fd, void *data, size_t length, off_t offset, bool nowait)
{
    static atomic_bool nowait_unsupported;
    struct iovec piece = {.iov_base = data, .iov_len = length};

    if (nowait && !atomic_load(&nowait_unsupported)) {
        ssize_t n = preadv2(fd, &piece, 1, offset, RWF_NOWAIT);

        if (n >= 0 || errno != EOPNOTSUPP)
            return n;
        atomic_store(&nowait_unsupported, true);
    }
    return pread(fd, data, length, offset);
}

static int read_to_end(int fd, void *data, size_t length, off_t offset, bool nowait, int at_end)
{
    while (length) {
        ssize_t n = read_some(fd, data, length, offset, nowait);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0) {
            memset(data, 0, length);
            return at_end;
        }
        data = (char *)data + n;
        length -= n;
        offset += n;
    }
    return 0;
}

int disk_read(int fd, void *data, size_t length, off_t offset, bool nowait)
{
    return read_to_end(fd, data, length, offset, nowait, 0);
}

int disk_read_inside(int fd, void *data, size_t length, off_t offset, bool nowait)
{
    return read_to_end(fd, data, length, offset, nowait, EIO);
}

int disk_extend(int fd, off_t length)
{
    while (ftruncate(fd, length) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

int disk_punch(int fd, off_t offset, off_t length)
{
    int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

    while (fallocate(fd, mode, offset, length) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

int disk_reserve(int fd, off_t offset, off_t length)
{
    while (fallocate(fd, 0, offset, length) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

int disk_sync_data(int fd)
{
    return fdatasync(fd) < 0 ? errno : 0;
}

int disk_sync_directory(int fd)
{
    return fsync(fd) < 0 ? errno : 0;
}

static void temporary_name(char *buffer, size_t size, const char *name)
{
    snprintf(buffer, size, "%s" TEMPORARY_SUFFIX, name);
}

int disk_stage(int directory, const char *name, const void *data, size_t length)
{
    char temporary[300];
    int error;

    temporary_name(temporary, sizeof(temporary), name);
    int fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    error = disk_write(fd, data, length, 0);
    if (!error && fsync(fd) < 0)
        error = errno;
    if (close(fd) < 0 && !error)
        error = errno;
    if (error)
        unlinkat(directory, temporary, 0);
    return error;
}

int disk_publish(int directory, const char *name)
{
    char temporary[300];

    temporary_name(temporary, sizeof(temporary), name);
    return renameat(directory, temporary, directory, name) < 0 ? errno : 0;
}

void disk_unstage(int directory, const char *name)
{
    char temporary[300];

    temporary_name(temporary, sizeof(temporary), name);
    unlinkat(directory, temporary, 0);
}

int disk_load(int directory, const char *name, size_t limit, uint8_t **data, size_t *length)
{
    struct stat st;
    int error = 0;

    *data = NULL;
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    if (fstat(fd, &st) < 0)
        error = errno;
    else if ((uint64_t)st.st_size > limit)
        error = EFBIG;
    else if (!(*data = malloc(st.st_size + 1)))
        error = ENOMEM;
    else
        error = disk_read(fd, *data, st.st_size, 0, false);
    close(fd);
    if (error) {
        free(*data);
        *data = NULL;
        return error;
    }
    *length = st.st_size;
    return 0;
}
