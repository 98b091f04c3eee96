/* Waits grow, are kept, end, and belong to one caller only. */
#include "api/guess_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct guess_rules RULES = {
    .free_guesses = 5, .first_wait_s = 10, .longest_wait_s = 900, .forgive_s = 1800};
static const int64_t SECOND_US = 1000000;
static const int64_t START_US = INT64_C(5000000000);

static int set_up(void **state)
{
    *state = guess_limit_new(RULES);
    return 0;
}

static int tear_down(void **state)
{
    guess_limit_free(*state);
    return 0;
}

/* The wait that is told, 0 when the guess is heard. */
static int64_t guess(void **state, const char *caller, int64_t now_us)
{
    int64_t wait_s = -1;
    bool allowed = guess_limit_take(*state, text_from(caller), now_us, &wait_s);
    assert_int_equal(allowed, wait_s == 0);
    return wait_s;
}

static void use_up(void **state, const char *caller, int64_t now_us)
{
    for (int i = 0; i < RULES.free_guesses; i++) {
        assert_int_equal(guess(state, caller, now_us), 0);
    }
}

static void test_each_wait_is_longer(void **state)
{
    static const int64_t WAITS[] = {10, 20, 40, 80, 160, 320, 640, 900, 900, 900};
    int64_t now_us = START_US;
    use_up(state, "thief", now_us);
    for (size_t i = 0; i < sizeof(WAITS) / sizeof(WAITS[0]); i++) {
        assert_int_equal(guess(state, "thief", now_us), WAITS[i]);
        now_us += WAITS[i] * SECOND_US - 1;
        assert_int_equal(guess(state, "thief", now_us), 1);
        now_us += 1;
        assert_int_equal(guess(state, "thief", now_us), 0);
    }
}

static void test_asking_early_makes_no_wait_longer(void **state)
{
    use_up(state, "thief", START_US);
    for (int64_t second = 0; second < 10; second++) {
        assert_int_equal(guess(state, "thief", START_US + second * SECOND_US), 10 - second);
    }
    assert_int_equal(guess(state, "thief", START_US + 10 * SECOND_US), 0);
}

static void test_nobody_waits_for_another(void **state)
{
    use_up(state, "owner|thief", START_US);
    assert_int_equal(guess(state, "owner|thief", START_US), 10);
    assert_int_equal(guess(state, "owner|home", START_US), 0);
    assert_int_equal(guess(state, "other|thief", START_US), 0);
}

static void test_wrong_guesses_are_forgiven(void **state)
{
    int64_t now_us = START_US;
    use_up(state, "owner", now_us);
    assert_int_equal(guess(state, "owner", now_us), 10);
    /* Two of the five: two more at once, and then a wait again. */
    now_us += 2 * RULES.forgive_s * SECOND_US;
    assert_int_equal(guess(state, "owner", now_us), 0);
    assert_int_equal(guess(state, "owner", now_us), 0);
    assert_int_equal(guess(state, "owner", now_us), 10);
    /* However long the guessing went on, a day later it is over. */
    for (int i = 0; i < 500; i++) {
        now_us += RULES.longest_wait_s * SECOND_US;
        assert_int_equal(guess(state, "owner", now_us), 0);
    }
    now_us += INT64_C(86400) * SECOND_US;
    use_up(state, "owner", now_us);
    assert_int_equal(guess(state, "owner", now_us), 10);
}

static void test_a_right_one_does_not_count(void **state)
{
    struct text caller = TEXT("office");
    for (int i = 0; i < 100; i++) {
        assert_int_equal(guess(state, "office", START_US), 0);
        guess_limit_give_back(*state, caller, START_US);
    }
    /* What others there did wrong stays. */
    use_up(state, "office", START_US);
    assert_int_equal(guess(state, "office", START_US + 10 * SECOND_US), 0);
    guess_limit_give_back(*state, caller, START_US + 10 * SECOND_US);
    assert_int_equal(guess(state, "office", START_US + 10 * SECOND_US), 0);
    assert_int_equal(guess(state, "office", START_US + 10 * SECOND_US), 20);
    guess_limit_forget(*state, caller);
    use_up(state, "office", START_US + 10 * SECOND_US);
    /* One who was never seen. */
    guess_limit_give_back(*state, TEXT("nobody"), START_US);
    guess_limit_forget(*state, TEXT("nobody"));
    assert_int_equal(guess(state, "nobody", START_US), 0);
}

static void test_a_crowd_does_not_stop_anybody(void **state)
{
    char name[32];
    for (int i = 0; i < 50000; i++) {
        (void)snprintf(name, sizeof(name), "guest %d", i);
        assert_int_equal(guess(state, name, START_US + i), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_wait_is_longer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_asking_early_makes_no_wait_longer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_waits_for_another, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_guesses_are_forgiven, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_right_one_does_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_crowd_does_not_stop_anybody, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
