/* SPDX-License-Identifier: Apache-2.0 */

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

#endif
