/* SPDX-License-Identifier: Apache-2.0 */

/* Sends queued requests in batches. */

#include "sender.h"

#include <errno.h>

#include "outstanding.h"
#include "wake.h"

enum {
    BATCH_SLOTS = 32,
    PARTS_OF_A_SLOT = 2, /* its header and its data */
    BATCH_PARTS = BATCH_SLOTS * PARTS_OF_A_SLOT,
    /* A thread that submits does not send for the others for ever. */
    BATCHES_AT_A_TIME = 8,
};

static size_t payload_length(const struct slot *slot)
{
    return slot->request->command == NBD_CMD_WRITE ? slot->piece.length : 0;
}

/* The users' buffers go out as they are; `skip` bytes of the first slot are gone already. */
static int gather(struct slot *first, size_t skip, struct iovec *parts)
{
    int count = 0;

    /* Slots without data, or without a header any more, make for odd counts. */
    for (struct slot *slot = first; slot != NULL && count + PARTS_OF_A_SLOT <= BATCH_PARTS;
         slot = TAILQ_NEXT(slot, order)) {
        size_t payload = payload_length(slot);

        if (skip < NBD_REQUEST_BYTES) {
            parts[count++] = (struct iovec){slot->header + skip, NBD_REQUEST_BYTES - skip};
            skip = 0;
        } else {
            skip -= NBD_REQUEST_BYTES;
        }
        if (payload > 0)
            parts[count++] = (struct iovec){slot->piece.buffer + skip, payload - skip};
        skip = 0;
    }
    return count;
}

/* An answer may come before its sender gets here; the session's thread settles that one. */
static void mark_sent(struct session *session, struct slot *slot)
{
    slot->sent = true;
    if (slot->answered) {
        session->out.late_answer = true;
        wake_up(session->wake_fd);
    }
}

static void account(struct session *session, size_t sent)
{
    while (sent > 0) {
        struct slot *slot = session->out.first_unsent;
        size_t left = NBD_REQUEST_BYTES + payload_length(slot) - session->out.unsent_done;

        if (sent < left) {
            session->out.unsent_done += sent;
            return;
        }
        sent -= left;
        session->out.first_unsent = TAILQ_NEXT(slot, order);
        session->out.unsent_done = 0;
        mark_sent(session, slot);
    }
}

/* Lock held, but not while sending: slots that are not sent stay as they are, because only the
 * one sender moves them on. Returns false when the socket takes no more. */
static bool send_batch(struct session *session)
{
    struct iovec parts[BATCH_PARTS];
    struct channel *channel = session->channel;
    int count = gather(session->out.first_unsent, session->out.unsent_done, parts);
    ssize_t sent;
    int error;

    pthread_mutex_unlock(&session->lock);
    sent = channel_send(channel, parts, count);
    error = errno;
    pthread_mutex_lock(&session->lock);

    if (sent >= 0) {
        account(session, (size_t)sent);
        return true;
    }
    if (error == EAGAIN)
        session->socket_is_full = true;
    else
        session->broken = true;
    wake_up(session->wake_fd);
    return false;
}

static void send_batches(struct session *session)
{
    for (int batch = 0; batch < BATCHES_AT_A_TIME; batch++) {
        if (outstanding_fill_slots(&session->out, session->size, session->largest_piece))
            wake_up(session->wake_fd);
        if (session->out.first_unsent == NULL || session->broken || !send_batch(session))
            return;
    }
    wake_up(session->wake_fd); /* its thread goes on */
}

void sender_run(struct session *session)
{
    if (session->link != LINK_UP || session->sending || session->socket_is_full)
        return;
    session->sending = true;
    send_batches(session);
    session->sending = false;
    pthread_cond_signal(&session->sender_left);
}
