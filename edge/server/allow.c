/* SPDX-License-Identifier: Apache-2.0 */

/* Reads the ranges of --allow, and looks a peer up in them. */

#include "allow.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAPPED_BYTES 12         /* of ::ffff:0:0/96, before the IPv4 address */

static const uint8_t mapped[MAPPED_BYTES] = {[10] = 0xff, [11] = 0xff};

static unsigned width(const struct range *range)
{
    return range->family == AF_INET ? 32 : 128;
}

/* Turns an IPv4 range in IPv6 form into an IPv4 range. */
static void unmap(struct range *range)
{
    if (range->family != AF_INET6 || range->bits < 8 * MAPPED_BYTES
        || memcmp(range->address, mapped, MAPPED_BYTES))
        return;
    range->family = AF_INET;
    memmove(range->address, range->address + MAPPED_BYTES, 4);
    range->bits -= 8 * MAPPED_BYTES;
}

static bool is_one_bit(const uint8_t *address, unsigned bit)
{
    return address[bit / 8] & 0x80 >> bit % 8;
}

static bool is_same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;

    return !memcmp(a, b, bytes) && (!rest || !((a[bytes] ^ b[bytes]) >> (8 - rest)));
}

static bool parse_bits(const char *text, struct range *range)
{
    char *end;

    if (!isdigit((unsigned char)*text) || strlen(text) > 3)
        return false;
    range->bits = strtoul(text, &end, 10);
    return !*end && range->bits <= width(range);
}

static const char *parse(char *text, struct range *range)
{
    char *slash = strchr(text, '/');

    *range = (struct range){0};
    if (slash)
        *slash = '\0';
    if (inet_pton(AF_INET, text, range->address) == 1)
        range->family = AF_INET;
    else if (inet_pton(AF_INET6, text, range->address) == 1)
        range->family = AF_INET6;
    else
        return "is no address, and no range such as 192.0.2.0/24 or 2001:db8::/32";
    range->bits = width(range);
    if (slash && !parse_bits(slash + 1, range))
        return "has no valid number of bits after the /";
    for (unsigned bit = range->bits; bit < width(range); bit++)
        if (is_one_bit(range->address, bit))
            return "has bits of a host: a range ends in zeros, a single address has no /";
    unmap(range);
    return NULL;
}

const char *allow_add(struct allow *allow, const char *list, char bad[PEER_TEXT_BYTES])
{
    const char *rest = list;

    while (rest) {
        const char *comma = strchr(rest, ',');
        int length = comma ? (int)(comma - rest) : (int)strlen(rest);
        char text[PEER_TEXT_BYTES];

        snprintf(bad, PEER_TEXT_BYTES, "%.*s", length, rest);
        strcpy(text, bad);
        if (allow->count == ALLOW_MAX)
            return "is one too many: at most 256 ranges";
        const char *wrong = parse(text, &allow->ranges[allow->count]);
        if (wrong)
            return wrong;
        allow->count++;
        rest = comma ? comma + 1 : NULL;
    }
    return NULL;
}

static struct range range_of(const struct sockaddr_storage *peer)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)peer;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)peer;
    struct range range = {.family = peer->ss_family};

    if (range.family == AF_INET)
        memcpy(range.address, &in->sin_addr, 4);
    else if (range.family == AF_INET6)
        memcpy(range.address, &in6->sin6_addr, 16);
    range.bits = width(&range);
    unmap(&range);
    return range;
}

bool allow_has(const struct allow *allow, const struct sockaddr_storage *peer)
{
    struct range single = range_of(peer);

    if (!allow->count || single.family == AF_UNIX)
        return true;
    for (const struct range *range = allow->ranges; range < allow->ranges + allow->count; range++)
        if (range->family == single.family
            && is_same_prefix(range->address, single.address, range->bits))
            return true;
    return false;
}
