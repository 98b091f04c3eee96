/* Saving, starting, copying and ending sequences, with people inside. */
#include "base/json.h"
#include "base/mem.h"
#include "service/dashboard.h"
#include "service/people_testing.h"
#include "service/sequences.h"

#include <stdio.h>

struct fixture {
    struct people_test people;
    const char *document;
    int64_t id;
    bool force;
    struct text confirm;
    enum error_code code;
    struct error error;
    char name[64];
    int64_t version;
    int64_t new_id;
    enum sequence_status status;
    size_t step_count;
    int64_t total;
    int64_t waiting;
};

static int setup(void **state)
{
    struct fixture *fixture = mem_zalloc(sizeof(*fixture));
    people_test_open(&fixture->people, 3);
    fixture->id = fixture->people.sequence.id;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    people_test_close(&fixture->people);
    mem_free(fixture);
    return 0;
}

/* What tests look at, copied out of the job's arena. */
static void keep(struct fixture *fixture, const struct sequence_view *view)
{
    (void)snprintf(fixture->name, sizeof(fixture->name), "%.*s", TEXT_ARGS(view->sequence.name));
    fixture->version = view->sequence.version;
    fixture->new_id = view->sequence.id;
    fixture->status = view->sequence.status;
    fixture->step_count = view->sequence.step_count;
    fixture->total = funnel_total(&view->totals);
    fixture->waiting = view->totals.counts[OUTCOME_WAITING];
}

/* Refusals are looked at by the tests; the job itself ends well with nothing written. */
static enum error_code note(struct fixture *fixture, enum error_code code,
                            const struct error *error)
{
    fixture->code = code;
    fixture->error = *error;
    return OK;
}

static enum error_code create(struct work *work, void *context, struct error *error)
{
    struct fixture *fixture = context;
    struct sequence_view view;
    CLEANUP(json_free) struct json *json = NULL;
    enum error_code code = json_parse(text_from(fixture->document), NULL, &json, error);
    assert_int_equal(code, OK);
    code = sequences_create(work, json, fixture->force, &view, error);
    if (code == OK) {
        keep(fixture, &view);
    }
    return note(fixture, code, error);
}

static enum error_code update(struct work *work, void *context, struct error *error)
{
    struct fixture *fixture = context;
    struct sequences_update_result result;
    const struct sequences_update options = {.force = fixture->force};
    CLEANUP(json_free) struct json *json = NULL;
    enum error_code code = json_parse(text_from(fixture->document), NULL, &json, error);
    assert_int_equal(code, OK);
    code = sequences_update(work, fixture->id, json, &options, &result, error);
    if (code == OK) {
        keep(fixture, &result.view);
    }
    return note(fixture, code, error);
}

static enum error_code clone(struct work *work, void *context, struct error *error)
{
    struct fixture *fixture = context;
    struct sequence_view view;
    enum error_code code = sequences_clone(work, fixture->id, (struct text){0}, &view, error);
    if (code == OK) {
        keep(fixture, &view);
    }
    return note(fixture, code, error);
}

static enum error_code restore(struct work *work, void *context, struct error *error)
{
    struct fixture *fixture = context;
    struct sequences_update_result result;
    enum error_code code =
        sequences_restore(work, fixture->id, fixture->version, false, &result, error);
    if (code == OK) {
        keep(fixture, &result.view);
    }
    return note(fixture, code, error);
}

static enum error_code archive(struct work *work, void *context, struct error *error)
{
    struct fixture *fixture = context;
    struct action_result result;
    return note(fixture, sequences_archive(work, fixture->id, TEXT("over"), false, &result, error),
                error);
}

static enum error_code delete (struct work *work, void *context, struct error *error) {
    struct fixture *fixture = context;
    return note(fixture, sequences_delete(work, fixture->id, fixture->confirm, false, error),
                error);
}

static enum error_code get(struct work *work, void *context, struct error *error)
{
    struct fixture *fixture = context;
    struct sequence_view view;
    enum error_code code = sequences_get(work, fixture->id, &view, error);
    if (code == OK) {
        keep(fixture, &view);
    }
    return note(fixture, code, error);
}

static void run(struct fixture *fixture,
                enum error_code (*job)(struct work *work, void *context, struct error *error))
{
    store_test_do(&fixture->people.store, job, fixture);
}

static void a_new_sequence_is_a_draft_with_a_version(void **state)
{
    struct fixture *fixture = *state;
    fixture->document = "{\"name\":\"New\",\"messages\":[{\"day\":1,\"message\":\"Hi\"}]}";
    run(fixture, create);
    assert_int_equal(fixture->code, OK);
    assert_int_equal(fixture->status, SEQUENCE_DRAFT);
    assert_int_equal(fixture->version, 1);
    assert_int_equal(store_test_int64(&fixture->people.store,
                                      "SELECT count(*) FROM sequence_version WHERE sequence_id = "
                                      "(SELECT max(id) FROM sequence)"),
                     1);
}

static void nothing_starts_without_messages_unless_forced(void **state)
{
    struct fixture *fixture = *state;
    fixture->document = "{\"name\":\"Empty\",\"status\":\"active\"}";
    run(fixture, create);
    assert_int_equal(fixture->code, ERROR_INVALID);
    assert_string_equal(fixture->error.fields[0].code, "no_messages");
    fixture->force = true;
    run(fixture, create);
    assert_int_equal(fixture->code, OK);
    assert_int_equal(fixture->status, SEQUENCE_ACTIVE);
}

static void an_older_version_is_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture->document = "{\"name\":\"A\",\"version\":1}";
    run(fixture, update);
    assert_int_equal(fixture->code, OK);
    assert_int_equal(fixture->version, 2);
    run(fixture, update);
    assert_int_equal(fixture->code, ERROR_CONFLICT);
    assert_string_equal(fixture->error.reason, "version_conflict");
    fixture->document = "{\"name\":\"A\"}";
    run(fixture, update); /* the same document: no new version */
    assert_int_equal(fixture->code, OK);
    assert_int_equal(fixture->version, 2);
}

static void the_funnel_sums_to_the_people_through_edits(void **state)
{
    struct fixture *fixture = *state;
    people_test_enroll(&fixture->people, 5);
    people_test_advance(&fixture->people, INT64_C(35) * 3600 * 1000);
    assert_int_equal(people_test_run_due(&fixture->people, true), 5);
    run(fixture, get);
    assert_int_equal(fixture->total, 15);
    fixture->document =
        "{\"messages\":[{\"day\":1,\"time\":\"10:00\",\"message\":\"one\"},{\"day\":5,"
        "\"message\":\"new\"}]}";
    run(fixture, update);
    assert_int_equal(fixture->code, OK);
    assert_int_equal(fixture->step_count, 2);
    people_test_sound(&fixture->people);
    run(fixture, restore); /* fixture->version is the newest: nothing changes */
    assert_int_equal(fixture->code, OK);
    fixture->version = 1;
    people_test_sound(&fixture->people);
}

static void a_saved_version_comes_back(void **state)
{
    struct fixture *fixture = *state;
    people_test_enroll(&fixture->people, 2);
    fixture->document = "{\"name\":\"B\",\"messages\":[]}";
    run(fixture, update);
    assert_int_equal(fixture->code, OK);
    int64_t emptied = fixture->version;
    fixture->document = "{\"name\":\"C\",\"messages\":[{\"day\":2,\"message\":\"x\"}]}";
    run(fixture, update);
    assert_int_equal(fixture->step_count, 1);
    fixture->version = emptied;
    run(fixture, restore);
    assert_int_equal(fixture->code, OK);
    assert_string_equal(fixture->name, "B");
    assert_int_equal(fixture->step_count, 0);
    assert_int_equal(fixture->version, emptied + 2);
    people_test_sound(&fixture->people);
    fixture->version = 99;
    run(fixture, restore);
    assert_int_equal(fixture->code, ERROR_NOT_FOUND);
}

static void a_copy_is_a_draft_without_people(void **state)
{
    struct fixture *fixture = *state;
    people_test_enroll(&fixture->people, 2);
    run(fixture, clone);
    assert_int_equal(fixture->code, OK);
    assert_true(text_ends_with(text_from(fixture->name), TEXT(" (copy)")));
    assert_int_equal(fixture->status, SEQUENCE_DRAFT);
    assert_int_equal(fixture->step_count, 3);
    assert_int_equal(fixture->total, 0);
    assert_int_not_equal(fixture->new_id, fixture->id);
}

static void archiving_stops_everyone(void **state)
{
    struct fixture *fixture = *state;
    people_test_enroll(&fixture->people, 3);
    run(fixture, archive);
    assert_int_equal(fixture->code, OK);
    run(fixture, get);
    assert_int_equal(fixture->status, SEQUENCE_ARCHIVED);
    assert_int_equal(people_test_row(&fixture->people, 1).status, ENROLLMENT_STOPPED);
    people_test_sound(&fixture->people);
    run(fixture, archive);
    assert_int_equal(fixture->code, ERROR_CONFLICT);
}

static void deleting_with_people_wants_the_name(void **state)
{
    struct fixture *fixture = *state;
    people_test_enroll(&fixture->people, 3);
    run(fixture, delete);
    assert_int_equal(fixture->code, ERROR_CONFLICT);
    assert_string_equal(fixture->error.reason, "has_enrollments");
    run(fixture, get);
    fixture->confirm = text_from(fixture->name);
    run(fixture, delete);
    assert_int_equal(fixture->code, OK);
    run(fixture, get);
    assert_int_equal(fixture->code, ERROR_NOT_FOUND);
    assert_int_equal(store_test_int64(&fixture->people.store, "SELECT count(*) FROM due"), 0);
}

static void moves_between_states_are_checked(void **state)
{
    struct fixture *fixture = *state;
    people_test_enroll(&fixture->people, 1);
    fixture->document = "{\"status\":\"draft\"}";
    run(fixture, update);
    assert_int_equal(fixture->code, ERROR_CONFLICT);
    assert_string_equal(fixture->error.reason, "invalid_status");
    fixture->document = "{\"status\":\"paused\"}";
    run(fixture, update);
    assert_int_equal(fixture->code, OK);
    assert_int_equal(fixture->status, SEQUENCE_PAUSED);
    assert_int_equal(people_test_row(&fixture->people, 1).status, ENROLLMENT_PAUSED);
    fixture->document = "{\"status\":\"active\"}";
    run(fixture, update);
    assert_int_equal(fixture->status, SEQUENCE_ACTIVE);
    assert_int_equal(people_test_row(&fixture->people, 1).status, ENROLLMENT_ACTIVE);
    people_test_sound(&fixture->people);
}

static void unknown_zones_and_channels_are_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture->document =
        "{\"name\":\"x\",\"timezone\":\"Asia/Atlantis\",\"channel_id\":\"chan_077\","
        "\"messages\":[{\"day\":0,\"message\":\"x\"}]}";
    run(fixture, create);
    assert_int_equal(fixture->code, ERROR_INVALID);
    assert_int_equal(fixture->error.field_count, 3);
}

static enum error_code look(struct work *work, void *context, struct error *error)
{
    struct dashboard dashboard;
    struct dashboard_point *points = NULL;
    struct dashboard_forecast forecast;
    size_t count = 0;
    (void)context;
    const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    assert_int_equal(
        dashboard_read(work, work->now_ms - 7 * day_ms, work->now_ms, &dashboard, error), OK);
    assert_int_equal(dashboard.people.active, 4);
    assert_int_equal(dashboard.totals.sent, 4);
    assert_int_equal(dashboard.sequences[0].totals.sent, 4);
    assert_int_equal(dashboard.enrollment_count, 4);
    assert_true(dashboard.has_enrollment && dashboard.has_sequence && !dashboard.has_delivery);
    assert_int_equal(dashboard_series(work, 0, work->now_ms - 7 * day_ms, work->now_ms, zone_utc(),
                                      false, &points, &count, error),
                     OK);
    assert_int_equal(count, 8);
    assert_int_equal(points[7].totals.sent + points[6].totals.sent, 4);
    assert_int_equal(dashboard_forecast(work, 0, 14, zone_utc(), &forecast, error), OK);
    assert_int_equal(forecast.day_count, 14);
    assert_int_equal(forecast.total, 8);
    return OK;
}

static void the_dashboard_counts_what_happened(void **state)
{
    struct fixture *fixture = *state;
    people_test_enroll(&fixture->people, 4);
    people_test_advance(&fixture->people, INT64_C(11) * 3600 * 1000);
    assert_int_equal(people_test_run_due(&fixture->people, true), 4);
    people_test_advance(&fixture->people, 1000);
    people_test_read(&fixture->people, look, fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_sequence_is_a_draft_with_a_version, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_starts_without_messages_unless_forced, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_older_version_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(the_funnel_sums_to_the_people_through_edits, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_saved_version_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_copy_is_a_draft_without_people, setup, teardown),
        cmocka_unit_test_setup_teardown(archiving_stops_everyone, setup, teardown),
        cmocka_unit_test_setup_teardown(deleting_with_people_wants_the_name, setup, teardown),
        cmocka_unit_test_setup_teardown(moves_between_states_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_zones_and_channels_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(the_dashboard_counts_what_happened, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
