/* SPDX-License-Identifier: Apache-2.0 */

/* Keeps the file of sessions: which have volumes open, and which were fenced. */

#include "sessions.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "disk.h"
#include "log.h"

#define FILE_NAME "sessions"
#define MAGIC "OVSESES1"
#define HEAD_BYTES 4096     /* magic, length and text of the boot id, CRC-32 */
#define BOOT_BYTES 64
#define PLACE_BYTES 64
#define FILE_BYTES (HEAD_BYTES + SESSIONS_MAX * PLACE_BYTES)

enum state { FREE, OPEN, FENCED };

struct session {
    struct uuid id, volume;
    struct peer peer;
    uint64_t age;       /* how many had opened a volume before */
    enum state state;
};

struct sessions {
    pthread_mutex_t lock;
    int fd;
    uint64_t opened;
    size_t end;         /* of the places that were ever used */
    struct session places[SESSIONS_MAX];
};

static void encode(const struct session *session, uint8_t data[PLACE_BYTES])
{
    memset(data, 0, PLACE_BYTES);
    memcpy(data, &session->id, 16);
    memcpy(data + 16, &session->volume, 16);
    memcpy(data + 32, &session->peer, 16);
    store_be(data + 48, session->age, 8);
    store_be(data + 56, session->state, 1);
    store_be(data + 60, crc32(0, data, 60), 4);
}

static bool decode(struct session *session, const uint8_t data[PLACE_BYTES])
{
    static const uint8_t unused[PLACE_BYTES];

    memcpy(&session->id, data, 16);
    memcpy(&session->volume, data + 16, 16);
    memcpy(&session->peer, data + 32, 16);
    session->age = load_be(data + 48, 8);
    session->state = load_be(data + 56, 1);
    return !memcmp(data, unused, PLACE_BYTES) || load_be(data + 60, 4) == crc32(0, data, 60);
}

/* Writes the session into the place. An error leaves the place as it was. */
static int put(struct sessions *sessions, size_t place, const struct session *session)
{
    uint8_t data[PLACE_BYTES];

    encode(session, data);
    int error = disk_write(sessions->fd, data, sizeof(data), HEAD_BYTES + place * PLACE_BYTES);
    if (error)
        return error;
    sessions->places[place] = *session;
    if (place >= sessions->end)
        sessions->end = place + 1;
    return 0;
}

static void make_head(uint8_t head[HEAD_BYTES], const char *boot_id)
{
    memset(head, 0, HEAD_BYTES);
    memcpy(head, MAGIC, 8);
    strncpy((char *)head + 8, boot_id, BOOT_BYTES);
    store_be(head + HEAD_BYTES - 4, crc32(0, head, HEAD_BYTES - 4), 4);
}

/* Begins an empty file: sessions of another boot cannot come back. */
static int begin(struct sessions *sessions, const uint8_t head[HEAD_BYTES])
{
    if (ftruncate(sessions->fd, 0) < 0)
        return errno;
    /* so that a volume can be opened on a full disk */
    int error = disk_reserve(sessions->fd, 0, FILE_BYTES);
    if (error)
        log_warning(FILE_NAME ": no room is kept for it: %s", strerror(error));
    return disk_write(sessions->fd, head, HEAD_BYTES, 0);
}

static void take(struct sessions *sessions, const uint8_t *data)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *session = &sessions->places[i];

        if (!decode(session, data + i * PLACE_BYTES)) {
            log_error(FILE_NAME ": place %zu is damaged: a session that was fenced may come back",
                      i);
            memset(session, 0, sizeof(*session));
        }
        if (session->state != FREE)
            sessions->end = i + 1;
        if (session->age > sessions->opened)
            sessions->opened = session->age;
    }
}

static int load(struct sessions *sessions, const char *boot_id)
{
    uint8_t *data = calloc(1, FILE_BYTES), head[HEAD_BYTES];

    if (!data)
        return ENOMEM;
    make_head(head, boot_id);
    int error = disk_read(sessions->fd, data, FILE_BYTES, 0, false);
    if (!error && !memcmp(data, head, HEAD_BYTES))
        take(sessions, data + HEAD_BYTES);
    else if (!error)
        error = begin(sessions, head);
    free(data);
    return error;
}

struct sessions *sessions_open(int directory, const char *boot_id)
{
    struct sessions *sessions = calloc(1, sizeof(*sessions));

    if (!sessions) {
        log_error("no memory for the sessions");
        return NULL;
    }
    pthread_mutex_init(&sessions->lock, NULL);
    sessions->fd = openat(directory, FILE_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int error = sessions->fd < 0 ? errno : load(sessions, boot_id);
    if (!error)
        return sessions;
    log_error(FILE_NAME ": %s", strerror(error));
    sessions_close(sessions);
    return NULL;
}

void sessions_close(struct sessions *sessions)
{
    if (!sessions)
        return;
    if (sessions->fd >= 0)
        close(sessions->fd);
    pthread_mutex_destroy(&sessions->lock);
    free(sessions);
}

static struct session *find(struct sessions *sessions, const struct uuid *id)
{
    for (size_t i = 0; i < sessions->end; i++)
        if (sessions->places[i].state != FREE && uuid_equal(&sessions->places[i].id, id))
            return &sessions->places[i];
    return NULL;
}

/* Returns the session that loses its place first; `one` may be NULL. A fenced one keeps its place
 * longer. */
static const struct session *elder(const struct session *one, const struct session *other)
{
    if (!one || one->state != other->state)
        return !one || one->state == FENCED ? other : one;
    return one->age < other->age ? one : other;
}

static size_t place_for(const struct sessions *sessions, const struct uuid *volume)
{
    const struct session *first_free = NULL, *oldest = NULL, *oldest_of_volume = NULL;
    size_t of_volume = 0;

    for (size_t i = 0; i < sessions->end; i++) {
        const struct session *session = &sessions->places[i];

        if (session->state == FREE) {
            first_free = first_free ? first_free : session;
            continue;
        }
        oldest = elder(oldest, session);
        if (uuid_equal(&session->volume, volume)) {
            oldest_of_volume = elder(oldest_of_volume, session);
            of_volume++;
        }
    }
    if (of_volume >= SESSIONS_OF_VOLUME_MAX)
        return oldest_of_volume - sessions->places;
    if (first_free)
        return first_free - sessions->places;
    return sessions->end < SESSIONS_MAX ? sessions->end : (size_t)(oldest - sessions->places);
}

int sessions_enter(struct sessions *sessions, const struct uuid *id, const struct uuid *volume,
                   const struct peer *peer)
{
    int error = ESHUTDOWN;

    pthread_mutex_lock(&sessions->lock);
    struct session *known = find(sessions, id);
    if (!known || known->state != FENCED) {
        struct session session = {*id, *volume, *peer, ++sessions->opened, OPEN};

        error = put(sessions, known ? (size_t)(known - sessions->places)
                                    : place_for(sessions, volume), &session);
    }
    pthread_mutex_unlock(&sessions->lock);
    return error;
}

void sessions_leave(struct sessions *sessions, const struct uuid *id)
{
    pthread_mutex_lock(&sessions->lock);
    struct session *known = find(sessions, id);
    if (known && known->state == OPEN)
        put(sessions, known - sessions->places, &(struct session){.state = FREE});
    pthread_mutex_unlock(&sessions->lock);
}

bool sessions_is_fenced(struct sessions *sessions, const struct uuid *id)
{
    pthread_mutex_lock(&sessions->lock);
    struct session *known = find(sessions, id);
    bool is_fenced = known && known->state == FENCED;
    pthread_mutex_unlock(&sessions->lock);
    return is_fenced;
}

static bool is_meant(const struct session *session, const struct uuid *volume,
                     const struct uuid *spared, const struct peer *peer)
{
    return session->state == OPEN && uuid_equal(&session->volume, volume)
        && !uuid_equal(&session->id, spared) && (!peer || peer_equal(&session->peer, peer));
}

int sessions_fence(struct sessions *sessions, const struct uuid *volume,
                   const struct uuid *spared, const struct peer *peer, uint32_t *count)
{
    int error = 0;

    pthread_mutex_lock(&sessions->lock);
    for (size_t i = 0; i < sessions->end && !error; i++) {
        struct session session = sessions->places[i];

        if (!is_meant(&session, volume, spared, peer))
            continue;
        session.state = FENCED;
        error = put(sessions, i, &session);
        *count += !error;
    }
    pthread_mutex_unlock(&sessions->lock);
    return error;
}
