/* Enrolling: one person, or many as JSON, CSV or pasted lines. */
#include "api/encode.h"
#include "api/encode_batch.h"
#include "api/routes.h"

#include "service/enrollments.h"
#include "service/import.h"
#include "service/settings.h"

/* ---- one person ---------------------------------------------------------------------------- */

static enum error_code enroll_one(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    bool dry_run = false;
    const struct json *body = NULL;
    struct enrollments_one one;
    struct api_query query;
    api_query_open(&query, call, error);
    (void)api_query_bool(&query, "dry_run", &dry_run);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    }
    if (code == OK) {
        code = api_body(call, &body, error);
    }
    if (code == OK) {
        code = enrollments_enroll(call->work, call->service, id, body, TEXT("api"), dry_run, &one,
                                  error);
    }
    if (code != OK) {
        return code;
    }
    char text[ID_TEXT_MAX];
    if (one.has_view) {
        api_created(call, "/api/enrollments/%s", id_format(ID_ENROLLMENT, one.enrollment_id, text));
    }
    struct json_writer writer;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_chars(&writer, "verdict", enroll_verdict_to_text(one.verdict));
    json_field_chars(&writer, "message", one.message);
    encode_phone(&writer, "phone", one.phone);
    json_field_id_or_null(&writer, "enrollment_id", ID_ENROLLMENT, one.enrollment_id);
    json_key(&writer, "enrollment");
    if (one.has_view) {
        encode_enrollment(&writer, &one.view);
    } else {
        json_put_null(&writer);
    }
    json_object_end(&writer);
    return OK;
}

/* ---- many ---------------------------------------------------------------------------------- */

struct bulk {
    struct import_request request;
    struct import_prepared *prepared;
};

static const struct json_choice SEPARATORS[] = {
    {"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"pipe", '|'}};

static void read_format(struct api_call *call, struct import_request *request)
{
    struct text type = http_media_type(http_request_header(call->request, "content-type"));
    if (text_equal_ignore_case(type, TEXT("text/csv"))) {
        request->options.format = IMPORT_TABLE;
        request->source = TEXT("csv");
    } else if (text_equal_ignore_case(type, TEXT("text/plain"))) {
        request->options.format = IMPORT_LINES;
        request->source = TEXT("paste");
    } else {
        request->options.format = IMPORT_JSON;
        request->source = TEXT("api");
    }
}

static enum error_code read_query(struct api_call *call, struct import_request *request,
                                  struct error *error)
{
    struct api_query query;
    bool header = false;
    int separator = 0;
    struct text country = {NULL, 0};
    api_query_open(&query, call, error);
    (void)api_query_bool(&query, "dry_run", &request->dry_run);
    (void)api_query_text(&query, "country", 2, &country);
    (void)api_query_text(&query, "columns", 8192, &request->options.columns);
    (void)api_query_text(&query, "filename", 255, &request->file_name);
    if (api_query_choice(&query, "delimiter", SEPARATORS, ARRAY_SIZE(SEPARATORS), &separator)) {
        request->options.separator = (char)separator;
    }
    request->options.header = -1;
    if (api_query_bool(&query, "header", &header)) {
        request->options.header = header ? 1 : 0;
    }
    enum error_code code = api_query_done(&query);
    if (code == OK && country.size > 0 && !phone_country_known(country)) {
        return error_field(error, "country", "invalid_choice", "there is no such country");
    }
    struct settings settings;
    if (code == OK) {
        code = settings_read(call->work, &settings, error);
    }
    if (code == OK) {
        request->options.country = country.size > 0 ? country : settings.default_country;
    }
    return code;
}

static enum error_code prepare_bulk(struct api_call *call, struct error *error)
{
    struct bulk *bulk = arena_alloc(call->work->arena, sizeof *bulk);
    struct import_request *request = &bulk->request;
    if (call->request->body_path == NULL) {
        return error_set(error, ERROR_INVALID, "the request has no body");
    }
    request->path = call->request->body_path;
    request->actor = arena_text(call->work->arena, call->work->actor.name);
    read_format(call, request);
    enum error_code code = read_query(call, request, error);
    if (code == OK) {
        code = api_param_id(call, 0, ID_SEQUENCE, &request->sequence_id, error);
    }
    if (code == OK) {
        code = import_prepare(call->work, call->service, request, &bulk->prepared, error);
    }
    call->prepared = bulk;
    return code;
}

static const char *separator_to_text(char separator)
{
    for (size_t i = 0; i < ARRAY_SIZE(SEPARATORS); i++) {
        if (SEPARATORS[i].value == separator) {
            return SEPARATORS[i].name;
        }
    }
    return "comma";
}

static void encode_column(struct json_writer *writer, struct arena *arena,
                          const struct import_shape *shape, size_t index)
{
    const struct import_column *column = &shape->columns.columns[index];
    json_object_begin(writer);
    json_field_int64(writer, "index", (int64_t)index);
    json_field_text(writer, "name", column->head);
    json_field_text(writer, "target", import_column_target(arena, column));
    json_key(writer, "samples");
    json_array_begin(writer);
    for (size_t i = 0; i < IMPORT_SAMPLES; i++) {
        if (shape->samples[index][i].size > 0) {
            json_put_text(writer, shape->samples[index][i]);
        }
    }
    json_array_end(writer);
    json_object_end(writer);
}

static void encode_shape(struct json_writer *writer, struct arena *arena,
                         const struct import_shape *shape)
{
    json_key(writer, "file");
    if (shape == NULL) {
        json_put_null(writer);
        return;
    }
    json_object_begin(writer);
    json_field_chars(writer, "encoding", text_encoding_to_text(shape->encoding));
    json_field_chars(writer, "delimiter", separator_to_text(shape->separator));
    json_field_bool(writer, "header", shape->columns.has_header);
    json_key(writer, "columns");
    json_array_begin(writer);
    for (size_t i = 0; i < shape->columns.count; i++) {
        encode_column(writer, arena, shape, i);
    }
    json_array_end(writer);
    json_object_end(writer);
}

static void encode_warning(struct json_writer *writer, const char *code, const char *message,
                           int64_t count)
{
    if (count > 0) {
        json_object_begin(writer);
        json_field_chars(writer, "code", code);
        json_field_chars(writer, "message", message);
        json_field_int64(writer, "count", count);
        json_object_end(writer);
    }
}

static void encode_answer(struct api_call *call, const struct import_answer *answer, bool dry_run)
{
    struct json_writer writer;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_bool(&writer, "dry_run", dry_run);
    json_field_id_or_null(&writer, "batch_id", ID_BATCH, answer->batch.id);
    json_field_int64(&writer, "total_rows", answer->total_rows);
    encode_counts(&writer, answer->counts);
    json_key(&writer, "warnings");
    json_array_begin(&writer);
    encode_warning(&writer, "unknown_timezone",
                   "time zones that do not exist; the sequence's zone is used for these people",
                   answer->unknown_zones);
    encode_warning(&writer, "repaired_text",
                   "characters that are no UTF-8 were read as Windows-1252", answer->repairs);
    json_array_end(&writer);
    json_key(&writer, "rows");
    json_array_begin(&writer);
    for (size_t i = 0; i < answer->row_count; i++) {
        encode_row_verdict(&writer, &answer->rows[i]);
    }
    json_array_end(&writer);
    encode_shape(&writer, call->work->arena, answer->shape);
    json_object_end(&writer);
}

static enum error_code enroll_bulk(struct api_call *call, struct error *error)
{
    struct bulk *bulk = call->prepared;
    struct import_answer answer;
    enum error_code code =
        import_carry_out(call->work, call->service, &bulk->request, bulk->prepared, &answer, error);
    if (code != OK) {
        return code;
    }
    if (!answer.later) {
        encode_answer(call, &answer, bulk->request.dry_run);
        return OK;
    }
    char id[ID_TEXT_MAX];
    struct json_writer writer;
    call->response->status = 202;
    http_response_set_header_format(call->response, "Location", "/api/batches/%s",
                                    id_format(ID_BATCH, answer.batch.id, id));
    api_json(call, &writer);
    encode_batch(&writer, &answer.batch);
    return OK;
}

const struct api_route API_ENROLL_ROUTES[] = {
    {"POST", "/api/sequences/:id/enroll", "enroll_one", API_ENROLL, API_WRITE, enroll_one, NULL},
    {"POST", "/api/sequences/:id/enroll/bulk", "enroll_bulk", API_ENROLL,
     API_WRITE | API_SPOOL | API_TEXT, enroll_bulk, prepare_bulk},
    {0},
};
