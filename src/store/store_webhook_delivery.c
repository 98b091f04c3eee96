/* The webhook_delivery table: one row per event and webhook, from the first attempt to its end; and
 * what is known of an event when it is told. */
#include "store/store_webhook.h"

#include "store/db.h"

#define DELIVERY_COLUMNS                                                                           \
    "id, webhook_id, event_id, type, state, attempts, tries, next_at_ms, http_status, "            \
    "duration_ms, error, attempted_at_ms, created_at_ms "

static void read_delivery(struct work *work, struct db_statement *statement,
                          struct store_webhook_delivery *ret_delivery)
{
    *ret_delivery = (struct store_webhook_delivery){
        .id = db_int64(statement, 0),
        .webhook_id = db_int64(statement, 1),
        .event_id = db_int64(statement, 2),
        .type = db_text_copy(statement, 3, work->arena),
        .state = (enum webhook_delivery_state)db_int64(statement, 4),
        .attempts = db_int64(statement, 5),
        .tries = db_int64(statement, 6),
        .next_at_ms = db_int64(statement, 7),
        .http_status = db_int64(statement, 8),
        .duration_ms = db_int64(statement, 9),
        .error = db_text_copy(statement, 10, work->arena),
        .attempted_at_ms = db_int64(statement, 11),
        .created_at_ms = db_int64(statement, 12),
    };
}

static enum error_code read_all(struct work *work, struct db_sql *sql,
                                const struct db_value *values, size_t value_count, size_t limit,
                                struct store_webhook_delivery **ret_deliveries, size_t *ret_count,
                                struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_webhook_delivery *deliveries =
        arena_array(work->arena, limit + 1, sizeof(*deliveries));
    size_t count = 0;
    bool row = true;
    enum error_code code = db_query(work->db, sql, values, value_count, &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < limit);
        read_delivery(work, statement, &deliveries[count++]);
    }
    if (code == OK) {
        *ret_deliveries = deliveries;
        *ret_count = count;
    }
    return code;
}

DB_SQL(WEBHOOK_DELIVERY_ADD,
       "INSERT INTO webhook_delivery (webhook_id, event_id, type, next_at_ms, created_at_ms) "
       "VALUES ($1, $2, $3, $4, $4) ON CONFLICT (webhook_id, event_id) DO UPDATE "
       "SET state = 0, tries = 0, next_at_ms = excluded.next_at_ms WHERE state IN (2, 3)");

enum error_code store_webhook_delivery_add(struct work *work, int64_t webhook_id, int64_t event_id,
                                           struct text type, struct error *error)
{
    return db_run(
        work->db, &WEBHOOK_DELIVERY_ADD,
        DB_VALUES(DB_INT(webhook_id), DB_INT(event_id), DB_TEXT(type), DB_INT(work->now_ms)), NULL,
        error);
}

DB_SQL(WEBHOOK_DELIVERY_GET, "SELECT " DELIVERY_COLUMNS "FROM webhook_delivery WHERE id = $1");

enum error_code store_webhook_delivery_get(struct work *work, int64_t id,
                                           struct store_webhook_delivery *ret_delivery,
                                           bool *ret_found, struct error *error)
{
    struct store_webhook_delivery *rows = NULL;
    size_t count = 0;
    enum error_code code =
        read_all(work, &WEBHOOK_DELIVERY_GET, DB_VALUES(DB_INT(id)), 1, &rows, &count, error);
    if (code == OK) {
        *ret_found = count > 0;
        if (count > 0) {
            *ret_delivery = rows[0];
        }
    }
    return code;
}

/* The list reads by id; a receiver's rows lie among those of the few others. */
DB_SQL(WEBHOOK_DELIVERY_LIST,
       "SELECT " DELIVERY_COLUMNS "FROM webhook_delivery WHERE webhook_id = $1 "
       "AND ($2 = 0 OR ((1 << state) & $2) <> 0) AND id < $3 ORDER BY id DESC LIMIT $4");

enum error_code store_webhook_delivery_list(struct work *work, int64_t webhook_id, uint64_t states,
                                            int64_t before_id, size_t limit,
                                            struct store_webhook_delivery **ret_deliveries,
                                            size_t *ret_count, struct error *error)
{
    return read_all(work, &WEBHOOK_DELIVERY_LIST,
                    DB_VALUES(DB_INT(webhook_id), DB_INT(states),
                              DB_INT(before_id == 0 ? INT64_MAX : before_id), DB_INT(limit)),
                    limit, ret_deliveries, ret_count, error);
}

DB_SQL(WEBHOOK_DELIVERY_DUE,
       "SELECT " DELIVERY_COLUMNS "FROM webhook_delivery WHERE webhook_id = $1 AND state = 0 "
       "AND next_at_ms <= $2 ORDER BY next_at_ms, id LIMIT $3");
DB_SQL(WEBHOOK_DELIVERY_TAKE,
       "UPDATE webhook_delivery SET state = 1, attempts = attempts + 1, tries = tries + 1, "
       "attempted_at_ms = $2 WHERE id = $1");

enum error_code store_webhook_delivery_claim(struct work *work, int64_t webhook_id, size_t limit,
                                             struct store_webhook_delivery **ret_deliveries,
                                             size_t *ret_count, struct error *error)
{
    struct store_webhook_delivery *rows = NULL;
    size_t count = 0;
    enum error_code code =
        read_all(work, &WEBHOOK_DELIVERY_DUE,
                 DB_VALUES(DB_INT(webhook_id), DB_INT(work->now_ms), DB_INT(limit)), limit, &rows,
                 &count, error);
    for (size_t i = 0; i < count && code == OK; i++) {
        rows[i].state = WEBHOOK_SENDING;
        rows[i].attempts++;
        rows[i].tries++;
        rows[i].attempted_at_ms = work->now_ms;
        code = db_run(work->db, &WEBHOOK_DELIVERY_TAKE,
                      DB_VALUES(DB_INT(rows[i].id), DB_INT(work->now_ms)), NULL, error);
    }
    if (code == OK) {
        *ret_deliveries = rows;
        *ret_count = count;
    }
    return code;
}

DB_SQL(WEBHOOK_DELIVERY_SETTLE,
       "UPDATE webhook_delivery SET state = $2, next_at_ms = $3, http_status = $4, "
       "duration_ms = $5, error = $6 WHERE id = $1 AND state = 1");

enum error_code store_webhook_delivery_settle(struct work *work,
                                              const struct store_webhook_delivery *delivery,
                                              bool *ret_settled, struct error *error)
{
    int64_t changed = 0;
    enum error_code code =
        db_run(work->db, &WEBHOOK_DELIVERY_SETTLE,
               DB_VALUES(DB_INT(delivery->id), DB_INT(delivery->state),
                         DB_INT(delivery->next_at_ms), DB_INT_UNLESS(delivery->http_status, 0),
                         DB_INT(delivery->duration_ms), DB_TEXT(delivery->error)),
               &changed, error);
    if (code == OK) {
        *ret_settled = changed > 0;
    }
    return code;
}

DB_SQL(WEBHOOK_DELIVERY_RECOVER,
       "UPDATE webhook_delivery SET state = 0, next_at_ms = $1, error = 'the server stopped while "
       "the request was on its way' WHERE state = 1");

enum error_code store_webhook_delivery_recover(struct work *work, struct error *error)
{
    return db_run(work->db, &WEBHOOK_DELIVERY_RECOVER, DB_VALUES(DB_INT(work->now_ms)), NULL,
                  error);
}

DB_SQL(WEBHOOK_DELIVERY_AGAIN, "UPDATE webhook_delivery SET state = 0, tries = 0, next_at_ms = $2 "
                               "WHERE id = $1 AND state <> 1");

enum error_code store_webhook_delivery_again(struct work *work, int64_t id, struct error *error)
{
    work->wakes |= WORK_WAKE_WEBHOOKS | WORK_WAKE_SETTINGS;
    return db_run(work->db, &WEBHOOK_DELIVERY_AGAIN, DB_VALUES(DB_INT(id), DB_INT(work->now_ms)),
                  NULL, error);
}

DB_SQL(WEBHOOK_DELIVERY_PENDING,
       "SELECT count(*) FROM webhook_delivery WHERE webhook_id = $1 AND state = 0");
DB_SQL(WEBHOOK_DELIVERY_NEXT, "SELECT next_at_ms FROM webhook_delivery WHERE webhook_id = $1 "
                              "AND state = 0 ORDER BY next_at_ms LIMIT 1");

enum error_code store_webhook_delivery_pending(struct work *work, int64_t webhook_id,
                                               int64_t *ret_count, int64_t *ret_next_at_ms,
                                               struct error *error)
{
    int64_t next_at_ms = 0;
    bool found = false;
    enum error_code code = OK;
    if (ret_count != NULL) {
        code = db_find_int64(work->db, &WEBHOOK_DELIVERY_PENDING, DB_VALUES(DB_INT(webhook_id)),
                             ret_count, NULL, error);
    }
    if (code == OK && ret_next_at_ms != NULL) {
        code = db_find_int64(work->db, &WEBHOOK_DELIVERY_NEXT, DB_VALUES(DB_INT(webhook_id)),
                             &next_at_ms, &found, error);
        if (code == OK) {
            *ret_next_at_ms = found ? next_at_ms : 0;
        }
    }
    return code;
}

DB_SQL(WEBHOOK_DELIVERY_PRUNE,
       "DELETE FROM webhook_delivery WHERE id IN (SELECT d.id FROM (SELECT id, webhook_id, state, "
       "created_at_ms FROM webhook_delivery ORDER BY id LIMIT $2) AS d JOIN webhook AS w "
       "ON w.id = d.webhook_id WHERE w.removed_at_ms IS NOT NULL "
       "OR (d.state IN (2, 3) AND d.created_at_ms < $1))");

enum error_code store_webhook_delivery_prune(struct work *work, int64_t before_ms, size_t limit,
                                             struct error *error)
{
    return db_run(work->db, &WEBHOOK_DELIVERY_PRUNE, DB_VALUES(DB_INT(before_ms), DB_INT(limit)),
                  NULL, error);
}

DB_SQL(WEBHOOK_FACTS,
       "SELECT c.phone, c.name, s.name, ch.name, m.step_id, st.day, m.reason, m.error_code, "
       "e.status, e.status_reason, i.text FROM event AS ev "
       "LEFT JOIN contact AS c ON c.id = ev.contact_id "
       "LEFT JOIN sequence AS s ON s.id = ev.sequence_id "
       "LEFT JOIN channel AS ch ON ch.id = ev.channel_id "
       "LEFT JOIN message AS m ON m.id = ev.message_id "
       "LEFT JOIN step AS st ON st.id = m.step_id "
       "LEFT JOIN enrollment AS e ON e.id = ev.enrollment_id "
       "LEFT JOIN inbound_message AS i ON i.id = $2 WHERE ev.id = $1");

enum error_code store_webhook_facts(struct work *work, int64_t event_id, int64_t inbound_id,
                                    struct store_webhook_facts *ret_facts, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &WEBHOOK_FACTS,
                 DB_VALUES(DB_INT(event_id), DB_INT_UNLESS(inbound_id, 0)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code != OK || !row) {
        return code == OK ? error_set(error, ERROR_NOT_FOUND, "the event is not kept any more")
                          : code;
    }
    *ret_facts = (struct store_webhook_facts){
        .phone = db_int64(statement, 0),
        .contact_name = db_text_copy(statement, 1, work->arena),
        .sequence_name = db_text_copy(statement, 2, work->arena),
        .channel_name = db_text_copy(statement, 3, work->arena),
        .step_id = db_int64(statement, 4),
        .step_day = db_int64(statement, 5),
        .message_reason = db_int64(statement, 6),
        .message_error_code = db_int64(statement, 7),
        .has_enrollment = !db_is_null(statement, 8),
        .enrollment_status = db_int64(statement, 8),
        .enrollment_reason = db_text_copy(statement, 9, work->arena),
        .reply_text = db_text_copy(statement, 10, work->arena),
    };
    return OK;
}
