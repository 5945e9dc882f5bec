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

/* As sendmsg: how many bytes were taken, or -1 and errno. What was not taken is to be offered
 * again before anything else. `flags`: 0 or MSG_MORE. */
ssize_t channel_send(struct channel *channel, const struct iovec *parts, int count, int flags);
/* As readv: 0 is the end. TLS has a word for it too, but what a peer wanted to say is judged by the
 * protocol alone: who is cut off has not said DISC, and a part of a request is none. */
ssize_t channel_receive(struct channel *channel, const struct iovec *parts, int count);
/* There is more to receive, whatever poll() says of the socket. */
bool channel_has_more(const struct channel *channel);
/* Tells the peer that this is the end. */
void channel_close(struct channel *channel);
/* In a forked child: the parent goes on, and the peer must not hear of this. What TLS holds in
 * memory stays there, as another thread may have been at it. */
void channel_abandon(struct channel *channel);
