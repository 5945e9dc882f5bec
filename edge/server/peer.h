/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* The peer: the other end of a connection. */

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#define PEER_TEXT_BYTES 64

/* An IPv4 address is here as ::ffff:A.B.C.D; a unix socket has zeros. */
struct peer {
    struct in6_addr address;
};

struct peer peer_of(const struct sockaddr_storage *address);
bool peer_parse(struct peer *peer, const char *text);
bool peer_equal(const struct peer *one, const struct peer *other);
/* Writes the address as people do, without a port. */
void peer_text(const struct sockaddr_storage *address, char text[PEER_TEXT_BYTES]);

/* Returns true if the kernel knows that the peer has closed its end or was cut off. Our own end
 * does not count: we may have stopped reading. */
bool peer_is_gone(int fd);
