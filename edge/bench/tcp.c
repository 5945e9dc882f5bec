/* SPDX-License-Identifier: Apache-2.0 */
/* What a loopback connection itself costs: tcp KIND BYTES DEPTH COUNT SIZE, as the other drivers.
 * One thread sends blocks out of a piece of memory, the other receives them, each as fast as it
 * can: no requests, no file, KIND and DEPTH mean nothing. Prints seconds. */

#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

static struct load load;

static void tune(int fd)
{
    int yes = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
}

static char *make_block(void)
{
    char *data = malloc(load.bytes);

    if (!data)
        err(1, "buffer");
    memset(data, 'b', load.bytes);
    return data;
}

static void *serve(void *listener)
{
    char *data = make_block();
    int fd = accept(*(int *)listener, NULL, NULL);

    if (fd < 0)
        err(1, "accept");
    for (uint64_t number = 0; number < load.count; number++)
        if (send(fd, data, load.bytes, 0) != (ssize_t)load.bytes)
            err(1, "send");
    close(fd);
    free(data);
    return NULL;
}

static int connect_to(int listener)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    tune(fd);
    if (getsockname(listener, (struct sockaddr *)&address, &length) < 0
        || connect(fd, (struct sockaddr *)&address, length) < 0)
        err(1, "connect");
    return fd;
}

static int listen_here(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    tune(fd);   /* what is accepted inherits it */
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
        err(1, "listen");
    return fd;
}

int main(int argc, char **argv)
{
    pthread_t server;

    if (argc != 6)
        errx(2, "tcp KIND BYTES DEPTH COUNT SIZE");
    load = load_of(argv + 1);
    int listener = listen_here();
    char *data = make_block();
    double begun = now();
    pthread_create(&server, NULL, serve, &listener);
    int fd = connect_to(listener);
    for (uint64_t number = 0; number < load.count; number++)
        if (recv(fd, data, load.bytes, MSG_WAITALL) != (ssize_t)load.bytes)
            err(1, "recv");
    printf("%f\n", now() - begun);
    pthread_join(server, NULL);
    close(fd);
    close(listener);
    free(data);
    return 0;
}
