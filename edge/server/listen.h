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

#pragma once

#include <sys/socket.h>

/* Listening sockets; -1 and a logged reason on failure. */

int listen_tcp(const char *address, char bound[300]);
int listen_unix(const char *path);
/* The next connection, ready for use, and whose it is; or -1. */
int listen_accept(int listener, struct sockaddr_storage *peer);
