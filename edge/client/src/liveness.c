/* SPDX-License-Identifier: Apache-2.0 */

/* Asks a server that does not answer whether it lives. */

#include "liveness.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "control.h"
#include "ctx.h"
#include "socket.h"

/* Returns when to ask the server: a request has no answer by then, and the server gave no sign. */
static int64_t ask_at_ms(const struct session *session)
{
    const struct slot *oldest = TAILQ_FIRST(&session->out.in_flight);
    int64_t since = oldest != NULL ? oldest->taken_ms : now_ms();

    if (since < session->alive_ms)
        since = session->alive_ms;
    if (since < session->asked_ms)
        since = session->asked_ms;
    return since + ASK_AFTER_MS;
}

/* Returns when a read or write has waited for too long. A flush has no limit. */
static int64_t fail_at_ms(const struct session *session)
{
    int64_t limit_ms = config_io_timeout_ms(&session->ctx->config);
    const struct slot *slot;

    TAILQ_FOREACH(slot, &session->out.in_flight, order)
        if (slot->request->command != NBD_CMD_FLUSH)
            return slot->taken_ms < INT64_MAX - limit_ms ? slot->taken_ms + limit_ms : INT64_MAX;
    return INT64_MAX;
}

/* Returns when the thread has to look again. Senders do not wake the thread, so it looks for
 * requests that came while it slept. */
int64_t liveness_due_ms(const struct session *session)
{
    int64_t ask_ms = ask_at_ms(session), fail_ms = fail_at_ms(session);

    return ask_ms < fail_ms ? ask_ms : fail_ms;
}

/* Returns a descriptor that is readable when the thread has other work than to wait. */
static int watch(const struct session *session)
{
    struct epoll_event wake = {.events = EPOLLIN};
    struct epoll_event data = {.events = session->socket_is_full ? EPOLLIN | EPOLLOUT : EPOLLIN};
    int fd = epoll_create1(EPOLL_CLOEXEC);

    if (fd >= 0 && (epoll_ctl(fd, EPOLL_CTL_ADD, session->wake_fd, &wake) < 0 ||
                    epoll_ctl(fd, EPOLL_CTL_ADD, session->channel->fd, &data) < 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Asks the server if it lives. The idle connection may have ended, so this may try a second one. */
static int ask(struct session *session, struct deadline deadline, struct server_identity *server)
{
    const struct uuid no_session = {{0}};
    struct channel *channel;
    int error = 0;

    for (int tries = 0; tries < 2; tries++) {
        error = control_take_connection(session->ctx, deadline, &channel);
        if (error != 0)
            return error;
        error = server_hello(channel, no_session, deadline, server);
        if (error == 0) {
            control_give_back(session->ctx, channel);
            return 0;
        }
        socket_close(channel);
        if (error != ECONNRESET && error != EPIPE)
            break;
    }
    return error;
}

/* Returns true if the error proves that the server is gone, or that another one took its place.
 * Other errors prove nothing: we may lack a descriptor, or the server may lack a place for one more
 * connection. */
static bool tells_of_death(int error)
{
    switch (error) {
    case ECONNREFUSED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case EPROTO:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

static int ask_server(struct session *session)
{
    struct deadline deadline = {now_ms() + CONNECT_LIMIT_MS, -1};
    struct server_identity server;
    int error;

    if (socket_is_cut_off(session->channel))
        return ETIMEDOUT;
    deadline.cancel_fd = watch(session);
    if (deadline.cancel_fd < 0)
        return 0;
    error = ask(session, deadline, &server);
    close(deadline.cancel_fd);
    session->asked_ms = now_ms();
    if (error != 0)
        return tells_of_death(error) ? error : 0;
    if (memcmp(&server.instance, &session->server.instance, sizeof(server.instance)) != 0)
        return ECONNRESET; /* the server is gone, and its successor does not know our requests */
    session->alive_ms = session->asked_ms;
    return 0;
}

int liveness_check(struct session *session)
{
    bool in_flight, ask_now, too_late;

    pthread_mutex_lock(&session->lock);
    in_flight = !TAILQ_EMPTY(&session->out.in_flight);
    ask_now = in_flight && remaining_ms(ask_at_ms(session)) == 0;
    too_late = in_flight && remaining_ms(fail_at_ms(session)) == 0;
    pthread_mutex_unlock(&session->lock);
    if (too_late)
        return ETIME;
    return ask_now ? ask_server(session) : 0;
}
