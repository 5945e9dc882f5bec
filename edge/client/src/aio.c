/* SPDX-License-Identifier: Apache-2.0 */

/* The functions of the interface for I/O that does not wait. */

#include <errno.h>
#include <stdlib.h>

#include "api.h"
#include "io.h"

static int submit(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb, enum nbd_command command,
                  ovs_completion_t *completion)
{
    struct session *session;
    ovs_aio_request *request;
    int error;

    if (ctx == NULL || aiocb == NULL)
        return fail(EINVAL);
    aiocb->request_ = NULL;
    request = malloc(sizeof(*request));
    if (request == NULL)
        return -1;
    error = io_request(request, command, aiocb->aio_buf, aiocb->aio_nbytes, aiocb->aio_offset);
    if (error == 0)
        error = io_session(ctx, command, &session);
    if (error == 0) {
        /* Once submitted it may be done, and its callback may finish it, at any moment. */
        request->completion = completion;
        aiocb->request_ = request;
        error = session_submit(session, request);
    }
    if (error != 0) {
        aiocb->request_ = NULL;
        free(request);
    }
    return result_of(error);
}

int ovs_aio_read(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb)
{
    return submit(ctx, aiocb, NBD_CMD_READ, NULL);
}

int ovs_aio_write(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb)
{
    return submit(ctx, aiocb, NBD_CMD_WRITE, NULL);
}

int ovs_aio_readcb(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb, ovs_completion_t *completion)
{
    return submit(ctx, aiocb, NBD_CMD_READ, completion);
}

int ovs_aio_writecb(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb, ovs_completion_t *completion)
{
    return submit(ctx, aiocb, NBD_CMD_WRITE, completion);
}

int ovs_aio_flushcb(ovs_ctx_t *ctx, ovs_completion_t *completion)
{
    struct session *session;
    ovs_aio_request *request;
    int error;

    if (completion == NULL)
        return fail(EINVAL);
    error = io_session(ctx, NBD_CMD_FLUSH, &session);
    if (error != 0)
        return fail(error);
    request = calloc(1, sizeof(*request));
    if (request == NULL)
        return -1;
    request->command = NBD_CMD_FLUSH;
    request->completion = completion;
    request->is_ours = true;
    error = session_submit(session, request);
    if (error != 0)
        free(request);
    return result_of(error);
}

/* A done request needs no context any more, so that it can be finished after ovs_ctx_destroy
 * too: of the context only its presence is looked at. */
static ovs_aio_request *request_of(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb)
{
    return ctx == NULL || aiocb == NULL ? NULL : aiocb->request_;
}

int ovs_aio_suspend(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb, const struct timespec *timeout)
{
    ovs_aio_request *request = request_of(ctx, aiocb);
    struct session *session;
    int error;

    if (request == NULL)
        return fail(EINVAL);
    if (event_is_set(&request->finished))
        return result_of(0);
    session = atomic_load(&ctx->session);
    if (session != NULL && session_is_own_thread(session))
        return fail(EDEADLK);
    error = event_wait(&request->finished, timeout);
    return result_of(error == ETIMEDOUT ? EAGAIN : error);
}

int ovs_aio_error(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb)
{
    ovs_aio_request *request = request_of(ctx, aiocb);

    if (request == NULL)
        return fail(EINVAL);
    return (int)succeed(event_is_set(&request->finished) ? request->error : EINPROGRESS);
}

ssize_t ovs_aio_return(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb)
{
    ovs_aio_request *request = request_of(ctx, aiocb);

    if (request == NULL)
        return fail(EINVAL);
    if (!event_is_set(&request->finished))
        return fail(EINPROGRESS);
    return request->error != 0 ? fail(request->error) : succeed(request_result(request));
}

int ovs_aio_cancel(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb)
{
    return fail(ctx == NULL || aiocb == NULL ? EINVAL : ENOSYS);
}

int ovs_aio_finish(ovs_ctx_t *ctx, struct ovs_aiocb *aiocb)
{
    ovs_aio_request *request = request_of(ctx, aiocb);

    if (request == NULL)
        return fail(EINVAL);
    if (!event_is_set(&request->finished))
        return fail(EINPROGRESS);
    aiocb->request_ = NULL;
    free(request);
    return 0;
}
