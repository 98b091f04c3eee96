/* Pages: the language of a visitor, words in every language, and escaping. */
#include "pages/public_pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void the_language_liked_best_is_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum page_language language;
    } ROWS[] = {
        {NULL, PAGE_ENGLISH},
        {"", PAGE_ENGLISH},
        {"es", PAGE_SPANISH},
        {"es-MX,es;q=0.9,en;q=0.8", PAGE_SPANISH},
        {"de,fr;q=0.9", PAGE_ENGLISH},
        {"de, AR-eg;q=0.5, en;q=0.4", PAGE_ARABIC},
        {"en;q=0.2,hi;q=0.75", PAGE_HINDI},
        {"pt-PT", PAGE_PORTUGUESE},
        {"est", PAGE_ENGLISH},
        {"es;q=0", PAGE_ENGLISH},
        {";;;,=,q=,es;q=", PAGE_SPANISH},
    };
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        assert_int_equal(page_language_choose(text_from(ROWS[i].header)), ROWS[i].language);
    }
}

static void every_sentence_stands_in_every_language(void **state)
{
    (void)state;
    for (int word = 0; word < PAGE_WORD_COUNT; word++) {
        bool named = strstr(page_word(PAGE_ENGLISH, (enum page_word)word), "{}") != NULL;
        for (int language = 0; language < PAGE_LANGUAGE_COUNT; language++) {
            const char *text = page_word((enum page_language)language, (enum page_word)word);
            assert_non_null(text);
            assert_true(text[0] != '\0');
            assert_true((strstr(text, "{}") != NULL) == named);
        }
    }
}

static void what_people_type_is_escaped(void **state)
{
    (void)state;
    struct buffer html;
    buffer_init(&html, 100000);
    const struct form_page page = {
        .action = TEXT("/f/x"),
        .title = TEXT("<script>alert(1)</script>"),
        .sender = TEXT("A & B"),
        .phone = TEXT("\"><img src=x onerror=alert(1)>"),
        .name = TEXT("' autofocus onfocus='x"),
        .consent = TEXT("<b>yes</b>"),
        .bad_phone = true,
    };
    public_page_form(&html, &page);
    assert_false(buffer_overflowed(&html));
    const char *text = buffer_chars(&html);
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "<img"));
    assert_null(strstr(text, "<b>"));
    assert_null(strstr(text, "' autofocus"));
    assert_null(strstr(text, "style="));
    assert_non_null(strstr(text, "A &amp; B"));
    assert_non_null(strstr(text, "aria-invalid=\"true\""));
    buffer_done(&html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_language_liked_best_is_chosen),
        cmocka_unit_test(every_sentence_stands_in_every_language),
        cmocka_unit_test(what_people_type_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
