/* SPDX-License-Identifier: Apache-2.0 */

/* Receives replies, and puts the data of reads into the users' buffers. */

#include "receiver.h"

#include <errno.h>
#include <string.h>

#include "outstanding.h"

enum {
    /* Users are told after so many reads, even if there is more. */
    READS_AT_A_TIME = 4,
};

void receiver_reset(struct receiver *receiver)
{
    receiver->begin = receiver->end = 0;
    receiver->reading = NULL;
    receiver->data_left = 0;
}

/* EINVAL is for the caller's own mistakes; the server has none of them to report. */
static int errno_of_reply(uint32_t error)
{
    switch (error) {
    case 0:
    case EPERM:
    case ENOMEM:
    case ENOSPC:
        return (int)error;
    default:
        return EIO;
    }
}

static size_t staged(const struct receiver *receiver)
{
    return receiver->end - receiver->begin;
}

static void answer(struct session *session, struct slot *slot, struct request_list *finished)
{
    slot->answered = true;
    session->trouble_since_ms = 0;
    session->pause_ms = 0;
    if (slot->sent)
        outstanding_settle(&session->out, slot, finished);
}

/* `length` bytes of data have arrived in the user's buffer. */
static void advance_data(struct session *session, size_t length, struct request_list *finished)
{
    struct receiver *receiver = &session->receiver;

    receiver->data += length;
    receiver->data_left -= length;
    if (receiver->data_left == 0) {
        answer(session, receiver->reading, finished);
        receiver->reading = NULL;
    }
}

static int take_header(struct session *session, struct request_list *finished)
{
    struct receiver *receiver = &session->receiver;
    struct reader header = {receiver->stage + receiver->begin, NBD_REPLY_BYTES, false};
    uint32_t magic = get_u32(&header);
    uint32_t error = get_u32(&header);
    struct slot *slot = outstanding_find(&session->out, get_u64(&header));

    if (magic != NBD_REPLY_MAGIC || slot == NULL)
        return EPROTO;
    receiver->begin += NBD_REPLY_BYTES;
    slot->error = errno_of_reply(error);
    if (error == 0 && slot->request->command == NBD_CMD_READ) {
        receiver->reading = slot;
        receiver->data = slot->piece.buffer;
        receiver->data_left = slot->piece.length;
    } else {
        answer(session, slot, finished);
    }
    return 0;
}

static void take_data(struct session *session, struct request_list *finished)
{
    struct receiver *receiver = &session->receiver;
    size_t length = staged(receiver);

    if (length > receiver->data_left)
        length = receiver->data_left;
    memcpy(receiver->data, receiver->stage + receiver->begin, length);
    receiver->begin += length;
    advance_data(session, length, finished);
}

static int take_stage(struct session *session, struct request_list *finished)
{
    struct receiver *receiver = &session->receiver;
    int error = 0;

    while (error == 0 && staged(receiver) > 0) {
        if (receiver->data_left > 0)
            take_data(session, finished);
        else if (staged(receiver) >= NBD_REPLY_BYTES)
            error = take_header(session, finished);
        else
            break;
    }
    return error;
}

/* Data goes straight to the user's buffer and what follows it into the stage; the stage is empty
 * whenever data is awaited. */
static ssize_t fill(struct channel *channel, struct receiver *receiver, size_t *room)
{
    struct iovec parts[2];

    memmove(receiver->stage, receiver->stage + receiver->begin, staged(receiver));
    receiver->end = staged(receiver);
    receiver->begin = 0;
    parts[0] = (struct iovec){receiver->data, receiver->data_left};
    parts[1] = (struct iovec){receiver->stage + receiver->end, STAGE_BYTES - receiver->end};
    *room = parts[0].iov_len + parts[1].iov_len;
    return channel_receive(channel, parts, 2);
}

static int take_in(struct session *session, size_t length, struct request_list *finished)
{
    struct receiver *receiver = &session->receiver;
    size_t data = length < receiver->data_left ? length : receiver->data_left;
    int error;

    receiver->end += length - data;
    pthread_mutex_lock(&session->lock);
    if (data > 0)
        advance_data(session, data, finished);
    error = take_stage(session, finished);
    pthread_mutex_unlock(&session->lock);
    return error;
}

int receiver_run(struct session *session, struct request_list *finished)
{
    for (int reads = 0; reads < READS_AT_A_TIME; reads++) {
        size_t room;
        ssize_t length = fill(session->channel, &session->receiver, &room);
        int error;

        if (length == 0)
            return ECONNRESET;
        if (length < 0 && errno == EAGAIN)
            return 0;
        if (length < 0)
            return errno;
        error = take_in(session, (size_t)length, finished);
        if (error == 0)
            session->alive_ms = now_ms();
        /* Less than there was room for: the socket is empty. */
        if (error != 0 || (size_t)length < room)
            return error;
    }
    return 0;
}
