/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An LD_PRELOAD library that writes down every change that the engine makes to its store, in the
 * order in which the calls return, to be replayed as what a disk might hold after a power failure
 * (platter.py); and one that makes such calls fail.
 *
 * The file $RECORD gets entries: u8 kind, u64 a, u64 b, u64 c, u32 length, bytes (little-endian).
 *   'o' open/creat     a = inode, bytes = path      'w' write      a = inode, b = offset, bytes
 * = data
 *   'p' punch hole     a = inode, b = offset, c = length
 *   'x' extend         a = inode, b = new length
 *   't' truncate       a = inode                    's' sync of a file  a = number, b = inode
 *   'b' a sync begins: a = its number               'd' fsync of a directory, a = number, bytes
 * = path
 *   'r' rename         c = length of the first path, bytes = both paths
 *   'u' unlink or rmdir, bytes = path               'm' mkdir, bytes = path
 *   'f' sync of a file failed, b = inode            'g' fsync of a directory failed
 *   'i' a fault was injected, bytes = the order
 *
 * The file $FAULTS, once it is there, is an order: "WHAT CALLS NUMBER ARGUMENT". The NUMBERth call
 * from then on that is one of CALLS (write, sync, rename, any: all that change the store) is
 * preceded by the engine's death (WHAT is kill), fails with errno ARGUMENT (fail), or takes ARGUMENT
 * milliseconds longer (slow). An empty order takes back the one before.
 *
 * An entry is written while the lock is held around the call itself, so the order in the file is
 * the order of effect; a sync is entered after it returned.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int record_fd = -1;

static void put(const void *data, size_t length)
{
    while (length) {
        ssize_t n = syscall(SYS_write, record_fd, data, length);

        if (n < 0)
            abort();
        data = (const char *)data + n;
        length -= n;
    }
}

static void enter(char kind, uint64_t a, uint64_t b, uint64_t c, const void *bytes, uint32_t length)
{
    uint64_t numbers[3] = {a, b, c};

    if (record_fd < 0) {
        const char *path = getenv("RECORD");

        if (!path)
            return;
        record_fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                            0600);
        if (record_fd < 0)
            abort();
    }
    put(&kind, 1);
    put(numbers, sizeof(numbers));
    put(&length, sizeof(length));
    put(bytes, length);
}

static uint64_t inode_of(int fd)
{
    struct stat st;

    return fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

static int is_directory(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static void path_of(int directory, const char *name, char path[PATH_MAX])
{
    char link[64];
    ssize_t length = 0;

    if (name[0] != '/' && directory != AT_FDCWD) {
        snprintf(link, sizeof(link), "/proc/self/fd/%d", directory);
        length = readlink(link, path, PATH_MAX - 300);
        if (length < 0)
            abort();
        path[length++] = '/';
    }
    strcpy(path + length, name);
}

static struct {
    char what[8], calls[8];
    int left, argument;
} order;

/* The file is renamed before it is read: an order that comes meanwhile is a file of its own. */
static void read_order(void)
{
    const char *path = getenv("FAULTS");
    char taken[PATH_MAX], text[64] = "";

    if (!path)
        return;
    snprintf(taken, sizeof(taken), "%s.taken", path);
    if (syscall(SYS_renameat, AT_FDCWD, path, AT_FDCWD, taken) < 0)
        return;
    int fd = syscall(SYS_openat, AT_FDCWD, taken, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        abort();
    order.left = 0;
    if (read(fd, text, sizeof(text) - 1) > 0
        && sscanf(text, "%7s %7s %d %d", order.what, order.calls, &order.left,
                  &order.argument) != 4)
        abort();
    close(fd);
    syscall(SYS_unlinkat, AT_FDCWD, taken, 0);
}

/* With the lock held, so that a kill leaves no half entry. The errno that the call is to fail with,
 * or 0; a slow one has to wait without the lock. */
static int fault_due(const char *calls, int *milliseconds)
{
    read_order();
    if (!order.left || (strcmp(order.calls, "any") && strcmp(order.calls, calls)))
        return 0;
    if (--order.left)
        return 0;
    enter('i', 0, 0, 0, order.what, strlen(order.what));
    if (!strcmp(order.what, "kill"))
        kill(getpid(), SIGKILL);
    if (!strcmp(order.what, "slow") && milliseconds)
        *milliseconds = order.argument;
    return strcmp(order.what, "fail") ? 0 : order.argument;
}

static int failing(const char *calls)
{
    errno = fault_due(calls, NULL);
    return errno;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* The engine is built with 64 bit offsets, so these are the names that it calls. */

static int open_recorded(int directory, const char *name, int flags, mode_t mode)
{
    char path[PATH_MAX];

    pthread_mutex_lock(&lock);
    if (flags & (O_CREAT | O_TRUNC))
        fault_due("open", NULL);
    int fd = syscall(SYS_openat, directory, name, flags, mode);
    int error = errno;
    if (fd >= 0 && flags & (O_CREAT | O_TRUNC)) {
        path_of(directory, name, path);
        enter('o', inode_of(fd), 0, 0, path, strlen(path));
        if (flags & O_TRUNC)
            enter('t', inode_of(fd), 0, 0, "", 0);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

int openat64(int directory, const char *name, int flags, ...)
{
    va_list args;

    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_recorded(directory, name, flags, mode);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
    REAL(pwrite64);
    pthread_mutex_lock(&lock);
    ssize_t n = failing("write") ? -1 : real(fd, data, length, offset);
    if (n > 0)
        enter('w', inode_of(fd), offset, 0, data, n);
    pthread_mutex_unlock(&lock);
    return n;
}

int fallocate64(int fd, int mode, off64_t offset, off64_t length)
{
    REAL(fallocate64);
    pthread_mutex_lock(&lock);
    fault_due("allocate", NULL);
    int result = real(fd, mode, offset, length);
    if (result == 0 && mode & FALLOC_FL_PUNCH_HOLE)
        enter('p', inode_of(fd), offset, length, "", 0);
    pthread_mutex_unlock(&lock);
    return result;
}

/* The engine makes files longer so, or empty. */
int ftruncate64(int fd, off64_t length)
{
    REAL(ftruncate64);
    pthread_mutex_lock(&lock);
    fault_due("extend", NULL);
    int result = real(fd, length);
    int error = errno;
    if (result == 0)
        enter(length ? 'x' : 't', inode_of(fd), length, 0, "", 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

/* What was written before the call is durable once it returns: noted before, entered after. */
static int sync_recorded(int fd, int (*real)(int))
{
    char path[PATH_MAX];
    uint64_t number;
    int milliseconds = 0;

    pthread_mutex_lock(&lock);
    static uint64_t next;
    int error = fault_due("sync", &milliseconds);
    if (error)
        enter(is_directory(fd) ? 'g' : 'f', 0, inode_of(fd), 0, "", 0);
    number = ++next;
    enter('b', number, 0, 0, "", 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    if (error)
        return -1;
    usleep(1000 * milliseconds);
    int result = real(fd);
    pthread_mutex_lock(&lock);
    if (result == 0 && is_directory(fd)) {
        path_of(fd, "", path);
        path[strlen(path) - 1] = '\0';
        enter('d', number, 0, 0, path, strlen(path));
    } else if (result == 0) {
        enter('s', number, inode_of(fd), 0, "", 0);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    return sync_recorded(fd, real);
}

int fsync(int fd)
{
    REAL(fsync);
    return sync_recorded(fd, real);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
    char paths[2 * PATH_MAX];
    REAL(renameat);

    pthread_mutex_lock(&lock);
    int result = failing("rename") ? -1 : real(from_directory, from, to_directory, to);
    int error = errno;
    if (result == 0) {
        path_of(from_directory, from, paths);
        size_t first = strlen(paths);
        path_of(to_directory, to, paths + first);
        enter('r', 0, 0, first, paths, strlen(paths));
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int unlinkat(int directory, const char *name, int flags)
{
    char path[PATH_MAX];
    REAL(unlinkat);

    pthread_mutex_lock(&lock);
    fault_due("unlink", NULL);
    int result = real(directory, name, flags);
    int error = errno;
    if (result == 0) {
        path_of(directory, name, path);
        enter('u', 0, 0, 0, path, strlen(path));
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int mkdirat(int directory, const char *name, mode_t mode)
{
    char path[PATH_MAX];
    REAL(mkdirat);

    pthread_mutex_lock(&lock);
    fault_due("mkdir", NULL);
    int result = real(directory, name, mode);
    int error = errno;
    if (result == 0) {
        path_of(directory, name, path);
        enter('m', 0, 0, 0, path, strlen(path));
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
