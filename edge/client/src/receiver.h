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
