/* SPDX-License-Identifier: Apache-2.0 */

/* Makes both ends of TLS connections with GnuTLS alone. */

#include "rawtls.h"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DAY (24 * 60 * 60)
#define PSK_BYTES 32
#define RSA_BITS 2048

static const char *const names[] = {"keys.psk", "ca-cert.pem", "server-cert.pem", "server-key.pem",
                                    "client-cert.pem", "client-key.pem"};

/* A certificate with its key. */
struct pair {
    gnutls_x509_crt_t certificate;
    gnutls_x509_privkey_t key;
};

static void must(bool good, const char *what)
{
    if (!good) {
        perror(what);
        abort();
    }
}

static void save(const char *folder, const char *name, const void *data, size_t length)
{
    char path[RAW_TLS_FOLDER_BYTES + 32];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    must(fd >= 0 && write(fd, data, length) == (ssize_t)length, path);
    close(fd);
}

static void save_datum(const char *folder, const char *role, const char *what,
                       gnutls_datum_t *datum)
{
    char name[32];

    snprintf(name, sizeof(name), "%s-%s.pem", role, what);
    save(folder, name, datum->data, datum->size);
    gnutls_free(datum->data);
}

static void save_psk(const char *folder)
{
    uint8_t key[PSK_BYTES];
    char line[sizeof(RAW_TLS_IDENTITY) + 2 * PSK_BYTES + 2];
    int length = snprintf(line, sizeof(line), "%s:", RAW_TLS_IDENTITY);

    must(gnutls_rnd(GNUTLS_RND_KEY, key, sizeof(key)) == 0, "random bytes");
    for (size_t i = 0; i < sizeof(key); i++)
        length += snprintf(line + length, sizeof(line) - length, "%02x", key[i]);
    line[length++] = '\n';
    save(folder, "keys.psk", line, length);
}

static struct pair new_pair(const char *name)
{
    static unsigned char serial;
    struct pair pair;
    time_t now = time(NULL);

    serial++;
    must(!gnutls_x509_crt_init(&pair.certificate) && !gnutls_x509_privkey_init(&pair.key)
             && !gnutls_x509_privkey_generate(pair.key, GNUTLS_PK_RSA, RSA_BITS, 0)
             && !gnutls_x509_crt_set_version(pair.certificate, 3)
             && !gnutls_x509_crt_set_serial(pair.certificate, &serial, 1)
             && !gnutls_x509_crt_set_activation_time(pair.certificate, now - DAY)
             && !gnutls_x509_crt_set_expiration_time(pair.certificate, now + 30 * DAY)
             && !gnutls_x509_crt_set_dn_by_oid(pair.certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
                                               name, strlen(name))
             && !gnutls_x509_crt_set_key(pair.certificate, pair.key), name);
    return pair;
}

static void sign(const char *folder, const char *role, struct pair *pair, struct pair *authority)
{
    gnutls_datum_t text;

    must(!gnutls_x509_crt_sign2(pair->certificate, authority->certificate, authority->key,
                                GNUTLS_DIG_SHA256, 0)
             && !gnutls_x509_crt_export2(pair->certificate, GNUTLS_X509_FMT_PEM, &text), role);
    save_datum(folder, role, "cert", &text);
}

static void free_pair(struct pair *pair)
{
    gnutls_x509_crt_deinit(pair->certificate);
    gnutls_x509_privkey_deinit(pair->key);
}

static struct pair make_authority(const char *folder)
{
    struct pair authority = new_pair("authority");

    must(!gnutls_x509_crt_set_ca_status(authority.certificate, 1)
             && !gnutls_x509_crt_set_key_usage(authority.certificate, GNUTLS_KEY_KEY_CERT_SIGN),
         "authority");
    sign(folder, "ca", &authority, &authority);
    return authority;
}

static void issue(const char *folder, const char *role, const char *purpose,
                  struct pair *authority)
{
    struct pair pair = new_pair(role);
    gnutls_datum_t text;

    must(!gnutls_x509_crt_set_key_purpose_oid(pair.certificate, purpose, 0)
             && !gnutls_x509_crt_set_subject_alt_name(pair.certificate, GNUTLS_SAN_DNSNAME,
                                                      "localhost", 9, GNUTLS_FSAN_SET)
             && !gnutls_x509_privkey_export2_pkcs8(pair.key, GNUTLS_X509_FMT_PEM, NULL,
                                                   GNUTLS_PKCS_PLAIN, &text), role);
    save_datum(folder, role, "key", &text);
    sign(folder, role, &pair, authority);
    free_pair(&pair);
}

void raw_tls_make_keys(char folder[RAW_TLS_FOLDER_BYTES])
{
    strcpy(folder, "/tmp/ovs-edge-keys-XXXXXX");
    must(mkdtemp(folder) != NULL, folder);
    save_psk(folder);
    struct pair authority = make_authority(folder);
    issue(folder, "server", GNUTLS_KP_TLS_WWW_SERVER, &authority);
    issue(folder, "client", GNUTLS_KP_TLS_WWW_CLIENT, &authority);
    free_pair(&authority);
}

void raw_tls_remove_keys(const char *folder)
{
    char path[RAW_TLS_FOLDER_BYTES + 32];

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    must(rmdir(folder) == 0, folder);
}

void raw_tls_open(struct raw_tls *raw, enum tls_kind kind, unsigned role, const char *folder,
                  const char *versions)
{
    char why[TLS_WHY_BYTES], priority[128];
    int error = role == GNUTLS_SERVER
        ? tls_server_credentials(kind, folder, false, &raw->credentials, why)
        : tls_client_credentials(kind, folder, RAW_TLS_IDENTITY, &raw->credentials, why);

    must(error == 0, error ? why : folder);
    snprintf(priority, sizeof(priority), "NORMAL:-VERS-ALL:%s%s", versions,
             kind == TLS_PSK ? ":-KX-ALL:+ECDHE-PSK:+DHE-PSK" : "");
    must(!gnutls_init(&raw->session, role | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL)
             && !gnutls_priority_set_direct(raw->session, priority, NULL)
             && !gnutls_credentials_set(raw->session, raw->credentials->type,
                                        raw->credentials->any), priority);
}

void raw_tls_close(struct raw_tls *raw)
{
    gnutls_deinit(raw->session);
    tls_credentials_free(raw->credentials);
}
