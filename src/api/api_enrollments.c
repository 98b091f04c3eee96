/* /api/enrollments, /api/sequences/:id/enrollments and /api/enrollments/:id: people in sequences,
 * listed, read and changed. */
#include "api/encode.h"
#include "api/routes.h"

#include "base/instant.h"
#include "domain/csv.h"
#include "domain/schedule.h"
#include "service/enrollments.h"

#include <stdio.h>

enum { CSV_PAGE = 500 };

struct list {
    struct store_enrollment_filter filter;
    struct api_page page;
    bool count;
    bool by_time; /* of a span of time, in the order of when they were added */
};

/* Both lists: of one sequence, which the path names, and of all, which may ask for one. */
static enum error_code read_list(struct api_call *call, struct list *list, struct error *error)
{
    static const struct json_choice ORDERS[] = {
        {"-enrolled_at", STORE_ENROLLMENT_NEWEST},
        {"enrolled_at", STORE_ENROLLMENT_OLDEST},
        {"next_message_due", STORE_ENROLLMENT_BY_DUE},
    };
    struct json_choice statuses[ENROLLMENT_STATUS_COUNT];
    struct api_query query;
    int order = STORE_ENROLLMENT_NEWEST;
    for (int i = 0; i < ENROLLMENT_STATUS_COUNT; i++) {
        statuses[i] = (struct json_choice){enrollment_status_to_text((enum enrollment_status)i), i};
    }
    api_query_open(&query, call, error);
    (void)api_query_choices(&query, "status", statuses, ENROLLMENT_STATUS_COUNT,
                            &list->filter.statuses);
    (void)api_query_text(&query, "q", 200, &list->filter.text);
    (void)api_query_id(&query, "batch_id", ID_BATCH, &list->filter.batch_id);
    (void)api_query_choice(&query, "sort", ORDERS, ARRAY_SIZE(ORDERS), &order);
    (void)api_query_bool(&query, "count", &list->count);
    (void)api_query_time(&query, "enrolled_from", &list->filter.added_from_ms);
    (void)api_query_time(&query, "enrolled_to", &list->filter.added_to_ms);
    bool all = call->params[0].size == 0;
    if (all) {
        (void)api_query_id(&query, "sequence_id", ID_SEQUENCE, &list->filter.sequence_id);
    }
    api_query_page(&query, &list->page);
    list->filter.order = (enum store_enrollment_order)order;
    list->by_time = list->filter.added_from_ms != 0 || list->filter.added_to_ms != 0;
    if (list->by_time && list->filter.order == STORE_ENROLLMENT_BY_DUE) {
        (void)error_field(error, "sort", "invalid_choice",
                          "must be enrolled_at or -enrolled_at together with a span of time");
        query.failed = true;
    }
    enum error_code code = api_query_done(&query);
    if (code == OK && !all) {
        code = api_param_id(call, 0, ID_SEQUENCE, &list->filter.sequence_id, error);
    }
    if (list->page.after.count == 2) {
        list->filter.after_id = list->page.after.keys[0];
        list->filter.after_ms = list->page.after.keys[1];
    }
    return code;
}

static void step_on(struct list *list, const struct store_enrollment_view *last)
{
    list->filter.after_id = last->enrollment.id;
    list->filter.after_ms =
        list->by_time ? last->enrollment.created_at_ms : last->enrollment.next_due_at_ms;
}

static enum error_code list_enrollments(struct api_call *call, struct error *error)
{
    struct list list = {0};
    struct store_enrollment_view *views = NULL;
    size_t count = 0;
    int64_t total = 0;
    enum error_code code = read_list(call, &list, error);
    size_t limit = (size_t)list.page.limit;
    if (code == OK) {
        code = enrollments_list(call->work, &list.filter, limit + 1, &views, &count, error);
    }
    if (code == OK && list.count) {
        code = enrollments_count(call->work, &list.filter, &total, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    struct api_cursor next = {.count = 2};
    api_json(call, &writer);
    json_object_begin(&writer);
    json_key(&writer, "data");
    json_array_begin(&writer);
    for (size_t i = 0; i < count && i < limit; i++) {
        encode_enrollment(&writer, &views[i]);
        step_on(&list, &views[i]);
    }
    json_array_end(&writer);
    next.keys[0] = list.filter.after_id;
    next.keys[1] = list.filter.after_ms;
    json_field_text_or_null(&writer, "next_cursor",
                            count > limit ? api_cursor_format(call, &next) : text_make(NULL, 0));
    if (list.count) {
        json_field_int64(&writer, "total", total);
    }
    json_object_end(&writer);
    return OK;
}

static enum error_code get_enrollment(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    struct store_enrollment_view view;
    enum error_code code = api_param_id(call, 0, ID_ENROLLMENT, &id, error);
    if (code == OK) {
        code = enrollments_get(call->work, id, &view, error);
    }
    if (code == OK) {
        struct json_writer writer;
        api_json(call, &writer);
        encode_enrollment(&writer, &view);
    }
    return code;
}

static enum error_code put_enrollment(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    bool dry_run = false;
    const struct json *body = NULL;
    struct enrollments_change change;
    struct api_query query;
    api_query_open(&query, call, error);
    (void)api_query_bool(&query, "dry_run", &dry_run);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = api_param_id(call, 0, ID_ENROLLMENT, &id, error);
    }
    if (code == OK) {
        code = api_body(call, &body, error);
    }
    if (code == OK) {
        code = enrollments_update(call->work, id, body, dry_run, &change, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    api_json(call, &writer);
    if (dry_run && change.acted) {
        json_object_begin(&writer);
        encode_action_fields(&writer, action_kind_to_text(change.action.kind), true,
                             &change.result);
        json_object_end(&writer);
    } else {
        encode_enrollment(&writer, &change.view);
    }
    return OK;
}

const struct api_route API_ENROLLMENTS_ROUTES[] = {
    {"GET", "/api/enrollments", "enrollments_list_all", API_READ, 0, list_enrollments, NULL,
     "enrollments.csv|data*|id,sequence_id,sequence_name,phone,name,status,status_reason,"
     "enrolled_at,current_day,messages_sent,total_messages,last_message_sent,next_message_due,"
     "timezone,source,custom_fields"},
    {"GET", "/api/sequences/:id/enrollments", "enrollments_list", API_READ, 0, list_enrollments,
     NULL,
     "enrollments.csv|data*|id,phone,name,status,status_reason,enrolled_at,current_day,"
     "messages_sent,total_messages,last_message_sent,next_message_due,timezone,source,"
     "custom_fields"},
    {"GET", "/api/enrollments/:id", "enrollments_get", API_READ, 0, get_enrollment, NULL},
    {"PUT", "/api/enrollments/:id", "enrollments_update", API_ENROLL, API_WRITE, put_enrollment,
     NULL},
    {0},
};
