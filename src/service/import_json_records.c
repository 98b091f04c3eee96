/* The records of import-json: sequences and enrollments. What a file calls its records is kept as a
 * hash of that text, so that any id people made up still ties the three files together. */
#include "service/import_json_internal.h"

#include "base/ids.h"
#include "base/instant.h"
#include "base/mem.h"
#include "domain/phone.h"
#include "domain/sequence.h"
#include "store/store_contact.h"
#include "store/store_sequence.h"

#include <stdio.h>
#include <string.h>

static int64_t key_of(struct text id)
{
    return (int64_t)hash_text(id);
}

static int64_t wanted_id(enum id_kind kind, struct text text)
{
    int64_t id = 0;
    return id_parse(kind, text, &id) ? id : 0;
}

static void note_added(struct import_run *run, enum id_kind kind, struct text id, int64_t wanted,
                       int64_t given)
{
    char new_id[ID_TEXT_MAX];
    if (wanted == given) {
        import_note(run, IMPORT_ADDED, id, NULL, "%s", "");
    } else {
        import_note(run, IMPORT_RENAMED, id, id_format(kind, given, new_id),
                    wanted == 0 ? "the file gives no usable id" : "the id was taken");
    }
}

/* --- campaigns.json --------------------------------------------------------------------------- */

/* Ties the step ids of the file to those of a sequence that is here already, by their place. */
static void map_steps(struct import_run *run, const struct json *json, const struct step *steps,
                      size_t count)
{
    const struct json *list = json_get(json, "messages");
    for (size_t at = 0; at < json_count(list) && at < count; at++) {
        struct text id = json_get_text(json_at(list, at), "id");
        if (id.size > 0) {
            (void)map64_put(run->steps, key_of(id), steps[at].id);
        }
    }
}

static enum error_code add_steps(struct import_run *run, const struct json *json,
                                 struct sequence *sequence, struct error *error)
{
    size_t count = sequence->step_count;
    int64_t *ids = arena_array(run->arena, count + 1, sizeof(*ids));
    int64_t *wanted = arena_array(run->arena, count + 1, sizeof(*wanted));
    const struct json *list = json_get(json, "messages");
    for (size_t at = 0; at < count; at++) {
        ids[at] = sequence->steps[at].id;
        wanted[at] = wanted_id(ID_STEP, json_get_text(json_at(list, at), "id"));
    }
    enum error_code code =
        store_import_rename_steps(run->work, ids, wanted, count, run->step_floor, error);
    for (size_t at = 0; at < count; at++) {
        sequence->steps[at].id = ids[at];
    }
    map_steps(run, json, sequence->steps, count);
    return code;
}

static enum error_code add_sequence(struct import_run *run, const struct json *json,
                                    struct sequence *sequence, const int64_t times_ms[2],
                                    int64_t wanted, struct error *error)
{
    sequence_assign_ordinals(run->arena, sequence, NULL);
    enum error_code code = store_sequence_insert(run->work, sequence, error);
    if (code == OK) {
        code = store_import_rename_sequence(run->work, sequence->id, wanted, times_ms[0],
                                            times_ms[1], &sequence->id, error);
    }
    if (code == OK) {
        code = add_steps(run, json, sequence, error);
    }
    if (code == OK) {
        code = store_sequence_version_add(run->work, sequence, TEXT("import-json"), error);
    }
    if (code == OK) {
        import_touch(run, sequence->id);
    }
    return code;
}

static enum error_code present_sequence(struct import_run *run, const struct json *json, int64_t id,
                                        struct error *error)
{
    struct sequence present;
    bool found = false;
    enum error_code code = store_sequence_get(run->work, id, &present, &found, error);
    if (code == OK && found) {
        map_steps(run, json, present.steps, present.step_count);
    }
    return code;
}

enum error_code import_sequence_record(struct import_run *run, const struct json *json,
                                       struct error *error)
{
    struct text id = json_get_text(json, "id");
    struct sequence sequence;
    struct error finding = {0};
    int64_t version = 0;
    int64_t times_ms[2] = {0, 0}; /* created, updated; 0: the file does not say */
    int64_t known_id = 0;
    bool known = false;
    static const char *const TIMES[2] = {"created_at", "updated_at"};
    arena_reset(run->arena);
    for (size_t at = 0; at < ARRAY_SIZE(TIMES); at++) {
        struct text time = json_get_text(json, TIMES[at]);
        if (time.size > 0 && !instant_parse(time, &times_ms[at])) {
            (void)error_field(&finding, TIMES[at], "invalid_format",
                              "must be a time like 2026-01-05T09:00:00Z");
        }
    }
    if (sequence_parse(run->arena, json, NULL, &sequence, &version, &finding) != OK ||
        finding.code != OK) {
        import_refuse(run, id, &finding);
        return OK;
    }
    enum error_code code =
        store_import_find_sequence(run->work, sequence.name, times_ms[0], &known_id, &known, error);
    int64_t wanted = wanted_id(ID_SEQUENCE, id);
    if (code == OK && known) {
        code = present_sequence(run, json, known_id, error);
        import_note(run, IMPORT_PRESENT, id, NULL, "a sequence of this name and time is here");
    } else if (code == OK) {
        code = add_sequence(run, json, &sequence, times_ms, wanted, error);
        known_id = sequence.id;
        if (code == OK) {
            note_added(run, ID_SEQUENCE, id, wanted, known_id);
        }
    }
    if (code == OK && id.size > 0) {
        (void)map64_put(run->sequences, key_of(id), known_id);
    }
    return code;
}

/* --- enrollments.json ------------------------------------------------------------------------- */

struct person_record {
    struct store_export_enrollment row;
    struct text id;
    struct text sequence;
    int64_t current_day;
    bool has_messages_sent;
    bool has_position;
    bool has_enrolled_at;
};

static void read_phone(struct import_run *run, struct json_reader *reader,
                       struct person_record *record)
{
    const struct json *value = json_reader_any(reader, "phone");
    struct phone phone;
    struct text text = {0};
    char digits[24];
    int64_t number = 0;
    if (json_int64(value, &number)) { /* by hand, people leave the quotes out */
        (void)snprintf(digits, sizeof(digits), "%lld", (long long)number);
        text = text_from(digits);
    } else if (json_kind(value) == JSON_NULL && !enrollment_status_is_live(record->row.status)) {
        return; /* somebody who was erased; their past still counts */
    } else if (!json_text(value, &text)) {
        (void)json_reader_required(reader, "phone");
        return;
    }
    enum phone_verdict verdict = phone_read(text, run->country, &phone);
    if (verdict != PHONE_VALID) {
        json_reader_fail(reader, "phone", phone_verdict_to_code(verdict), "%s",
                         phone_verdict_to_words(verdict));
        return;
    }
    record->row.phone = phone.digits;
    if (record->row.timezone.size == 0 && phone.zone != NULL) {
        record->row.timezone = text_from(phone.zone);
        record->row.timezone_source = CONTACT_ZONE_GUESSED;
    }
}

static void read_status(struct json_reader *reader, struct person_record *record)
{
    static const struct json_choice STATUSES[] = {
        {"active", ENROLLMENT_ACTIVE},   {"paused", ENROLLMENT_PAUSED},
        {"stopped", ENROLLMENT_STOPPED}, {"completed", ENROLLMENT_COMPLETED},
        {"failed", ENROLLMENT_FAILED},   {"opted_out", ENROLLMENT_OPTED_OUT},
    };
    int status = ENROLLMENT_ACTIVE;
    (void)json_reader_choice(reader, "status", STATUSES, ARRAY_SIZE(STATUSES), &status);
    record->row.status = (enum enrollment_status)status;
    (void)json_reader_text(reader, "status_reason", 0, 200, &record->row.status_reason);
}

static void read_zone(struct json_reader *reader, struct person_record *record)
{
    static const struct json_choice SOURCES[] = {{"given", CONTACT_ZONE_GIVEN},
                                                 {"guessed", CONTACT_ZONE_GUESSED}};
    int source = CONTACT_ZONE_GIVEN;
    (void)json_reader_choice(reader, "timezone_source", SOURCES, ARRAY_SIZE(SOURCES), &source);
    if (json_reader_text(reader, "timezone", 1, 64, &record->row.timezone)) {
        record->row.timezone_source = source;
    }
}

static void read_fields(struct import_run *run, struct json_reader *reader,
                        struct person_record *record)
{
    const struct json *fields = json_reader_any(reader, "custom_fields");
    if (json_kind(fields) == JSON_OBJECT) {
        CLEANUP_IN_PLACE(buffer_done) struct buffer text;
        buffer_init(&text, 64 * 1024);
        json_encode(fields, &text);
        if (!buffer_overflowed(&text)) {
            record->row.fields = arena_text(run->arena, buffer_text(&text));
            return;
        }
        json_reader_fail(reader, "custom_fields", "too_long", "at most 64 KiB");
    } else if (json_kind(fields) != JSON_ABSENT && json_kind(fields) != JSON_NULL) {
        json_reader_fail(reader, "custom_fields", "wrong_type", "must be an object");
    }
}

static enum error_code read_person(struct import_run *run, const struct json *json,
                                   struct person_record *record, struct error *finding)
{
    static const char *const KNOWN[] = {"next_message_due", "total_messages", "sequence_name",
                                        "batch_id"};
    struct store_export_enrollment *row = &record->row;
    struct json_reader reader;
    struct text contact = {0};
    json_reader_open(&reader, json, "", finding);
    (void)json_reader_text(&reader, "id", 1, 64, &record->id);
    if (json_reader_required(&reader, "sequence_id")) {
        (void)json_reader_text(&reader, "sequence_id", 1, 64, &record->sequence);
    }
    read_status(&reader, record);
    read_zone(&reader, record);
    read_phone(run, &reader, record);
    if (json_reader_text(&reader, "contact_id", 1, 64, &contact)) {
        row->contact_id = wanted_id(ID_CONTACT, contact);
    }
    (void)json_reader_text(&reader, "name", 0, 200, &row->name);
    record->has_enrolled_at = json_reader_time(&reader, "enrolled_at", &row->enrolled_at_ms);
    (void)json_reader_int64(&reader, "current_day", 0, SEQUENCE_DAY_MAX, &record->current_day);
    (void)json_reader_time(&reader, "last_message_sent", &row->last_sent_at_ms);
    record->has_messages_sent =
        json_reader_int64(&reader, "messages_sent", 0, INT32_MAX, &row->messages_sent);
    (void)json_reader_text(&reader, "source", 0, 32, &row->source);
    (void)json_reader_time(&reader, "paused_at", &row->paused_at_ms);
    (void)json_reader_time(&reader, "ended_at", &row->ended_at_ms);
    (void)json_reader_int64(&reader, "shift_days", -100000, 100000, &row->shift_days);
    (void)json_reader_int64(&reader, "order_minute", 0, 1440, &row->order_minute);
    record->has_position = json_reader_int64(&reader, "position", 0, INT64_MAX, &row->position);
    read_fields(run, &reader, record);
    for (size_t at = 0; at < ARRAY_SIZE(KNOWN); at++) {
        json_reader_ignore(&reader, KNOWN[at]);
    }
    return json_reader_done(&reader);
}

/* Fills in what a file by hand leaves out: the position from the day, how much was sent. */
static enum error_code complete_person(struct import_run *run, struct person_record *record,
                                       struct error *error)
{
    struct store_export_enrollment *row = &record->row;
    struct progress_sequence *sequence = NULL;
    struct schedule_person person;
    if (!record->has_enrolled_at) {
        row->enrolled_at_ms = run->work->now_ms;
    }
    if (!record->has_position && record->current_day > 0) {
        row->position = schedule_position_after_day((int32_t)record->current_day);
    }
    if (row->status == ENROLLMENT_PAUSED && row->paused_at_ms == 0) {
        row->paused_at_ms = run->work->now_ms;
    }
    if (!enrollment_status_is_live(row->status) && row->ended_at_ms == 0) {
        row->ended_at_ms = run->work->now_ms;
    }
    enum error_code code = progress_sequence(&run->progress, row->sequence_id, &sequence, error);
    const struct store_progress place = {.enrolled_at_ms = row->enrolled_at_ms,
                                         .order_minute = row->order_minute,
                                         .shift_days = row->shift_days,
                                         .position = row->position,
                                         .timezone = row->timezone};
    if (code == OK) {
        code = progress_person(&run->progress, sequence, &place, &person, error);
    }
    if (code == OK && row->order_minute == 0) {
        row->order_minute = schedule_order_minute(person.zone, row->enrolled_at_ms);
    }
    for (size_t at = 0; code == OK && at < sequence->plan.step_count; at++) {
        uint32_t rules = 0;
        if (schedule_key(&sequence->plan, &person, at) <= row->position) {
            row->messages_sent += record->has_messages_sent ? 0 : 1;
            row->last_planned_at_ms =
                row->last_sent_at_ms == 0
                    ? 0
                    : schedule_planned_at(&sequence->plan, &person, at, &rules);
        }
    }
    return code;
}

static void plan_later(struct import_run *run, int64_t enrollment_id)
{
    if (run->planned_count == run->planned_capacity) {
        run->planned_capacity = run->planned_capacity == 0 ? 256 : run->planned_capacity * 2;
        run->planned = mem_resize(run->planned, run->planned_capacity * sizeof(*run->planned));
    }
    run->planned[run->planned_count++] = enrollment_id;
}

static enum error_code add_person(struct import_run *run, struct person_record *record,
                                  int64_t *ret_id, struct error *error)
{
    struct store_export_enrollment *row = &record->row;
    int64_t id = 0;
    bool found = false;
    enum error_code code =
        store_import_contact(run->work, row, run->contact_floor, &row->contact_id, error);
    if (code == OK) {
        code = store_import_find_enrollment(run->work, row->contact_id, row->sequence_id,
                                            record->has_enrolled_at ? row->enrolled_at_ms : 0,
                                            false, &id, &found, error);
    }
    if (code == OK && found) {
        import_note(run, IMPORT_PRESENT, record->id, NULL,
                    "this person is in the sequence already");
        *ret_id = id;
        return OK;
    }
    if (code == OK && enrollment_status_is_live(row->status)) {
        code = store_import_find_enrollment(run->work, row->contact_id, row->sequence_id, 0, true,
                                            &id, &found, error);
        if (code == OK && found) {
            (void)map64_put(run->left_out, key_of(record->id), 1);
            import_note(run, IMPORT_LEFT_OUT, record->id, NULL,
                        "this person is active in the sequence under another enrollment");
            return OK;
        }
    }
    if (code == OK) {
        code = complete_person(run, record, error);
    }
    if (code == OK) {
        code = store_import_enrollment(run->work, row, run->enrollment_floor, ret_id, error);
    }
    if (code == OK) {
        note_added(run, ID_ENROLLMENT, record->id, row->id, *ret_id);
        import_touch(run, row->sequence_id);
        if (row->status == ENROLLMENT_ACTIVE) {
            plan_later(run, *ret_id);
        }
    }
    return code;
}

/* The sequence a record names: one of this import, or one that is here under that id. */
static enum error_code find_sequence(struct import_run *run, struct text id, int64_t *ret_id,
                                     struct error *error)
{
    struct progress_sequence *sequence = NULL;
    int64_t number = wanted_id(ID_SEQUENCE, id);
    *ret_id = 0;
    if (map64_get(run->sequences, key_of(id), ret_id) || number == 0) {
        return OK;
    }
    enum error_code code = progress_sequence(&run->progress, number, &sequence, error);
    if (code == OK && sequence->found) {
        *ret_id = number;
    }
    return code;
}

enum error_code import_enrollment_record(struct import_run *run, const struct json *json,
                                         struct error *error)
{
    struct person_record record = {0};
    struct error finding = {0};
    int64_t id = 0;
    arena_reset(run->arena);
    enum error_code code = OK;
    if (read_person(run, json, &record, &finding) == OK) {
        record.row.id = wanted_id(ID_ENROLLMENT, record.id);
        code = find_sequence(run, record.sequence, &record.row.sequence_id, error);
        if (code == OK && record.row.sequence_id == 0) {
            (void)error_field(&finding, "sequence_id", "not_found",
                              "sequence \"%.*s\" stands neither in campaigns.json nor here",
                              TEXT_ARGS(record.sequence));
        }
    }
    if (code != OK) {
        return code;
    }
    if (finding.code != OK) {
        import_refuse(run, record.id, &finding);
        return OK;
    }
    code = add_person(run, &record, &id, error);
    if (code == OK && id != 0 && record.id.size > 0) {
        (void)map64_put(run->enrollments, key_of(record.id), id);
    }
    return code;
}
