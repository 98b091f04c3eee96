/* The control API, over HTTP below /control/ and from inside the process: what was received, which
 * faults are in force, and what simulated people do. Errors are {"error":"words"}, with "errors" by
 * field where fields are refused. */
#include "simulator/simulator_internal.h"

#include "base/instant.h"
#include "base/mem.h"

enum { RECENT_LIMIT = 100 };

typedef void control_function(struct simulator *simulator, struct job *job,
                              const struct json *json);

static void begin(struct job *job, struct json_writer *ret_writer)
{
    http_response_set_header(&job->response, "Content-Type", TEXT("application/json"));
    json_writer_init(ret_writer, &job->response.body);
}

static void fail(struct job *job, int status, const char *words)
{
    struct json_writer writer;
    http_response_clear(&job->response);
    job->response.status = status;
    begin(job, &writer);
    json_object_begin(&writer);
    json_field_chars(&writer, "error", words);
    json_object_end(&writer);
}

/* What was refused, each by the name of its field. */
static void fail_fields(struct job *job, const struct error *error)
{
    struct json_writer writer;
    http_response_clear(&job->response);
    job->response.status = 422;
    begin(job, &writer);
    json_object_begin(&writer);
    json_field_chars(&writer, "error", error->message);
    json_key(&writer, "errors");
    json_array_begin(&writer);
    for (size_t i = 0; i < error->field_count && i < ERROR_FIELDS_MAX; i++) {
        json_object_begin(&writer);
        json_field_chars(&writer, "field", error->fields[i].field);
        json_field_chars(&writer, "code", error->fields[i].code);
        json_field_chars(&writer, "message", error->fields[i].message);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    json_object_end(&writer);
}

static void succeed(struct job *job)
{
    struct json_writer writer;
    begin(job, &writer);
    json_raw(&writer, TEXT("{\"ok\":true}"));
}

static void get_state(struct simulator *simulator, struct job *job, const struct json *json)
{
    (void)json;
    const struct webhooks *webhooks = &simulator->webhooks;
    struct json_writer writer;
    begin(job, &writer);
    json_object_begin(&writer);
    json_field_time(&writer, "now", simulator->now_ms);
    json_field_int64(&writer, "received", simulator->received);
    json_field_int64(&writer, "accepted", simulator->accepted);
    json_field_int64(&writer, "refused", simulator->refused);
    json_field_int64(&writer, "people", (int64_t)simulator->world.person_count);
    json_key(&writer, "webhooks");
    json_object_begin(&writer);
    json_field_int64(&writer, "delivered", webhooks->posted);
    json_field_int64(&writer, "failed_posts", webhooks->failed);
    json_field_int64(&writer, "pending", webhooks->pending);
    json_field_int64(&writer, "lost", webhooks->lost);
    json_object_end(&writer);
    json_key(&writer, "faults");
    faults_write(&simulator->faults, &writer);
    json_object_end(&writer);
}

static bool query_number(struct simulator *simulator, const struct job *job, const char *name,
                         int64_t *ret_value)
{
    struct text rest = job->query;
    struct text key;
    struct text value;
    bool valid;
    while (http_form_next(simulator->arena, &rest, &key, &value, &valid)) {
        if (valid && text_equal(key, text_from(name))) {
            return text_to_int64(value, ret_value);
        }
    }
    return false;
}

static void get_messages(struct simulator *simulator, struct job *job, const struct json *json)
{
    (void)json;
    int64_t phone = 0;
    int64_t limit = RECENT_LIMIT;
    struct json_writer writer;
    (void)query_number(simulator, job, "phone", &phone);
    (void)query_number(simulator, job, "limit", &limit);
    begin(job, &writer);
    json_object_begin(&writer);
    json_key(&writer, "data");
    json_array_begin(&writer);
    world_write_recent(&simulator->world, phone,
                       limit < 1 || limit > SIMULATOR_RECENT ? RECENT_LIMIT : (size_t)limit,
                       &writer);
    json_array_end(&writer);
    json_object_end(&writer);
}

static void get_ledger(struct simulator *simulator, struct job *job, const struct json *json)
{
    (void)json;
    if (simulator->ledger_path == NULL || job->request == NULL) {
        fail(job, 404, "no ledger is kept");
        return;
    }
    ledger_flush(simulator);
    http_response_set_header(&job->response, "Content-Type", TEXT("application/x-ndjson"));
    http_response_set_file(&job->response, simulator->ledger_path, false);
}

static void put_faults(struct simulator *simulator, struct job *job, const struct json *json)
{
    struct error error = {0};
    struct json_writer writer;
    if (faults_read(&simulator->faults, json, &error) != OK) {
        fail_fields(job, &error);
        return;
    }
    begin(job, &writer);
    faults_write(&simulator->faults, &writer);
}

static void post_rules(struct simulator *simulator, struct job *job, const struct json *json)
{
    struct error error = {0};
    if (faults_read_rules(&simulator->faults, json, &error) != OK) {
        fail_fields(job, &error);
        return;
    }
    succeed(job);
}

static void delete_rules(struct simulator *simulator, struct job *job, const struct json *json)
{
    (void)json;
    simulator->faults.rule_count = 0;
    succeed(job);
}

/* "phone" of a control body: digits, with or without plus, as text or number. */
static bool read_phone(const struct json *json, const char *name, int64_t *ret_phone)
{
    struct text text;
    const struct json *value = json_get(json, name);
    if (json_int64(value, ret_phone)) {
        return *ret_phone > 0;
    }
    if (!json_text(value, &text)) {
        return false;
    }
    if (text_starts_with(text, TEXT("+"))) {
        text = text_skip(text, 1);
    }
    return text_to_int64(text, ret_phone) && *ret_phone > 0;
}

static struct person *find_person(struct simulator *simulator, struct job *job,
                                  const struct json *json)
{
    int64_t phone = 0;
    if (!read_phone(json, "phone", &phone)) {
        fail(job, 422, "phone must be digits");
        return NULL;
    }
    return world_person(&simulator->world, phone);
}

/* The number a body names, else the one that wrote last to the person, else the first. */
static struct number *find_number(struct simulator *simulator, const struct json *json,
                                  const struct person *person)
{
    struct number *number = world_number(&simulator->world, json_get_text(json, "number"));
    if (number == NULL && person != NULL && person->last_number > 0) {
        number = &simulator->world.numbers[person->last_number - 1];
    }
    if (number == NULL) {
        number = world_number(&simulator->world, json_get_text(json, "fallback_number"));
    }
    return number != NULL ? number : world_first_number(&simulator->world);
}

static void post_reply(struct simulator *simulator, struct job *job, const struct json *json)
{
    static const char *const TYPES[] = {"text", "button", "interactive", "reaction", "image"};
    struct person *person = find_person(simulator, job, json);
    if (person == NULL) {
        return;
    }
    struct inbound inbound = {
        .type = "text",
        .text = json_get_text(json, "text"),
        .payload = json_get_text(json, "payload"),
        .name = json_get_text(json, "name"),
        .with_context = true,
    };
    for (size_t i = 0; i < ARRAY_SIZE(TYPES); i++) {
        if (text_equal(json_get_text(json, "type"), text_from(TYPES[i]))) {
            inbound.type = TYPES[i];
        }
    }
    (void)json_bool(json_get(json, "context"), &inbound.with_context);
    char id[SIMULATOR_ID_MAX];
    people_write(simulator, person, find_number(simulator, json, person), &inbound,
                 json_get_int64(json, "delay_ms", 0), id);
    struct json_writer writer;
    begin(job, &writer);
    json_object_begin(&writer);
    json_field_chars(&writer, "id", id);
    json_object_end(&writer);
}

static void post_preference(struct simulator *simulator, struct job *job, const struct json *json)
{
    struct person *person = find_person(simulator, job, json);
    if (person != NULL) {
        people_preference(simulator, person, find_number(simulator, json, person),
                          text_equal(json_get_text(json, "value"), TEXT("stop")));
        succeed(job);
    }
}

static void post_change_number(struct simulator *simulator, struct job *job,
                               const struct json *json)
{
    int64_t new_phone = 0;
    struct person *person = find_person(simulator, job, json);
    if (person == NULL) {
        return;
    }
    if (!read_phone(json, "new_phone", &new_phone)) {
        fail(job, 422, "new_phone must be digits");
        return;
    }
    people_change_number(simulator, person, find_number(simulator, json, person), new_phone);
    succeed(job);
}

static void post_person(struct simulator *simulator, struct job *job, const struct json *json)
{
    struct person *person = find_person(simulator, job, json);
    if (person == NULL) {
        return;
    }
    bool on_whatsapp = !person->off_whatsapp;
    bool receipts = !person->no_receipts;
    (void)json_bool(json_get(json, "on_whatsapp"), &on_whatsapp);
    (void)json_bool(json_get(json, "receipts"), &receipts);
    (void)json_bool(json_get(json, "blocked"), &person->blocked);
    (void)json_bool(json_get(json, "hidden_phone"), &person->hidden_phone);
    person->off_whatsapp = !on_whatsapp;
    person->no_receipts = !receipts;
    int64_t offline_ms = json_get_int64(json, "offline_ms", -1);
    if (offline_ms >= 0) {
        person->offline_until_ms = simulator->now_ms + offline_ms;
    }
    succeed(job);
}

static void post_templates(struct simulator *simulator, struct job *job, const struct json *json)
{
    struct error error = {0};
    size_t count = json_kind(json) == JSON_ARRAY ? json_count(json) : 1;
    for (size_t i = 0; i < count; i++) {
        const struct json *row = json_kind(json) == JSON_ARRAY ? json_at(json, i) : json;
        if (world_template_put(&simulator->world, row, &error) != OK) {
            fail(job, 422, error.message);
            return;
        }
    }
    succeed(job);
}

static void write_template_change(const struct json *json, struct text language, struct text status,
                                  struct json_writer *writer)
{
    json_object_begin(writer);
    json_field_text(writer, "event", status);
    json_field_int64(writer, "message_template_id", 700000000000001);
    json_field_text(writer, "message_template_name", json_get_text(json, "name"));
    json_field_text(writer, "message_template_language", language);
    json_field_chars(writer, "reason", "NONE");
    json_object_end(writer);
}

static void post_template_status(struct simulator *simulator, struct job *job,
                                 const struct json *json)
{
    struct text language = json_get_text(json, "language");
    struct text status = json_get_text(json, "status");
    if (json_get_text(json, "name").size == 0 || status.size == 0) {
        fail(job, 422, "name and status are required");
        return;
    }
    world_template_status(&simulator->world, json_get_text(json, "name"), language, status);
    struct buffer buffer;
    struct json_writer writer;
    buffer_init(&buffer, SIMULATOR_BODY_MAX);
    json_writer_init_ascii(&writer, &buffer);
    write_template_change(json, language, status, &writer);
    webhooks_plan_value(simulator, find_number(simulator, json, NULL),
                        "message_template_status_update", buffer_take(&buffer), 0);
    succeed(job);
}

/* {"field":"account_update","value":{…}}: any change, wrapped, signed and posted. */
static void post_change(struct simulator *simulator, struct job *job, const struct json *json)
{
    static const char *const FIELDS[] = {"account_update",
                                         "account_alerts",
                                         "phone_number_quality_update",
                                         "messages",
                                         "user_preferences",
                                         "message_template_quality_update",
                                         "template_category_update",
                                         "business_capability_update"};
    for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++) {
        if (text_equal(json_get_text(json, "field"), text_from(FIELDS[i]))) {
            struct buffer buffer;
            buffer_init(&buffer, SIMULATOR_BODY_MAX);
            json_encode(json_get(json, "value"), &buffer);
            webhooks_plan_value(simulator, find_number(simulator, json, NULL), FIELDS[i],
                                buffer_take(&buffer), 0);
            succeed(job);
            return;
        }
    }
    fail(job, 422, "field is not known");
}

static void post_webhook(struct simulator *simulator, struct job *job, const struct json *json)
{
    (void)json;
    webhooks_post_raw(simulator, job->body);
    succeed(job);
}

static const struct {
    const char *method;
    const char *path;
    bool has_body;
    control_function *function;
} CONTROLS[] = {
    {"GET", "/control/state", false, get_state},
    {"GET", "/control/messages", false, get_messages},
    {"GET", "/control/ledger", false, get_ledger},
    {"PUT", "/control/faults", true, put_faults},
    {"POST", "/control/rules", true, post_rules},
    {"DELETE", "/control/rules", false, delete_rules},
    {"POST", "/control/reply", true, post_reply},
    {"POST", "/control/preference", true, post_preference},
    {"POST", "/control/change-number", true, post_change_number},
    {"POST", "/control/person", true, post_person},
    {"POST", "/control/templates", true, post_templates},
    {"POST", "/control/template-status", true, post_template_status},
    {"POST", "/control/change", true, post_change},
    {"POST", "/control/webhook", true, post_webhook},
};

void control_handle(struct simulator *simulator, struct job *job)
{
    struct error error = {0};
    struct json *json = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(CONTROLS); i++) {
        if (!text_equal(job->path, text_from(CONTROLS[i].path)) ||
            !text_equal(text_from(job->method), text_from(CONTROLS[i].method))) {
            continue;
        }
        if (CONTROLS[i].has_body && json_parse(job->body, NULL, &json, &error) != OK) {
            fail(job, 400, error.message);
            return;
        }
        CONTROLS[i].function(simulator, job, json);
        json_free(json);
        return;
    }
    fail(job, 404, "the simulator has no such control");
}
