/* SPDX-License-Identifier: Apache-2.0 */

/* The functions of the interface for contexts: connect to a vPool, open and close a volume. */

#include "ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api.h"
#include "control.h"
#include "socket.h"

/* The first connection proves that the vPool answers; it is kept for what comes next. */
static int say_hello(ovs_ctx_t *ctx)
{
    const struct deadline deadline = {now_ms() + CONTROL_LIMIT_MS, -1};
    const struct uuid no_session = {{0}};
    struct server_identity server;
    struct channel *channel;
    int error = control_take_connection(ctx, deadline, &channel);

    if (error != 0)
        return error;
    error = server_hello(channel, no_session, deadline, &server);
    if (error == 0)
        control_give_back(ctx, channel);
    else
        socket_close(channel);
    return error;
}

static ovs_ctx_t *ctx_new(const ovs_ctx_attr_t *attr)
{
    ovs_ctx_t *ctx = calloc(1, sizeof(*ctx));

    if (ctx == NULL)
        return NULL;
    ctx->attr = *attr;
    ctx->owner = getpid();
    pthread_mutex_init(&ctx->opening, NULL);
    return ctx;
}

/* Shared memory is only looked for when a volume is opened. */
ovs_ctx_t *ovs_ctx_new(const ovs_ctx_attr_t *attr)
{
    ovs_ctx_t *ctx;
    int error;

    if (attr == NULL || attr->transport == TRANSPORT_NONE) {
        errno = EINVAL;
        return NULL;
    }
    ctx = ctx_new(attr);
    if (ctx == NULL || attr->transport == TRANSPORT_SHM)
        return made(ctx);
    error = config_load(attr->host, attr->port, &ctx->config);
    if (error == 0)
        error = say_hello(ctx);
    if (error == 0)
        return made(ctx);
    ovs_ctx_destroy(ctx);
    errno = error == EPROTO ? EIO : error;
    return NULL;
}

static bool open_flag_is_valid(int oflag)
{
    return oflag == O_RDONLY || oflag == O_WRONLY || oflag == O_RDWR;
}

static int open_volume(ovs_ctx_t *ctx, const char *volume_name, int oflag)
{
    const struct deadline deadline = {now_ms() + CONTROL_LIMIT_MS, -1};
    struct session *session;
    struct channel *channel;
    int error;

    if (ctx->attr.transport == TRANSPORT_SHM)
        return EACCES;
    if (atomic_load(&ctx->session) != NULL)
        return EIO;
    error = control_take_connection(ctx, deadline, &channel);
    if (error != 0)
        return error;
    error = session_open(ctx, channel, volume_name, oflag, &session);
    if (error == 0)
        atomic_store(&ctx->session, session);
    return error;
}

int ovs_ctx_init(ovs_ctx_t *ctx, const char *volume_name, int oflag)
{
    int error;

    if (ctx == NULL || !name_is_valid(volume_name) || !open_flag_is_valid(oflag))
        return fail(EINVAL);
    pthread_mutex_lock(&ctx->opening);
    error = open_volume(ctx, volume_name, oflag);
    pthread_mutex_unlock(&ctx->opening);
    return result_of(error);
}

static void close_session(ovs_ctx_t *ctx, struct session *session)
{
    if (ctx->owner == getpid())
        session_close(session);
    else
        session_abandon(session);
}

int ovs_ctx_destroy(ovs_ctx_t *ctx)
{
    const int before = errno;
    struct session *session;

    if (ctx == NULL)
        return fail(EINVAL);
    session = atomic_load(&ctx->session);
    if (session != NULL && session_is_own_thread(session))
        return fail(EDEADLK);
    if (session != NULL)
        close_session(ctx, session);
    if (ctx->idle != NULL && ctx->owner == getpid())
        socket_close(ctx->idle);
    else if (ctx->idle != NULL)
        socket_abandon(ctx->idle);
    pthread_mutex_destroy(&ctx->opening);
    free(ctx);
    errno = before;
    return 0;
}
