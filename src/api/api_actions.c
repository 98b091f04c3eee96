/* Pausing, resuming and stopping many people or a whole sequence. A dry run counts on the read
 * worker, before the writer is asked for anything: it may walk over a million people. */
#include "api/encode.h"
#include "api/encode_batch.h"
#include "api/route.h"
#include "api/routes.h"
#include "service/actions.h"
#include "service/batch.h"
#include "service/sequences.h"

enum { IDS_MAX = 10000, SEARCH_MAX = 200 };

/* What was asked, and in a dry run also the answer. */
struct action_request {
    struct action action;
    struct store_action_filter filter; /* bulk */
    int64_t sequence_id;               /* whole sequences */
    bool force;
    bool counted; /* the dry run is done */
    struct action_result result;
    struct sequence_view view;
};

/* ---- reading ---- */

static void read_resume(struct json_reader *reader, struct action *action)
{
    static const struct json_choice MODES[] = {{"shift", ACTION_SHIFT},
                                               {"keep_dates", ACTION_KEEP_DATES}};
    static const struct json_choice OVERDUE[] = {{"send_one_per_day", ACTION_KEEP_DATES},
                                                 {"skip", ACTION_SKIP_MISSED}};
    int mode = ACTION_SHIFT;
    int overdue = ACTION_KEEP_DATES;
    (void)json_reader_choice(reader, "mode", MODES, ARRAY_SIZE(MODES), &mode);
    (void)json_reader_choice(reader, "overdue", OVERDUE, ARRAY_SIZE(OVERDUE), &overdue);
    action->mode = mode == ACTION_SHIFT ? ACTION_SHIFT : (enum action_mode)overdue;
}

static void read_statuses(struct json_reader *reader, struct store_action_filter *filter)
{
    const struct json *list = NULL;
    if (!json_reader_array(reader, "status", 0, ENROLLMENT_STATUS_COUNT, &list)) {
        return;
    }
    for (size_t i = 0; i < json_count(list); i++) {
        enum enrollment_status status = ENROLLMENT_ACTIVE;
        struct text text = {0};
        if (json_text(json_at(list, i), &text) && enrollment_status_from_text(text, &status)) {
            filter->status_bits |= 1u << status;
        } else {
            json_reader_fail(reader, "status", "invalid_choice", "is no status of an enrollment");
        }
    }
}

static void read_filter(struct json_reader *reader, struct store_action_filter *filter)
{
    struct json_reader inner;
    if (!json_reader_object(reader, "filter", &inner)) {
        return;
    }
    if (json_reader_required(&inner, "sequence_id")) {
        (void)json_reader_id(&inner, "sequence_id", ID_SEQUENCE, &filter->sequence_id);
    }
    (void)json_reader_id(&inner, "batch_id", ID_BATCH, &filter->batch_id);
    (void)json_reader_text(&inner, "q", 0, SEARCH_MAX, &filter->text);
    read_statuses(&inner, filter);
    reader->failed = json_reader_done(&inner) != OK || reader->failed;
}

static void read_ids(struct json_reader *reader, struct arena *arena,
                     struct store_action_filter *filter)
{
    const struct json *list = NULL;
    if (!json_reader_array(reader, "ids", 1, IDS_MAX, &list)) {
        return;
    }
    int64_t *ids = arena_array(arena, json_count(list), sizeof *ids);
    for (size_t i = 0; i < json_count(list); i++) {
        struct text text = {0};
        if (!json_text(json_at(list, i), &text) || !id_parse(ID_ENROLLMENT, text, &ids[i])) {
            json_reader_fail(reader, "ids", "invalid_format", "item %zu is no enrollment id",
                             i + 1);
            return;
        }
    }
    filter->ids = ids;
    filter->id_count = json_count(list);
}

static enum error_code read_bulk(struct api_call *call, struct action_request *asked,
                                 struct error *error)
{
    static const struct json_choice KINDS[] = {
        {"pause", ACTION_PAUSE}, {"resume", ACTION_RESUME}, {"stop", ACTION_STOP}};
    const struct json *body = NULL;
    struct json_reader reader;
    int kind = ACTION_PAUSE;
    enum error_code code = api_body(call, &body, error);
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, body, "", error);
    if (json_reader_required(&reader, "action")) {
        (void)json_reader_choice(&reader, "action", KINDS, ARRAY_SIZE(KINDS), &kind);
    }
    asked->action.kind = (enum action_kind)kind;
    read_ids(&reader, call->work->arena, &asked->filter);
    read_filter(&reader, &asked->filter);
    read_resume(&reader, &asked->action);
    (void)json_reader_text(&reader, "reason", 0, ACTIONS_REASON_MAX, &asked->action.reason);
    (void)json_reader_bool(&reader, "dry_run", &asked->action.dry_run);
    if (json_reader_has(&reader, "ids") == json_reader_has(&reader, "filter")) {
        json_reader_fail(&reader, "ids", "required", "give either ids or a filter");
    }
    return json_reader_done(&reader);
}

static enum error_code read_whole(struct api_call *call, enum action_kind kind,
                                  struct action_request *asked, struct error *error)
{
    struct api_query query;
    asked->action.kind = kind;
    api_query_open(&query, call, error);
    (void)api_query_bool(&query, "dry_run", &asked->action.dry_run);
    if (kind == ACTION_RESUME) {
        (void)api_query_bool(&query, "force", &asked->force);
    }
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = api_param_id(call, 0, ID_SEQUENCE, &asked->sequence_id, error);
    }
    if (code != OK || call->body == NULL) {
        return code;
    }
    struct json_reader reader;
    json_reader_open(&reader, call->body, "", error);
    (void)json_reader_text(&reader, "reason", 0, ACTIONS_REASON_MAX, &asked->action.reason);
    if (kind == ACTION_RESUME) {
        read_resume(&reader, &asked->action);
    }
    return json_reader_done(&reader);
}

/* ---- many people ---- */

static enum error_code prepare_bulk(struct api_call *call, struct error *error)
{
    struct action_request *asked = arena_alloc(call->work->arena, sizeof *asked);
    enum error_code code = read_bulk(call, asked, error);
    if (code == OK && asked->action.dry_run) {
        code = actions_many(call->work, &asked->action, &asked->filter, &asked->result, error);
        asked->counted = true;
    }
    call->prepared = asked;
    return code;
}

static enum error_code bulk_action(struct api_call *call, struct error *error)
{
    struct action_request *asked = call->prepared;
    struct json_writer writer;
    enum error_code code = OK;
    if (!asked->counted) {
        code = actions_many(call->work, &asked->action, &asked->filter, &asked->result, error);
    }
    if (code == OK && asked->result.batch_id != 0) {
        struct store_batch batch;
        code = batch_get(call->work, asked->result.batch_id, &batch, error);
        if (code == OK) {
            call->response->status = 202;
            api_json(call, &writer);
            encode_batch(&writer, &batch);
        }
        return code;
    }
    if (code == OK) {
        api_json(call, &writer);
        json_object_begin(&writer);
        encode_action_fields(&writer, action_kind_to_text(asked->action.kind),
                             asked->action.dry_run, &asked->result);
        json_object_end(&writer);
    }
    return code;
}

/* ---- whole sequences ---- */

static enum error_code carry_out(struct api_call *call, struct action_request *asked,
                                 struct error *error)
{
    enum error_code code = sequences_get(call->work, asked->sequence_id, &asked->view, error);
    if (code != OK) {
        return code;
    }
    bool starts = asked->action.kind == ACTION_RESUME &&
                  asked->view.sequence.status == SEQUENCE_DRAFT && !asked->action.dry_run;
    /* Starting a draft asks lint first, and then does what resuming does. */
    code = starts ? sequences_activate(call->work, asked->sequence_id, asked->force, error)
                  : actions_sequence(call->work, &asked->action, asked->sequence_id, &asked->result,
                                     error);
    if (code == OK && starts) {
        asked->result.matched = asked->view.counts.active + asked->view.counts.paused;
    }
    return code == OK ? sequences_get(call->work, asked->sequence_id, &asked->view, error) : code;
}

static enum error_code prepare_whole(struct api_call *call, enum action_kind kind,
                                     struct error *error)
{
    struct action_request *asked = arena_alloc(call->work->arena, sizeof *asked);
    enum error_code code = read_whole(call, kind, asked, error);
    if (code == OK && asked->action.dry_run) {
        code = carry_out(call, asked, error);
        asked->counted = true;
    }
    call->prepared = asked;
    return code;
}

static enum error_code prepare_pause(struct api_call *call, struct error *error)
{
    return prepare_whole(call, ACTION_PAUSE, error);
}

static enum error_code prepare_resume(struct api_call *call, struct error *error)
{
    return prepare_whole(call, ACTION_RESUME, error);
}

static enum error_code whole_sequence(struct api_call *call, struct error *error)
{
    struct action_request *asked = call->prepared;
    enum error_code code = asked->counted ? OK : carry_out(call, asked, error);
    if (code == OK) {
        struct json_writer writer;
        api_json(call, &writer);
        json_object_begin(&writer);
        encode_action_fields(&writer, action_kind_to_text(asked->action.kind),
                             asked->action.dry_run, &asked->result);
        json_key(&writer, "sequence");
        encode_sequence(&writer, &asked->view, false);
        json_object_end(&writer);
    }
    return code;
}

const struct api_route API_ACTIONS_ROUTES[] = {
    {"POST", "/api/enrollments/bulk-action", "enrollments_bulk_action", API_EDIT,
     API_WRITE | API_LARGE, bulk_action, prepare_bulk},
    {"POST", "/api/sequences/:id/pause", "sequences_pause", API_EDIT, API_WRITE | API_NO_BODY_OK,
     whole_sequence, prepare_pause},
    {"POST", "/api/sequences/:id/resume", "sequences_resume", API_EDIT, API_WRITE | API_NO_BODY_OK,
     whole_sequence, prepare_resume},
    {0},
};
