/* SPDX-License-Identifier: Apache-2.0 */

/* A local file with as many threads as the depth: raw FILE KIND BYTES DEPTH COUNT SIZE. Prints
 * seconds. */

#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "load.h"

static struct load load;
static int fd;
static _Atomic uint64_t next;

static void *work(void *unused)
{
    char *data = malloc(load.bytes);
    uint64_t number;

    memset(data, 'b', load.bytes);
    while ((number = next++) < load.count) {
        ssize_t n = load.is_write ? pwrite(fd, data, load.bytes, offset_of(&load, number))
                                  : pread(fd, data, load.bytes, offset_of(&load, number));
        if (n != (ssize_t)load.bytes)
            err(1, "I/O");
    }
    free(data);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t thread[64];

    if (argc != 7)
        errx(2, "raw FILE KIND BYTES DEPTH COUNT SIZE");
    load = load_of(argv + 2);
    fd = open(argv[1], O_RDWR | O_CREAT, 0600);
    if (fd < 0 || load.depth > 64)
        err(1, "%s", argv[1]);
    double begun = now();
    for (unsigned i = 0; i < load.depth; i++)
        pthread_create(&thread[i], NULL, work, NULL);
    for (unsigned i = 0; i < load.depth; i++)
        pthread_join(thread[i], NULL);
    printf("%f\n", now() - begun);
    return 0;
}
