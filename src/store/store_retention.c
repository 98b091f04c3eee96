/* Deletes texts that are kept no longer. Bodies lie in the order of time, so a look at the oldest
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
