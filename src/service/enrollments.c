/* One person in one sequence, as the API and the form see it. Enrolling is enroll.c, pausing and
 * stopping actions.c; here they meet the fields of a request. */
#include "service/enrollments.h"

#include "base/json.h"
#include "base/json_writer.h"
#include "base/zone.h"
#include "service/enroll.h"
#include "service/import_document.h"
#include "service/replan.h"
#include "service/settings.h"
#include "store/store_contact.h"
#include "store/store_event.h"
#include "store/store_sequence.h"

enum error_code enrollments_get(struct work *work, int64_t id,
                                struct store_enrollment_view *ret_view, struct error *error)
{
    bool found = false;
    enum error_code code = store_enrollment_get(work, id, ret_view, &found, error);
    if (code == OK && !found) {
        return error_set(error, ERROR_NOT_FOUND, "there is no such enrollment");
    }
    return code;
}

static enum error_code check_sequence(struct work *work, int64_t sequence_id, struct error *error)
{
    struct sequence sequence;
    bool found = false;
    if (sequence_id == 0) {
        return OK;
    }
    enum error_code code = store_sequence_get(work, sequence_id, &sequence, &found, error);
    if (code == OK && !found) {
        return error_set(error, ERROR_NOT_FOUND, "there is no such sequence");
    }
    return code;
}

enum error_code enrollments_list(struct work *work, const struct store_enrollment_filter *filter,
                                 size_t limit, struct store_enrollment_view **ret_views,
                                 size_t *ret_count, struct error *error)
{
    enum error_code code =
        filter->sequence_id == 0 ? OK : check_sequence(work, filter->sequence_id, error);
    return code == OK ? store_enrollment_list(work, filter, limit, ret_views, ret_count, error)
                      : code;
}

enum error_code enrollments_count(struct work *work, const struct store_enrollment_filter *filter,
                                  int64_t *ret_count, struct error *error)
{
    return store_enrollment_count(work, filter, ret_count, error);
}

/* ---- enrolling ----------------------------------------------------------------------------- */

static enum error_code enroll_it(struct work *work, const struct service *service,
                                 const struct enroll_settings *settings,
                                 const struct import_person *person, struct enrollments_one *one,
                                 struct error *error)
{
    struct enroll enroll;
    struct enroll_result result;
    const struct enroll_person who = {
        .phone = person->phone.digits,
        .name = person->name,
        .fields = enroll_fields_json(work->arena, person),
        .timezone = person->timezone,
        .zone_guess = person->phone.zone,
        .start_day = person->start_day,
        .current_day = person->current_day,
        .enrolled_at_ms = person->enrolled_at_ms,
    };
    enum error_code code = enroll_open(&enroll, work, service, settings, error);
    if (code == OK) {
        code = enroll_person(&enroll, &who, &result, error);
    }
    if (code == OK) {
        code = enroll_close(&enroll, error);
    }
    if (code != OK) {
        return code;
    }
    one->verdict = result.verdict;
    one->message = enroll_verdict_to_words(result.verdict);
    one->phone = who.phone;
    one->enrollment_id = result.enrollment_id;
    bool made = result.verdict == ENROLL_ENROLLED || result.verdict == ENROLL_RESTARTED;
    one->has_view = made && !settings->dry_run;
    return one->has_view ? enrollments_get(work, result.enrollment_id, &one->view, error) : OK;
}

enum error_code enrollments_enroll(struct work *work, const struct service *service,
                                   int64_t sequence_id, const struct json *json, struct text source,
                                   bool dry_run, struct enrollments_one *ret_one,
                                   struct error *error)
{
    struct enrollments_one one = {.verdict = ENROLL_ENROLLED};
    struct import_person *person = arena_alloc(work->arena, sizeof *person);
    struct import_refusal refusal = {.is_phone = false};
    struct settings settings;
    enum error_code code = check_sequence(work, sequence_id, error);
    if (code == OK) {
        code = settings_read(work, &settings, error);
    }
    if (code == OK &&
        !import_document_person(work->arena, json, settings.default_country, person, &refusal)) {
        return error_field(error, arena_chars(work->arena, refusal.field), refusal.code, "%s",
                           refusal.message);
    }
    if (code == OK && person->timezone.size > 0 && zone_find(person->timezone) == NULL) {
        return error_field(error, "timezone", "unknown_timezone",
                           "does not exist; use a name like Asia/Kolkata");
    }
    const struct enroll_settings how = {
        .sequence_id = sequence_id, .source = source, .dry_run = dry_run, .events = true};
    if (code == OK) {
        code = enroll_it(work, service, &how, person, &one, error);
    }
    if (code == OK) {
        *ret_one = one;
    }
    return code;
}

/* ---- changing ------------------------------------------------------------------------------ */

enum wanted_status { WANTED_NONE, WANTED_ACTIVE, WANTED_PAUSED, WANTED_STOPPED };
enum wanted_mode { MODE_SHIFT, MODE_KEEP_DATES };
enum wanted_overdue { OVERDUE_SEND, OVERDUE_SKIP };

struct wanted {
    enum wanted_status status;
    struct action action;
    bool name_given;
    struct text name;
    bool zone_given;
    struct text timezone;
    const struct json *fields;
};

static void read_action(struct json_reader *reader, struct wanted *wanted)
{
    static const struct json_choice STATUSES[] = {
        {"active", WANTED_ACTIVE}, {"paused", WANTED_PAUSED}, {"stopped", WANTED_STOPPED}};
    static const struct json_choice MODES[] = {{"shift", MODE_SHIFT},
                                               {"keep_dates", MODE_KEEP_DATES}};
    static const struct json_choice OVERDUE[] = {{"send_one_per_day", OVERDUE_SEND},
                                                 {"skip", OVERDUE_SKIP}};
    int status = WANTED_NONE;
    int mode = MODE_SHIFT;
    int overdue = OVERDUE_SEND;
    (void)json_reader_choice(reader, "status", STATUSES, ARRAY_SIZE(STATUSES), &status);
    (void)json_reader_choice(reader, "mode", MODES, ARRAY_SIZE(MODES), &mode);
    (void)json_reader_choice(reader, "overdue", OVERDUE, ARRAY_SIZE(OVERDUE), &overdue);
    (void)json_reader_text(reader, "reason", 0, ACTIONS_REASON_MAX, &wanted->action.reason);
    wanted->status = (enum wanted_status)status;
    wanted->action.kind = status == WANTED_ACTIVE   ? ACTION_RESUME
                          : status == WANTED_PAUSED ? ACTION_PAUSE
                                                    : ACTION_STOP;
    wanted->action.mode = mode == MODE_SHIFT        ? ACTION_SHIFT
                          : overdue == OVERDUE_SKIP ? ACTION_SKIP_MISSED
                                                    : ACTION_KEEP_DATES;
}

static enum error_code read_wanted(const struct json *json, struct wanted *wanted,
                                   struct error *error)
{
    struct json_reader reader;
    json_reader_open(&reader, json, "", error);
    read_action(&reader, wanted);
    wanted->name_given = json_reader_has(&reader, "name");
    (void)json_reader_text(&reader, "name", 0, 200, &wanted->name);
    wanted->zone_given = json_reader_has(&reader, "timezone");
    if (json_reader_text(&reader, "timezone", 1, 64, &wanted->timezone) &&
        zone_find(wanted->timezone) == NULL) {
        json_reader_fail(&reader, "timezone", "unknown_timezone",
                         "does not exist; use a name like Asia/Kolkata");
    }
    wanted->fields = json_reader_any(&reader, "custom_fields");
    enum json_kind kind = json_kind(wanted->fields);
    if (kind != JSON_ABSENT && kind != JSON_OBJECT) {
        json_reader_fail(&reader, "custom_fields", "wrong_type", "must be an object");
    }
    return json_reader_done(&reader);
}

static void put_value(struct json_writer *writer, struct text name, const struct json *value,
                      struct buffer *scratch)
{
    buffer_clear(scratch);
    json_encode(value, scratch);
    json_key_text(writer, name);
    json_raw(writer, buffer_text(scratch));
}

/* The old fields with the given ones put over them; a null takes one away. */
static struct text merge_fields(struct work *work, struct text old, const struct json *given)
{
    CLEANUP(json_free) struct json *before = NULL;
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    CLEANUP_IN_PLACE(buffer_done) struct buffer scratch;
    struct error ignored = {.code = OK};
    struct json_writer writer;
    buffer_init(&out, 256 * 1024);
    buffer_init(&scratch, 64 * 1024);
    json_writer_init(&writer, &out);
    json_object_begin(&writer);
    struct json_iterator at = {.value = NULL};
    if (json_parse(old, NULL, &before, &ignored) == OK) {
        while (json_iterate(before, &at)) {
            if (json_get(given, arena_chars(work->arena, at.name)) == NULL) {
                put_value(&writer, at.name, at.value, &scratch);
            }
        }
    }
    at = (struct json_iterator){.value = NULL};
    while (json_iterate(given, &at)) {
        if (json_kind(at.value) != JSON_NULL) {
            put_value(&writer, at.name, at.value, &scratch);
        }
    }
    json_object_end(&writer);
    return arena_text(work->arena, buffer_text(&out));
}

static enum error_code check_fields(const struct json *fields, struct error *error)
{
    enum error_code code = OK;
    struct json_iterator at = {.value = NULL};
    while (json_iterate(fields, &at)) {
        enum json_kind kind = json_kind(at.value);
        struct text text = {NULL, 0};
        (void)json_text(at.value, &text);
        if (kind == JSON_ARRAY || kind == JSON_OBJECT || text.size > IMPORT_VALUE_MAX ||
            at.name.size == 0 || at.name.size > 60) {
            code =
                error_field(error, "custom_fields", "wrong_type",
                            "\"%.*s\" must be a text of at most 1,024 bytes, a number, true or "
                            "false",
                            TEXT_ARGS(text_head(at.name, at.name.size > 60 ? 60 : at.name.size)));
        }
    }
    return code;
}

static enum error_code change_person(struct work *work, const struct store_enrollment_view *view,
                                     const struct wanted *wanted, struct error *error)
{
    struct store_contact contact;
    struct progress progress;
    bool found = false;
    progress_init(&progress, work);
    enum error_code code =
        store_contact_get(work, view->enrollment.contact_id, &contact, &found, error);
    if (code != OK || !found) {
        return code == OK ? error_set(error, ERROR_NOT_FOUND, "there is no such person") : code;
    }
    if (wanted->name_given) {
        contact.name = text_trim(wanted->name);
    }
    if (wanted->zone_given) {
        contact.timezone = wanted->timezone.size == 0 ? text_make(NULL, 0)
                                                      : zone_name(zone_find(wanted->timezone));
        contact.timezone_source =
            wanted->timezone.size == 0 ? CONTACT_ZONE_NONE : CONTACT_ZONE_GIVEN;
    }
    if (json_kind(wanted->fields) == JSON_OBJECT) {
        contact.fields = merge_fields(work, contact.fields, wanted->fields);
    }
    code = store_contact_update(work, &contact, error);
    if (code == OK) {
        code = replan_contact(&progress, contact.id, error);
    }
    const struct store_event event = {
        .type = TEXT("enrollment.updated"),
        .sequence_id = view->enrollment.sequence_id,
        .enrollment_id = view->enrollment.id,
        .contact_id = view->enrollment.contact_id,
    };
    return code == OK ? store_event_add(work, &event, error) : code;
}

enum error_code enrollments_update(struct work *work, int64_t id, const struct json *json,
                                   bool dry_run, struct enrollments_change *ret_change,
                                   struct error *error)
{
    struct wanted wanted = {.status = WANTED_NONE};
    struct enrollments_change change = {.acted = false};
    enum error_code code = enrollments_get(work, id, &change.view, error);
    if (code == OK) {
        code = read_wanted(json, &wanted, error);
    }
    if (code == OK) {
        code = check_fields(wanted.fields, error);
    }
    if (code != OK) {
        return code;
    }
    bool person = wanted.name_given || wanted.zone_given || json_count(wanted.fields) > 0;
    if (person && !dry_run) {
        code = change_person(work, &change.view, &wanted, error);
    }
    if (code == OK && wanted.status != WANTED_NONE) {
        wanted.action.dry_run = dry_run;
        change.acted = true;
        change.action = wanted.action;
        code = actions_one(work, &wanted.action, id, &change.result, error);
    }
    if (code == OK) {
        code = enrollments_get(work, id, &change.view, error);
    }
    if (code == OK) {
        *ret_change = change;
    }
    return code;
}
