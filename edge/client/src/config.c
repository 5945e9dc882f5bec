/* SPDX-License-Identifier: Apache-2.0 */

/* Reads edge.conf. */

#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static const char USUAL_PATH[] = "/etc/openvstorage/edge.conf";
static const char USUAL_TLS_DIR[] = "/etc/openvstorage/tls";

/* The ranks of sections for the server in question. */
enum rank { RANK_OTHER, RANK_DEFAULT, RANK_HOST, RANK_PORT };

struct key {
    const char *name;
    /* Returns NULL, or the demand on the value. */
    const char *(*parse)(const char *value, void *field, size_t room);
    size_t field, room;
};

static const char *parse_kind(const char *value, void *field, size_t room)
{
    enum tls_kind *kind = field;

    (void)room;
    if (strcmp(value, "off") == 0)
        *kind = TLS_OFF;
    else if (strcmp(value, "psk") == 0)
        *kind = TLS_PSK;
    else if (strcmp(value, "x509") == 0)
        *kind = TLS_X509;
    else
        return "off, psk or x509";
    return NULL;
}

static const char *parse_text(const char *value, void *field, size_t room)
{
    if (value[0] == '\0' || strlen(value) >= room)
        return "a text that is neither empty nor too long";
    strcpy(field, value);
    return NULL;
}

static const char *parse_path(const char *value, void *field, size_t room)
{
    return value[0] != '/' ? "an absolute path" : parse_text(value, field, room);
}

static const char *parse_seconds(const char *value, void *field, size_t room)
{
    int *seconds = field;
    size_t digits = strspn(value, "0123456789");

    (void)room;
    if (digits == 0 || value[digits] != '\0' || digits > 7 || atoi(value) > TIMEOUT_MAX_S)
        return "a number of seconds from 0 (no end) to 1000000";
    *seconds = atoi(value);
    return NULL;
}

#define FIELD(name) offsetof(struct config, name), sizeof(((struct config *)0)->name)

static const struct key keys[] = {
    {"tls", parse_kind, FIELD(tls)},
    {"tls_dir", parse_path, FIELD(tls_dir)},
    {"psk_identity", parse_text, FIELD(psk_identity)},
    {"tls_hostname", parse_text, FIELD(tls_hostname)},
    {"io_timeout", parse_seconds, FIELD(io_timeout)},
    {"reconnect_timeout", parse_seconds, FIELD(reconnect_timeout)},
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

struct parser {
    const char *path;
    int line;
    const char *host;
    int port;
    enum rank rank;         /* of the section that the line is in */
    bool in_section;
    enum rank found[KEYS];  /* in which rank of section the key was last seen */
    struct config *config;
};

static int complain(const struct parser *parser, const char *what, const char *text)
{
    log_error("%s:%d: '%s' is not %s", parser->path, parser->line, text, what);
    return EINVAL;
}

static char *trim(char *text)
{
    char *end = text + strlen(text);

    while (isspace((unsigned char)*text))
        text++;
    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    *end = '\0';
    return text;
}

/* Compares hosts, not texts: an IPv6 address has many forms. */
static bool is_same_host(const char *one, const char *other)
{
    struct in6_addr a, b;

    if (inet_pton(AF_INET6, one, &a) == 1 && inet_pton(AF_INET6, other, &b) == 1)
        return memcmp(&a, &b, sizeof(a)) == 0;
    return strcasecmp(one, other) == 0;
}

/* Cuts "HOST", "HOST:PORT", "[HOST]" or "[HOST]:PORT". Port 0: none. */
static bool cut_address(char *text, char **host, int *port)
{
    char *colon = text[0] == '[' ? strchr(text, ']') : strchr(text, ':');
    char *end;

    *host = text;
    *port = 0;
    if (text[0] == '[') {
        if (colon == NULL)
            return false;
        *host = text + 1;
        *colon++ = '\0';
        if (*colon == '\0')
            return true;
    }
    if (colon == NULL)
        return true;
    if (*colon != ':' || !isdigit((unsigned char)colon[1]))
        return false;
    *colon = '\0';
    *port = (int)strtol(colon + 1, &end, 10);
    return *end == '\0' && *port >= 1 && *port <= 65535;
}

static int take_section(struct parser *parser, char *line)
{
    size_t length = strlen(line);
    char name[CONFIG_LINE_LIMIT], *host;
    int port;

    if (line[length - 1] != ']')
        return complain(parser, "a section: its ] is missing", line);
    line[length - 1] = '\0';
    strcpy(name, line + 1);
    if (!cut_address(name, &host, &port) || host[0] == '\0')
        return complain(parser, "default, HOST or HOST:PORT (IPv6 in brackets)", line + 1);
    parser->in_section = true;
    if (strcasecmp(host, "default") == 0)
        parser->rank = RANK_DEFAULT;
    else if (!is_same_host(host, parser->host) || (port != 0 && port != parser->port))
        parser->rank = RANK_OTHER;
    else
        parser->rank = port != 0 ? RANK_PORT : RANK_HOST;
    return 0;
}

/* Values of other servers are judged as well, so that a mistake shows at once. */
static int take_value(struct parser *parser, const struct key *key, const char *value)
{
    struct config unused, *config = &unused;
    enum rank *found = &parser->found[key - keys];
    const char *wanted;

    if (parser->rank != RANK_OTHER && parser->rank >= *found) {
        *found = parser->rank;
        config = parser->config;
    }
    wanted = key->parse(value, (char *)config + key->field, key->room);
    return wanted != NULL ? complain(parser, wanted, value) : 0;
}

static int take_setting(struct parser *parser, char *line)
{
    char *equals = strchr(line, '=');
    const char *name;

    if (equals == NULL)
        return complain(parser, "[SECTION] or KEY = VALUE", line);
    *equals = '\0';
    name = trim(line);
    if (!parser->in_section)
        return complain(parser, "in a section: begin with [default]", name);
    for (const struct key *key = keys; key < keys + KEYS; key++)
        if (strcmp(name, key->name) == 0)
            return take_value(parser, key, trim(equals + 1));
    return complain(parser, "a known key", name);
}

static int take_line(struct parser *parser, char *line)
{
    if (strlen(line) == CONFIG_LINE_LIMIT - 1)
        return complain(parser, "a line: it is too long", "...");
    line = trim(line);
    if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
        return 0;
    return line[0] == '[' ? take_section(parser, line) : take_setting(parser, line);
}

static int take_file(struct parser *parser, FILE *file)
{
    char line[CONFIG_LINE_LIMIT];
    int error = 0;

    while (error == 0 && fgets(line, sizeof(line), file) != NULL) {
        parser->line++;
        error = take_line(parser, line);
    }
    if (error == 0 && ferror(file)) {
        error = EIO;
        log_error("%s: cannot be read", parser->path);
    }
    return error;
}

static int judge(const struct config *config, const char *path)
{
    if (config->tls != TLS_PSK || config->psk_identity[0] != '\0')
        return 0;
    log_error("%s: tls = psk needs psk_identity too, a name in %s/keys.psk", path,
              config->tls_dir);
    return EINVAL;
}

static int read_or_default(const char *path, bool may_be_missing, const char *host, int port,
                           struct config *config)
{
    struct parser parser = {.path = path, .host = host, .port = port, .config = config};
    FILE *file = fopen(path, "re");
    int error;

    memset(config, 0, sizeof(*config));
    strcpy(config->tls_dir, USUAL_TLS_DIR);
    strcpy(config->tls_hostname, host); /* its length was checked */
    config->io_timeout = IO_TIMEOUT_S;
    config->reconnect_timeout = RECONNECT_TIMEOUT_S;
    if (file == NULL) {
        error = errno;
        if (error == ENOENT && may_be_missing)
            return 0;
        log_error("%s: %s", path, strerror(error));
        return error;
    }
    error = take_file(&parser, file);
    fclose(file);
    return error != 0 ? error : judge(config, path);
}

int config_read(const char *path, const char *host, int port, struct config *config)
{
    return read_or_default(path, false, host, port, config);
}

int config_load(const char *host, int port, struct config *config)
{
    const char *named = secure_getenv("OVS_EDGE_CONFIG");

    if (named != NULL && named[0] != '\0')
        return config_read(named, host, port, config);
    return read_or_default(USUAL_PATH, true, host, port, config);
}

static int64_t timeout_ms(int seconds)
{
    return seconds == 0 ? INT64_MAX : (int64_t)seconds * OVS_SECOND_MS;
}

int64_t config_io_timeout_ms(const struct config *config)
{
    return timeout_ms(config->io_timeout);
}

int64_t config_reconnect_timeout_ms(const struct config *config)
{
    return timeout_ms(config->reconnect_timeout);
}
