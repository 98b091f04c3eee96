/* /api/queue and /api/messages: what waits, what was sent, and what may be done with one message.
 */
#include "api/encode.h"
#include "api/routes.h"

#include "service/messages.h"

#include <stdio.h>

enum { IDS_MAX = 1000, REASON_TEXT_MAX = 200, CODE_MAX = 9999999 };

static const struct json_choice STATUSES[] = {{"pending", 0},   {"sending", 1}, {"in_doubt", 2},
                                              {"held", 3},      {"sent", 4},    {"delivered", 5},
                                              {"read", 6},      {"failed", 7},  {"unknown", 8},
                                              {"cancelled", 9}, {"skipped", 10}};
static const struct json_choice ORDERS[] = {{"-created_at", QUEUE_NEWEST},
                                            {"created_at", QUEUE_OLDEST},
                                            {"scheduled_for", QUEUE_DUE_FIRST},
                                            {"-scheduled_for", QUEUE_DUE_LAST}};
static const struct json_choice ANSWERS[] = {{"replied", QUEUE_REPLIED},
                                             {"opted_out", QUEUE_OPTED_OUT}};
static const struct json_choice MOMENTS[] = {
    {"scheduled", QUEUE_AT_DUE}, {"sent", QUEUE_AT_SENT},     {"delivered", QUEUE_AT_DELIVERED},
    {"read", QUEUE_AT_READ},     {"failed", QUEUE_AT_FAILED}, {"ended", QUEUE_AT_ENDED}};

/* A whole class of the provider's refusals, as statistics name them: all codes that have it. */
static void add_codes(enum provider_class class, struct store_queue_filter *filter)
{
    size_t count = 0;
    size_t used = (size_t)snprintf(filter->error_codes, sizeof(filter->error_codes), ",");
    const struct provider_code *codes = provider_code_table(&count);
    for (size_t i = 0; i < count; i++) {
        int64_t last = codes[i].code == 200 ? 299 : codes[i].code; /* they share one row */
        for (int64_t code = codes[i].code; codes[i].class == class && code <= last; code++) {
            used += (size_t)snprintf(filter->error_codes + used, sizeof(filter->error_codes) - used,
                                     "%lld,", (long long)code);
            CHECK(used < sizeof(filter->error_codes));
        }
    }
}

/* The word of a reason or of a class of refusals, or the provider's code as digits. */
static bool read_reason(struct text text, struct store_queue_filter *filter)
{
    enum provider_class class = PROVIDER_CLASS_NONE;
    int64_t code = 0;
    if (message_reason_from_text(text, &filter->reason)) {
        return true;
    }
    if (text_to_int64(text, &code) && code >= 0 && code <= CODE_MAX) {
        (void)snprintf(filter->error_codes, sizeof(filter->error_codes), ",%lld,", (long long)code);
        return true;
    }
    if (provider_class_from_text(text, &class) && class != PROVIDER_CLASS_NONE) {
        add_codes(class, filter);
        return true;
    }
    return false;
}

static void query_filter(struct api_query *query, struct store_queue_filter *filter,
                         struct text *phone)
{
    uint64_t statuses = 0;
    int order = QUEUE_NEWEST;
    int answer = QUEUE_ANY_ANSWER;
    int moment = QUEUE_AT_DUE;
    struct text reason;
    if (api_query_choices(query, "status", STATUSES, ARRAY_SIZE(STATUSES), &statuses)) {
        filter->statuses = (int64_t)statuses;
    }
    (void)api_query_id(query, "sequence_id", ID_SEQUENCE, &filter->sequence_id);
    (void)api_query_id(query, "enrollment_id", ID_ENROLLMENT, &filter->enrollment_id);
    (void)api_query_id(query, "step_id", ID_STEP, &filter->step_id);
    (void)api_query_id(query, "channel_id", ID_CHANNEL, &filter->channel_id);
    (void)api_query_text(query, "phone", 40, phone);
    (void)api_query_choice(query, "time", MOMENTS, ARRAY_SIZE(MOMENTS), &moment);
    filter->moment = (enum store_queue_moment)moment;
    (void)api_query_time(query, "from", &filter->from_ms);
    (void)api_query_time(query, "to", &filter->to_ms);
    if (api_query_text(query, "reason", 80, &reason) && !read_reason(reason, filter)) {
        (void)error_field(query->error, "reason", "invalid_choice",
                          "must be a reason as messages or statistics show it, or an error code");
        query->failed = true;
    }
    (void)api_query_choice(query, "answer", ANSWERS, ARRAY_SIZE(ANSWERS), &answer);
    filter->answer = (enum store_queue_answer)answer;
    if (api_query_choice(query, "sort", ORDERS, ARRAY_SIZE(ORDERS), &order)) {
        filter->order = (enum store_queue_order)order;
    }
}

static enum error_code list_queue(struct api_call *call, struct error *error)
{
    struct api_query query;
    struct api_page page = {0};
    struct store_queue_filter filter = {0};
    struct text phone = {0};
    struct message_view *views = NULL;
    struct json_writer writer;
    size_t count = 0;
    api_query_open(&query, call, error);
    query_filter(&query, &filter, &phone);
    api_query_page(&query, &page);
    enum error_code code = api_query_done(&query);
    if (code != OK) {
        return code;
    }
    if (page.after.count == 2) {
        filter.after_id = page.after.keys[0];
        filter.after_due_ms = page.after.keys[1];
    }
    code = messages_list(call->work, &filter, phone, (size_t)page.limit, &views, &count, error);
    if (code != OK) {
        return code;
    }
    struct api_cursor next = {.count = 2};
    api_list_begin(call, &writer);
    for (size_t i = 0; i < count; i++) {
        encode_message(&writer, &views[i]);
        next.keys[0] = views[i].message.id;
        next.keys[1] = views[i].message.due_at_ms;
    }
    api_list_end(call, &writer, count == (size_t)page.limit ? &next : NULL);
    return OK;
}

static enum error_code get_stats(struct api_call *call, struct error *error)
{
    struct queue_stats stats;
    struct json_writer writer;
    enum error_code code = messages_queue_stats(call->work, call->service, &stats, error);
    if (code != OK) {
        return code;
    }
    api_json(call, &writer);
    encode_queue_stats(&writer, call->work->now_ms, &stats);
    return OK;
}

static const char *attempt_result_word(enum attempt_result result)
{
    switch (result) {
    case ATTEMPT_OPEN:
        return "open";
    case ATTEMPT_NOT_SENT:
        return "not_sent";
    case ATTEMPT_REJECTED:
        return "rejected";
    case ATTEMPT_DOUBT:
        return "doubt";
    case ATTEMPT_ACCEPTED:
        return "accepted";
    }
    return "open";
}

static void write_attempt_error(struct json_writer *writer, const struct store_attempt *attempt)
{
    const struct provider_code *row = provider_code_find(attempt->error_code);
    if (attempt->error_title.size == 0) {
        json_field_null(writer, "error");
        return;
    }
    json_key(writer, "error");
    json_object_begin(writer);
    if (attempt->error_code != 0) {
        json_field_int64(writer, "code", attempt->error_code);
    } else {
        json_field_null(writer, "code");
    }
    json_field_text(writer, "title", attempt->error_title);
    encode_text_or_null(writer, "detail", attempt->error_detail);
    json_field_chars(writer, "advice",
                     row != NULL && attempt->error_code != 0 ? row->advice : NULL);
    json_object_end(writer);
}

static void write_attempt(struct json_writer *writer, const struct store_attempt *attempt)
{
    json_object_begin(writer);
    json_field_int64(writer, "number", attempt->n);
    json_field_time(writer, "started_at", attempt->started_at_ms);
    json_field_time_or_null(writer, "ended_at", attempt->resolved_at_ms);
    json_field_chars(writer, "result", attempt_result_word(attempt->result));
    bool classed = attempt->class > 0 && attempt->class < PROVIDER_CLASS_COUNT;
    json_field_chars(writer, "class",
                     classed ? provider_class_to_text((enum provider_class)attempt->class) : NULL);
    if (attempt->http_status != 0) {
        json_field_int64(writer, "http_status", attempt->http_status);
    } else {
        json_field_null(writer, "http_status");
    }
    write_attempt_error(writer, attempt);
    json_object_end(writer);
}

static enum error_code get_message(struct api_call *call, struct error *error)
{
    struct message_view view;
    struct message_attempts attempts = {0};
    struct json_writer writer;
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_MESSAGE, &id, error);
    if (code == OK) {
        code = messages_get(call->work, id, &view, &attempts, error);
    }
    if (code != OK) {
        return code;
    }
    api_json(call, &writer);
    json_object_begin(&writer);
    encode_message_fields(&writer, &view);
    json_key(&writer, "attempt_list");
    json_array_begin(&writer);
    for (size_t i = 0; i < attempts.count; i++) {
        write_attempt(&writer, &attempts.attempts[i]);
    }
    json_array_end(&writer);
    json_object_end(&writer);
    return OK;
}

static enum error_code operate(struct api_call *call, enum progress_operation operation,
                               struct text reason, struct error *error)
{
    struct message_view view;
    struct json_writer writer;
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_MESSAGE, &id, error);
    if (code == OK) {
        code = messages_operate(call->work, call->service, id, operation, reason, &view, error);
    }
    if (code == OK) {
        api_json(call, &writer);
        encode_message(&writer, &view);
    }
    return code;
}

static enum error_code retry_message(struct api_call *call, struct error *error)
{
    return operate(call, PROGRESS_RETRY, (struct text){0}, error);
}

static enum error_code cancel_message(struct api_call *call, struct error *error)
{
    return operate(call, PROGRESS_CANCEL, (struct text){0}, error);
}

static enum error_code resolve_message(struct api_call *call, struct error *error)
{
    static const struct json_choice DECISIONS[] = {{"resend", PROGRESS_SEND_AGAIN},
                                                   {"give_up", PROGRESS_GIVE_UP},
                                                   {"sent", PROGRESS_CONFIRM},
                                                   {"cancel", PROGRESS_CANCEL}};
    const struct json *body = NULL;
    struct json_reader reader;
    struct text reason = {0};
    int decision = PROGRESS_GIVE_UP;
    enum error_code code = api_body(call, &body, error);
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, body, NULL, error);
    if (json_reader_required(&reader, "decision")) {
        (void)json_reader_choice(&reader, "decision", DECISIONS, ARRAY_SIZE(DECISIONS), &decision);
    }
    (void)json_reader_text(&reader, "reason", 0, REASON_TEXT_MAX, &reason);
    code = json_reader_done(&reader);
    return code == OK ? operate(call, (enum progress_operation)decision, reason, error) : code;
}

static void read_ids(struct json_reader *reader, struct arena *arena, int64_t **ret_ids,
                     size_t *ret_count)
{
    const struct json *array = NULL;
    if (!json_reader_array(reader, "ids", 1, IDS_MAX, &array)) {
        return;
    }
    size_t count = json_count(array);
    int64_t *ids = arena_array(arena, count + 1, sizeof(*ids));
    for (size_t i = 0; i < count; i++) {
        struct text text = {0};
        if (!json_text(json_at(array, i), &text) || !id_parse(ID_MESSAGE, text, &ids[i])) {
            json_reader_fail(reader, "ids", "invalid_format", "must hold ids like msg_001");
            return;
        }
    }
    *ret_ids = ids;
    *ret_count = count;
}

static enum error_code bulk_retry(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    struct json_reader reader;
    struct json_reader inner;
    struct store_queue_filter filter = {
        .statuses = QUEUE_FAILED, .order = QUEUE_OLDEST, .moment = QUEUE_AT_FAILED};
    struct action_result result;
    struct json_writer writer;
    struct text reason;
    int64_t *ids = NULL;
    size_t id_count = 0;
    bool dry_run = false;
    enum error_code code = api_body(call, &body, error);
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, body, NULL, error);
    read_ids(&reader, call->work->arena, &ids, &id_count);
    (void)json_reader_bool(&reader, "dry_run", &dry_run);
    if (json_reader_object(&reader, "filter", &inner)) {
        (void)json_reader_id(&inner, "sequence_id", ID_SEQUENCE, &filter.sequence_id);
        (void)json_reader_id(&inner, "step_id", ID_STEP, &filter.step_id);
        (void)json_reader_time(&inner, "failed_from", &filter.from_ms);
        (void)json_reader_time(&inner, "failed_to", &filter.to_ms);
        if (json_reader_text(&inner, "reason", 1, 80, &reason) && !read_reason(reason, &filter)) {
            json_reader_fail(
                &inner, "reason", "invalid_choice",
                "must be a reason as messages or statistics show it, or an error code");
        }
        if (json_reader_done(&inner) != OK) {
            return ERROR_INVALID;
        }
    } else if (id_count == 0) {
        json_reader_fail(&reader, "ids", "required", "give ids or a filter");
    }
    code = json_reader_done(&reader);
    if (code == OK) {
        code = messages_retry_many(call->work, call->service, ids, id_count, &filter, dry_run,
                                   &result, error);
    }
    if (code == OK) {
        api_json(call, &writer);
        json_object_begin(&writer);
        encode_action_fields(&writer, "retry", dry_run, &result);
        json_object_end(&writer);
    }
    return code;
}

const struct api_route API_QUEUE_ROUTES[] = {
    {"GET", "/api/queue", "queue_list", API_READ, 0, list_queue, NULL,
     "messages.csv|data*|id,enrollment_id,sequence_id,phone,name,day,status,reason,"
     "error_code=error.code,error=error.title,attempts,scheduled_for,sent_at,delivered_at,read_at,"
     "failed_at,message"},
    {"GET", "/api/queue/stats", "queue_stats", API_READ, 0, get_stats, NULL},
    {"POST", "/api/messages/bulk-retry", "messages_bulk_retry", API_EDIT, API_WRITE, bulk_retry,
     NULL},
    {"GET", "/api/messages/:id", "messages_get", API_READ, 0, get_message, NULL},
    {"POST", "/api/messages/:id/retry", "messages_retry", API_EDIT, API_WRITE | API_NO_BODY_OK,
     retry_message, NULL},
    {"POST", "/api/messages/:id/cancel", "messages_cancel", API_EDIT, API_WRITE | API_NO_BODY_OK,
     cancel_message, NULL},
    {"POST", "/api/messages/:id/resolve", "messages_resolve", API_EDIT, API_WRITE, resolve_message,
     NULL},
    {0},
};
