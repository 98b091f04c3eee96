#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <string.h>

/* A borrowed slice of bytes, not ended by NUL. Bytes from outside travel in these and never meet
 * the str* functions. {NULL, 0} is the empty, absent text. */
struct text {
    const char *data;
    size_t size;
};

/* TEXT("literal"), also in initialisers. */
#define TEXT(literal) ((struct text){.data = (literal), .size = sizeof(literal) - 1})
#define TEXT_INIT(literal)                                                                         \
    {                                                                                              \
        .data = (literal), .size = sizeof(literal) - 1                                             \
    }
/* printf("%.*s", TEXT_ARGS(text)) */
#define TEXT_ARGS(text) (int)(text).size, (text).data == NULL ? "" : (text).data

static inline struct text text_from(const char *nul_ended)
{
    return (struct text){.data = nul_ended, .size = nul_ended == NULL ? 0 : strlen(nul_ended)};
}
static inline struct text text_make(const char *data, size_t size)
{
    return (struct text){.data = data, .size = size};
}

bool text_equal(struct text a, struct text b);
bool text_equal_ignore_case(struct text a, struct text b); /* ASCII case only */
int text_compare(struct text a, struct text b);            /* by bytes, shorter first */
bool text_starts_with(struct text text, struct text prefix);
bool text_ends_with(struct text text, struct text suffix);
struct text text_trim(struct text text);               /* drops ASCII white space on both ends */
struct text text_skip(struct text text, size_t bytes); /* without the first `bytes` */
struct text text_head(struct text text, size_t bytes); /* only the first `bytes` */
bool text_find(struct text text, char byte, size_t *ret_at);
bool text_find_text(struct text text, struct text wanted, size_t *ret_at);

/* Cuts `text` at the first `separator`: *ret_left gets what stands before it, *text the rest.
 * Without one, *ret_left gets all and *text becomes empty with data NULL. Returns false when *text
 * was {NULL} already, so `while (text_next(&rest, ',', &part))` visits each part. */
bool text_next(struct text *text, char separator, struct text *ret_left);

/* Whole-text decimal integers: optional '-', no spaces, no plus, exact; false otherwise. */
bool text_to_int64(struct text text, int64_t *ret_value);

/* True when every byte sequence is valid UTF-8 by RFC 3629 (no overlong forms, no surrogates). */
bool text_is_utf8(struct text text);
/* Number of UTF-16 units that valid UTF-8 `text` needs: how WhatsApp counts characters. */
size_t text_utf16_length(struct text text);
/* Decodes one code point and advances; returns false at the end or on a malformed sequence. */
bool text_next_code_point(struct text *text, uint32_t *ret_code_point);
