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

/* The ranges of addresses from which peers may connect. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ALLOW_MAX 256
#define ADDRESS_TEXT_BYTES 64

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
const char *allow_add(struct allow *allow, const char *list, char bad[ADDRESS_TEXT_BYTES]);
bool allow_has(const struct allow *allow, const struct sockaddr_storage *peer);
/* As people write it, without a port. */
void address_text(const struct sockaddr_storage *peer, char text[ADDRESS_TEXT_BYTES]);
