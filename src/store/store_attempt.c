/* The attempt, message_provider and orphan_event tables: see store_message.h. */
#include "base/crypto.h"
#include "base/hash.h"
#include "store/db.h"
#include "store/store_message.h"

DB_SQL(ATTEMPT_INSERT,
       "INSERT INTO attempt (message_id, n, result, class, instance_id, started_at_ms, "
       "started_boot_ms, evidence, resolved_at_ms, provider_id) "
       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");

enum error_code store_attempt_insert(struct work *work, const struct store_attempt *attempt,
                                     struct error *error)
{
    return db_run(work->db, &ATTEMPT_INSERT,
                  DB_VALUES(DB_INT(attempt->message_id), DB_INT(attempt->n),
                            DB_INT(attempt->result), DB_INT(attempt->class),
                            DB_INT(attempt->instance_id), DB_INT(attempt->started_at_ms),
                            DB_INT(attempt->started_boot_ms), DB_INT(attempt->evidence),
                            DB_INT_UNLESS(attempt->resolved_at_ms, 0),
                            DB_TEXT(attempt->provider_id)),
                  NULL, error);
}

DB_SQL(ATTEMPT_UPDATE,
       "UPDATE attempt SET result = $3, class = $4, http_status = $5, error_code = $6, "
       "bytes_out = $7, evidence = $8, resolved_at_ms = $9, provider_id = $10, error_title = $11, "
       "error_detail = $12 WHERE message_id = $1 AND n = $2");

static enum error_code write_end(struct work *work, struct db_sql *sql,
                                 const struct store_attempt *attempt, int64_t *ret_changed,
                                 struct error *error)
{
    return db_run(
        work->db, sql,
        DB_VALUES(DB_INT(attempt->message_id), DB_INT(attempt->n), DB_INT(attempt->result),
                  DB_INT(attempt->class), DB_INT(attempt->http_status), DB_INT(attempt->error_code),
                  DB_INT(attempt->bytes_out), DB_INT(attempt->evidence),
                  DB_INT_UNLESS(attempt->resolved_at_ms, 0), DB_TEXT(attempt->provider_id),
                  DB_TEXT(attempt->error_title), DB_TEXT(attempt->error_detail)),
        ret_changed, error);
}

enum error_code store_attempt_update(struct work *work, const struct store_attempt *attempt,
                                     struct error *error)
{
    return write_end(work, &ATTEMPT_UPDATE, attempt, NULL, error);
}

DB_SQL(ATTEMPT_SETTLE,
       "UPDATE attempt SET result = $3, class = $4, http_status = $5, error_code = $6, "
       "bytes_out = $7, evidence = $8, resolved_at_ms = $9, provider_id = $10, error_title = $11, "
       "error_detail = $12 WHERE message_id = $1 AND n = $2 AND result = 0");

enum error_code store_attempt_settle(struct work *work, const struct store_attempt *attempt,
                                     bool *ret_settled, struct error *error)
{
    int64_t changed = 0;
    enum error_code code = write_end(work, &ATTEMPT_SETTLE, attempt, &changed, error);
    if (code == OK) {
        *ret_settled = changed == 1;
    }
    return code;
}

#define ATTEMPT_COLUMNS                                                                            \
    "message_id, n, result, class, instance_id, started_at_ms, started_boot_ms, http_status, "     \
    "error_code, bytes_out, evidence, resolved_at_ms, provider_id, error_title, error_detail"

static void read_attempt(struct db_statement *row, struct arena *arena,
                         struct store_attempt *attempt)
{
    *attempt = (struct store_attempt){
        .message_id = db_int64(row, 0),
        .n = db_int64(row, 1),
        .result = (enum attempt_result)db_int64(row, 2),
        .class = db_int64(row, 3),
        .instance_id = db_int64(row, 4),
        .started_at_ms = db_int64(row, 5),
        .started_boot_ms = db_int64(row, 6),
        .http_status = db_int64(row, 7),
        .error_code = db_int64(row, 8),
        .bytes_out = db_int64(row, 9),
        .evidence = (enum attempt_evidence)db_int64(row, 10),
        .resolved_at_ms = db_int64(row, 11),
        .provider_id = db_text_copy(row, 12, arena),
        .error_title = db_text_copy(row, 13, arena),
        .error_detail = db_text_copy(row, 14, arena),
    };
}

DB_SQL(ATTEMPT_GET, "SELECT " ATTEMPT_COLUMNS " FROM attempt WHERE message_id = $1 AND n = $2");

enum error_code store_attempt_get(struct work *work, int64_t message_id, int64_t n,
                                  struct store_attempt *ret_attempt, bool *ret_found,
                                  struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, &ATTEMPT_GET,
                                    DB_VALUES(DB_INT(message_id), DB_INT(n)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_found = row;
        if (row) {
            read_attempt(statement, work->arena, ret_attempt);
        }
    }
    return code;
}

DB_SQL(ATTEMPT_COUNT, "SELECT count(*) FROM attempt WHERE message_id = $1");
DB_SQL(ATTEMPT_LIST, "SELECT " ATTEMPT_COLUMNS " FROM attempt WHERE message_id = $1 ORDER BY n");

enum error_code store_attempt_list(struct work *work, int64_t message_id,
                                   struct store_attempt **ret_attempts, size_t *ret_count,
                                   struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    int64_t expected = 0;
    size_t count = 0;
    bool row = true;
    enum error_code code = db_find_int64(work->db, &ATTEMPT_COUNT, DB_VALUES(DB_INT(message_id)),
                                         &expected, NULL, error);
    if (code != OK) {
        return code;
    }
    struct store_attempt *attempts =
        arena_array(work->arena, (size_t)expected + 1, sizeof(*attempts));
    code = db_query(work->db, &ATTEMPT_LIST, DB_VALUES(DB_INT(message_id)), &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < (size_t)expected);
        read_attempt(statement, work->arena, &attempts[count++]);
    }
    if (code == OK) {
        *ret_attempts = attempts;
        *ret_count = count;
    }
    return code;
}

DB_SQL(PROVIDER_ID_ADD, "INSERT INTO message_provider (provider_hash, message_id, n) "
                        "VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");

enum error_code store_provider_id_add(struct work *work, struct text provider_id,
                                      int64_t message_id, int64_t n, struct error *error)
{
    return db_run(work->db, &PROVIDER_ID_ADD,
                  DB_VALUES(DB_INT(hash_text(provider_id)), DB_INT(message_id), DB_INT(n)), NULL,
                  error);
}

/* The hash may meet another id's: the attempt's own text decides. */
DB_SQL(PROVIDER_ID_FIND,
       "SELECT attempt.message_id, attempt.n FROM message_provider JOIN attempt "
       "ON attempt.message_id = message_provider.message_id AND attempt.n = message_provider.n "
       "WHERE message_provider.provider_hash = $1 AND attempt.provider_id = $2");

enum error_code store_provider_id_find(struct work *work, struct text provider_id,
                                       int64_t *ret_message_id, int64_t *ret_n, bool *ret_found,
                                       struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, &PROVIDER_ID_FIND,
                                    DB_VALUES(DB_INT(hash_text(provider_id)), DB_TEXT(provider_id)),
                                    &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_found = row;
        if (row) {
            *ret_message_id = db_int64(statement, 0);
            *ret_n = db_int64(statement, 1);
        }
    }
    return code;
}

DB_SQL(ORPHAN_ADD,
       "INSERT INTO orphan_event (channel_id, provider_hash, digest, token, event, received_at_ms) "
       "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (digest) DO NOTHING");

enum error_code store_orphan_add(struct work *work, const struct store_orphan *orphan,
                                 struct error *error)
{
    struct text digest = text_make((const char *)&orphan->digest, sizeof(orphan->digest));
    return db_run(work->db, &ORPHAN_ADD,
                  DB_VALUES(DB_INT(orphan->channel_id), DB_INT(hash_text(orphan->provider_id)),
                            DB_BLOB(digest), DB_TEXT(orphan->token), DB_TEXT(orphan->event),
                            DB_INT(work->now_ms)),
                  NULL, error);
}

enum { ORPHAN_LIST_MAX = 16 };

DB_SQL(ORPHAN_LIST, "SELECT id, channel_id, event, received_at_ms FROM orphan_event "
                    "WHERE provider_hash = $1 AND settled_at_ms IS NULL ORDER BY id LIMIT $2");

enum error_code store_orphan_list(struct work *work, struct text provider_id,
                                  struct store_orphan **ret_orphans, size_t *ret_count,
                                  struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_orphan *orphans = arena_array(work->arena, ORPHAN_LIST_MAX, sizeof(*orphans));
    size_t count = 0;
    bool row = true;
    enum error_code code = db_query(
        work->db, &ORPHAN_LIST, DB_VALUES(DB_INT(hash_text(provider_id)), DB_INT(ORPHAN_LIST_MAX)),
        &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < ORPHAN_LIST_MAX);
        orphans[count++] = (struct store_orphan){
            .id = db_int64(statement, 0),
            .channel_id = db_int64(statement, 1),
            .event = db_text_copy(statement, 2, work->arena),
            .received_at_ms = db_int64(statement, 3),
        };
    }
    if (code == OK) {
        *ret_orphans = orphans;
        *ret_count = count;
    }
    return code;
}

DB_SQL(ORPHAN_SETTLE, "UPDATE orphan_event SET settled_at_ms = $2 WHERE id = $1");

enum error_code store_orphan_settle(struct work *work, int64_t id, struct error *error)
{
    return db_run(work->db, &ORPHAN_SETTLE, DB_VALUES(DB_INT(id), DB_INT(work->now_ms)), NULL,
                  error);
}

DB_SQL(ORPHAN_SINCE, "SELECT 1 FROM orphan_event WHERE channel_id = $1 AND received_at_ms >= $2 "
                     "AND settled_at_ms IS NULL LIMIT 1");

enum error_code store_orphan_since(struct work *work, int64_t channel_id, int64_t since_ms,
                                   bool *ret_any, struct error *error)
{
    int64_t ignored = 0;
    return db_find_int64(work->db, &ORPHAN_SINCE, DB_VALUES(DB_INT(channel_id), DB_INT(since_ms)),
                         &ignored, ret_any, error);
}
