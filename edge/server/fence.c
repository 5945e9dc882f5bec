/* SPDX-License-Identifier: Apache-2.0 */

/* Finds and ends the connections that have to be gone before another one goes on. */

#include "fence.h"

#include <errno.h>

#include "clock.h"
#include "conn.h"
#include "peer.h"
#include "server.h"
#include "sessions.h"
#include "table.h"

#define FENCE_WAIT_MS 30000

static int end_others(struct conn *conn, bool (*is_meant)(const struct conn *, const void *),
                      const void *whom)
{
    struct patience *patience = &conn->patience;

    if (!table_end_others(conn, is_meant, whom)) {
        patience->until = 0;
        return 0;
    }
    if (!patience->until)
        patience->until = now_ms() + FENCE_WAIT_MS;
    if (now_ms() < patience->until)
        return EAGAIN;
    patience->until = 0;
    return EBUSY;
}

static bool has_session(const struct conn *other, const void *session)
{
    return uuid_equal(&other->session, session);
}

int fence_session(struct conn *conn, const struct uuid *session)
{
    if (sessions_is_fenced(conn->server->sessions, session))
        return ESHUTDOWN;
    table_name(conn, session, NULL);
    return end_others(conn, has_session, session);
}

static bool is_abandoned(const struct conn *other, const void *volume)
{
    return uuid_equal(&other->volume_id, volume)
        && (other->killed || peer_is_gone(other->channel.fd));
}

/* The name comes first: from then on a fence of the volume sees this connection, and before that
 * the session is known to be fenced or not. */
int fence_entry(struct conn *conn, const struct uuid *volume)
{
    struct peer peer = peer_of(&conn->peer);

    table_name(conn, NULL, volume);
    int error = end_others(conn, is_abandoned, volume);
    if (!error && !uuid_is_zero(&conn->session))
        error = sessions_enter(conn->server->sessions, &conn->session, volume, &peer);
    return error;
}

struct meant {
    const struct uuid *volume, *spared;
    const struct peer *peer;
    uint32_t *without_session;
};

static bool is_fenced(const struct conn *other, const void *whom)
{
    const struct meant *meant = whom;
    bool has_none = uuid_is_zero(&other->session);
    struct peer peer = peer_of(&other->peer);

    if (!uuid_equal(&other->volume_id, meant->volume)
        || (!has_none && uuid_equal(&other->session, meant->spared))
        || (meant->peer && !peer_equal(&peer, meant->peer)))
        return false;
    *meant->without_session += has_none && !other->killed;
    return true;
}

int fence_volume(struct conn *conn, const struct uuid *volume, const struct uuid *spared,
                 const struct peer *peer, uint32_t *count)
{
    struct meant meant = {volume, spared, peer, &conn->patience.fenced};

    if (!conn->patience.until)
        conn->patience.fenced = 0;
    int error = sessions_fence(conn->server->sessions, volume, spared, peer,
                               &conn->patience.fenced);
    if (!error)
        error = end_others(conn, is_fenced, &meant);
    *count = conn->patience.fenced;
    return error;
}
