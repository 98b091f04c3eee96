/* The frame of a page, escaping, and the choice of a language. */
#include "pages/page.h"

const char PAGE_STYLE_PATH[] = "/pages/style.css";
const char PAGE_STYLE[] =
#include "page_style.inc"
    ;

static const char *const TAGS[] = {"en", "es", "pt-BR", "hi", "ar"};

const char *page_language_tag(enum page_language language)
{
    return TAGS[language];
}

const char *page_language_direction(enum page_language language)
{
    return language == PAGE_ARABIC ? "rtl" : "ltr";
}

/* Thousandths of "q=0.8"; 1000 when nothing is said. */
static int weight_of(struct text parameters)
{
    struct text part;
    while (text_next(&parameters, ';', &part)) {
        part = text_trim(part);
        if (!text_starts_with(part, TEXT("q=")) || part.size < 3) {
            continue;
        }
        int weight = part.data[2] == '1' ? 1000 : 0;
        int scale = 100;
        for (size_t i = 4; i < part.size && scale > 0 && weight < 1000; i++, scale /= 10) {
            if (part.data[i] >= '0' && part.data[i] <= '9') {
                weight += (part.data[i] - '0') * scale;
            }
        }
        return weight;
    }
    return 1000;
}

enum page_language page_language_choose(struct text accept_language)
{
    enum page_language best = PAGE_ENGLISH;
    int best_weight = 0;
    struct text entry;
    while (text_next(&accept_language, ',', &entry)) {
        struct text tag = {0};
        (void)text_next(&entry, ';', &tag);
        tag = text_trim(tag);
        int weight = weight_of(entry);
        for (int i = 0; i < PAGE_LANGUAGE_COUNT; i++) {
            /* The first two letters are the language: "pt-PT" reads Brazilian well enough. */
            struct text own = text_make(TAGS[i], 2);
            bool same = tag.size >= 2 && text_equal_ignore_case(text_head(tag, 2), own) &&
                        (tag.size == 2 || tag.data[2] == '-');
            if (same && weight > best_weight) {
                best = (enum page_language)i;
                best_weight = weight;
            }
        }
    }
    return best;
}

struct text page_sentence(struct arena *arena, enum page_language language, enum page_word word,
                          struct text sender)
{
    struct text sentence = text_from(page_word(language, word));
    size_t at = 0;
    if (!text_find_text(sentence, TEXT("{}"), &at)) {
        return sentence;
    }
    struct text before = text_head(sentence, at);
    struct text after = text_skip(sentence, at + 2);
    return arena_format(arena, "%.*s%.*s%.*s", TEXT_ARGS(before), TEXT_ARGS(sender),
                        TEXT_ARGS(after));
}

void page_put(struct buffer *html, struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        switch (text.data[i]) {
        case '&':
            buffer_add_chars(html, "&amp;");
            break;
        case '<':
            buffer_add_chars(html, "&lt;");
            break;
        case '>':
            buffer_add_chars(html, "&gt;");
            break;
        case '"':
            buffer_add_chars(html, "&quot;");
            break;
        case '\'':
            buffer_add_chars(html, "&#39;");
            break;
        default:
            buffer_add_byte(html, text.data[i]);
        }
    }
}

void page_begin(struct buffer *html, enum page_language language, struct text title)
{
    buffer_add_format(html,
                      "<!doctype html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n"
                      "<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"robots\" content=\"noindex\">\n<title>",
                      page_language_tag(language), page_language_direction(language));
    page_put(html, title);
    buffer_add_format(html,
                      "</title>\n<link rel=\"icon\" href=\"data:,\">\n"
                      "<link rel=\"stylesheet\" href=\"%s\">\n</head>\n<body>\n"
                      "<main>\n",
                      PAGE_STYLE_PATH);
}

void page_end(struct buffer *html)
{
    buffer_add_chars(html, "</main>\n</body>\n</html>\n");
}
