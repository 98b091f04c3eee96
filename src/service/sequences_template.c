/* Reads the stored components of a template. The provider's codec has checked their shape when the
 * list was fetched; what is odd here counts as having no parameters. */
#include "service/sequences_template.h"

#include "base/json.h"
#include "domain/consent.h"

enum { NAMES_MAX = TEMPLATE_BODY_MAX };

static void free_json(void *json)
{
    json_free(json);
}

/* The different {{names}} of a text, in order. */
static size_t read_names(struct text text, struct text names[NAMES_MAX])
{
    size_t count = 0;
    size_t open = 0;
    while (text_find_text(text, TEXT("{{"), &open)) {
        size_t close = 0;
        text = text_skip(text, open + 2);
        if (!text_find_text(text, TEXT("}}"), &close)) {
            break;
        }
        struct text name = text_trim(text_head(text, close));
        bool known = false;
        for (size_t i = 0; i < count; i++) {
            known = known || text_equal(names[i], name);
        }
        if (!known && count < NAMES_MAX) {
            names[count++] = name;
        }
        text = text_skip(text, close + 2);
    }
    return count;
}

static enum header_type header_of(const struct json *component, bool named, struct text *ret_name)
{
    struct text format = json_get_text(component, "format");
    struct text names[NAMES_MAX];
    if (text_equal(format, TEXT("IMAGE"))) {
        return HEADER_IMAGE;
    }
    if (text_equal(format, TEXT("VIDEO"))) {
        return HEADER_VIDEO;
    }
    if (text_equal(format, TEXT("DOCUMENT"))) {
        return HEADER_DOCUMENT;
    }
    if (text_equal(format, TEXT("LOCATION"))) {
        return HEADER_LOCATION;
    }
    if (read_names(json_get_text(component, "text"), names) == 0) {
        return HEADER_NONE;
    }
    *ret_name = named ? names[0] : (struct text){0};
    return HEADER_TEXT;
}

static void read_buttons(const struct json *component, struct lint_template *template)
{
    const struct json *buttons = json_get(component, "buttons");
    struct text names[NAMES_MAX];
    for (size_t i = 0; i < json_count(buttons); i++) {
        const struct json *button = json_at(buttons, i);
        struct text type = json_get_text(button, "type");
        if (text_equal(type, TEXT("URL")) && read_names(json_get_text(button, "url"), names) > 0) {
            template->button_count++;
        } else if (text_equal(type, TEXT("COPY_CODE"))) {
            template->button_count++;
        } else if (text_equal(type, TEXT("QUICK_REPLY")) &&
                   consent_of_text(json_get_text(button, "text"), NULL) == CONSENT_STOP) {
            template->has_opt_out = true;
        }
    }
}

struct lint_template sequences_lint_template(struct arena *arena,
                                             const struct store_template *template)
{
    struct lint_template result = {.status = template->status, .named = template->named};
    struct json *json = NULL;
    struct error ignored = {0};
    if (json_parse(template->components, NULL, &json, &ignored) != OK) {
        return result;
    }
    arena_on_reset(arena, free_json, json); /* the names below point into it */
    for (size_t i = 0; i < json_count(json); i++) {
        const struct json *component = json_at(json, i);
        struct text type = json_get_text(component, "type");
        struct text text = json_get_text(component, "text");
        if (text_equal(type, TEXT("HEADER"))) {
            result.header = header_of(component, result.named, &result.header_name);
        } else if (text_equal(type, TEXT("BODY"))) {
            struct text *names = arena_array(arena, NAMES_MAX, sizeof(*names));
            result.body_count = read_names(text, names);
            result.body_names = names;
        } else if (text_equal(type, TEXT("BUTTONS"))) {
            read_buttons(component, &result);
        }
        if (text_equal(type, TEXT("BODY")) || text_equal(type, TEXT("FOOTER"))) {
            result.has_opt_out = result.has_opt_out || consent_mentions_stop(text);
        }
    }
    return result;
}
