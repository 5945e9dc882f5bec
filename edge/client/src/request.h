/* SPDX-License-Identifier: Apache-2.0 */

/* One read, write or flush, from the call until its user has been told. */
#ifndef OVS_REQUEST_H
#define OVS_REQUEST_H

#include <sys/queue.h>

#include "completion.h"
#include "event.h"
#include "ovs-edge-protocol.h"

struct ovs_aio_request {
    enum nbd_command command;
    char *buffer;
    uint64_t offset;
    size_t length;
    size_t done;  /* bytes of the pieces that were answered */
    int error;    /* of the request as a whole */
    bool is_ours; /* the library frees it (a flush has no control block) */
    ovs_completion_t *completion; /* or NULL */
    struct event finished;        /* from here on the user may free it */
    STAILQ_ENTRY(ovs_aio_request) next;
};

STAILQ_HEAD(request_list, ovs_aio_request);

/* What goes over the wire at a time. A request longer than the server takes goes in pieces, one
 * after the other; that the whole of it is within the volume is known before. */
struct piece {
    char *buffer;
    uint64_t offset;
    uint32_t length;
};

struct piece request_next_piece(const ovs_aio_request *request, uint32_t largest);

void request_write_header(uint8_t *header, enum nbd_command command, uint64_t handle,
                          uint64_t offset, uint32_t length);

/* What the user's call returns: bytes, 0, or -1. */
ssize_t request_result(const ovs_aio_request *request);

/* Tells the users of all requests in the list. None may be touched afterwards. */
void request_finish_all(struct request_list *finished);

#endif
