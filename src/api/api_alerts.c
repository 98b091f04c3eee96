/* Alerts and the audit trail. */
#include "api/routes.h"

#include "base/instant.h"
#include "service/alerts.h"
#include "service/audit.h"

#define MUTE_MAX_MS (30 * MS_PER_DAY)

static void encode_alert(struct json_writer *writer, const struct store_alert *alert)
{
    json_object_begin(writer);
    json_field_id(writer, "id", ID_ALERT, alert->id);
    json_field_text(writer, "kind", alert->kind);
    json_field_text(writer, "cause", alert->cause);
    json_field_chars(writer, "severity", alert_severity_to_text(alert->severity));
    json_field_text(writer, "title", alert->title);
    json_field_text(writer, "advice", alert->advice);
    json_field_text(writer, "link", alert->link);
    json_field_id_or_null(writer, "sequence_id", ID_SEQUENCE, alert->sequence_id);
    json_field_id_or_null(writer, "channel_id", ID_CHANNEL, alert->channel_id);
    json_field_id_or_null(writer, "batch_id", ID_BATCH, alert->batch_id);
    json_field_time(writer, "since", alert->opened_at_ms);
    json_field_time_or_null(writer, "closed_at", alert->closed_at_ms);
    json_field_time_or_null(writer, "acknowledged_at", alert->acknowledged_at_ms);
    json_field_text(writer, "acknowledged_by", alert->acknowledged_by);
    json_field_time_or_null(writer, "muted_until", alert->muted_until_ms);
    json_object_end(writer);
}

static void answer_alert(struct api_call *call, const struct store_alert *alert)
{
    struct json_writer writer;
    api_json(call, &writer);
    encode_alert(&writer, alert);
}

static enum error_code list_alerts(struct api_call *call, struct error *error)
{
    static const struct json_choice STATUSES[] = {{"open", 0}, {"closed", 1}};
    struct store_alert *alerts = NULL;
    struct api_query query;
    struct api_page page = {0};
    size_t count = 0;
    int closed = 0;
    api_query_open(&query, call, error);
    api_query_page(&query, &page);
    (void)api_query_choice(&query, "status", STATUSES, ARRAY_SIZE(STATUSES), &closed);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = alerts_list(call->work, closed == 1, page.after.keys[0], (size_t)page.limit + 1,
                           &alerts, &count, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    bool more = closed == 1 && count > (size_t)page.limit;
    count = more ? (size_t)page.limit : count;
    api_list_begin(call, &writer);
    for (size_t i = 0; i < count; i++) {
        encode_alert(&writer, &alerts[i]);
    }
    struct api_cursor next = {.count = 1};
    next.keys[0] = more ? alerts[count - 1].id : 0;
    api_list_end(call, &writer, more ? &next : NULL);
    return OK;
}

static enum error_code mute_alert(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    struct json_reader reader;
    struct text word = {0};
    int64_t for_ms = 0;
    int64_t id = 0;
    struct store_alert alert;
    enum error_code code = api_param_id(call, 0, ID_ALERT, &id, error);
    if (code == OK) {
        code = api_body(call, &body, error);
    }
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, body, "", error);
    if (json_reader_required(&reader, "for") && json_reader_text(&reader, "for", 1, 20, &word) &&
        (!duration_parse(word, &for_ms) || for_ms > MUTE_MAX_MS)) {
        json_reader_fail(&reader, "for", "invalid_format",
                         "must be a duration like \"2h\" or \"1d\", at most 30 days; \"0s\" ends "
                         "it");
    }
    code = json_reader_done(&reader);
    if (code == OK) {
        code = alerts_mute(call->work, id, for_ms, &alert, error);
    }
    if (code == OK) {
        answer_alert(call, &alert);
    }
    return code;
}

static enum error_code acknowledge_alert(struct api_call *call, struct error *error)
{
    struct store_alert alert;
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_ALERT, &id, error);
    if (code == OK) {
        code = alerts_acknowledge(call->work, id, &alert, error);
    }
    if (code == OK) {
        answer_alert(call, &alert);
    }
    return code;
}

static enum error_code test_alerts(struct api_call *call, struct error *error)
{
    struct store_alert alert;
    enum error_code code = alerts_test(call->work, &alert, error);
    if (code == OK) {
        call->response->status = 201;
        answer_alert(call, &alert);
    }
    return code;
}

/* ---- audit ---- */

static void encode_audit(struct json_writer *writer, const struct store_audit *row)
{
    json_object_begin(writer);
    json_field_int64(writer, "id", row->id);
    json_field_time(writer, "at", row->at_ms);
    json_key(writer, "actor");
    json_object_begin(writer);
    json_field_chars(writer, "kind", actor_kind_to_text(row->actor_kind));
    bool key = row->actor_kind == ACTOR_KEY || row->actor_kind == ACTOR_PUBLIC;
    json_field_id_or_null(writer, "id", key ? ID_KEY : ID_USER, row->actor_id);
    json_field_text(writer, "name", row->actor_name);
    json_field_text(writer, "address", row->address);
    json_object_end(writer);
    json_field_text(writer, "action", row->action);
    json_field_text(writer, "object", row->object);
    if (row->detail.size == 0) {
        json_field_null(writer, "detail");
    } else {
        json_field_raw(writer, "detail", row->detail);
    }
    json_field_text(writer, "request_id", row->request_id);
    json_object_end(writer);
}

static enum error_code list_audit(struct api_call *call, struct error *error)
{
    struct store_audit_filter filter = {0};
    struct store_audit *rows = NULL;
    struct api_query query;
    struct api_page page = {0};
    size_t count = 0;
    api_query_open(&query, call, error);
    api_query_page(&query, &page);
    (void)api_query_text(&query, "action", 100, &filter.action);
    (void)api_query_text(&query, "object", 100, &filter.object);
    (void)api_query_text(&query, "actor", 200, &filter.actor_name);
    enum error_code code = api_query_done(&query);
    filter.before_id = page.after.keys[0];
    if (code == OK) {
        code = audit_list(call->work, &filter, (size_t)page.limit + 1, &rows, &count, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    bool more = count > (size_t)page.limit;
    count = more ? (size_t)page.limit : count;
    api_list_begin(call, &writer);
    for (size_t i = 0; i < count; i++) {
        encode_audit(&writer, &rows[i]);
    }
    struct api_cursor next = {.count = 1};
    next.keys[0] = more ? rows[count - 1].id : 0;
    api_list_end(call, &writer, more ? &next : NULL);
    return OK;
}

const struct api_route API_ALERTS_ROUTES[] = {
    {"GET", "/api/alerts", "alerts_list", API_READ, 0, list_alerts, NULL,
     "alerts.csv|data*|id,kind,cause,severity,title,advice,link,sequence_id,channel_id,batch_id,"
     "since,closed_at,acknowledged_at,acknowledged_by,muted_until"},
    {"POST", "/api/alerts/test", "alerts_test", API_EDIT, API_WRITE | API_NO_BODY_OK, test_alerts,
     NULL},
    {"POST", "/api/alerts/:id/mute", "alerts_mute", API_EDIT, API_WRITE, mute_alert, NULL},
    {"POST", "/api/alerts/:id/acknowledge", "alerts_acknowledge", API_EDIT,
     API_WRITE | API_NO_BODY_OK, acknowledge_alert, NULL},
    {"GET", "/api/audit", "audit_list", API_ADMIN, 0, list_audit, NULL,
     "audit.csv|data*|id,at,actor_kind=actor.kind,actor_id=actor.id,actor=actor.name,"
     "address=actor.address,action,object,detail,request_id"},
    {0},
};
