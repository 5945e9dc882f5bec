/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* The key files of tls.h, as GnuTLS has them in memory. */

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "tls.h"

struct tls_credentials {
    enum tls_kind kind;
    bool verify_client;
    gnutls_credentials_type_t type;
    union {
        void *any;
        gnutls_certificate_credentials_t certificate;
        gnutls_psk_server_credentials_t psk_server;
        gnutls_psk_client_credentials_t psk_client;
    };
    void (*release)(struct tls_credentials *credentials);
};

/* Cut where it is too long. */
void tls_explain(char why[TLS_WHY_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
