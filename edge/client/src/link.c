/* SPDX-License-Identifier: Apache-2.0 */

/* Makes the data connection of an open volume, gives it up when it is lost, and makes it again. */

#include "link.h"

#include <errno.h>
#include <poll.h>

#include "ctx.h"
#include "log.h"
#include "option.h"
#include "outstanding.h"
#include "receiver.h"
#include "socket.h"
#include "wake.h"

static void adopt_server(struct session *session, const struct server_identity *server)
{
    session->server = *server;
    session->largest_piece = server->largest_request < OVS_REQUEST_BYTES_MAX
                                 ? server->largest_request
                                 : OVS_REQUEST_BYTES_MAX;
}

int link_open(struct session *session, struct channel *channel)
{
    const struct deadline deadline = {now_ms() + OPEN_LIMIT_MS, -1};
    struct server_identity server;
    int error = server_hello(channel, session->id, deadline, &server);

    if (error == 0)
        error = server_volume_id(channel, session->volume_name, deadline, &session->volume);
    if (error == 0)
        error = option_go(channel, session->volume_name, deadline, &session->size);
    if (error == 0)
        adopt_server(session, &server);
    return error;
}

/* ESTALE: what was acknowledged before is not there, so nothing may be sent again. Either the
 * host was rebooted (unflushed writes are lost) or the volume is gone or another one. */
static int verify(struct session *session, struct channel *channel, struct deadline deadline)
{
    struct server_identity server;
    struct uuid volume;
    int error = server_hello(channel, session->id, deadline, &server);

    if (error != 0)
        return error;
    if (!server_is_same_boot(&session->server, &server))
        return ESTALE;
    adopt_server(session, &server);
    error = server_volume_id(channel, session->volume_name, deadline, &volume);
    if (error == ENOENT)
        return ESTALE;
    if (error == 0 && memcmp(volume.bytes, session->volume.bytes, UUID_BYTES) != 0)
        return ESTALE;
    return error;
}

static int reconnect(struct session *session, struct channel **channel, uint64_t *size)
{
    const struct deadline deadline = {now_ms() + OPEN_LIMIT_MS, session->wake_fd};
    int error = option_connect(&session->ctx->attr, &session->ctx->config, deadline, channel);

    if (error != 0)
        return error;
    error = verify(session, *channel, deadline);
    if (error == 0)
        error = option_go(*channel, session->volume_name, deadline, size);
    if (error != 0)
        socket_close(*channel);
    return error;
}

/* LINK_DEAD: for good; LINK_DOWN: later requests get an attempt of their own. */
static void give_up(struct session *session, enum link link, struct request_list *finished)
{
    pthread_mutex_lock(&session->lock);
    session->link = link;
    outstanding_fail(&session->out, EIO, finished);
    pthread_mutex_unlock(&session->lock);
}

static bool is_over(int64_t since_ms, int64_t timeout_ms)
{
    return now_ms() - since_ms >= timeout_ms;
}

/* Returns true if the wait is over. A server that lives gets more time than a silent one. */
static bool is_hopeless(const struct session *session)
{
    int64_t since_ms = session->trouble_since_ms;
    int64_t alive_ms = session->alive_ms > since_ms ? session->alive_ms : since_ms;

    return is_over(since_ms, config_io_timeout_ms(&session->ctx->config)) ||
           is_over(alive_ms, config_reconnect_timeout_ms(&session->ctx->config));
}

void link_lose(struct session *session, int error, struct request_list *finished)
{
    pthread_mutex_lock(&session->lock);
    session->link = LINK_DOWN;
    while (session->sending)
        pthread_cond_wait(&session->sender_left, &session->lock);
    outstanding_requeue(&session->out);
    socket_close(session->channel);
    session->channel = NULL;
    session->broken = session->socket_is_full = false;
    if (session->trouble_since_ms == 0)
        session->trouble_since_ms = now_ms();
    pthread_mutex_unlock(&session->lock);

    receiver_reset(&session->receiver);
    /* While the link is down a wake-up means only "stop" or "there is work at last"; link_restore
     * relies on that to break off what it waits for. */
    wake_drain(session->wake_fd);
    if (!session->ctx->attr.ha)
        give_up(session, LINK_DEAD, finished);
    else if (error == ETIME || is_hopeless(session)) /* or connecting works, but nothing else */
        give_up(session, LINK_DOWN, finished);
}

/* Hopeless and nothing to do: a new request ends the wait, and gets one attempt. Returns false
 * when it is closing that ended it. */
static bool wait_for_work(struct session *session)
{
    struct pollfd wake = {.fd = session->wake_fd, .events = POLLIN};
    bool stopping;

    pthread_mutex_lock(&session->lock);
    while (session->out.requests == 0 && !session->stopping) {
        session->idle_without_link = true;
        pthread_mutex_unlock(&session->lock);
        poll(&wake, 1, -1);
        wake_drain(session->wake_fd);
        pthread_mutex_lock(&session->lock);
    }
    session->idle_without_link = false;
    stopping = session->stopping;
    pthread_mutex_unlock(&session->lock);
    if (!stopping)
        wake_drain(session->wake_fd);
    return !stopping;
}

static void link_up(struct session *session, struct channel *channel, uint64_t size)
{
    pthread_mutex_lock(&session->lock);
    session->channel = channel;
    session_note_size(session, size);
    session->link = LINK_UP;
    /* What reached beyond the end may not do so now. */
    STAILQ_CONCAT(&session->out.queue, &session->out.beyond);
    if (session->out.requests == 0) /* otherwise the trouble ends with the first answer */
        session->trouble_since_ms = 0;
    pthread_mutex_unlock(&session->lock);
}

/* Waits before an attempt to reconnect: not before the first one since the last answer, then longer
 * and longer, even if connecting works and nothing else does. */
static void pause_before_attempt(struct session *session)
{
    struct pollfd wake = {.fd = session->wake_fd, .events = POLLIN};

    if (session->pause_ms > 0)
        poll(&wake, 1, session->pause_ms);
    session->pause_ms = session->pause_ms > 0 ? 2 * session->pause_ms : RECONNECT_PAUSE_MS;
    if (session->pause_ms > RECONNECT_PAUSE_MAX_MS)
        session->pause_ms = RECONNECT_PAUSE_MAX_MS;
}

static void note_failure(struct session *session, int error)
{
    if (error == EBUSY)
        session->alive_ms = now_ms();
    else if (error == ESHUTDOWN)
        log_error("volume '%s': its session was fenced; hint: open it again if it is still wanted",
                  session->volume_name);
    else if (error == ESTALE)
        log_error("volume '%s': the volume is gone, or the server's host was rebooted; hint: open it "
                  "again", session->volume_name);
}

void link_restore(struct session *session, struct request_list *finished)
{
    bool hopeless = is_hopeless(session);
    uint64_t size;
    struct channel *channel;
    int error;

    if (hopeless && !wait_for_work(session))
        return;
    pause_before_attempt(session);
    error = reconnect(session, &channel, &size);
    note_failure(session, error);
    if (error == 0)
        link_up(session, channel, size);
    else if (error == ESTALE || error == ESHUTDOWN)
        give_up(session, LINK_DEAD, finished);
    else if (hopeless && error != EBUSY)
        give_up(session, LINK_DOWN, finished);
}
