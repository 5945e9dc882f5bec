/*
 * Licensed under the Apache License, Version 2.0 (the "License"); you may
 * not use this file except in compliance with the License. You may obtain
 * a copy of the License at
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
 * WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
 * License for the specific language governing permissions and limitations
 * under the License.
 */

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
