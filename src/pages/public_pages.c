/* See public_pages.h. */
#include "pages/public_pages.h"

static void put_word(struct buffer *html, enum page_language language, enum page_word word)
{
    page_put(html, text_from(page_word(language, word)));
}

static void put_problem(struct buffer *html, const struct form_page *page, const char *id,
                        enum page_word word)
{
    buffer_add_format(html, "<p class=\"problem\" id=\"%s\">", id);
    put_word(html, page->language, word);
    buffer_add_chars(html, "</p>\n");
}

static void put_phone(struct buffer *html, const struct form_page *page)
{
    buffer_add_chars(html, "<label for=\"phone\">");
    put_word(html, page->language, WORD_PHONE);
    buffer_add_chars(html, "</label>\n<span class=\"hint\" id=\"phone-hint\">");
    put_word(html, page->language, WORD_PHONE_HINT);
    buffer_add_chars(html, "</span>\n<input type=\"tel\" id=\"phone\" name=\"phone\" dir=\"ltr\" "
                           "autocomplete=\"tel\" inputmode=\"tel\" maxlength=\"40\" required");
    if (page->bad_phone) {
        buffer_add_chars(html, " aria-invalid=\"true\" autofocus");
    }
    buffer_add_format(html, " aria-describedby=\"phone-hint%s\" value=\"",
                      page->bad_phone ? " phone-problem" : "");
    page_put(html, page->phone);
    buffer_add_chars(html, "\">\n");
    if (page->bad_phone) {
        put_problem(html, page, "phone-problem", WORD_BAD_PHONE);
    }
}

static void put_name(struct buffer *html, const struct form_page *page)
{
    buffer_add_chars(html, "<label for=\"name\">");
    put_word(html, page->language, WORD_NAME);
    buffer_add_chars(html, " <span class=\"hint\">(");
    put_word(html, page->language, WORD_OPTIONAL);
    buffer_add_format(html,
                      ")</span></label>\n<input type=\"text\" id=\"name\" name=\"name\" "
                      "autocomplete=\"name\" maxlength=\"%d\"%s value=\"",
                      PAGE_NAME_MAX,
                      page->bad_name ? " aria-invalid=\"true\" aria-describedby=\"name-problem\""
                                     : "");
    page_put(html, page->name);
    buffer_add_chars(html, "\">\n");
    if (page->bad_name) {
        put_problem(html, page, "name-problem", WORD_BAD_NAME);
    }
}

static void put_consent(struct buffer *html, const struct form_page *page)
{
    buffer_add_format(
        html,
        "<label class=\"check\"><input type=\"checkbox\" name=\"consent\" "
        "value=\"yes\" required%s%s> <span>",
        page->agreed ? " checked" : "",
        page->bad_consent ? " aria-invalid=\"true\" aria-describedby=\"consent-problem\"" : "");
    page_put(html, page->consent);
    buffer_add_chars(html, "</span></label>\n");
    if (page->bad_consent) {
        put_problem(html, page, "consent-problem", WORD_BAD_CONSENT);
    }
}

static void put_form(struct buffer *html, const struct form_page *page, const char *trap)
{
    buffer_add_chars(html, "<form method=\"post\" action=\"");
    page_put(html, page->action);
    buffer_add_chars(html, "\">\n");
    put_phone(html, page);
    put_name(html, page);
    buffer_add_format(html, "<div %s aria-hidden=\"true\"><label for=\"website\">", trap);
    put_word(html, page->language, WORD_TRAP);
    buffer_add_chars(html, "</label><input type=\"text\" id=\"website\" name=\"website\" "
                           "tabindex=\"-1\" autocomplete=\"off\"></div>\n");
    put_consent(html, page);
    buffer_add_chars(html, "<button type=\"submit\">");
    put_word(html, page->language, WORD_SUBMIT);
    buffer_add_chars(html, "</button>\n</form>\n");
}

void public_page_snippet(struct buffer *html, const struct form_page *page)
{
    /* Another site's page has a style of its own, so the trap hides itself. */
    put_form(html, page, "hidden");
}

void public_page_form(struct buffer *html, const struct form_page *page)
{
    page_begin(html, page->language, page->title);
    buffer_add_chars(html, "<h1>");
    page_put(html, page->title);
    buffer_add_chars(html, "</h1>\n<p class=\"sender\">");
    struct arena *arena = arena_new();
    page_put(html, page_sentence(arena, page->language, WORD_FROM, page->sender));
    arena_free(arena);
    buffer_add_chars(html, "</p>\n");
    if (page->intro.size > 0) {
        buffer_add_chars(html, "<p class=\"intro\">");
        page_put(html, page->intro);
        buffer_add_chars(html, "</p>\n");
    }
    if (page->too_many) {
        buffer_add_chars(html, "<p class=\"problem\" role=\"alert\">");
        put_word(html, page->language, WORD_TOO_MANY);
        buffer_add_chars(html, "</p>\n");
    }
    put_form(html, page, "class=\"trap\"");
    page_end(html);
}

static void put_notice(struct buffer *html, enum page_language language, enum page_word title,
                       struct text sentence)
{
    page_begin(html, language, text_from(page_word(language, title)));
    buffer_add_chars(html, "<h1>");
    put_word(html, language, title);
    buffer_add_chars(html, "</h1>\n<p>");
    page_put(html, sentence);
    buffer_add_chars(html, "</p>\n");
}

void public_page_done(struct buffer *html, struct arena *arena, const struct notice_page *page)
{
    put_notice(html, page->language, WORD_DONE_TITLE,
               page_sentence(arena, page->language, WORD_DONE, page->sender));
    page_end(html);
}

void public_page_confirm(struct buffer *html, struct arena *arena, const struct notice_page *page,
                         struct text message, struct text url)
{
    put_notice(html, page->language, WORD_CONFIRM_TITLE,
               page_sentence(arena, page->language, WORD_CONFIRM, page->sender));
    buffer_add_chars(html, "<p class=\"message\" dir=\"auto\">");
    page_put(html, message);
    buffer_add_chars(html, "</p>\n");
    if (url.size > 0) {
        buffer_add_chars(html, "<p><a class=\"button\" href=\"");
        page_put(html, url);
        buffer_add_chars(html, "\" rel=\"noopener\">");
        put_word(html, page->language, WORD_CONFIRM_OPEN);
        buffer_add_chars(html, "</a></p>\n");
    }
    page_end(html);
}

void public_page_stop(struct buffer *html, struct arena *arena, const struct notice_page *page,
                      struct text action)
{
    put_notice(html, page->language, WORD_STOP_TITLE,
               page_sentence(arena, page->language, WORD_STOP, page->sender));
    buffer_add_chars(html, "<form method=\"post\" action=\"");
    page_put(html, action);
    buffer_add_chars(html, "\">\n<button type=\"submit\">");
    put_word(html, page->language, WORD_STOP_SUBMIT);
    buffer_add_chars(html, "</button>\n</form>\n");
    page_end(html);
}

void public_page_stopped(struct buffer *html, struct arena *arena, const struct notice_page *page)
{
    put_notice(html, page->language, WORD_STOPPED_TITLE,
               page_sentence(arena, page->language, WORD_STOPPED, page->sender));
    page_end(html);
}

void public_page_gone(struct buffer *html, enum page_language language)
{
    put_notice(html, language, WORD_GONE_TITLE, text_from(page_word(language, WORD_GONE)));
    page_end(html);
}
