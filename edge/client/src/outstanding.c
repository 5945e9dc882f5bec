/* SPDX-License-Identifier: Apache-2.0 */

/* Keeps the requests of an open volume that are not answered yet: queued, sent, or beyond its end. */

#include "outstanding.h"

#include <errno.h>
#include <stdlib.h>

int outstanding_init(struct outstanding *out, uint64_t depth)
{
    STAILQ_INIT(&out->queue);
    STAILQ_INIT(&out->beyond);
    TAILQ_INIT(&out->free);
    TAILQ_INIT(&out->in_flight);
    out->depth = depth;
    out->slots = calloc(depth, sizeof(*out->slots));
    if (out->slots == NULL)
        return ENOMEM;
    for (uint64_t i = 0; i < depth; i++)
        TAILQ_INSERT_TAIL(&out->free, &out->slots[i], order);
    return 0;
}

void outstanding_destroy(struct outstanding *out)
{
    free(out->slots);
}

static uint64_t handle_of(const struct outstanding *out, const struct slot *slot)
{
    return (uint64_t)slot->generation << 32 | (uint64_t)(slot - out->slots);
}

struct slot *outstanding_find(struct outstanding *out, uint64_t handle)
{
    uint64_t index = handle & UINT32_MAX;
    struct slot *slot = index < out->depth ? &out->slots[index] : NULL;

    if (slot == NULL || slot->request == NULL || slot->answered ||
        slot->generation != handle >> 32)
        return NULL;
    return slot;
}

static void take_slot(struct outstanding *out, ovs_aio_request *request, uint32_t largest_piece)
{
    struct slot *slot = TAILQ_FIRST(&out->free);

    TAILQ_REMOVE(&out->free, slot, order);
    slot->request = request;
    slot->piece = request_next_piece(request, largest_piece);
    slot->sent = slot->answered = false;
    slot->taken_ms = now_ms();
    request_write_header(slot->header, request->command, handle_of(out, slot), slot->piece.offset,
                         slot->piece.length);
    TAILQ_INSERT_TAIL(&out->in_flight, slot, order);
    if (out->first_unsent == NULL) {
        out->first_unsent = slot;
        out->unsent_done = 0;
    }
}

static void release_slot(struct outstanding *out, struct slot *slot)
{
    TAILQ_REMOVE(&out->in_flight, slot, order);
    slot->request = NULL;
    slot->generation++;
    /* The last one used is the warmest. */
    TAILQ_INSERT_HEAD(&out->free, slot, order);
}

static bool reaches_beyond(const ovs_aio_request *request, uint64_t size)
{
    return request->command != NBD_CMD_FLUSH &&
           (request->offset > size || request->length > size - request->offset);
}

bool outstanding_fill_slots(struct outstanding *out, uint64_t size, uint32_t largest_piece)
{
    bool beyond = false;

    while (!STAILQ_EMPTY(&out->queue) && !TAILQ_EMPTY(&out->free)) {
        ovs_aio_request *request = STAILQ_FIRST(&out->queue);

        STAILQ_REMOVE_HEAD(&out->queue, next);
        if (reaches_beyond(request, size)) {
            STAILQ_INSERT_TAIL(&out->beyond, request, next);
            beyond = true;
        } else {
            take_slot(out, request, largest_piece);
        }
    }
    return beyond;
}

void outstanding_settle(struct outstanding *out, struct slot *slot, struct request_list *finished)
{
    ovs_aio_request *request = slot->request;

    request->error = slot->error;
    if (slot->error == 0)
        request->done += slot->piece.length;
    release_slot(out, slot);
    if (request->error == 0 && request->done < request->length) {
        STAILQ_INSERT_HEAD(&out->queue, request, next);
    } else {
        STAILQ_INSERT_TAIL(finished, request, next);
        out->requests--;
    }
}

void outstanding_settle_late(struct outstanding *out, struct request_list *finished)
{
    struct slot *slot = out->late_answer ? TAILQ_FIRST(&out->in_flight) : NULL;

    while (slot != NULL) {
        struct slot *next = TAILQ_NEXT(slot, order);

        if (slot->sent && slot->answered)
            outstanding_settle(out, slot, finished);
        slot = next;
    }
    out->late_answer = false;
}

void outstanding_requeue(struct outstanding *out)
{
    struct slot *slot;

    while ((slot = TAILQ_LAST(&out->in_flight, slot_list)) != NULL) {
        STAILQ_INSERT_HEAD(&out->queue, slot->request, next);
        release_slot(out, slot);
    }
    out->first_unsent = NULL;
    out->late_answer = false;
}

void outstanding_fail(struct outstanding *out, int error, struct request_list *finished)
{
    ovs_aio_request *request;

    outstanding_requeue(out);
    STAILQ_CONCAT(&out->queue, &out->beyond);
    STAILQ_FOREACH(request, &out->queue, next)
        request->error = error;
    STAILQ_CONCAT(finished, &out->queue);
    out->requests = 0;
}

static void clip_or_refuse(ovs_aio_request *request, uint64_t size)
{
    if (request->command == NBD_CMD_WRITE)
        request->error = EFBIG;
    else
        request->length = request->offset < size ? size - request->offset : 0;
}

void outstanding_judge_beyond(struct outstanding *out, uint64_t size,
                              struct request_list *finished)
{
    while (!STAILQ_EMPTY(&out->beyond)) {
        ovs_aio_request *request = STAILQ_FIRST(&out->beyond);

        STAILQ_REMOVE_HEAD(&out->beyond, next);
        if (reaches_beyond(request, size))
            clip_or_refuse(request, size);
        if (request->error != 0 || request->length == 0) {
            STAILQ_INSERT_TAIL(finished, request, next);
            out->requests--;
        } else {
            STAILQ_INSERT_TAIL(&out->queue, request, next);
        }
    }
}
