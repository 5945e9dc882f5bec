/* SPDX-License-Identifier: Apache-2.0 */

/* Wake-ups of a thread that waits in poll(). */
#ifndef OVS_WAKE_H
#define OVS_WAKE_H

/* Returns a descriptor that is readable while a wake-up is pending; or -1, and errno. */
int wake_new(void);

void wake_up(int fd);

/* Takes back the wake-ups so far. */
void wake_drain(int fd);

#endif
