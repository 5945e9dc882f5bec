/* SPDX-License-Identifier: Apache-2.0 */

/* The functions of the interface for buffers. Shared memory needed special ones; over a network
 * they are pages. */

#include <errno.h>
#include <stdlib.h>

#include <openvstorage/volumedriver.h>

#include "api.h"

struct ovs_buffer {
    void *data;
    size_t size;
};

enum { ALIGNMENT = 4096 };

ovs_buffer_t *ovs_allocate(ovs_ctx_t *ctx, size_t size)
{
    ovs_buffer_t *buffer;
    int error;

    if (ctx == NULL || size == 0) {
        errno = EINVAL;
        return NULL;
    }
    buffer = malloc(sizeof(*buffer));
    if (buffer == NULL)
        return NULL;
    error = posix_memalign(&buffer->data, ALIGNMENT, size);
    if (error != 0) {
        free(buffer);
        errno = error;
        return NULL;
    }
    buffer->size = size;
    return made(buffer);
}

void *ovs_buffer_data(ovs_buffer_t *buffer)
{
    if (buffer == NULL) {
        errno = EINVAL;
        return NULL;
    }
    return made(buffer->data);
}

size_t ovs_buffer_size(ovs_buffer_t *buffer)
{
    if (buffer == NULL) {
        errno = EINVAL;
        return (size_t)-1;
    }
    return (size_t)succeed((ssize_t)buffer->size);
}

int ovs_deallocate(ovs_ctx_t *ctx, ovs_buffer_t *buffer)
{
    if (ctx == NULL || buffer == NULL) {
        errno = EINVAL;
        return -1;
    }
    free(buffer->data);
    free(buffer);
    return 0;
}
