/* SPDX-License-Identifier: Apache-2.0 */

#include "channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t channel_send(struct channel *channel, const struct iovec *parts, int count, int flags)
{
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};
    ssize_t n;

    if (channel->tls)
        return tls_send(channel->tls, parts, count, flags);
    do
        n = sendmsg(channel->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL | flags);
    while (n < 0 && errno == EINTR);
    return n;
}

ssize_t channel_receive(struct channel *channel, const struct iovec *parts, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};
    ssize_t n;

    if (channel->tls)
        return tls_receive(channel->tls, parts, count);
    do
        n = recvmsg(channel->fd, &message, MSG_DONTWAIT);
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
