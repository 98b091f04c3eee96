/* Alerts: the statements behind store_alert.h. Few rows, read by whole. */
#include "store/store_alert.h"

#include "domain/sequence.h"
#include "store/db.h"

enum { OPEN_MAX = 500, BATCHES_LOOKED_AT = 200, MESSAGES_LOOKED_AT = 2000 };

#define ALERT_COLUMNS                                                                              \
    "id, kind, cause, severity, title, advice, link, sequence_id, channel_id, batch_id, "          \
    "opened_at_ms, closed_at_ms, acknowledged_at_ms, acknowledged_by, muted_until_ms"

static void read_alert(struct work *work, struct db_statement *statement,
                       struct store_alert *ret_alert)
{
    *ret_alert = (struct store_alert){
        .id = db_int64(statement, 0),
        .kind = db_text_copy(statement, 1, work->arena),
        .cause = db_text_copy(statement, 2, work->arena),
        .severity = (enum alert_severity)db_int64(statement, 3),
        .title = db_text_copy(statement, 4, work->arena),
        .advice = db_text_copy(statement, 5, work->arena),
        .link = db_text_copy(statement, 6, work->arena),
        .sequence_id = db_int64(statement, 7),
        .channel_id = db_int64(statement, 8),
        .batch_id = db_int64(statement, 9),
        .opened_at_ms = db_int64(statement, 10),
        .closed_at_ms = db_int64(statement, 11),
        .acknowledged_at_ms = db_int64(statement, 12),
        .acknowledged_by = db_text_copy(statement, 13, work->arena),
        .muted_until_ms = db_int64(statement, 14),
    };
}

static struct db_value known_text(struct text text)
{
    return DB_TEXT(text.data == NULL ? TEXT("") : text);
}

DB_SQL(ALERT_INSERT,
       "INSERT INTO alert (kind, cause, severity, title, advice, link, sequence_id, channel_id, "
       "batch_id, opened_at_ms, muted_until_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
       "$11) RETURNING id");

enum error_code store_alert_insert(struct work *work, struct store_alert *alert,
                                   struct error *error)
{
    return db_find_int64(
        work->db, &ALERT_INSERT,
        DB_VALUES(DB_TEXT(alert->kind), DB_TEXT(alert->cause), DB_INT(alert->severity),
                  known_text(alert->title), known_text(alert->advice), known_text(alert->link),
                  DB_INT_UNLESS(alert->sequence_id, 0), DB_INT_UNLESS(alert->channel_id, 0),
                  DB_INT_UNLESS(alert->batch_id, 0), DB_INT(alert->opened_at_ms),
                  DB_INT_UNLESS(alert->muted_until_ms, 0)),
        &alert->id, NULL, error);
}

DB_SQL(ALERT_UPDATE, "UPDATE alert SET severity = $2, title = $3, advice = $4, closed_at_ms = $5, "
                     "acknowledged_at_ms = $6, acknowledged_by = $7, muted_until_ms = $8 "
                     "WHERE id = $1");

enum error_code store_alert_update(struct work *work, const struct store_alert *alert,
                                   struct error *error)
{
    return db_run(work->db, &ALERT_UPDATE,
                  DB_VALUES(DB_INT(alert->id), DB_INT(alert->severity), known_text(alert->title),
                            known_text(alert->advice), DB_INT_UNLESS(alert->closed_at_ms, 0),
                            DB_INT_UNLESS(alert->acknowledged_at_ms, 0),
                            known_text(alert->acknowledged_by),
                            DB_INT_UNLESS(alert->muted_until_ms, 0)),
                  NULL, error);
}

static enum error_code read_one(struct work *work, struct db_sql *sql, struct db_value value,
                                struct store_alert *ret_alert, bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, sql, DB_VALUES(value), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK && row) {
        read_alert(work, statement, ret_alert);
    }
    *ret_found = code == OK && row;
    return code;
}

DB_SQL(ALERT_GET, "SELECT " ALERT_COLUMNS " FROM alert WHERE id = $1");

enum error_code store_alert_get(struct work *work, int64_t id, struct store_alert *ret_alert,
                                bool *ret_found, struct error *error)
{
    return read_one(work, &ALERT_GET, DB_INT(id), ret_alert, ret_found, error);
}

DB_SQL(ALERT_NEWEST,
       "SELECT " ALERT_COLUMNS " FROM alert WHERE cause = $1 ORDER BY id DESC LIMIT 1");

enum error_code store_alert_newest(struct work *work, struct text cause,
                                   struct store_alert *ret_alert, bool *ret_found,
                                   struct error *error)
{
    return read_one(work, &ALERT_NEWEST, DB_TEXT(cause), ret_alert, ret_found, error);
}

static enum error_code read_list(struct work *work, struct db_statement *statement, size_t limit,
                                 struct store_alert **ret_alerts, size_t *ret_count,
                                 struct error *error)
{
    struct store_alert *alerts = arena_array(work->arena, limit + 1, sizeof(*alerts));
    size_t count = 0;
    bool row = true;
    enum error_code code = OK;
    while (code == OK && count < limit && (code = db_next(statement, &row, error)) == OK && row) {
        read_alert(work, statement, &alerts[count++]);
    }
    if (code == OK) {
        *ret_alerts = alerts;
        *ret_count = count;
    }
    return code;
}

DB_SQL(ALERT_OPEN_LIST, "SELECT " ALERT_COLUMNS " FROM alert INDEXED BY alert_open "
                        "WHERE closed_at_ms IS NULL ORDER BY id LIMIT $1");

enum error_code store_alert_open_list(struct work *work, struct store_alert **ret_alerts,
                                      size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    enum error_code code =
        db_query(work->db, &ALERT_OPEN_LIST, DB_VALUES(DB_INT(OPEN_MAX)), &statement, error);
    return code == OK ? read_list(work, statement, OPEN_MAX, ret_alerts, ret_count, error) : code;
}

DB_SQL(ALERT_LIST, "SELECT " ALERT_COLUMNS " FROM alert WHERE id < $1 "
                   "AND ($2 = 0 OR closed_at_ms IS NOT NULL) ORDER BY id DESC LIMIT $3");

enum error_code store_alert_list(struct work *work, bool closed_only, int64_t before_id,
                                 size_t limit, struct store_alert **ret_alerts, size_t *ret_count,
                                 struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    enum error_code code = db_query(work->db, &ALERT_LIST,
                                    DB_VALUES(DB_INT(before_id == 0 ? INT64_MAX : before_id),
                                              DB_INT(closed_only), DB_INT(limit)),
                                    &statement, error);
    return code == OK ? read_list(work, statement, limit, ret_alerts, ret_count, error) : code;
}

DB_SQL(ALERT_PRUNE, "DELETE FROM alert WHERE id IN (SELECT id FROM alert "
                    "WHERE closed_at_ms < $1 ORDER BY id LIMIT $2)");

enum error_code store_alert_prune(struct work *work, int64_t before_ms, size_t limit,
                                  struct error *error)
{
    return db_run(work->db, &ALERT_PRUNE, DB_VALUES(DB_INT(before_ms), DB_INT(limit)), NULL, error);
}

/* ---- what the checks ask ---- */

DB_SQL(ALERT_HELD, "SELECT count(*) FROM (SELECT 1 FROM message WHERE state = 4 LIMIT $1)");

enum error_code store_alert_held(struct work *work, int64_t most, int64_t *ret_count,
                                 struct error *error)
{
    return db_find_int64(work->db, &ALERT_HELD, DB_VALUES(DB_INT(most)), ret_count, NULL, error);
}

DB_SQL(ALERT_FIRST_DUE, "SELECT coalesce(min(due_at_ms), 0) FROM due");

enum error_code store_alert_first_due(struct work *work, int64_t *ret_at_ms, struct error *error)
{
    return db_find_int64(work->db, &ALERT_FIRST_DUE, DB_NO_VALUES, ret_at_ms, NULL, error);
}

/* Steps with a template are few; the templates of a channel too. */
DB_SQL(ALERT_TEMPLATES,
       "SELECT template.channel_id, min(step.sequence_id), template.name, template.language, "
       "template.status FROM template "
       "JOIN channel ON channel.id = template.channel_id AND channel.removed_at_ms IS NULL "
       "JOIN step ON json_extract(step.template, '$.name') = template.name "
       "AND json_extract(step.template, '$.language') = template.language "
       "AND step.removed_at_ms IS NULL "
       "JOIN sequence ON sequence.id = step.sequence_id AND sequence.removed_at_ms IS NULL "
       "AND sequence.status = $1 "
       "AND (sequence.channel_id = channel.id "
       "OR (sequence.channel_id IS NULL AND channel.is_default = 1)) "
       "WHERE template.status IN ('PAUSED', 'REJECTED', 'DISABLED') "
       "GROUP BY template.channel_id, template.name, template.language, template.status LIMIT $2");

enum error_code store_alert_templates(struct work *work, size_t limit,
                                      struct store_alert_template **ret_templates,
                                      size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_alert_template *templates =
        arena_array(work->arena, limit + 1, sizeof(*templates));
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &ALERT_TEMPLATES, DB_VALUES(DB_INT(SEQUENCE_ACTIVE), DB_INT(limit)),
                 &statement, error);
    while (code == OK && count < limit && (code = db_next(statement, &row, error)) == OK && row) {
        templates[count++] = (struct store_alert_template){
            .channel_id = db_int64(statement, 0),
            .sequence_id = db_int64(statement, 1),
            .name = db_text_copy(statement, 2, work->arena),
            .language = db_text_copy(statement, 3, work->arena),
            .status = db_text_copy(statement, 4, work->arena),
        };
    }
    if (code == OK) {
        *ret_templates = templates;
        *ret_count = count;
    }
    return code;
}

/* Among the newest messages only, so that it costs the same at any size. Newest first: a row that
 * a webhook has spoken of (a rank, or a failure after the acceptance) ends the silence. */
DB_SQL(ALERT_SILENCE,
       "SELECT sent_at_ms, rank > 0 OR state = 6 FROM message "
       "WHERE id > (SELECT coalesce(max(id), 0) FROM message) - $4 AND channel_id = $1 "
       "AND state IN (5, 6) AND sent_at_ms > $2 AND sent_at_ms <= $3 ORDER BY sent_at_ms DESC");

enum error_code store_alert_silence(struct work *work, int64_t channel_id, int64_t from_ms,
                                    int64_t until_ms, struct store_alert_silence *ret_silence,
                                    struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_alert_silence silence = {0};
    bool row = true;
    enum error_code code = db_query(work->db, &ALERT_SILENCE,
                                    DB_VALUES(DB_INT(channel_id), DB_INT(from_ms), DB_INT(until_ms),
                                              DB_INT(MESSAGES_LOOKED_AT)),
                                    &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row &&
           db_int64(statement, 1) == 0) {
        silence.unheard++;
        silence.since_ms = db_int64(statement, 0);
    }
    if (code == OK) {
        *ret_silence = silence;
    }
    return code;
}

DB_SQL(ALERT_BATCHES,
       "SELECT id, sequence_id, kind, state = 3, done_rows, finished_at_ms FROM batch "
       "WHERE id > (SELECT coalesce(max(id), 0) FROM batch) - $1 AND state IN (2, 3) "
       "AND finished_at_ms > $2 ORDER BY id DESC LIMIT $3");

enum error_code store_alert_batches(struct work *work, int64_t after_ms, size_t limit,
                                    struct store_alert_batch **ret_batches, size_t *ret_count,
                                    struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_alert_batch *batches = arena_array(work->arena, limit + 1, sizeof(*batches));
    size_t count = 0;
    bool row = true;
    enum error_code code = db_query(
        work->db, &ALERT_BATCHES,
        DB_VALUES(DB_INT(BATCHES_LOOKED_AT), DB_INT(after_ms), DB_INT(limit)), &statement, error);
    while (code == OK && count < limit && (code = db_next(statement, &row, error)) == OK && row) {
        batches[count++] = (struct store_alert_batch){
            .id = db_int64(statement, 0),
            .sequence_id = db_int64(statement, 1),
            .kind = db_text_copy(statement, 2, work->arena),
            .failed = db_int64(statement, 3) != 0,
            .done_rows = db_int64(statement, 4),
            .finished_at_ms = db_int64(statement, 5),
        };
    }
    if (code == OK) {
        *ret_batches = batches;
        *ret_count = count;
    }
    return code;
}

DB_SQL(ALERT_FAILURES, "SELECT reason, error_code, count(*) FROM message "
                       "WHERE state IN (6, 7) AND state = 6 AND failed_at_ms >= $1 "
                       "AND failed_at_ms < $2 AND sequence_id <> 0 GROUP BY reason, error_code "
                       "ORDER BY 3 DESC, 1, 2 LIMIT $3");

enum error_code store_alert_failures(struct work *work, int64_t from_ms, int64_t to_ms,
                                     size_t limit, struct store_alert_failure **ret_rows,
                                     size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_alert_failure *rows = arena_array(work->arena, limit + 1, sizeof(*rows));
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &ALERT_FAILURES,
                 DB_VALUES(DB_INT(from_ms), DB_INT(to_ms), DB_INT(limit)), &statement, error);
    while (code == OK && count < limit && (code = db_next(statement, &row, error)) == OK && row) {
        rows[count++] = (struct store_alert_failure){
            .reason = db_int64(statement, 0),
            .error_code = db_int64(statement, 1),
            .count = db_int64(statement, 2),
        };
    }
    if (code == OK) {
        *ret_rows = rows;
        *ret_count = count;
    }
    return code;
}
