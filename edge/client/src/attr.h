/* SPDX-License-Identifier: Apache-2.0 */

/* The attributes of a context. */
#ifndef OVS_ATTR_H
#define OVS_ATTR_H

#include <openvstorage/volumedriver.h>
#include <sys/socket.h>

#include "bounds.h"

enum transport { TRANSPORT_NONE, TRANSPORT_SHM, TRANSPORT_TCP, TRANSPORT_RDMA };

struct address {
    struct sockaddr_storage socket;
    socklen_t length;
};

struct ovs_context_attr {
    enum transport transport;
    char host[HOST_LIMIT]; /* as it was given, and its port: edge.conf has sections for them */
    int port;
    struct address addresses[ADDRESSES_MAX]; /* of the host, for tcp and rdma */
    size_t address_count;
    uint64_t queue_depth;
    bool ha;
};

#endif
