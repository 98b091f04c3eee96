/* Random walks with crashes: the machine is driven by chance, its process dies at any moment, the
 * provider answers, is silent, refuses, tells by webhook or does not. The ledger knows the truth:
 * with the policy `never` nothing is ever accepted twice, nothing that was due is forgotten, and
 * nothing is reported that did not happen. */
#include "delivery/testing.h"

#include "base/instant.h"
#include "base/mem.h"
#include "store/store_verify.h"

#include <stdio.h>
#include <stdlib.h>

enum { WALKS = 12, STEPS = 220, PEOPLE_MAX = 40 };
static const int DAYS[] = {1, 2, 3, 5};

struct walk {
    struct delivery_test *test;
    uint64_t random;
    int64_t sequence_id;
    int64_t people;
    int crashes;
    bool calm;
};

static uint32_t chance(struct walk *walk, uint32_t bound)
{
    walk->random = walk->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(walk->random >> 33) % bound;
}

static enum wire_fate choose_fate(struct delivery_test *test,
                                  const struct ledger_entry *entry UNUSED)
{
    struct walk *walk = test->context;
    static const enum wire_fate fates[] = {FATE_ACCEPT_SILENT, FATE_LOSE,       FATE_REFUSE,
                                           FATE_LATER,         FATE_NOT_SENT,   FATE_HANG,
                                           FATE_SERVER_ERROR,  FATE_PAIR_LIMIT, FATE_THROUGHPUT};
    if (walk->calm || chance(walk, 3) > 0) {
        return FATE_ACCEPT;
    }
    return fates[chance(walk, ARRAY_SIZE(fates))];
}

static void some_webhook(struct walk *walk)
{
    struct delivery_test *test = walk->test;
    if (test->ledger_count == 0) {
        return;
    }
    size_t entry = chance(walk, (uint32_t)test->ledger_count);
    static const int64_t codes[] = {131026, 131049, 131000};
    if (test->ledger[entry].accepted_id == 0) {
        return;
    }
    uint32_t kind = chance(walk, 10);
    struct ledger_entry *told = &test->ledger[entry];
    int status = RECEIPT_SENT + (int)(kind % 3);
    /* The provider does not contradict itself: what was delivered has not failed. */
    if (kind < 9 && !told->failed_later) {
        told->told = status > told->told ? status : told->told;
        delivery_test_receipt(test, entry, (enum receipt_status)status, 0, chance(walk, 4) > 0);
    } else if (kind >= 9 && !told->failed_later && told->told < RECEIPT_DELIVERED) {
        delivery_test_receipt(test, entry, RECEIPT_FAILED, codes[chance(walk, 3)],
                              chance(walk, 2) > 0);
    }
}

static void turn_some(struct walk *walk)
{
    for (uint32_t i = chance(walk, 6); i > 0; i--) {
        delivery_test_turn(walk->test);
    }
}

static void move_clock(struct walk *walk)
{
    static const int64_t spans[] = {100, 1000, 7000, 60000, 600000, 3600000, 20000000};
    int64_t target_ms =
        clock_now_ms(walk->test->store.clock) + spans[chance(walk, ARRAY_SIZE(spans))];
    assert_true(clock_advance(walk->test->store.clock, target_ms, NULL, NULL));
}

static void one_step(struct walk *walk)
{
    switch (chance(walk, 12)) {
    case 0:
        if (walk->people < PEOPLE_MAX) {
            (void)delivery_test_enroll(walk->test, walk->sequence_id, ++walk->people);
        }
        break;
    case 1:
        delivery_test_crash(walk->test);
        walk->crashes++;
        break;
    case 2:
    case 3:
        some_webhook(walk);
        break;
    case 4:
        wire_answer_all(walk->test);
        break;
    case 5:
    case 6:
    case 7:
        move_clock(walk);
        break;
    default:
        turn_some(walk);
        break;
    }
}

/* Quiet days, in which everything that can end does. */
static void let_it_end(struct walk *walk)
{
    walk->calm = true;
    wire_answer_all(walk->test);
    for (int i = 0; i < 40; i++) {
        delivery_test_advance(walk->test, 6 * MS_PER_HOUR);
    }
}

static void check_ledger(struct walk *walk)
{
    struct delivery_test *test = walk->test;
    for (int64_t person = 1; person <= walk->people; person++) {
        for (size_t day = 0; day < ARRAY_SIZE(DAYS); day++) {
            char body[64];
            char sql[256];
            int64_t accepted = 0;
            (void)snprintf(body, sizeof(body), "hello p%lld day %d", (long long)person, DAYS[day]);
            for (size_t i = 0; i < test->ledger_count; i++) {
                bool same = text_equal(text_from(body), text_from(test->ledger[i].body));
                accepted +=
                    same && test->ledger[i].accepted_id != 0 && !test->ledger[i].failed_later;
            }
            (void)snprintf(sql, sizeof(sql),
                           "SELECT coalesce(max(m.state), -1) FROM step s LEFT JOIN message m ON "
                           "m.step_id = s.id AND m.contact_id = %lld WHERE s.day = %d",
                           (long long)person, DAYS[day]);
            int64_t state = store_test_int64(&test->store, sql);
            if (accepted > 1) {
                fail_msg("%s: accepted %lld times", body, (long long)accepted);
            }
            if (state < MESSAGE_ACCEPTED) {
                fail_msg("%s: forgotten in state %lld", body, (long long)state);
            }
            if (accepted == 0 && state == MESSAGE_ACCEPTED) {
                fail_msg("%s: reported as sent, never accepted", body);
            }
            if (accepted == 1 && (state == MESSAGE_FAILED || state == MESSAGE_SKIPPED)) {
                fail_msg("%s: accepted, reported as state %lld", body, (long long)state);
            }
        }
    }
}

static enum error_code check_rows(struct work *work, void *context UNUSED, struct error *error)
{
    enum error_code code = OK;
    for (size_t i = 0; code == OK && i < store_check_count(); i++) {
        int64_t broken = 0;
        code = store_check_run(work, i, &broken, error);
        if (code == OK && broken > 0 && store_check_at(i)->severity != CHECK_NOTE) {
            return error_set(error, ERROR_INTERNAL, "%s: %lld", store_check_at(i)->name,
                             (long long)broken);
        }
    }
    return code;
}

/* Every person x step is counted exactly once. */
static void check_counters(struct walk *walk)
{
    struct delivery_test *test = walk->test;
    assert_int_equal(store_test_int64(&test->store,
                                      "SELECT count(*) FROM (SELECT sum(count) AS n FROM counter "
                                      "WHERE step_id <> 0 AND outcome <= 6 GROUP BY step_id) "
                                      "WHERE n <> (SELECT count(*) FROM enrollment)"),
                     0);
    assert_int_equal(store_test_int64(&test->store, "SELECT count(*) FROM counter WHERE count < 0"),
                     0);
    assert_int_equal(store_test_int64(&test->store,
                                      "SELECT (SELECT coalesce(sum(count), 0) FROM counter WHERE "
                                      "step_id <> 0 AND outcome = 2) - (SELECT count(*) FROM "
                                      "message WHERE state = 5)"),
                     0);
}

static void nothing_twice_nothing_lost(void **state UNUSED)
{
    const char *seed = getenv("DRIPLINE_SEED");
    int64_t first = 1;
    if (seed != NULL) {
        assert_true(text_to_int64(text_from(seed), &first));
    }
    for (int64_t i = first; i < first + WALKS; i++) {
        struct delivery_test *test = mem_zalloc(sizeof(*test));
        struct walk walk = {.test = test, .random = (uint64_t)i * UINT64_C(0x9E3779B97F4A7C15)};
        print_message("walk with seed %lld\n", (long long)i);
        test->fate = choose_fate;
        test->context = &walk;
        test->settings.policies_set = true; /* DOUBT_NEVER for all */
        delivery_test_open(test);
        walk.sequence_id = delivery_test_sequence(test, DAYS, ARRAY_SIZE(DAYS));
        for (int step = 0; step < STEPS; step++) {
            one_step(&walk);
        }
        let_it_end(&walk);
        check_ledger(&walk);
        check_counters(&walk);
        store_test_do(&test->store, check_rows, NULL);
        delivery_test_close(test);
        mem_free(test);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_twice_nothing_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
