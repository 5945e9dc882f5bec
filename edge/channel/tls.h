/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/*
 * TLS on a connected socket, by GnuTLS: 1.2 or later, with pre-shared keys or X.509 certificates.
 * The keys are in a folder, under the names that QEMU gives them: ca-cert.pem, ca-crl.pem (may be
 * missing), server-cert.pem, server-key.pem, client-cert.pem, client-key.pem, keys.psk.
 *
 * One thread may send while another receives. GnuTLS allows that, but for a change of keys, which a
 * peer can ask for at any time (TLS 1.3): a lock keeps the two apart. As nothing waits while it
 * is held, it costs no more than the encryption of what the other one has in hand.
 */

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

enum tls_kind { TLS_OFF, TLS_PSK, TLS_X509 };

#define TLS_WHY_BYTES 1024

struct tls_credentials;
struct tls;

/* They return 0 or an errno; `why` names the file or the name at fault, and the cure. A server's
 * credentials are shared by its sessions. */
int tls_server_credentials(enum tls_kind kind, const char *folder, bool verify_client,
                           struct tls_credentials **credentials, char why[TLS_WHY_BYTES]);
int tls_client_credentials(enum tls_kind kind, const char *folder, const char *identity,
                           struct tls_credentials **credentials, char why[TLS_WHY_BYTES]);
void tls_credentials_free(struct tls_credentials *credentials);

/* A session before its handshake; NULL: no memory. The socket stays the caller's. A client's
 * session owns its credentials from here on, whatever the result. */
struct tls *tls_server_new(const struct tls_credentials *credentials, int fd);
struct tls *tls_client_new(struct tls_credentials *credentials, int fd, const char *hostname);
void tls_free(struct tls *tls);

/* As far as it gets. 0: done; EAGAIN: the socket must first have the event of tls_wait_for;
 * EACCES: one does not trust the other; or another errno. `why` is set but for EAGAIN. */
int tls_handshake(struct tls *tls, char why[TLS_WHY_BYTES]);
/* POLLIN or POLLOUT. */
short tls_wait_for(const struct tls *tls);

/* As channel_send and channel_receive. EACCES: the peer has refused us after our part of the
 * handshake. */
ssize_t tls_send(struct tls *tls, const struct iovec *parts, int count);
ssize_t tls_receive(struct tls *tls, const struct iovec *parts, int count);
/* There is more than was received, whatever poll() says. */
bool tls_has_more(struct tls *tls);
/* Tells the peer that nothing follows. */
void tls_say_goodbye(struct tls *tls);
