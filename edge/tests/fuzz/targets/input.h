/*
 * Licensed under the Apache License, Version 2.0 (the "License"); you may
 * not use this file except in compliance with the License. You may obtain
 * a copy of the License at
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
 * WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
 * License for the specific language governing permissions and limitations
 * under the License.
 */

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
