/* SPDX-License-Identifier: Apache-2.0 */

/* The functions of the interface for I/O that waits. */

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "api.h"
#include "volume.h"

static bool flag_allows(int open_flag, enum nbd_command command)
{
    return command == NBD_CMD_READ ? open_flag != O_WRONLY : open_flag != O_RDONLY;
}

int io_session(ovs_ctx_t *ctx, enum nbd_command command, struct session **session)
{
    if (ctx == NULL)
        return EINVAL;
    *session = atomic_load(&ctx->session);
    if (*session == NULL || ctx->owner != getpid())
        return EBADF;
    return flag_allows((*session)->open_flag, command) ? 0 : EBADF;
}

int io_request(ovs_aio_request *request, enum nbd_command command, void *buffer, size_t length,
               off_t offset)
{
    if (buffer == NULL || length == 0 || length > SSIZE_MAX || offset < 0)
        return EINVAL;
    *request = (ovs_aio_request){
        .command = command, .buffer = buffer, .length = length, .offset = (uint64_t)offset};
    return 0;
}

static ssize_t carry_out(struct session *session, ovs_aio_request *request)
{
    int error = session_is_own_thread(session) ? EDEADLK : session_submit(session, request);

    if (error != 0)
        return fail(error);
    event_wait(&request->finished, NULL);
    return request->error != 0 ? fail(request->error) : succeed(request_result(request));
}

static ssize_t transfer(ovs_ctx_t *ctx, enum nbd_command command, void *buf, size_t nbytes,
                        off_t offset)
{
    struct session *session;
    ovs_aio_request request;
    int error = io_session(ctx, command, &session);

    if (error == 0 || error == EBADF) /* wrong arguments come first */
        error = io_request(&request, command, buf, nbytes, offset) != 0 ? EINVAL : error;
    return error != 0 ? fail(error) : carry_out(session, &request);
}

ssize_t ovs_read(ovs_ctx_t *ctx, void *buf, size_t nbytes, off_t offset)
{
    return transfer(ctx, NBD_CMD_READ, buf, nbytes, offset);
}

ssize_t ovs_write(ovs_ctx_t *ctx, const void *buf, size_t nbytes, off_t offset)
{
    return transfer(ctx, NBD_CMD_WRITE, (void *)buf, nbytes, offset);
}

int ovs_flush(ovs_ctx_t *ctx)
{
    ovs_aio_request request = {.command = NBD_CMD_FLUSH};
    struct session *session;
    int error = io_session(ctx, NBD_CMD_FLUSH, &session);

    return error != 0 ? fail(error) : (int)carry_out(session, &request);
}

int ovs_stat(ovs_ctx_t *ctx, struct stat *buf)
{
    struct session *session;
    uint64_t size;
    int error;

    if (ctx == NULL || buf == NULL)
        return fail(EINVAL);
    session = atomic_load(&ctx->session);
    if (session == NULL)
        return fail(EBADF);
    error = volume_size(ctx, session->volume, &size);
    if (error != 0)
        return fail(error);
    session_learn_size(session, size);
    memset(buf, 0, sizeof(*buf));
    buf->st_blksize = 512;
    buf->st_size = (off_t)size;
    return (int)succeed(0);
}

int ovs_truncate(ovs_ctx_t *ctx, uint64_t size)
{
    struct session *session;
    int error = io_session(ctx, NBD_CMD_WRITE, &session);

    if (error != 0)
        return fail(error);
    error = volume_grow(ctx, session->volume, &size);
    if (error == 0)
        session_learn_size(session, size);
    return result_of(error);
}
