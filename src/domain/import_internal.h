#pragma once

#include "domain/import_row.h"

/* What import_words.c knows for import_row.c. */

/* The field that a column's head means; false when it is none of the known words. */
bool import_word_find(struct text head, enum import_field *ret_field);

/* True when two heads differ in case, accents, spaces and punctuation only. */
bool import_heads_equal(struct text a, struct text b);

/* The first `bytes` bytes, or all of it when it is shorter. */
static inline struct text text_at_most(struct text text, size_t bytes)
{
    return text.size <= bytes ? text : text_head(text, bytes);
}
