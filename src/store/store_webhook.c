/* The webhook table: who wants to hear of events, and how it goes. Deliveries stand in
 * store_webhook_delivery.c. */
#include "store/store_webhook.h"

#include "store/db.h"

#define WEBHOOK_COLUMNS                                                                            \
    "id, url, description, types, state, state_reason, state_at_ms, secrets, previous_until_ms, "  \
    "cursor, delivered, failed, failing_since_ms, last_success_at_ms, last_failure_at_ms, "        \
    "last_error, created_at_ms, updated_at_ms "

static void read_webhook(struct work *work, struct db_statement *statement,
                         struct store_webhook *ret_webhook)
{
    *ret_webhook = (struct store_webhook){
        .id = db_int64(statement, 0),
        .url = db_text_copy(statement, 1, work->arena),
        .description = db_text_copy(statement, 2, work->arena),
        .types = db_text_copy(statement, 3, work->arena),
        .state = (enum webhook_state)db_int64(statement, 4),
        .state_reason = db_text_copy(statement, 5, work->arena),
        .state_at_ms = db_int64(statement, 6),
        .secrets = db_text_copy(statement, 7, work->arena),
        .previous_until_ms = db_int64(statement, 8),
        .cursor = db_int64(statement, 9),
        .delivered = db_int64(statement, 10),
        .failed = db_int64(statement, 11),
        .failing_since_ms = db_int64(statement, 12),
        .last_success_at_ms = db_int64(statement, 13),
        .last_failure_at_ms = db_int64(statement, 14),
        .last_error = db_text_copy(statement, 15, work->arena),
        .created_at_ms = db_int64(statement, 16),
        .updated_at_ms = db_int64(statement, 17),
    };
}

static void changed(struct work *work)
{
    work->wakes |= WORK_WAKE_WEBHOOKS | WORK_WAKE_SETTINGS;
}

DB_SQL(WEBHOOK_LIST,
       "SELECT " WEBHOOK_COLUMNS "FROM webhook WHERE removed_at_ms IS NULL ORDER BY id LIMIT $1");

enum error_code store_webhook_list(struct work *work, struct store_webhook **ret_webhooks,
                                   size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_webhook *webhooks =
        arena_array(work->arena, STORE_WEBHOOKS_MAX, sizeof(*webhooks));
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &WEBHOOK_LIST, DB_VALUES(DB_INT(STORE_WEBHOOKS_MAX)), &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < STORE_WEBHOOKS_MAX);
        read_webhook(work, statement, &webhooks[count++]);
    }
    if (code == OK) {
        *ret_webhooks = webhooks;
        *ret_count = count;
    }
    return code;
}

DB_SQL(WEBHOOK_GET,
       "SELECT " WEBHOOK_COLUMNS "FROM webhook WHERE id = $1 AND removed_at_ms IS NULL");

enum error_code store_webhook_get(struct work *work, int64_t id, struct store_webhook *ret_webhook,
                                  bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &WEBHOOK_GET, DB_VALUES(DB_INT(id)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_found = row;
        if (row) {
            read_webhook(work, statement, ret_webhook);
        }
    }
    return code;
}

DB_SQL(WEBHOOK_INSERT, "INSERT INTO webhook (url, description, types, cursor, created_at_ms, "
                       "updated_at_ms) VALUES ($1, $2, $3, (SELECT coalesce(max(id), 0) "
                       "FROM event), $4, $4) RETURNING id");

enum error_code store_webhook_insert(struct work *work, struct store_webhook *webhook,
                                     struct error *error)
{
    changed(work);
    return db_find_int64(work->db, &WEBHOOK_INSERT,
                         DB_VALUES(DB_TEXT(webhook->url), DB_TEXT(webhook->description),
                                   DB_TEXT(webhook->types), DB_INT(work->now_ms)),
                         &webhook->id, NULL, error);
}

DB_SQL(WEBHOOK_UPDATE, "UPDATE webhook SET url = $2, description = $3, types = $4, secrets = $5, "
                       "previous_until_ms = $6, updated_at_ms = $7 WHERE id = $1");

enum error_code store_webhook_update(struct work *work, const struct store_webhook *webhook,
                                     struct error *error)
{
    changed(work);
    return db_run(work->db, &WEBHOOK_UPDATE,
                  DB_VALUES(DB_INT(webhook->id), DB_TEXT(webhook->url),
                            DB_TEXT(webhook->description), DB_TEXT(webhook->types),
                            DB_BLOB(webhook->secrets), DB_INT_UNLESS(webhook->previous_until_ms, 0),
                            DB_INT(work->now_ms)),
                  NULL, error);
}

DB_SQL(WEBHOOK_DISABLE, "UPDATE webhook SET state = 1, state_reason = $2, state_at_ms = $3, "
                        "updated_at_ms = $3 WHERE id = $1");
DB_SQL(WEBHOOK_ENABLE, "UPDATE webhook SET state = 0, state_reason = NULL, state_at_ms = $2, "
                       "updated_at_ms = $2, failing_since_ms = NULL, "
                       "cursor = (SELECT coalesce(max(id), 0) FROM event) WHERE id = $1");

enum error_code store_webhook_set_state(struct work *work, int64_t id, enum webhook_state state,
                                        struct text reason, struct error *error)
{
    changed(work);
    switch (state) {
    case WEBHOOK_ACTIVE:
        return db_run(work->db, &WEBHOOK_ENABLE, DB_VALUES(DB_INT(id), DB_INT(work->now_ms)), NULL,
                      error);
    case WEBHOOK_DISABLED:
        break;
    }
    return db_run(work->db, &WEBHOOK_DISABLE,
                  DB_VALUES(DB_INT(id), DB_TEXT(reason), DB_INT(work->now_ms)), NULL, error);
}

DB_SQL(WEBHOOK_REMOVE, "UPDATE webhook SET removed_at_ms = $2, secrets = NULL WHERE id = $1");

enum error_code store_webhook_remove(struct work *work, int64_t id, struct error *error)
{
    changed(work);
    return db_run(work->db, &WEBHOOK_REMOVE, DB_VALUES(DB_INT(id), DB_INT(work->now_ms)), NULL,
                  error);
}

DB_SQL(WEBHOOK_SET_CURSOR, "UPDATE webhook SET cursor = $2 WHERE id = $1");

enum error_code store_webhook_set_cursor(struct work *work, int64_t id, int64_t cursor,
                                         struct error *error)
{
    return db_run(work->db, &WEBHOOK_SET_CURSOR, DB_VALUES(DB_INT(id), DB_INT(cursor)), NULL,
                  error);
}

DB_SQL(WEBHOOK_COUNT_SUCCESS, "UPDATE webhook SET delivered = delivered + 1, "
                              "failing_since_ms = NULL, last_success_at_ms = $2 WHERE id = $1");
DB_SQL(WEBHOOK_COUNT_FAILURE,
       "UPDATE webhook SET failed = failed + $4, last_error = $3, last_failure_at_ms = $2, "
       "failing_since_ms = coalesce(failing_since_ms, $2) WHERE id = $1");

enum error_code store_webhook_count(struct work *work, int64_t id, struct text error_words,
                                    bool gave_up, struct error *error)
{
    if (error_words.data == NULL) {
        return db_run(work->db, &WEBHOOK_COUNT_SUCCESS, DB_VALUES(DB_INT(id), DB_INT(work->now_ms)),
                      NULL, error);
    }
    return db_run(
        work->db, &WEBHOOK_COUNT_FAILURE,
        DB_VALUES(DB_INT(id), DB_INT(work->now_ms), DB_TEXT(error_words), DB_INT(gave_up)), NULL,
        error);
}

DB_SQL(WEBHOOK_EVENT_AT, "SELECT at_ms FROM event WHERE id >= $1 ORDER BY id LIMIT 1");
DB_SQL(WEBHOOK_EVENT_LAST, "SELECT coalesce(max(id), 0) FROM event");

enum error_code store_webhook_event_before(struct work *work, int64_t since_ms, int64_t *ret_id,
                                           struct error *error)
{
    int64_t low = 0; /* all events up to here are older */
    int64_t high = 0;
    enum error_code code =
        db_find_int64(work->db, &WEBHOOK_EVENT_LAST, DB_NO_VALUES, &high, NULL, error);
    while (code == OK && low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        int64_t at_ms = 0;
        bool found = false;
        code = db_find_int64(work->db, &WEBHOOK_EVENT_AT, DB_VALUES(DB_INT(middle)), &at_ms, &found,
                             error);
        if (code == OK && found && at_ms < since_ms) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    if (code == OK) {
        *ret_id = low;
    }
    return code;
}
