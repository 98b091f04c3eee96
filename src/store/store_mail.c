/* The mail table. A body is dropped when its mail has ended. */
#include "store/store_mail.h"

#include "store/db.h"

DB_SQL(MAIL_ADD, "INSERT INTO mail (cause, recipient, subject, body, answers, next_at_ms, "
                 "created_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $6) "
                 "ON CONFLICT (cause, recipient) DO NOTHING");

enum error_code store_mail_add(struct work *work, const struct store_mail *mail,
                               struct error *error)
{
    work->wakes |= WORK_WAKE_MAIL;
    return db_run(work->db, &MAIL_ADD,
                  DB_VALUES(DB_TEXT(mail->cause), DB_TEXT(mail->recipient), DB_TEXT(mail->subject),
                            DB_TEXT(mail->body),
                            DB_TEXT(mail->answers.data == NULL ? TEXT("") : mail->answers),
                            DB_INT(work->now_ms)),
                  NULL, error);
}

DB_SQL(MAIL_KNOWN, "SELECT 1 FROM mail WHERE cause = $1 LIMIT 1");

enum error_code store_mail_known(struct work *work, struct text cause, bool *ret_known,
                                 struct error *error)
{
    int64_t one = 0;
    return db_find_int64(work->db, &MAIL_KNOWN, DB_VALUES(DB_TEXT(cause)), &one, ret_known, error);
}

DB_SQL(MAIL_NEXT, "SELECT next_at_ms FROM mail WHERE state = 0 ORDER BY next_at_ms LIMIT 1");

enum error_code store_mail_next(struct work *work, int64_t *ret_at_ms, struct error *error)
{
    bool found = false;
    int64_t at_ms = 0;
    enum error_code code = db_find_int64(work->db, &MAIL_NEXT, DB_NO_VALUES, &at_ms, &found, error);
    if (code == OK) {
        *ret_at_ms = found ? at_ms : 0;
    }
    return code;
}

DB_SQL(MAIL_DUE, "SELECT id, cause, recipient, subject, body, answers, attempts, created_at_ms "
                 "FROM mail WHERE state = 0 AND next_at_ms <= $1 ORDER BY next_at_ms, id LIMIT 1");
DB_SQL(MAIL_TAKE, "UPDATE mail SET state = 1, data_begun = 0, attempts = attempts + 1 "
                  "WHERE id = $1");

enum error_code store_mail_claim(struct work *work, struct store_mail *ret_mail, bool *ret_found,
                                 struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &MAIL_DUE, DB_VALUES(DB_INT(work->now_ms)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK && row) {
        *ret_mail = (struct store_mail){
            .id = db_int64(statement, 0),
            .cause = db_text_copy(statement, 1, work->arena),
            .recipient = db_text_copy(statement, 2, work->arena),
            .subject = db_text_copy(statement, 3, work->arena),
            .body = db_text_copy(statement, 4, work->arena),
            .answers = db_text_copy(statement, 5, work->arena),
            .state = MAIL_SENDING,
            .attempts = db_int64(statement, 6) + 1,
            .created_at_ms = db_int64(statement, 7),
        };
        code = db_run(work->db, &MAIL_TAKE, DB_VALUES(DB_INT(ret_mail->id)), NULL, error);
    }
    *ret_found = row;
    return code;
}

DB_SQL(MAIL_BEGIN_DATA, "UPDATE mail SET data_begun = 1 WHERE id = $1 AND state = 1");

enum error_code store_mail_begin_data(struct work *work, int64_t id, struct error *error)
{
    return db_run(work->db, &MAIL_BEGIN_DATA, DB_VALUES(DB_INT(id)), NULL, error);
}

DB_SQL(MAIL_SETTLE,
       "UPDATE mail SET state = $2, next_at_ms = $3, error = $4, ended_at_ms = $5, "
       "body = CASE WHEN $5 IS NULL THEN body ELSE '' END WHERE id = $1 AND state = 1");

enum error_code store_mail_settle(struct work *work, const struct store_mail *mail,
                                  struct error *error)
{
    work->wakes |= WORK_WAKE_EVENTS; /* an alert may begin or end with it */
    return db_run(work->db, &MAIL_SETTLE,
                  DB_VALUES(DB_INT(mail->id), DB_INT(mail->state), DB_INT(mail->next_at_ms),
                            DB_TEXT(mail->error.data == NULL ? TEXT("") : mail->error),
                            DB_INT_UNLESS(mail->ended_at_ms, 0)),
                  NULL, error);
}

DB_SQL(MAIL_RECOVER_DOUBT,
       "UPDATE mail SET state = 4, body = '', ended_at_ms = $1, error = 'the server stopped while "
       "the mail was on its way' WHERE state = 1 AND data_begun = 1");
DB_SQL(MAIL_RECOVER, "UPDATE mail SET state = 0, next_at_ms = $1 WHERE state = 1");

enum error_code store_mail_recover(struct work *work, struct error *error)
{
    enum error_code code =
        db_run(work->db, &MAIL_RECOVER_DOUBT, DB_VALUES(DB_INT(work->now_ms)), NULL, error);
    return code == OK
               ? db_run(work->db, &MAIL_RECOVER, DB_VALUES(DB_INT(work->now_ms)), NULL, error)
               : code;
}

DB_SQL(MAIL_HURRY, "UPDATE mail SET next_at_ms = $1 WHERE state = 0 AND next_at_ms > $1");

enum error_code store_mail_hurry(struct work *work, struct error *error)
{
    work->wakes |= WORK_WAKE_MAIL;
    return db_run(work->db, &MAIL_HURRY, DB_VALUES(DB_INT(work->now_ms)), NULL, error);
}

DB_SQL(MAIL_DROP,
       "UPDATE mail SET state = 3, body = '', ended_at_ms = $1, error = $2 WHERE state = 0");

enum error_code store_mail_drop(struct work *work, struct text words, struct error *error)
{
    return db_run(work->db, &MAIL_DROP, DB_VALUES(DB_INT(work->now_ms), DB_TEXT(words)), NULL,
                  error);
}

DB_SQL(MAIL_WAITING_SUM,
       "SELECT count(*), coalesce(max(attempts), 0), coalesce((SELECT error FROM mail "
       "WHERE state = 0 AND error <> '' ORDER BY next_at_ms LIMIT 1), '') FROM mail "
       "WHERE state IN (0, 1)");
DB_SQL(MAIL_NEWEST_END, "SELECT state, error FROM mail WHERE ended_at_ms IS NOT NULL "
                        "ORDER BY ended_at_ms DESC, id DESC LIMIT 1");
DB_SQL(MAIL_NEWEST_SENT, "SELECT coalesce(max(ended_at_ms), 0) FROM mail "
                         "WHERE ended_at_ms IS NOT NULL AND state = 2");

static enum error_code read_newest(struct work *work, struct store_mail_summary *summary,
                                   struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, &MAIL_NEWEST_END, DB_NO_VALUES, &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK && row) {
        summary->last_ended_state = db_int64(statement, 0);
        summary->last_error = db_text_copy(statement, 1, work->arena);
    }
    return code;
}

enum error_code store_mail_summarize(struct work *work, struct store_mail_summary *ret_summary,
                                     struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_mail_summary summary = {.last_ended_state = -1};
    bool row = false;
    enum error_code code = read_newest(work, &summary, error);
    if (code == OK) {
        code = db_find_int64(work->db, &MAIL_NEWEST_SENT, DB_NO_VALUES, &summary.last_sent_at_ms,
                             NULL, error);
    }
    if (code == OK) {
        code = db_query(work->db, &MAIL_WAITING_SUM, DB_NO_VALUES, &statement, error);
    }
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK && row) {
        summary.waiting = db_int64(statement, 0);
        summary.most_attempts = db_int64(statement, 1);
        if (db_text(statement, 2).size > 0) {
            summary.last_error = db_text_copy(statement, 2, work->arena);
        }
    }
    if (code == OK) {
        *ret_summary = summary;
    }
    return code;
}

DB_SQL(MAIL_PRUNE, "DELETE FROM mail WHERE id IN (SELECT id FROM mail WHERE ended_at_ms < $1 "
                   "ORDER BY ended_at_ms LIMIT $2)");

enum error_code store_mail_prune(struct work *work, int64_t before_ms, size_t limit,
                                 struct error *error)
{
    return db_run(work->db, &MAIL_PRUNE, DB_VALUES(DB_INT(before_ms), DB_INT(limit)), NULL, error);
}
