/* SPDX-License-Identifier: Apache-2.0 */

/* The functions of the interface for completions. */

#include "completion.h"

#include <errno.h>
#include <stdlib.h>

#include "api.h"
#include "event.h"

struct ovs_completion {
    ovs_callback_t callback;
    void *arg;
    ssize_t result;         /* -1: the request failed */
    struct event called;    /* the result is there */
    struct event signalled; /* by the user */
};

ovs_completion_t *ovs_aio_create_completion(ovs_callback_t complete_cb, void *arg)
{
    ovs_completion_t *completion;

    if (complete_cb == NULL) {
        errno = EINVAL;
        return NULL;
    }
    completion = calloc(1, sizeof(*completion));
    if (completion != NULL) {
        completion->callback = complete_cb;
        completion->arg = arg;
    }
    return made(completion);
}

void completion_call(ovs_completion_t *completion, ssize_t result)
{
    completion->result = result;
    event_set(&completion->called);
    completion->callback(completion, completion->arg);
}

ssize_t ovs_aio_return_completion(ovs_completion_t *completion)
{
    if (completion == NULL) {
        errno = EINVAL;
        return -1;
    }
    if (!event_is_set(&completion->called)) {
        errno = EINPROGRESS;
        return -1;
    }
    return completion->result < 0 ? fail(EIO) : succeed(completion->result);
}

int ovs_aio_wait_completion(ovs_completion_t *completion, const struct timespec *timeout)
{
    int error = completion == NULL ? EINVAL : event_wait(&completion->signalled, timeout);

    return result_of(error == ETIMEDOUT ? EAGAIN : error);
}

int ovs_aio_signal_completion(ovs_completion_t *completion)
{
    if (completion == NULL) {
        errno = EINVAL;
        return -1;
    }
    event_set(&completion->signalled);
    return result_of(0);
}

int ovs_aio_release_completion(ovs_completion_t *completion)
{
    if (completion == NULL) {
        errno = EINVAL;
        return -1;
    }
    free(completion);
    return 0;
}
