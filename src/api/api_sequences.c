/* Sequences: list, create, read, save, delete, copy, archive, versions. What checks and measures
 * them is api_sequences_more.c; enrolling, pausing and previews have files of their own. */
#include "api/encode.h"
#include "api/route.h"
#include "api/routes.h"
#include "base/instant.h"
#include "service/sequences.h"

#include <stdio.h>

static const struct json_choice STATUSES[] = {
    {"draft", SEQUENCE_DRAFT},
    {"active", SEQUENCE_ACTIVE},
    {"paused", SEQUENCE_PAUSED},
    {"archived", SEQUENCE_ARCHIVED},
};

enum { DESCENDING = 16 };
static const struct json_choice SORTS[] = {
    {"name", SEQUENCES_BY_NAME},
    {"-name", SEQUENCES_BY_NAME | DESCENDING},
    {"created_at", SEQUENCES_BY_CREATED},
    {"-created_at", SEQUENCES_BY_CREATED | DESCENDING},
    {"updated_at", SEQUENCES_BY_UPDATED},
    {"-updated_at", SEQUENCES_BY_UPDATED | DESCENDING},
    {"last_activity_at", SEQUENCES_BY_ACTIVITY},
    {"-last_activity_at", SEQUENCES_BY_ACTIVITY | DESCENDING},
    {"enrolled_count", SEQUENCES_BY_ENROLLED},
    {"-enrolled_count", SEQUENCES_BY_ENROLLED | DESCENDING},
    {"active_count", SEQUENCES_BY_ACTIVE},
    {"-active_count", SEQUENCES_BY_ACTIVE | DESCENDING},
};

static enum error_code list(struct api_call *call, struct error *error)
{
    struct sequences_filter filter = {0};
    struct sequence_view *views = NULL;
    struct api_query query;
    struct api_page page = {0};
    int sort = SEQUENCES_BY_UPDATED | DESCENDING;
    size_t count = 0;
    bool more = false;
    api_query_open(&query, call, error);
    (void)api_query_choices(&query, "status", STATUSES, ARRAY_SIZE(STATUSES), &filter.statuses);
    (void)api_query_text(&query, "q", 200, &filter.text);
    (void)api_query_choice(&query, "sort", SORTS, ARRAY_SIZE(SORTS), &sort);
    api_query_page(&query, &page);
    enum error_code code = api_query_done(&query);
    filter.sort = (enum sequences_sort)(sort & ~DESCENDING);
    filter.descending = (sort & DESCENDING) != 0;
    filter.offset = page.after.count > 0 && page.after.keys[0] > 0 ? (size_t)page.after.keys[0] : 0;
    filter.limit = (size_t)page.limit;
    if (code == OK) {
        code = sequences_list(call->work, &filter, &views, &count, &more, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    api_list_begin(call, &writer);
    for (size_t i = 0; i < count; i++) {
        encode_sequence(&writer, &views[i], false);
    }
    const struct api_cursor next = {.keys = {(int64_t)(filter.offset + count)}, .count = 1};
    api_list_end(call, &writer, more ? &next : NULL);
    return OK;
}

static void answer(struct api_call *call, const struct sequence_view *view)
{
    struct json_writer writer;
    http_response_set_header_format(call->response, "ETag", "\"v%lld\"",
                                    (long long)view->sequence.version);
    api_json(call, &writer);
    encode_sequence(&writer, view, true);
}

static void answer_created(struct api_call *call, const struct sequence_view *view)
{
    char id[ID_TEXT_MAX];
    api_created(call, "/api/sequences/%s", id_format(ID_SEQUENCE, view->sequence.id, id));
    answer(call, view);
}

static enum error_code create(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    struct sequence_view view;
    struct api_query query;
    bool force = false;
    api_query_open(&query, call, error);
    (void)api_query_bool(&query, "force", &force);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = api_body(call, &body, error);
    }
    if (code == OK) {
        code = sequences_create(call->work, body, force, &view, error);
    }
    if (code == OK) {
        answer_created(call, &view);
    }
    return code;
}

static enum error_code get(struct api_call *call, struct error *error)
{
    struct sequence_view view;
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    if (code == OK) {
        code = sequences_get(call->work, id, &view, error);
    }
    if (code == OK) {
        answer(call, &view);
    }
    return code;
}

static void encode_effect_steps(struct json_writer *writer, const struct edit_effects *effects)
{
    json_key(writer, "steps");
    json_array_begin(writer);
    for (size_t i = 0; i < effects->step_count; i++) {
        const struct edit_step *step = &effects->steps[i];
        json_object_begin(writer);
        json_field_id_or_null(writer, "step_id", ID_STEP, step->step_id);
        json_field_int64(writer, "day", step->day);
        json_field_chars(writer, "change", step_change_to_text(step->change));
        json_field_int64(writer, "ahead", step->ahead);
        json_field_int64(writer, "past", step->past);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void answer_effects(struct api_call *call, const struct edit_effects *effects)
{
    struct json_writer writer;
    char date[INSTANT_TEXT_MAX];
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_bool(&writer, "dry_run", true);
    json_field_int64(&writer, "people", effects->people);
    json_key(&writer, "messages");
    json_object_begin(&writer);
    json_field_int64(&writer, "moved_earlier", effects->moved_earlier);
    json_field_int64(&writer, "moved_later", effects->moved_later);
    json_field_int64(&writer, "overdue", effects->overdue);
    json_field_int64(&writer, "new", effects->added);
    json_field_int64(&writer, "dropped", effects->dropped);
    json_field_int64(&writer, "unchanged", effects->unchanged);
    json_object_end(&writer);
    json_key(&writer, "per_day");
    json_array_begin(&writer);
    for (size_t i = 0; i < effects->day_count; i++) {
        json_object_begin(&writer);
        json_field_chars(&writer, "date",
                         civil_format(civil_from_days(effects->days[i].day), date));
        json_field_int64(&writer, "count", effects->days[i].count);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    encode_effect_steps(&writer, effects);
    json_object_end(&writer);
}

static void answer_update(struct api_call *call, bool dry_run,
                          const struct sequences_update_result *result)
{
    if (dry_run) {
        answer_effects(call, &result->effects);
    } else {
        answer(call, &result->view);
    }
}

/* Whether a list of entity tags names a version: "v3", or "v3.HASH" as reading answers it. */
static bool names_version(struct text list, int64_t version)
{
    char wanted[32];
    struct text tag;
    (void)snprintf(wanted, sizeof(wanted), "\"v%lld", (long long)version);
    while (text_next(&list, ',', &tag)) {
        tag = text_trim(tag);
        tag = text_starts_with(tag, TEXT("W/")) ? text_skip(tag, 2) : tag;
        size_t size = strlen(wanted);
        if (text_starts_with(tag, text_from(wanted)) && tag.size > size &&
            (tag.data[size] == '"' || tag.data[size] == '.')) {
            return true;
        }
    }
    return false;
}

/* `If-Match: "v3"` says the same as `version` in the body. */
static enum error_code check_if_match(struct api_call *call, int64_t id, struct error *error)
{
    struct text header = http_request_header(call->request, "If-Match");
    struct sequence_view view;
    if (header.data == NULL || text_equal(header, TEXT("*"))) {
        return OK;
    }
    enum error_code code = sequences_get(call->work, id, &view, error);
    if (code != OK) {
        return code;
    }
    if (names_version(header, view.sequence.version)) {
        return OK;
    }
    return error_reason(error,
                        error_set(error, ERROR_CONFLICT,
                                  "the sequence was saved meanwhile and is at version %lld now",
                                  (long long)view.sequence.version),
                        "version_conflict");
}

/* What a save was asked to do, and in a dry run also what it would. */
struct update_request {
    struct sequences_update options;
    const struct json *body;
    int64_t id;
    bool counted;
    struct sequences_update_result result;
};

static enum error_code read_update(struct api_call *call, struct update_request *asked,
                                   struct error *error)
{
    struct api_query query;
    api_query_open(&query, call, error);
    (void)api_query_bool(&query, "dry_run", &asked->options.dry_run);
    (void)api_query_bool(&query, "force", &asked->options.force);
    (void)api_query_bool(&query, "backfill", &asked->options.backfill);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = api_param_id(call, 0, ID_SEQUENCE, &asked->id, error);
    }
    return code == OK ? api_body(call, &asked->body, error) : code;
}

/* A dry run counts on the read worker: it may walk over a million people. */
static enum error_code prepare_update(struct api_call *call, struct error *error)
{
    struct update_request *asked = arena_alloc(call->work->arena, sizeof *asked);
    enum error_code code = read_update(call, asked, error);
    if (code == OK && asked->options.dry_run) {
        code = sequences_update(call->work, asked->id, asked->body, &asked->options, &asked->result,
                                error);
        asked->counted = true;
    }
    call->prepared = asked;
    return code;
}

static enum error_code update(struct api_call *call, struct error *error)
{
    struct update_request *asked = call->prepared;
    enum error_code code = OK;
    if (!asked->counted) {
        code = check_if_match(call, asked->id, error);
    }
    if (code == OK && !asked->counted) {
        code = sequences_update(call->work, asked->id, asked->body, &asked->options, &asked->result,
                                error);
    }
    if (code == OK) {
        answer_update(call, asked->options.dry_run, &asked->result);
    }
    return code;
}

static enum error_code delete_sequence(struct api_call *call, struct error *error)
{
    struct api_query query;
    struct text confirm = {0};
    bool force = false;
    int64_t id = 0;
    api_query_open(&query, call, error);
    (void)api_query_text(&query, "confirm", 1000, &confirm);
    (void)api_query_bool(&query, "force", &force);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    }
    if (code == OK) {
        code = sequences_delete(call->work, id, confirm, force, error);
    }
    if (code == OK) {
        api_no_content(call);
    }
    return code;
}

static enum error_code clone(struct api_call *call, struct error *error)
{
    struct sequence_view view;
    struct text name = {0};
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    if (code == OK && call->body != NULL) {
        struct json_reader reader;
        json_reader_open(&reader, call->body, "", error);
        if (json_reader_text(&reader, "name", 1, SEQUENCE_NAME_MAX, &name) &&
            text_trim(name).size == 0) {
            json_reader_fail(&reader, "name", "required", "\"name\" cannot be empty");
        }
        code = json_reader_done(&reader);
    }
    if (code == OK) {
        code = sequences_clone(call->work, id, text_trim(name), &view, error);
    }
    if (code == OK) {
        answer_created(call, &view);
    }
    return code;
}

static enum error_code archive(struct api_call *call, struct error *error)
{
    struct action_result result;
    struct sequence_view view;
    struct api_query query;
    struct text reason = {0};
    bool dry_run = false;
    int64_t id = 0;
    api_query_open(&query, call, error);
    (void)api_query_bool(&query, "dry_run", &dry_run);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    }
    if (code == OK && call->body != NULL) {
        struct json_reader reader;
        json_reader_open(&reader, call->body, "", error);
        (void)json_reader_text(&reader, "reason", 0, ACTIONS_REASON_MAX, &reason);
        code = json_reader_done(&reader);
    }
    if (code == OK) {
        code = sequences_archive(call->work, id, reason, dry_run, &result, error);
    }
    if (code == OK) {
        code = sequences_get(call->work, id, &view, error);
    }
    if (code == OK) {
        struct json_writer writer;
        api_json(call, &writer);
        json_object_begin(&writer);
        encode_action_fields(&writer, "archive", dry_run, &result);
        json_key(&writer, "sequence");
        encode_sequence(&writer, &view, false);
        json_object_end(&writer);
    }
    return code;
}

static void encode_version_fields(struct json_writer *writer,
                                  const struct sequence_version_view *view)
{
    json_field_int64(writer, "version", view->version.version);
    json_field_time(writer, "saved_at", view->version.created_at_ms);
    encode_text_or_null(writer, "saved_by", view->version.actor);
    json_field_text(writer, "name", view->name);
    json_field_int64(writer, "message_count", view->message_count);
    json_field_bool(writer, "current", view->current);
    encode_text_or_null(writer, "comment", view->version.comment);
}

static enum error_code versions(struct api_call *call, struct error *error)
{
    struct sequence_version_view *views = NULL;
    struct api_query query;
    struct api_page page = {0};
    int64_t id = 0;
    size_t count = 0;
    api_query_open(&query, call, error);
    api_query_page(&query, &page);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = api_param_id(call, 0, ID_SEQUENCE, &id, error);
    }
    if (code == OK) {
        int64_t before = page.after.count > 0 ? page.after.keys[0] : 0;
        code =
            sequences_versions(call->work, id, before, (size_t)page.limit, &views, &count, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    api_list_begin(call, &writer);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(&writer);
        encode_version_fields(&writer, &views[i]);
        json_object_end(&writer);
    }
    bool more = count == (size_t)page.limit && views[count - 1].version.version > 1;
    const struct api_cursor next = {.keys = {more ? views[count - 1].version.version : 0},
                                    .count = 1};
    api_list_end(call, &writer, more ? &next : NULL);
    return OK;
}

/* The id and the number of a version in the path. */
static enum error_code param_version(const struct api_call *call, int64_t *ret_id,
                                     int64_t *ret_version, struct error *error)
{
    enum error_code code = api_param_id(call, 0, ID_SEQUENCE, ret_id, error);
    if (code == OK && (!text_to_int64(call->params[1], ret_version) || *ret_version < 1)) {
        code = error_set(error, ERROR_NOT_FOUND, "there is no such version");
    }
    return code;
}

static enum error_code version(struct api_call *call, struct error *error)
{
    struct sequence_version_view view;
    struct api_query query;
    int64_t id = 0;
    int64_t number = 0;
    api_query_open(&query, call, error);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = param_version(call, &id, &number, error);
    }
    if (code == OK) {
        code = sequences_version(call->work, id, number, &view, error);
    }
    if (code == OK) {
        struct json_writer writer;
        api_json(call, &writer);
        json_object_begin(&writer);
        encode_version_fields(&writer, &view);
        json_field_raw(&writer, "document", view.version.definition);
        json_object_end(&writer);
    }
    return code;
}

static enum error_code restore(struct api_call *call, struct error *error)
{
    struct sequences_update_result result;
    struct api_query query;
    bool dry_run = false;
    int64_t id = 0;
    int64_t number = 0;
    api_query_open(&query, call, error);
    (void)api_query_bool(&query, "dry_run", &dry_run);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = param_version(call, &id, &number, error);
    }
    if (code == OK) {
        code = sequences_restore(call->work, id, number, dry_run, &result, error);
    }
    if (code == OK) {
        answer_update(call, dry_run, &result);
    }
    return code;
}

const struct api_route API_SEQUENCES_ROUTES[] = {
    {"GET", "/api/sequences", "sequences_list", API_READ, 0, list, NULL,
     "sequences.csv|data*|id,name,status,description,total_days,message_count,enrolled_count,"
     "active_count,paused_count,completed_count,stopped_count,opted_out_count,failed_count,"
     "sent=totals.sent,delivered=totals.delivered,read=totals.read,replied=totals.replied,"
     "failed=totals.failed,skipped=totals.skipped,cancelled=totals.cancelled,"
     "unknown=totals.unknown,timezone,send_time,last_activity_at,created_at,updated_at,version"},
    {"POST", "/api/sequences", "sequences_create", API_EDIT, API_WRITE | API_LARGE, create, NULL},
    {"GET", "/api/sequences/:id", "sequences_get", API_READ, 0, get, NULL},
    {"PUT", "/api/sequences/:id", "sequences_update", API_EDIT, API_WRITE | API_LARGE, update,
     prepare_update},
    {"DELETE", "/api/sequences/:id", "sequences_delete", API_EDIT, API_WRITE, delete_sequence,
     NULL},
    {"POST", "/api/sequences/:id/clone", "sequences_clone", API_EDIT, API_WRITE | API_NO_BODY_OK,
     clone, NULL},
    {"POST", "/api/sequences/:id/archive", "sequences_archive", API_EDIT,
     API_WRITE | API_NO_BODY_OK, archive, NULL},
    {"GET", "/api/sequences/:id/versions", "sequences_versions", API_READ, 0, versions, NULL},
    {"GET", "/api/sequences/:id/versions/:version", "sequences_version", API_READ, 0, version,
     NULL},
    {"POST", "/api/sequences/:id/versions/:version/restore", "sequences_restore", API_EDIT,
     API_WRITE | API_NO_BODY_OK, restore, NULL},
    {0},
};
