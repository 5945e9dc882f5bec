/* SPDX-License-Identifier: Apache-2.0 */

/* A slow disk is not a dead server: while requests stay without an answer, the server is asked on
 * another connection whether it lives, and as long as it says so they wait. */
#ifndef OVS_LIVENESS_H
#define OVS_LIVENESS_H

#include "session.h"

/* When to look again, at the latest. Lock held. */
int64_t liveness_due_ms(const struct session *session);

/* To be called after receiving: an answer that is there counts, however late. Returns 0, or why
 * the connection is useless; ETIME: a read or write has taken as long as edge.conf lets it. */
int liveness_check(struct session *session);

#endif
