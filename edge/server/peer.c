/* SPDX-License-Identifier: Apache-2.0 */

/* Tells who the other end of a connection is, and whether it is still there. */

#include "peer.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static struct in6_addr mapped(struct in_addr v4)
{
    struct in6_addr v6 = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

    memcpy(&v6.s6_addr[12], &v4, sizeof(v4));
    return v6;
}

struct peer peer_of(const struct sockaddr_storage *address)
{
    struct peer peer = {0};

    if (address->ss_family == AF_INET)
        peer.address = mapped(((const struct sockaddr_in *)address)->sin_addr);
    else if (address->ss_family == AF_INET6)
        peer.address = ((const struct sockaddr_in6 *)address)->sin6_addr;
    return peer;
}

bool peer_parse(struct peer *peer, const char *text)
{
    struct in_addr v4;

    if (inet_pton(AF_INET, text, &v4) == 1) {
        peer->address = mapped(v4);
        return true;
    }
    return inet_pton(AF_INET6, text, &peer->address) == 1;
}

bool peer_equal(const struct peer *one, const struct peer *other)
{
    return !memcmp(&one->address, &other->address, sizeof(one->address));
}

void peer_text(const struct sockaddr_storage *address, char text[PEER_TEXT_BYTES])
{
    struct peer peer = peer_of(address);

    if (address->ss_family == AF_UNIX)
        strcpy(text, "a unix socket");
    else if (IN6_IS_ADDR_V4MAPPED(&peer.address))
        inet_ntop(AF_INET, &peer.address.s6_addr[12], text, PEER_TEXT_BYTES);
    else
        inet_ntop(AF_INET6, &peer.address, text, PEER_TEXT_BYTES);
}

bool peer_is_gone(int fd)
{
    struct pollfd socket = {.fd = fd, .events = POLLRDHUP};
    struct tcp_info info;
    socklen_t length = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0)
        return info.tcpi_state != TCP_ESTABLISHED;
    return poll(&socket, 1, 0) > 0;     /* a unix socket */
}
