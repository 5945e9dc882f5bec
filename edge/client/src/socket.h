/* SPDX-License-Identifier: Apache-2.0 */

/* Bounded steps on a non-blocking TCP socket. All return 0 or an errno. */
#ifndef OVS_SOCKET_H
#define OVS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "attr.h"
#include "channel.h"
#include "deadline.h"

int socket_connect(const struct address *address, struct deadline deadline,
                   struct channel **channel);
void socket_close(struct channel *channel);
/* In a forked child: the parent goes on with it. */
void socket_abandon(struct channel *channel);

/* The TLS handshake; `why` says what failed. The credentials go to the channel. */
int socket_secure(struct channel *channel, struct tls_credentials *credentials,
                  const char *hostname, struct deadline deadline, char why[TLS_WHY_BYTES]);
int socket_send(struct channel *channel, const void *data, size_t length,
                struct deadline deadline);
int socket_receive(struct channel *channel, void *data, size_t length, struct deadline deadline);

/* Returns true if the peer's host has been silent for so long that the connection counts as cut.
 * A peer that lets us wait is not silent: its host answers probes. */
bool socket_is_cut_off(const struct channel *channel);

/* The peer has closed an idle connection, or has sent bytes that no request asked for. */
bool socket_is_stale(const struct channel *channel);

#endif
