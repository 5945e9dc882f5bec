/* SPDX-License-Identifier: Apache-2.0 */

/* The calls of libovsvolumedriver that ovs_drivers.edge makes, each passed on
 * as one line to the fake vPool of the unit tests (edge_port.py).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct attr {
    char host[256];
    char port[16];
};

struct ctx {
    FILE *requests;
    FILE *answers;
    char *answer; /* of the last call, its fields ended by NUL */
    size_t room;
    char volume[256];
};

struct attr *ovs_ctx_attr_new(void)
{
    return calloc(1, sizeof(struct attr));
}

int ovs_ctx_attr_destroy(struct attr *attr)
{
    free(attr);
    return 0;
}

int ovs_ctx_attr_set_transport(struct attr *attr, const char *transport, const char *host,
                               int port)
{
    if (strcmp(transport, "tcp") != 0) {
        errno = EINVAL;
        return -1;
    }
    snprintf(attr->host, sizeof(attr->host), "%s", host);
    snprintf(attr->port, sizeof(attr->port), "%d", port);
    return 0;
}

struct ctx *ovs_ctx_new(const struct attr *attr)
{
    struct addrinfo *address;
    if (getaddrinfo(attr->host, attr->port, NULL, &address) != 0) {
        errno = EHOSTUNREACH;
        return NULL;
    }
    int fd = socket(address->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        int error = errno;
        freeaddrinfo(address);
        if (fd >= 0) {
            close(fd);
        }
        errno = error;
        return NULL;
    }
    freeaddrinfo(address);
    struct ctx *ctx = calloc(1, sizeof(*ctx));
    ctx->requests = fdopen(fd, "w");
    ctx->answers = fdopen(dup(fd), "r");
    return ctx;
}

int ovs_ctx_destroy(struct ctx *ctx)
{
    fclose(ctx->requests);
    fclose(ctx->answers);
    free(ctx->answer);
    free(ctx);
    return 0;
}

/* Returns the result and leaves the fields after it in *fields, or -1. */
static int64_t call(struct ctx *ctx, char **fields, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(ctx->requests, format, arguments);
    va_end(arguments);
    fputc('\n', ctx->requests);
    fflush(ctx->requests);
    ssize_t length = getline(&ctx->answer, &ctx->room, ctx->answers);
    if (length <= 0) {
        errno = EIO;
        return -1;
    }
    ctx->answer[length - 1] = '\0';
    char *result = strchr(ctx->answer, '\t');
    *result++ = '\0';
    *fields = strchr(result, '\t');
    if (*fields != NULL) {
        *(*fields)++ = '\0';
    }
    errno = atoi(ctx->answer);
    return errno != 0 ? -1 : strtoll(result, NULL, 10);
}

int ovs_ctx_init(struct ctx *ctx, const char *volume, int oflag)
{
    char *fields;
    (void)oflag;
    snprintf(ctx->volume, sizeof(ctx->volume), "%s", volume);
    return call(ctx, &fields, "stat\t%s", volume) < 0 ? -1 : 0;
}

int ovs_create_volume(struct ctx *ctx, const char *volume, uint64_t size)
{
    char *fields;
    return call(ctx, &fields, "create\t%s\t%llu", volume, (unsigned long long)size);
}

int ovs_truncate_volume(struct ctx *ctx, const char *volume, uint64_t size)
{
    char *fields;
    return call(ctx, &fields, "truncate\t%s\t%llu", volume, (unsigned long long)size);
}

int ovs_stat(struct ctx *ctx, struct stat *stat)
{
    char *fields;
    int64_t size = call(ctx, &fields, "stat\t%s", ctx->volume);
    if (size < 0) {
        return -1;
    }
    memset(stat, 0, sizeof(*stat));
    stat->st_size = size;
    stat->st_blksize = 512;
    return 0;
}

int ovs_list_volumes(struct ctx *ctx, char *names, size_t *size)
{
    char *fields;
    int64_t count = call(ctx, &fields, "list");
    if (count < 0) {
        return -1;
    }
    size_t needed = count == 0 ? 0 : strlen(fields) + 1;
    if (needed > *size) {
        *size = needed;
        errno = ERANGE;
        return -1;
    }
    for (size_t i = 0; i < needed; i++) {
        names[i] = fields[i] == '\t' ? '\0' : fields[i];
    }
    return (int)needed;
}

int ovs_snapshot_create(struct ctx *ctx, const char *volume, const char *snapshot,
                        int64_t timeout)
{
    char *fields;
    return call(ctx, &fields, "snapshot_create\t%s\t%s\t%lld", volume, snapshot,
                (long long)timeout);
}

int ovs_snapshot_is_synced(struct ctx *ctx, const char *volume, const char *snapshot)
{
    char *fields;
    return call(ctx, &fields, "snapshot_is_synced\t%s\t%s", volume, snapshot);
}

/* Data crosses as hexadecimal digits. */
static unsigned char value(char digit)
{
    return (unsigned char)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

ssize_t ovs_read(struct ctx *ctx, void *buf, size_t nbytes, off_t offset)
{
    char *fields;
    int64_t count = call(ctx, &fields, "read\t%s\t%lld\t%zu", ctx->volume, (long long)offset,
                         nbytes);
    unsigned char *bytes = buf;
    for (int64_t i = 0; i < count; i++) {
        bytes[i] = (unsigned char)(value(fields[2 * i]) << 4 | value(fields[2 * i + 1]));
    }
    return count;
}

ssize_t ovs_write(struct ctx *ctx, const void *buf, size_t nbytes, off_t offset)
{
    char *fields;
    const unsigned char *bytes = buf;
    char *digits = malloc(2 * nbytes + 1);
    for (size_t i = 0; i < nbytes; i++) {
        digits[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        digits[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    digits[2 * nbytes] = '\0';
    int64_t count = call(ctx, &fields, "write\t%s\t%lld\t%s", ctx->volume, (long long)offset,
                         digits);
    free(digits);
    return count;
}

int ovs_flush(struct ctx *ctx)
{
    char *fields;
    return (int)call(ctx, &fields, "flush\t%s", ctx->volume);
}
