/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* The ranges of addresses from which peers may connect. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "peer.h"

#define ALLOW_MAX 256

struct range {
    int family;
    uint8_t address[16];
    unsigned bits;
};

/* An IPv4 peer is one, also when it comes by an IPv6 socket (::ffff:192.0.2.1). */
struct allow {
    struct range ranges[ALLOW_MAX];
    size_t count;               /* 0: everyone may */
};

/* Adds "CIDR,CIDR..." or single addresses. NULL, or what is wrong with the piece in `bad`. */
const char *allow_add(struct allow *allow, const char *list, char bad[PEER_TEXT_BYTES]);
bool allow_has(const struct allow *allow, const struct sockaddr_storage *peer);
