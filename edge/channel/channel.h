/*
 * Licensed under the Apache License, Version 2.0 (the "License"); you may
 * not use this file except in compliance with the License. You may obtain
 * a copy of the License at
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
 * WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
 * License for the specific language governing permissions and limitations
 * under the License.
 */

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
 * that were not taken again before anything else. `flags`: 0 or MSG_MORE. */
ssize_t channel_send(struct channel *channel, const struct iovec *parts, int count, int flags);
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
