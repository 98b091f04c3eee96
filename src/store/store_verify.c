/* The statements behind `verify`: see store_verify.h. They read whole tables; nothing on the hot
 * path calls them. */
#include "store/store_verify.h"

#include "store/db.h"

DB_SQL(VERIFY_PEOPLE,
       "SELECT e.id, e.status, e.position, e.shift_days, e.enrolled_at_ms, e.status_reason, "
       "c.timezone, m.id, m.step_id, m.state, m.rank, m.reason, m.error_code, "
       "m.replied_at_ms IS NOT NULL, m.opted_out_at_ms IS NOT NULL, e.order_minute "
       "FROM enrollment e LEFT JOIN contact c ON c.id = e.contact_id "
       "LEFT JOIN message m ON m.enrollment_id = e.id "
       "WHERE e.sequence_id = $1 ORDER BY e.id, m.step_id");

enum error_code store_verify_people(struct work *work, int64_t sequence_id,
                                    enum error_code (*visit)(void *context,
                                                             const struct store_verify_row *row,
                                                             struct error *error),
                                    void *context, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool more = true;
    enum error_code code =
        db_query(work->db, &VERIFY_PEOPLE, DB_VALUES(DB_INT(sequence_id)), &statement, error);
    while (code == OK && more) {
        code = db_next(statement, &more, error);
        if (code == OK && more) {
            struct store_verify_row row = {
                .person = {.enrollment_id = db_int64(statement, 0),
                           .sequence_id = sequence_id,
                           .status = db_int64(statement, 1),
                           .position = db_int64(statement, 2),
                           .shift_days = db_int64(statement, 3),
                           .enrolled_at_ms = db_int64(statement, 4),
                           .status_reason = db_text(statement, 5),
                           .timezone = db_text(statement, 6),
                           .order_minute = db_int64(statement, 15)},
                .message = {.id = db_int64(statement, 7),
                            .enrollment_id = db_int64(statement, 0),
                            .sequence_id = sequence_id,
                            .step_id = db_int64(statement, 8),
                            .state = (enum message_state)db_int64(statement, 9),
                            .rank = (enum message_rank)db_int64(statement, 10),
                            .reason = (enum message_reason)db_int64(statement, 11),
                            .error_code = db_int64(statement, 12)},
                .replied = db_int64(statement, 13) != 0,
                .opted_out = db_int64(statement, 14) != 0,
            };
            code = visit(context, &row, error);
        }
    }
    return code;
}

DB_SQL(VERIFY_SEQUENCE_COUNT, "SELECT count(*) FROM sequence");
DB_SQL(VERIFY_SEQUENCES, "SELECT id FROM sequence ORDER BY id");

/* Reads one column of ids. */
static enum error_code read_ids(struct work *work, struct db_statement *statement, size_t capacity,
                                int64_t **ret_ids, size_t *ret_count, struct error *error)
{
    int64_t *ids = arena_array(work->arena, capacity + 1, sizeof(*ids));
    size_t count = 0;
    bool row = true;
    enum error_code code = OK;
    while (code == OK && row && count < capacity) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            ids[count++] = db_int64(statement, 0);
        }
    }
    if (code == OK) {
        *ret_ids = ids;
        *ret_count = count;
    }
    return code;
}

enum error_code store_verify_sequences(struct work *work, int64_t **ret_ids, size_t *ret_count,
                                       struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    int64_t expected = 0;
    enum error_code code =
        db_find_int64(work->db, &VERIFY_SEQUENCE_COUNT, DB_NO_VALUES, &expected, NULL, error);
    if (code == OK) {
        code = db_query(work->db, &VERIFY_SEQUENCES, DB_NO_VALUES, &statement, error);
    }
    return code == OK ? read_ids(work, statement, (size_t)expected, ret_ids, ret_count, error)
                      : code;
}

DB_SQL(VERIFY_FORGOTTEN,
       "SELECT e.id FROM enrollment e JOIN sequence s ON s.id = e.sequence_id "
       "WHERE e.id > $1 AND e.status = 0 AND s.status = 1 AND s.removed_at_ms IS NULL "
       "AND e.next_due_at_ms IS NULL AND NOT EXISTS (SELECT 1 FROM message m "
       "WHERE m.enrollment_id = e.id AND m.state <= 4) "
       /* An edit under way (waiting or running) plans them when it comes to them. The three states
        * are named as the partial index batch_open names them, or it would not be used; 6, being
        * undone, is taken out again. */
       "AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.state IN (0, 1, 6) AND b.state <> 6 "
       "AND b.kind = 'edit' AND b.sequence_id = e.sequence_id AND b.cursor < e.id) "
       "ORDER BY e.id LIMIT $2");

enum error_code store_verify_forgotten(struct work *work, int64_t after_id, size_t limit,
                                       int64_t **ret_ids, size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    enum error_code code = db_query(work->db, &VERIFY_FORGOTTEN,
                                    DB_VALUES(DB_INT(after_id), DB_INT(limit)), &statement, error);
    return code == OK ? read_ids(work, statement, limit, ret_ids, ret_count, error) : code;
}

DB_SQL(VERIFY_COUNTERS_CLEAR, "DELETE FROM counter WHERE sequence_id = $1 AND step_id = $2");

enum error_code store_verify_counters_clear(struct work *work, int64_t sequence_id, int64_t step_id,
                                            struct error *error)
{
    return db_run(work->db, &VERIFY_COUNTERS_CLEAR, DB_VALUES(DB_INT(sequence_id), DB_INT(step_id)),
                  NULL, error);
}

/* What is counted of messages where there is none; 0, 4 and 5 count what never came, too. */
DB_SQL(VERIFY_COUNTERS_STRAY,
       "DELETE FROM counter WHERE sequence_id = $1 AND step_id <> 0 AND outcome NOT IN (0, 4, 5) "
       "AND NOT EXISTS (SELECT 1 FROM message m WHERE m.sequence_id = counter.sequence_id "
       "AND m.step_id = counter.step_id)");

enum error_code store_verify_counters_stray(struct work *work, int64_t sequence_id,
                                            struct error *error)
{
    return db_run(work->db, &VERIFY_COUNTERS_STRAY, DB_VALUES(DB_INT(sequence_id)), NULL, error);
}

DB_SQL(VERIFY_COUNTER_SET, "INSERT INTO counter (sequence_id, step_id, outcome, reason, count) "
                           "VALUES ($1, $2, $3, $4, $5)");

enum error_code store_verify_counter_set(struct work *work, int64_t sequence_id, int64_t step_id,
                                         int64_t outcome, int64_t reason, int64_t count,
                                         struct error *error)
{
    return db_run(work->db, &VERIFY_COUNTER_SET,
                  DB_VALUES(DB_INT(sequence_id), DB_INT(step_id), DB_INT(outcome), DB_INT(reason),
                            DB_INT(count)),
                  NULL, error);
}

/* --- checks of one statement ------------------------------------------------------------------ */

DB_SQL(CHECK_DUPLICATES, "SELECT count(*) FROM message WHERE duplicates > 0");
DB_SQL(CHECK_TWO_ACCEPTED, "SELECT count(*) FROM (SELECT message_id FROM attempt WHERE result = 4 "
                           "GROUP BY message_id HAVING count(DISTINCT provider_id) > 1) AS twice");
DB_SQL(CHECK_TWO_LIVE, "SELECT count(*) FROM (SELECT 1 FROM enrollment WHERE live = 1 "
                       "GROUP BY contact_id, sequence_id HAVING count(*) > 1) AS twice");
DB_SQL(CHECK_ACCEPTED_WITHOUT_PROOF,
       "SELECT count(*) FROM message m WHERE m.state = 5 AND m.attempts > 0 AND NOT EXISTS "
       "(SELECT 1 FROM attempt a WHERE a.message_id = m.id AND a.result = 4)");
DB_SQL(CHECK_FAILED_WITH_DOUBT,
       "SELECT count(*) FROM message m WHERE m.state = 6 AND m.reason <> 43 AND EXISTS "
       "(SELECT 1 FROM attempt a WHERE a.message_id = m.id AND a.result IN (0, 3))");
DB_SQL(CHECK_ENDED_PENDING,
       "SELECT count(*) FROM message m JOIN enrollment e ON e.id = m.enrollment_id "
       "WHERE m.state IN (0, 1) AND e.live IS NULL");
/* Texts of ended messages go after a while, those of a forgotten person at once. */
DB_SQL(CHECK_NO_BODY, "SELECT count(*) FROM message m WHERE m.state < 5 AND NOT EXISTS "
                      "(SELECT 1 FROM message_body b WHERE b.message_id = m.id) AND NOT EXISTS "
                      "(SELECT 1 FROM contact c WHERE c.id = m.contact_id AND c.erased = 1)");
DB_SQL(CHECK_NO_CONTACT, "SELECT count(*) FROM enrollment e WHERE NOT EXISTS "
                         "(SELECT 1 FROM contact c WHERE c.id = e.contact_id)");
DB_SQL(CHECK_NO_TIME, "SELECT count(*) FROM message WHERE state IN (0, 1) AND next_at_ms IS NULL");
DB_SQL(REPAIR_NO_TIME,
       "UPDATE message SET next_at_ms = due_at_ms WHERE state IN (0, 1) AND next_at_ms IS NULL");
DB_SQL(CHECK_DUE_STRAY,
       "SELECT count(*) FROM due d WHERE NOT EXISTS (SELECT 1 FROM enrollment e "
       "WHERE e.id = d.enrollment_id AND e.next_due_at_ms = d.due_at_ms AND e.status = 0)");
DB_SQL(REPAIR_DUE_STRAY,
       "DELETE FROM due WHERE NOT EXISTS (SELECT 1 FROM enrollment e "
       "WHERE e.id = due.enrollment_id AND e.next_due_at_ms = due.due_at_ms AND e.status = 0)");
DB_SQL(CHECK_DUE_MISSING,
       "SELECT count(*) FROM enrollment e WHERE e.next_due_at_ms IS NOT NULL AND e.status = 0 "
       "AND NOT EXISTS (SELECT 1 FROM due d WHERE d.due_at_ms = e.next_due_at_ms "
       "AND d.enrollment_id = e.id)");
DB_SQL(REPAIR_DUE_MISSING,
       "INSERT INTO due (due_at_ms, enrollment_id) SELECT e.next_due_at_ms, e.id FROM enrollment e "
       "WHERE e.next_due_at_ms IS NOT NULL AND e.status = 0 AND NOT EXISTS (SELECT 1 FROM due d "
       "WHERE d.due_at_ms = e.next_due_at_ms AND d.enrollment_id = e.id)");
DB_SQL(CHECK_CHANNEL_PEOPLE,
       "SELECT count(*) FROM channel_people p WHERE p.people <> "
       "(SELECT count(*) FROM channel_person c WHERE c.channel_id = p.channel_id)");
DB_SQL(REPAIR_CHANNEL_PEOPLE,
       "UPDATE channel_people SET people = "
       "(SELECT count(*) FROM channel_person c WHERE c.channel_id = channel_people.channel_id)");

/* --- counters by time --------------------------------------------------------------------------
 */

/* What happened is written down once and never taken back, also when the rows it happened to go on
 * to something else: so these tables are held against each other. `counter_time` has each quarter
 * of an hour of each sequence, the same of all together, and the hours and days of both. */
#define TIME_COLUMNS                                                                               \
    "sent, failed, skipped, cancelled, unknown, delivered, read, replied, opted_out, enrolled, "   \
    "completed"
#define TIME_COLUMNS_LESS                                                                          \
    "-sent, -failed, -skipped, -cancelled, -unknown, -delivered, -read, -replied, -opted_out, "    \
    "-enrolled, -completed"
/* Opt-outs of people in no sequence are in no sequence's row: all together may have more. */
#define TIME_SUMS_DIFFER                                                                           \
    "sum(sent) <> 0 OR sum(failed) <> 0 OR sum(skipped) <> 0 OR sum(cancelled) <> 0 "              \
    "OR sum(unknown) <> 0 OR sum(delivered) <> 0 OR sum(read) <> 0 OR sum(replied) <> 0 "          \
    "OR sum(enrolled) <> 0 OR sum(completed) <> 0 "
#define TIME_ADD                                                                                   \
    "ON CONFLICT (sequence_id, width, at_ms) DO UPDATE SET sent = counter_time.sent + "            \
    "excluded.sent, failed = counter_time.failed + excluded.failed, "                              \
    "skipped = counter_time.skipped + excluded.skipped, "                                          \
    "cancelled = counter_time.cancelled + excluded.cancelled, "                                    \
    "unknown = counter_time.unknown + excluded.unknown, "                                          \
    "delivered = counter_time.delivered + excluded.delivered, "                                    \
    "read = counter_time.read + excluded.read, "                                                   \
    "replied = counter_time.replied + excluded.replied, "                                          \
    "opted_out = counter_time.opted_out + excluded.opted_out, "                                    \
    "enrolled = counter_time.enrolled + excluded.enrolled, "                                       \
    "completed = counter_time.completed + excluded.completed"
#define FAILURE_ADD                                                                                \
    "ON CONFLICT (sequence_id, width, at_ms, reason) "                                             \
    "DO UPDATE SET count = counter_failure.count + excluded.count"
#define WIDER "(SELECT 1 AS wider, 3600000 AS size UNION ALL SELECT 2, 86400000)"
#define WIDER_START "at_ms - ((at_ms % size) + size) % size"

#define TIME_TOGETHER                                                                              \
    "FROM (SELECT at_ms, " TIME_COLUMNS " FROM counter_time WHERE width = 0 AND sequence_id <> 0 " \
    "UNION ALL SELECT at_ms, " TIME_COLUMNS_LESS " FROM counter_time "                             \
    "WHERE width = 0 AND sequence_id = 0) WHERE true GROUP BY at_ms "                              \
    "HAVING " TIME_SUMS_DIFFER "OR sum(opted_out) > 0 "
DB_SQL(CHECK_TIME_TOGETHER, "SELECT count(*) FROM (SELECT 1 " TIME_TOGETHER ")");
DB_SQL(REPAIR_TIME_TOGETHER,
       "INSERT INTO counter_time (sequence_id, width, at_ms, " TIME_COLUMNS ") "
       "SELECT 0, 0, at_ms, sum(sent), sum(failed), sum(skipped), sum(cancelled), sum(unknown), "
       "sum(delivered), sum(read), sum(replied), max(sum(opted_out), 0), sum(enrolled), "
       "sum(completed) " TIME_TOGETHER TIME_ADD);

#define TIME_WIDER                                                                                 \
    "FROM (SELECT sequence_id, wider AS width, " WIDER_START " AS at_ms, " TIME_COLUMNS            \
    " FROM counter_time JOIN " WIDER " WHERE width = 0 "                                           \
    "UNION ALL SELECT sequence_id, width, at_ms, " TIME_COLUMNS_LESS                               \
    " FROM counter_time WHERE width > 0) WHERE true GROUP BY sequence_id, width, at_ms "           \
    "HAVING " TIME_SUMS_DIFFER "OR sum(opted_out) <> 0 "
DB_SQL(CHECK_TIME_WIDER, "SELECT count(*) FROM (SELECT 1 " TIME_WIDER ")");
DB_SQL(REPAIR_TIME_WIDER,
       "INSERT INTO counter_time (sequence_id, width, at_ms, " TIME_COLUMNS ") "
       "SELECT sequence_id, width, at_ms, sum(sent), sum(failed), sum(skipped), sum(cancelled), "
       "sum(unknown), sum(delivered), sum(read), sum(replied), sum(opted_out), sum(enrolled), "
       "sum(completed) " TIME_WIDER TIME_ADD);

#define FAILURE_TOGETHER                                                                           \
    "FROM (SELECT at_ms, reason, count FROM counter_failure WHERE width = 0 AND sequence_id <> 0 " \
    "UNION ALL SELECT at_ms, reason, -count FROM counter_failure "                                 \
    "WHERE width = 0 AND sequence_id = 0) WHERE true GROUP BY at_ms, reason "                      \
    "HAVING sum(count) <> 0 "
DB_SQL(CHECK_FAILURE_TOGETHER, "SELECT count(*) FROM (SELECT 1 " FAILURE_TOGETHER ")");
DB_SQL(REPAIR_FAILURE_TOGETHER,
       "INSERT INTO counter_failure (sequence_id, width, at_ms, reason, count) "
       "SELECT 0, 0, at_ms, reason, sum(count) " FAILURE_TOGETHER FAILURE_ADD);

#define FAILURE_WIDER                                                                              \
    "FROM (SELECT sequence_id, wider AS width, " WIDER_START " AS at_ms, reason, count "           \
    "FROM counter_failure JOIN " WIDER " WHERE width = 0 "                                         \
    "UNION ALL SELECT sequence_id, width, at_ms, reason, -count FROM counter_failure "             \
    "WHERE width > 0) WHERE true GROUP BY sequence_id, width, at_ms, reason "                      \
    "HAVING sum(count) <> 0 "
DB_SQL(CHECK_FAILURE_WIDER, "SELECT count(*) FROM (SELECT 1 " FAILURE_WIDER ")");
DB_SQL(REPAIR_FAILURE_WIDER,
       "INSERT INTO counter_failure (sequence_id, width, at_ms, reason, count) "
       "SELECT sequence_id, width, at_ms, reason, sum(count) " FAILURE_WIDER FAILURE_ADD);

/* Every failure is counted by its moment twice, once with its reason. */
DB_SQL(CHECK_FAILURES,
       "SELECT count(*) FROM (SELECT 1 FROM (SELECT sequence_id, width, at_ms, failed AS count "
       "FROM counter_time UNION ALL SELECT sequence_id, width, at_ms, -count FROM counter_failure) "
       "GROUP BY sequence_id, width, at_ms HAVING sum(count) <> 0)");
DB_SQL(REPAIR_FAILURES,
       "INSERT INTO counter_failure (sequence_id, width, at_ms, reason, count) "
       "SELECT sequence_id, width, at_ms, 0, sum(count) FROM (SELECT sequence_id, width, at_ms, "
       "failed AS count FROM counter_time UNION ALL "
       "SELECT sequence_id, width, at_ms, -count FROM counter_failure) WHERE true "
       "GROUP BY sequence_id, width, at_ms HAVING sum(count) <> 0 "
       "ON CONFLICT (sequence_id, width, at_ms, reason) "
       "DO UPDATE SET count = counter_failure.count + excluded.count");

static const struct check_row {
    struct store_check check;
    struct db_sql *count;
    struct db_sql *repair;
} CHECKS[] = {
    {{"sent_twice", "messages that the provider accepted more than once", CHECK_WRONG},
     &CHECK_DUPLICATES,
     NULL},
    {{"two_provider_ids", "messages with two accepted attempts", CHECK_WRONG},
     &CHECK_TWO_ACCEPTED,
     NULL},
    {{"enrolled_twice", "people who are in one sequence twice", CHECK_WRONG},
     &CHECK_TWO_LIVE,
     NULL},
    {{"sent_without_attempt", "messages called sent without an accepted attempt", CHECK_WRONG},
     &CHECK_ACCEPTED_WITHOUT_PROOF,
     NULL},
    {{"failed_with_doubt", "messages called failed although an attempt may have arrived",
      CHECK_WRONG},
     &CHECK_FAILED_WITH_DOUBT,
     NULL},
    {{"pending_after_end", "messages that wait for people who have left their sequence",
      CHECK_WRONG},
     &CHECK_ENDED_PENDING,
     NULL},
    {{"no_body", "messages without their text", CHECK_WRONG}, &CHECK_NO_BODY, NULL},
    {{"no_contact", "enrollments without their person", CHECK_WRONG}, &CHECK_NO_CONTACT, NULL},
    {{"no_time", "waiting messages without a time", CHECK_REPAIRABLE},
     &CHECK_NO_TIME,
     &REPAIR_NO_TIME},
    {{"due_stray", "due times that belong to nobody", CHECK_REPAIRABLE},
     &CHECK_DUE_STRAY,
     &REPAIR_DUE_STRAY},
    {{"due_missing", "people whose next message would be forgotten", CHECK_REPAIRABLE},
     &CHECK_DUE_MISSING,
     &REPAIR_DUE_MISSING},
    {{"channel_people", "channels whose people of the last day are counted wrong",
      CHECK_REPAIRABLE},
     &CHECK_CHANNEL_PEOPLE,
     &REPAIR_CHANNEL_PEOPLE},
    /* In this order: each is put right by what was put right before it. */
    {{"times_together", "quarters of an hour in which the sequences do not add up to their sum",
      CHECK_REPAIRABLE},
     &CHECK_TIME_TOGETHER,
     &REPAIR_TIME_TOGETHER},
    {{"times", "hours and days that are not the sum of their quarters", CHECK_REPAIRABLE},
     &CHECK_TIME_WIDER,
     &REPAIR_TIME_WIDER},
    {{"failures_together",
      "quarters of an hour in which failures by reason do not add up to their sum",
      CHECK_REPAIRABLE},
     &CHECK_FAILURE_TOGETHER,
     &REPAIR_FAILURE_TOGETHER},
    {{"failures_by_time", "hours and days whose failures by reason are not those of their quarters",
      CHECK_REPAIRABLE},
     &CHECK_FAILURE_WIDER,
     &REPAIR_FAILURE_WIDER},
    {{"failures", "stretches of time whose failures do not add up by reason", CHECK_REPAIRABLE},
     &CHECK_FAILURES,
     &REPAIR_FAILURES},
};

size_t store_check_count(void)
{
    return ARRAY_SIZE(CHECKS);
}

const struct store_check *store_check_at(size_t index)
{
    return &CHECKS[index].check;
}

enum error_code store_check_run(struct work *work, size_t index, int64_t *ret_count,
                                struct error *error)
{
    return db_find_int64(work->db, CHECKS[index].count, DB_NO_VALUES, ret_count, NULL, error);
}

enum error_code store_check_repair(struct work *work, size_t index, int64_t *ret_changed,
                                   struct error *error)
{
    CHECK(CHECKS[index].repair != NULL);
    return db_run(work->db, CHECKS[index].repair, DB_NO_VALUES, ret_changed, error);
}
