/* How often passwords and codes may be wrong: a few times at once, then each further try has to
 * wait, and longer each time. Wrong passwords belong to an account and an address together, and to
 * the address: a stranger slows only himself and locks nobody out of an account. */
#include "api/login_limit.h"

#include "api/api_internal.h"
#include "api/guess_limit.h"
#include "base/clock.h"
#include "service/access.h"

enum { LONGEST_WAIT_S = 15 * 60 };

void login_limit_open(struct login_limits *limits)
{
    limits->passwords = guess_limit_new((struct guess_rules){5, 15, LONGEST_WAIT_S, 30 * 60});
    /* Many people may share an address, and most of them mistype at times. */
    limits->by_address = guess_limit_new((struct guess_rules){20, 15, LONGEST_WAIT_S, 5 * 60});
    limits->codes = guess_limit_new((struct guess_rules){10, 30, LONGEST_WAIT_S, 30 * 60});
}

void login_limit_close(struct login_limits *limits)
{
    guess_limit_free(limits->passwords);
    guess_limit_free(limits->by_address);
    guess_limit_free(limits->codes);
}

static enum error_code refuse(int64_t wait_s, const char *what, struct error *error)
{
    enum error_code code =
        error_set(error, ERROR_TOO_MANY, "too many wrong %s; wait %lld s", what, (long long)wait_s);
    error->retry_after_ms = wait_s * 1000;
    return code;
}

static struct text network_of(const struct api_call *call)
{
    const struct request *request = call->request->context;
    return request->network;
}

static struct text account_here(struct api_call *call, struct text account)
{
    return arena_format(call->work->arena, "%.*s|%.*s", TEXT_ARGS(account),
                        TEXT_ARGS(network_of(call)));
}

enum error_code login_limit_password(struct api_call *call, struct text account,
                                     struct error *error)
{
    struct login_limits *limits = &call->dispatch->login_limits;
    struct text here = account_here(call, account);
    int64_t now_us = clock_measure_us();
    int64_t wait_s = 0;
    if (!guess_limit_take(limits->passwords, here, now_us, &wait_s)) {
        return refuse(wait_s, "passwords", error);
    }
    if (!guess_limit_take(limits->by_address, network_of(call), now_us, &wait_s)) {
        guess_limit_give_back(limits->passwords, here, now_us); /* nobody looks at it */
        return refuse(wait_s, "passwords", error);
    }
    return OK;
}

void login_limit_password_good(struct api_call *call, struct text account)
{
    struct login_limits *limits = &call->dispatch->login_limits;
    guess_limit_forget(limits->passwords, account_here(call, account));
    /* Only this one: else whoever has an account here could guess at all others without end. */
    guess_limit_give_back(limits->by_address, network_of(call), clock_measure_us());
}

static struct text user_key(struct api_call *call, int64_t user_id)
{
    return arena_format(call->work->arena, "user %lld", (long long)user_id);
}

enum error_code login_limit_own_password(struct api_call *call, struct text password,
                                         struct error *error)
{
    struct text account = user_key(call, call->work->actor.id);
    enum error_code code = login_limit_password(call, account, error);
    if (code == OK) {
        code = access_password_check(call->work, call->work->actor.id, password, error);
    }
    if (code == OK) {
        login_limit_password_good(call, account);
    }
    return code;
}

enum error_code login_limit_code(struct api_call *call, int64_t user_id, struct error *error)
{
    int64_t wait_s = 0;
    bool allowed = guess_limit_take(call->dispatch->login_limits.codes, user_key(call, user_id),
                                    clock_measure_us(), &wait_s);
    return allowed ? OK : refuse(wait_s, "codes", error);
}

void login_limit_code_good(struct api_call *call, int64_t user_id)
{
    guess_limit_forget(call->dispatch->login_limits.codes, user_key(call, user_id));
}
