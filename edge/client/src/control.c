/* SPDX-License-Identifier: Apache-2.0 */

/* Sends a control request on a connection of its own, and once more if that was cut. */

#include "control.h"

#include <errno.h>
#include <unistd.h>

#include "bounds.h"
#include "socket.h"

/* Every call has a connection of its own while it runs, so that one that waits for a snapshot
 * does not hold up the others; the last one given back is kept for the next call. */
static struct channel *take_idle(ovs_ctx_t *ctx)
{
    struct channel *channel = atomic_exchange(&ctx->idle, NULL);

    if (channel != NULL && socket_is_stale(channel)) {
        socket_close(channel);
        return NULL;
    }
    return channel;
}

void control_give_back(ovs_ctx_t *ctx, struct channel *channel)
{
    struct channel *kept = atomic_exchange(&ctx->idle, channel);

    if (kept != NULL)
        socket_close(kept);
}

/* rdma and shared memory have no server at the other end: the interface's EIO. */
static int connect_new(ovs_ctx_t *ctx, struct deadline deadline, struct channel **channel)
{
    if (ctx->attr.transport != TRANSPORT_TCP)
        return EIO;
    return option_connect(&ctx->attr, &ctx->config, deadline, channel);
}

int control_take_connection(ovs_ctx_t *ctx, struct deadline deadline, struct channel **channel)
{
    if (ctx->owner != getpid()) /* its connections are the parent's */
        return EBADF;
    *channel = take_idle(ctx);
    return *channel != NULL ? 0 : connect_new(ctx, deadline, channel);
}

static int call_on(ovs_ctx_t *ctx, struct channel *channel,
                   const struct vendor_request *request, struct vendor_reply *reply,
                   struct deadline deadline, int *connection_error)
{
    int error = option_vendor(channel, request, reply, deadline, connection_error);

    if (*connection_error == 0)
        control_give_back(ctx, channel);
    else
        socket_close(channel);
    return error;
}

static bool connection_was_lost(int connection_error)
{
    return connection_error == ECONNRESET || connection_error == EPIPE;
}

/* A server that was restarted has cut the connection. Requests are safe to repeat (PROTOCOL.md,
 * "Repetition"), so one that got no answer is sent once more on a new connection; if the server
 * is not there, that fails at once. */
int control_call(ovs_ctx_t *ctx, const struct vendor_request *request, struct vendor_reply *reply,
                 bool *repeated)
{
    const struct deadline deadline = {now_ms() + CONTROL_LIMIT_MS, -1};
    struct channel *channel;
    int connection_error = 0;
    int error = control_take_connection(ctx, deadline, &channel);

    if (repeated != NULL)
        *repeated = false;
    if (error != 0)
        return error;
    error = call_on(ctx, channel, request, reply, deadline, &connection_error);
    if (!connection_was_lost(connection_error))
        return error;
    if (repeated != NULL)
        *repeated = true;
    error = connect_new(ctx, deadline, &channel);
    return error != 0 ? error : call_on(ctx, channel, request, reply, deadline, &connection_error);
}

int control_command(ovs_ctx_t *ctx, const struct vendor_request *request, bool *repeated)
{
    struct vendor_reply reply;
    int error = control_call(ctx, request, &reply, repeated);

    if (error == 0)
        vendor_reply_free(&reply);
    return error;
}
