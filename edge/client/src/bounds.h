/* SPDX-License-Identifier: Apache-2.0 */

/* Every bound of the library in one place. */
#ifndef OVS_BOUNDS_H
#define OVS_BOUNDS_H

/* The tests build the library with shorter seconds. */
#ifndef OVS_SECOND_MS
#define OVS_SECOND_MS 1000
#endif

/* Times in milliseconds. */
enum {
    /* One connection attempt: TCP connect and the NBD greeting. */
    CONNECT_LIMIT_MS = 5 * OVS_SECOND_MS,
    /* One control call; a snapshot that waits adds its own timeout. */
    CONTROL_LIMIT_MS = 10 * OVS_SECOND_MS,
    /* Opening a volume: the server may wait 30 s for what runs for connections that are gone. */
    OPEN_LIMIT_MS = 40 * OVS_SECOND_MS,
    /* A request in flight and no sign of the server: it is asked whether it lives, again and again. */
    ASK_AFTER_MS = 5 * OVS_SECOND_MS,
    /* A snapshot is waited for in rounds: the server's share of one, and the pause between. */
    SYNC_WAIT_MS = OVS_SECOND_MS,
    SYNC_PAUSE_MS = OVS_SECOND_MS / 100,
    /* ovs_ctx_destroy waits so long for what is in flight. */
    DRAIN_LIMIT_MS = 10 * OVS_SECOND_MS,
    /* Pause between two attempts to reconnect: the first, and the longest. */
    RECONNECT_PAUSE_MS = OVS_SECOND_MS / 20,
    RECONNECT_PAUSE_MAX_MS = OVS_SECOND_MS,
    /* An idle connection to a host that is gone is noticed after about this. */
    KEEPALIVE_MS = 15 * OVS_SECOND_MS,
    /* A line of the log that says the same as the one before it is left out so long. */
    LOG_REPEAT_MS = 60 * OVS_SECOND_MS,
};

/* Times that edge.conf may change, in seconds. */
enum {
    /* A read or write that the server, which lives, does not answer: then EIO. */
    IO_TIMEOUT_S = 300,
    /* With HA: the server gives no sign of life: then EIO. */
    RECONNECT_TIMEOUT_S = 60,
    TIMEOUT_MAX_S = 1000000,
};

/* Sizes. */
enum {
    ADDRESSES_MAX = 4, /* of a host: "localhost" is ::1 and 127.0.0.1, and one of them listens */
    NAME_LIMIT = 255, /* a valid name is shorter */
    HOST_LIMIT = 256, /* a host's name or address is shorter */
    CONFIG_LINE_LIMIT = 4096 + 256, /* a line of edge.conf is shorter */
    CONFIG_VALUE_LIMIT = 256,
    QUEUE_DEPTH_DEFAULT = 64,
    QUEUE_DEPTH_MAX = 1024, /* a greater depth is taken for this one */
    SIZE_STEP = 4096,       /* volume sizes are multiples of it */
    /* Callbacks of users run on this stack; only what is touched costs memory. */
    THREAD_STACK_BYTES = 256 * 1024,
};

#endif
