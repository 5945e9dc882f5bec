/* SPDX-License-Identifier: Apache-2.0 */

/* Reads the key files of TLS. */

#include "tls_credentials.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PSK_BYTES_LEAST 16
#define PSK_LINE_BYTES 1024

void tls_explain(char why[TLS_WHY_BYTES], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, TLS_WHY_BYTES, format, arguments);
    va_end(arguments);
}

/* Finds a key file; with `is_secret` false, one that every user may read. */
static int find_file(const char *folder, const char *name, bool is_secret, char path[PATH_MAX],
                     char why[TLS_WHY_BYTES])
{
    struct stat st;

    if (snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX) {
        tls_explain(why, "%s: the path is too long", folder);
        return ENAMETOOLONG;
    }
    if (stat(path, &st) < 0 || access(path, R_OK) < 0) {
        int error = errno;

        tls_explain(why, "%s: %s", path, strerror(error));
        return error;
    }
    if (is_secret && st.st_mode & S_IRWXO) {
        tls_explain(why, "%s: others may use this key (mode %03o); hint: chmod o= %s", path,
                    st.st_mode & 0777, path);
        return EACCES;
    }
    if (is_secret && st.st_uid && st.st_uid != geteuid()) {
        tls_explain(why, "%s: this key belongs to user %u; hint: chown root %s", path,
                    (unsigned)st.st_uid, path);
        return EACCES;
    }
    return 0;
}

static int refused(const char *path, int error, char why[TLS_WHY_BYTES])
{
    tls_explain(why, "%s: %s", path, gnutls_strerror(error));
    return EINVAL;
}

static int load_authority(gnutls_certificate_credentials_t credentials, const char *folder,
                          char why[TLS_WHY_BYTES])
{
    char path[PATH_MAX];
    int error = find_file(folder, "ca-cert.pem", false, path, why), count;

    if (error)
        return error;
    count = gnutls_certificate_set_x509_trust_file(credentials, path, GNUTLS_X509_FMT_PEM);
    if (count <= 0)
        return refused(path, count ? count : GNUTLS_E_NO_CERTIFICATE_FOUND, why);
    error = find_file(folder, "ca-crl.pem", false, path, why);
    if (error)
        return error == ENOENT ? 0 : error;
    count = gnutls_certificate_set_x509_crl_file(credentials, path, GNUTLS_X509_FMT_PEM);
    return count < 0 ? refused(path, count, why) : 0;
}

static int load_pair(gnutls_certificate_credentials_t credentials, const char *folder,
                     const char *certificate_name, const char *key_name, char why[TLS_WHY_BYTES])
{
    char certificate[PATH_MAX], key[PATH_MAX];
    int error = find_file(folder, certificate_name, false, certificate, why);

    if (!error)
        error = find_file(folder, key_name, true, key, why);
    if (error)
        return error;
    error = gnutls_certificate_set_x509_key_file(credentials, certificate, key,
                                                 GNUTLS_X509_FMT_PEM);
    if (!error)
        return 0;
    tls_explain(why, "%s with %s: %s", certificate, key_name, gnutls_strerror(error));
    return EINVAL;
}

static void release_certificate(struct tls_credentials *credentials)
{
    gnutls_certificate_free_credentials(credentials->certificate);
}

static int load_x509(struct tls_credentials *credentials, const char *folder, bool is_server,
                     char why[TLS_WHY_BYTES])
{
    char path[PATH_MAX], unused[TLS_WHY_BYTES];
    int error = 0;

    if (gnutls_certificate_allocate_credentials(&credentials->certificate))
        return ENOMEM;
    credentials->type = GNUTLS_CRD_CERTIFICATE;
    credentials->release = release_certificate;
    if (!is_server || credentials->verify_client)
        error = load_authority(credentials->certificate, folder, why);
    if (error)
        return error;
    if (is_server)
        return load_pair(credentials->certificate, folder, "server-cert.pem", "server-key.pem",
                         why);
    /* a client need not have one: the server says whether it wants it */
    if (find_file(folder, "client-cert.pem", false, path, unused) == ENOENT)
        return 0;
    return load_pair(credentials->certificate, folder, "client-cert.pem", "client-key.pem", why);
}

/* "IDENTITY:HEX": ends the identity and finds the key. */
static char *cut_key(char *line)
{
    char *colon = strrchr(line, ':');

    if (!colon || colon == line)
        return NULL;
    *colon++ = '\0';
    colon[strcspn(colon, "\r\n")] = '\0';
    size_t digits = strspn(colon, "0123456789abcdefABCDEF");
    return colon[digits] || digits % 2 || digits < 2 * PSK_BYTES_LEAST ? NULL : colon;
}

/* Judges all lines, and finds the key of an identity, or, with NULL, any. */
static int scan_keys(FILE *file, const char *path, const char *identity, char key[PSK_LINE_BYTES],
                     char why[TLS_WHY_BYTES])
{
    char line[PSK_LINE_BYTES];
    int error = 0;

    key[0] = '\0';
    for (int number = 1; !error && fgets(line, sizeof(line), file); number++) {
        char *found = line[0] == '\n' ? NULL : cut_key(line);

        if (found && (!identity || !strcmp(line, identity)))
            strcpy(key, found);
        if (found || line[0] == '\n')
            continue;
        tls_explain(why, "%s:%d: not IDENTITY:KEY with a key of at least %d bytes in hex; hint: "
                    "psktool -u IDENTITY -p FILE", path, number, PSK_BYTES_LEAST);
        error = EINVAL;
    }
    explicit_bzero(line, sizeof(line));
    if (error || key[0])
        return error;
    tls_explain(why, "%s: there is no key for %s%s", path,
                identity ? "psk_identity " : "any identity", identity ? identity : "");
    return EINVAL;
}

static int find_key(const char *folder, const char *identity, char path[PATH_MAX],
                    char key[PSK_LINE_BYTES], char why[TLS_WHY_BYTES])
{
    int error = find_file(folder, "keys.psk", true, path, why);

    if (error)
        return error;
    FILE *file = fopen(path, "re");
    if (!file) {
        tls_explain(why, "%s: %s", path, strerror(errno));
        return EACCES;
    }
    error = scan_keys(file, path, identity, key, why);
    fclose(file);
    return error;
}

static void release_psk_server(struct tls_credentials *credentials)
{
    gnutls_psk_free_server_credentials(credentials->psk_server);
}

/* GnuTLS looks into the file at each handshake: a new identity needs no restart. */
static int load_psk_server(struct tls_credentials *credentials, const char *folder,
                           char why[TLS_WHY_BYTES])
{
    char path[PATH_MAX], key[PSK_LINE_BYTES];
    int error = find_key(folder, NULL, path, key, why);

    explicit_bzero(key, sizeof(key));
    if (error)
        return error;
    if (gnutls_psk_allocate_server_credentials(&credentials->psk_server))
        return ENOMEM;
    credentials->type = GNUTLS_CRD_PSK;
    credentials->release = release_psk_server;
    error = gnutls_psk_set_server_credentials_file(credentials->psk_server, path);
    return error ? refused(path, error, why) : 0;
}

static void release_psk_client(struct tls_credentials *credentials)
{
    gnutls_psk_free_client_credentials(credentials->psk_client);
}

static int set_key(struct tls_credentials *credentials, const char *identity, const char *key)
{
    const gnutls_datum_t datum = {(unsigned char *)key, strlen(key)};

    if (gnutls_psk_allocate_client_credentials(&credentials->psk_client))
        return GNUTLS_E_MEMORY_ERROR;
    credentials->type = GNUTLS_CRD_PSK;
    credentials->release = release_psk_client;
    return gnutls_psk_set_client_credentials(credentials->psk_client, identity, &datum,
                                             GNUTLS_PSK_KEY_HEX);
}

static int load_psk_client(struct tls_credentials *credentials, const char *folder,
                           const char *identity, char why[TLS_WHY_BYTES])
{
    char path[PATH_MAX], key[PSK_LINE_BYTES];
    int error = find_key(folder, identity, path, key, why);

    if (error)
        return error;
    error = set_key(credentials, identity, key);
    explicit_bzero(key, sizeof(key));
    return error ? refused(path, error, why) : 0;
}

static struct tls_credentials *credentials_new(enum tls_kind kind)
{
    struct tls_credentials *credentials = calloc(1, sizeof(*credentials));

    if (credentials)
        credentials->kind = kind;
    return credentials;
}

static int hand_over(struct tls_credentials *made, int error, struct tls_credentials **credentials)
{
    if (error)
        tls_credentials_free(made);
    else
        *credentials = made;
    return error;
}

int tls_server_credentials(enum tls_kind kind, const char *folder, bool verify_client,
                           struct tls_credentials **credentials, char why[TLS_WHY_BYTES])
{
    struct tls_credentials *made = credentials_new(kind);

    tls_explain(why, "no memory");
    if (!made)
        return ENOMEM;
    made->verify_client = verify_client;
    return hand_over(made, kind == TLS_PSK ? load_psk_server(made, folder, why)
                     : load_x509(made, folder, true, why), credentials);
}

int tls_client_credentials(enum tls_kind kind, const char *folder, const char *identity,
                           struct tls_credentials **credentials, char why[TLS_WHY_BYTES])
{
    struct tls_credentials *made = credentials_new(kind);

    tls_explain(why, "no memory");
    if (!made)
        return ENOMEM;
    return hand_over(made, kind == TLS_PSK ? load_psk_client(made, folder, identity, why)
                     : load_x509(made, folder, false, why), credentials);
}

void tls_credentials_free(struct tls_credentials *credentials)
{
    if (credentials && credentials->release)
        credentials->release(credentials);
    free(credentials);
}
