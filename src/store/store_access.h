#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* Users, their sessions, API keys, and the audit trail. Secrets are never stored: sessions and keys
 * are found by the SHA-256 of what the client holds. Texts returned live in work->arena. */

enum user_role { ROLE_VIEWER, ROLE_EDITOR, ROLE_ADMIN };

struct store_user {
    int64_t id;
    struct text email; /* lower case */
    struct text name;
    enum user_role role;
    struct text password_hash;
    struct text renewed_hash; /* same password at today's cost; never read, {NULL}: none */
    int64_t created_at_ms;
    int64_t last_login_at_ms; /* 0 = never */
    int64_t disabled_at_ms;   /* 0 = may sign in */
    bool second_factor;       /* signs in with a code too; never written from here */
};
/* Errors     ERROR_CONFLICT: the address is taken */
MUST_USE enum error_code store_user_add(struct work *work, const struct store_user *user,
                                        int64_t *ret_id, struct error *error);
MUST_USE enum error_code store_user_get(struct work *work, int64_t id, struct store_user *ret_user,
                                        bool *ret_found, struct error *error);
MUST_USE enum error_code store_user_by_email(struct work *work, struct text email,
                                             struct store_user *ret_user, bool *ret_found,
                                             struct error *error);
MUST_USE enum error_code store_user_list(struct work *work, struct store_user **ret_users,
                                         size_t *ret_count, struct error *error);
/* Writes name, role, password_hash and disabled_at_ms. */
MUST_USE enum error_code store_user_update(struct work *work, const struct store_user *user,
                                           struct error *error);
/* Notes the time; `renewed_hash` takes the place of the hash when there is one. */
MUST_USE enum error_code store_user_logged_in(struct work *work, const struct store_user *user,
                                              struct error *error);
MUST_USE enum error_code store_user_remove(struct work *work, int64_t id, bool *ret_found,
                                           struct error *error);
MUST_USE enum error_code store_user_count(struct work *work, int64_t *ret_count,
                                          struct error *error);
/* Administrators who may sign in. */
MUST_USE enum error_code store_user_count_admins(struct work *work, int64_t *ret_count,
                                                 struct error *error);

struct store_session {
    struct text hash; /* 32 bytes */
    int64_t user_id;
    int64_t created_at_ms; /* wall clock, also when the server's clock is moved by hand */
    int64_t last_seen_at_ms;
    int64_t expires_at_ms;
    struct text address;
    struct text agent;
};
MUST_USE enum error_code store_session_add(struct work *work, const struct store_session *session,
                                           struct error *error);
MUST_USE enum error_code store_session_find(struct work *work, struct text hash,
                                            struct store_session *ret_session,
                                            struct store_user *ret_user, bool *ret_found,
                                            struct error *error);
MUST_USE enum error_code store_session_seen(struct work *work, struct text hash, int64_t at_ms,
                                            struct error *error);
MUST_USE enum error_code store_session_end(struct work *work, struct text hash,
                                           struct error *error);
/* Ends all sessions of a user but the one with hash `keep` ({NULL}: none is kept). */
MUST_USE enum error_code store_session_end_all(struct work *work, int64_t user_id, struct text keep,
                                               struct error *error);
/* The live sessions of a user, the newest first: not over at `now_ms`, used after `idle_ms`. */
MUST_USE enum error_code store_session_list(struct work *work, int64_t user_id, int64_t now_ms,
                                            int64_t idle_ms, struct store_session **ret_sessions,
                                            size_t *ret_count, struct error *error);
MUST_USE enum error_code store_session_prune(struct work *work, int64_t now_ms, int64_t idle_ms,
                                             struct error *error);

struct store_key {
    int64_t id;
    struct text name;
    bool publishable;
    struct text prefix;
    struct text hash; /* only when adding */
    unsigned scopes;  /* SCOPE_… */
    int64_t created_at_ms;
    int64_t last_used_at_ms; /* 0 = never */
    int64_t expires_at_ms;   /* 0 = never */
    struct text sequences;   /* publishable: JSON array of the ids it may use */
    struct text origins;     /* publishable: JSON array of exact origins */
};
MUST_USE enum error_code store_key_add(struct work *work, const struct store_key *key,
                                       int64_t *ret_id, struct error *error);
/* Only keys that are not revoked are found and listed. */
MUST_USE enum error_code store_key_find(struct work *work, struct text hash,
                                        struct store_key *ret_key, bool *ret_found,
                                        struct error *error);
MUST_USE enum error_code store_key_get(struct work *work, int64_t id, struct store_key *ret_key,
                                       bool *ret_found, struct error *error);
MUST_USE enum error_code store_key_list(struct work *work, struct store_key **ret_keys,
                                        size_t *ret_count, struct error *error);
/* True when some publishable key names this origin. */
MUST_USE enum error_code store_key_origin_known(struct work *work, struct text origin,
                                                bool *ret_known, struct error *error);
MUST_USE enum error_code store_key_used(struct work *work, int64_t id, struct error *error);
MUST_USE enum error_code store_key_revoke(struct work *work, int64_t id, bool *ret_found,
                                          struct error *error);

/* Adds a line to the audit trail in the name of work->actor. `object` is a wire id or empty,
 * `detail` a JSON object or empty. */
MUST_USE enum error_code store_audit_add(struct work *work, const char *action, struct text object,
                                         struct text detail, struct error *error);
