/* SPDX-License-Identifier: Apache-2.0 */

/* Cuts requests into pieces, writes their headers, and tells users of the end. */

#include "request.h"

#include <stdlib.h>

#include "wire.h"

struct piece request_next_piece(const ovs_aio_request *request, uint32_t largest)
{
    size_t left = request->length - request->done;
    uint32_t length = left < largest ? (uint32_t)left : largest;

    return (struct piece){request->buffer + request->done, request->offset + request->done,
                          length};
}

void request_write_header(uint8_t *header, enum nbd_command command, uint64_t handle,
                          uint64_t offset, uint32_t length)
{
    uint8_t *end = put_u32(header, NBD_REQUEST_MAGIC);

    end = put_u16(end, 0); /* no command flags */
    end = put_u16(end, (uint16_t)command);
    end = put_u64(end, handle);
    end = put_u64(end, offset);
    put_u32(end, length);
}

ssize_t request_result(const ovs_aio_request *request)
{
    return request->error != 0 ? -1 : (ssize_t)request->done;
}

/* A user who waits may free the request as soon as the event is set, so everything that the
 * callback needs is taken out before. */
static void finish(ovs_aio_request *request)
{
    ovs_completion_t *completion = request->completion;
    ssize_t result = request_result(request);

    if (request->is_ours)
        free(request);
    else
        event_set(&request->finished);
    if (completion != NULL)
        completion_call(completion, result);
}

void request_finish_all(struct request_list *finished)
{
    while (!STAILQ_EMPTY(finished)) {
        ovs_aio_request *request = STAILQ_FIRST(finished);

        STAILQ_REMOVE_HEAD(finished, next);
        finish(request);
    }
}
