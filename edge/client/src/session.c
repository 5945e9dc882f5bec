/* SPDX-License-Identifier: Apache-2.0 */

/* Opens and closes a volume, and takes requests for it. */

#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctx.h"
#include "link.h"
#include "outstanding.h"
#include "sender.h"
#include "socket.h"
#include "wake.h"

static struct session *session_new(ovs_ctx_t *ctx, const char *volume_name, int open_flag)
{
    struct session *session = calloc(1, sizeof(*session));

    if (session == NULL)
        return NULL;
    session->ctx = ctx;
    strcpy(session->volume_name, volume_name); /* its length was checked */
    session->open_flag = open_flag;
    session->wake_fd = -1;
    pthread_mutex_init(&session->lock, NULL);
    pthread_cond_init(&session->sender_left, NULL);
    return session;
}

static void session_free(struct session *session)
{
    if (session->channel != NULL)
        socket_close(session->channel);
    if (session->wake_fd >= 0)
        close(session->wake_fd);
    outstanding_destroy(&session->out);
    free(session);
}

/* The application's signals are none of the library's business. */
static int start_thread(struct session *session)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    int error;

    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&session->thread, &attributes, session_thread, session);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

static int start(struct session *session, struct channel *channel)
{
    int error;

    session->channel = channel;
    error = outstanding_init(&session->out, session->ctx->attr.queue_depth);
    if (error == 0)
        error = uuid_random(&session->id);
    if (error != 0)
        return error;
    session->wake_fd = wake_new();
    if (session->wake_fd < 0)
        return errno;
    error = link_open(session, channel);
    return error != 0 ? error : start_thread(session);
}

int session_open(ovs_ctx_t *ctx, struct channel *channel, const char *volume_name,
                 int open_flag, struct session **session)
{
    int error;

    *session = session_new(ctx, volume_name, open_flag);
    if (*session == NULL) {
        socket_close(channel);
        return ENOMEM;
    }
    error = start(*session, channel);
    if (error != 0) {
        session_free(*session);
        *session = NULL;
    }
    return error;
}

static void say_goodbye(struct session *session)
{
    uint8_t message[NBD_REQUEST_BYTES];
    const struct iovec part = {message, sizeof(message)};

    request_write_header(message, NBD_CMD_DISC, 0, 0, 0);
    if (session->out.first_unsent == NULL)
        channel_send(session->channel, &part, 1);
    /* A forked child may hold the socket too; the server must see the end all the same. */
    shutdown(session->channel->fd, SHUT_RDWR);
}

void session_close(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    session->stopping = true;
    session->stop_by_ms = now_ms() + DRAIN_LIMIT_MS;
    wake_up(session->wake_fd);
    pthread_mutex_unlock(&session->lock);
    pthread_join(session->thread, NULL);
    if (session->link == LINK_UP)
        say_goodbye(session);
    pthread_cond_destroy(&session->sender_left);
    pthread_mutex_destroy(&session->lock);
    session_free(session);
}

void session_abandon(struct session *session)
{
    if (session->channel != NULL)
        socket_abandon(session->channel);
    session->channel = NULL;
    session_free(session);
}

bool session_is_own_thread(const struct session *session)
{
    return pthread_equal(session->thread, pthread_self());
}

void session_learn_size(struct session *session, uint64_t size)
{
    pthread_mutex_lock(&session->lock);
    session_note_size(session, size);
    pthread_mutex_unlock(&session->lock);
}

static int accept_request(struct session *session, ovs_aio_request *request)
{
    if (session->link == LINK_DEAD || session->stopping)
        return EIO;
    STAILQ_INSERT_TAIL(&session->out.queue, request, next);
    session->out.requests++;
    if (session->idle_without_link)
        wake_up(session->wake_fd);
    return 0;
}

int session_submit(struct session *session, ovs_aio_request *request)
{
    int error;

    pthread_mutex_lock(&session->lock);
    error = accept_request(session, request);
    /* What callbacks submit goes out together when they have all been called. The lock is kept
     * until then, so that the session cannot be closed in between: this request may be done, and
     * its user may close, before this call returns. */
    if (error == 0 && !session_is_own_thread(session))
        sender_run(session);
    pthread_mutex_unlock(&session->lock);
    return error;
}
