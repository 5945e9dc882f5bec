/* SPDX-License-Identifier: Apache-2.0 */

/* A context: its attributes, a control connection, and the open volume. */
#ifndef OVS_CTX_H
#define OVS_CTX_H

#include <pthread.h>
#include <stdatomic.h>

#include "attr.h"
#include "config.h"
#include "session.h"

struct ovs_context {
    ovs_ctx_attr_t attr;
    struct config config;
    pid_t owner;                       /* a forked child may only destroy what it inherits */
    pthread_mutex_t opening;           /* one ovs_ctx_init at a time */
    _Atomic(struct channel *) idle;    /* a connection in the option phase, or NULL */
    _Atomic(struct session *) session; /* the open volume, or NULL */
};

#endif
