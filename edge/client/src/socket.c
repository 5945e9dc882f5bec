/* SPDX-License-Identifier: Apache-2.0 */

/* Connects, sends and receives within a deadline. */

#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"

static int wait_until_ready(int fd, short events, struct deadline deadline)
{
    struct pollfd fds[] = {{.fd = fd, .events = events},
                           {.fd = deadline.cancel_fd, .events = POLLIN}};

    for (;;) {
        int ready = poll(fds, 2, remaining_ms(deadline.at_ms));

        if (ready == 0)
            return ETIMEDOUT;
        if (ready < 0 && errno != EINTR)
            return errno;
        if (ready > 0)
            return fds[1].revents != 0 ? ECANCELED : 0;
    }
}

static int connect_result(int fd)
{
    int error = 0;
    socklen_t length = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        return errno;
    return error;
}

/* Small requests leave at once, and a host that vanished is noticed, also on an idle connection. Not
 * by TCP_USER_TIMEOUT: it would take a server that lets us wait for one that is gone. */
static int tune(int fd)
{
    const int seconds = KEEPALIVE_MS >= 3000 ? KEEPALIVE_MS / 3000 : 1;
    const int on = 1, probes = 2;

    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds)) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof(seconds)) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes)) < 0)
        return errno;
    return 0;
}

static bool is_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family == AF_INET6)
        return memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
                      &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
    return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
           ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

/* Whether the way to an address leaves from that very address. Nothing is sent to find out. */
static bool is_this_host(const struct address *address)
{
    int probe = socket(address->socket.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_storage own;
    socklen_t length = sizeof(own);
    bool same;

    if (probe < 0)
        return false;
    same = connect(probe, (const struct sockaddr *)&address->socket, address->length) == 0 &&
           getsockname(probe, (struct sockaddr *)&own, &length) == 0 &&
           is_same_address(&own, &address->socket);
    close(probe);
    return same;
}

/* Inside a host there is nothing to be fair to: where the administrator has chosen a congestion
 * control that paces (bbr), it costs a fifth of the writes. reno is always there, for every user;
 * without it the connection works as well. To be called before connecting: a connection that has
 * begun to pace goes on. */
static void do_not_pace(int fd)
{
    static const char plain[] = "reno";

    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, plain, sizeof(plain) - 1);
}

/* A connect() to a port of this host's own ephemeral range without a listener may be given that very
 * port: then it has met itself, both ends are one socket, and no answer ever comes. */
static bool has_met_itself(int fd)
{
    struct sockaddr_storage own, peer;
    socklen_t own_length = sizeof(own), peer_length = sizeof(peer);

    memset(&own, 0, sizeof(own));
    memset(&peer, 0, sizeof(peer));
    return getsockname(fd, (struct sockaddr *)&own, &own_length) == 0 &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_length) == 0 &&
           memcmp(&own, &peer, sizeof(own)) == 0;
}

/* Without a trace (TIME_WAIT) that would keep the server from its port. */
static void close_hard(int fd)
{
    const struct linger none = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close(fd);
}

static int establish(int fd, const struct address *address, struct deadline deadline)
{
    int error = tune(fd);

    if (error != 0)
        return error;
    if (is_this_host(address))
        do_not_pace(fd);
    if (connect(fd, (const struct sockaddr *)&address->socket, address->length) < 0) {
        if (errno != EINPROGRESS)
            return errno;
        error = wait_until_ready(fd, POLLOUT, deadline);
        if (error == 0)
            error = connect_result(fd);
    }
    return error == 0 && has_met_itself(fd) ? ECONNREFUSED : error;
}

static int adopt(int fd, struct channel **channel)
{
    *channel = calloc(1, sizeof(**channel));
    if (*channel == NULL)
        return ENOMEM;
    (*channel)->fd = fd;
    return 0;
}

int socket_connect(const struct address *address, struct deadline deadline,
                   struct channel **channel)
{
    int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error;

    if (fd < 0)
        return errno;
    error = establish(fd, address, deadline);
    if (error == 0)
        error = adopt(fd, channel);
    if (error != 0)
        close_hard(fd);
    return error;
}

void socket_close(struct channel *channel)
{
    channel_close(channel);
    free(channel);
}

void socket_abandon(struct channel *channel)
{
    channel_abandon(channel);
    free(channel);
}

static int shake_hands(struct tls *tls, int fd, struct deadline deadline, char why[TLS_WHY_BYTES])
{
    int error;

    while ((error = tls_handshake(tls, why)) == EAGAIN) {
        error = wait_until_ready(fd, tls_wait_for(tls), deadline);
        if (error != 0) {
            snprintf(why, TLS_WHY_BYTES, "TLS handshake: %s", strerror(error));
            return error;
        }
    }
    return error;
}

int socket_secure(struct channel *channel, struct tls_credentials *credentials,
                  const char *hostname, struct deadline deadline, char why[TLS_WHY_BYTES])
{
    struct tls *tls = tls_client_new(credentials, channel->fd, hostname);
    int error;

    snprintf(why, TLS_WHY_BYTES, "no memory for TLS");
    if (tls == NULL)
        return ENOMEM;
    error = shake_hands(tls, channel->fd, deadline, why);
    if (error == 0)
        channel->tls = tls;
    else
        tls_free(tls);
    return error;
}

static void advance(struct iovec *rest, size_t length)
{
    rest->iov_base = (char *)rest->iov_base + length;
    rest->iov_len -= length;
}

int socket_send(struct channel *channel, const void *data, size_t length,
                struct deadline deadline)
{
    struct iovec rest = {(void *)data, length};

    while (rest.iov_len > 0) {
        ssize_t sent = channel_send(channel, &rest, 1);
        int error = 0;

        if (sent > 0) {
            advance(&rest, (size_t)sent);
        } else if (errno == EAGAIN) {
            error = wait_until_ready(channel->fd, POLLOUT, deadline);
        } else {
            error = errno;
        }
        if (error != 0)
            return error;
    }
    return 0;
}

int socket_receive(struct channel *channel, void *data, size_t length, struct deadline deadline)
{
    struct iovec rest = {data, length};

    while (rest.iov_len > 0) {
        ssize_t received = channel_receive(channel, &rest, 1);
        int error = 0;

        if (received > 0) {
            advance(&rest, (size_t)received);
        } else if (received == 0) {
            error = ECONNRESET;
        } else if (errno == EAGAIN) {
            error = wait_until_ready(channel->fd, POLLIN, deadline);
        } else {
            error = errno;
        }
        if (error != 0)
            return error;
    }
    return 0;
}

bool socket_is_stale(const struct channel *channel)
{
    char byte;

    return recv(channel->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

bool socket_is_cut_off(const struct channel *channel)
{
    struct tcp_info info;
    socklen_t length = sizeof(info);

    return getsockopt(channel->fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
           (info.tcpi_retransmits > 1 || info.tcpi_probes > 1) &&
           info.tcpi_last_ack_recv >= KEEPALIVE_MS;
}
