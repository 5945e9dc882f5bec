/* SPDX-License-Identifier: Apache-2.0 */

/* The thread of an open volume: receives, watches the server, reconnects. */

#include <errno.h>
#include <poll.h>

#include "ctx.h"
#include "link.h"
#include "liveness.h"
#include "outstanding.h"
#include "receiver.h"
#include "sender.h"
#include "volume.h"
#include "wake.h"

/* Returns how long the thread may sleep: until it has to ask the server, or closing ends. */
static int sleep_ms(struct session *session)
{
    int64_t until = liveness_due_ms(session);

    if (session->stopping && session->stop_by_ms < until)
        until = session->stop_by_ms;
    return remaining_ms(until);
}

/* Sleeps until there is something to do. Returns 0, or why the connection is useless. */
static int wait_for_events(struct session *session, bool *readable)
{
    struct pollfd fds[] = {{.fd = session->channel->fd, .events = POLLIN},
                           {.fd = session->wake_fd, .events = POLLIN}};
    const bool has_more = channel_has_more(session->channel);
    int timeout_ms;
    bool broken;

    pthread_mutex_lock(&session->lock);
    timeout_ms = has_more ? 0 : sleep_ms(session);
    if (session->socket_is_full)
        fds[0].events |= POLLOUT;
    pthread_mutex_unlock(&session->lock);

    if (poll(fds, 2, timeout_ms) < 0)
        return errno == EINTR ? 0 : errno;
    if (fds[1].revents != 0)
        wake_drain(session->wake_fd);
    *readable = has_more || (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0;

    pthread_mutex_lock(&session->lock);
    if ((fds[0].revents & POLLOUT) != 0)
        session->socket_is_full = false;
    broken = session->broken;
    pthread_mutex_unlock(&session->lock);
    return broken ? EPIPE : 0;
}

/* Requests that seem to reach past the end: another client may have made the volume grow. */
static int judge_beyond(struct session *session, struct request_list *finished)
{
    bool needed;
    uint64_t size;
    int error;

    pthread_mutex_lock(&session->lock);
    needed = !STAILQ_EMPTY(&session->out.beyond);
    pthread_mutex_unlock(&session->lock);
    if (!needed)
        return 0;
    error = volume_size(session->ctx, session->volume, &size);
    if (error != 0)
        return error;
    pthread_mutex_lock(&session->lock);
    session_note_size(session, size);
    outstanding_judge_beyond(&session->out, session->size, finished);
    pthread_mutex_unlock(&session->lock);
    return 0;
}

static void settle_late(struct session *session, struct request_list *finished)
{
    pthread_mutex_lock(&session->lock);
    outstanding_settle_late(&session->out, finished);
    pthread_mutex_unlock(&session->lock);
}

static void serve(struct session *session, struct request_list *finished)
{
    bool readable = false;
    int error = wait_for_events(session, &readable);

    if (error == 0 && readable)
        error = receiver_run(session, finished);
    settle_late(session, finished);
    if (error == 0)
        error = liveness_check(session);
    if (error == 0)
        error = judge_beyond(session, finished);
    if (error != 0)
        link_lose(session, error, finished);
}

static bool is_over(struct session *session)
{
    bool over;

    pthread_mutex_lock(&session->lock);
    over = session->stopping && (session->out.requests == 0 || session->link != LINK_UP ||
                                 remaining_ms(session->stop_by_ms) == 0);
    pthread_mutex_unlock(&session->lock);
    return over;
}

/* A dead link has nothing to wait for but the end. */
static void wait_for_end(struct session *session)
{
    struct pollfd wake = {.fd = session->wake_fd, .events = POLLIN};

    poll(&wake, 1, -1);
    wake_drain(session->wake_fd);
}

static void fail_the_rest(struct session *session)
{
    struct request_list finished = STAILQ_HEAD_INITIALIZER(finished);

    pthread_mutex_lock(&session->lock);
    while (session->sending)
        pthread_cond_wait(&session->sender_left, &session->lock);
    outstanding_fail(&session->out, EIO, &finished);
    pthread_mutex_unlock(&session->lock);
    request_finish_all(&finished);
}

void *session_thread(void *argument)
{
    struct session *session = argument;

    while (!is_over(session)) {
        struct request_list finished = STAILQ_HEAD_INITIALIZER(finished);

        switch (session->link) { /* only this thread changes it */
        case LINK_UP:
            serve(session, &finished);
            break;
        case LINK_DOWN:
            link_restore(session, &finished);
            break;
        case LINK_DEAD:
            wait_for_end(session);
            break;
        }
        request_finish_all(&finished);
        pthread_mutex_lock(&session->lock);
        sender_run(session);
        pthread_mutex_unlock(&session->lock);
    }
    fail_the_rest(session);
    return NULL;
}
