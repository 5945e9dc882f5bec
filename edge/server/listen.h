/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Listening sockets; -1 and a logged reason on failure. */

#include <sys/socket.h>

int listen_tcp(const char *address, char bound[300]);
int listen_unix(const char *path);
/* The next connection, ready for use, and whose it is; or -1. */
int listen_accept(int listener, struct sockaddr_storage *peer);
