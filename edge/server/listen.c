/* SPDX-License-Identifier: Apache-2.0 */

/* Makes listening sockets and accepts connections from them. */

#include "listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

#define BACKLOG 512

/* A congestion control that does not pace; it is always there, for every user. */
static const char plain[] = "reno";

/* "HOST:PORT" or "[HOST]:PORT". */
static bool split(const char *address, char host[256], char port[16])
{
    const char *colon = strrchr(address, ':');
    bool bracketed = address[0] == '[';
    size_t length = colon ? (size_t)(colon - address) : 0;

    if (bracketed && (length < 3 || address[length - 1] != ']'))
        return false;
    if (!colon || strlen(colon + 1) < 1 || strlen(colon + 1) > 15)
        return false;
    const char *from = bracketed ? address + 1 : address;
    size_t host_length = bracketed ? length - 2 : length;
    if (host_length < 1 || host_length > 255 || (!bracketed && memchr(from, ':', host_length)))
        return false;
    memcpy(host, from, host_length);
    host[host_length] = '\0';
    strcpy(port, colon + 1);
    char *end;
    unsigned long number = strtoul(port, &end, 10);
    return !*end && number <= 65535;    /* getaddrinfo would take it modulo 65536 */
}

/* Inside a host there is nothing to be fair to, and where the administrator has chosen a congestion
 * control that paces (bbr), reads cost a fifth more processor time: a timer for each packet. Once a
 * connection has begun to pace, it does so whatever is chosen later: so listeners hand down one
 * that does not, and who comes from elsewhere is given the host's (follow_host). */
static void do_not_pace(int listener)
{
    setsockopt(listener, IPPROTO_TCP, TCP_CONGESTION, plain, sizeof(plain) - 1);
}

static int bind_and_listen(const struct addrinfo *info)
{
    int yes = 1;
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    do_not_pace(fd);
    if (info->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static void describe(int fd, char bound[300])
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    char host[256], port[16];

    getsockname(fd, (struct sockaddr *)&address, &length);
    if (getnameinfo((struct sockaddr *)&address, length, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV))
        strcpy(bound, "?");
    else
        snprintf(bound, 300, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

int listen_tcp(const char *address, char bound[300])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *info;
    char host[256], port[16];

    if (!split(address, host, port)) {
        log_error("'%s' is not HOST:PORT or [IPV6]:PORT", address);
        return -1;
    }
    int error = getaddrinfo(host, port, &hints, &info);
    if (error) {
        log_error("%s: %s", address, gai_strerror(error));
        return -1;
    }
    int fd = bind_and_listen(info);
    if (fd < 0)
        log_error("cannot listen on %s: %s", address, strerror(errno));
    else
        describe(fd, bound);
    freeaddrinfo(info);
    return fd;
}

/* A socket without a listener was left by an engine that was killed. */
static void remove_stale(const char *path, const struct sockaddr_un *address)
{
    struct stat st;

    if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0
        && errno == ECONNREFUSED)
        unlink(path);
    close(fd);
}

int listen_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path)) {
        log_error("%s: the path of a socket has at most %zu bytes", path,
                  sizeof(address.sun_path) - 1);
        return -1;
    }
    strcpy(address.sun_path, path);
    remove_stale(path, &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    mode_t old = umask(0177);   /* before any thread is started */
    int failed = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0
        || listen(fd, BACKLOG) < 0;
    umask(old);
    if (!failed)
        return fd;
    log_error("cannot listen on %s: %s", path, strerror(errno));
    close(fd);
    return -1;
}

static bool is_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    if (a->ss_family == AF_INET6)
        return !memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
                       &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr));
    return a->ss_family == AF_INET
        && ((const struct sockaddr_in *)a)->sin_addr.s_addr
            == ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

static bool is_inside_host(int fd)
{
    struct sockaddr_storage own, peer;
    socklen_t own_length = sizeof(own), peer_length = sizeof(peer);

    return getsockname(fd, (struct sockaddr *)&own, &own_length) == 0
        && getpeername(fd, (struct sockaddr *)&peer, &peer_length) == 0
        && is_same_address(&own, &peer);
}

/* The host's congestion control in place of the one that the listener handed down; one that a
 * route asks for stays. */
static void follow_host(int fd)
{
    char name[16] = "";
    socklen_t length = sizeof(name);
    int untouched;

    if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &length) < 0 || strcmp(name, plain))
        return;
    untouched = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (untouched < 0)
        return;
    length = sizeof(name);
    if (getsockopt(untouched, IPPROTO_TCP, TCP_CONGESTION, name, &length) == 0)
        setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, strnlen(name, sizeof(name)));
    close(untouched);
}

/* A host that is gone lets its connections go within about 30 s, whether something was sent to it or
 * not. A client that does not read is closed earlier or just as late (WAIT_STALL_MS). */
static void notice_dead_hosts(int fd)
{
    static const int yes = 1, idle_s = 15, interval_s = 5, probes = 3;
    static const unsigned unanswered_ms = 30000;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, sizeof(unanswered_ms));
}

int listen_accept(int listener, struct sockaddr_storage *peer)
{
    int yes = 1;
    socklen_t length = sizeof(*peer);
    int fd = accept4(listener, (struct sockaddr *)peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return -1;
    /* without effect on a unix socket */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    notice_dead_hosts(fd);
    if (!is_inside_host(fd))
        follow_host(fd);
    return fd;
}
