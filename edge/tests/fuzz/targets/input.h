/* SPDX-License-Identifier: Apache-2.0 */

#pragma once

/* The fuzzer's bytes, taken from the front; after the last one there are zeros. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct input {
    const uint8_t *at;
    size_t left;
};

static inline struct input input_take(struct input *input, size_t most)
{
    struct input taken = {input->at, most < input->left ? most : input->left};

    input->at += taken.left;
    input->left -= taken.left;
    return taken;
}

static inline uint32_t input_number(struct input *input, size_t bytes)
{
    struct input taken = input_take(input, bytes);
    uint32_t value = 0;

    for (size_t i = 0; i < taken.left; i++)
        value = value << 8 | taken.at[i];
    return value;
}
