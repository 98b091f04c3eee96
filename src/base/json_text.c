/* Texts of a JSON document: from the quotes to UTF-8 that ends in NUL. See json_parse.c. */
#include "base/json_internal.h"

#include <string.h>

bool json_fail(struct json_parser *parser, const char *wrong)
{
    parser->wrong = parser->wrong == NULL ? wrong : parser->wrong;
    return false;
}

static bool read_hex(struct json_parser *parser, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    if (parser->end - parser->at < 4) {
        return json_fail(parser, "an escape is cut short");
    }
    for (int i = 0; i < 4; i++) {
        char digit = *parser->at++;
        uint32_t value = 0;
        if (digit >= '0' && digit <= '9') {
            value = (uint32_t)(digit - '0');
        } else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f') {
            value = (uint32_t)((digit | 0x20) - 'a') + 10;
        } else {
            return json_fail(parser, "\\u is followed by four hexadecimal digits");
        }
        unit = unit * 16 + value;
    }
    *ret_unit = unit;
    return true;
}

static char *put_code_point(char *out, uint32_t code_point)
{
    if (code_point < 0x80) {
        *out++ = (char)code_point;
    } else if (code_point < 0x800) {
        *out++ = (char)(0xC0 | (code_point >> 6));
        *out++ = (char)(0x80 | (code_point & 0x3F));
    } else if (code_point < 0x10000) {
        *out++ = (char)(0xE0 | (code_point >> 12));
        *out++ = (char)(0x80 | ((code_point >> 6) & 0x3F));
        *out++ = (char)(0x80 | (code_point & 0x3F));
    } else {
        *out++ = (char)(0xF0 | (code_point >> 18));
        *out++ = (char)(0x80 | ((code_point >> 12) & 0x3F));
        *out++ = (char)(0x80 | ((code_point >> 6) & 0x3F));
        *out++ = (char)(0x80 | (code_point & 0x3F));
    }
    return out;
}

/* After "\u". A pair of surrogates is one character; half of one is none. */
static char *read_unicode(struct json_parser *parser, char *out)
{
    uint32_t unit = 0;
    uint32_t low = 0;
    if (!read_hex(parser, &unit)) {
        return NULL;
    }
    if (unit == 0) {
        (void)json_fail(parser, "the character NUL is not allowed");
        return NULL;
    }
    if (unit < 0xD800 || unit > 0xDFFF) {
        return put_code_point(out, unit);
    }
    if (unit > 0xDBFF || parser->end - parser->at < 2 || parser->at[0] != '\\' ||
        parser->at[1] != 'u') {
        (void)json_fail(parser, "half a surrogate pair");
        return NULL;
    }
    parser->at += 2;
    if (!read_hex(parser, &low)) {
        return NULL;
    }
    if (low < 0xDC00 || low > 0xDFFF) {
        (void)json_fail(parser, "half a surrogate pair");
        return NULL;
    }
    return put_code_point(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
}

static char *read_escape(struct json_parser *parser, char *out)
{
    static const char FROM[] = "\"\\/bfnrt";
    static const char TO[] = "\"\\/\b\f\n\r\t";
    if (parser->at == parser->end) {
        (void)json_fail(parser, "a text without its end");
        return NULL;
    }
    char byte = *parser->at++;
    if (byte == 'u') {
        return read_unicode(parser, out);
    }
    const char *found = byte == '\0' ? NULL : strchr(FROM, byte);
    if (found == NULL) {
        (void)json_fail(parser, "an unknown escape");
        return NULL;
    }
    *out++ = TO[found - FROM];
    return out;
}

bool json_read_text(struct json_parser *parser, const char **ret_text, uint32_t *ret_size)
{
    char *start = parser->texts;
    char *out = start;
    unsigned char seen = 0; /* the bits of all bytes: has it any beyond ASCII? */
    parser->at++;
    while (true) {
        if (parser->at == parser->end) {
            return json_fail(parser, "a text without its end");
        }
        char byte = *parser->at++;
        if (byte == '"') {
            break;
        }
        if ((unsigned char)byte < 0x20) {
            parser->at--;
            return json_fail(parser, "a control character in a text; write it as an escape");
        }
        if (byte == '\\') {
            out = read_escape(parser, out);
            if (out == NULL) {
                return false;
            }
        } else {
            seen |= (unsigned char)byte;
            *out++ = byte;
        }
    }
    if (seen >= 0x80 && !text_is_utf8(text_make(start, (size_t)(out - start)))) {
        return json_fail(parser, "a text that is not UTF-8");
    }
    *ret_text = start;
    *ret_size = (uint32_t)(out - start);
    *out++ = '\0';
    parser->texts = out;
    return true;
}
