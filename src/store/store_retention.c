/* Deletes what is kept no longer. Bodies lie in the order of time, so a look at the oldest
 * few thousand is enough each time; the open messages among them are few. */
#include "store/store_retention.h"

#include "store/db.h"

DB_SQL(RETENTION_BODIES,
       "DELETE FROM message_body WHERE message_id IN (SELECT m.id FROM (SELECT message_id "
       "FROM message_body ORDER BY message_id LIMIT $2) AS oldest JOIN message AS m "
       "ON m.id = oldest.message_id WHERE m.state >= 5 "
       "AND coalesce(m.ended_at_ms, m.created_at_ms) < $1)");

enum error_code store_retention_bodies(struct work *work, int64_t before_ms, size_t limit,
                                       int64_t *ret_deleted, struct error *error)
{
    return db_run(work->db, &RETENTION_BODIES, DB_VALUES(DB_INT(before_ms), DB_INT(limit)),
                  ret_deleted, error);
}

DB_SQL(RETENTION_INBOUND,
       "UPDATE inbound_message SET text = '' WHERE id IN (SELECT id FROM inbound_message "
       "WHERE received_at_ms < $1 AND text <> '' ORDER BY id LIMIT $2)");

enum error_code store_retention_inbound(struct work *work, int64_t before_ms, size_t limit,
                                        int64_t *ret_deleted, struct error *error)
{
    return db_run(work->db, &RETENTION_INBOUND, DB_VALUES(DB_INT(before_ms), DB_INT(limit)),
                  ret_deleted, error);
}

DB_SQL(RETENTION_ORPHANS,
       "DELETE FROM orphan_event WHERE id IN (SELECT id FROM (SELECT id, received_at_ms "
       "FROM orphan_event ORDER BY id LIMIT $2) AS oldest WHERE oldest.received_at_ms < $1)");

enum error_code store_retention_orphans(struct work *work, int64_t before_ms, size_t limit,
                                        int64_t *ret_deleted, struct error *error)
{
    return db_run(work->db, &RETENTION_ORPHANS, DB_VALUES(DB_INT(before_ms), DB_INT(limit)),
                  ret_deleted, error);
}

DB_SQL(RETENTION_AUDIT_TERM, "UPDATE audit_term SET before_at_ms = max(before_at_ms, $1)");
DB_SQL(RETENTION_AUDIT, "DELETE FROM audit WHERE id IN (SELECT id FROM (SELECT id, at_ms "
                        "FROM audit ORDER BY id LIMIT $2) AS oldest WHERE oldest.at_ms < $1)");

enum error_code store_retention_audit(struct work *work, int64_t before_ms, size_t limit,
                                      int64_t *ret_deleted, struct error *error)
{
    enum error_code code =
        db_run(work->db, &RETENTION_AUDIT_TERM, DB_VALUES(DB_INT(before_ms)), NULL, error);
    return code == OK ? db_run(work->db, &RETENTION_AUDIT,
                               DB_VALUES(DB_INT(before_ms), DB_INT(limit)), ret_deleted, error)
                      : code;
}
