/* SPDX-License-Identifier: Apache-2.0 */

/* edge.conf: which section counts, and what is refused. */
#undef NDEBUG /* the assertions are the test */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

static char path[] = "/tmp/ovs-edge-config-XXXXXX";

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    assert(file != NULL);
    assert(fputs(text, file) >= 0);
    assert(fclose(file) == 0);
}

static int read_for(const char *text, const char *host, int port, struct config *config)
{
    write_file(text);
    return config_read(path, host, port, config);
}

/* All of them want TLS in some way; the directory tells which section was taken. */
static void assert_dir(const char *wanted, const char *text, const char *host, int port)
{
    struct config config;

    assert(read_for(text, host, port, &config) == 0);
    if (strcmp(config.tls_dir, wanted) != 0) {
        fprintf(stderr, "%s:%d has %s in\n%s", host, port, config.tls_dir, text);
        abort();
    }
}

static void test_defaults(void)
{
    struct config config;

    assert(read_for("# nothing\n\n ; at all\n", "storage1", 26203, &config) == 0);
    assert(config.tls == TLS_OFF);
    assert(strcmp(config.tls_dir, "/etc/openvstorage/tls") == 0);
    assert(strcmp(config.tls_hostname, "storage1") == 0);
}

static void test_values(void)
{
    struct config config;

    assert(read_for("[default]\n\ttls=psk\r\n  psk_identity =  a name = with that  \n"
                    "tls_dir = /a b\ntls_hostname = other",
                    "storage1", 26203, &config) == 0);
    assert(config.tls == TLS_PSK);
    assert(strcmp(config.psk_identity, "a name = with that") == 0);
    assert(strcmp(config.tls_dir, "/a b") == 0);
    assert(strcmp(config.tls_hostname, "other") == 0);
}

static void test_most_special_section(void)
{
    const char *text = "[h:2]\ntls_dir = /port\n"
                       "[H]\ntls_dir = /host\n"
                       "[default]\ntls_dir = /all\n"
                       "[[2001:db8::7]]\ntls_dir = /six\n"
                       "[[2001:db8:0::7]:3]\ntls_dir = /six-port\n";

    assert_dir("/port", text, "h", 2);
    assert_dir("/host", text, "h", 3);
    assert_dir("/all", text, "hh", 2);
    assert_dir("/six", text, "2001:0db8::7", 2);
    assert_dir("/six-port", text, "2001:db8::0007", 3);
    assert_dir("/all", text, "2001:db8::8", 3);
}

/* Each key for itself: a section of a host adds to the default. */
static void test_inheritance(void)
{
    struct config config;

    assert(read_for("[default]\ntls = x509\n[h]\ntls_hostname = name\n", "h", 1, &config) == 0);
    assert(config.tls == TLS_X509);
    assert(strcmp(config.tls_hostname, "name") == 0);
}

static void test_later_line_counts(void)
{
    assert_dir("/b", "[default]\ntls_dir = /a\n[default]\ntls_dir = /b\n", "h", 1);
}

static void test_mistakes(void)
{
    static const char *const mistakes[] = {
        "tls = x509\n",                     /* in no section */
        "[default]\ntsl = x509\n",
        "[default]\ntls = X509\n",
        "[default]\ntls = yes\n",
        "[default]\ntls =\n",
        "[default]\ntls\n",
        "[default]\ntls_dir = tls\n",       /* relative to what? */
        "[default]\npsk_identity = \n",
        "[default\ntls = x509\n",
        "[]\n",
        "[::1]\n",                          /* where does the host end? */
        "[[::1]\n",
        "[[::1]26203]\n",
        "[h:]\n",
        "[h:0]\n",
        "[h:65536]\n",
        "[h:1x]\n",
        "[default]\ntls = psk\n",           /* as whom? */
        "[another host]\ntls = maybe\n",
    };
    struct config config;

    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
        if (read_for(mistakes[i], "h", 1, &config) != EINVAL) {
            fprintf(stderr, "taken for good: %s", mistakes[i]);
            abort();
        }
}

static void test_long_lines(void)
{
    char text[2 * CONFIG_LINE_LIMIT];
    struct config config;

    memset(text, 'x', sizeof(text));
    memcpy(text, "[default]\n#", 11);
    strcpy(text + sizeof(text) - 2, "\n");
    assert(read_for(text, "h", 1, &config) == EINVAL);
    text[10 + CONFIG_VALUE_LIMIT + 15] = '\n';
    memcpy(text + 10, "psk_identity = ", 15);
    text[10 + CONFIG_VALUE_LIMIT + 16] = '\0';
    assert(read_for(text, "h", 1, &config) == EINVAL);
    text[10 + CONFIG_VALUE_LIMIT + 14] = '\n';
    text[10 + CONFIG_VALUE_LIMIT + 15] = '\0';
    assert(read_for(text, "h", 1, &config) == 0);
    assert(strlen(config.psk_identity) == CONFIG_VALUE_LIMIT - 1);
}

static void test_missing_file(void)
{
    struct config config;

    assert(unlink(path) == 0);
    assert(config_read(path, "h", 1, &config) == ENOENT);
    assert(setenv("OVS_EDGE_CONFIG", path, 1) == 0);
    assert(config_load("h", 1, &config) == ENOENT);
}

int main(void)
{
    int fd = mkstemp(path);

    assert(fd >= 0 && close(fd) == 0);
    test_defaults();
    test_values();
    test_most_special_section();
    test_inheritance();
    test_later_line_counts();
    test_mistakes();
    test_long_lines();
    test_missing_file();
    return 0;
}
