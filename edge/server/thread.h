/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Threads of the engine. */

/* Starts a thread with the engine's stack size; 0 or an errno value. */
int thread_start(unsigned long *thread, void *(*body)(void *), void *argument);
