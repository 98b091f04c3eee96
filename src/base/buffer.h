#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>

/* A growing run of bytes that is always ended by NUL and never grows past `limit`. What does not
 * fit is dropped whole and remembered: append without checks and ask buffer_overflowed() once. */
struct buffer {
    char *data; /* NULL until the first append; then owned, NUL-ended */
    size_t size;
    size_t capacity;
    size_t limit;
    bool overflowed;
};

void buffer_init(struct buffer *buffer, size_t limit);
void buffer_done(struct buffer *buffer);  /* frees; the struct may be initialised again */
void buffer_clear(struct buffer *buffer); /* size 0, keeps memory and limit */
void buffer_add(struct buffer *buffer, const void *data, size_t size);
void buffer_add_text(struct buffer *buffer, struct text text);
void buffer_add_chars(struct buffer *buffer, const char *nul_ended);
void buffer_add_byte(struct buffer *buffer, char byte);
void buffer_add_int64(struct buffer *buffer, int64_t value);
PRINTF(2, 3) void buffer_add_format(struct buffer *buffer, const char *format, ...);
bool buffer_overflowed(const struct buffer *buffer);
struct text buffer_text(const struct buffer *buffer);  /* borrowed, until the next change */
const char *buffer_chars(const struct buffer *buffer); /* NUL-ended, "" when empty */
char *buffer_take(struct buffer *buffer); /* caller owns the NUL-ended bytes; buffer is empty */
