/* SPDX-License-Identifier: Apache-2.0 */

/* The receiving half of a connection, with requests of our own making. */

#undef NDEBUG     /* the assertions are the test */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "data.h"
#include "options.h"
#include "server.h"

#define MORE_THAN_FITS (2u << 20)

static bool take_nothing;
static size_t taken;

/* These functions stand in for data.c and options.c, which conn_event.c calls. */
size_t data_take(struct conn *conn, const uint8_t *bytes, size_t length)
{
    (void)conn;
    (void)bytes;
    if (take_nothing)
        return 0;
    taken += length;
    return length;
}

void data_thread_end(void) {}
void options_begin_again(struct conn *conn) { conn->phase = PHASE_OPTIONS; }

size_t options_take(struct conn *conn, const uint8_t *bytes, size_t length)
{
    (void)conn;
    (void)bytes;
    return length;
}

/* While requests have to wait, the buffer gets full: that is no end of the connection. */
static void test_no_room_is_not_the_end(void)
{
    static uint8_t bytes[MORE_THAN_FITS];
    struct epoll_event event = {.events = EPOLLONESHOT};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct server server = {.epoll = epoll, .front = epoll};
    struct sockaddr_storage peer = {.ss_family = AF_UNIX};
    int sockets[2], size = sizeof(bytes);

    assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets) == 0);
    assert(setsockopt(sockets[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
    struct conn *conn = conn_new(&server, sockets[0], &peer);
    assert(conn && epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[0], &event) == 0);
    conn->phase = PHASE_DATA;
    size_t sent = 0;
    ssize_t n;

    take_nothing = true;
    for (int i = 0; i < 100; i++) {
        n = send(sockets[1], bytes, sizeof(bytes) - sent, MSG_DONTWAIT);
        sent += n > 0 ? n : 0;
        assert(!conn_event(conn));
    }
    assert(epoll_wait(epoll, &event, 1, 0) == 1);   /* armed, and there is more */
    assert(!conn->finished);
    size_t filled = conn->in_length;
    assert(!conn_event(conn) && conn->in_length == filled && !conn->finished);
    take_nothing = false;
    while (taken < sent) {
        size_t before = taken;

        assert(!conn_event(conn));
        assert(taken > before && !conn->finished);
    }
    close(sockets[1]);
    assert(conn_event(conn));
    conn_thread_end();
    conn_free(conn);
    close(sockets[0]);
    close(epoll);
}

int main(void)
{
    test_no_room_is_not_the_end();
    puts("all good");
    return 0;
}
