/* The simulator's message templates: kept as the list endpoint shows them, with their parameters
 * counted so that a send can be checked. */
#include "simulator/simulator_internal.h"

#include "base/mem.h"

#include <stdio.h>

enum { TEMPLATES_MAX = 1000, VARIABLES_MAX = 32 };

const struct template *world_template(const struct world *world, struct text name,
                                      struct text language, bool *ret_name_known)
{
    *ret_name_known = false;
    for (size_t i = 0; i < world->template_count; i++) {
        const struct template *template = &world->templates[i];
        if (text_equal(text_from(template->name), name)) {
            *ret_name_known = true;
            if (text_equal(text_from(template->language), language)) {
                return template;
            }
        }
    }
    return NULL;
}

static int64_t count_variables(struct text text)
{
    struct text seen[VARIABLES_MAX];
    size_t count = 0;
    size_t at = 0;
    while (text_find_text(text, TEXT("{{"), &at)) {
        text = text_skip(text, at + 2);
        if (!text_find_text(text, TEXT("}}"), &at)) {
            break;
        }
        struct text name = text_trim(text_head(text, at));
        bool known = false;
        for (size_t i = 0; i < count; i++) {
            known = known || text_equal(seen[i], name);
        }
        if (!known && count < VARIABLES_MAX) {
            seen[count++] = name;
        }
    }
    return (int64_t)count;
}

static char *copy_or(struct text text, const char *fallback)
{
    if (text.size == 0) {
        return mem_copy_text(fallback);
    }
    char *copy = mem_alloc(text.size + 1);
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

static enum template_button button_of(const struct json *button)
{
    struct text type = json_get_text(button, "type");
    if (text_equal(type, TEXT("URL"))) {
        return count_variables(json_get_text(button, "url")) > 0 ? TEMPLATE_BUTTON_URL
                                                                 : TEMPLATE_BUTTON_PLAIN;
    }
    if (text_equal(type, TEXT("COPY_CODE"))) {
        return TEMPLATE_BUTTON_COPY_CODE;
    }
    return text_equal(type, TEXT("QUICK_REPLY")) ? TEMPLATE_BUTTON_QUICK_REPLY
                                                 : TEMPLATE_BUTTON_PLAIN;
}

static void replace(char **place, struct text text)
{
    mem_free(*place);
    *place = copy_or(text, "");
}

static void read_header(const struct json *component, struct template *template)
{
    struct text format = json_get_text(component, "format");
    if (format.size == 0 || format.size >= sizeof(template->header_format)) {
        format = TEXT("TEXT");
    }
    memset(template->header_format, 0, sizeof(template->header_format));
    memcpy(template->header_format, format.data, format.size);
    replace(&template->header, json_get_text(component, "text"));
    template->header_count =
        text_equal(format, TEXT("TEXT")) ? count_variables(text_from(template->header)) : 1;
}

static void count_parameters(const struct json *components, struct template *template)
{
    for (size_t i = 0; i < json_count(components); i++) {
        const struct json *component = json_at(components, i);
        struct text type = json_get_text(component, "type");
        if (text_equal(type, TEXT("BODY"))) {
            replace(&template->body, json_get_text(component, "text"));
            template->body_count = count_variables(text_from(template->body));
        } else if (text_equal(type, TEXT("HEADER"))) {
            read_header(component, template);
        } else if (text_equal(type, TEXT("BUTTONS"))) {
            const struct json *buttons = json_get(component, "buttons");
            for (size_t n = 0; n < json_count(buttons) && n < TEMPLATE_BUTTONS; n++) {
                template->buttons[n] = button_of(json_at(buttons, n));
            }
        }
    }
}

static struct template *template_slot(struct world *world, struct text name, struct text language)
{
    for (size_t i = 0; i < world->template_count; i++) {
        struct template *template = &world->templates[i];
        if (text_equal(text_from(template->name), name) &&
            text_equal(text_from(template->language), language)) {
            mem_free(template->name);
            mem_free(template->language);
            mem_free(template->category);
            mem_free(template->status);
            mem_free(template->components);
            mem_free(template->header);
            mem_free(template->body);
            return template;
        }
    }
    if (world->template_count == TEMPLATES_MAX) {
        return NULL;
    }
    world->templates =
        mem_resize(world->templates, (world->template_count + 1) * sizeof(*world->templates));
    return &world->templates[world->template_count++];
}

enum error_code world_template_put(struct world *world, const struct json *json,
                                   struct error *error)
{
    struct text name = json_get_text(json, "name");
    struct text language = json_get_text(json, "language");
    const struct json *components = json_get(json, "components");
    if (name.size == 0 || language.size == 0 || json_kind(components) != JSON_ARRAY) {
        return error_set(error, ERROR_INVALID,
                         "a template needs a name, a language and a list of components");
    }
    struct template *template = template_slot(world, name, language);
    if (template == NULL) {
        return error_set(error, ERROR_TOO_MANY, "the simulator keeps no more templates");
    }
    struct buffer text;
    buffer_init(&text, SIMULATOR_BODY_MAX);
    json_encode(components, &text);
    *template = (struct template){
        .name = copy_or(name, ""),
        .language = copy_or(language, ""),
        .category = copy_or(json_get_text(json, "category"), "MARKETING"),
        .status = copy_or(json_get_text(json, "status"), "APPROVED"),
        .components = buffer_take(&text),
        .header = mem_copy_text(""),
        .body = mem_copy_text(""),
        .id = ++world->template_number,
        .named = text_equal(json_get_text(json, "parameter_format"), TEXT("NAMED")),
    };
    count_parameters(components, template);
    return OK;
}

void world_template_status(struct world *world, struct text name, struct text language,
                           struct text status)
{
    for (size_t i = 0; i < world->template_count; i++) {
        struct template *template = &world->templates[i];
        if (text_equal(text_from(template->name), name) &&
            (language.size == 0 || text_equal(text_from(template->language), language))) {
            mem_free(template->status);
            template->status = copy_or(status, "APPROVED");
        }
    }
}

static void write_template(const struct template *template, struct json_writer *writer)
{
    char id[24];
    (void)snprintf(id, sizeof(id), "%lld", (long long)template->id);
    json_object_begin(writer);
    json_field_chars(writer, "name", template->name);
    json_field_chars(writer, "parameter_format", template->named ? "NAMED" : "POSITIONAL");
    json_field_raw(writer, "components", text_from(template->components));
    json_field_chars(writer, "language", template->language);
    json_field_chars(writer, "status", template->status);
    json_field_chars(writer, "category", template->category);
    json_key(writer, "quality_score");
    json_object_begin(writer);
    json_field_chars(writer, "score", "GREEN");
    json_object_end(writer);
    json_field_chars(writer, "id", id);
    json_object_end(writer);
}

void world_write_templates(const struct world *world, struct text status, struct text name,
                           size_t skip, size_t limit, struct json_writer *writer, bool *ret_more)
{
    size_t matched = 0;
    *ret_more = false;
    for (size_t i = 0; i < world->template_count; i++) {
        const struct template *template = &world->templates[i];
        if ((status.size > 0 && !text_equal_ignore_case(text_from(template->status), status)) ||
            (name.size > 0 && !text_equal(text_from(template->name), name))) {
            continue;
        }
        matched++;
        if (matched > skip + limit) {
            *ret_more = true;
            return;
        }
        if (matched > skip) {
            write_template(template, writer);
        }
    }
}
