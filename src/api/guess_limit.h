#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* How often one caller may be wrong: a few guesses at once, then one at a time with a wait that
 * doubles up to a ceiling. Asking during a wait makes it no longer, and wrong guesses are forgiven
 * one by one as time goes on: nobody is kept out for ever. The caller gives the time: a real one,
 * also when the server's clock is moved by hand. Any thread. */

struct guess_rules {
    int64_t free_guesses; /* without a wait */
    int64_t first_wait_s; /* after the last of them; then twice as long each time */
    int64_t longest_wait_s;
    int64_t forgive_s; /* one wrong guess is forgiven in this time */
};

struct guess_limit;
struct guess_limit *guess_limit_new(struct guess_rules rules);
void guess_limit_free(struct guess_limit *limit);

/* Counts a guess before it is known whether it is right. False: too early, and nothing is counted;
 * `ret_wait_s` says for how long. */
bool guess_limit_take(struct guess_limit *limit, struct text caller, int64_t now_us,
                      int64_t *ret_wait_s);
/* The guess was right: it does not count after all, the earlier ones do. */
void guess_limit_give_back(struct guess_limit *limit, struct text caller, int64_t now_us);
/* The guess was right, and the earlier ones were the same person's. */
void guess_limit_forget(struct guess_limit *limit, struct text caller);
