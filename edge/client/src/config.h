/* SPDX-License-Identifier: Apache-2.0 */

/* The file that says how servers are to be reached: edge.conf.
 *
 *     [default]                 every server
 *     tls = x509
 *     [storage1.example.net]    this server, at any port
 *     [192.0.2.7:26203]         this one, at this port
 *     [[2001:db8::7]:26203]
 *     tls = psk
 *     io_timeout = 600          seconds; 0: without end
 *
 * A key of a more special section counts. A file with a mistake is refused as a whole: a mistyped
 * key must not leave a connection without TLS. */
#ifndef OVS_CONFIG_H
#define OVS_CONFIG_H

#include <limits.h>
#include <stdint.h>

#include "bounds.h"
#include "tls.h"

struct config {
    enum tls_kind tls;
    char tls_dir[PATH_MAX];
    char psk_identity[CONFIG_VALUE_LIMIT];
    int io_timeout, reconnect_timeout;     /* in seconds (bounds.h), 0: none */
    char tls_hostname[CONFIG_VALUE_LIMIT]; /* that the server's certificate must have */
};

/* The settings for a server, from the file that OVS_EDGE_CONFIG names, else from the usual one,
 * which may be missing. Returns 0 or an errno, and logs why. */
int config_load(const char *host, int port, struct config *config);

/* The same from a given file. */
int config_read(const char *path, const char *host, int port, struct config *config);

/* Return the times in the unit of now_ms; INT64_MAX: without end. */
int64_t config_io_timeout_ms(const struct config *config);
int64_t config_reconnect_timeout_ms(const struct config *config);

#endif
