/* /api/batches: imports and bulk actions that are carried out in chunks, the rows an import
 * refused, cancelling and undoing. */
#include "api/csv_file.h"
#include "api/encode.h"
#include "api/encode_batch.h"
#include "api/routes.h"

#include "base/json.h"
#include "service/batch.h"

#include <stdio.h>

enum { VERDICTS = ENROLL_VERDICT_COUNT };

/* ---- encoding ------------------------------------------------------------------------------ */

void encode_counts(struct json_writer *writer, const int64_t counts[ENROLL_VERDICT_COUNT])
{
    json_key(writer, "counts");
    json_object_begin(writer);
    for (int i = 0; i < VERDICTS; i++) {
        json_field_int64(writer, enroll_verdict_to_text((enum enroll_verdict)i), counts[i]);
    }
    json_object_end(writer);
}

static void encode_skipped(struct json_writer *writer, const struct json *result)
{
    const struct json *skipped = json_get(result, "skipped");
    json_key(writer, "skipped");
    json_array_begin(writer);
    for (size_t i = 0; i < json_count(skipped); i++) {
        const struct json *entry = json_at(skipped, i);
        json_object_begin(writer);
        json_field_text(writer, "reason", json_get_text(entry, "reason"));
        json_field_int64(writer, "count", json_get_int64(entry, "count", 0));
        json_object_end(writer);
    }
    json_array_end(writer);
}

/* What only the batch's own JSON says: the action, whom it changed and whom it left alone. */
static void encode_own(struct json_writer *writer, const struct store_batch *batch)
{
    CLEANUP(json_free) struct json *options = NULL;
    CLEANUP(json_free) struct json *result = NULL;
    struct error ignored = {.code = OK};
    bool action = text_equal(batch->kind, TEXT("action"));
    if (json_parse(batch->options, NULL, &options, &ignored) != OK ||
        json_parse(batch->result, NULL, &result, &ignored) != OK) {
        error_clear(&ignored);
    }
    encode_text_or_null(writer, "action",
                        action ? json_get_text(options, "action") : text_make(NULL, 0));
    json_field_int64(writer, "changed", json_get_int64(result, "changed", 0));
    encode_skipped(writer, result);
}

void encode_batch(struct json_writer *writer, const struct store_batch *batch)
{
    bool import = text_equal(batch->kind, TEXT("import"));
    json_object_begin(writer);
    json_field_id(writer, "id", ID_BATCH, batch->id);
    json_field_text(writer, "kind", batch->kind);
    json_field_chars(writer, "status", batch_state_to_text(batch->state));
    json_field_id_or_null(writer, "sequence_id", ID_SEQUENCE, batch->sequence_id);
    json_field_text(writer, "source", batch->source);
    encode_text_or_null(writer, "filename", batch->file_name);
    if (batch->total_rows == 0 && import && batch->finished_at_ms == 0) {
        json_field_null(writer, "total_rows");
    } else {
        json_field_int64(writer, "total_rows", batch->total_rows);
    }
    json_field_int64(writer, "processed_rows", batch->done_rows);
    encode_counts(writer, batch->counts);
    encode_own(writer, batch);
    json_field_time(writer, "created_at", batch->created_at_ms);
    json_field_time_or_null(writer, "started_at", batch->started_at_ms);
    json_field_time_or_null(writer, "finished_at", batch->finished_at_ms);
    encode_text_or_null(writer, "created_by", batch->actor);
    encode_text_or_null(writer, "error", batch->error);
    json_field_bool(writer, "can_undo", batch_can_undo(batch));
    json_object_end(writer);
}

static enum error_code answer_batch(struct api_call *call, const struct store_batch *batch)
{
    struct json_writer writer;
    api_json(call, &writer);
    encode_batch(&writer, batch);
    return OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

static enum error_code list_batches(struct api_call *call, struct error *error)
{
    static const struct json_choice STATES[] = {
        {"queued", BATCH_WAITING}, {"running", BATCH_RUNNING},     {"completed", BATCH_DONE},
        {"failed", BATCH_FAILED},  {"cancelled", BATCH_CANCELLED}, {"undoing", BATCH_UNDOING},
        {"undone", BATCH_UNDONE},
    };
    struct api_query query;
    struct api_page page = {.limit = 0};
    struct store_batch_filter filter = {.sequence_id = 0};
    api_query_open(&query, call, error);
    (void)api_query_id(&query, "sequence_id", ID_SEQUENCE, &filter.sequence_id);
    (void)api_query_choices(&query, "status", STATES, ARRAY_SIZE(STATES), &filter.states);
    (void)api_query_text(&query, "kind", 20, &filter.kind);
    api_query_page(&query, &page);
    enum error_code code = api_query_done(&query);
    struct store_batch *batches = NULL;
    size_t count = 0;
    size_t limit = (size_t)page.limit;
    filter.before_id = page.after.count > 0 ? page.after.keys[0] : 0;
    if (code == OK) {
        code = batch_list(call->work, &filter, limit + 1, &batches, &count, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    struct api_cursor next = {.count = 1};
    api_list_begin(call, &writer);
    for (size_t i = 0; i < count && i < limit; i++) {
        encode_batch(&writer, &batches[i]);
        next.keys[0] = batches[i].id;
    }
    api_list_end(call, &writer, count > limit ? &next : NULL);
    return OK;
}

static enum error_code get_batch(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    struct store_batch batch;
    enum error_code code = api_param_id(call, 0, ID_BATCH, &id, error);
    if (code == OK) {
        code = batch_get(call->work, id, &batch, error);
    }
    return code == OK ? answer_batch(call, &batch) : code;
}

/* ---- refused rows -------------------------------------------------------------------------- */

void encode_row_verdict(struct json_writer *writer, const struct import_answer_row *row)
{
    json_object_begin(writer);
    json_field_int64(writer, "row", row->number);
    json_field_chars(writer, "verdict", enroll_verdict_to_text(row->verdict));
    json_field_text(writer, "message",
                    row->message.size > 0 ? row->message
                                          : text_from(enroll_verdict_to_words(row->verdict)));
    encode_phone(writer, "phone", row->phone);
    encode_text_or_null(writer, "name", row->name);
    json_field_text(writer, "input", row->input);
    json_field_id_or_null(writer, "enrollment_id", ID_ENROLLMENT, row->enrollment_id);
    json_object_end(writer);
}

static enum error_code list_rows(struct api_call *call, struct error *error)
{
    struct json_choice verdicts[VERDICTS];
    struct api_query query;
    struct api_page page = {.limit = 0};
    uint64_t bits = 0;
    int64_t id = 0;
    struct store_batch batch;
    for (int i = 0; i < VERDICTS; i++) {
        verdicts[i] = (struct json_choice){enroll_verdict_to_text((enum enroll_verdict)i), i};
    }
    api_query_open(&query, call, error);
    (void)api_query_choices(&query, "verdict", verdicts, VERDICTS, &bits);
    api_query_page(&query, &page);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = api_param_id(call, 0, ID_BATCH, &id, error);
    }
    if (code == OK) {
        code = batch_get(call->work, id, &batch, error);
    }
    struct import_answer_row *rows = NULL;
    size_t count = 0;
    size_t limit = (size_t)page.limit;
    int64_t after = page.after.count > 0 ? page.after.keys[0] : 0;
    if (code == OK) {
        code = batch_rows(call->work, &batch, bits, after, limit + 1, &rows, &count, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    struct api_cursor next = {.count = 1};
    api_list_begin(call, &writer);
    for (size_t i = 0; i < count && i < limit; i++) {
        encode_row_verdict(&writer, &rows[i]);
        next.keys[0] = rows[i].number;
    }
    api_list_end(call, &writer, count > limit ? &next : NULL);
    return OK;
}

static enum error_code rows_csv(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    char name[64];
    char text[ID_TEXT_MAX];
    struct store_batch batch;
    struct csv_file file;
    enum error_code code = api_param_id(call, 0, ID_BATCH, &id, error);
    if (code == OK) {
        code = batch_get(call->work, id, &batch, error);
    }
    if (code == OK) {
        code = csv_file_open(call, &file, error);
    }
    if (code != OK) {
        return code;
    }
    code = batch_rows_csv(call->work, &batch, csv_file_write, &file, error);
    (void)snprintf(name, sizeof name, "%s-refused.csv", id_format(ID_BATCH, id, text));
    return csv_file_close(call, &file, name, code);
}

/* ---- changing ------------------------------------------------------------------------------ */

static enum error_code cancel_batch(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    struct store_batch batch;
    enum error_code code = api_param_id(call, 0, ID_BATCH, &id, error);
    if (code == OK) {
        code = batch_cancel(call->work, id, &batch, error);
    }
    return code == OK ? answer_batch(call, &batch) : code;
}

static enum error_code undo_batch(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    bool dry_run = false;
    struct store_batch batch;
    struct batch_undo undo;
    struct api_query query;
    api_query_open(&query, call, error);
    (void)api_query_bool(&query, "dry_run", &dry_run);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = api_param_id(call, 0, ID_BATCH, &id, error);
    }
    if (code == OK) {
        code = batch_undo(call->work, id, dry_run, &undo, &batch, error);
    }
    if (code != OK) {
        return code;
    }
    if (batch.state == BATCH_UNDOING) {
        call->response->status = 202;
        return answer_batch(call, &batch);
    }
    struct json_writer writer;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_bool(&writer, "dry_run", dry_run);
    json_field_int64(&writer, "removed", undo.removed);
    json_field_int64(&writer, "stopped", undo.stopped);
    json_key(&writer, "batch");
    encode_batch(&writer, &batch);
    json_object_end(&writer);
    return OK;
}

const struct api_route API_BATCHES_ROUTES[] = {
    {"GET", "/api/batches", "batches_list", API_READ, 0, list_batches, NULL,
     "batches.csv|data*|id,kind,status,sequence_id,source,filename,total_rows,processed_rows,"
     "enrolled=counts.enrolled,restarted=counts.restarted,already_active=counts.already_active,"
     "already_completed=counts.already_completed,duplicate_in_file=counts.duplicate_in_file,"
     "opted_out=counts.opted_out,invalid_phone=counts.invalid_phone,"
     "invalid_row=counts.invalid_row,created_at,started_at,finished_at,created_by,error"},
    {"GET", "/api/batches/:id", "batches_get", API_READ, 0, get_batch, NULL},
    {"GET", "/api/batches/:id/rows", "batches_rows", API_READ, 0, list_rows, NULL},
    {"GET", "/api/batches/:id/rows.csv", "batches_rows_csv", API_READ, 0, rows_csv, NULL},
    {"POST", "/api/batches/:id/cancel", "batches_cancel", API_ENROLL, API_WRITE | API_NO_BODY_OK,
     cancel_batch, NULL},
    {"POST", "/api/batches/:id/undo", "batches_undo", API_EDIT, API_WRITE | API_NO_BODY_OK,
     undo_batch, NULL},
    {0},
};
