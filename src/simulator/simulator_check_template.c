/* The checks of a template send: the template's state, and each component against what the
 * template was approved with. What the world does not know as a template passes, unless the faults
 * ask for strictness; its components must have Meta's shapes all the same. */
#include "simulator/simulator_send.h"

enum { CODE_MAX = 15, PAYLOAD_MAX = 256 };

/* What a send filled in of a template. */
struct filled {
    bool header, body;
    bool buttons[TEMPLATE_BUTTONS];
};

static bool check_text(struct send *send, struct text text)
{
    size_t spaces = 0;
    bool bad = text.size == 0;
    for (size_t i = 0; i < text.size; i++) {
        spaces = text.data[i] == ' ' ? spaces + 1 : 0;
        bad = bad || text.data[i] == '\n' || text.data[i] == '\t' || spaces > 4;
    }
    return !bad || send_refuse(send, 132018,
                               "Param text cannot have new-line/tab characters or more than 4 "
                               "consecutive spaces");
}

static bool is_media(struct text type)
{
    return text_equal(type, TEXT("image")) || text_equal(type, TEXT("video")) ||
           text_equal(type, TEXT("document"));
}

/* The value of one parameter in words, for the ledger and for matching. */
static struct text describe_parameter(const struct json *parameter)
{
    static const char *const PATHS[] = {"text",          "payload",          "coupon_code",
                                        "image.link",    "video.link",       "document.link",
                                        "location.name", "location.latitude"};
    for (size_t i = 0; i < ARRAY_SIZE(PATHS); i++) {
        struct text value = {0};
        if (json_text(json_get_path(parameter, PATHS[i]), &value)) {
            return value;
        }
    }
    return (struct text){0};
}

/* The template's name and the values of its parameters, joined. */
static struct text describe_template(struct send *send, const struct json *template)
{
    struct text described = json_get_text(template, "name");
    const struct json *components = json_get(template, "components");
    for (size_t i = 0; i < json_count(components); i++) {
        const struct json *parameters = json_get(json_at(components, i), "parameters");
        for (size_t n = 0; n < json_count(parameters); n++) {
            struct text value = describe_parameter(json_at(parameters, n));
            described = arena_format(send->simulator->arena, "%.*s|%.*s", TEXT_ARGS(described),
                                     TEXT_ARGS(value));
        }
    }
    return described;
}

static bool check_place(struct send *send, const struct json *location)
{
    bool whole = true;
    static const char *const NAMES[] = {"latitude", "longitude"};
    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
        double number = 0;
        const struct json *value = json_get(location, NAMES[i]);
        whole = whole && (json_number(value, &number) || json_get_text(location, NAMES[i]).size);
    }
    return whole || send_refuse(send, 131009, "location: latitude and longitude are required");
}

/* A parameter of the header or the body by itself. */
static bool check_parameter(struct send *send, const struct json *parameter, bool header)
{
    struct text type = json_get_text(parameter, "type");
    if (text_equal(type, TEXT("text"))) {
        return check_text(send, json_get_text(parameter, "text"));
    }
    if (header && text_equal(type, TEXT("location"))) {
        return check_place(send, json_get(parameter, "location"));
    }
    if (header && is_media(type)) {
        const struct json *media = json_get(parameter, arena_chars(send->simulator->arena, type));
        bool id = json_get_text(media, "id").size > 0;
        bool link = json_get_text(media, "link").size > 0;
        return id != link || send_refuse(send, 131009, "exactly one of id and link is required");
    }
    if (!header && (text_equal(type, TEXT("currency")) || text_equal(type, TEXT("date_time")))) {
        return true;
    }
    return send_refuse(send, 132012, "Parameter format does not match");
}

static bool check_names(struct send *send, const struct template *known, const char *places,
                        const struct json *parameters)
{
    for (size_t i = 0; i < json_count(parameters); i++) {
        struct text name = json_get_text(json_at(parameters, i), "parameter_name");
        size_t at = 0;
        struct text place = arena_format(send->simulator->arena, "{{%.*s}}", TEXT_ARGS(name));
        bool right = known->named ? name.size > 0 && text_find_text(text_from(places), place, &at)
                                  : name.size == 0;
        if (!right) {
            return send_refuse(send, 100, "Parameter name is missing or empty");
        }
    }
    return true;
}

static bool check_header(struct send *send, const struct template *known,
                         const struct json *parameters)
{
    if (json_count(parameters) != (size_t)known->header_count) {
        return send_refuse(send, 132012, "header: Format mismatch");
    }
    if (known->header_count == 0) {
        return true;
    }
    struct text format = text_from(known->header_format);
    struct text type = json_get_text(json_at(parameters, 0), "type");
    if (!text_equal_ignore_case(type, format)) {
        return send_refuse(send, 132012, "header: Format mismatch");
    }
    return !text_equal(format, TEXT("TEXT")) || check_names(send, known, known->header, parameters);
}

static bool check_button(struct send *send, const struct template *known,
                         const struct json *component, struct filled *filled)
{
    static const struct {
        struct text sub_type;
        const char *value;
        size_t value_max;
        enum template_button button;
    } SHAPES[] = {
        {TEXT_INIT("quick_reply"), "payload", PAYLOAD_MAX, TEMPLATE_BUTTON_QUICK_REPLY},
        {TEXT_INIT("url"), "text", 2000, TEMPLATE_BUTTON_URL},
        {TEXT_INIT("copy_code"), "coupon_code", CODE_MAX, TEMPLATE_BUTTON_COPY_CODE},
    };
    struct text sub_type = json_get_text(component, "sub_type");
    const struct json *parameter = json_at(json_get(component, "parameters"), 0);
    int64_t index = json_get_int64(component, "index", -1);
    if (index < 0 && !text_to_int64(json_get_text(component, "index"), &index)) {
        return send_refuse(send, 131008, "button: index is required");
    }
    for (size_t i = 0; i < ARRAY_SIZE(SHAPES); i++) {
        if (!text_equal_ignore_case(sub_type, SHAPES[i].sub_type)) {
            continue;
        }
        struct text value = json_get_text(parameter, SHAPES[i].value);
        if (value.size == 0 || text_utf16_length(value) > SHAPES[i].value_max) {
            return send_refuse(send, 131009, "button: parameter is missing or too long");
        }
        if (index < 0 || index >= TEMPLATE_BUTTONS || filled->buttons[index] ||
            (known != NULL && known->buttons[index] != SHAPES[i].button)) {
            return send_refuse(send, 132012, "button: Format mismatch");
        }
        filled->buttons[index] = true;
        return true;
    }
    return send_refuse(send, 100, "button: sub_type is unknown");
}

static bool check_component(struct send *send, const struct template *known,
                            const struct json *component, struct filled *filled)
{
    struct text type = json_get_text(component, "type");
    const struct json *parameters = json_get(component, "parameters");
    if (text_equal_ignore_case(type, TEXT("button"))) {
        return check_button(send, known, component, filled);
    }
    bool header = text_equal_ignore_case(type, TEXT("header"));
    bool *place = header ? &filled->header : &filled->body;
    if ((!header && !text_equal_ignore_case(type, TEXT("body"))) || *place) {
        return send_refuse(send, 100, "components: unknown type, or the same twice");
    }
    *place = true;
    for (size_t i = 0; i < json_count(parameters); i++) {
        if (!check_parameter(send, json_at(parameters, i), header)) {
            return false;
        }
    }
    if (known == NULL) {
        return true;
    }
    if (header) {
        return check_header(send, known, parameters);
    }
    if (json_count(parameters) != (size_t)known->body_count) {
        return send_refuse(send, 132000, "body: number of localizable_params does not match");
    }
    return check_names(send, known, known->body, parameters);
}

static bool check_missing(struct send *send, const struct template *known,
                          const struct filled *filled)
{
    if (known->body_count > 0 && !filled->body) {
        return send_refuse(send, 132000, "number of localizable_params does not match");
    }
    if (known->header_count > 0 && !filled->header) {
        return send_refuse(send, 132012, "header: Format mismatch");
    }
    for (size_t i = 0; i < TEMPLATE_BUTTONS; i++) {
        bool needed = known->buttons[i] == TEMPLATE_BUTTON_URL ||
                      known->buttons[i] == TEMPLATE_BUTTON_COPY_CODE;
        if (needed && !filled->buttons[i]) {
            return send_refuse(send, 131008, "buttons: Required parameter is missing");
        }
    }
    return true;
}

static bool check_state(struct send *send, const struct template *known)
{
    struct text status = text_from(known->status);
    if (text_equal(status, TEXT("PAUSED"))) {
        return send_refuse(send, 132015, "Template is paused due to low quality");
    }
    if (text_equal(status, TEXT("DISABLED"))) {
        return send_refuse(send, 132016, "Template is disabled");
    }
    return text_equal(status, TEXT("APPROVED")) ||
           send_refuse(send, 132001, "Template name does not exist in the translation");
}

bool send_check_template(struct send *send)
{
    const struct json *template = json_get(send->json, "template");
    struct text name = json_get_text(template, "name");
    struct text language = json_get_text(json_get(template, "language"), "code");
    const struct json *components = json_get(template, "components");
    send->text = describe_template(send, template);
    if (name.size == 0 || language.size == 0) {
        return send_refuse(send, 131008, "template.name and template.language.code are required");
    }
    bool name_known = false;
    const struct template *known =
        world_template(&send->simulator->world, name, language, &name_known);
    if (known == NULL && (name_known || send->simulator->faults.strict_templates)) {
        return send_refuse(send, 132001, "Template name does not exist in the translation");
    }
    if (known != NULL && !check_state(send, known)) {
        return false;
    }
    struct filled filled = {0};
    for (size_t i = 0; i < json_count(components); i++) {
        if (!check_component(send, known, json_at(components, i), &filled)) {
            return false;
        }
    }
    send->category = known == NULL ? TEXT("UTILITY") : text_from(known->category);
    return known == NULL || check_missing(send, known, &filled);
}
