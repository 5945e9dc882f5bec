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

#include <sys/types.h>
#include <sys/uio.h>

struct channel {
    int fd;
};

/* As sendmsg: how many bytes were taken, or -1 and errno. What was not taken is to be offered
 * again before anything else. `flags`: 0 or MSG_MORE. */
ssize_t channel_send(struct channel *channel, const struct iovec *parts, int count, int flags);
/* As readv: 0 is the end, which the peer has told. */
ssize_t channel_receive(struct channel *channel, const struct iovec *parts, int count);
void channel_close(struct channel *channel);
