#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/store_access.h"
#include "store/work.h"

/* Who may do what: the first administrator, users and their passwords, sessions, API keys.
 *
 * Passwords cost about 70 ms and 64 MiB each: functions named …_prepare and …_check do that work
 * and belong on a thread that nobody waits for; the others only touch rows. Session times are wall
 * clock times, so that moving the server's clock by hand signs nobody out. Thread: any. */
struct access;

enum {
    ACCESS_TOKEN_CHARS = 52, /* of 5 bits: 260 bits */
    ACCESS_TOKEN_MAX = 64,
    ACCESS_SESSION_ID_MAX = 40,
    ACCESS_SESSION_IDLE_MS = 30 * 60 * 1000,
    ACCESS_PASSWORD_MIN = 12,   /* characters */
    ACCESS_PASSWORD_MAX = 1024, /* bytes */
};

struct access *access_new(void);
void access_free(struct access *access); /* NULL is fine */
int64_t access_wall_ms(struct access *access);

/* ---- first administrator ---- */

MUST_USE enum error_code access_setup_needed(struct work *work, bool *ret_needed,
                                             struct error *error);
/* Makes the one-time token that POST /api/setup takes, valid for 15 minutes. */
void access_setup_open(struct access *access, char token[ACCESS_TOKEN_MAX]);
/* Errors     ERROR_DENIED: wrong, used or too old */
MUST_USE enum error_code access_setup_check(struct access *access, struct text token,
                                            struct error *error);
void access_setup_close(struct access *access);

/* ---- users ---- */

struct access_user_input {
    struct text email;
    struct text name;
    enum user_role role;
    struct text password_hash; /* from access_password_prepare(); {NULL} = unchanged */
    bool set_name, set_role, set_disabled;
    bool disabled;
};
unsigned access_role_scopes(enum user_role role);
const char *access_role_to_text(enum user_role role);
/* Lower case in `arena`, or ERROR_INVALID with a finding on `email`. */
MUST_USE enum error_code access_email(struct arena *arena, struct text email,
                                      struct text *ret_email, struct error *error);
/* Checks a new password's rules and hashes it into `arena`. Findings on `field`. Slow. */
MUST_USE enum error_code access_password_prepare(struct arena *arena, const char *field,
                                                 struct text password, struct text *ret_hash,
                                                 struct error *error);
MUST_USE enum error_code access_user_create(struct work *work,
                                            const struct access_user_input *input,
                                            struct store_user *ret_user, struct error *error);
/* Errors     ERROR_NOT_FOUND; ERROR_CONFLICT: the last administrator */
MUST_USE enum error_code access_user_update(struct work *work, int64_t id,
                                            const struct access_user_input *input,
                                            struct store_user *ret_user, struct error *error);
MUST_USE enum error_code access_user_remove(struct work *work, int64_t id, struct error *error);

MUST_USE enum error_code access_users(struct work *work, struct store_user **ret_users,
                                      size_t *ret_count, struct error *error);
MUST_USE enum error_code access_user_find(struct work *work, int64_t id,
                                          struct store_user *ret_user, bool *ret_found,
                                          struct error *error);

/* ---- signing in ---- */

/* Takes as long for an unknown address as for a wrong password. Slow.
 * Errors     ERROR_UNAUTHENTICATED */
MUST_USE enum error_code access_login_check(struct work *work, struct text email,
                                            struct text password, struct store_user *ret_user,
                                            struct error *error);
/* The present user's own password, before a change. Slow. Errors: ERROR_DENIED */
MUST_USE enum error_code access_password_check(struct work *work, int64_t user_id,
                                               struct text password, struct error *error);
/* A new session for a user whose password was just checked or set; `token` is what the cookie
 * carries.
 * Errors     ERROR_UNAUTHENTICATED: the password was changed or the user locked since the check */
MUST_USE enum error_code access_session_create(struct work *work, struct access *access,
                                               const struct store_user *user, struct text agent,
                                               char token[ACCESS_TOKEN_MAX], struct error *error);
MUST_USE enum error_code access_session_end(struct work *work, struct text token,
                                            struct error *error);
/* Sets work->actor. `ret_touch`: it is time to note that the session is in use.
 * Errors     ERROR_UNAUTHENTICATED: unknown, over, or the user may not sign in any more */
MUST_USE enum error_code access_by_session(struct work *work, struct access *access,
                                           struct text token, bool *ret_touch, struct error *error);
MUST_USE enum error_code access_session_touch(struct work *work, struct access *access,
                                              struct text token, struct error *error);
/* Deletes the sessions that are over. Writer only. */
MUST_USE enum error_code access_prune(struct work *work, struct access *access,
                                      struct error *error);
int64_t access_session_seconds(void); /* the longest life of a session, for the cookie */

struct access_session {
    char id[ACCESS_SESSION_ID_MAX];
    bool current;
    struct store_session row;
};
/* The live sessions of a user, the newest first; `token` is the asking one's own. */
MUST_USE enum error_code access_sessions(struct work *work, struct access *access, int64_t user_id,
                                         struct text token, struct access_session **ret_sessions,
                                         size_t *ret_count, struct error *error);
/* Errors     ERROR_NOT_FOUND: this user has no such session */
MUST_USE enum error_code access_session_revoke(struct work *work, struct access *access,
                                               int64_t user_id, struct text id,
                                               struct error *error);

/* ---- keys ---- */

enum { ACCESS_KEY_SEQUENCES_MAX = 100, ACCESS_KEY_ORIGINS_MAX = 20, ACCESS_ORIGIN_MAX = 200 };
struct access_key_input {
    struct text name;
    unsigned scopes;       /* none for publishable keys */
    bool publishable;      /* pk_…: may enroll in and opt out of `sequences`, from `origins` */
    int64_t expires_at_ms; /* 0 = never */
    const int64_t *sequences;
    size_t sequence_count;
    const struct text *origins; /* see access_origin_valid() */
    size_t origin_count;
};
/* True for "https://shop.example.org" or "http://localhost:3000": as browsers write origins, in
 * lower case, without a path, a default port or a wildcard. */
bool access_origin_valid(struct text origin);
/* What a publishable key may do. */
bool access_key_allows_sequence(const struct store_key *key, int64_t sequence_id);
bool access_key_allows_origin(const struct store_key *key, struct text origin);
/* Errors: ERROR_UNAUTHENTICATED */
MUST_USE enum error_code access_by_publishable_key(struct work *work, struct text secret,
                                                   struct store_key *ret_key, struct error *error);
/* `secret` is shown once and never again. */
MUST_USE enum error_code access_key_create(struct work *work, const struct access_key_input *input,
                                           struct store_key *ret_key, char secret[ACCESS_TOKEN_MAX],
                                           struct error *error);
MUST_USE enum error_code access_key_revoke(struct work *work, int64_t id, struct error *error);
MUST_USE enum error_code access_keys(struct work *work, struct store_key **ret_keys,
                                     size_t *ret_count, struct error *error);
MUST_USE enum error_code access_key_find(struct work *work, int64_t id, struct store_key *ret_key,
                                         bool *ret_found, struct error *error);
/* Sets work->actor. Errors: ERROR_UNAUTHENTICATED */
MUST_USE enum error_code access_by_key(struct work *work, struct text secret, bool *ret_touch,
                                       struct error *error);
/* The scopes with all they contain: admin holds write, write holds enroll and read. */
unsigned access_scopes_closed(unsigned scopes);
