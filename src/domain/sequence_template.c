/* Reads the template part of a step: {name, language, header, body[], buttons[]}. Positional and
 * named parameters, media headers, the buttons that take a value. Shapes only: whether the
 * provider knows the template is sequence_lint.c's question. */
#include "base/json.h"
#include "domain/sequence.h"
#include "domain/sequence_internal.h"

static const struct json_choice HEADER_CHOICES[] = {
    {"text", HEADER_TEXT},         {"image", HEADER_IMAGE},       {"video", HEADER_VIDEO},
    {"document", HEADER_DOCUMENT}, {"location", HEADER_LOCATION},
};
static const struct json_choice BUTTON_CHOICES[] = {
    {"quick_reply", BUTTON_QUICK_REPLY},
    {"url", BUTTON_URL},
    {"copy_code", BUTTON_COPY_CODE},
};

static bool only_bytes(struct text text, const char *allowed)
{
    for (size_t i = 0; i < text.size; i++) {
        if (strchr(allowed, text.data[i]) == NULL || text.data[i] == '\0') {
            return false;
        }
    }
    return true;
}

static bool is_name(struct text text)
{
    return text.size > 0 && only_bytes(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

/* "en", "en_US", "zh_Hant": letters, then at most one part after '_' or '-'. */
static bool language_good(struct text text)
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t at = 0;
    struct text head = text;
    struct text tail = {0};
    if (text_find(text, '_', &at) || text_find(text, '-', &at)) {
        head = text_head(text, at);
        tail = text_skip(text, at + 1);
        if (tail.size < 2 || tail.size > 4 || !only_bytes(tail, LETTERS)) {
            return false;
        }
    }
    return head.size >= 2 && head.size <= 3 && only_bytes(head, LETTERS);
}

void sequence_header_of_text(struct text text, struct template_header *ret_header)
{
    bool address =
        (text.size > 8 && text_equal_ignore_case(text_head(text, 8), TEXT("https://"))) ||
        (text.size > 7 && text_equal_ignore_case(text_head(text, 7), TEXT("http://")));
    if (!address) {
        ret_header->type = HEADER_TEXT;
        ret_header->text = text;
        return;
    }
    ret_header->url = text;
    switch (media_type_of_url(text)) {
    case MEDIA_VIDEO:
        ret_header->type = HEADER_VIDEO;
        break;
    case MEDIA_DOCUMENT:
        ret_header->type = HEADER_DOCUMENT;
        break;
    case MEDIA_NONE:
    case MEDIA_IMAGE:
    case MEDIA_AUDIO:
        ret_header->type = HEADER_IMAGE;
        break;
    }
}

bool sequence_split_named(struct text whole, struct text *ret_name, struct text *ret_text)
{
    size_t at = 0;
    if (!text_find(whole, '=', &at) || at > 64 || !is_name(text_head(whole, at)) ||
        (whole.data[0] >= '0' && whole.data[0] <= '9')) {
        return false;
    }
    *ret_name = text_head(whole, at);
    *ret_text = text_skip(whole, at + 1);
    return true;
}

static void read_identity(struct arena *arena, struct json_reader *reader,
                          struct step_template *ret_template)
{
    struct text name = {0};
    if (json_reader_required(reader, "name") &&
        json_reader_text(reader, "name", 1, TEMPLATE_NAME_MAX, &name)) {
        if (!is_name(name)) {
            json_reader_fail(reader, "name", "invalid_format",
                             "template names are lower-case letters, digits and _");
        }
        ret_template->name = arena_text(arena, name);
    }
    struct text language = {0};
    if (json_reader_required(reader, "language") &&
        json_reader_text(reader, "language", 2, TEMPLATE_LANGUAGE_MAX, &language)) {
        if (!language_good(language)) {
            json_reader_fail(reader, "language", "invalid_format",
                             "language codes look like \"en\" or \"en_US\"");
        }
        char *copy = arena_chars(arena, language);
        for (size_t i = 0; i < language.size; i++) {
            copy[i] = copy[i] == '-' ? '_' : copy[i];
        }
        ret_template->language = text_make(copy, language.size);
    }
}

/* "48.13", "-0.1278": at most three digits, then a fraction, within the limit either way. */
static bool is_degrees(struct text text, double limit)
{
    double value = 0;
    double scale = 1;
    size_t at = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    size_t digits = 0;
    bool fraction = false;
    for (; at < text.size; at++) {
        char c = text.data[at];
        if (c == '.' && !fraction && digits > 0) {
            fraction = true;
        } else if (c < '0' || c > '9' || ++digits > 20) {
            return false;
        } else if (fraction) {
            scale /= 10;
            value += (c - '0') * scale;
        } else {
            value = value * 10 + (c - '0');
        }
    }
    return digits > 0 && text.data[text.size - 1] != '.' && value <= limit;
}

/* A place on the map as a number, as decimal text, or as text with placeholders. */
static void read_degrees(struct arena *arena, struct json_reader *reader, const char *name,
                         double limit, struct text *ret_text)
{
    const struct json *value = json_get(reader->json, name);
    struct text text = {0};
    double number = 0;
    if (json_number(value, &number)) {
        (void)json_reader_any(reader, name);
        text = arena_format(arena, "%.7f", number);
        while (text.size > 1 && text.data[text.size - 1] == '0') {
            text.size--;
        }
        text.size -= text.data[text.size - 1] == '.' ? 1 : 0;
    } else if (!json_reader_required(reader, name) ||
               !json_reader_text(reader, name, 1, 240, &text)) {
        return;
    }
    *ret_text = arena_text(arena, text_trim(text));
    if (!text_find(*ret_text, '{', &(size_t){0}) && !is_degrees(*ret_text, limit)) {
        json_reader_fail(reader, name, "invalid_format",
                         "give degrees between -%d and %d, like \"48.1374\"", (int)limit,
                         (int)limit);
    }
}

static void read_location(struct arena *arena, struct json_reader *reader,
                          struct template_header *header)
{
    read_degrees(arena, reader, "latitude", 90, &header->latitude);
    read_degrees(arena, reader, "longitude", 180, &header->longitude);
    struct text value = {0};
    if (json_reader_text(reader, "name", 0, TEMPLATE_PLACE_MAX, &value)) {
        header->name = arena_text(arena, text_trim(value));
    }
    if (json_reader_text(reader, "address", 0, TEMPLATE_PLACE_MAX, &value)) {
        header->address = arena_text(arena, text_trim(value));
    }
}

static void read_header_text(struct arena *arena, struct json_reader *reader,
                             struct template_header *header)
{
    struct text name = {0};
    if (json_reader_text(reader, "name", 0, 64, &name) && name.size > 0) {
        if (!is_name(name)) {
            json_reader_fail(reader, "name", "invalid_format",
                             "parameter names are lower-case letters, digits and _");
        }
        header->parameter = arena_text(arena, name);
    }
    if (json_reader_required(reader, "text")) {
        sequence_read_text(arena, reader, "text", TEMPLATE_HEADER_TEXT_MAX, &header->text);
    }
}

static void read_header_object(struct arena *arena, struct json_reader *reader,
                               struct template_header *header)
{
    int type = HEADER_TEXT;
    if (!json_reader_required(reader, "type") ||
        !json_reader_choice(reader, "type", HEADER_CHOICES, ARRAY_SIZE(HEADER_CHOICES), &type)) {
        static const char *const FIELDS[] = {"text",     "name",      "url",    "filename",
                                             "latitude", "longitude", "address"};
        for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++) {
            json_reader_ignore(reader, FIELDS[i]);
        }
        return;
    }
    header->type = (enum header_type)type;
    if (header->type == HEADER_LOCATION) {
        read_location(arena, reader, header);
    } else if (header->type == HEADER_TEXT) {
        read_header_text(arena, reader, header);
    } else {
        if (json_reader_required(reader, "url")) {
            sequence_read_url(arena, reader, "url", &header->url);
        }
        struct text filename = {0};
        if (header->type == HEADER_DOCUMENT &&
            json_reader_text(reader, "filename", 1, STEP_FILENAME_MAX, &filename)) {
            header->filename = arena_text(arena, filename);
        }
    }
}

static bool read_header(struct arena *arena, struct json_reader *parent,
                        struct template_header *header)
{
    const struct json *value = json_reader_any(parent, "header");
    struct text text = {0};
    if (json_kind(value) == JSON_ABSENT || json_kind(value) == JSON_NULL) {
        return true;
    }
    if (json_text(value, &text)) {
        sequence_header_of_text(text_trim(text), header);
        if (header->type != HEADER_TEXT) {
            sequence_read_url(arena, parent, "header", &header->url);
        } else if (header->text.size > 0) {
            sequence_read_text(arena, parent, "header", TEMPLATE_HEADER_TEXT_MAX, &header->text);
        } else {
            header->type = HEADER_NONE;
        }
        return true;
    }
    struct json_reader reader;
    if (!json_reader_object(parent, "header", &reader)) {
        return true; /* recorded with the parent */
    }
    read_header_object(arena, &reader, header);
    return json_reader_done(&reader) == OK;
}

static bool read_parameter(struct arena *arena, struct json_reader *parent, size_t index,
                           const struct json *element, struct template_parameter *ret_parameter)
{
    struct text text = {0};
    if (json_text(element, &text)) {
        char place[32];
        sequence_index_name("body", index, place, sizeof(place));
        if (text_trim(text).size == 0) {
            json_reader_fail(parent, place, "required", "a parameter cannot be empty");
        } else if (text_utf16_length(text) > TEMPLATE_PARAMETER_MAX) {
            json_reader_fail(parent, place, "too_long", "a parameter takes %d characters",
                             TEMPLATE_PARAMETER_MAX);
        }
        ret_parameter->text = arena_text(arena, text);
        return true;
    }
    struct json_reader reader;
    json_reader_open_at(&reader, parent, "body", index, element);
    struct text name = {0};
    if (json_reader_text(&reader, "name", 0, 64, &name) && name.size > 0) {
        if (!is_name(name)) {
            json_reader_fail(&reader, "name", "invalid_format",
                             "parameter names are lower-case letters, digits and _");
        }
        ret_parameter->name = arena_text(arena, name);
    }
    if (json_reader_required(&reader, "text")) {
        sequence_read_text(arena, &reader, "text", TEMPLATE_PARAMETER_MAX, &ret_parameter->text);
    }
    return json_reader_done(&reader) == OK;
}

static bool read_body(struct arena *arena, struct json_reader *reader,
                      struct step_template *ret_template)
{
    const struct json *array = NULL;
    if (!json_reader_array(reader, "body", 0, TEMPLATE_BODY_MAX, &array)) {
        return true;
    }
    bool good = true;
    size_t count = json_count(array);
    struct template_parameter *body = arena_array(arena, count + 1, sizeof(*body));
    size_t named = 0;
    bool all_split = count > 0;
    for (size_t i = 0; i < count; i++) {
        struct text whole = {0};
        struct text name = {0};
        struct text text = {0};
        all_split = all_split && json_text(json_at(array, i), &whole) &&
                    sequence_split_named(whole, &name, &text) && text_trim(text).size > 0;
    }
    for (size_t i = 0; i < count; i++) {
        good = read_parameter(arena, reader, i, json_at(array, i), &body[i]) && good;
        if (all_split) {
            (void)sequence_split_named(body[i].text, &body[i].name, &body[i].text);
        }
        named += body[i].name.size > 0 ? 1 : 0;
        for (size_t j = 0; j < i; j++) {
            if (body[i].name.size > 0 && text_equal(body[i].name, body[j].name)) {
                json_reader_fail(reader, "body", "duplicate", "parameter \"%.*s\" is given twice",
                                 TEXT_ARGS(body[i].name));
            }
        }
    }
    if (good && named != 0 && named != count) {
        json_reader_fail(reader, "body", "invalid_format",
                         "either all parameters have names or none has");
    }
    ret_template->body = body;
    ret_template->body_count = count;
    return good;
}

static bool read_button(struct arena *arena, const struct json_reader *parent, size_t index,
                        const struct json *element, struct template_button *ret_button)
{
    struct json_reader reader;
    json_reader_open_at(&reader, parent, "buttons", index, element);
    int type = BUTTON_URL;
    ret_button->type = BUTTON_URL;
    if (json_reader_choice(&reader, "type", BUTTON_CHOICES, ARRAY_SIZE(BUTTON_CHOICES), &type)) {
        ret_button->type = (enum button_type)type;
    }
    int64_t place = (int64_t)index;
    (void)json_reader_int64(&reader, "index", 0, TEMPLATE_BUTTONS_MAX - 1, &place);
    ret_button->index = (int32_t)place;
    if (json_reader_required(&reader, "text")) {
        sequence_read_text(arena, &reader, "text", type == BUTTON_QUICK_REPLY ? 256 : STEP_URL_MAX,
                           &ret_button->text);
    }
    if (type == BUTTON_COPY_CODE && !text_find(ret_button->text, '{', &(size_t){0}) &&
        text_utf16_length(ret_button->text) > TEMPLATE_CODE_MAX) {
        json_reader_fail(&reader, "text", "too_long", "a code takes %d characters",
                         TEMPLATE_CODE_MAX);
    }
    return json_reader_done(&reader) == OK;
}

static bool read_buttons(struct arena *arena, struct json_reader *reader,
                         struct step_template *ret_template)
{
    const struct json *array = NULL;
    if (!json_reader_array(reader, "buttons", 0, TEMPLATE_BUTTONS_MAX, &array)) {
        return true;
    }
    bool good = true;
    size_t count = json_count(array);
    struct template_button *buttons = arena_array(arena, count + 1, sizeof(*buttons));
    for (size_t i = 0; i < count; i++) {
        good = read_button(arena, reader, i, json_at(array, i), &buttons[i]) && good;
        for (size_t j = 0; j < i; j++) {
            if (buttons[i].index == buttons[j].index) {
                json_reader_fail(reader, "buttons", "duplicate", "two buttons have the index %d",
                                 (int)buttons[i].index);
            }
        }
    }
    ret_template->buttons = buttons;
    ret_template->button_count = count;
    return good;
}

bool sequence_read_template(struct arena *arena, struct json_reader *reader,
                            struct step_template *ret_template)
{
    *ret_template = (struct step_template){0};
    read_identity(arena, reader, ret_template);
    bool good = read_header(arena, reader, &ret_template->header);
    good = read_body(arena, reader, ret_template) && good;
    good = read_buttons(arena, reader, ret_template) && good;
    return json_reader_done(reader) == OK && good;
}

enum error_code step_template_parse(struct arena *arena, const struct json *json,
                                    struct step_template *ret_template, struct error *error)
{
    struct json_reader reader;
    struct step_template template;
    json_reader_open(&reader, json, "template", error);
    if (!sequence_read_template(arena, &reader, &template)) {
        return ERROR_INVALID;
    }
    *ret_template = template;
    return OK;
}
