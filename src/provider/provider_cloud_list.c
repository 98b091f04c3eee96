/* Reads two kinds of management answers: the sending number and pages of the template list. The
 * parameters of a template are found by walking through its texts, because the list does not name
 * them. */
#include "provider/provider_cloud_internal.h"

enum { TEMPLATES_PER_PAGE = 100, PARAMETERS_MAX = 64, PARAMETER_NAME_MAX = 64 };

void cloud_encode_number(const struct provider_channel *channel, struct arena *arena,
                         struct provider_request *ret_request)
{
    cloud_request_init(channel, "GET", channel->phone_number_id, "",
                       TEXT("fields=verified_name,display_phone_number,quality_rating,status,"
                            "throughput,whatsapp_business_manager_messaging_limit"),
                       arena, ret_request);
}

/* Cursors are opaque: percent-encode what is not plain. */
static struct text query_value(struct text plain, struct arena *arena)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, 4096);
    http_percent_encode(&buffer, plain);
    return arena_text(arena, buffer_text(&buffer));
}

void cloud_encode_templates(const struct provider_channel *channel, struct text after,
                            struct arena *arena, struct provider_request *ret_request)
{
    struct text cursor = query_value(after, arena);
    struct text query = arena_format(
        arena,
        "fields=name,status,category,language,id,components,parameter_format,quality_score,"
        "rejected_reason&limit=%d%s%.*s",
        (int)TEMPLATES_PER_PAGE, after.size > 0 ? "&after=" : "", TEXT_ARGS(cursor));
    cloud_request_init(channel, "GET", channel->business_account_id, "/message_templates", query,
                       arena, ret_request);
}

/* Turns anything but a 200 with JSON into an error with the provider's words and our advice. */
static enum error_code read_answer(const struct provider_reply *reply, struct arena *arena,
                                   const struct json **ret_json, struct error *error)
{
    struct error parse_error = {0};
    const struct json *json = NULL;
    if (reply->transport != PROVIDER_ANSWERED || reply->status == 0) {
        return error_set(error, ERROR_UNAVAILABLE, "WhatsApp could not be reached: %.*s",
                         TEXT_ARGS(reply->failure));
    }
    if (!reply->body_complete || cloud_json_parse(reply->body, arena, &json, &parse_error) != OK) {
        return error_set(error, ERROR_UNAVAILABLE,
                         "WhatsApp answered with status %d and something unreadable",
                         reply->status);
    }
    const struct json *error_json = json_get(json, "error");
    if (reply->status == 200 && error_json == NULL) {
        *ret_json = json;
        return OK;
    }
    struct provider_failure failure;
    cloud_failure_read(error_json, arena, &failure);
    bool retry = reply->status >= 500 || failure.class == PROVIDER_CLASS_ACCOUNT_LIMIT ||
                 failure.class == PROVIDER_CLASS_THROUGHPUT;
    enum error_code code =
        error_set(error, retry ? ERROR_UNAVAILABLE : ERROR_CONFLICT, "%.*s: %.*s",
                  TEXT_ARGS(failure.title), TEXT_ARGS(failure.advice));
    error_detail(error, "status %d code %lld", reply->status, (long long)failure.code);
    return code;
}

enum error_code cloud_decode_number(const struct provider_reply *reply, struct arena *arena,
                                    struct provider_number *ret_number, struct error *error)
{
    const struct json *json = NULL;
    enum error_code code = read_answer(reply, arena, &json, error);
    if (code != OK) {
        return code;
    }
    const struct json *limit = json_get(json, "whatsapp_business_manager_messaging_limit");
    limit = limit != NULL ? limit : json_get(json, "messaging_limit_tier");
    struct text limit_word = {0};
    (void)json_text(limit, &limit_word);
    *ret_number = (struct provider_number){
        .verified_name = json_get_text(json, "verified_name"),
        .display_phone_number = json_get_text(json, "display_phone_number"),
        .quality_rating = json_get_text(json, "quality_rating"),
        .messaging_limit = limit_word,
        .daily_limit = cloud_read_limit(limit),
        .throughput = json_get_text(json_get(json, "throughput"), "level"),
        .status = json_get_text(json, "status"),
    };
    return OK;
}

struct parameters {
    struct text names[PARAMETERS_MAX];
    size_t count;
};

static bool parameter_known(const struct parameters *parameters, struct text name)
{
    for (size_t i = 0; i < parameters->count; i++) {
        if (text_equal(parameters->names[i], name)) {
            return true;
        }
    }
    return false;
}

/* Collects what stands between "{{" and "}}", each name once, in order of appearance. */
static void scan_parameters(struct text text, struct parameters *parameters)
{
    size_t at;
    while (text_find_text(text, TEXT("{{"), &at)) {
        text = text_skip(text, at + 2);
        if (!text_find_text(text, TEXT("}}"), &at)) {
            return;
        }
        struct text name = text_trim(text_head(text, at));
        text = text_skip(text, at + 2);
        if (name.size > 0 && name.size <= PARAMETER_NAME_MAX &&
            parameters->count < PARAMETERS_MAX && !parameter_known(parameters, name)) {
            parameters->names[parameters->count++] = name;
        }
    }
}

static size_t parameter_count(struct text text)
{
    struct parameters parameters = {.count = 0};
    scan_parameters(text, &parameters);
    return parameters.count;
}

/* Positional parameters are sent in the order of their numbers, not of their appearance. */
static bool parameter_before(struct text a, struct text b)
{
    int64_t left;
    int64_t right;
    return text_to_int64(a, &left) && text_to_int64(b, &right) && left < right;
}

static void sort_parameters(struct parameters *parameters)
{
    for (size_t i = 1; i < parameters->count; i++) {
        struct text name = parameters->names[i];
        size_t at = i;
        while (at > 0 && parameter_before(name, parameters->names[at - 1])) {
            parameters->names[at] = parameters->names[at - 1];
            at--;
        }
        parameters->names[at] = name;
    }
}

static void read_body(const struct json *component, struct arena *arena,
                      struct provider_template_info *info)
{
    struct parameters parameters = {.count = 0};
    info->body_text = json_get_text(component, "text");
    scan_parameters(info->body_text, &parameters);
    sort_parameters(&parameters);
    struct text *names = arena_array(arena, parameters.count + 1, sizeof(*names));
    for (size_t i = 0; i < parameters.count; i++) {
        names[i] = parameters.names[i];
    }
    info->body_parameters = names;
    info->body_parameter_count = parameters.count;
}

static void read_component(const struct json *component, struct arena *arena,
                           struct provider_template_info *info)
{
    struct text type = json_get_text(component, "type");
    if (text_equal_ignore_case(type, TEXT("BODY"))) {
        read_body(component, arena, info);
    } else if (text_equal_ignore_case(type, TEXT("HEADER"))) {
        info->header_format = json_get_text(component, "format");
        info->header_parameter_count = parameter_count(json_get_text(component, "text"));
    } else if (text_equal_ignore_case(type, TEXT("BUTTONS"))) {
        const struct json *buttons = json_get(component, "buttons");
        info->button_count = json_count(buttons);
        for (size_t i = 0; i < info->button_count; i++) {
            info->button_parameter_count +=
                parameter_count(json_get_text(json_at(buttons, i), "url"));
        }
    }
}

static struct text encode_json(const struct json *json, struct arena *arena)
{
    if (json == NULL) {
        return TEXT("[]");
    }
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, CLOUD_WEBHOOK_MAX);
    json_encode(json, &buffer);
    return arena_text(arena, buffer_text(&buffer));
}

static void read_template(const struct json *json, struct arena *arena,
                          struct provider_template_info *info)
{
    const struct json *quality = json_get(json, "quality_score");
    const struct json *components = json_get(json, "components");
    struct text score = json_get_text(quality, "score");
    (void)json_text(quality, &score);
    *info = (struct provider_template_info){
        .id = cloud_text(json, "id", arena),
        .name = json_get_text(json, "name"),
        .language = cloud_language(json_get_text(json, "language"), arena),
        .category = json_get_text(json, "category"),
        .status = json_get_text(json, "status"),
        .quality = score,
        .rejected_reason = json_get_text(json, "rejected_reason"),
        .named = text_equal_ignore_case(json_get_text(json, "parameter_format"), TEXT("NAMED")),
        .components = encode_json(components, arena),
    };
    for (size_t i = 0; i < json_count(components); i++) {
        read_component(json_at(components, i), arena, info);
    }
}

enum error_code cloud_decode_templates(const struct provider_reply *reply, struct arena *arena,
                                       struct provider_template_page *ret_page, struct error *error)
{
    const struct json *json = NULL;
    enum error_code code = read_answer(reply, arena, &json, error);
    if (code != OK) {
        return code;
    }
    const struct json *data = json_get(json, "data");
    struct provider_template_page page = {0};
    page.templates = arena_array(arena, json_count(data) + 1, sizeof(*page.templates));
    for (size_t i = 0; i < json_count(data); i++) {
        const struct json *row = json_at(data, i);
        if (json_get_text(row, "name").size > 0 && json_get_text(row, "language").size > 0) {
            read_template(row, arena, &page.templates[page.count++]);
        }
    }
    const struct json *paging = json_get(json, "paging");
    if (json_get_text(paging, "next").size > 0) {
        page.after = json_get_text(json_get(paging, "cursors"), "after");
    }
    *ret_page = page;
    return OK;
}
