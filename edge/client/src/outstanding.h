/* SPDX-License-Identifier: Apache-2.0 */

/* The book-keeping of what is outstanding. Every function wants the session's lock held. */
#ifndef OVS_OUTSTANDING_H
#define OVS_OUTSTANDING_H

#include "session.h"

/* Returns 0 or ENOMEM. */
int outstanding_init(struct outstanding *out, uint64_t depth);
void outstanding_destroy(struct outstanding *out);

/* Moves requests from the queue into free slots, ready to be sent. Returns true if one reaches past
 * the volume's size as far as it is known: the session's thread has to ask for it. */
bool outstanding_fill_slots(struct outstanding *out, uint64_t size, uint32_t largest_piece);

/* The slot that this handle of a reply names, or NULL if none waits for it. */
struct slot *outstanding_find(struct outstanding *out, uint64_t handle);

/* The slot's piece was sent and answered: the request is done (then it is put on `finished`) or
 * its next piece is due. */
void outstanding_settle(struct outstanding *out, struct slot *slot, struct request_list *finished);

/* The same for answers that overtook the sender. */
void outstanding_settle_late(struct outstanding *out, struct request_list *finished);

/* The connection is gone: what was in flight is to be sent again, first and in order. */
void outstanding_requeue(struct outstanding *out);

/* Everything fails. */
void outstanding_fail(struct outstanding *out, int error, struct request_list *finished);

/* The size was asked for: requests beyond the end get their answer, the others go on. */
void outstanding_judge_beyond(struct outstanding *out, uint64_t size,
                              struct request_list *finished);

#endif
