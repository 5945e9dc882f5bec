/* SPDX-License-Identifier: Apache-2.0 */

/* Makes TLS connections with GnuTLS. */

#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tls_credentials.h"

#define RECORD_BYTES 16384
/* No side may ask for less (RFC 8449). */
#define LEAST_RECORD_BYTES 64

/* Forward secrecy also with pre-shared keys. AES with 128 bits comes first: processors have it, and
 * of ChaCha20, which GnuTLS prefers to it, a connection gets a sixth. */
#define COMMON "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE:-CIPHER-ALL" \
    ":+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"
static const char of_x509[] = COMMON;
static const char of_psk[] = COMMON ":-KX-ALL:+ECDHE-PSK:+DHE-PSK";

struct tls {
    gnutls_session_t session;
    struct tls_credentials *owned;
    char *hostname;
    int fd;
    bool ended;             /* the socket has told the end */
    int flags;              /* for the socket, of the record that is being sent */
    size_t most;            /* bytes of a record that the other side takes */
    size_t held;            /* bytes that GnuTLS took in but could not send: not taken for us */
    pthread_mutex_t lock;   /* of the session, after the handshake */
    gnutls_typed_vdata_st expected[2];  /* of the other side's certificate */
};

static ssize_t push(gnutls_transport_ptr_t pointer, const giovec_t *parts, int count)
{
    struct tls *tls = pointer;
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};
    ssize_t n = sendmsg(tls->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL | tls->flags);

    if (n < 0)
        gnutls_transport_set_errno(tls->session, errno);
    return n;
}

/* Hides the end from GnuTLS: it would send no more, and we may still have answers to send. */
static ssize_t pull(gnutls_transport_ptr_t pointer, void *to, size_t length)
{
    struct tls *tls = pointer;
    ssize_t n = recv(tls->fd, to, length, MSG_DONTWAIT);

    if (n > 0)
        return n;
    tls->ended |= !n;
    gnutls_transport_set_errno(tls->session, n ? errno : EAGAIN);
    return -1;
}

static struct tls *session_new(const struct tls_credentials *credentials, int fd, unsigned role)
{
    struct tls *tls = calloc(1, sizeof(*tls));

    if (!tls)
        return NULL;
    tls->fd = fd;
    pthread_mutex_init(&tls->lock, NULL);
    if (gnutls_init(&tls->session, role | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS)
        || gnutls_priority_set_direct(tls->session,
                                      credentials->kind == TLS_PSK ? of_psk : of_x509, NULL)
        || gnutls_credentials_set(tls->session, credentials->type, credentials->any)) {
        tls_free(tls);
        return NULL;
    }
    gnutls_transport_set_ptr(tls->session, tls);
    gnutls_transport_set_vec_push_function(tls->session, push);
    gnutls_transport_set_pull_function(tls->session, pull);
    return tls;
}

struct tls *tls_server_new(const struct tls_credentials *credentials, int fd)
{
    struct tls *tls = session_new(credentials, fd, GNUTLS_SERVER);

    if (tls && credentials->verify_client) {
        tls->expected[0] = (gnutls_typed_vdata_st){GNUTLS_DT_KEY_PURPOSE_OID,
                                                   (uint8_t *)GNUTLS_KP_TLS_WWW_CLIENT, 0};
        gnutls_certificate_server_set_request(tls->session, GNUTLS_CERT_REQUIRE);
        gnutls_session_set_verify_cert2(tls->session, tls->expected, 1, 0);
    }
    return tls;
}

static bool is_address(const char *host)
{
    struct in6_addr address;

    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

/* Lets GnuTLS verify the chain, the times, and the name, which may be an address. */
static void expect_host(struct tls *tls)
{
    tls->expected[0] = (gnutls_typed_vdata_st){GNUTLS_DT_DNS_HOSTNAME,
                                               (uint8_t *)tls->hostname, 0};
    tls->expected[1] = (gnutls_typed_vdata_st){GNUTLS_DT_KEY_PURPOSE_OID,
                                               (uint8_t *)GNUTLS_KP_TLS_WWW_SERVER, 0};
    gnutls_session_set_verify_cert2(tls->session, tls->expected, 2, 0);
    if (!is_address(tls->hostname))
        gnutls_server_name_set(tls->session, GNUTLS_NAME_DNS, tls->hostname,
                               strlen(tls->hostname));
}

struct tls *tls_client_new(struct tls_credentials *credentials, int fd, const char *hostname)
{
    struct tls *tls = session_new(credentials, fd, GNUTLS_CLIENT);

    if (!tls) {
        tls_credentials_free(credentials);
        return NULL;
    }
    tls->owned = credentials;
    tls->hostname = strdup(hostname);
    if (!tls->hostname) {
        tls_free(tls);
        return NULL;
    }
    if (credentials->kind == TLS_X509)
        expect_host(tls);
    return tls;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    gnutls_deinit(tls->session);
    tls_credentials_free(tls->owned);
    pthread_mutex_destroy(&tls->lock);
    free(tls->hostname);
    free(tls);
}

/* Writes to `why` the reason for which a certificate was refused. */
static void tell_verdict(struct tls *tls, char why[TLS_WHY_BYTES])
{
    gnutls_datum_t text = {0};

    gnutls_certificate_verification_status_print(
        gnutls_session_get_verify_cert_status(tls->session), GNUTLS_CRT_X509, &text, 0);
    const char *verdict = text.data ? (char *)text.data : "";
    if (tls->hostname)
        tls_explain(why, "the certificate of the server is refused, which should be '%s': %s",
                    tls->hostname, verdict);
    else
        tls_explain(why, "the certificate of the client is refused: %s", verdict);
    gnutls_free(text.data);
}

static int judge(struct tls *tls, int result, char why[TLS_WHY_BYTES])
{
    switch (result) {
    case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
        tell_verdict(tls, why);
        return EACCES;
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
        tls_explain(why, "the other side refuses: %s",
                    gnutls_alert_get_name(gnutls_alert_get(tls->session)));
        return EACCES;
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
    case GNUTLS_E_CERTIFICATE_REQUIRED:
        tls_explain(why, "the other side has no certificate");
        return EACCES;
    case GNUTLS_E_AGAIN:
    case GNUTLS_E_PULL_ERROR:
    case GNUTLS_E_PUSH_ERROR:
    case GNUTLS_E_PREMATURE_TERMINATION:
        tls_explain(why, "the other side closed the connection during the TLS handshake");
        return ECONNRESET;
    default:
        tls_explain(why, "TLS handshake: %s", gnutls_strerror(result));
        return EPROTO;
    }
}

/* Only the function that splits records says how many bytes one may have: less than usual, if the
 * other side wants that. */
static size_t most_of_a_record(struct tls *tls)
{
    const gnutls_range_st all = {RECORD_BYTES, RECORD_BYTES};
    gnutls_range_st first, rest;

    if (gnutls_range_split(tls->session, &all, &first, &rest))
        return LEAST_RECORD_BYTES;
    return first.high;
}

int tls_handshake(struct tls *tls, char why[TLS_WHY_BYTES])
{
    int result;

    do
        result = gnutls_handshake(tls->session);
    while (result == GNUTLS_E_INTERRUPTED);
    if (!result) {
        tls->most = most_of_a_record(tls);
        return 0;
    }
    if (result == GNUTLS_E_AGAIN && !tls->ended)
        return EAGAIN;
    gnutls_alert_send_appropriate(tls->session, result);
    return judge(tls, result, why);
}

short tls_wait_for(const struct tls *tls)
{
    return gnutls_record_get_direction(tls->session) ? POLLOUT : POLLIN;
}

/* The part of the data that is not sent yet. */
struct rest {
    const struct iovec *parts;
    int count;
    size_t skip;                /* of the first */
};

static void advance(struct rest *rest, size_t length)
{
    while (rest->count && length >= rest->parts->iov_len - rest->skip) {
        length -= rest->parts->iov_len - rest->skip;
        rest->parts++;
        rest->count--;
        rest->skip = 0;
    }
    rest->skip += length;
}

/* Returns the data of the next record; copies it to `copy` if it lies in several places. */
static const void *gather(struct rest rest, uint8_t *copy, size_t most, size_t *length)
{
    const uint8_t *first = (const uint8_t *)rest.parts->iov_base + rest.skip;

    *length = rest.parts->iov_len - rest.skip;
    if (*length >= most || rest.count == 1) {
        *length = *length < most ? *length : most;
        return first;
    }
    for (*length = 0; rest.count && *length < most;) {
        size_t piece = rest.parts->iov_len - rest.skip, room = most - *length;

        piece = piece < room ? piece : room;
        memcpy(copy + *length, (const uint8_t *)rest.parts->iov_base + rest.skip, piece);
        *length += piece;
        advance(&rest, piece);
    }
    return copy;
}

/* Sends a record, or the rest of the one that is held. If the other side has asked for new keys
 * meanwhile, GnuTLS sends the rest, then the word of the new keys, then a record of ours: there is
 * none, so it calls the request invalid, but all is sent. Returns the number of bytes, or an error
 * of GnuTLS. */
static ssize_t send_record(struct tls *tls, struct rest *rest)
{
    uint8_t copy[RECORD_BYTES];
    const void *data = NULL;
    size_t length = tls->held;
    ssize_t n;

    if (!tls->held)
        data = gather(*rest, copy, tls->most, &length);
    struct rest after = *rest;
    advance(&after, length);
    tls->flags = after.count ? MSG_MORE : 0;
    do
        n = gnutls_record_send(tls->session, data, data ? length : 0);
    while (n == GNUTLS_E_INTERRUPTED);
    if (!data && n == GNUTLS_E_INVALID_REQUEST)
        n = length;
    tls->held = n == GNUTLS_E_AGAIN ? length : 0;
    if (n > 0)
        *rest = after;
    return n > 0 ? (ssize_t)length : n;
}

static int errno_of(struct tls *tls, ssize_t result)
{
    if (result == GNUTLS_E_AGAIN)
        return EAGAIN;
    if (result != GNUTLS_E_FATAL_ALERT_RECEIVED)
        return ECONNRESET;
    switch (gnutls_alert_get(tls->session)) {
    case GNUTLS_A_BAD_CERTIFICATE:
    case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
    case GNUTLS_A_CERTIFICATE_REVOKED:
    case GNUTLS_A_CERTIFICATE_EXPIRED:
    case GNUTLS_A_CERTIFICATE_UNKNOWN:
    case GNUTLS_A_CERTIFICATE_REQUIRED:
    case GNUTLS_A_UNKNOWN_CA:
    case GNUTLS_A_ACCESS_DENIED:
        return EACCES;
    default:
        return ECONNRESET;
    }
}

/* As recvmsg and sendmsg: an error after some bytes shows the next time. */
static ssize_t outcome(struct tls *tls, size_t done, ssize_t last)
{
    if (done || last >= 0)
        return done;
    errno = errno_of(tls, last);
    return -1;
}

ssize_t tls_send(struct tls *tls, const struct iovec *parts, int count)
{
    struct rest rest = {parts, count, 0};
    size_t sent = 0;
    ssize_t n = 0;

    pthread_mutex_lock(&tls->lock);
    advance(&rest, 0);
    while (rest.count && (n = send_record(tls, &rest)) > 0)
        sent += n;
    n = outcome(tls, sent, n);
    pthread_mutex_unlock(&tls->lock);
    return n;
}

ssize_t tls_receive(struct tls *tls, const struct iovec *parts, int count)
{
    struct rest rest = {parts, count, 0};
    size_t received = 0;
    ssize_t n = 0;

    pthread_mutex_lock(&tls->lock);
    advance(&rest, 0);
    while (rest.count) {
        n = gnutls_record_recv(tls->session, (uint8_t *)rest.parts->iov_base + rest.skip,
                               rest.parts->iov_len - rest.skip);
        if (n <= 0 && n != GNUTLS_E_INTERRUPTED)
            break;
        if (n > 0) {
            received += n;
            advance(&rest, n);
        }
    }
    n = outcome(tls, received, n == GNUTLS_E_AGAIN && tls->ended ? 0 : n);
    pthread_mutex_unlock(&tls->lock);
    return n;
}

bool tls_has_more(struct tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    bool has_more = gnutls_record_check_pending(tls->session) > 0;
    pthread_mutex_unlock(&tls->lock);
    return has_more;
}

void tls_say_goodbye(struct tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    tls->flags = 0;
    if (!tls->held)
        gnutls_bye(tls->session, GNUTLS_SHUT_WR);
    pthread_mutex_unlock(&tls->lock);
}
