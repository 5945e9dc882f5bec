/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* Why an operation was refused: what a control reply carries. */

#define FAULT_TEXT_SIZE 600

enum reason {
    REASON_NONE = 0,
    REASON_OBJECT_NOT_FOUND = 1,
    REASON_INVALID_OPERATION = 2,
    REASON_SNAPSHOT_NOT_FOUND = 3,
    REASON_FILE_EXISTS = 4,
    REASON_INSUFFICIENT_RESOURCES = 5,
    REASON_PREVIOUS_SNAPSHOT_NOT_ON_BACKEND = 6,
    REASON_OBJECT_STILL_HAS_CHILDREN = 7,
    REASON_SNAPSHOT_NAME_ALREADY_EXISTS = 8,
};

struct fault {
    int error;          /* errno value, 0: none */
    enum reason reason;
    char text[FAULT_TEXT_SIZE];
};

/* Both return the errno value. */
int fault_set(struct fault *fault, int error, enum reason reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A failure of the store itself. */
int fault_store(struct fault *fault, int error, const char *what);
