#pragma once

/* What every fuzz target includes. A target has the one function that libFuzzer calls; built
 * without libFuzzer, fuzz_replay.c calls it once for each file of its corpus. */

#include "base/compiler.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline UNUSED uint64_t fuzz_hash(struct text text)
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < text.size; i++) {
        hash = (hash ^ (unsigned char)text.data[i]) * 0x100000001b3U;
    }
    return hash;
}

/* Takes `size` bytes off the front of the input; fewer when it ends. */
static inline UNUSED struct text fuzz_take(struct text *input, size_t size)
{
    struct text taken = text_head(*input, size < input->size ? size : input->size);
    *input = text_skip(*input, taken.size);
    return taken;
}

static inline UNUSED uint64_t fuzz_take_number(struct text *input, size_t bytes)
{
    uint64_t value = 0;
    struct text taken = fuzz_take(input, bytes);
    for (size_t i = 0; i < taken.size; i++) {
        value = value << 8 | (unsigned char)taken.data[i];
    }
    return value;
}
