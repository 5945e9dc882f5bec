/* SPDX-License-Identifier: Apache-2.0 */

/* Makes ids. */

#include "uuid.h"

#include <errno.h>
#include <sys/random.h>

int uuid_random(struct uuid *uuid)
{
    return getrandom(uuid->bytes, UUID_BYTES, 0) == UUID_BYTES ? 0 : EIO;
}
