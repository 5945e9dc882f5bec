/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* A TLS peer that is not ours: GnuTLS alone, with keys that both ends find in one folder. */

#include <gnutls/gnutls.h>

#include "tls_credentials.h"

#define RAW_TLS_FOLDER_BYTES 64
#define RAW_TLS_IDENTITY "alice"

struct raw_tls {
    gnutls_session_t session;
    struct tls_credentials *credentials;
};

/* Makes a folder with all that tls.h names, but for ca-crl.pem; ends the process if it cannot. */
void raw_tls_make_keys(char folder[RAW_TLS_FOLDER_BYTES]);
void raw_tls_remove_keys(const char *folder);

/* A session that does not wait; `role`: GNUTLS_SERVER or GNUTLS_CLIENT; `versions`: "+VERS-TLS1.3",
 * for example. The transport is the caller's. */
void raw_tls_open(struct raw_tls *raw, enum tls_kind kind, unsigned role, const char *folder,
                  const char *versions);
void raw_tls_close(struct raw_tls *raw);
