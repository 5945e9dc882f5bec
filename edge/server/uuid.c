/* SPDX-License-Identifier: Apache-2.0 */

/* Makes, compares and prints ids. */

#include "uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

bool uuid_is_zero(const struct uuid *id)
{
    static const struct uuid zero;

    return uuid_equal(id, &zero);
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

void uuid_random(struct uuid *id)
{
    if (getrandom(id, sizeof(*id), 0) != sizeof(*id))
        abort();    /* cannot happen for 16 bytes once the system is up */
    id->b[6] = (id->b[6] & 0x0f) | 0x40;
    id->b[8] = (id->b[8] & 0x3f) | 0x80;
}

void uuid_hex(const struct uuid *id, char hex[UUID_HEX_SIZE])
{
    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", id->b[i]);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool uuid_from_hex(struct uuid *id, const char *hex)
{
    for (int i = 0; i < 16; i++) {
        int high = hex_digit(hex[2 * i]);
        int low = high < 0 ? -1 : hex_digit(hex[2 * i + 1]);

        if (low < 0)
            return false;
        id->b[i] = high << 4 | low;
    }
    return true;
}
