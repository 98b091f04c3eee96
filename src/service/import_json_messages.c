/* The records of message_queue.json: what was sent before, and what waits. A message that waits
 * goes on waiting; one that was on its way elsewhere is held, because nobody here can know how it
 * went. */
#include "service/import_json_internal.h"

#include "base/ids.h"
#include "base/instant.h"
#include "domain/message.h"
#include "domain/sequence.h"
#include "store/store_progress.h"

#include <string.h>

struct message_record {
    struct store_export_message row;
    struct text id;
    struct text enrollment;
    struct text step;
    bool test;
    bool on_its_way; /* elsewhere: sending, in doubt */
    bool no_retry_time;
    bool dated; /* it says when it was planned */
};

static int64_t key_of(struct text id)
{
    return (int64_t)hash_text(id);
}

static int64_t wanted_id(enum id_kind kind, struct text text)
{
    int64_t id = 0;
    return id_parse(kind, text, &id) ? id : 0;
}

static void read_status(struct json_reader *reader, struct message_record *record)
{
    struct store_message *message = &record->row.message;
    struct text status = {0};
    struct text reason = {0};
    bool cancelled = false;
    if (!json_reader_required(reader, "status") ||
        !json_reader_text(reader, "status", 1, 32, &status)) {
        return;
    }
    if (!message_status_from_text(status, &message->state, &message->rank, &cancelled)) {
        json_reader_fail(reader, "status", "invalid_choice",
                         "must be one of pending, sending, in_doubt, held, sent, delivered, read, "
                         "failed, unknown, cancelled, skipped");
        return;
    }
    if (json_reader_text(reader, "reason", 0, 64, &reason) && reason.size > 0 &&
        !message_reason_from_text(reason, &message->reason)) {
        json_reader_fail(reader, "reason", "invalid_choice", "is no reason this program knows");
    }
    record->on_its_way = message->state == MESSAGE_SENDING || message->state == MESSAGE_DOUBT;
    if (record->on_its_way) {
        message->state = MESSAGE_HELD;
        message->reason = REASON_RESTORED;
        message->doubts = 1;
    }
    if (message->state == MESSAGE_SKIPPED && message->reason == REASON_NONE) {
        message->reason = cancelled ? REASON_OPERATOR : REASON_NOT_NEEDED;
    }
    if (message->state == MESSAGE_FAILED && message->reason == REASON_NONE) {
        message->reason = REASON_REFUSED;
    }
}

static void read_body(struct import_run *run, struct json_reader *reader,
                      struct message_record *record)
{
    static const struct json_choice TYPES[] = {
        {"text", STEP_TEXT}, {"media", STEP_MEDIA}, {"template", STEP_TEMPLATE}};
    static const struct json_choice MEDIA[] = {{"image", MEDIA_IMAGE},
                                               {"video", MEDIA_VIDEO},
                                               {"document", MEDIA_DOCUMENT},
                                               {"audio", MEDIA_AUDIO}};
    struct store_message_body *body = &record->row.body;
    int type = STEP_TEXT;
    int media = MEDIA_NONE;
    (void)json_reader_text(reader, "message", 0, 16384, &body->text);
    if (json_reader_text(reader, "media_url", 0, STEP_URL_MAX, &body->media_url) &&
        body->media_url.size > 0) {
        type = STEP_MEDIA;
        media = (int)media_type_of_url(body->media_url);
    }
    (void)json_reader_choice(reader, "type", TYPES, ARRAY_SIZE(TYPES), &type);
    (void)json_reader_choice(reader, "media_type", MEDIA, ARRAY_SIZE(MEDIA), &media);
    (void)json_reader_text(reader, "filename", 0, STEP_FILENAME_MAX, &body->filename);
    body->type = type;
    body->media_type = media;
    const struct json *template = json_reader_any(reader, "template");
    if (json_kind(template) == JSON_OBJECT) {
        CLEANUP_IN_PLACE(buffer_done) struct buffer text;
        buffer_init(&text, 256 * 1024);
        json_encode(template, &text);
        body->template = arena_text(run->arena, buffer_text(&text));
    } else if (json_kind(template) != JSON_ABSENT && json_kind(template) != JSON_NULL) {
        json_reader_fail(reader, "template", "wrong_type", "must be an object");
    }
}

static void read_error(struct json_reader *reader, struct message_record *record)
{
    struct json_reader child;
    if (!json_reader_has(reader, "error") || json_reader_is_null(reader, "error") ||
        !json_reader_object(reader, "error", &child)) {
        json_reader_ignore(reader, "error");
        return;
    }
    (void)json_reader_int64(&child, "code", 0, INT32_MAX, &record->row.message.error_code);
    (void)json_reader_text(&child, "title", 0, 500, &record->row.error_title);
    (void)json_reader_text(&child, "detail", 0, 2000, &record->row.error_detail);
    json_reader_ignore(&child, "advice");
    enum error_code ignored = json_reader_done(&child);
    (void)ignored; /* the findings stand in the error both readers share */
}

static void read_times(struct import_run *run, struct json_reader *reader,
                       struct message_record *record)
{
    struct store_message *message = &record->row.message;
    message->created_at_ms = run->work->now_ms;
    (void)json_reader_time(reader, "created_at", &message->created_at_ms);
    message->due_at_ms = message->created_at_ms;
    record->dated = json_reader_time(reader, "scheduled_for", &message->due_at_ms);
    record->no_retry_time = !json_reader_time(reader, "next_attempt_at", &message->next_at_ms);
    (void)json_reader_time(reader, "sent_at", &message->sent_at_ms);
    (void)json_reader_time(reader, "delivered_at", &message->delivered_at_ms);
    (void)json_reader_time(reader, "read_at", &message->read_at_ms);
    (void)json_reader_time(reader, "failed_at", &message->failed_at_ms);
}

static enum error_code read_message(struct import_run *run, const struct json *json,
                                    struct message_record *record, struct error *finding)
{
    static const char *const KNOWN[] = {"sequence_id", "phone", "name"};
    struct store_message *message = &record->row.message;
    struct json_reader reader;
    struct text channel = {0};
    json_reader_open(&reader, json, "", finding);
    (void)json_reader_text(&reader, "id", 1, 64, &record->id);
    (void)json_reader_bool(&reader, "test", &record->test);
    if (!json_reader_text(&reader, "enrollment_id", 1, 64, &record->enrollment) && !record->test) {
        (void)json_reader_required(&reader, "enrollment_id");
    }
    (void)json_reader_text(&reader, "step_id", 1, 64, &record->step);
    if (json_reader_text(&reader, "channel_id", 1, 64, &channel)) {
        message->channel_id = wanted_id(ID_CHANNEL, channel);
    }
    (void)json_reader_int64(&reader, "day", 0, SEQUENCE_DAY_MAX, &record->row.day);
    (void)json_reader_int64(&reader, "attempts", 0, 1000, &message->attempts);
    (void)json_reader_text(&reader, "provider_id", 0, 512, &record->row.provider_id);
    read_status(&reader, record);
    read_body(run, &reader, record);
    read_error(&reader, record);
    read_times(run, &reader, record);
    for (size_t at = 0; at < ARRAY_SIZE(KNOWN); at++) {
        json_reader_ignore(&reader, KNOWN[at]);
    }
    return json_reader_done(&reader) == OK && finding->code == OK ? OK : ERROR_INVALID;
}

/* What the state asks for and the file may have left out. */
static void complete_message(struct message_record *record)
{
    struct store_message *message = &record->row.message;
    bool waits = message->state == MESSAGE_PLANNED || message->state == MESSAGE_WAIT;
    if (waits && message->attempts > 0) {
        message->state = MESSAGE_WAIT;
    }
    if (waits && record->no_retry_time) {
        message->next_at_ms = message->due_at_ms;
    }
    if (!waits) {
        message->next_at_ms = 0;
    }
    if ((message->state == MESSAGE_ACCEPTED || record->on_its_way) && message->attempts == 0) {
        message->attempts = 1;
    }
    if (message->state == MESSAGE_ACCEPTED && message->sent_at_ms == 0) {
        message->sent_at_ms = message->due_at_ms;
    }
    if (message_state_is_end(message->state)) {
        message->ended_at_ms = message->sent_at_ms != 0 ? message->sent_at_ms : message->due_at_ms;
    }
}

/* Where the step of a message is looked for. */
struct step_search {
    struct progress_sequence *sequence;
    struct schedule_person person;
    bool *taken; /* by place in the plan: it has its message */
};

static enum error_code open_search(struct import_run *run, const struct store_progress *row,
                                   struct step_search *search, struct error *error)
{
    enum error_code code =
        progress_sequence(&run->progress, row->sequence_id, &search->sequence, error);
    if (code == OK) {
        code = progress_person(&run->progress, search->sequence, row, &search->person, error);
    }
    size_t count = code == OK ? search->sequence->plan.step_count : 0;
    search->taken = arena_array(run->arena, count + 1, sizeof(*search->taken));
    for (size_t at = 0; code == OK && at < count; at++) {
        struct store_message other;
        code = store_message_for_step(run->work, row->enrollment_id,
                                      search->sequence->plan.steps[at].id, &other,
                                      &search->taken[at], error);
    }
    return code;
}

/* Files that people keep by hand name no day. Then one step says just this, … */
static bool says_this(const struct step_search *search, size_t at,
                      const struct message_record *record)
{
    const struct step *step =
        sequence_find_step(&search->sequence->sequence, search->sequence->plan.steps[at].id);
    return text_equal(step->message, record->row.body.text) &&
           text_equal(step->media_url, record->row.body.media_url);
}

/* … or is planned for the same date, … */
static bool is_for_that_date(const struct step_search *search, size_t at,
                             const struct message_record *record)
{
    uint32_t rules = 0;
    const struct zone *zone = search->person.zone;
    int64_t planned_ms = schedule_planned_at(&search->sequence->plan, &search->person, at, &rules);
    return floor_divide(zone_to_local(zone, planned_ms), MS_PER_DAY) ==
           floor_divide(zone_to_local(zone, record->row.message.due_at_ms), MS_PER_DAY);
}

/* … or is what the person waits for. */
static bool is_ahead(const struct step_search *search, size_t at,
                     const struct message_record *record)
{
    return message_state_is_open(record->row.message.state) &&
           schedule_key(&search->sequence->plan, &search->person, at) > search->person.position;
}

/* The same whether or not the file was read before: a step that has its message is found too. */
static size_t find_without_day(const struct step_search *search,
                               const struct message_record *record)
{
    size_t count = search->sequence->plan.step_count;
    size_t same = 0;
    size_t by_text = count;
    size_t by_date = count;
    size_t next = count;
    for (size_t at = count; at-- > 0;) {
        if (says_this(search, at, record)) {
            by_text = at;
            same++;
        }
        by_date = record->dated && is_for_that_date(search, at, record) ? at : by_date;
        next = is_ahead(search, at, record) ? at : next;
    }
    return same == 1 ? by_text : by_date < count ? by_date : next;
}

/* By the step's id in the file, else the first step of its day that has no message yet, or the
 * first at all when each has one: then the file was read before. */
static size_t find_named(const struct step_search *search, const struct message_record *record,
                         int64_t wanted_step_id)
{
    size_t count = search->sequence->plan.step_count;
    size_t found = count;
    for (size_t at = 0; at < count; at++) {
        const struct schedule_step *step = &search->sequence->plan.steps[at];
        bool matches =
            wanted_step_id != 0 ? step->id == wanted_step_id : step->day == record->row.day;
        if (matches && (found == count || (search->taken[found] && !search->taken[at]))) {
            found = at;
        }
    }
    return found;
}

/* The step it is for, and the position with it; step_id stays 0 when none is found. */
static enum error_code find_step(struct import_run *run, const struct store_progress *row,
                                 struct message_record *record, struct error *error)
{
    struct store_message *message = &record->row.message;
    struct step_search search = {0};
    int64_t wanted = 0;
    enum error_code code = open_search(run, row, &search, error);
    if (code != OK) {
        return code;
    }
    if (record->step.size > 0 && !map64_get(run->steps, key_of(record->step), &wanted)) {
        wanted = wanted_id(ID_STEP, record->step);
    }
    bool named = record->step.size > 0 || record->row.day != 0;
    size_t at = named ? find_named(&search, record, wanted) : find_without_day(&search, record);
    if (at < search.sequence->plan.step_count) {
        message->step_id = search.sequence->plan.steps[at].id;
        message->position = schedule_key(&search.sequence->plan, &search.person, at);
    }
    return OK;
}

static enum error_code add_message(struct import_run *run, struct message_record *record,
                                   const struct store_progress *person, struct error *error)
{
    struct store_message *message = &record->row.message;
    struct store_message other;
    bool known = false;
    int64_t id = 0;
    char new_id[ID_TEXT_MAX];
    enum error_code code = store_message_for_step(run->work, person->enrollment_id,
                                                  message->step_id, &other, &known, error);
    if (code != OK) {
        return code;
    }
    if (known) {
        import_note(run, IMPORT_PRESENT, record->id, NULL, "this step has its message already");
        return OK;
    }
    if (message_state_is_open(message->state) && message->position <= person->position) {
        import_note(run, IMPORT_LEFT_OUT, record->id, NULL,
                    "current_day says that this step was sent already; it is not sent again");
        return OK;
    }
    if (message_state_is_open(message->state) && person->status > ENROLLMENT_PAUSED) {
        import_note(run, IMPORT_LEFT_OUT, record->id, NULL,
                    "this person has left the sequence; nothing is sent any more");
        return OK;
    }
    complete_message(record);
    code = store_import_channel(run->work, message->channel_id, &message->channel_id, error);
    if (code == OK) {
        code = store_import_message(run->work, &record->row, run->message_floor, &id, error);
    }
    if (code == OK) {
        import_touch(run, person->sequence_id);
        import_note(run, message->id == id ? IMPORT_ADDED : IMPORT_RENAMED, record->id,
                    message->id == id ? NULL : id_format(ID_MESSAGE, id, new_id), "%s",
                    record->on_its_way ? "it was on its way elsewhere: held until a person decides"
                                       : "");
    }
    return code;
}

static enum error_code place_message(struct import_run *run, struct message_record *record,
                                     int64_t enrollment_id, struct error *error)
{
    struct store_message *message = &record->row.message;
    struct store_progress person;
    struct error finding = {0};
    bool found = false;
    enum error_code code = store_progress_get(run->work, enrollment_id, &person, &found, error);
    if (code != OK || !found) {
        return code;
    }
    message->enrollment_id = enrollment_id;
    message->sequence_id = person.sequence_id;
    message->contact_id = person.contact_id;
    code = find_step(run, &person, record, error);
    if (code != OK) {
        return code;
    }
    if (message->step_id == 0) {
        bool named = record->step.size > 0 || record->row.day != 0;
        (void)error_field(&finding, record->step.size > 0 ? "step_id" : "day", "not_found",
                          named ? "the sequence has no such step"
                                : "for which step this was cannot be told: say its day");
        import_refuse(run, record->id, &finding);
        return OK;
    }
    return add_message(run, record, &person, error);
}

enum error_code import_message_record(struct import_run *run, const struct json *json,
                                      struct error *error)
{
    struct message_record record = {0};
    struct error finding = {0};
    int64_t enrollment_id = 0;
    int64_t ignored = 0;
    arena_reset(run->arena);
    if (read_message(run, json, &record, &finding) != OK) {
        import_refuse(run, record.id, &finding);
        return OK;
    }
    record.row.message.id = wanted_id(ID_MESSAGE, record.id);
    if (record.test) {
        import_note(run, IMPORT_LEFT_OUT, record.id, NULL, "a test send belongs to no person");
        return OK;
    }
    if (map64_get(run->left_out, key_of(record.enrollment), &ignored)) {
        import_note(run, IMPORT_LEFT_OUT, record.id, NULL, "its enrollment was left out");
        return OK;
    }
    if (!map64_get(run->enrollments, key_of(record.enrollment), &enrollment_id)) {
        enrollment_id = wanted_id(ID_ENROLLMENT, record.enrollment);
        struct store_progress person;
        bool found = false;
        enum error_code code = enrollment_id == 0 ? OK
                                                  : store_progress_get(run->work, enrollment_id,
                                                                       &person, &found, error);
        if (code != OK) {
            return code;
        }
        if (!found) {
            (void)error_field(&finding, "enrollment_id", "not_found",
                              "enrollment \"%.*s\" stands neither in enrollments.json nor here",
                              TEXT_ARGS(record.enrollment));
            import_refuse(run, record.id, &finding);
            return OK;
        }
    }
    return place_message(run, &record, enrollment_id, error);
}
