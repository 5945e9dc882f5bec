/* SPDX-License-Identifier: Apache-2.0 */

/* An open volume: its data connection, its requests, and the thread that serves them.
 *
 * One thread per open volume, none per process. A slow callback of one volume never holds up
 * another, a forked child inherits nothing that it would need (no process-wide reactor, no
 * registry), and a thread costs only the few KiB of its stack that it touches: 1,000 open volumes
 * are some tens of MB with everything.
 *
 * The thread that submits sends, if no other thread is sending (nothing waits for a thread switch
 * then); requests that arrive meanwhile go out together in the sender's next sendmsg, and so do
 * those that callbacks submit. The session's thread alone receives. Sending never blocks: when
 * the socket is full, the session's thread goes on with it. */
#ifndef OVS_SESSION_H
#define OVS_SESSION_H

#include <pthread.h>
#include <sys/queue.h>

#include "attr.h"
#include "bounds.h"
#include "channel.h"
#include "request.h"
#include "server.h"

enum {
    /* Short replies are read together, long ones go straight to the user's buffer. */
    STAGE_BYTES = 16 * 1024,
};

/* A place in the queue depth: one piece of a request, sent or about to be. */
struct slot {
    ovs_aio_request *request; /* NULL: the slot is free */
    struct piece piece;
    uint32_t generation; /* tells an answer to this piece from one to an older piece */
    int error;           /* of the answer */
    bool sent;           /* wholly; before that its buffer must stay */
    bool answered;
    int64_t taken_ms;
    uint8_t header[NBD_REQUEST_BYTES];
    TAILQ_ENTRY(slot) order; /* of sending; of the free slots otherwise */
};

TAILQ_HEAD(slot_list, slot);

/* What is outstanding. Everything under the session's lock. */
struct outstanding {
    struct request_list queue;  /* not sent yet */
    struct request_list beyond; /* reach past the size that is known: ask for it */
    struct slot *slots;
    uint64_t depth;
    struct slot_list free;
    struct slot_list in_flight; /* in the order of sending; the last ones may be unsent */
    struct slot *first_unsent;  /* in in_flight, or NULL */
    size_t unsent_done;         /* bytes of it that are gone */
    bool late_answer;           /* an answer overtook its sender's book-keeping */
    size_t requests;            /* accepted, and their users not told yet */
};

enum link { LINK_UP, LINK_DOWN, LINK_DEAD };

/* The receiving end; only the session's thread uses it. */
struct receiver {
    uint8_t stage[STAGE_BYTES];
    size_t begin, end;    /* of what is in the stage */
    struct slot *reading; /* the read whose data comes next, or NULL */
    char *data;
    size_t data_left;
};

struct session {
    ovs_ctx_t *ctx;
    char volume_name[NAME_LIMIT];
    int open_flag; /* O_RDONLY, O_WRONLY, O_RDWR */
    struct uuid id;            /* of this session: fences its older connections */
    struct uuid volume;        /* never changes hands, unlike a name */
    struct server_identity server;
    uint32_t largest_piece;
    pthread_t thread;
    int wake_fd; /* wakes the thread from poll() */

    pthread_mutex_t lock;
    pthread_cond_t sender_left; /* sending became false */
    enum link link;
    struct channel *channel; /* changes only while the link is down and no thread sends */
    uint64_t size; /* of the volume, as far as we know: it never shrinks */
    struct outstanding out;
    bool sending;              /* some thread is in sendmsg */
    bool socket_is_full;       /* the session's thread must wait for room */
    bool broken;               /* sending failed: the connection is useless */
    bool stopping;
    bool idle_without_link;    /* the thread waits for work before it tries again */

    struct receiver receiver;
    int64_t alive_ms;         /* last sign of life of the server */
    int64_t asked_ms;         /* when it was last asked for one */
    int64_t trouble_since_ms; /* first failure since the last answer; 0: none */
    int pause_ms;             /* before the next attempt to reconnect; 0: none */
    int64_t stop_by_ms;
};

/* Returns 0 or an errno; `channel` is a connection in the option phase and belongs to the session
 * from here on, whatever the result. */
int session_open(ovs_ctx_t *ctx, struct channel *channel, const char *volume_name,
                 int open_flag, struct session **session);

/* Finishes what is outstanding, with EIO what cannot be. Not in a callback. */
void session_close(struct session *session);

/* In a forked child: lets go of what was inherited without disturbing the parent. */
void session_abandon(struct session *session);

/* Takes the request: its user is told later. Returns 0 or an errno. */
int session_submit(struct session *session, ovs_aio_request *request);

/* Waiting here would wait for itself. */
bool session_is_own_thread(const struct session *session);

/* The size as the server has said it. Lock held. */
static inline void session_note_size(struct session *session, uint64_t size)
{
    if (size > session->size)
        session->size = size;
}

/* The same after a truncate or a stat, without the lock. */
void session_learn_size(struct session *session, uint64_t size);

/* The thread itself (session_thread.c). */
void *session_thread(void *session);

#endif
