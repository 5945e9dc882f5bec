/* SPDX-License-Identifier: Apache-2.0 */

/* Completions: how a user is told that a request is done. */
#ifndef OVS_COMPLETION_H
#define OVS_COMPLETION_H

#include <openvstorage/volumedriver.h>

/* Tells the user. He may release the completion in his callback. */
void completion_call(ovs_completion_t *completion, ssize_t result);

#endif
