/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: TLS against a hostile peer that has the keys. One end of a connection is a channel
 * of ours, the other one GnuTLS alone. The input says who is the server, by which keys and version,
 * how the peer's handshake messages are changed before they are encrypted and its records
 * afterwards, and then who sends and receives how much, and what else the peer does.
 *
 * Each end must receive what the other has sent, from the beginning and nothing else; all of it, if
 * the peer did nothing wrong. Each connection must end when the peer has left.
 *
 * The same input does the same each time: GnuTLS gets its random bytes from here, and keys whose
 * signatures are always of the same length.
 */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../support/rawtls.h"
#include "input.h"
#include "tls.h"

#define TURNS 60                    /* of a handshake: more than one needs that is in small parts */
#define PATIENCE 100000             /* calls after which a connection does not end */
#define OUT_BYTES (1u << 18)
#define TRANSFER_BYTES 65536u
#define RECORD_BYTES 16384u
#define PERIOD 65521u
#define HEADER_BYTES 5
#define SMALL_RECORD 512
#define SMALL_SOCKET 4096
#define UPDATES 8                   /* as many as GnuTLS takes in a second */

/* Bits of the input's first byte. */
enum { PEER_SERVES = 1, X509 = 2, OLD = 4, VERIFY = 8, SMALL_RECORDS = 16, SMALL_SOCKETS = 32 };

enum tampering { FLIP = 1, DROP, REPEAT, CUT, SHORTEN, INSERT, HALVE, TAMPERINGS };

enum act { SEND, RECEIVE, PEER_SENDS, PEER_RECEIVES, PEER_CHANGES_KEYS, DELIVER, PEER_ALERTS,
           PEER_INSERTS, PEER_SHAKES_HANDS, PEER_LEAVES, GOODBYE, ACTS };

struct side {
    size_t sent, received;
    bool failed;
};

struct game {
    struct input input, messages, records;  /* the last two: how they are changed */
    struct raw_tls peer;
    struct tls *tls;
    int fd, peer_fd;
    struct side ours, theirs;
    bool is_fair;                           /* the peer did nothing wrong */
    bool is_held;                           /* GnuTLS holds a record of the peer */
    int updates;
    uint8_t out[OUT_BYTES];                 /* from the peer, not in the socket yet */
    size_t out_length, out_tampered;        /* the first of them are whole, changed records */
};

static char folder[RAW_TLS_FOLDER_BYTES];
static struct tls_credentials *serving[2][2];   /* by X509 and VERIFY */
static struct game game;
static uint8_t bytes[PERIOD + TRANSFER_BYTES + RECORD_BYTES];
static bool is_ready;
static uint64_t random_state = 1;

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

/* They stand in for the C library's. GnuTLS takes the time into its first random bytes. */
ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
    uint8_t *to = buffer;

    (void)flags;
    for (size_t i = 0; i < length; i++) {
        random_state = random_state * 6364136223846793005u + 1442695040888963407u;
        to[i] = (uint8_t)(random_state >> 56);
    }
    return (ssize_t)length;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    if (is_ready)
        return (int)syscall(SYS_clock_gettime, clock, time);
    *time = (struct timespec){.tv_sec = 1700000000};
    return 0;
}

/* Both directions carry the same bytes, again and again. */
static const uint8_t *bytes_at(size_t position)
{
    return bytes + position % PERIOD;
}

static void expect(const uint8_t *received, size_t length, size_t position)
{
    must(!memcmp(received, bytes_at(position), length), "other bytes were received than sent");
}

/* The peer's records on their way. */

static void put(size_t at, const void *bytes, size_t length)
{
    if (game.out_length + length > OUT_BYTES)
        return;
    memmove(game.out + at + length, game.out + at, game.out_length - at);
    memcpy(game.out + at, bytes, length);
    game.out_length += length;
}

static void take(size_t at, size_t length)
{
    memmove(game.out + at, game.out + at + length, game.out_length - at - length);
    game.out_length -= length;
}

/* Changes the record at `at`; returns the length of what it has become. */
static size_t tamper(size_t at, size_t length)
{
    enum tampering how = input_number(&game.records, 1) % TAMPERINGS;
    size_t where = input_number(&game.records, 2) % length;
    uint8_t value = (uint8_t)input_number(&game.records, 1), copy[HEADER_BYTES + TRANSFER_BYTES];
    uint8_t *record = game.out + at;
    size_t before = game.out_length;

    if (how)
        game.is_fair = false;
    memcpy(copy, record, length);
    if (how == FLIP)
        record[where] ^= value;
    else if (how == DROP)
        take(at, length);
    else if (how == REPEAT)
        put(at, copy, length);
    else if (how == CUT || how == SHORTEN)
        take(at + where, length - where);
    else if (how == INSERT)
        put(at, (uint8_t[]){20 + value % 5, 3, 3, 0, 2, value, 40}, 7);
    else if (how == HALVE && where > HEADER_BYTES)
        put(at + where, (uint8_t[]){record[0], 3, 3, (uint8_t)((length - where) >> 8),
                                    (uint8_t)(length - where)}, HEADER_BYTES);
    if ((how == SHORTEN || how == HALVE) && where > HEADER_BYTES) {
        record[3] = (uint8_t)((where - HEADER_BYTES) >> 8);
        record[4] = (uint8_t)(where - HEADER_BYTES);
    }
    return length + game.out_length - before;
}

static void tamper_all(void)
{
    while (game.records.left && game.out_tampered + HEADER_BYTES <= game.out_length) {
        const uint8_t *head = game.out + game.out_tampered;
        size_t length = HEADER_BYTES + (size_t)(head[3] << 8 | head[4]);

        if (game.out_tampered + length > game.out_length)
            return;
        game.out_tampered += tamper(game.out_tampered, length);
    }
    game.out_tampered = game.out_length;
}

static void deliver(size_t most)
{
    tamper_all();
    size_t length = most < game.out_tampered ? most : game.out_tampered;
    ssize_t n = length ? send(game.peer_fd, game.out, length, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

    if (n > 0) {
        take(0, (size_t)n);
        game.out_tampered -= (size_t)n;
    }
}

static ssize_t push(gnutls_transport_ptr_t unused, const void *bytes, size_t length)
{
    (void)unused;
    if (game.out_length + length > OUT_BYTES / 2) {
        gnutls_transport_set_errno(game.peer.session, EAGAIN);
        return -1;
    }
    put(game.out_length, bytes, length);
    return (ssize_t)length;
}

static ssize_t pull(gnutls_transport_ptr_t unused, void *to, size_t length)
{
    (void)unused;
    ssize_t n = recv(game.peer_fd, to, length, MSG_DONTWAIT);

    if (n < 0)
        gnutls_transport_set_errno(game.peer.session, errno);
    return n;
}

/* A message of the peer's handshake, before it is encrypted. */
static int change_message(gnutls_session_t session, unsigned type, unsigned when,
                          unsigned incoming, const gnutls_datum_t *message)
{
    (void)session;
    (void)type;
    (void)when;
    if (incoming || !message->size || !(input_number(&game.messages, 1) & 1))
        return 0;
    size_t where = input_number(&game.messages, 2) % message->size;
    message->data[where] ^= (uint8_t)input_number(&game.messages, 1);
    game.is_fair = false;
    return 0;
}

/* The two ends. */

static void open_peer(uint32_t how)
{
    raw_tls_open(&game.peer, how & X509 ? TLS_X509 : TLS_PSK,
                 how & PEER_SERVES ? GNUTLS_SERVER : GNUTLS_CLIENT, folder,
                 how & OLD ? "+VERS-TLS1.2" : "+VERS-TLS1.3:+VERS-TLS1.2");
    if (how & SMALL_RECORDS)
        gnutls_record_set_max_recv_size(game.peer.session, SMALL_RECORD);
    gnutls_transport_set_ptr(game.peer.session, &game);
    gnutls_transport_set_push_function(game.peer.session, push);
    gnutls_transport_set_pull_function(game.peer.session, pull);
    gnutls_handshake_set_hook_function(game.peer.session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE,
                                       change_message);
}

static void open_ours(uint32_t how)
{
    enum tls_kind kind = how & X509 ? TLS_X509 : TLS_PSK;
    struct tls_credentials *credentials;
    char why[TLS_WHY_BYTES];

    if (how & PEER_SERVES) {
        must(!tls_client_credentials(kind, folder, RAW_TLS_IDENTITY, &credentials, why), why);
        game.tls = tls_client_new(credentials, game.fd, "localhost");
    } else {
        game.tls = tls_server_new(serving[!!(how & X509)][!!(how & VERIFY)], game.fd);
    }
    must(game.tls != NULL, "no memory");
}

static void open_game(const uint8_t *data, size_t size)
{
    int fds[2], room = SMALL_SOCKET;

    game.input = (struct input){data, size};
    uint32_t how = input_number(&game.input, 1);
    game.messages = input_take(&game.input, input_number(&game.input, 1));
    game.records = input_take(&game.input, input_number(&game.input, 1));
    game.ours = game.theirs = (struct side){0};
    game.is_fair = true;
    game.is_held = false;
    game.updates = 0;
    game.out_length = game.out_tampered = 0;
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0, "socketpair");
    game.fd = fds[0];
    game.peer_fd = fds[1];
    if (how & SMALL_SOCKETS)
        setsockopt(game.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    open_peer(how);
    open_ours(how);
}

static void close_game(void)
{
    tls_free(game.tls);
    raw_tls_close(&game.peer);
    close(game.fd);
    close(game.peer_fd);
}

/* The peer sends no more; what it has sent arrives. */
static void leave(void)
{
    deliver(OUT_BYTES);
    shutdown(game.peer_fd, SHUT_WR);
}

static bool shake_hands(void)
{
    char why[TLS_WHY_BYTES] = "";
    int ours = EAGAIN, theirs = GNUTLS_E_AGAIN;

    for (int turn = 0; turn < TURNS && (ours == EAGAIN || theirs == GNUTLS_E_AGAIN); turn++) {
        if (theirs && !gnutls_error_is_fatal(theirs))
            theirs = gnutls_handshake(game.peer.session);
        deliver(OUT_BYTES);
        if (ours == EAGAIN)
            ours = tls_handshake(game.tls, why);
    }
    must(!game.is_fair || (!ours && !theirs), "a handshake with a fair peer has failed");
    if (ours == EAGAIN) {
        leave();
        for (int i = 0; ours == EAGAIN && i < PATIENCE; i++)
            ours = tls_handshake(game.tls, why);
    }
    must(ours != EAGAIN, "a handshake does not end");
    must(!ours || *why, "a handshake has failed without a reason");
    return !ours && !theirs;
}

/* The acts. */

static void send_some(size_t length)
{
    uint8_t *from = (uint8_t *)bytes_at(game.ours.sent);

    length += RECORD_BYTES;     /* never less than what is held */
    const struct iovec parts[] = {{from, length / 3}, {from + length / 3, 0},
                                  {from + length / 3, length - length / 3}};
    ssize_t n = game.ours.failed ? 0 : tls_send(game.tls, parts, 3);

    if (n > 0)
        game.ours.sent += (size_t)n;
    else if (n < 0 && errno != EAGAIN)
        game.ours.failed = true;
}

/* Returns whether the connection goes on. */
static bool receive_some(size_t length)
{
    static uint8_t to[TRANSFER_BYTES];
    const struct iovec parts[] = {{to, length / 3}, {to + length / 3, length - length / 3}};
    ssize_t n = tls_receive(game.tls, parts, 2);

    if (n > 0) {
        expect(to, (size_t)n, game.ours.received);
        game.ours.received += (size_t)n;
        must(game.ours.received <= game.theirs.sent, "more was received than sent");
    }
    return n > 0 || (n < 0 && errno == EAGAIN);
}

static void peer_sends(size_t length)
{
    size_t most = length < RECORD_BYTES ? length : RECORD_BYTES;
    bool was_held = game.is_held;
    ssize_t n = was_held
        ? gnutls_record_send(game.peer.session, NULL, 0)
        : gnutls_record_send(game.peer.session, bytes_at(game.theirs.sent), most);

    game.is_held = n == GNUTLS_E_AGAIN;
    if (!was_held && (n > 0 || game.is_held))
        game.theirs.sent += most;
}

static bool peer_receives(size_t length)
{
    static uint8_t to[TRANSFER_BYTES];
    ssize_t n = gnutls_record_recv(game.peer.session, to, length);

    if (n > 0) {
        expect(to, (size_t)n, game.theirs.received);
        game.theirs.received += (size_t)n;
    }
    return n > 0 || n == GNUTLS_E_AGAIN;
}

static void peer_changes_keys(uint32_t flags)
{
    if (game.is_held || game.out_length > OUT_BYTES / 4 || game.updates == UPDATES)
        return;
    game.updates++;
    while (gnutls_session_key_update(game.peer.session, flags & 1 ? GNUTLS_KU_PEER : 0)
           == GNUTLS_E_AGAIN)
        deliver(OUT_BYTES);
}

static void peer_shakes_hands(uint32_t how)
{
    game.is_fair = false;
    if (how & 1)
        gnutls_rehandshake(game.peer.session);
    else if (how & 2)
        gnutls_session_ticket_send(game.peer.session, 1, 0);
    else
        gnutls_handshake(game.peer.session);
}

static void peer_inserts(size_t length)
{
    struct input bytes = input_take(&game.input, length);

    game.is_fair = false;
    if (game.out_length < OUT_BYTES / 2)
        put(game.out_length, bytes.at, bytes.left);
}

static void act(void)
{
    enum act next = input_number(&game.input, 1) % ACTS;
    uint32_t number = input_number(&game.input, 2);

    switch (next) {
    case SEND:
        return send_some(number);
    case RECEIVE:
        receive_some(number + 1);
        return;
    case PEER_SENDS:
        return peer_sends(number + 1);
    case PEER_RECEIVES:
        peer_receives(number + 1);
        return;
    case PEER_CHANGES_KEYS:
        return peer_changes_keys(number);
    case DELIVER:
        return deliver(number + 1);
    case PEER_INSERTS:
        return peer_inserts(number & 255);
    case PEER_SHAKES_HANDS:
        return peer_shakes_hands(number);
    case PEER_ALERTS:
        gnutls_alert_send(game.peer.session, number & 1 ? GNUTLS_AL_FATAL : GNUTLS_AL_WARNING,
                          number >> 8);
        break;
    case PEER_LEAVES:
        leave();
        break;
    default:
        tls_say_goodbye(game.tls);
    }
    game.is_fair = false;
}

static bool is_settled(void)
{
    return !game.is_held && game.theirs.received == game.ours.sent
        && game.ours.received == game.theirs.sent;
}

/* A fair peer gets all that was taken for it, and the other way round. */
static void settle(void)
{
    for (int i = 0; i < PATIENCE && game.is_fair && !is_settled(); i++) {
        if (game.is_held)
            peer_sends(0);
        deliver(OUT_BYTES);
        receive_some(TRANSFER_BYTES);
        if (!peer_receives(TRANSFER_BYTES))
            break;
    }
    must(!game.is_fair || (!game.ours.failed && is_settled()), "a fair peer has lost bytes");
}

static void end(void)
{
    int calls = 0;

    leave();
    while (receive_some(TRANSFER_BYTES)) {
        must(calls++ < PATIENCE, "a connection does not end");
        leave();
    }
}

static void play(void)
{
    if (!shake_hands())
        return;
    while (game.input.left)
        act();
    if (game.is_fair)
        settle();
    end();
}

static void forget(void)
{
    for (int i = 0; i < 4; i++)
        tls_credentials_free(serving[i / 2][i % 2]);
    raw_tls_remove_keys(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char why[TLS_WHY_BYTES];

    (void)argc;
    (void)argv;
    signal(SIGPIPE, SIG_IGN);
    getrandom(bytes, PERIOD, 0);
    for (size_t i = PERIOD; i < sizeof(bytes); i++)
        bytes[i] = bytes[i - PERIOD];
    raw_tls_make_keys(folder);
    for (int i = 0; i < 4; i++)
        must(!tls_server_credentials(i / 2 ? TLS_X509 : TLS_PSK, folder, i % 2,
                                     &serving[i / 2][i % 2], why), why);
    atexit(forget);
    is_ready = true;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    open_game(data, size);
    play();
    close_game();
    return 0;
}
