/* SPDX-License-Identifier: Apache-2.0 */

/* The functions of the interface for attributes: where a context connects to, and how. */

#include "attr.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

ovs_ctx_attr_t *ovs_ctx_attr_new(void)
{
    ovs_ctx_attr_t *attr = calloc(1, sizeof(*attr));

    if (attr != NULL)
        attr->queue_depth = QUEUE_DEPTH_DEFAULT;
    return made(attr);
}

int ovs_ctx_attr_destroy(ovs_ctx_attr_t *attr)
{
    if (attr == NULL)
        return fail(EINVAL);
    free(attr);
    return 0;
}

static enum transport transport_named(const char *name)
{
    if (name == NULL || strcmp(name, "shm") == 0)
        return TRANSPORT_SHM;
    if (strcmp(name, "tcp") == 0)
        return TRANSPORT_TCP;
    if (strcmp(name, "rdma") == 0)
        return TRANSPORT_RDMA;
    return TRANSPORT_NONE;
}

static void remember(ovs_ctx_attr_t *attr, const struct addrinfo *found)
{
    attr->address_count = 0;
    for (; found != NULL && attr->address_count < ADDRESSES_MAX; found = found->ai_next) {
        struct address *address = &attr->addresses[attr->address_count++];

        memcpy(&address->socket, found->ai_addr, found->ai_addrlen);
        address->length = found->ai_addrlen;
    }
}

/* A name that cannot be resolved is an invalid argument like any other. */
static int resolve(ovs_ctx_attr_t *attr, const char *host, int port)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char service[16];

    if (host == NULL || strlen(host) >= HOST_LIMIT || port < 1 || port > 65535)
        return fail(EINVAL);
    snprintf(service, sizeof(service), "%d", port);
    if (getaddrinfo(host, service, &hints, &found) != 0)
        return fail(EINVAL);
    remember(attr, found);
    freeaddrinfo(found);
    strcpy(attr->host, host);
    attr->port = port;
    return 0;
}

int ovs_ctx_attr_set_transport(ovs_ctx_attr_t *attr, const char *transport, const char *host,
                               int port)
{
    enum transport wanted = transport_named(transport);

    if (attr == NULL || wanted == TRANSPORT_NONE)
        return fail(EINVAL);
    if (wanted != TRANSPORT_SHM && resolve(attr, host, port) < 0)
        return -1;
    attr->transport = wanted;
    return result_of(0);
}

int ovs_ctx_attr_set_network_qdepth(ovs_ctx_attr_t *attr, const uint64_t qdepth)
{
    if (attr == NULL || qdepth == 0)
        return fail(EINVAL);
    attr->queue_depth = qdepth < QUEUE_DEPTH_MAX ? qdepth : QUEUE_DEPTH_MAX;
    return result_of(0);
}

int ovs_ctx_attr_enable_ha(ovs_ctx_attr_t *attr)
{
    if (attr == NULL)
        return fail(EINVAL);
    attr->ha = true;
    return result_of(0);
}
