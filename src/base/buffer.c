/* Growing byte runs with a limit: see buffer.h. */
#include "base/buffer.h"

#include "base/mem.h"

#include <stdio.h>

void buffer_init(struct buffer *buffer, size_t limit)
{
    *buffer = (struct buffer){.limit = limit};
}

void buffer_done(struct buffer *buffer)
{
    mem_free(buffer->data);
    *buffer = (struct buffer){.limit = buffer->limit};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->overflowed = false;
    if (buffer->data != NULL) {
        buffer->data[0] = '\0';
    }
}

static bool make_room(struct buffer *buffer, size_t size)
{
    if (size > buffer->limit || buffer->size > buffer->limit - size) {
        buffer->overflowed = true;
        return false;
    }
    size_t needed = buffer->size + size + 1;
    if (needed > buffer->capacity) {
        size_t capacity = buffer->capacity < 128 ? 128 : buffer->capacity;
        while (capacity < needed) {
            capacity *= 2;
        }
        buffer->data = mem_resize(buffer->data, capacity);
        buffer->capacity = capacity;
    }
    return true;
}

void buffer_add(struct buffer *buffer, const void *data, size_t size)
{
    if (size == 0 || !make_room(buffer, size)) {
        return;
    }
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void buffer_add_text(struct buffer *buffer, struct text text)
{
    buffer_add(buffer, text.data, text.size);
}

void buffer_add_chars(struct buffer *buffer, const char *nul_ended)
{
    buffer_add(buffer, nul_ended, strlen(nul_ended));
}

void buffer_add_byte(struct buffer *buffer, char byte)
{
    if (buffer->size + 1 >= buffer->capacity || buffer->size >= buffer->limit) {
        buffer_add(buffer, &byte, 1);
        return;
    }
    buffer->data[buffer->size++] = byte;
    buffer->data[buffer->size] = '\0';
}

void buffer_add_int64(struct buffer *buffer, int64_t value)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        *--at = '-';
    }
    buffer_add(buffer, at, (size_t)(digits + sizeof(digits) - at));
}

void buffer_add_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    CHECK(size >= 0);
    if (!make_room(buffer, (size_t)size)) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(buffer->data + buffer->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)size;
}

bool buffer_overflowed(const struct buffer *buffer)
{
    return buffer->overflowed;
}

struct text buffer_text(const struct buffer *buffer)
{
    return (struct text){.data = buffer_chars(buffer), .size = buffer->size};
}

const char *buffer_chars(const struct buffer *buffer)
{
    return buffer->data == NULL ? "" : buffer->data;
}

char *buffer_take(struct buffer *buffer)
{
    char *taken = buffer->data == NULL ? mem_copy_text("") : buffer->data;
    *buffer = (struct buffer){.limit = buffer->limit};
    return taken;
}
