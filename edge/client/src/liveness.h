/*
 * Licensed under the Apache License, Version 2.0 (the "License"); you may
 * not use this file except in compliance with the License. You may obtain
 * a copy of the License at
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
 * WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
 * License for the specific language governing permissions and limitations
 * under the License.
 */

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
