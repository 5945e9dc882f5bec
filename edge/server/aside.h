/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Options that wait for other connections to go. */

struct conn;
struct server;

struct aside {
    struct aside *next;
    struct conn *conn;
    void (*run)(void *argument);
    void *argument;
};

/* It is run again in a pool when a connection has gone since the last table_end_others, or its
 * own was killed, and about every second. */
void aside_put(struct aside *aside);
/* Runs all of them again; those that find no memory wait for the next call. */
void aside_resume(struct server *server);
/* The same under the table's lock. */
void aside_resume_locked(struct server *server);
