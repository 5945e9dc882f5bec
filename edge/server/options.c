/* SPDX-License-Identifier: Apache-2.0 */

/* Carries out the handshake: the greeting, the client's flags, NBD's options and the vendor
 * option. */

#include "options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "aside.h"
#include "clock.h"
#include "conn.h"
#include "control.h"
#include "fence.h"
#include "log.h"
#include "ovs-edge-protocol.h"
#include "pool.h"
#include "server.h"
#include "store.h"
#include "table.h"
#include "volume.h"

#define EXPORT_ZEROES 124
#define LIST_STEP 64

/* An option with its data, carried out by a pool: it may wait for the disk. */
struct option_job {
    struct conn *conn;
    struct aside aside;
    uint32_t option, length;
    uint8_t data[];
};

void options_greet(struct conn *conn)
{
    uint8_t greeting[NBD_GREETING_BYTES];

    store_be(greeting, NBD_MAGIC, 8);
    store_be(greeting + 8, NBD_OPTION_MAGIC, 8);
    store_be(greeting + 16, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES, 2);
    conn_send(conn, greeting, sizeof(greeting), NULL, 0);
}

static void option_reply(struct conn *conn, uint32_t option, uint32_t type, const void *data,
                         size_t length)
{
    uint8_t head[NBD_OPTION_REPLY_BYTES];

    store_be(head, NBD_OPTION_REPLY_MAGIC, 8);
    store_be(head + 8, option, 4);
    store_be(head + 12, type, 4);
    store_be(head + 16, length, 4);
    conn_send(conn, head, sizeof(head), data, length);
}

static void option_error(struct conn *conn, uint32_t option, uint32_t type, const char *text)
{
    option_reply(conn, option, type, text, strlen(text));
}

static void list_exports(struct conn *conn)
{
    struct volume *volumes[LIST_STEP];
    char after[NAME_SIZE] = "";
    bool more = true;

    while (more) {
        size_t count = store_list(conn->server->store, after, volumes, LIST_STEP, &more);

        for (size_t i = 0; i < count; i++) {
            uint8_t entry[4 + NAME_SIZE];
            size_t length = strlen(volumes[i]->name);

            store_be(entry, length, 4);
            memcpy(entry + 4, volumes[i]->name, length);
            memcpy(after, volumes[i]->name, sizeof(after));
            volume_put(volumes[i]);
            option_reply(conn, NBD_OPT_LIST, NBD_REP_SERVER, entry, 4 + length);
        }
    }
    option_reply(conn, NBD_OPT_LIST, NBD_REP_ACK, NULL, 0);
}

static uint16_t transmission_flags(bool is_template)
{
    return NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA | NBD_FLAG_SEND_TRIM
        | NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_CAN_MULTI_CONN
        | (is_template ? NBD_FLAG_READ_ONLY : 0);
}

/* Returns the volume of this name, or NULL and `fault`. */
static struct volume *find_export(struct conn *conn, const uint8_t *name, size_t length,
                                  struct fault *fault)
{
    struct volume_ref ref = {0};

    if (length > NAME_LENGTH_MAX || memchr(name, 0, length)) {
        fault_set(fault, ENOENT, REASON_OBJECT_NOT_FOUND, "no volume has such a name");
        return NULL;
    }
    memcpy(ref.name, name, length);
    return store_find(conn->server->store, &ref, fault);
}

static int enter(struct conn *conn, struct volume *volume, struct fault *fault)
{
    int error = fence_entry(conn, &volume->id);

    if (error == ESHUTDOWN)
        return fault_set(fault, error, REASON_NONE, "this session of volume '%s' was fenced",
                         volume->name);
    if (error == EBUSY)
        return fault_set(fault, error, REASON_NONE, "volume '%s': requests of a client that is gone "
                         "are still being carried out; ask again", volume->name);
    if (error == EAGAIN)
        return fault_set(fault, error, REASON_NONE, "clients that are gone are waited for");
    return error ? fault_store(fault, error, "remembering the session") : 0;
}

/* Finds and opens the volume. EAGAIN: the option waits until other connections are gone. */
static struct volume *open_export(struct conn *conn, const uint8_t *name, size_t length,
                                  struct fault *fault)
{
    static const struct uuid none;
    struct volume *volume = find_export(conn, name, length, fault);

    if (!volume || (!enter(conn, volume, fault) && !volume_open(volume, fault)))
        return volume;
    if (fault->error != EAGAIN)
        table_name(conn, NULL, &none);
    volume_put(volume);
    return NULL;
}

static void send_export(struct conn *conn, uint32_t option, uint64_t size, bool is_template)
{
    uint8_t info[12];

    store_be(info, NBD_INFO_EXPORT, 2);
    store_be(info + 2, size, 8);
    store_be(info + 10, transmission_flags(is_template), 2);
    option_reply(conn, option, NBD_REP_INFO, info, sizeof(info));
}

static void send_block_size(struct conn *conn, uint32_t option)
{
    uint8_t info[14];

    store_be(info, NBD_INFO_BLOCK_SIZE, 2);
    store_be(info + 2, 1, 4);
    store_be(info + 6, OVS_BLOCK_PREFERRED, 4);
    store_be(info + 10, OVS_REQUEST_BYTES_MAX, 4);
    option_reply(conn, option, NBD_REP_INFO, info, sizeof(info));
}

static void send_name(struct conn *conn, uint32_t option, const char *name)
{
    uint8_t info[2 + NAME_SIZE];
    size_t length = strlen(name);

    store_be(info, NBD_INFO_NAME, 2);
    memcpy(info + 2, name, length);
    option_reply(conn, option, NBD_REP_INFO, info, 2 + length);
}

static void begin_data(struct conn *conn, struct volume *volume)
{
    pthread_mutex_lock(&conn->lock);
    conn->volume = volume;
    conn->phase = PHASE_DATA;
    conn->deadline = 0;
    pthread_mutex_unlock(&conn->lock);
    log_debug("volume '%s': opened", volume->name);
}

static uint32_t reply_type(int error)
{
    switch (error) {
    case ENOENT:
        return NBD_REP_ERR_UNKNOWN;
    case ESHUTDOWN:
        return NBD_REP_ERR_POLICY;
    default:
        return NBD_REP_ERR_PLATFORM;
    }
}

/* INFO and GO: name, then the numbers of the pieces of information that are asked for. */
static bool give_info(struct conn *conn, const struct option_job *job)
{
    struct reader r = reader_of(job->data, job->length);
    bool go = job->option == NBD_OPT_GO, is_template, wants_name = false;
    struct fault fault;
    uint64_t size;

    uint32_t length = read_u32(&r);
    const uint8_t *name = read_bytes(&r, length);
    for (uint16_t count = read_u16(&r); count && !r.bad; count--)
        wants_name |= read_u16(&r) == NBD_INFO_NAME;
    if (!read_complete(&r)) {
        option_error(conn, job->option, NBD_REP_ERR_INVALID, "malformed option");
        return true;
    }
    struct volume *volume = go ? open_export(conn, name, length, &fault)
                               : find_export(conn, name, length, &fault);
    if (!volume && fault.error == EAGAIN)
        return false;
    if (!volume || volume_stat(volume, &size, &is_template, &fault)) {
        option_error(conn, job->option, reply_type(fault.error), fault.text);
        if (volume && go)
            volume_close(volume);
        if (volume)
            volume_put(volume);
        return true;
    }
    send_export(conn, job->option, size, is_template);
    send_block_size(conn, job->option);
    if (wants_name)
        send_name(conn, job->option, volume->name);
    option_reply(conn, job->option, NBD_REP_ACK, NULL, 0);
    if (go)
        begin_data(conn, volume);
    else
        volume_put(volume);
    return true;
}

/* The old way: no error can be told, only the connection closed. */
static bool export_name(struct conn *conn, const struct option_job *job)
{
    uint8_t answer[10 + EXPORT_ZEROES] = {0};
    struct fault fault;
    bool is_template;
    uint64_t size;
    struct volume *volume = open_export(conn, job->data, job->length, &fault);

    if (!volume && fault.error == EAGAIN)
        return false;
    if (!volume) {
        conn_finish(conn);
        return true;
    }
    volume_stat(volume, &size, &is_template, &fault);
    store_be(answer, size, 8);
    store_be(answer + 8, transmission_flags(is_template), 2);
    conn_send(conn, answer, conn->no_zeroes ? 10 : sizeof(answer), NULL, 0);
    begin_data(conn, volume);
    return true;
}

static bool control(struct conn *conn, const struct option_job *job)
{
    struct writer w = {0};
    bool done = control_answer(conn, job->data, job->length, &w);

    if (w.failed)
        conn_break(conn);
    else if (done)
        option_reply(conn, NBD_OPT_OVS, NBD_REP_OVS, w.data, w.length);
    writer_free(&w);
    conn->was_control = true;
    return done || w.failed;
}

/* Returns false if the option has to wait until other connections are gone. */
static bool carry_out(struct conn *conn, const struct option_job *job)
{
    switch (job->option) {
    case NBD_OPT_EXPORT_NAME:
        return export_name(conn, job);
    case NBD_OPT_ABORT:
        option_reply(conn, job->option, NBD_REP_ACK, NULL, 0);
        conn_finish(conn);
        break;
    case NBD_OPT_LIST:
        if (job->length)
            option_error(conn, job->option, NBD_REP_ERR_INVALID, "LIST has no data");
        else
            list_exports(conn);
        break;
    case NBD_OPT_INFO:
    case NBD_OPT_GO:
        return give_info(conn, job);
    case NBD_OPT_OVS:
        return control(conn, job);
    default:
        option_reply(conn, job->option, NBD_REP_ERR_UNSUP, NULL, 0);
    }
    return true;
}

/* For the next option. */
static void set_deadline(struct conn *conn)
{
    pthread_mutex_lock(&conn->lock);
    if (conn->phase != PHASE_DATA)
        conn->deadline = now_ms() + (conn->was_control ? WAIT_CONTROL_MS : WAIT_HANDSHAKE_MS);
    pthread_mutex_unlock(&conn->lock);
}

static void run_option(void *argument)
{
    struct option_job *job = argument;
    struct conn *conn = job->conn;

    if (!carry_out(conn, job) && !conn->killed && !conn->left) {
        aside_put(&job->aside);
        return;
    }
    free(job);
    set_deadline(conn);
    conn_job_end(conn, 0, true);
}

static bool names_volume(uint32_t option, const uint8_t *data, uint32_t length,
                         struct volume_ref *ref)
{
    struct reader r = reader_of(data, length);
    uint32_t name_length = length;

    *ref = (struct volume_ref){0};
    if (option == NBD_OPT_OVS)
        return control_names_volume(data, length, ref);
    if (option == NBD_OPT_INFO || option == NBD_OPT_GO)
        name_length = read_u32(&r);
    else if (option != NBD_OPT_EXPORT_NAME)
        return false;
    const uint8_t *name = read_bytes(&r, name_length);
    if (!name || name_length > NAME_LENGTH_MAX)
        return false;
    memcpy(ref->name, name, name_length);
    return true;
}

/* Queues the option in the lane of its volume: a volume that hangs holds up no other. The server
 * answers at once that it lives, whatever hangs. */
static bool queue(struct option_job *job)
{
    struct server *server = job->conn->server;
    struct volume *volume = NULL;
    struct volume_ref ref;

    if (job->option == NBD_OPT_OVS && control_asks_for_life(job->data, job->length)) {
        run_option(job);
        return true;
    }
    if (names_volume(job->option, job->data, job->length, &ref))
        volume = ref.by_id ? store_find_id(server->store, &ref.id)
                           : store_find_name(server->store, ref.name);
    bool queued = pool_add(server_pool(server, POOL_CONTROL), volume ? volume->control_lane : NULL,
                           run_option, job);
    if (volume)
        volume_put(volume);
    return queued;
}

static bool add_option(struct conn *conn, uint32_t option, const uint8_t *data, uint32_t length)
{
    struct option_job *job = malloc(sizeof(*job) + length);

    if (!job)
        return false;
    job->conn = conn;
    job->aside = (struct aside){NULL, conn, run_option, job};
    job->option = option;
    job->length = length;
    memcpy(job->data, data, length);
    conn->deadline = 0;
    conn_job_begin(conn, 0, true);
    if (queue(job))
        return true;
    free(job);
    conn_job_end(conn, 0, true);
    return false;
}

static size_t take_flags(struct conn *conn, const uint8_t *bytes, size_t length)
{
    if (length < 4)
        return 0;
    uint32_t flags = load_be(bytes, 4);
    if (flags & ~(NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES))
        conn_break(conn);
    conn->no_zeroes = flags & NBD_FLAG_NO_ZEROES;
    conn->phase = PHASE_OPTIONS;
    return 4;
}

/* Returns true if the connection still has to begin TLS. A unix socket needs none. */
static bool must_be_secured(const struct conn *conn)
{
    return conn->server->tls && conn->peer.ss_family != AF_UNIX && !conn->channel.tls;
}

/* Plain bytes behind the option cannot be the client's, which waits for our answer first:
 * taken for what comes by TLS later, they would be a stranger's word in the client's mouth. */
static void start_tls(struct conn *conn, uint32_t size, bool more_follows)
{
    if (size || conn->channel.tls) {
        option_error(conn, NBD_OPT_STARTTLS, NBD_REP_ERR_INVALID,
                     size ? "STARTTLS has no data" : "this is TLS already");
    } else if (!must_be_secured(conn)) {
        option_error(conn, NBD_OPT_STARTTLS, NBD_REP_ERR_UNSUP, "TLS is off here");
    } else if (more_follows) {
        log_warning("a connection is closed: plain bytes follow its STARTTLS");
        conn_break(conn);
    } else if (!(conn->handshake = tls_server_new(conn->server->tls, conn->channel.fd))) {
        conn_break(conn);
    } else {
        option_reply(conn, NBD_OPT_STARTTLS, NBD_REP_ACK, NULL, 0);
        conn->deadline = now_ms() + WAIT_HANDSHAKE_MS;
        conn->phase = PHASE_TLS;
    }
}

void options_begin_again(struct conn *conn)
{
    conn->phase = PHASE_OPTIONS;
    conn->was_control = false;
    conn->deadline = now_ms() + WAIT_HANDSHAKE_MS;
}

/* EXPORT_NAME has no error reply. */
static void demand_tls(struct conn *conn, uint32_t option)
{
    if (option == NBD_OPT_EXPORT_NAME)
        conn_finish(conn);
    else
        option_error(conn, option, NBD_REP_ERR_TLS_REQD, "begin with STARTTLS");
}

size_t options_take(struct conn *conn, const uint8_t *bytes, size_t length)
{
    if (conn->phase == PHASE_FLAGS)
        return take_flags(conn, bytes, length);
    if (length < NBD_OPTION_BYTES)
        return 0;
    uint32_t option = load_be(bytes + 8, 4), size = load_be(bytes + 12, 4);
    if (load_be(bytes, 8) != NBD_OPTION_MAGIC) {
        conn_break(conn);
        return NBD_OPTION_BYTES;
    }
    if (size > OVS_OPTION_BYTES_MAX) {
        option_error(conn, option, NBD_REP_ERR_TOO_BIG, "an option has at most 65536 bytes");
        conn_finish(conn);
        return NBD_OPTION_BYTES;
    }
    if (length < NBD_OPTION_BYTES + size)
        return 0;
    if (option == NBD_OPT_STARTTLS)
        start_tls(conn, size, length > NBD_OPTION_BYTES + size);
    else if (option != NBD_OPT_ABORT && must_be_secured(conn))
        demand_tls(conn, option);
    else if (!add_option(conn, option, bytes + NBD_OPTION_BYTES, size))
        conn_break(conn);
    return NBD_OPTION_BYTES + size;
}
