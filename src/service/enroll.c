/* One person into one sequence. The order of the questions: does the person want no messages, is
 * there an enrollment already and what does the sequence say to that, who is new, when is the
 * first message due. Sums are kept here and written once per transaction. */
#include "service/enroll.h"

#include "base/instant.h"
#include "base/json_writer.h"
#include "service/replan.h"
#include "service/suppress.h"
#include "store/counters.h"
#include "store/store_contact.h"
#include "store/store_enrollment.h"
#include "store/store_event.h"
#include "store/store_suppression.h"

enum { SUPPRESSED_ALL = 1, FIELDS_BYTES_MAX = 512 * 1024 };

enum error_code enroll_open(struct enroll *enroll, struct work *work, const struct service *service,
                            const struct enroll_settings *settings, struct error *error)
{
    *enroll = (struct enroll){.work = work, .service = service, .settings = *settings};
    progress_init(&enroll->progress, work);
    enum error_code code =
        progress_sequence(&enroll->progress, settings->sequence_id, &enroll->sequence, error);
    if (code != OK) {
        return code;
    }
    if (!enroll->sequence->found) {
        return error_set(error, ERROR_NOT_FOUND, "there is no such sequence");
    }
    if (enroll->sequence->sequence.status == SEQUENCE_ARCHIVED) {
        return error_set(error, ERROR_CONFLICT, "the sequence is archived");
    }
    const struct store_progress nobody = {.sequence_id = settings->sequence_id};
    code = progress_person(&enroll->progress, enroll->sequence, &nobody, &enroll->base, error);
    if (code == OK) {
        code = store_suppression_none(work, &enroll->ledger_empty, error);
    }
    if (code == OK && !settings->dry_run) {
        code = store_enroll_next_ids(work, &enroll->next_contact_id, &enroll->next_enrollment_id,
                                     &enroll->next_row_id, error);
    }
    return code;
}

void enroll_refused(struct enroll *enroll, enum enroll_verdict verdict)
{
    enroll->counts[verdict]++;
}

/* ---- sums ---------------------------------------------------------------------------------- */

struct beginning {
    int64_t position;
    int32_t first_day; /* steps of earlier days are not sent */
    enum message_reason reason;
    int64_t sent_before;
};

static void write_start(struct enroll *enroll, const struct enroll_start *start)
{
    const struct schedule_plan *plan = &enroll->sequence->plan;
    struct counter_place place = {.sequence_id = enroll->settings.sequence_id,
                                  .enrolled_at_ms = start->quarter * COUNTER_QUARTER_MS};
    counters_add(enroll->work, &place, ENROLLMENT_ACTIVE, 0, start->count - start->completed);
    counters_add(enroll->work, &place, ENROLLMENT_COMPLETED, 0, start->completed);
    counters_add_time(enroll->work, place.sequence_id, COUNTER_TIME_ENROLLED, start->count);
    for (size_t i = 0; i < plan->step_count; i++) {
        bool behind = plan->steps[i].day < start->first_day;
        place.step_id = plan->steps[i].id;
        counters_add(enroll->work, &place, behind ? OUTCOME_SKIPPED : OUTCOME_WAITING,
                     behind ? start->reason : 0, start->count);
    }
}

static void count_start(struct enroll *enroll, const struct beginning *beginning,
                        const struct store_enrollment *row)
{
    const struct enroll_start start = {
        .first_day = beginning->first_day,
        .reason = beginning->reason,
        .quarter = floor_divide(row->enrolled_at_ms, COUNTER_QUARTER_MS),
        .count = 1,
        .completed = row->status == ENROLLMENT_COMPLETED,
    };
    for (size_t i = 0; i < enroll->start_count; i++) {
        struct enroll_start *same = &enroll->starts[i];
        if (same->first_day == start.first_day && same->reason == start.reason &&
            same->quarter == start.quarter) {
            same->count++;
            same->completed += start.completed;
            return;
        }
    }
    if (enroll->start_count == ENROLL_STARTS_MAX) {
        write_start(enroll, &start);
        return;
    }
    enroll->starts[enroll->start_count++] = start;
}

/* Writes the new people that wait. */
static enum error_code write_run(struct enroll *enroll, struct error *error)
{
    if (enroll->run.count == 0) {
        return OK;
    }
    enum error_code code = store_enroll_run(enroll->work, &enroll->run, error);
    enroll->run.count = 0;
    return code;
}

enum error_code enroll_close(struct enroll *enroll, struct error *error)
{
    enum error_code code = write_run(enroll, error);
    for (size_t i = 0; i < enroll->start_count; i++) {
        write_start(enroll, &enroll->starts[i]);
    }
    enroll->start_count = 0;
    return code;
}

/* ---- one person ---------------------------------------------------------------------------- */

/* The contact as it is to be inserted, with the zone that was given, or guessed. */
static struct store_enroll_contact make_contact(struct enroll *enroll,
                                                const struct enroll_person *person,
                                                const struct zone **ret_zone)
{
    struct store_enroll_contact contact = {
        .id = enroll->next_contact_id,
        .phone = person->phone,
        .name = person->name.data == NULL ? TEXT("") : person->name,
        .fields = person->fields.size == 0 ? TEXT("{}") : person->fields,
    };
    const struct zone *zone = NULL;
    if (person->timezone.size > 0) {
        zone = zone_find(person->timezone);
        contact.timezone_source = CONTACT_ZONE_GIVEN;
        enroll->unknown_zones += zone == NULL ? 1 : 0;
    }
    if (zone == NULL && person->zone_guess != NULL) {
        zone = zone_find(text_from(person->zone_guess));
        contact.timezone_source = CONTACT_ZONE_GUESSED;
    }
    if (zone == NULL) {
        contact.timezone_source = CONTACT_ZONE_NONE;
    } else {
        contact.timezone = zone_name(zone);
    }
    *ret_zone = zone;
    return contact;
}

static enum error_code ledger_says_no(struct enroll *enroll, int64_t phone, int64_t *ret_bits,
                                      struct error *error)
{
    *ret_bits = 0;
    if (enroll->ledger_empty) {
        return OK;
    }
    return suppress_bits(enroll->work, enroll->service, phone, ret_bits, error);
}

/* What an enrollment that exists means for a new one. */
static enum enroll_verdict judge_existing(const struct enroll *enroll,
                                          enum enrollment_status status)
{
    switch (enroll->sequence->sequence.reenroll) {
    case REENROLL_RESTART:
        return ENROLL_RESTARTED;
    case REENROLL_AFTER_COMPLETION:
        if (status == ENROLLMENT_COMPLETED) {
            return ENROLL_RESTARTED;
        }
        break;
    case REENROLL_NEVER:
        break;
    }
    return enrollment_status_is_live(status) ? ENROLL_ALREADY_ACTIVE : ENROLL_ALREADY_COMPLETED;
}

/* Judges somebody whose contact exists; ends a live enrollment that is to start again. */
static enum error_code judge_known(struct enroll *enroll, int64_t contact_id,
                                   struct enroll_result *result, struct error *error)
{
    int64_t id = 0;
    enum enrollment_status status = ENROLLMENT_ACTIVE;
    bool found = false;
    enum error_code code = store_enrollment_newest(
        enroll->work, contact_id, enroll->settings.sequence_id, &id, &status, &found, error);
    if (code != OK || !found) {
        return code;
    }
    result->verdict = judge_existing(enroll, status);
    if (result->verdict == ENROLL_ALREADY_ACTIVE) {
        result->enrollment_id = id;
    }
    if (result->verdict == ENROLL_RESTARTED && enrollment_status_is_live(status) &&
        !enroll->settings.dry_run) {
        code = progress_end(&enroll->progress, id, ENROLLMENT_STOPPED, REASON_STOPPED,
                            TEXT("restarted"), error);
    }
    return code;
}

static int64_t steps_before(const struct schedule_plan *plan, int32_t first_day)
{
    int64_t count = 0;
    for (size_t i = 0; i < plan->step_count; i++) {
        count += plan->steps[i].day < first_day ? 1 : 0;
    }
    return count;
}

static struct beginning find_beginning(const struct enroll *enroll,
                                       const struct enroll_person *person)
{
    struct beginning beginning = {.position = 0};
    if (person->start_day > 1) {
        beginning.first_day = (int32_t)person->start_day;
        beginning.position = schedule_position_before_day(beginning.first_day);
        beginning.reason = REASON_NOT_NEEDED;
    }
    if (person->current_day > 0 && person->current_day >= beginning.first_day) {
        beginning.first_day = (int32_t)person->current_day + 1;
        beginning.position = schedule_position_after_day((int32_t)person->current_day);
        beginning.reason = REASON_SENT_BEFORE;
        beginning.sent_before = steps_before(&enroll->sequence->plan, beginning.first_day);
    }
    return beginning;
}

/* Adds a new person to the run, or writes it and begins another when they differ. Ids of contacts
 * and enrollments rise together within a run. */
static enum error_code join_run(struct enroll *enroll, const struct store_enrollment *row,
                                struct error *error)
{
    struct store_enroll_run *run = &enroll->run;
    bool alike =
        run->count > 0 && row->contact_id == run->first_contact_id + run->count &&
        row->id == run->first_enrollment_id + run->count && run->status == (int64_t)row->status &&
        run->position == row->position && run->messages_sent == row->messages_sent &&
        run->next_due_at_ms == row->next_due_at_ms && run->enrolled_at_ms == row->enrolled_at_ms &&
        run->order_minute == row->order_minute;
    if (alike) {
        run->count++;
        return OK;
    }
    enum error_code code = write_run(enroll, error);
    *run = (struct store_enroll_run){
        .first_contact_id = row->contact_id,
        .first_enrollment_id = row->id,
        .count = 1,
        .sequence_id = row->sequence_id,
        .status = row->status,
        .position = row->position,
        .messages_sent = row->messages_sent,
        .next_due_at_ms = row->next_due_at_ms,
        .enrolled_at_ms = row->enrolled_at_ms,
        .order_minute = row->order_minute,
        .ended_at_ms = row->ended_at_ms,
        .batch_id = row->batch_id,
        .source = row->source,
    };
    return code;
}

static void schedule_first(struct enroll *enroll, const struct zone *zone,
                           struct store_enrollment *row)
{
    int64_t now_ms = enroll->work->now_ms;
    struct schedule_person who = enroll->base;
    who.zone = zone == NULL ? who.zone : zone;
    row->order_minute = schedule_order_minute(who.zone, row->enrolled_at_ms);
    if (enroll->sequence->sequence.status != SEQUENCE_ACTIVE) {
        return;
    }
    who.enrolled_at_ms = row->enrolled_at_ms;
    who.position = row->position;
    struct schedule_next next = schedule_next(&enroll->sequence->plan, &who, now_ms);
    if (next.kind == SCHEDULE_FINISHED) {
        row->status = ENROLLMENT_COMPLETED;
        row->ended_at_ms = now_ms;
    } else {
        /* A step that is too late is dealt with by the planner, at once. */
        row->next_due_at_ms = next.kind == SCHEDULE_SEND ? next.due_at_ms : now_ms;
    }
    enroll->work->wakes |= WORK_WAKE_DELIVERY;
}

static enum error_code insert_enrollment(struct enroll *enroll, const struct enroll_person *person,
                                         const struct zone *zone, bool is_new,
                                         struct enroll_result *result, struct error *error)
{
    int64_t now_ms = enroll->work->now_ms;
    struct beginning beginning = find_beginning(enroll, person);
    struct store_enrollment row = {
        .id = enroll->next_enrollment_id,
        .sequence_id = enroll->settings.sequence_id,
        .contact_id = result->contact_id,
        .status = ENROLLMENT_ACTIVE,
        .position = beginning.position,
        .messages_sent = beginning.sent_before,
        .enrolled_at_ms = person->enrolled_at_ms == 0 ? now_ms : person->enrolled_at_ms,
        .batch_id = enroll->settings.batch_id,
        .source = enroll->settings.source,
    };
    schedule_first(enroll, zone, &row);
    enum error_code code = OK;
    if (is_new && !enroll->settings.events) {
        code = join_run(enroll, &row, error);
    } else {
        code = store_enrollment_insert(enroll->work, &row, error);
    }
    if (code != OK) {
        return code;
    }
    enroll->next_enrollment_id++;
    enroll->first_id = enroll->first_id == 0 ? row.id : enroll->first_id;
    enroll->last_id = row.id;
    result->enrollment_id = row.id;
    count_start(enroll, &beginning, &row);
    return OK;
}

/* Brings a known person's data up to date; what was not given stays. */
static enum error_code merge_contact(struct enroll *enroll, const struct store_enroll_contact *old,
                                     const struct store_enroll_contact *given,
                                     const struct zone **zone, struct error *error)
{
    struct store_enroll_contact merged = *old;
    bool zone_given = given->timezone_source > old->timezone_source ||
                      given->timezone_source == CONTACT_ZONE_GIVEN;
    bool name_given = given->name.size > 0 && !text_equal(given->name, old->name);
    if (zone_given) {
        merged.timezone = given->timezone;
        merged.timezone_source = given->timezone_source;
    } else if (old->timezone.size > 0) {
        *zone = zone_find(old->timezone);
    }
    if (name_given) {
        merged.name = given->name;
    }
    merged.fields = given->fields;
    if (!name_given && !zone_given && given->fields.size <= 2) {
        return OK;
    }
    enum error_code code = store_enroll_contact_merge(enroll->work, &merged, error);
    /* They may be in other sequences, too. */
    return code == OK ? replan_contact(&enroll->progress, merged.id, error) : code;
}

/* Somebody whose number has its contact already, or in a dry run may have. */
static enum error_code settle_known(struct enroll *enroll, const struct store_enroll_contact *given,
                                    const struct store_enroll_contact *known,
                                    const struct zone **zone, struct enroll_result *result,
                                    struct error *error)
{
    result->contact_id = known->id;
    if ((known->suppressed & SUPPRESSED_ALL) != 0) {
        result->verdict = ENROLL_OPTED_OUT;
        return OK;
    }
    enum error_code code = judge_known(enroll, known->id, result, error);
    if (code == OK && !enroll->settings.dry_run &&
        (result->verdict == ENROLL_ENROLLED || result->verdict == ENROLL_RESTARTED)) {
        code = merge_contact(enroll, known, given, zone, error);
    }
    return code;
}

static enum error_code add_event(struct enroll *enroll, const struct enroll_result *result,
                                 struct error *error)
{
    const struct store_event event = {
        .type = TEXT("enrollment.created"),
        .sequence_id = enroll->settings.sequence_id,
        .enrollment_id = result->enrollment_id,
        .contact_id = result->contact_id,
        .batch_id = enroll->settings.batch_id,
    };
    return store_event_add(enroll->work, &event, error);
}

/* Everything after the question whether the contact is new. */
static enum error_code finish_person(struct enroll *enroll, const struct enroll_person *person,
                                     const struct store_enroll_contact *given, bool is_new,
                                     const struct zone *zone, struct enroll_result *result,
                                     struct error *error)
{
    enum error_code code = OK;
    bool found = false;
    struct store_enroll_contact known = {.id = 0};
    if (is_new) {
        result->contact_id = given->id;
    } else if (result->verdict == ENROLL_ENROLLED) {
        code = store_enroll_contact_find(enroll->work, person->phone, &known, &found, error);
        if (code == OK && found) {
            code = settle_known(enroll, given, &known, &zone, result, error);
        }
    }
    bool enrolls = result->verdict == ENROLL_ENROLLED || result->verdict == ENROLL_RESTARTED;
    if (code == OK && enrolls && !enroll->settings.dry_run) {
        code = insert_enrollment(enroll, person, zone, is_new, result, error);
        if (code == OK && enroll->settings.events) {
            code = add_event(enroll, result, error);
        }
    }
    enroll->counts[result->verdict] += code == OK ? 1 : 0;
    return code;
}

enum error_code enroll_person(struct enroll *enroll, const struct enroll_person *person,
                              struct enroll_result *ret_result, struct error *error)
{
    struct enroll_result result = {.verdict = ENROLL_ENROLLED};
    const struct zone *zone = NULL;
    struct store_enroll_contact contact = make_contact(enroll, person, &zone);
    bool is_new = false;
    enum error_code code = ledger_says_no(enroll, person->phone, &contact.suppressed, error);
    if (code == OK && (contact.suppressed & SUPPRESSED_ALL) != 0) {
        result.verdict = ENROLL_OPTED_OUT;
    } else if (code == OK && !enroll->settings.dry_run) {
        code = store_enroll_contact_add(enroll->work, &contact, &is_new, error);
        enroll->next_contact_id += is_new ? 1 : 0;
    }
    if (code == OK) {
        code = finish_person(enroll, person, &contact, is_new, zone, &result, error);
    }
    if (code == OK) {
        *ret_result = result;
    }
    return code;
}

/* Which of a group that was not all new are new, by the id they got. */
static enum error_code find_new(struct enroll *enroll, const struct store_enroll_contact *contact,
                                bool *ret_new, struct error *error)
{
    struct store_enroll_contact stored = {.id = 0};
    bool found = false;
    enum error_code code =
        store_enroll_contact_find(enroll->work, contact->phone, &stored, &found, error);
    *ret_new = found && stored.id == contact->id;
    return code;
}

enum error_code enroll_group(struct enroll *enroll, const struct enroll_person *people,
                             size_t count, struct enroll_result *ret_results, struct error *error)
{
    enum error_code code = OK;
    if (count != ENROLL_GROUP || enroll->settings.dry_run || !enroll->ledger_empty) {
        for (size_t i = 0; code == OK && i < count; i++) {
            code = enroll_person(enroll, &people[i], &ret_results[i], error);
        }
        return code;
    }
    struct store_enroll_contact contacts[ENROLL_GROUP];
    const struct zone *zones[ENROLL_GROUP];
    int64_t new_count = 0;
    for (size_t i = 0; i < ENROLL_GROUP; i++) {
        contacts[i] = make_contact(enroll, &people[i], &zones[i]);
        contacts[i].id = enroll->next_contact_id++;
    }
    code = store_enroll_contacts_add(enroll->work, contacts, &new_count, error);
    for (size_t i = 0; code == OK && i < ENROLL_GROUP; i++) {
        bool is_new = new_count == ENROLL_GROUP;
        if (!is_new && new_count > 0) {
            code = find_new(enroll, &contacts[i], &is_new, error);
        }
        ret_results[i] = (struct enroll_result){.verdict = ENROLL_ENROLLED};
        if (code == OK) {
            code = finish_person(enroll, &people[i], &contacts[i], is_new, zones[i],
                                 &ret_results[i], error);
        }
    }
    return code;
}

struct text enroll_fields_json(struct arena *arena, const struct import_person *person)
{
    if (person->field_count == 0) {
        return TEXT("");
    }
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    struct json_writer writer;
    buffer_init(&out, FIELDS_BYTES_MAX);
    json_writer_init(&writer, &out);
    json_object_begin(&writer);
    for (size_t i = 0; i < person->field_count; i++) {
        json_key_text(&writer, person->fields[i].name);
        json_put_text(&writer, person->fields[i].value);
    }
    json_object_end(&writer);
    return arena_text(arena, buffer_text(&out));
}
