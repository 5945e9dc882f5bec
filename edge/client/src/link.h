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

/* The data connection of an open volume: made, lost, and made again. */
#ifndef OVS_LINK_H
#define OVS_LINK_H

#include "session.h"

/* Makes a connection in the option phase the data connection of a new session. Returns 0 or an
 * errno; the connection stays the caller's to close. */
int link_open(struct session *session, struct channel *channel);

/* The connection is useless: without HA everything fails, with HA it waits to be sent again, unless
 * the error is ETIME: then it was waited for long enough. */
void link_lose(struct session *session, int error, struct request_list *finished);

/* One attempt to connect again, and the pause after one that failed. */
void link_restore(struct session *session, struct request_list *finished);

/* Takes back the wake-ups so far. */
void link_drain_wakeups(struct session *session);

#endif
