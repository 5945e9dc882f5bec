/* SPDX-License-Identifier: Apache-2.0 */

/* The library writes to stderr why it cannot use a server, if an errno does not show the cure. */
#ifndef OVS_LOG_H
#define OVS_LOG_H

/* Writes one line. It drops a line that repeats within a minute, as reconnecting does. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
