/* The ledger of opt-outs: list, add, lift. */
#include "api/encode.h"
#include "api/route.h"
#include "api/routes.h"
#include "base/instant.h"
#include "domain/csv.h"
#include "service/audit.h"
#include "service/contacts.h"
#include "service/suppress.h"
#include "service/suppress_list.h"

#include <stdio.h>

enum { SOURCES_MAX = 8 };

static const struct json_choice KINDS[] = {{"all", SUPPRESSION_ALL},
                                           {"marketing", SUPPRESSION_MARKETING}};

static void read_sources(struct api_query *query, struct text sources[SOURCES_MAX],
                         struct store_suppression_filter *filter)
{
    struct text list = {0};
    struct text part;
    if (!api_query_text(query, "source", 200, &list)) {
        return;
    }
    while (text_next(&list, ',', &part)) {
        if (!suppress_source_known(part)) {
            (void)error_field(query->error, "source", "invalid_choice",
                              "there is no source \"%.*s\"", TEXT_ARGS(part));
            query->failed = true;
        } else if (filter->source_count < SOURCES_MAX) {
            sources[filter->source_count++] = part;
        }
    }
    filter->sources = sources;
}

static enum error_code list(struct api_call *call, struct error *error)
{
    struct store_suppression_filter filter = {0};
    struct store_suppression *rows = NULL;
    struct text sources[SOURCES_MAX];
    struct api_query query;
    struct api_page page = {0};
    size_t count = 0;
    api_query_open(&query, call, error);
    (void)api_query_text(&query, "q", 200, &filter.text);
    read_sources(&query, sources, &filter);
    api_query_page(&query, &page);
    enum error_code code = api_query_done(&query);
    if (code != OK) {
        return code;
    }
    if (page.after.count == 2) {
        filter.before_ms = page.after.keys[0];
        filter.before_id = page.after.keys[1];
    }
    size_t limit = (size_t)page.limit;
    code = suppress_list(call->work, &filter, limit + 1, &rows, &count, error);
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    bool more = count > limit;
    size_t shown = more ? limit : count;
    struct api_cursor next = {.count = 2};
    api_list_begin(call, &writer);
    for (size_t i = 0; i < shown; i++) {
        encode_opt_out(&writer, &rows[i]);
        next.keys[0] = rows[i].updated_at_ms;
        next.keys[1] = rows[i].contact_id;
    }
    api_list_end(call, &writer, more ? &next : NULL);
    return OK;
}

static struct text source_of(const struct api_call *call)
{
    return call->work->actor.kind == ACTOR_USER || call->work->actor.kind == ACTOR_CLI
               ? TEXT("operator")
               : TEXT("api");
}

static enum error_code answer_row(struct api_call *call, const struct suppress_word *word,
                                  struct error *error)
{
    struct store_suppression row = {0};
    bool found = false;
    enum error_code code =
        suppress_find(call->work, call->service, word->phone, word->kind, &row, &found, error);
    if (code == OK && found) {
        struct json_writer writer;
        api_json(call, &writer);
        encode_opt_out(&writer, &row);
    }
    return code;
}

static enum error_code create(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    struct suppress_word word = {.stop = true, .source = source_of(call)};
    struct suppress_result result;
    struct json_reader reader;
    struct text phone = {0};
    int kind = SUPPRESSION_ALL;
    enum error_code code = api_body(call, &body, error);
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, body, "", error);
    if (json_reader_required(&reader, "phone")) {
        (void)json_reader_text(&reader, "phone", 1, 128, &phone);
    }
    (void)json_reader_choice(&reader, "kind", KINDS, ARRAY_SIZE(KINDS), &kind);
    (void)json_reader_text(&reader, "reason", 0, SUPPRESS_REASON_MAX, &word.reason);
    word.kind = (enum suppression_kind)kind;
    code = json_reader_done(&reader);
    if (code == OK) {
        code = contacts_phone(call->work, "phone", phone, &word.phone, error);
    }
    if (code == OK) {
        code = suppress_apply(call->work, call->service, &word, &result, error);
    }
    if (code == OK) {
        call->response->status = 201;
        code = answer_row(call, &word, error);
    }
    return code;
}

struct bulk {
    struct suppress_list list;
    enum suppression_kind kind;
};

static enum error_code prepare_bulk(struct api_call *call, struct error *error)
{
    struct bulk *bulk = arena_alloc(call->work->arena, sizeof(*bulk));
    struct text type = http_media_type(http_request_header(call->request, "content-type"));
    struct api_query query;
    int kind = SUPPRESSION_ALL;
    api_query_open(&query, call, error);
    (void)api_query_choice(&query, "kind", KINDS, ARRAY_SIZE(KINDS), &kind);
    enum error_code code = api_query_done(&query);
    if (code == OK && call->body != NULL) {
        code =
            error_set(error, ERROR_UNSUPPORTED, "the Content-Type must be text/csv or text/plain");
    }
    if (code == OK) {
        code =
            suppress_list_read(call->work, call->request->body,
                               text_equal_ignore_case(type, TEXT("text/csv")), &bulk->list, error);
    }
    bulk->kind = (enum suppression_kind)kind;
    call->prepared = bulk;
    return code;
}

static enum error_code create_bulk(struct api_call *call, struct error *error)
{
    struct bulk *bulk = call->prepared;
    struct suppress_list *list = &bulk->list;
    enum error_code code = suppress_list_apply(call->work, call->service, list, bulk->kind, error);
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_int64(&writer, "total", list->total);
    json_key(&writer, "counts");
    json_object_begin(&writer);
    for (int i = 0; i < SUPPRESS_VERDICT_COUNT; i++) {
        json_field_int64(&writer, suppress_verdict_to_text((enum suppress_verdict)i),
                         list->counts[i]);
    }
    json_object_end(&writer);
    json_key(&writer, "refused");
    json_array_begin(&writer);
    for (size_t i = 0; i < list->refused_count; i++) {
        json_object_begin(&writer);
        json_field_int64(&writer, "row", list->refused[i].row);
        json_field_text(&writer, "input", list->refused[i].input);
        json_field_chars(&writer, "verdict", suppress_verdict_to_text(SUPPRESS_INVALID_PHONE));
        json_field_chars(&writer, "message", list->refused[i].message);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    json_object_end(&writer);
    return OK;
}

/* Lifts what stands for the number, of either kind. */
static enum error_code lift(struct api_call *call, int64_t phone, struct text reason,
                            bool *ret_lifted, struct error *error)
{
    enum error_code code = OK;
    for (size_t i = 0; code == OK && i < ARRAY_SIZE(KINDS); i++) {
        const struct suppress_word word = {.phone = phone,
                                           .kind = (enum suppression_kind)KINDS[i].value,
                                           .source = source_of(call),
                                           .reason = reason};
        struct suppress_result result = {0};
        code = suppress_apply(call->work, call->service, &word, &result, error);
        *ret_lifted = *ret_lifted || result.changed;
    }
    return code;
}

static enum error_code remove_one(struct api_call *call, struct error *error)
{
    struct api_query query;
    struct text typed = {0};
    struct text reason = {0};
    int64_t phone = 0;
    bool lifted = false;
    api_query_open(&query, call, error);
    if (!api_query_text(&query, "phone", 128, &typed)) {
        (void)error_field(error, "phone", "required", "say whose opt-out is to be lifted");
        query.failed = true;
    }
    (void)api_query_text(&query, "reason", SUPPRESS_REASON_MAX, &reason);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = contacts_phone(call->work, "phone", typed, &phone, error);
    }
    if (code == OK) {
        code = lift(call, phone, reason, &lifted, error);
    }
    if (code == OK && !lifted) {
        code = error_set(error, ERROR_NOT_FOUND, "this number has not opted out");
    }
    if (code == OK) {
        code = suppress_audit_lift(call->work, phone, reason, error);
    }
    if (code == OK) {
        api_no_content(call);
    }
    return code;
}

const struct api_route API_OPT_OUTS_ROUTES[] = {
    {"GET", "/api/opt-outs", "opt_outs_list", API_READ, 0, list, NULL,
     "opt-outs.csv|data*|phone,name,kind,source,reason,at"},
    {"POST", "/api/opt-outs", "opt_outs_create", API_ENROLL, API_WRITE, create, NULL},
    {"POST", "/api/opt-outs/bulk", "opt_outs_bulk", API_ENROLL, API_WRITE | API_TEXT | API_LARGE,
     create_bulk, prepare_bulk},
    {"DELETE", "/api/opt-outs", "opt_outs_delete", API_ADMIN, API_WRITE, remove_one, NULL},
    {0},
};
