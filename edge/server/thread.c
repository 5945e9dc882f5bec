/* SPDX-License-Identifier: Apache-2.0 */

/* Starts threads. */

#include "thread.h"

#include <pthread.h>

#define STACK_BYTES (512 * 1024)

int thread_start(unsigned long *thread, void *(*body)(void *), void *argument)
{
    pthread_attr_t attributes;
    pthread_t id;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int error = pthread_create(&id, &attributes, body, argument);
    pthread_attr_destroy(&attributes);
    *thread = id;
    return error;
}
