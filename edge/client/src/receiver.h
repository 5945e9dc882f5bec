/* SPDX-License-Identifier: Apache-2.0 */

/* The receiving end of a session; only its thread comes here. */
#ifndef OVS_RECEIVER_H
#define OVS_RECEIVER_H

#include "session.h"

/* Takes in what the socket has. Returns 0, or the errno that makes the connection useless.
 * Requests that are done are put on `finished`. */
int receiver_run(struct session *session, struct request_list *finished);

/* For a new connection. */
void receiver_reset(struct receiver *receiver);

#endif
