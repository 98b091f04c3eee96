#pragma once

#include "pages/page.h"

#include <stdbool.h>

/* The hosted form and the opt-out page. They work without JavaScript and hold none; what people
 * typed comes back escaped. Pure; any thread. */

enum { PAGE_NAME_MAX = 200 };

struct form_page {
    enum page_language language;
    struct text action; /* where it is sent */
    struct text title;
    struct text sender;
    struct text intro;   /* may be empty */
    struct text consent; /* what the box says */
    struct text phone;   /* as typed */
    struct text name;
    bool agreed;
    bool bad_phone;
    bool bad_name;
    bool bad_consent;
    bool too_many;
};
void public_page_form(struct buffer *html, const struct form_page *page);
/* The fields alone, to be pasted into somebody's own page. */
void public_page_snippet(struct buffer *html, const struct form_page *page);

struct notice_page {
    enum page_language language;
    struct text sender;
};
void public_page_done(struct buffer *html, struct arena *arena, const struct notice_page *page);
/* In its place where a message of the visitor's own has to confirm; `url` empty: no link. */
void public_page_confirm(struct buffer *html, struct arena *arena, const struct notice_page *page,
                         struct text message, struct text url);
/* Asks; with a button. The page sends itself to its own address. */
void public_page_stop(struct buffer *html, struct arena *arena, const struct notice_page *page,
                      struct text action);
void public_page_stopped(struct buffer *html, struct arena *arena, const struct notice_page *page);
void public_page_gone(struct buffer *html, enum page_language language);
