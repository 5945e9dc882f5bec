/* SPDX-License-Identifier: Apache-2.0 */

/* A channel by TLS against a peer that changes the keys, one that wants small records,
 * and one that dies. */

#undef NDEBUG     /* the assertions are the test */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../support/rawtls.h"
#include "clock.h"
#include "tls.h"

#define OFFERED_BYTES 50000         /* of more than one record */
#define SOCKET_BYTES 4096           /* of less than one record */
#define UPDATES_AT_ONCE 7           /* GnuTLS allows a peer 8 in a second */
#define UPDATES 16
#define UPDATE_MS 150
#define PATIENCE_MS 60000

/* The two ends of a connection, and how far each direction is. */
struct link {
    struct tls *ours;
    struct raw_tls peer;
    int sockets[2];                 /* of ours and of the peer */
    size_t sent, received;          /* by ours */
    size_t peer_sent, peer_received;
    size_t peer_offered;            /* of a record that GnuTLS holds */
};

static char folder[RAW_TLS_FOLDER_BYTES];
static atomic_bool enough;

/* Both directions carry the same bytes, by their position. */
static uint8_t byte_at(size_t position)
{
    return (uint8_t)(position * 31 + (position >> 8) * 7 + (position >> 16));
}

static void fill(uint8_t *bytes, size_t length, size_t position)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = byte_at(position + i);
}

static void expect(const uint8_t *bytes, size_t length, size_t position)
{
    for (size_t i = 0; i < length; i++)
        assert(bytes[i] == byte_at(position + i));
}

static struct tls *new_channel(unsigned peer_role, int fd)
{
    static struct tls_credentials *serving;
    struct tls_credentials *credentials;
    char why[TLS_WHY_BYTES];

    if (peer_role == GNUTLS_SERVER) {
        assert(!tls_client_credentials(TLS_PSK, folder, RAW_TLS_IDENTITY, &credentials, why));
        return tls_client_new(credentials, fd, "localhost");
    }
    tls_credentials_free(serving);
    assert(!tls_server_credentials(TLS_PSK, folder, false, &serving, why));
    return tls_server_new(serving, fd);
}

static void shake_hands(struct link *link)
{
    char why[TLS_WHY_BYTES];
    int ours = EAGAIN, peer = GNUTLS_E_AGAIN;

    while (ours || peer) {
        if (ours)
            ours = tls_handshake(link->ours, why);
        if (peer)
            peer = gnutls_handshake(link->peer.session);
        assert((!ours || ours == EAGAIN) && !gnutls_error_is_fatal(peer));
    }
}

static void unix_pair(int sockets[2])
{
    int size = SOCKET_BYTES;

    assert(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets));
    for (int i = 0; i < 2; i++)
        assert(!setsockopt(sockets[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
}

/* The second socket resets the connection when it is closed, as that of a process that dies may. */
static void tcp_pair(int sockets[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const struct linger reset = {.l_onoff = 1};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert(!bind(listener, (struct sockaddr *)&address, size) && !listen(listener, 1));
    assert(!getsockname(listener, (struct sockaddr *)&address, &size));
    sockets[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert(!connect(sockets[0], (struct sockaddr *)&address, size));
    sockets[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    assert(sockets[1] >= 0 && !fcntl(sockets[0], F_SETFL, O_NONBLOCK));
    assert(!setsockopt(sockets[1], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
    close(listener);
}

/* Before the handshake. */
static struct link connect_link(unsigned peer_role, void (*make_pair)(int sockets[2]))
{
    struct link link = {0};

    make_pair(link.sockets);
    link.ours = new_channel(peer_role, link.sockets[0]);
    assert(link.ours);
    raw_tls_open(&link.peer, TLS_PSK, peer_role, folder, "+VERS-TLS1.3");
    gnutls_transport_set_int(link.peer.session, link.sockets[1]);
    return link;
}

static struct link open_link(unsigned peer_role, size_t peer_takes)
{
    struct link link = connect_link(peer_role, unix_pair);

    if (peer_takes)
        assert(!gnutls_record_set_max_recv_size(link.peer.session, peer_takes));
    shake_hands(&link);
    return link;
}

static void close_link(struct link *link)
{
    tls_free(link->ours);
    raw_tls_close(&link->peer);
    close(link->sockets[0]);
    close(link->sockets[1]);
}

/* Offers some bytes, up to `whole` in all. Returns whether the socket has room for more. */
static bool send_some(struct link *link, size_t whole)
{
    static _Thread_local uint8_t bytes[OFFERED_BYTES];
    size_t length = whole - link->sent < OFFERED_BYTES ? whole - link->sent : OFFERED_BYTES;
    size_t half = length / 2;
    const struct iovec parts[] = {{bytes, half / 2}, {bytes + half / 2, half - half / 2},
                                  {bytes + half, length - half}};

    fill(bytes, length, link->sent);
    ssize_t n = tls_send(link->ours, parts, 3);
    assert(n > 0 || errno == EAGAIN);
    link->sent += n > 0 ? n : 0;
    return n == (ssize_t)length;
}

/* Returns 1, 0 at the end, or -1: nothing is there. */
static int receive_some(struct link *link)
{
    static _Thread_local uint8_t bytes[OFFERED_BYTES];
    const struct iovec parts[] = {{bytes, 10}, {bytes + 10, OFFERED_BYTES - 10}};
    ssize_t n = tls_receive(link->ours, parts, 2);

    assert(n >= 0 || errno == EAGAIN);
    if (n <= 0)
        return n;
    expect(bytes, n, link->received);
    link->received += n;
    return 1;
}

/* As far as the socket has room. */
static void peer_send(struct link *link, size_t length)
{
    uint8_t bytes[OFFERED_BYTES];
    ssize_t n;

    if (!link->peer_offered) {
        link->peer_offered = length;
        fill(bytes, length, link->peer_sent);
        n = gnutls_record_send(link->peer.session, bytes, length);
    } else {
        n = gnutls_record_send(link->peer.session, NULL, 0);
    }
    assert(n > 0 || n == GNUTLS_E_AGAIN);
    if (n > 0) {
        link->peer_sent += n;
        link->peer_offered = 0;
    }
}

/* Returns 1, 0 at the end, or -1: nothing is there. */
static int peer_receive(struct link *link, size_t most)
{
    uint8_t bytes[OFFERED_BYTES];
    ssize_t n = gnutls_record_recv(link->peer.session, bytes,
                                   most < sizeof(bytes) ? most : sizeof(bytes));

    assert(n >= 0 || n == GNUTLS_E_AGAIN);
    if (n <= 0)
        return n ? -1 : 0;
    expect(bytes, n, link->peer_received);
    link->peer_received += n;
    return 1;
}

/* The keys with which the peer receives, by the vector that changes with them. */
struct keys {
    uint8_t vector[16];
};

static struct keys keys_of(struct link *link)
{
    struct keys keys = {0};
    gnutls_datum_t vector;
    uint8_t sequence[8];

    assert(!gnutls_record_get_state(link->peer.session, 1, NULL, &vector, NULL, sequence));
    memcpy(keys.vector, vector.data, vector.size < 16 ? vector.size : 16);
    return keys;
}

static bool are_new(struct keys keys, struct link *link)
{
    struct keys now = keys_of(link);

    return memcmp(&keys, &now, sizeof(keys)) != 0;
}

/* The peer asks for new keys while the socket is full of a record that is half sent, or of the
 * answer to the last request. */
static void test_full_socket(unsigned peer_role, unsigned taken)
{
    struct link link = open_link(peer_role, 0);
    struct keys keys = keys_of(&link);

    for (int i = 0; i < UPDATES_AT_ONCE; i++) {
        while (send_some(&link, SIZE_MAX));
        assert(gnutls_session_key_update(link.peer.session, GNUTLS_KU_PEER) == 0);
        peer_send(&link, 1);
        while (link.received < link.peer_sent)
            receive_some(&link);
        for (unsigned read = 0; read < taken * i && peer_receive(&link, taken) > 0;)
            read += taken;
    }
    size_t whole = link.sent + 10 * OFFERED_BYTES;
    while (link.sent < whole || link.peer_received < link.sent) {
        if (link.sent < whole)
            send_some(&link, whole);
        peer_receive(&link, OFFERED_BYTES);
    }
    assert(link.peer_received == link.sent && are_new(keys, &link));
    close_link(&link);
}

static void wait_for(int fd, short events)
{
    struct pollfd poller = {fd, events, 0};

    assert(poll(&poller, 1, PATIENCE_MS) == 1);
}

static void *send_all(void *argument)
{
    struct link *link = argument;
    size_t whole = SIZE_MAX;

    while (link->sent < whole) {
        if (!send_some(link, whole))
            wait_for(link->sockets[0], POLLOUT);
        if (enough && whole == SIZE_MAX)
            whole = link->sent + OFFERED_BYTES;
    }
    tls_say_goodbye(link->ours);
    shutdown(link->sockets[0], SHUT_WR);
    return NULL;
}

static void *receive_all(void *argument)
{
    struct link *link = argument;
    int result;

    while ((result = receive_some(link)))
        if (result < 0 && !tls_has_more(link->ours))
            wait_for(link->sockets[0], POLLIN);
    return NULL;
}

/* The peer's half of both loads. It asks for new keys as often as it may, each time after the
 * answer to the last request, and not while it sends a record. */
static void change_keys(struct link *link)
{
    struct keys keys = {0};
    long long due = now_ms(), deadline = due + PATIENCE_MS;
    int updates = 0, result = 0;

    while (updates < UPDATES || !are_new(keys, link)) {
        struct pollfd poller = {link->sockets[1], POLLIN | POLLOUT, 0};

        assert(poll(&poller, 1, PATIENCE_MS) == 1 && now_ms() < deadline);
        peer_receive(link, OFFERED_BYTES);
        if (result != GNUTLS_E_AGAIN)
            peer_send(link, 16000);
        if (result == GNUTLS_E_AGAIN
            || (updates < UPDATES && now_ms() >= due && !link->peer_offered
                && are_new(keys, link))) {
            if (result != GNUTLS_E_AGAIN)
                keys = keys_of(link);
            result = gnutls_session_key_update(link->peer.session, GNUTLS_KU_PEER);
            assert(!result || result == GNUTLS_E_AGAIN);
            updates += !result;
            due = now_ms() + UPDATE_MS;
        }
    }
}

static void finish(struct link *link)
{
    int result;

    while (link->peer_offered) {
        peer_send(link, 0);
        peer_receive(link, OFFERED_BYTES);
    }
    while (gnutls_bye(link->peer.session, GNUTLS_SHUT_WR) == GNUTLS_E_AGAIN)
        peer_receive(link, OFFERED_BYTES);
    while ((result = peer_receive(link, OFFERED_BYTES)))
        if (result < 0)
            wait_for(link->sockets[1], POLLIN);
}

static void test_load_both_ways(unsigned peer_role)
{
    struct link link = open_link(peer_role, 0);
    pthread_t sender, receiver;

    enough = false;
    assert(!pthread_create(&sender, NULL, send_all, &link));
    assert(!pthread_create(&receiver, NULL, receive_all, &link));
    change_keys(&link);
    enough = true;
    finish(&link);
    pthread_join(sender, NULL);
    pthread_join(receiver, NULL);
    assert(link.received == link.peer_sent && link.peer_received == link.sent);
    printf("%zu bytes sent, %zu received\n", link.sent, link.received);
    close_link(&link);
}

/* All bytes get to a peer that takes a part of a usual record at a time. */
static void test_small_records(unsigned peer_role)
{
    struct link link = open_link(peer_role, 512);
    const size_t whole = 3 * OFFERED_BYTES;

    while (link.peer_received < whole) {
        if (link.sent < whole)
            send_some(&link, whole);
        assert(peer_receive(&link, OFFERED_BYTES) > 0);
    }
    assert(link.sent == whole);
    close_link(&link);
}

/* A peer that dies in the middle of the handshake, after it has sent its first part. */
static void test_reset_in_the_handshake(unsigned peer_role)
{
    struct link link = connect_link(peer_role, tcp_pair);
    struct pollfd readable = {link.sockets[1], POLLIN, 0};
    char why[TLS_WHY_BYTES] = "";

    if (peer_role == GNUTLS_SERVER) {
        assert(tls_handshake(link.ours, why) == EAGAIN);
        assert(poll(&readable, 1, PATIENCE_MS) == 1);
    }
    assert(gnutls_handshake(link.peer.session) == GNUTLS_E_AGAIN);
    close(link.sockets[1]);
    readable.fd = link.sockets[0];
    assert(poll(&readable, 1, PATIENCE_MS) == 1);
    assert(tls_handshake(link.ours, why) == ECONNRESET);
    assert(strstr(why, "closed the connection"));
    tls_free(link.ours);
    raw_tls_close(&link.peer);
    close(link.sockets[0]);
}

int main(void)
{
    static const unsigned roles[] = {GNUTLS_SERVER, GNUTLS_CLIENT};

    raw_tls_make_keys(folder);
    for (int i = 0; i < 2; i++) {
        for (unsigned taken = 1; taken < 20000; taken = taken * 3 + 1)
            test_full_socket(roles[i], taken);
        test_load_both_ways(roles[i]);
        test_small_records(roles[i]);
        test_reset_in_the_handshake(roles[i]);
    }
    raw_tls_remove_keys(folder);
    puts("all good");
    return 0;
}
