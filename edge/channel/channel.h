/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * The bytes of a connection, in and out, for both ends of the protocol. Nothing here waits: what
 * cannot be done now fails with EAGAIN.
 */

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "tls.h"

struct channel {
    int fd;
    struct tls *tls;    /* NULL: plain; else after the handshake */
};

/* Returns the number of bytes taken, or -1 and errno, as sendmsg does. The caller offers the bytes
 * that were not taken again before anything else. */
ssize_t channel_send(struct channel *channel, const struct iovec *parts, int count);
/* Returns the number of bytes, or 0 at the end, as readv does. TLS has a word for the end, too, but
 * the protocol does not need it: a peer that was cut off has not said DISC, and a part of a request
 * is no request. */
ssize_t channel_receive(struct channel *channel, const struct iovec *parts, int count);
/* Returns true if the channel holds bytes to receive, even if poll() does not report them. */
bool channel_has_more(const struct channel *channel);
/* Tells the peer that this is the end. */
void channel_close(struct channel *channel);
/* Leaves the channel in a forked child: the parent uses it further, and the peer must not notice.
 * The memory of TLS stays allocated, because another thread may have been using it. */
void channel_abandon(struct channel *channel);
