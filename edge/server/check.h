/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Verification of a store: `ovs-edge check`. */

/* Verifies the store in `path`, which no engine may be serving; prints findings. The exit status: 0
 * good, 1 findings, 2 not checked. */
int check_store(const char *path);
