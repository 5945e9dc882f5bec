/* SPDX-License-Identifier: Apache-2.0 */

/* Sends and receives the bytes of a connection, plain or by TLS. */

#include "channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* One part needs no message around it: the kernel then has less to copy and to check. */
static ssize_t send_parts(int fd, const struct iovec *parts, int count, int flags)
{
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};

    if (count == 1)
        return send(fd, parts->iov_base, parts->iov_len, flags);
    return sendmsg(fd, &message, flags);
}

static ssize_t receive_parts(int fd, const struct iovec *parts, int count, int flags)
{
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};

    if (count == 1)
        return recv(fd, parts->iov_base, parts->iov_len, flags);
    return recvmsg(fd, &message, flags);
}

ssize_t channel_send(struct channel *channel, const struct iovec *parts, int count)
{
    ssize_t n;

    if (channel->tls)
        return tls_send(channel->tls, parts, count);
    do
        n = send_parts(channel->fd, parts, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n;
}

ssize_t channel_receive(struct channel *channel, const struct iovec *parts, int count)
{
    ssize_t n;

    if (channel->tls)
        return tls_receive(channel->tls, parts, count);
    do
        n = receive_parts(channel->fd, parts, count, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n;
}

bool channel_has_more(const struct channel *channel)
{
    return channel->tls && tls_has_more(channel->tls);
}

void channel_close(struct channel *channel)
{
    if (channel->tls)
        tls_say_goodbye(channel->tls);
    tls_free(channel->tls);
    channel->tls = NULL;
    channel_abandon(channel);
}

void channel_abandon(struct channel *channel)
{
    close(channel->fd);
    channel->fd = -1;
}
