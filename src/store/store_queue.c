/* Lists of messages and the queue in numbers: see store_queue.h. A statement per index and order;
 * the filters behind it are the same everywhere. */
#include "store/store_queue.h"

#include "store/db.h"
#include "store/store_message_internal.h"

enum { CHANNELS_MAX = 1000, MANY_PENDING = 2000 };

#define STATUS_BIT                                                                                 \
    "CASE state WHEN 0 THEN 1 WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 4 WHEN 4 THEN 8 "            \
    "WHEN 5 THEN CASE WHEN rank >= 3 THEN 64 WHEN rank = 2 THEN 32 ELSE 16 END "                   \
    "WHEN 6 THEN 128 WHEN 7 THEN 256 "                                                             \
    "ELSE CASE WHEN reason BETWEEN 20 AND 39 THEN 512 ELSE 1024 END END"

/* $1 statuses, $2 sequence, $3 enrollment, $4 step, $5 channel, $6 contact, $7 from, $8 to,
 * $9 reason, $10 has codes, $11 codes between commas, $12 limit, $13 cursor's id, $14 cursor's due
 * time, $15 moment */
#define FILTER_TIME                                                                                \
    "CASE $15 WHEN 0 THEN due_at_ms WHEN 1 THEN sent_at_ms "                                       \
    "WHEN 2 THEN coalesce(delivered_at_ms, read_at_ms) WHEN 3 THEN read_at_ms "                    \
    "WHEN 4 THEN failed_at_ms WHEN 5 THEN ended_at_ms WHEN 11 THEN replied_at_ms "                 \
    "WHEN 12 THEN opted_out_at_ms END"
#define FILTERS                                                                                    \
    "($1 = 0 OR (" STATUS_BIT ") & $1) AND ($2 = 0 OR sequence_id = $2) "                          \
    "AND ($3 = 0 OR enrollment_id = $3) AND ($4 = 0 OR step_id = $4) "                             \
    "AND ($5 = 0 OR channel_id = $5) AND ($6 = 0 OR contact_id = $6) "                             \
    "AND ($7 = 0 OR " FILTER_TIME " >= $7) AND ($8 = 0 OR " FILTER_TIME " < $8) "                  \
    "AND ($9 = 0 OR reason = $9) AND ($10 = 0 OR instr($11, ',' || error_code || ',')) AND $14 "   \
    ">= 0 "                                                                                        \
    "AND " FILTER_TIME " IS NOT NULL "

/* Plain comparisons, so that a page begins at its place in the index. */
#define NEWEST "AND id < $13 ORDER BY id DESC LIMIT $12"
#define OLDEST "AND id > $13 ORDER BY id LIMIT $12"
#define DUE_FIRST "AND (due_at_ms, id) > ($14, $13) ORDER BY due_at_ms, id LIMIT $12"
#define DUE_LAST "AND (due_at_ms, id) < ($14, $13) ORDER BY due_at_ms DESC, id DESC LIMIT $12"

#define SELECT_FROM(table) "SELECT " MESSAGE_COLUMNS("") " FROM " table " WHERE " FILTERS

/* Each branch names a partial index's own condition, and is left out when none of its statuses is
 * asked for. Those of message_trouble come in the order of ids, so a page takes a page's time. */
#define ROWS_OF(index, bits, condition)                                                            \
    "SELECT * FROM message INDEXED BY " index " WHERE ($1 & " bits ") <> 0 AND " condition
#define IS_TROUBLE "state <> 0 AND state <> 1 AND state <> 2 AND state <> 5 AND state <> 8"
#define TROUBLE(bit, state) ROWS_OF("message_trouble", bit, "state = " state " AND " IS_TROUBLE)
#define TROUBLE_OF_SEQUENCE(bit, state)                                                            \
    ROWS_OF("message_trouble_by_sequence", bit,                                                    \
            "sequence_id = $2 AND state = " state " AND " IS_TROUBLE)
#define OPEN_ROWS                                                                                  \
    "(" ROWS_OF("message_pending", "1", "state IN (0, 1)") " UNION ALL " ROWS_OF(                  \
        "message_sending", "2",                                                                    \
        "state = 2") " UNION ALL " TROUBLE("4", "3") " UNION ALL " TROUBLE("8", "4") ")"
#define BAD_ROWS "(" TROUBLE("128", "6") " UNION ALL " TROUBLE("256", "7") ")"
#define BAD_ROWS_OF_SEQUENCE                                                                       \
    "(" TROUBLE_OF_SEQUENCE("128", "6") " UNION ALL " TROUBLE_OF_SEQUENCE("256", "7") ")"
#define ENROLLMENT_ROWS "(SELECT * FROM message WHERE enrollment_id = $3)"
#define CONTACT_ROWS                                                                               \
    "(SELECT message.* FROM enrollment JOIN message ON message.enrollment_id = enrollment.id "     \
    "WHERE enrollment.contact_id = $6)"
#define SEQUENCE_ROWS "(SELECT * FROM message WHERE sequence_id = $2)"
#define REPLIED_ROWS                                                                               \
    "(SELECT * FROM message INDEXED BY message_replied WHERE replied_at_ms IS NOT NULL)"
#define OPTED_OUT_ROWS                                                                             \
    "(SELECT * FROM message INDEXED BY message_opted_out WHERE opted_out_at_ms IS NOT NULL)"

DB_SQL(QUEUE_ALL_NEWEST, SELECT_FROM("message") NEWEST);
DB_SQL(QUEUE_ALL_OLDEST, SELECT_FROM("message") OLDEST);
DB_SQL(QUEUE_SEQUENCE_NEWEST, SELECT_FROM(SEQUENCE_ROWS) NEWEST);
DB_SQL(QUEUE_SEQUENCE_OLDEST, SELECT_FROM(SEQUENCE_ROWS) OLDEST);
DB_SQL(QUEUE_OPEN_NEWEST, SELECT_FROM(OPEN_ROWS) NEWEST);
DB_SQL(QUEUE_OPEN_OLDEST, SELECT_FROM(OPEN_ROWS) OLDEST);
DB_SQL(QUEUE_OPEN_DUE_FIRST, SELECT_FROM(OPEN_ROWS) DUE_FIRST);
DB_SQL(QUEUE_OPEN_DUE_LAST, SELECT_FROM(OPEN_ROWS) DUE_LAST);
DB_SQL(QUEUE_BAD_NEWEST, SELECT_FROM(BAD_ROWS) NEWEST);
DB_SQL(QUEUE_BAD_OLDEST, SELECT_FROM(BAD_ROWS) OLDEST);
DB_SQL(QUEUE_BAD_DUE_FIRST, SELECT_FROM(BAD_ROWS) DUE_FIRST);
DB_SQL(QUEUE_BAD_DUE_LAST, SELECT_FROM(BAD_ROWS) DUE_LAST);
DB_SQL(QUEUE_BAD_SEQUENCE_NEWEST, SELECT_FROM(BAD_ROWS_OF_SEQUENCE) NEWEST);
DB_SQL(QUEUE_BAD_SEQUENCE_OLDEST, SELECT_FROM(BAD_ROWS_OF_SEQUENCE) OLDEST);
DB_SQL(QUEUE_BAD_SEQUENCE_DUE_FIRST, SELECT_FROM(BAD_ROWS_OF_SEQUENCE) DUE_FIRST);
DB_SQL(QUEUE_BAD_SEQUENCE_DUE_LAST, SELECT_FROM(BAD_ROWS_OF_SEQUENCE) DUE_LAST);
DB_SQL(QUEUE_ENROLLMENT_NEWEST, SELECT_FROM(ENROLLMENT_ROWS) NEWEST);
DB_SQL(QUEUE_ENROLLMENT_OLDEST, SELECT_FROM(ENROLLMENT_ROWS) OLDEST);
DB_SQL(QUEUE_ENROLLMENT_DUE_FIRST, SELECT_FROM(ENROLLMENT_ROWS) DUE_FIRST);
DB_SQL(QUEUE_ENROLLMENT_DUE_LAST, SELECT_FROM(ENROLLMENT_ROWS) DUE_LAST);
DB_SQL(QUEUE_CONTACT_NEWEST, SELECT_FROM(CONTACT_ROWS) NEWEST);
DB_SQL(QUEUE_CONTACT_OLDEST, SELECT_FROM(CONTACT_ROWS) OLDEST);
DB_SQL(QUEUE_CONTACT_DUE_FIRST, SELECT_FROM(CONTACT_ROWS) DUE_FIRST);
DB_SQL(QUEUE_CONTACT_DUE_LAST, SELECT_FROM(CONTACT_ROWS) DUE_LAST);
DB_SQL(QUEUE_REPLIED_NEWEST, SELECT_FROM(REPLIED_ROWS) NEWEST);
DB_SQL(QUEUE_REPLIED_OLDEST, SELECT_FROM(REPLIED_ROWS) OLDEST);
DB_SQL(QUEUE_OPTED_OUT_NEWEST, SELECT_FROM(OPTED_OUT_ROWS) NEWEST);
DB_SQL(QUEUE_OPTED_OUT_OLDEST, SELECT_FROM(OPTED_OUT_ROWS) OLDEST);

enum set {
    SET_ALL,
    SET_SEQUENCE,
    SET_OPEN,
    SET_BAD,
    SET_BAD_SEQUENCE,
    SET_ENROLLMENT,
    SET_CONTACT,
    SET_REPLIED,
    SET_OPTED_OUT,
};

static struct db_sql *const STATEMENTS[][4] = {
    [SET_ALL] = {&QUEUE_ALL_NEWEST, &QUEUE_ALL_OLDEST, &QUEUE_ALL_OLDEST, &QUEUE_ALL_NEWEST},
    [SET_SEQUENCE] = {&QUEUE_SEQUENCE_NEWEST, &QUEUE_SEQUENCE_OLDEST, &QUEUE_SEQUENCE_OLDEST,
                      &QUEUE_SEQUENCE_NEWEST},
    [SET_OPEN] = {&QUEUE_OPEN_NEWEST, &QUEUE_OPEN_OLDEST, &QUEUE_OPEN_DUE_FIRST,
                  &QUEUE_OPEN_DUE_LAST},
    [SET_BAD] = {&QUEUE_BAD_NEWEST, &QUEUE_BAD_OLDEST, &QUEUE_BAD_DUE_FIRST, &QUEUE_BAD_DUE_LAST},
    [SET_BAD_SEQUENCE] = {&QUEUE_BAD_SEQUENCE_NEWEST, &QUEUE_BAD_SEQUENCE_OLDEST,
                          &QUEUE_BAD_SEQUENCE_DUE_FIRST, &QUEUE_BAD_SEQUENCE_DUE_LAST},
    [SET_ENROLLMENT] = {&QUEUE_ENROLLMENT_NEWEST, &QUEUE_ENROLLMENT_OLDEST,
                        &QUEUE_ENROLLMENT_DUE_FIRST, &QUEUE_ENROLLMENT_DUE_LAST},
    [SET_CONTACT] = {&QUEUE_CONTACT_NEWEST, &QUEUE_CONTACT_OLDEST, &QUEUE_CONTACT_DUE_FIRST,
                     &QUEUE_CONTACT_DUE_LAST},
    [SET_REPLIED] = {&QUEUE_REPLIED_NEWEST, &QUEUE_REPLIED_OLDEST, &QUEUE_REPLIED_OLDEST,
                     &QUEUE_REPLIED_NEWEST},
    [SET_OPTED_OUT] = {&QUEUE_OPTED_OUT_NEWEST, &QUEUE_OPTED_OUT_OLDEST, &QUEUE_OPTED_OUT_OLDEST,
                       &QUEUE_OPTED_OUT_NEWEST},
};

DB_SQL(QUEUE_PENDING_COUNT, "SELECT count(*) FROM (SELECT 1 FROM message INDEXED BY "
                            "message_pending WHERE state IN (0, 1) LIMIT $1)");

/* Pending messages have no index by id. Few are sorted; many are found soon by walking all messages
 * from either end. */
static enum error_code has_many_pending(struct work *work, const struct store_queue_filter *filter,
                                        bool *ret_many, struct error *error)
{
    int64_t count = 0;
    bool by_id = filter->order == QUEUE_NEWEST || filter->order == QUEUE_OLDEST;
    *ret_many = false;
    if (!by_id || (filter->statuses & QUEUE_PENDING) == 0) {
        return OK;
    }
    enum error_code code = db_find_int64(work->db, &QUEUE_PENDING_COUNT,
                                         DB_VALUES(DB_INT(MANY_PENDING)), &count, NULL, error);
    *ret_many = code == OK && count == MANY_PENDING;
    return code;
}

static enum set choose_set(const struct store_queue_filter *filter, bool many_pending)
{
    int64_t statuses = filter->statuses;
    if (filter->enrollment_id != 0) {
        return SET_ENROLLMENT;
    }
    if (filter->contact_id != 0) {
        return SET_CONTACT;
    }
    if (filter->answer != QUEUE_ANY_ANSWER) {
        return filter->answer == QUEUE_REPLIED ? SET_REPLIED : SET_OPTED_OUT;
    }
    if (statuses != 0 && (statuses & ~(int64_t)QUEUE_OPEN) == 0 && !many_pending) {
        return SET_OPEN;
    }
    if (statuses != 0 && (statuses & ~(int64_t)(QUEUE_FAILED | QUEUE_UNKNOWN)) == 0) {
        return filter->sequence_id != 0 ? SET_BAD_SEQUENCE : SET_BAD;
    }
    return filter->sequence_id != 0 ? SET_SEQUENCE : SET_ALL;
}

/* What $15 is: an enum store_queue_moment, or 10 and an enum store_queue_answer. */
static int64_t moment_of(const struct store_queue_filter *filter)
{
    return filter->answer == QUEUE_ANY_ANSWER ? (int64_t)filter->moment
                                              : 10 + (int64_t)filter->answer;
}

enum error_code store_queue_list(struct work *work, const struct store_queue_filter *filter,
                                 size_t limit, struct store_message **ret_messages,
                                 size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_message *messages = arena_array(work->arena, limit + 1, sizeof(*messages));
    size_t count = 0;
    bool row = true;
    bool many = false;
    bool falling = filter->order == QUEUE_NEWEST || filter->order == QUEUE_DUE_LAST;
    bool from_end = falling && filter->after_id == 0;
    enum error_code code = has_many_pending(work, filter, &many, error);
    if (code != OK) {
        return code;
    }
    code = db_query(
        work->db, STATEMENTS[choose_set(filter, many)][filter->order],
        DB_VALUES(DB_INT(filter->statuses), DB_INT(filter->sequence_id),
                  DB_INT(filter->enrollment_id), DB_INT(filter->step_id),
                  DB_INT(filter->channel_id), DB_INT(filter->contact_id), DB_INT(filter->from_ms),
                  DB_INT(filter->to_ms), DB_INT(filter->reason),
                  DB_INT(filter->error_codes[0] != '\0'), DB_CHARS(filter->error_codes),
                  DB_INT(limit), DB_INT(from_end ? INT64_MAX : filter->after_id),
                  DB_INT(from_end ? INT64_MAX : filter->after_due_ms), DB_INT(moment_of(filter))),
        &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < limit);
        store_message_read(statement, &messages[count++]);
    }
    if (code == OK) {
        *ret_messages = messages;
        *ret_count = count;
    }
    return code;
}

DB_SQL(QUEUE_CHANNELS,
       "SELECT channel_id, count(*), coalesce(sum(next_at_ms <= $1), 0), min(next_at_ms) "
       "FROM message INDEXED BY message_pending WHERE state IN (0, 1) GROUP BY channel_id "
       "LIMIT $2");
DB_SQL(QUEUE_COUNT_SENDING, "SELECT count(*) FROM message WHERE state = 2");
DB_SQL(QUEUE_COUNT_DOUBT, "SELECT count(*) FROM message WHERE state = 3");
DB_SQL(QUEUE_COUNT_HELD, "SELECT count(*) FROM message WHERE state = 4");
DB_SQL(QUEUE_NEXT_DUE, "SELECT coalesce(min(due_at_ms), 0) FROM due");

static enum error_code read_channels(struct work *work, struct store_queue_totals *totals,
                                     struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = true;
    totals->channels = arena_array(work->arena, CHANNELS_MAX, sizeof(*totals->channels));
    enum error_code code =
        db_query(work->db, &QUEUE_CHANNELS, DB_VALUES(DB_INT(work->now_ms), DB_INT(CHANNELS_MAX)),
                 &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(totals->channel_count < CHANNELS_MAX);
        totals->channels[totals->channel_count++] = (struct store_queue_channel){
            .channel_id = db_int64(statement, 0),
            .pending = db_int64(statement, 1),
            .due = db_int64(statement, 2),
            .next_at_ms = db_int64(statement, 3),
        };
    }
    return code;
}

enum error_code store_queue_totals(struct work *work, struct store_queue_totals *ret_totals,
                                   struct error *error)
{
    struct store_queue_totals totals = {0};
    const struct {
        struct db_sql *sql;
        int64_t *value;
    } COUNTS[] = {
        {&QUEUE_COUNT_SENDING, &totals.sending},
        {&QUEUE_COUNT_DOUBT, &totals.in_doubt},
        {&QUEUE_COUNT_HELD, &totals.held},
        {&QUEUE_NEXT_DUE, &totals.next_due_at_ms},
    };
    enum error_code code = read_channels(work, &totals, error);
    for (size_t i = 0; i < ARRAY_SIZE(COUNTS) && code == OK; i++) {
        code = db_find_int64(work->db, COUNTS[i].sql, DB_NO_VALUES, COUNTS[i].value, NULL, error);
    }
    if (code == OK) {
        *ret_totals = totals;
    }
    return code;
}
