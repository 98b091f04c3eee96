/* What checks and measures a sequence: lint, statistics, test messages. */
#include "api/encode.h"
#include "api/route.h"
#include "api/routes.h"
#include "domain/phone.h"
#include "service/import_document.h"
#include "service/message_view.h"
#include "service/sequences.h"
#include "service/settings.h"

#include <stdio.h>

enum { TEST_STEPS_MAX = 10 };

/* ---- lint ---- */

/* "messages[2].time" is the field "time" of message 2. */
static bool split_place(struct text place, int64_t *ret_index, struct text *ret_field)
{
    size_t close = 0;
    if (!text_starts_with(place, TEXT("messages[")) || !text_find(place, ']', &close) ||
        !text_to_int64(text_make(place.data + 9, close - 9), ret_index)) {
        return false;
    }
    *ret_field = text_skip(place, close + 1);
    if (ret_field->size > 0) {
        *ret_field = text_skip(*ret_field, 1); /* the dot */
    }
    return true;
}

static void encode_finding(struct json_writer *writer, const struct lint_finding *finding)
{
    struct text field = finding->field;
    int64_t index = 0;
    bool has_index = split_place(finding->field, &index, &field);
    json_object_begin(writer);
    json_field_chars(writer, "severity", lint_level_to_text(finding->level));
    json_field_chars(writer, "code", finding->code);
    json_field_id_or_null(writer, "step_id", ID_STEP, finding->step_id);
    if (has_index) {
        json_field_int64(writer, "index", index);
    } else {
        json_field_null(writer, "index");
    }
    encode_text_or_null(writer, "field", field);
    json_field_text(writer, "message", finding->message);
    if (finding->people < 0) {
        json_field_null(writer, "people");
    } else {
        json_field_int64(writer, "people", finding->people);
    }
    json_object_end(writer);
}

static enum error_code lint(struct api_call *call, struct error *error)
{
    const struct json *document = NULL;
    struct lint_report report = {0};
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    if (code == OK && call->body != NULL) {
        struct json_reader reader;
        json_reader_open(&reader, call->body, "", error);
        document = json_reader_any(&reader, "sequence");
        code = json_reader_done(&reader);
    }
    if (code == OK) {
        code = sequences_lint(call->work, id, document, &report, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_bool(&writer, "ok", report.error_count == 0);
    json_field_int64(&writer, "error_count", (int64_t)report.error_count);
    json_field_int64(&writer, "warning_count", (int64_t)report.warning_count);
    json_key(&writer, "findings");
    json_array_begin(&writer);
    for (size_t i = 0; i < report.count; i++) {
        encode_finding(&writer, &report.findings[i]);
    }
    json_array_end(&writer);
    json_object_end(&writer);
    return OK;
}

/* ---- statistics ---- */

static void encode_reasons(struct json_writer *writer, const char *name, struct work *work,
                           const struct funnel_reason *reasons, size_t count)
{
    json_key(writer, name);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(writer);
        json_field_text(writer, "reason", funnel_words(work, reasons[i].reason).reason);
        json_field_int64(writer, "count", reasons[i].count);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static const struct funnel_step *find_step(const struct funnel_sequence *funnel, int64_t step_id)
{
    for (size_t i = 0; i < funnel->step_count; i++) {
        if (funnel->steps[i].step_id == step_id) {
            return &funnel->steps[i];
        }
    }
    return NULL;
}

static void encode_step(struct json_writer *writer, struct work *work,
                        const struct sequences_stats_step *step,
                        const struct funnel_sequence *funnel)
{
    static const struct funnel_step NOTHING = {0};
    const struct funnel_step *numbers = find_step(funnel, step->step.id);
    if (numbers == NULL) {
        numbers = &NOTHING;
    }
    json_object_begin(writer);
    encode_step_name(writer, step);
    encode_funnel(writer, "funnel", &numbers->funnel);
    encode_failures(writer, "failed_by_reason", work, numbers->failed, numbers->failed_count);
    encode_reasons(writer, "skipped_by_reason", work, numbers->skipped, numbers->skipped_count);
    encode_reasons(writer, "cancelled_by_reason", work, numbers->cancelled,
                   numbers->cancelled_count);
    json_object_end(writer);
}

static enum error_code stats(struct api_call *call, struct error *error)
{
    struct sequences_stats stats;
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    if (code == OK) {
        code = sequences_stats(call->work, id, &stats, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_id(&writer, "sequence_id", ID_SEQUENCE, id);
    json_field_int64(&writer, "enrolled_count", stats.counts.enrolled);
    json_field_int64(&writer, "active_count", stats.counts.active);
    json_field_int64(&writer, "paused_count", stats.counts.paused);
    json_field_int64(&writer, "completed_count", stats.counts.completed);
    json_field_int64(&writer, "stopped_count", stats.counts.stopped);
    json_field_int64(&writer, "opted_out_count", stats.counts.opted_out);
    json_field_int64(&writer, "failed_count", stats.counts.failed);
    encode_funnel(&writer, "totals", &stats.funnel.totals);
    json_key(&writer, "steps");
    json_array_begin(&writer);
    for (size_t i = 0; i < stats.step_count; i++) {
        encode_step(&writer, call->work, &stats.steps[i], &stats.funnel);
    }
    json_array_end(&writer);
    encode_failures(&writer, "failures", call->work, stats.funnel.failed,
                    stats.funnel.failed_count);
    json_object_end(&writer);
    return OK;
}

/* ---- test messages ---- */

static void read_step_ids(struct json_reader *reader, int64_t ids[TEST_STEPS_MAX], size_t *count)
{
    const struct json *array = NULL;
    if (!json_reader_array(reader, "step_ids", 0, TEST_STEPS_MAX, &array)) {
        return;
    }
    for (size_t i = 0; i < json_count(array); i++) {
        struct text text = {0};
        if (json_text(json_at(array, i), &text) && id_parse(ID_STEP, text, &ids[*count])) {
            (*count)++;
            continue;
        }
        char place[32];
        (void)snprintf(place, sizeof(place), "step_ids[%zu]", i);
        json_reader_fail(reader, place, "invalid_format", "a step id looks like \"step_001\"");
    }
}

static enum error_code read_test(struct api_call *call, int64_t ids[TEST_STEPS_MAX],
                                 struct sequences_test *ret_test, struct error *error)
{
    const struct json *body = NULL;
    struct settings settings;
    struct json_reader reader;
    struct phone phone = {0};
    struct text text = {0};
    enum error_code code = api_body(call, &body, error);
    if (code == OK) {
        code = settings_read(call->work, &settings, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_test = (struct sequences_test){.step_ids = ids};
    json_reader_open(&reader, body, "", error);
    if (json_reader_required(&reader, "phone") &&
        json_reader_text(&reader, "phone", 1, PHONE_TEXT_MAX, &text)) {
        enum phone_verdict verdict = phone_read(text, settings.default_country, &phone);
        if (verdict != PHONE_VALID) {
            json_reader_fail(&reader, "phone", "invalid_phone", "%s",
                             phone_verdict_to_words(verdict));
        }
        ret_test->phone = phone.digits;
    }
    (void)json_reader_text(&reader, "name", 0, 200, &ret_test->name);
    const struct json *fields = import_document_fields(&reader);
    if (fields != NULL) {
        struct buffer buffer;
        buffer_init(&buffer, (size_t)64 << 10);
        json_encode(fields, &buffer);
        ret_test->fields_json = arena_text(call->work->arena, buffer_text(&buffer));
        buffer_done(&buffer);
    }
    read_step_ids(&reader, ids, &ret_test->step_count);
    return json_reader_done(&reader);
}

static enum error_code test_send(struct api_call *call, struct error *error)
{
    struct sequences_test test;
    int64_t step_ids[TEST_STEPS_MAX];
    int64_t *message_ids = NULL;
    int64_t id = 0;
    size_t count = 0;
    enum error_code code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    if (code == OK) {
        code = read_test(call, step_ids, &test, error);
    }
    if (code == OK) {
        code =
            sequences_test_send(call->work, call->service, id, &test, &message_ids, &count, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    call->response->status = 202;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_key(&writer, "messages");
    json_array_begin(&writer);
    for (size_t i = 0; code == OK && i < count; i++) {
        struct message_view view;
        code = message_view_get(call->work, message_ids[i], &view, error);
        if (code == OK) {
            encode_message(&writer, &view);
        }
    }
    json_array_end(&writer);
    json_object_end(&writer);
    return code;
}

const struct api_route API_SEQUENCES_MORE_ROUTES[] = {
    {"POST", "/api/sequences/:id/lint", "sequences_lint", API_READ,
     API_LARGE | API_NO_BODY_OK | API_NO_IDEMPOTENCY, lint, NULL},
    {"GET", "/api/sequences/:id/stats", "sequences_stats", API_READ, 0, stats, NULL,
     "steps.csv|steps|step_id,day,type,label,removed,total=funnel.total,waiting=funnel.waiting,"
     "queued=funnel.queued,sent=funnel.sent,delivered=funnel.delivered,read=funnel.read,"
     "replied=funnel.replied,failed=funnel.failed,skipped=funnel.skipped,"
     "cancelled=funnel.cancelled,unknown=funnel.unknown,opted_out=funnel.opted_out;"
     "failures.csv|failures|reason,code,title,advice,count,retryable"},
    {"POST", "/api/sequences/:id/test-send", "sequences_test_send", API_EDIT, API_WRITE, test_send,
     NULL},
    {0},
};
