/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An LD_PRELOAD library: a disk that does not answer, as long as the file $HANG_WHILE is there.
 *
 * HANG_WRITE=SUFFIX  a pwrite to such a file waits until $HANG_WHILE has gone
 * HANG_SYNC=SUFFIX   fdatasync and fsync of such a file do
 *
 * Each call that waits appends a byte to $HANG_WHILE, so that a test knows how many do.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static bool is_named(int fd, const char *variable)
{
    const char *suffix = getenv(variable);
    char link[64], path[PATH_MAX];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t length = suffix ? readlink(link, path, sizeof(path) - 1) : -1;
    if (length < 0 || length < (ssize_t)strlen(suffix))
        return false;
    path[length] = '\0';
    return !strcmp(path + length - strlen(suffix), suffix);
}

static void hang(int fd, const char *variable)
{
    const char *path = getenv("HANG_WHILE");

    if (!path || access(path, F_OK) || !is_named(fd, variable))
        return;
    int count = open(path, O_WRONLY | O_APPEND);
    if (count >= 0 && write(count, ".", 1) == 1)
        while (!access(path, F_OK))
            usleep(2000);
    if (count >= 0)
        close(count);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
    REAL(pwrite64);
    hang(fd, "HANG_WRITE");
    return real(fd, data, length, offset);
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    hang(fd, "HANG_SYNC");
    return real(fd);
}

int fsync(int fd)
{
    REAL(fsync);
    hang(fd, "HANG_SYNC");
    return real(fd);
}
