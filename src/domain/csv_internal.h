#pragma once

#include "base/buffer.h"
#include "domain/csv.h"

/* What csv_text.c does for csv.c: characters, not cells. */

struct utf16_state {
    uint32_t high; /* a high surrogate that waits for its other half; 0 = none */
    bool has_byte; /* half a code unit waits */
    unsigned char byte;
    int64_t repairs;
};

/* Decodes at most up to and with the first line break, or until `out` is nearly full. Returns the
 * bytes used; a byte order mark is dropped. Halves that miss their other half become U+FFFD. */
size_t utf16_decode(struct utf16_state *state, bool big_endian, const unsigned char *data,
                    size_t size, char *out, size_t out_size, size_t *ret_written);

/* Appends `cell` with every byte that is no UTF-8 (with `all`: every byte beyond ASCII) replaced
 * by the character of Windows-1252; returns how many were replaced. */
int64_t windows_1252_repair(struct buffer *buffer, struct text cell, bool all);
