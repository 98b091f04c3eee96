/* How often passwords and codes may be wrong. A bucket holds the tries of a quarter of an hour and
 * refills steadily, so whoever goes on guessing waits from then on for each try. It belongs to an
 * account and an address together: a stranger slows only himself and locks nobody out. */
#include "api/login_limit.h"

#include "api/api_internal.h"
#include "service/access.h"

static enum error_code refuse(struct limit_state state, const char *what, struct error *error)
{
    enum error_code code = error_set(error, ERROR_TOO_MANY, "too many wrong %s; wait %lld s", what,
                                     (long long)state.reset_s);
    error->retry_after_ms = state.reset_s * 1000;
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
    struct dispatch *dispatch = call->dispatch;
    struct limit_state own = limiter_take(dispatch->failures, account_here(call, account));
    if (!own.allowed) {
        return refuse(own, "passwords", error);
    }
    struct limit_state all = limiter_take(dispatch->failures_by_address, network_of(call));
    return all.allowed ? OK : refuse(all, "passwords", error);
}

void login_limit_password_good(struct api_call *call, struct text account)
{
    limiter_give_back(call->dispatch->failures, account_here(call, account));
    limiter_give_back(call->dispatch->failures_by_address, network_of(call));
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
    struct limit_state state = limiter_take(call->dispatch->codes, user_key(call, user_id));
    return state.allowed ? OK : refuse(state, "codes", error);
}

void login_limit_code_good(struct api_call *call, int64_t user_id)
{
    limiter_give_back(call->dispatch->codes, user_key(call, user_id));
}
