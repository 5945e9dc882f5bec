/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * A connection. One thread at a time reads from it (`running`), takes requests out of what came
 * in, carries out at once what does not wait for the disk, and leaves the rest to a pool.
 * The thread that has a reply sends it or appends it to `out`, in any order (conn_send.c).
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bytes.h"
#include "channel.h"

struct server;
struct volume;

#define WAIT_HANDSHAKE_MS 10000
#define WAIT_CONTROL_MS 600000
#define WAIT_STALL_MS 30000

#define CONN_JOBS_MAX 128
#define CONN_JOB_BYTES_MAX (64u << 20)
#define CONN_OUT_STOP_BYTES (1u << 20)  /* no request is taken while so much is unread */
#define CONN_HANG_UP EPOLLRDHUP

enum phase {
    PHASE_FLAGS,        /* the client's handshake flags are to come */
    PHASE_OPTIONS,
    PHASE_TLS,          /* the TLS handshake is under way; then the options begin again */
    PHASE_DATA,
};

/* A write that is longer than what we buffer: carried out piece by piece as it comes in. */
struct stream {
    uint64_t cookie, offset;
    uint32_t left;
    uint16_t flags;
    int error;
};

/* Of an option that waits for other connections to go. */
struct patience {
    long long until;            /* in ms of the monotonic clock; 0: it does not wait */
    unsigned long departures;   /* of the server, when it looked at the connections */
    uint32_t fenced;
};

struct conn {
    struct server *server;
    struct channel channel;
    struct sockaddr_storage peer;
    int epoll;                  /* the set that it is in */
    uint64_t key;               /* slot and generation in the server's table */
    unsigned references;        /* under the table's lock */
    struct uuid session, volume_id;     /* under the table's lock; zeros: none */
    atomic_llong deadline;      /* in ms of the monotonic clock; 0: none */
    atomic_bool killed;         /* the server wants it gone and begins no further request */
    atomic_llong looked_at;     /* when its client was last seen to be there */
    atomic_bool left;           /* the client left without goodbye: no request begins */

    pthread_mutex_t lock;       /* this block */
    bool running, again, dead;
    bool finished;              /* the client will send nothing more */
    bool broken;                /* the socket or the client is unusable */
    bool busy;                  /* an option is being carried out: the next one waits for it */
    bool starved;               /* a read waits for room for its reply */
    long long stuck_since;      /* the socket has taken next to nothing since then; 0: it is not so */
    size_t taken_since;
    unsigned jobs;              /* requests in the pools */
    uint64_t job_bytes;         /* memory of their replies */
    uint8_t *out;
    size_t out_start, out_length, out_capacity;

    /* of the running thread, or of the job while `busy` */
    enum phase phase;
    bool no_zeroes, was_control;
    struct tls *handshake;      /* in PHASE_TLS */
    struct patience patience;
    bool held;                  /* requests in `in` may be complete, but had to wait */
    struct volume *volume;
    uint8_t *in;                /* the beginning of a request whose rest has not come yet */
    size_t in_length;
    /* requests taken; their number when the wait for the rest began */
    uint64_t completed, stalled_at;
    struct stream stream;
};

/* Creates the state of an accepted socket and its greeting. */
struct conn *conn_new(struct server *server, int fd, const struct sockaddr_storage *peer);
void conn_free(struct conn *conn);

/* The socket is ready, or something that the connection waited for has ended. Returns true if the
 * connection is over: the caller removes it. */
bool conn_event(struct conn *conn);
/* The calling thread leaves requests for data to others. */
void conn_thread_never_waits(void);
/* Frees what a thread that called conn_event keeps for it. */
void conn_thread_end(void);

/* Appends to what is to be sent. The memory belongs to the caller. */
void conn_send(struct conn *conn, const void *head, size_t head_length, const void *data,
               size_t length);
/* Sends what was appended, as far as the socket takes it. */
void conn_push(struct conn *conn);

/* The same for those who hold `lock`, and how much is left. */
void conn_push_locked(struct conn *conn);
static inline size_t conn_pending(const struct conn *conn)
{
    return conn->out_length - conn->out_start;
}

/* Under `lock`. */
static inline bool conn_has_ended(const struct conn *conn)
{
    return conn->finished || conn->broken || conn->killed || conn->left;
}

static inline bool conn_must_wait(const struct conn *conn)
{
    return conn->busy || conn->starved || conn->jobs >= CONN_JOBS_MAX
        || conn->job_bytes >= CONN_JOB_BYTES_MAX || conn_pending(conn) >= CONN_OUT_STOP_BYTES;
}

/* Returns the events that wake the connection up next. 0: the end of a job wakes it; CONN_HANG_UP:
 * the end of a job or the client's leaving. */
uint32_t conn_wanted_events(const struct conn *conn);
/* A request that has begun must be complete in time; waiting for the next one may take for ever. */
void conn_set_deadline(struct conn *conn);

/* Waits for the events, in the epoll set of the connection's phase. */
void conn_arm(struct conn *conn, uint32_t events);

/* Before and after a request is given to a pool. */
void conn_job_begin(struct conn *conn, uint64_t bytes, bool exclusive);
void conn_job_end(struct conn *conn, uint64_t bytes, bool exclusive);

/* Begins no further request of a client that left without goodbye: another client may have been
 * told since then that its own, newer request is done. */
void conn_leave(struct conn *conn);
/* Ends it as soon as no request of it is being carried out. Under the table's lock. */
void conn_kill(struct conn *conn);

/* The client's fault, or its wish to go. */
void conn_break(struct conn *conn);
void conn_finish(struct conn *conn);
/* Returns true if the connection may begin no further request: the server killed it, or its client
 * is gone. Looks for the client itself only now and then. */
bool conn_is_void(struct conn *conn);
