#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "base/text.h"

/* Pages for people who have no account, in their own language. Pure; any thread. */

enum page_language { PAGE_ENGLISH, PAGE_SPANISH, PAGE_PORTUGUESE, PAGE_HINDI, PAGE_ARABIC };
enum { PAGE_LANGUAGE_COUNT = PAGE_ARABIC + 1 };

/* The language an Accept-Language header likes best among ours; English when it names none. */
enum page_language page_language_choose(struct text accept_language);
const char *page_language_tag(enum page_language language);       /* "pt-BR" */
const char *page_language_direction(enum page_language language); /* "ltr", "rtl" */

enum page_word {
    WORD_FROM, /* "{}" in a sentence stands for the sender's name */
    WORD_PHONE,
    WORD_PHONE_HINT,
    WORD_NAME,
    WORD_OPTIONAL,
    WORD_CONSENT,
    WORD_SUBMIT,
    WORD_TRAP, /* label of the field that only robots fill in */
    WORD_DONE_TITLE,
    WORD_DONE,
    WORD_CONFIRM_TITLE,
    WORD_CONFIRM,
    WORD_CONFIRM_OPEN,
    WORD_BAD_PHONE,
    WORD_BAD_CONSENT,
    WORD_BAD_NAME,
    WORD_TOO_MANY,
    WORD_STOP_TITLE,
    WORD_STOP,
    WORD_STOP_SUBMIT,
    WORD_STOPPED_TITLE,
    WORD_STOPPED,
    WORD_GONE_TITLE,
    WORD_GONE,
};
enum { PAGE_WORD_COUNT = WORD_GONE + 1 };

const char *page_word(enum page_language language, enum page_word word);
/* The sentence with the sender's name in it, as plain text. */
struct text page_sentence(struct arena *arena, enum page_language language, enum page_word word,
                          struct text sender);

/* Appends text so that it can stand in HTML, between tags and inside quoted attributes. */
void page_put(struct buffer *html, struct text text);

/* From <!doctype> to the opened <main>, and the end of it. */
void page_begin(struct buffer *html, enum page_language language, struct text title);
void page_end(struct buffer *html);

extern const char PAGE_STYLE_PATH[]; /* "/pages/style.css" */
extern const char PAGE_STYLE[];
