/* Tables user_account, session, api_key and audit. Users leave for good when they are removed; keys
 * stay, revoked, so that the audit trail keeps its names. */
#include "store/store_access.h"

#include "store/db.h"
#include "store/store_factor.h"

#define USER_COLUMNS                                                                               \
    "u.id, u.email, u.name, u.role, u.password_hash, u.created_at_ms, u.last_login_at_ms, "        \
    "u.disabled_at_ms, EXISTS (SELECT 1 FROM user_totp AS t WHERE t.user_id = u.id "               \
    "AND t.confirmed_at_ms IS NOT NULL)"

static void read_user(struct work *work, struct db_statement *statement, int column,
                      struct store_user *ret_user)
{
    *ret_user = (struct store_user){
        .id = db_int64(statement, column),
        .email = db_text_copy(statement, column + 1, work->arena),
        .name = db_text_copy(statement, column + 2, work->arena),
        .role = (enum user_role)db_int64(statement, column + 3),
        .password_hash = db_text_copy(statement, column + 4, work->arena),
        .created_at_ms = db_int64(statement, column + 5),
        .last_login_at_ms = db_int64(statement, column + 6),
        .disabled_at_ms = db_int64(statement, column + 7),
        .second_factor = db_int64(statement, column + 8) != 0,
    };
}

static enum error_code find_user(struct work *work, struct db_sql *sql, struct db_value value,
                                 struct store_user *ret_user, bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, sql, &value, 1, &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_found = row;
        if (row) {
            read_user(work, statement, 0, ret_user);
        }
    }
    return code;
}

DB_SQL(USER_ADD, "INSERT INTO user_account (email, name, role, password_hash, created_at_ms, "
                 "updated_at_ms) VALUES ($1, $2, $3, $4, $5, $5) "
                 "ON CONFLICT (email) DO NOTHING RETURNING id");

enum error_code store_user_add(struct work *work, const struct store_user *user, int64_t *ret_id,
                               struct error *error)
{
    bool added = false;
    enum error_code code =
        db_find_int64(work->db, &USER_ADD,
                      DB_VALUES(DB_TEXT(user->email), DB_TEXT(user->name), DB_INT(user->role),
                                DB_TEXT(user->password_hash), DB_INT(work->now_ms)),
                      ret_id, &added, error);
    if (code == OK && !added) {
        return error_set(error, ERROR_CONFLICT, "a user with this email address exists already");
    }
    return code;
}

DB_SQL(USER_GET, "SELECT " USER_COLUMNS " FROM user_account AS u WHERE u.id = $1");

enum error_code store_user_get(struct work *work, int64_t id, struct store_user *ret_user,
                               bool *ret_found, struct error *error)
{
    return find_user(work, &USER_GET, DB_INT(id), ret_user, ret_found, error);
}

DB_SQL(USER_BY_EMAIL, "SELECT " USER_COLUMNS " FROM user_account AS u WHERE u.email = $1");

enum error_code store_user_by_email(struct work *work, struct text email,
                                    struct store_user *ret_user, bool *ret_found,
                                    struct error *error)
{
    return find_user(work, &USER_BY_EMAIL, DB_TEXT(email), ret_user, ret_found, error);
}

DB_SQL(USER_COUNT, "SELECT count(*) FROM user_account");

enum error_code store_user_count(struct work *work, int64_t *ret_count, struct error *error)
{
    return db_find_int64(work->db, &USER_COUNT, DB_NO_VALUES, ret_count, NULL, error);
}

DB_SQL(USER_COUNT_ADMINS, "SELECT count(*) FROM user_account WHERE role = 2 AND "
                          "disabled_at_ms IS NULL");

enum error_code store_user_count_admins(struct work *work, int64_t *ret_count, struct error *error)
{
    return db_find_int64(work->db, &USER_COUNT_ADMINS, DB_NO_VALUES, ret_count, NULL, error);
}

DB_SQL(USER_LIST, "SELECT " USER_COLUMNS " FROM user_account AS u ORDER BY u.id");

enum error_code store_user_list(struct work *work, struct store_user **ret_users, size_t *ret_count,
                                struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    int64_t expected = 0;
    size_t count = 0;
    bool row = true;
    enum error_code code = store_user_count(work, &expected, error);
    if (code == OK) {
        code = db_query(work->db, &USER_LIST, DB_NO_VALUES, &statement, error);
    }
    if (code != OK) {
        return code;
    }
    struct store_user *users = arena_array(work->arena, (size_t)expected + 1, sizeof(*users));
    while (code == OK && row && count < (size_t)expected) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            read_user(work, statement, 0, &users[count++]);
        }
    }
    if (code == OK) {
        *ret_users = users;
        *ret_count = count;
    }
    return code;
}

DB_SQL(USER_UPDATE, "UPDATE user_account SET name = $2, role = $3, password_hash = $4, "
                    "disabled_at_ms = $5, updated_at_ms = $6 WHERE id = $1");

enum error_code store_user_update(struct work *work, const struct store_user *user,
                                  struct error *error)
{
    return db_run(work->db, &USER_UPDATE,
                  DB_VALUES(DB_INT(user->id), DB_TEXT(user->name), DB_INT(user->role),
                            DB_TEXT(user->password_hash), DB_INT_UNLESS(user->disabled_at_ms, 0),
                            DB_INT(work->now_ms)),
                  NULL, error);
}

DB_SQL(USER_LOGGED_IN, "UPDATE user_account SET last_login_at_ms = $2, "
                       "password_hash = coalesce($3, password_hash) WHERE id = $1");

enum error_code store_user_logged_in(struct work *work, const struct store_user *user,
                                     struct error *error)
{
    return db_run(
        work->db, &USER_LOGGED_IN,
        DB_VALUES(DB_INT(user->id), DB_INT(work->now_ms),
                  user->renewed_hash.data == NULL ? DB_NULL : DB_TEXT(user->renewed_hash)),
        NULL, error);
}

DB_SQL(USER_REMOVE, "DELETE FROM user_account WHERE id = $1");

enum error_code store_user_remove(struct work *work, int64_t id, bool *ret_found,
                                  struct error *error)
{
    int64_t removed = 0;
    bool had_factor = false;
    enum error_code code = store_session_end_all(work, id, (struct text){0}, error);
    if (code == OK) {
        code = store_factor_remove(work, id, &had_factor, error);
    }
    if (code == OK) {
        code = db_run(work->db, &USER_REMOVE, DB_VALUES(DB_INT(id)), &removed, error);
    }
    if (code == OK) {
        *ret_found = removed > 0;
    }
    return code;
}

/* ---- sessions ---- */

DB_SQL(SESSION_ADD, "INSERT INTO session (hash, user_id, csrf, created_at_ms, last_seen_at_ms, "
                    "expires_at_ms, address, agent) VALUES ($1, $2, '', $3, $3, $4, $5, $6)");

enum error_code store_session_add(struct work *work, const struct store_session *session,
                                  struct error *error)
{
    return db_run(work->db, &SESSION_ADD,
                  DB_VALUES(DB_BLOB(session->hash), DB_INT(session->user_id),
                            DB_INT(session->created_at_ms), DB_INT(session->expires_at_ms),
                            DB_TEXT(session->address), DB_TEXT(session->agent)),
                  NULL, error);
}

DB_SQL(SESSION_FIND, "SELECT s.created_at_ms, s.last_seen_at_ms, s.expires_at_ms, " USER_COLUMNS
                     " FROM session s JOIN user_account u ON u.id = s.user_id WHERE s.hash = $1");

enum error_code store_session_find(struct work *work, struct text hash,
                                   struct store_session *ret_session, struct store_user *ret_user,
                                   bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &SESSION_FIND, DB_VALUES(DB_BLOB(hash)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_found = row;
    if (row) {
        read_user(work, statement, 3, ret_user);
        *ret_session = (struct store_session){
            .hash = hash,
            .user_id = ret_user->id,
            .created_at_ms = db_int64(statement, 0),
            .last_seen_at_ms = db_int64(statement, 1),
            .expires_at_ms = db_int64(statement, 2),
        };
    }
    return OK;
}

DB_SQL(SESSION_SEEN, "UPDATE session SET last_seen_at_ms = $2 WHERE hash = $1");

enum error_code store_session_seen(struct work *work, struct text hash, int64_t at_ms,
                                   struct error *error)
{
    return db_run(work->db, &SESSION_SEEN, DB_VALUES(DB_BLOB(hash), DB_INT(at_ms)), NULL, error);
}

DB_SQL(SESSION_END, "DELETE FROM session WHERE hash = $1");

enum error_code store_session_end(struct work *work, struct text hash, struct error *error)
{
    return db_run(work->db, &SESSION_END, DB_VALUES(DB_BLOB(hash)), NULL, error);
}

DB_SQL(SESSION_END_ALL, "DELETE FROM session WHERE user_id = $1 AND hash <> $2");

enum error_code store_session_end_all(struct work *work, int64_t user_id, struct text keep,
                                      struct error *error)
{
    struct text kept = keep.data == NULL ? TEXT("") : keep;
    return db_run(work->db, &SESSION_END_ALL, DB_VALUES(DB_INT(user_id), DB_BLOB(kept)), NULL,
                  error);
}

DB_SQL(SESSION_LIST,
       "SELECT hash, created_at_ms, last_seen_at_ms, expires_at_ms, address, agent FROM session "
       "WHERE user_id = $1 AND expires_at_ms > $2 AND last_seen_at_ms > $3 "
       "ORDER BY created_at_ms DESC LIMIT $4");

enum error_code store_session_list(struct work *work, int64_t user_id, int64_t now_ms,
                                   int64_t idle_ms, struct store_session **ret_sessions,
                                   size_t *ret_count, struct error *error)
{
    enum { SESSIONS_MAX = 200 };
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_session *sessions = arena_array(work->arena, SESSIONS_MAX, sizeof(*sessions));
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &SESSION_LIST,
                 DB_VALUES(DB_INT(user_id), DB_INT(now_ms), DB_INT(idle_ms), DB_INT(SESSIONS_MAX)),
                 &statement, error);
    while (code == OK && row && count < SESSIONS_MAX) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            sessions[count++] = (struct store_session){
                .hash = db_text_copy(statement, 0, work->arena),
                .user_id = user_id,
                .created_at_ms = db_int64(statement, 1),
                .last_seen_at_ms = db_int64(statement, 2),
                .expires_at_ms = db_int64(statement, 3),
                .address = db_text_copy(statement, 4, work->arena),
                .agent = db_text_copy(statement, 5, work->arena),
            };
        }
    }
    if (code == OK) {
        *ret_sessions = sessions;
        *ret_count = count;
    }
    return code;
}

DB_SQL(SESSION_PRUNE, "DELETE FROM session WHERE expires_at_ms < $1 OR last_seen_at_ms < $2");

enum error_code store_session_prune(struct work *work, int64_t now_ms, int64_t idle_ms,
                                    struct error *error)
{
    return db_run(work->db, &SESSION_PRUNE, DB_VALUES(DB_INT(now_ms), DB_INT(idle_ms)), NULL,
                  error);
}

/* ---- keys ---- */

#define KEY_COLUMNS                                                                                \
    "id, name, kind, prefix, scopes, created_at_ms, last_used_at_ms, expires_at_ms, sequences, "   \
    "origins"

static void read_key(struct work *work, struct db_statement *statement, struct store_key *ret_key)
{
    *ret_key = (struct store_key){
        .id = db_int64(statement, 0),
        .name = db_text_copy(statement, 1, work->arena),
        .publishable = db_int64(statement, 2) == 1,
        .prefix = db_text_copy(statement, 3, work->arena),
        .scopes = (unsigned)db_int64(statement, 4),
        .created_at_ms = db_int64(statement, 5),
        .last_used_at_ms = db_int64(statement, 6),
        .expires_at_ms = db_int64(statement, 7),
        .sequences = db_text_copy(statement, 8, work->arena),
        .origins = db_text_copy(statement, 9, work->arena),
    };
}

DB_SQL(KEY_ADD, "INSERT INTO api_key (name, kind, prefix, hash, scopes, created_at_ms, "
                "expires_at_ms, sequences, origins) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id");

enum error_code store_key_add(struct work *work, const struct store_key *key, int64_t *ret_id,
                              struct error *error)
{
    return db_find_int64(work->db, &KEY_ADD,
                         DB_VALUES(DB_TEXT(key->name), DB_INT(key->publishable ? 1 : 0),
                                   DB_TEXT(key->prefix), DB_BLOB(key->hash), DB_INT(key->scopes),
                                   DB_INT(work->now_ms), DB_INT_UNLESS(key->expires_at_ms, 0),
                                   key->publishable ? DB_TEXT(key->sequences) : DB_NULL,
                                   key->publishable ? DB_TEXT(key->origins) : DB_NULL),
                         ret_id, NULL, error);
}

static enum error_code find_key(struct work *work, struct db_sql *sql, struct db_value value,
                                struct store_key *ret_key, bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, sql, &value, 1, &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_found = row;
        if (row) {
            read_key(work, statement, ret_key);
        }
    }
    return code;
}

DB_SQL(KEY_FIND, "SELECT " KEY_COLUMNS " FROM api_key WHERE hash = $1 AND revoked_at_ms IS NULL");

enum error_code store_key_find(struct work *work, struct text hash, struct store_key *ret_key,
                               bool *ret_found, struct error *error)
{
    return find_key(work, &KEY_FIND, DB_BLOB(hash), ret_key, ret_found, error);
}

DB_SQL(KEY_GET, "SELECT " KEY_COLUMNS " FROM api_key WHERE id = $1 AND revoked_at_ms IS NULL");

enum error_code store_key_get(struct work *work, int64_t id, struct store_key *ret_key,
                              bool *ret_found, struct error *error)
{
    return find_key(work, &KEY_GET, DB_INT(id), ret_key, ret_found, error);
}

DB_SQL(KEY_COUNT, "SELECT count(*) FROM api_key WHERE revoked_at_ms IS NULL");
DB_SQL(KEY_LIST, "SELECT " KEY_COLUMNS " FROM api_key WHERE revoked_at_ms IS NULL ORDER BY id");

enum error_code store_key_list(struct work *work, struct store_key **ret_keys, size_t *ret_count,
                               struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    int64_t expected = 0;
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_find_int64(work->db, &KEY_COUNT, DB_NO_VALUES, &expected, NULL, error);
    if (code == OK) {
        code = db_query(work->db, &KEY_LIST, DB_NO_VALUES, &statement, error);
    }
    if (code != OK) {
        return code;
    }
    struct store_key *keys = arena_array(work->arena, (size_t)expected + 1, sizeof(*keys));
    while (code == OK && row && count < (size_t)expected) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            read_key(work, statement, &keys[count++]);
        }
    }
    if (code == OK) {
        *ret_keys = keys;
        *ret_count = count;
    }
    return code;
}

DB_SQL(KEY_ORIGIN, "SELECT EXISTS (SELECT 1 FROM api_key AS k, json_each(k.origins) AS o "
                   "WHERE k.kind = 1 AND k.revoked_at_ms IS NULL AND o.value = $1)");

enum error_code store_key_origin_known(struct work *work, struct text origin, bool *ret_known,
                                       struct error *error)
{
    int64_t known = 0;
    enum error_code code =
        db_find_int64(work->db, &KEY_ORIGIN, DB_VALUES(DB_TEXT(origin)), &known, NULL, error);
    if (code == OK) {
        *ret_known = known != 0;
    }
    return code;
}

DB_SQL(KEY_USED, "UPDATE api_key SET last_used_at_ms = $2 WHERE id = $1");

enum error_code store_key_used(struct work *work, int64_t id, struct error *error)
{
    return db_run(work->db, &KEY_USED, DB_VALUES(DB_INT(id), DB_INT(work->now_ms)), NULL, error);
}

DB_SQL(KEY_REVOKE, "UPDATE api_key SET revoked_at_ms = $2 WHERE id = $1 AND revoked_at_ms IS NULL");

enum error_code store_key_revoke(struct work *work, int64_t id, bool *ret_found,
                                 struct error *error)
{
    int64_t revoked = 0;
    enum error_code code =
        db_run(work->db, &KEY_REVOKE, DB_VALUES(DB_INT(id), DB_INT(work->now_ms)), &revoked, error);
    if (code == OK) {
        *ret_found = revoked > 0;
    }
    return code;
}

/* ---- audit ---- */

DB_SQL(AUDIT_ADD, "INSERT INTO audit (at_ms, actor_kind, actor_id, actor_name, action, object, "
                  "detail, request_id, address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");

static struct db_value text_or_empty(struct text text)
{
    return DB_TEXT(text.data == NULL ? TEXT("") : text);
}

enum error_code store_audit_add(struct work *work, const char *action, struct text object,
                                struct text detail, struct error *error)
{
    const struct actor *actor = &work->actor;
    return db_run(work->db, &AUDIT_ADD,
                  DB_VALUES(DB_INT(work->now_ms), DB_INT(actor->kind), DB_INT(actor->id),
                            text_or_empty(actor->name), DB_CHARS(action), text_or_empty(object),
                            detail.size == 0 ? DB_NULL : DB_TEXT(detail),
                            text_or_empty(work->request_id), text_or_empty(actor->address)),
                  NULL, error);
}
