/* Shared by the tests of actions and edits: see people_testing.h. The planner played here knows
 * nothing of channels and rendering; it moves rows and counters as the real one does. */
#include "service/people_testing.h"

#include "base/clock.h"
#include "base/instant.h"
#include "delivery/progress.h"
#include "service/enroll.h"
#include "store/counters.h"
#include "store/store_sequence.h"
#include "store/store_verify.h"

#include <string.h>

#define FIRST_PHONE INT64_C(919870000000)

/* ---- opening ---- */

static enum error_code insert_sequence(struct work *work, void *context, struct error *error)
{
    struct people_test *test = context;
    return store_sequence_insert(work, &test->sequence, error);
}

void people_test_open(struct people_test *test, int days)
{
    store_test_open(&test->store);
    test->arena = arena_new();
    sequence_init(&test->sequence);
    test->sequence.name = TEXT("Test");
    test->sequence.status = SEQUENCE_ACTIVE;
    test->sequence.timezone = TEXT("UTC");
    test->sequence.step_count = (size_t)days;
    test->sequence.steps = arena_array(test->arena, (size_t)days + 1, sizeof(struct step));
    for (int i = 0; i < days; i++) {
        test->sequence.steps[i] = (struct step){.day = i + 1,
                                                .minute = 600,
                                                .ordinal = i + 1,
                                                .type = STEP_TEXT,
                                                .message = TEXT("Hello {name}")};
    }
    store_test_do(&test->store, insert_sequence, test);
    test->sequence = sequence_copy(test->arena, &test->sequence);
}

void people_test_close(struct people_test *test)
{
    arena_free(test->arena);
    store_test_close(&test->store);
}

struct enrolling {
    struct people_test *test;
    int64_t count;
    int64_t first_phone;
};

static enum error_code enroll_people(struct work *work, void *context, struct error *error)
{
    struct enrolling *enrolling = context;
    struct service service = {0};
    struct enroll enroll;
    const struct enroll_settings settings = {.sequence_id = enrolling->test->sequence.id,
                                             .source = TEXT("api")};
    enum error_code code = enroll_open(&enroll, work, &service, &settings, error);
    for (int64_t i = 0; code == OK && i < enrolling->count; i++) {
        struct enroll_result result;
        const struct enroll_person person = {.phone = enrolling->first_phone + i,
                                             .name = TEXT("Asha Rao")};
        code = enroll_person(&enroll, &person, &result, error);
    }
    if (code == OK) {
        code = enroll_close(&enroll, error);
    }
    return code;
}

void people_test_enroll(struct people_test *test, int64_t count)
{
    int64_t before = store_test_int64(&test->store, "SELECT count(*) FROM enrollment");
    struct enrolling enrolling = {test, count, FIRST_PHONE + before};
    store_test_do(&test->store, enroll_people, &enrolling);
}

void people_test_advance(struct people_test *test, int64_t ms)
{
    int64_t target_ms = clock_now_ms(test->store.clock) + ms;
    bool moved = clock_advance(test->store.clock, target_ms, NULL, NULL);
    assert_true(moved);
    assert_int_equal(clock_now_ms(test->store.clock), target_ms);
}

int64_t people_test_now(struct people_test *test)
{
    return clock_now_ms(test->store.clock);
}

/* ---- the planner ---- */

struct running {
    bool send;
    int64_t count;
};

static enum error_code send_message(struct progress *progress, struct store_message *message,
                                    struct error *error)
{
    bool moved = false;
    enum error_code code = progress_move(progress, message, EVENT_CLAIM, NULL, &moved, error);
    if (code == OK) {
        assert_true(moved);
        code = progress_move(progress, message, EVENT_ACCEPTED, NULL, &moved, error);
    }
    return code;
}

static enum error_code make_message(struct progress *progress, const struct store_progress *row,
                                    const struct progress_sequence *sequence,
                                    const struct schedule_next *next, struct store_message *message,
                                    struct error *error)
{
    struct store_progress after = *row;
    after.next_due_at_ms = 0;
    *message = (struct store_message){.contact_id = row->contact_id,
                                      .enrollment_id = row->enrollment_id,
                                      .step_id = sequence->plan.steps[next->step].id,
                                      .sequence_id = row->sequence_id,
                                      .position = next->key,
                                      .next_at_ms = next->due_at_ms,
                                      .due_at_ms = next->due_at_ms};
    enum error_code code = store_progress_put(progress->work, &after, row->next_due_at_ms, error);
    if (code == OK) {
        code = store_message_insert(progress->work, message, error);
    }
    const struct counter_place place = {.sequence_id = row->sequence_id,
                                        .step_id = message->step_id,
                                        .enrolled_at_ms = row->enrolled_at_ms};
    counters_move(progress->work, &place, OUTCOME_WAITING, 0, OUTCOME_QUEUED, 0);
    return code;
}

static enum error_code revive(struct progress *progress, const struct store_progress *row,
                              const struct schedule_next *next, struct store_message *message,
                              struct error *error)
{
    struct store_progress after = *row;
    const struct progress_change change = {.next_at_ms = next->due_at_ms};
    after.next_due_at_ms = 0;
    message->position = next->key;
    message->due_at_ms = next->due_at_ms;
    enum error_code code = store_progress_put(progress->work, &after, row->next_due_at_ms, error);
    return code == OK ? progress_move(progress, message, EVENT_RETRY, &change, NULL, error) : code;
}

static enum error_code run_person(struct progress *progress, int64_t enrollment_id, bool send,
                                  int64_t *count, struct error *error)
{
    struct store_progress row;
    struct progress_sequence *sequence = NULL;
    struct schedule_person person;
    struct store_message message;
    uint64_t done[8] = {0};
    bool found = false;
    bool ahead = false;
    enum error_code code = store_progress_get(progress->work, enrollment_id, &row, &found, error);
    if (code == OK) {
        code = progress_sequence(progress, row.sequence_id, &sequence, error);
    }
    if (code == OK) {
        code = progress_person(progress, sequence, &row, &person, error);
    }
    if (code == OK) {
        code = progress_edit_ahead(progress, sequence, enrollment_id, &ahead, error);
    }
    person.done = done;
    for (size_t i = 0; code == OK && !ahead && i <= sequence->plan.step_count; i++) {
        struct schedule_next next = schedule_next(&sequence->plan, &person, progress->work->now_ms);
        if (next.kind != SCHEDULE_SEND || next.due_at_ms > progress->work->now_ms) {
            return OK;
        }
        code = store_message_for_step(progress->work, enrollment_id,
                                      sequence->plan.steps[next.step].id, &message, &found, error);
        bool put_aside = found && message.state == MESSAGE_SKIPPED &&
                         (message.reason == REASON_PAUSED || message.reason == REASON_EDITED);
        if (code == OK && found && !put_aside) {
            done[next.step / 64] |= UINT64_C(1) << (next.step % 64);
            continue;
        }
        if (code == OK) {
            code = put_aside ? revive(progress, &row, &next, &message, error)
                             : make_message(progress, &row, sequence, &next, &message, error);
        }
        *count += code == OK ? 1 : 0;
        return code == OK && send ? send_message(progress, &message, error) : code;
    }
    return code;
}

static enum error_code run_due(struct work *work, void *context, struct error *error)
{
    struct running *running = context;
    struct progress progress;
    int64_t *ids = NULL;
    int64_t *due_at_ms = NULL;
    size_t count = 0;
    progress_init(&progress, work);
    enum error_code code =
        store_due_list(work, work->now_ms, 100000, &ids, &due_at_ms, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        code = run_person(&progress, ids[i], running->send, &running->count, error);
    }
    return code;
}

int64_t people_test_run_due(struct people_test *test, bool send)
{
    struct running running = {.send = send};
    store_test_do(&test->store, run_due, &running);
    return running.count;
}

/* ---- reading ---- */

void people_test_read(struct people_test *test,
                      enum error_code (*run)(struct work *work, void *context, struct error *error),
                      void *context)
{
    struct error error = {0};
    CLEANUP(db_close) struct db *db = NULL;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    assert_ok(store_reader_open(test->store.store, &db, &error), &error);
    struct work work = {.arena = arena, .db = db, .now_ms = people_test_now(test)};
    assert_ok(run(&work, context, &error), &error);
}

struct reading {
    int64_t id;
    struct store_progress row;
    struct arena *arena;
};

static enum error_code read_row(struct work *work, void *context, struct error *error)
{
    struct reading *reading = context;
    bool found = false;
    enum error_code code = store_progress_get(work, reading->id, &reading->row, &found, error);
    assert_true(found);
    reading->row.status_reason = arena_text(reading->arena, reading->row.status_reason);
    return code;
}

struct store_progress people_test_row(struct people_test *test, int64_t enrollment_id)
{
    struct reading reading = {.id = enrollment_id, .arena = test->arena};
    people_test_read(test, read_row, &reading);
    return reading.row;
}

struct sounding {
    int64_t sequence_id;
    const char *file;
    int line;
};

static enum error_code check_sound(struct work *work, void *context, struct error *error)
{
    struct sounding *sounding = context;
    struct tally tally;
    struct tally_difference *differences = NULL;
    size_t count = 0;
    enum error_code code = tally_sequence(work, sounding->sequence_id, &tally, error);
    if (code == OK) {
        code = tally_compare(work, &tally, &differences, &count, error);
    }
    for (size_t i = 0; code == OK && i < count; i++) {
        print_error("%s:%d: step %lld outcome %lld: stored %lld, counted %lld\n", sounding->file,
                    sounding->line, (long long)differences[i].step_id,
                    (long long)differences[i].outcome, (long long)differences[i].stored,
                    (long long)differences[i].counted);
    }
    if (count > 0) {
        _fail(sounding->file, sounding->line);
    }
    return code;
}

void people_test_sound_at(struct people_test *test, const char *file, int line)
{
    struct sounding sounding = {test->sequence.id, file, line};
    people_test_read(test, check_sound, &sounding);
    int64_t wrong = store_test_int64(
        &test->store,
        "SELECT count(*) FROM enrollment e JOIN sequence s ON s.id = e.sequence_id WHERE "
        "(e.next_due_at_ms IS NOT NULL) <> EXISTS (SELECT 1 FROM due d WHERE d.enrollment_id = "
        "e.id AND d.due_at_ms = e.next_due_at_ms) OR (s.status = 1 AND (e.next_due_at_ms IS NOT "
        "NULL) <> (e.status = 0 AND NOT EXISTS (SELECT 1 FROM message m WHERE m.enrollment_id = "
        "e.id AND m.state < 5)))");
    wrong += store_test_int64(&test->store, "SELECT (SELECT count(*) FROM due) <> (SELECT count(*) "
                                            "FROM enrollment WHERE next_due_at_ms IS NOT NULL)");
    if (wrong > 0) {
        print_error("%s:%d: %lld people with a wrong due row\n", file, line, (long long)wrong);
        _fail(file, line);
    }
}
