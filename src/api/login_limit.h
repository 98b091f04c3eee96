#pragma once

#include "api/route.h"

/* How often passwords and codes may be wrong. Everything here runs on read workers or the writer.
 */
struct login_limits;
void login_limit_open(struct login_limits *limits);
void login_limit_close(struct login_limits *limits);

/* Counts a try of one account from one address, and of the address; `account` is any text that
 * stands for it. Errors: ERROR_TOO_MANY */
MUST_USE enum error_code login_limit_password(struct api_call *call, struct text account,
                                              struct error *error);
/* The password was right: the try does not count, and the account's earlier ones are forgotten. */
void login_limit_password_good(struct api_call *call, struct text account);

/* The asking user's own password, before a change. Slow.
 * Errors   ERROR_DENIED, ERROR_TOO_MANY */
MUST_USE enum error_code login_limit_own_password(struct api_call *call, struct text password,
                                                  struct error *error);

/* Counts a try of a second factor, wherever it comes from: six digits are few, and whoever gets
 * here has the password already. Errors: ERROR_TOO_MANY */
MUST_USE enum error_code login_limit_code(struct api_call *call, int64_t user_id,
                                          struct error *error);
void login_limit_code_good(struct api_call *call, int64_t user_id);
