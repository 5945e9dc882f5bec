/* SPDX-License-Identifier: Apache-2.0 */

/* Makes a scratch store in memory, its server, and a client that is in the way. */

#include "world.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "allow.h"
#include "store.h"
#include "volume.h"

#define PATIENCE_MS 20000
#define SILENCE_MS 20
#define VOLUME_BYTES (1u << 20)
#define CONNECTIONS 64

static const struct limits limits = {CONNECTIONS, CONNECTIONS, CONNECTIONS};

static void must(bool good, const char *what)
{
    if (!good) {
        perror(what);
        abort();
    }
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

void world_remove(const char *path)
{
    must(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0, path);
}

static struct volume *make_volumes(struct store *store)
{
    static uint8_t data[VOLUME_BYTES / 8];
    struct volume_ref ref = {.name = "v"};
    struct volume_info volume_info;
    struct snapshot_info snapshot;
    struct fault fault = {0};
    struct uuid id = {{1}};
    bool synced = false;

    memset(data, 'd', sizeof(data));
    must(volume_create(store, "v", VOLUME_BYTES, id, "node1", &volume_info, &fault) == 0, "v");
    struct volume *volume = store_find(store, &ref, &fault);
    must(volume && volume_open(volume, &fault) == 0, "open v");
    must(volume_write(volume, data, sizeof(data), 0) == 0, "write v");
    must(volume_flush(volume) == 0, "flush v");
    id.b[0]++;
    must(snapshot_create(volume, "s", id, "m", 1, &snapshot, &fault) == 0, "s");
    free(snapshot.metadata);
    while (!synced)
        must(snapshot_wait_synced(volume, "s", 1000, &synced, &fault) == 0, "s on disk");
    must(volume_write(volume, data, sizeof(data), VOLUME_BYTES / 16) == 0, "write v again");
    id.b[0]++;
    must(volume_clone(store, &ref, "s", "c", id, "node1", &volume_info, &fault) == 0, "c");
    return volume;
}

void world_open(struct world *world, bool served)
{
    static const struct allow everyone;

    *world = (struct world){.path = "/dev/shm/ovs-edge-fuzz-XXXXXX"};
    must(mkdtemp(world->path) != NULL, world->path);
    snprintf(world->socket, sizeof(world->socket), "%s.socket", world->path);
    world->store = store_open(world->path, "fuzz");
    must(world->store != NULL, "store_open");
    world->volume = make_volumes(world->store);
    if (served)
        must(server_init(&world->server, world->store, &everyone, NULL, &limits)
                 && server_listen_unix(&world->server, world->socket)
                 && server_start(&world->server), "server");
}

void world_close(struct world *world)
{
    if (world->server.store)
        server_stop(&world->server, PATIENCE_MS / 1000);
    world->server.store = NULL;
    volume_close(world->volume);
    volume_put(world->volume);
    store_close(world->store);
    world_remove(world->path);
}

int world_connect(const struct world *world)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, world->socket);
    must(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
    return fd;
}

/* Waits for room to send, or (`events` 0) for the end of the connection; replies are read and thrown
 * away meanwhile. 1: it came, 0: nothing did for so long, -1: the connection is over. */
static int wait_for(int fd, short events, int milliseconds)
{
    struct pollfd poller = {fd, events | POLLIN, 0};
    char replies[65536];

    do {
        if (poll(&poller, 1, milliseconds) == 0)
            return 0;
        if ((poller.revents & POLLIN) && recv(fd, replies, sizeof(replies), MSG_DONTWAIT) <= 0)
            return -1;
    } while (!(poller.revents & (events | POLLERR)));
    return poller.revents & POLLERR ? -1 : 1;
}

void world_send(int fd, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;

    while (length > 0) {
        int room = wait_for(fd, POLLOUT, PATIENCE_MS);

        must(room != 0, "the server does not read");
        ssize_t sent = room < 0 ? -1 : send(fd, at, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0)
            return;
        at += sent;
        length -= (size_t)sent;
    }
}

void world_end(int fd)
{
    if (wait_for(fd, 0, SILENCE_MS) == 0) {
        shutdown(fd, SHUT_WR);
        must(wait_for(fd, 0, PATIENCE_MS) != 0, "the server does not end a connection");
    }
    close(fd);
}
