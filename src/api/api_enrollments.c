/* /api/sequences/:id/enrollments and /api/enrollments/:id: people in a sequence, listed, read and
 * changed. */
#include "api/csv_file.h"
#include "api/encode.h"
#include "api/routes.h"

#include "base/instant.h"
#include "domain/csv.h"
#include "domain/schedule.h"
#include "service/enrollments.h"

#include <stdio.h>

enum { CSV_PAGE = 500 };
enum list_format { FORMAT_JSON, FORMAT_CSV };

struct list {
    struct store_enrollment_filter filter;
    struct api_page page;
    bool count;
    int format;
};

static enum error_code read_list(struct api_call *call, struct list *list, struct error *error)
{
    static const struct json_choice ORDERS[] = {
        {"-enrolled_at", STORE_ENROLLMENT_NEWEST},
        {"enrolled_at", STORE_ENROLLMENT_OLDEST},
        {"next_message_due", STORE_ENROLLMENT_BY_DUE},
    };
    static const struct json_choice FORMATS[] = {{"json", FORMAT_JSON}, {"csv", FORMAT_CSV}};
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
    (void)api_query_choice(&query, "format", FORMATS, ARRAY_SIZE(FORMATS), &list->format);
    api_query_page(&query, &list->page);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = api_param_id(call, 0, ID_SEQUENCE, &list->filter.sequence_id, error);
    }
    list->filter.order = (enum store_enrollment_order)order;
    if (list->page.after.count == 2) {
        list->filter.after_id = list->page.after.keys[0];
        list->filter.after_due_at_ms = list->page.after.keys[1];
    }
    return code;
}

static void step_on(struct store_enrollment_filter *filter,
                    const struct store_enrollment_view *last)
{
    filter->after_id = last->enrollment.id;
    filter->after_due_at_ms = last->enrollment.next_due_at_ms;
}

/* ---- CSV ----------------------------------------------------------------------------------- */

static void put_time(struct buffer *out, int64_t ms)
{
    char text[INSTANT_TEXT_MAX];
    csv_put_cell(out, ms == 0 ? TEXT("") : text_from(instant_format(ms, text)), false, false);
}

static void put_number(struct buffer *out, int64_t number)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%lld", (long long)number);
    csv_put_cell(out, text_make(text, (size_t)size), false, false);
}

static void put_row(struct buffer *out, const struct store_enrollment_view *view)
{
    const struct store_enrollment *enrollment = &view->enrollment;
    char id[ID_TEXT_MAX];
    csv_put_cell(out, text_from(id_format(ID_ENROLLMENT, enrollment->id, id)), true, false);
    put_number(out, view->phone);
    csv_put_cell(out, view->name, false, true);
    csv_put_cell(out, text_from(enrollment_status_to_text(enrollment->status)), false, false);
    csv_put_cell(out, enrollment->status_reason, false, true);
    put_time(out, enrollment->enrolled_at_ms);
    put_number(out, schedule_position_day(enrollment->position));
    put_number(out, enrollment->messages_sent);
    put_number(out, view->total_messages);
    put_time(out, enrollment->last_sent_at_ms);
    put_time(out, enrollment->next_due_at_ms);
    csv_put_cell(out, view->timezone, false, true);
    csv_put_cell(out, enrollment->source, false, true);
    csv_put_cell(out, view->fields, false, true);
    csv_end_row(out);
}

static enum error_code write_csv(struct api_call *call, struct list *list, struct csv_file *file,
                                 struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct work work = *call->work;
    work.arena = arena;
    buffer_init(&out, (size_t)64 << 20);
    buffer_add_chars(&out, "id,phone,name,status,status_reason,enrolled_at,current_day,"
                           "messages_sent,total_messages,last_message_sent,next_message_due,"
                           "timezone,source,custom_fields\r\n");
    enum error_code code = OK;
    size_t count = CSV_PAGE;
    while (code == OK && count == CSV_PAGE) {
        struct store_enrollment_view *views = NULL;
        code = enrollments_list(&work, &list->filter, CSV_PAGE, &views, &count, error);
        for (size_t i = 0; code == OK && i < count; i++) {
            put_row(&out, &views[i]);
            step_on(&list->filter, &views[i]);
        }
        if (code == OK) {
            code = csv_file_write(file, buffer_text(&out), error);
        }
        buffer_clear(&out);
        arena_reset(arena);
    }
    return code;
}

static enum error_code answer_csv(struct api_call *call, struct list *list, struct error *error)
{
    struct csv_file file;
    enum error_code code = csv_file_open(call, &file, error);
    if (code != OK) {
        return code;
    }
    code = write_csv(call, list, &file, error);
    return csv_file_close(call, &file, "enrollments.csv", code);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static enum error_code list_enrollments(struct api_call *call, struct error *error)
{
    struct list list = {.format = FORMAT_JSON};
    struct store_enrollment_view *views = NULL;
    size_t count = 0;
    int64_t total = 0;
    enum error_code code = read_list(call, &list, error);
    if (code == OK && list.format == FORMAT_CSV) {
        return answer_csv(call, &list, error);
    }
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
        step_on(&list.filter, &views[i]);
    }
    json_array_end(&writer);
    next.keys[0] = list.filter.after_id;
    next.keys[1] = list.filter.after_due_at_ms;
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
    {"GET", "/api/sequences/:id/enrollments", "enrollments_list", API_READ, 0, list_enrollments,
     NULL},
    {"GET", "/api/enrollments/:id", "enrollments_get", API_READ, 0, get_enrollment, NULL},
    {"PUT", "/api/enrollments/:id", "enrollments_update", API_ENROLL, API_WRITE, put_enrollment,
     NULL},
    {0},
};
