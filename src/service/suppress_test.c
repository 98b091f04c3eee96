/* The ledger of opt-outs: which word wins, and what a STOP ends. */
#include "base/mem.h"
#include "service/contacts.h"
#include "service/erasures.h"
#include "service/people_testing.h"
#include "service/suppress.h"

#include <string.h>

static const char KEY[33] = "0123456789abcdef0123456789abcdef";
static const int64_t PHONE = INT64_C(919870000000);

struct fixture {
    struct people_test people;
    struct service service;
    struct suppress_word word;
    struct suppress_result result;
};

static int setup(void **state)
{
    struct fixture *fixture = mem_zalloc(sizeof(*fixture));
    people_test_open(&fixture->people, 3);
    fixture->service.data_directory = fixture->people.store.directory;
    fixture->service.hash_key = text_make(KEY, 32);
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

static enum error_code apply(struct work *work, void *context, struct error *error)
{
    struct fixture *fixture = context;
    return suppress_apply(work, &fixture->service, &fixture->word, &fixture->result, error);
}

static bool say(struct fixture *fixture, bool stop, int64_t at_ms)
{
    fixture->word = (struct suppress_word){.phone = PHONE,
                                           .kind = SUPPRESSION_ALL,
                                           .stop = stop,
                                           .at_ms = at_ms,
                                           .source = TEXT("stop_word"),
                                           .reason = TEXT("STOP")};
    store_test_do(&fixture->people.store, apply, fixture);
    return fixture->result.changed;
}

static int64_t suppressed(struct fixture *fixture)
{
    return store_test_int64(&fixture->people.store,
                            "SELECT suppressed FROM contact ORDER BY id LIMIT 1");
}

static void a_stop_ends_everything_that_waits(void **state)
{
    struct fixture *fixture = *state;
    people_test_enroll(&fixture->people, 2);
    people_test_advance(&fixture->people, 11 * 3600 * 1000);
    assert_int_equal(people_test_run_due(&fixture->people, false), 2);
    assert_true(say(fixture, true, 0));
    assert_int_equal(fixture->result.ended, 1);
    assert_int_equal(suppressed(fixture), 1);
    assert_int_equal(people_test_row(&fixture->people, 1).status, ENROLLMENT_OPTED_OUT);
    assert_int_equal(people_test_row(&fixture->people, 2).status, ENROLLMENT_ACTIVE);
    assert_int_equal(store_test_int64(&fixture->people.store,
                                      "SELECT count(*) FROM message WHERE state IN (0, 1) AND "
                                      "enrollment_id = 1"),
                     0);
    assert_int_equal(store_test_int64(&fixture->people.store,
                                      "SELECT count(*) FROM due WHERE enrollment_id = 1"),
                     0);
    people_test_sound(&fixture->people);
}

static void the_newest_word_wins_in_any_order(void **state)
{
    struct fixture *fixture = *state;
    people_test_enroll(&fixture->people, 1);
    int64_t now_ms = people_test_now(&fixture->people);
    assert_true(say(fixture, true, now_ms - 5000));
    assert_false(say(fixture, false, now_ms - 9000)); /* an older START */
    assert_int_equal(suppressed(fixture), 1);
    assert_true(say(fixture, false, now_ms - 1000));
    assert_int_equal(suppressed(fixture), 0);
    assert_false(say(fixture, true, now_ms - 3000)); /* an older STOP that came late */
    assert_int_equal(suppressed(fixture), 0);
    assert_true(say(fixture, true, now_ms));
    assert_int_equal(suppressed(fixture), 1);
    assert_false(say(fixture, true, now_ms)); /* the same again */
}

static void a_start_before_any_stop_is_remembered(void **state)
{
    struct fixture *fixture = *state;
    people_test_enroll(&fixture->people, 1);
    int64_t now_ms = people_test_now(&fixture->people);
    assert_false(say(fixture, false, now_ms - 1000));
    assert_false(say(fixture, true, now_ms - 2000));
    assert_int_equal(suppressed(fixture), 0);
}

static void a_word_from_the_future_counts_as_now(void **state)
{
    struct fixture *fixture = *state;
    people_test_enroll(&fixture->people, 1);
    assert_true(say(fixture, true, people_test_now(&fixture->people) + 1000000));
    people_test_advance(&fixture->people, 1000);
    assert_true(say(fixture, false, people_test_now(&fixture->people)));
}

static void an_unknown_number_becomes_a_contact(void **state)
{
    struct fixture *fixture = *state;
    assert_true(say(fixture, true, 0));
    assert_int_equal(suppressed(fixture), 1);
    assert_int_equal(store_test_int64(&fixture->people.store, "SELECT count(*) FROM contact"), 1);
    assert_false(say(fixture, false, people_test_now(&fixture->people) - 1));
}

static enum error_code erase(struct work *work, void *context, struct error *error)
{
    struct fixture *fixture = context;
    return contacts_erase(work, &fixture->service, TEXT("+919870000000"), error);
}

static enum error_code read_bits(struct work *work, void *context, struct error *error)
{
    struct fixture *fixture = context;
    int64_t bits = 0;
    enum error_code code = suppress_bits(work, &fixture->service, PHONE, &bits, error);
    assert_int_equal(bits, SUPPRESSION_ALL);
    return code;
}

/* What a restored backup looks like: the person is there as before, and somebody who came later. */
static void an_erasure_is_carried_out_again(void **state)
{
    struct fixture *fixture = *state;
    struct store_test *store = &fixture->people.store;
    struct error error = {0};
    fixture->service.store = store->store;
    people_test_enroll(&fixture->people, 1);
    store_test_do(store, erase, fixture);
    store_test_exec(store, "UPDATE contact SET erased = 0, phone = 919812345678, name = 'Asha'");
    assert_int_equal(erasures_apply(&fixture->service, &error), OK);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM contact WHERE erased = 1 AND "
                                             "phone IS NULL AND name = ''"),
                     1);
    store_test_exec(store, "UPDATE contact SET erased = 0, phone = 919812345678, name = 'Asha', "
                           "created_at_ms = created_at_ms + 86400000");
    assert_int_equal(erasures_apply(&fixture->service, &error), OK);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM contact WHERE erased = 0"), 1);
}

static void an_erased_person_stays_suppressed_by_hash_alone(void **state)
{
    struct fixture *fixture = *state;
    people_test_enroll(&fixture->people, 1);
    people_test_advance(&fixture->people, 11 * 3600 * 1000);
    (void)people_test_run_due(&fixture->people, true);
    store_test_do(&fixture->people.store, erase, fixture);
    struct store_test *store = &fixture->people.store;
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM contact WHERE erased = 1 AND "
                                             "phone IS NULL AND name = '' AND fields = '{}'"),
                     1);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM message_body"), 0);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM suppression WHERE active = 1 "
                                             "AND contact_id IS NULL"),
                     1);
    assert_int_equal(store_test_int64(store, "SELECT count(*) FROM enrollment WHERE status = 3"),
                     1);
    people_test_read(&fixture->people, read_bits, fixture);
    people_test_sound(&fixture->people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stop_ends_everything_that_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(the_newest_word_wins_in_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_start_before_any_stop_is_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_word_from_the_future_counts_as_now, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_number_becomes_a_contact, setup, teardown),
        cmocka_unit_test_setup_teardown(an_erasure_is_carried_out_again, setup, teardown),
        cmocka_unit_test_setup_teardown(an_erased_person_stays_suppressed_by_hash_alone, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
