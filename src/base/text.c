/* Borrowed slices of bytes: see text.h. */
#include "base/text.h"

#include <limits.h>

bool text_equal(struct text a, struct text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static unsigned char lower(char byte)
{
    return (unsigned char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

bool text_equal_ignore_case(struct text a, struct text b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

int text_compare(struct text a, struct text b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    if (order != 0) {
        return order;
    }
    return a.size < b.size ? -1 : a.size > b.size;
}

bool text_starts_with(struct text text, struct text prefix)
{
    return text.size >= prefix.size && text_equal(text_head(text, prefix.size), prefix);
}

bool text_ends_with(struct text text, struct text suffix)
{
    return text.size >= suffix.size && text_equal(text_skip(text, text.size - suffix.size), suffix);
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

struct text text_trim(struct text text)
{
    while (text.size > 0 && is_space(text.data[0])) {
        text = text_skip(text, 1);
    }
    while (text.size > 0 && is_space(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

struct text text_skip(struct text text, size_t bytes)
{
    CHECK(bytes <= text.size);
    if (bytes == 0) {
        return text;
    }
    return (struct text){.data = text.data + bytes, .size = text.size - bytes};
}

struct text text_head(struct text text, size_t bytes)
{
    CHECK(bytes <= text.size);
    return (struct text){.data = text.data, .size = bytes};
}

bool text_find(struct text text, char byte, size_t *ret_at)
{
    const char *found = text.size == 0 ? NULL : memchr(text.data, byte, text.size);
    if (found == NULL) {
        return false;
    }
    *ret_at = (size_t)(found - text.data);
    return true;
}

bool text_find_text(struct text text, struct text wanted, size_t *ret_at)
{
    const char *found =
        text.size == 0 ? NULL : memmem(text.data, text.size, wanted.data, wanted.size);
    if (found == NULL) {
        return false;
    }
    *ret_at = (size_t)(found - text.data);
    return true;
}

bool text_next(struct text *text, char separator, struct text *ret_left)
{
    if (text->data == NULL) {
        return false;
    }
    size_t at = 0;
    if (text_find(*text, separator, &at)) {
        *ret_left = text_head(*text, at);
        *text = text_skip(*text, at + 1);
    } else {
        *ret_left = *text;
        *text = (struct text){0};
    }
    return true;
}

bool text_to_int64(struct text text, int64_t *ret_value)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    if (negative) {
        text = text_skip(text, 1);
    }
    if (text.size == 0) {
        return false;
    }
    int64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        int64_t digit = text.data[i] - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value)) {
            return false;
        }
    }
    if (!negative && value == INT64_MIN) {
        return false;
    }
    *ret_value = negative ? value : -value;
    return true;
}

bool text_next_code_point(struct text *text, uint32_t *ret_code_point)
{
    if (text->size == 0) {
        return false;
    }
    const unsigned char *bytes = (const unsigned char *)text->data;
    static const uint32_t SMALLEST[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = bytes[0] < 0x80             ? 1
                    : (bytes[0] & 0xe0) == 0xc0 ? 2
                    : (bytes[0] & 0xf0) == 0xe0 ? 3
                    : (bytes[0] & 0xf8) == 0xf0 ? 4
                                                : 0;
    if (length == 0 || text->size < length) {
        return false;
    }
    uint32_t code_point = length == 1 ? bytes[0] : bytes[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return false;
        }
        code_point = code_point << 6 | (bytes[i] & 0x3fU);
    }
    if (code_point < SMALLEST[length] || code_point > 0x10ffff ||
        (code_point >= 0xd800 && code_point <= 0xdfff)) {
        return false;
    }
    *text = text_skip(*text, length);
    *ret_code_point = code_point;
    return true;
}

bool text_is_utf8(struct text text)
{
    uint32_t code_point = 0;
    while (text.size > 0) {
        if (!text_next_code_point(&text, &code_point)) {
            return false;
        }
    }
    return true;
}

size_t text_utf16_length(struct text text)
{
    size_t units = 0;
    uint32_t code_point = 0;
    while (text_next_code_point(&text, &code_point)) {
        units += code_point >= 0x10000 ? 2 : 1;
    }
    return units;
}
