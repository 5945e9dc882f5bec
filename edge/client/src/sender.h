/* SPDX-License-Identifier: Apache-2.0 */

/* The sending end of a session. */
#ifndef OVS_SENDER_H
#define OVS_SENDER_H

#include "session.h"

/* Sends what the queue depth allows, unless another thread is at it already. Never blocks. Wants
 * the session's lock held, and lets go of it meanwhile. */
void sender_run(struct session *session);

#endif
