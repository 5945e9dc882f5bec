/* SPDX-License-Identifier: Apache-2.0 */

/* Carries out the option phase of a connection: greeting, TLS, vendor requests, GO. */

#include "option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bounds.h"
#include "log.h"
#include "ovs-edge-protocol.h"
#include "socket.h"

enum {
    /* Greater than the longest list; a length above it is no reply of ours. */
    REPLY_LIMIT = 4 * 1024 * 1024,
    /* GO answers a handful of items; a server that never ends is not followed. */
    INFO_REPLIES_LIMIT = 64,
};

struct option_reply {
    uint32_t type;
    uint32_t length;
    uint8_t *data;
};

/* The client's flags do not wait for the server's, although NBD has the server speak first: when
 * a listener is closed (its process was killed) while a connection is being made, Linux may forget
 * the connection without a word to the client. A client that waits for a greeting then waits in
 * vain; one that sends is told at once that the server is gone. */
static int greet(struct channel *channel, struct deadline deadline)
{
    const uint16_t wanted = NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES;
    uint8_t greeting[NBD_GREETING_BYTES], flags[NBD_FLAGS_BYTES];
    struct reader reader = {greeting, sizeof(greeting), false};
    int error;

    put_u32(flags, wanted);
    error = socket_send(channel, flags, sizeof(flags), deadline);
    if (error == 0)
        error = socket_receive(channel, greeting, sizeof(greeting), deadline);
    if (error != 0)
        return error;
    if (get_u64(&reader) != NBD_MAGIC || get_u64(&reader) != NBD_OPTION_MAGIC ||
        (get_u16(&reader) & wanted) != wanted)
        return EPROTO;
    return 0;
}

static int connect_to_any(const ovs_ctx_attr_t *attr, struct deadline deadline,
                          struct channel **channel)
{
    int error = ECONNREFUSED;

    for (size_t i = 0; i < attr->address_count && error != 0; i++)
        error = socket_connect(&attr->addresses[i], deadline, channel);
    return error;
}

static int send_option(struct channel *channel, uint32_t option, const uint8_t *data,
                       size_t length, struct deadline deadline)
{
    uint8_t message[NBD_OPTION_BYTES + sizeof(((struct vendor_request *)0)->bytes)];
    uint8_t *end = put_u64(message, NBD_OPTION_MAGIC);

    end = put_u32(put_u32(end, option), (uint32_t)length);
    end = put_bytes(end, data, length);
    return socket_send(channel, message, (size_t)(end - message), deadline);
}

/* On success the caller frees reply->data. */
static int receive_reply(struct channel *channel, uint32_t option, struct option_reply *reply,
                         struct deadline deadline)
{
    uint8_t header[NBD_OPTION_REPLY_BYTES];
    struct reader reader = {header, sizeof(header), false};
    int error = socket_receive(channel, header, sizeof(header), deadline);

    if (error == EACCES)
        log_error("the server refuses the certificate of this client, or that it has none; hint: "
                  "client-cert.pem and client-key.pem in tls_dir");
    if (error != 0)
        return error;
    if (get_u64(&reader) != NBD_OPTION_REPLY_MAGIC || get_u32(&reader) != option)
        return EPROTO;
    reply->type = get_u32(&reader);
    reply->length = get_u32(&reader);
    if (reply->length > REPLY_LIMIT)
        return EPROTO;
    reply->data = malloc(reply->length > 0 ? reply->length : 1);
    if (reply->data == NULL)
        return ENOMEM;
    error = socket_receive(channel, reply->data, reply->length, deadline);
    if (error != 0)
        free(reply->data);
    return error;
}

int option_vendor(struct channel *channel, const struct vendor_request *request,
                  struct vendor_reply *reply, struct deadline deadline, int *connection_error)
{
    struct option_reply answer;
    uint32_t server_errno;

    *reply = (struct vendor_reply){0};
    *connection_error = send_option(channel, NBD_OPT_OVS, request->bytes,
                                    (size_t)(request->end - request->bytes), deadline);
    if (*connection_error == 0)
        *connection_error = receive_reply(channel, NBD_OPT_OVS, &answer, deadline);
    if (*connection_error != 0)
        return *connection_error;

    reply->memory = answer.data;
    reply->fields = (struct reader){answer.data, answer.length, false};
    server_errno = get_u32(&reply->fields);
    get_u16(&reply->fields); /* the reason, which is for XML-RPC */
    if (answer.type == NBD_REP_ERR_TLS_REQD) {
        log_error("the server demands TLS; hint: set tls for it in edge.conf");
        *connection_error = EACCES;
    } else if (answer.type != NBD_REP_OVS || reply->fields.bad || server_errno > 4095) {
        *connection_error = EPROTO;
    }
    if (*connection_error != 0 || server_errno != 0)
        vendor_reply_free(reply);
    return *connection_error != 0 ? *connection_error : (int)server_errno;
}

static int ask_for_tls(struct channel *channel, struct deadline deadline,
                       char why[TLS_WHY_BYTES])
{
    struct option_reply reply;
    int error = send_option(channel, NBD_OPT_STARTTLS, NULL, 0, deadline);

    if (error == 0)
        error = receive_reply(channel, NBD_OPT_STARTTLS, &reply, deadline);
    if (error != 0) {
        snprintf(why, TLS_WHY_BYTES, "no answer to STARTTLS: %s", strerror(error));
        return error;
    }
    free(reply.data);
    if (reply.type == NBD_REP_ACK && reply.length == 0)
        return 0;
    snprintf(why, TLS_WHY_BYTES, "the server offers no TLS, which edge.conf demands");
    return EPROTONOSUPPORT;
}

/* Reads the files for each connection: certificates may be renewed while volumes are open. */
static int start_tls(struct channel *channel, const struct config *config,
                     struct deadline deadline, char why[TLS_WHY_BYTES])
{
    struct tls_credentials *credentials;
    int error = tls_client_credentials(config->tls, config->tls_dir, config->psk_identity,
                                       &credentials, why);

    if (error != 0)
        return error;
    error = ask_for_tls(channel, deadline, why);
    if (error == 0)
        return socket_secure(channel, credentials, config->tls_hostname, deadline, why);
    tls_credentials_free(credentials);
    return error;
}

/* Returns true if the connection was cut, as by a restart: TLS itself is right. */
static bool is_only_cut_off(int error)
{
    return error == ECONNRESET || error == EPIPE || error == ETIMEDOUT || error == ECANCELED;
}

static int begin(struct channel *channel, const ovs_ctx_attr_t *attr,
                 const struct config *config, struct deadline deadline)
{
    char why[TLS_WHY_BYTES];
    int error = greet(channel, deadline);

    if (error != 0 || config->tls == TLS_OFF)
        return error;
    error = start_tls(channel, config, deadline, why);
    if (error != 0 && !is_only_cut_off(error))
        log_error("%s:%d: %s", attr->host, attr->port, why);
    return error;
}

int option_connect(const ovs_ctx_attr_t *attr, const struct config *config,
                   struct deadline deadline, struct channel **channel)
{
    int error;

    deadline = deadline_within(deadline, CONNECT_LIMIT_MS);
    error = connect_to_any(attr, deadline, channel);
    if (error != 0)
        return error;
    error = begin(*channel, attr, config, deadline);
    if (error != 0) {
        socket_close(*channel);
        *channel = NULL;
    }
    return error;
}

/* Whether this reply to GO ends the option phase is in *done. */
static int judge_go_reply(const struct option_reply *reply, uint64_t *size, bool *done,
                          bool *size_known)
{
    struct reader reader = {reply->data, reply->length, false};

    *done = reply->type == NBD_REP_ACK;
    if (reply->type == NBD_REP_ERR_UNKNOWN)
        return ENOENT;
    if (reply->type == NBD_REP_ERR_POLICY)
        return EACCES;
    if (reply->type == NBD_REP_INFO && get_u16(&reader) == NBD_INFO_EXPORT) {
        *size = get_u64(&reader);
        *size_known = !reader.bad;
    }
    if (reply->type != NBD_REP_ACK && reply->type != NBD_REP_INFO)
        return EPROTO;
    return *done && !*size_known ? EPROTO : 0;
}

int option_go(struct channel *channel, const char *volume_name, struct deadline deadline,
              uint64_t *size)
{
    uint8_t data[4 + NAME_LIMIT + 2];
    size_t length = strlen(volume_name);
    uint8_t *end = put_bytes(put_u32(data, (uint32_t)length), volume_name, length);
    bool done = false, size_known = false;
    int error;

    end = put_u16(end, 0); /* no further information is asked for */
    error = send_option(channel, NBD_OPT_GO, data, (size_t)(end - data), deadline);
    for (int replies = 0; error == 0 && !done; replies++) {
        struct option_reply reply;

        error = replies < INFO_REPLIES_LIMIT ? receive_reply(channel, NBD_OPT_GO, &reply, deadline)
                                             : EPROTO;
        if (error == 0) {
            error = judge_go_reply(&reply, size, &done, &size_known);
            free(reply.data);
        }
    }
    return error;
}
