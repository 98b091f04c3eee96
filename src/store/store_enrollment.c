/* Enrollments: made one by one or by the million, listed by cursor, removed when an import is
 * undone. What moves them on is store_progress.c. */
#include "store/store_enrollment.h"

#include "base/buffer.h"
#include "store/db.h"

#define VIEW_COLUMNS                                                                               \
    "e.id, e.sequence_id, e.contact_id, e.status, e.position, e.shift_days, e.messages_sent, "     \
    "e.next_due_at_ms, e.enrolled_at_ms, e.last_sent_at_ms, e.paused_at_ms, e.ended_at_ms, "       \
    "e.batch_id, e.source, e.status_reason, e.created_at_ms, c.phone, c.name, c.fields, "          \
    "c.timezone, c.timezone_source, s.name, "                                                      \
    "(SELECT count(*) FROM step p WHERE p.sequence_id = e.sequence_id "                            \
    "AND p.removed_at_ms IS NULL), "                                                               \
    "(SELECT min(m.due_at_ms) FROM message m WHERE m.enrollment_id = e.id AND m.state < 5)"
#define VIEW_TABLES                                                                                \
    " FROM enrollment e JOIN contact c ON c.id = e.contact_id "                                    \
    "JOIN sequence s ON s.id = e.sequence_id "

static void read_view(struct work *work, struct db_statement *statement,
                      struct store_enrollment_view *ret_view)
{
    *ret_view = (struct store_enrollment_view){
        .enrollment =
            {
                .id = db_int64(statement, 0),
                .sequence_id = db_int64(statement, 1),
                .contact_id = db_int64(statement, 2),
                .status = (enum enrollment_status)db_int64(statement, 3),
                .position = db_int64(statement, 4),
                .shift_days = db_int64(statement, 5),
                .messages_sent = db_int64(statement, 6),
                .next_due_at_ms = db_int64(statement, 7),
                .enrolled_at_ms = db_int64(statement, 8),
                .last_sent_at_ms = db_int64(statement, 9),
                .paused_at_ms = db_int64(statement, 10),
                .ended_at_ms = db_int64(statement, 11),
                .batch_id = db_int64(statement, 12),
                .source = db_text_copy(statement, 13, work->arena),
                .status_reason = db_text_copy(statement, 14, work->arena),
                .created_at_ms = db_int64(statement, 15),
            },
        .phone = db_int64(statement, 16),
        .name = db_text_copy(statement, 17, work->arena),
        .fields = db_text_copy(statement, 18, work->arena),
        .timezone = db_text_copy(statement, 19, work->arena),
        .timezone_source = db_int64(statement, 20),
        .sequence_name = db_text_copy(statement, 21, work->arena),
        .total_messages = db_int64(statement, 22),
        .open_due_at_ms = db_int64(statement, 23),
    };
}

DB_SQL(ENROLLMENT_GET, "SELECT " VIEW_COLUMNS VIEW_TABLES "WHERE e.id = $1");

enum error_code store_enrollment_get(struct work *work, int64_t id,
                                     struct store_enrollment_view *ret_view, bool *ret_found,
                                     struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &ENROLLMENT_GET, DB_VALUES(DB_INT(id)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_found = row;
    if (row) {
        read_view(work, statement, ret_view);
    }
    return OK;
}

/* ---- making -------------------------------------------------------------------------------- */

DB_SQL(ENROLLMENT_NEXT_ID, "SELECT coalesce(max(id), 0) + 1 FROM enrollment");

enum error_code store_enrollment_next_id(struct work *work, int64_t *ret_id, struct error *error)
{
    return db_find_int64(work->db, &ENROLLMENT_NEXT_ID, DB_NO_VALUES, ret_id, NULL, error);
}

DB_SQL(ENROLLMENT_INSERT,
       "INSERT INTO enrollment (id, sequence_id, contact_id, status, live, position, "
       "messages_sent, next_due_at_ms, enrolled_at_ms, ended_at_ms, batch_id, source, "
       "created_at_ms, order_minute) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
       "$13, $14)");
DB_SQL(DUE_INSERT, "INSERT INTO due (due_at_ms, enrollment_id) VALUES ($1, $2)");

enum error_code store_enrollment_insert(struct work *work, struct store_enrollment *enrollment,
                                        struct error *error)
{
    enum error_code code = OK;
    int64_t id = enrollment->id;
    if (id == 0) {
        code = store_enrollment_next_id(work, &id, error);
    }
    if (code != OK) {
        return code;
    }
    bool live = enrollment_status_is_live(enrollment->status);
    code = db_run(
        work->db, &ENROLLMENT_INSERT,
        DB_VALUES(DB_INT(id), DB_INT(enrollment->sequence_id), DB_INT(enrollment->contact_id),
                  DB_INT(enrollment->status), live ? DB_INT(1) : DB_NULL,
                  DB_INT(enrollment->position), DB_INT(enrollment->messages_sent),
                  DB_INT_UNLESS(enrollment->next_due_at_ms, 0), DB_INT(enrollment->enrolled_at_ms),
                  DB_INT_UNLESS(enrollment->ended_at_ms, 0), DB_INT_UNLESS(enrollment->batch_id, 0),
                  DB_TEXT(enrollment->source), DB_INT(work->now_ms),
                  DB_INT(enrollment->order_minute)),
        NULL, error);
    if (code == OK && enrollment->next_due_at_ms != 0) {
        code = db_run(work->db, &DUE_INSERT,
                      DB_VALUES(DB_INT(enrollment->next_due_at_ms), DB_INT(id)), NULL, error);
    }
    if (code == OK) {
        enrollment->id = id;
        enrollment->created_at_ms = work->now_ms;
    }
    return code;
}

DB_SQL(ENROLLMENT_NEWEST, "SELECT id, status FROM enrollment WHERE contact_id = $1 "
                          "AND sequence_id = $2 ORDER BY live DESC NULLS LAST, id DESC LIMIT 1");

enum error_code store_enrollment_newest(struct work *work, int64_t contact_id, int64_t sequence_id,
                                        int64_t *ret_id, enum enrollment_status *ret_status,
                                        bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &ENROLLMENT_NEWEST, DB_VALUES(DB_INT(contact_id), DB_INT(sequence_id)),
                 &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_found = row;
    if (row) {
        *ret_id = db_int64(statement, 0);
        *ret_status = (enum enrollment_status)db_int64(statement, 1);
    }
    return OK;
}

/* ---- lists --------------------------------------------------------------------------------- */

enum { NUMBER_DIGITS_MIN = 8, NUMBER_DIGITS_MAX = 15 };

/* $1 sequence, $2 contact, $3 batch, $4 statuses, $5 part of the name, $6 beginning of the digits.
 * A text search reads the sequence's people in order until the page is full. */
#define FILTER                                                                                     \
    "($2 IS NULL OR e.contact_id = $2) AND ($3 IS NULL OR e.batch_id = $3) "                       \
    "AND ($4 = 0 OR ((1 << e.status) & $4) <> 0) "                                                 \
    "AND ($5 IS NULL OR c.name LIKE $5 ESCAPE '\\' OR ($6 IS NOT NULL AND c.phone LIKE $6)) "

/* The plus keeps the planner on the id: a status or batch filter then walks rows in their order. */
DB_SQL(ENROLLMENT_LIST_NEWEST,
       "SELECT " VIEW_COLUMNS VIEW_TABLES "WHERE ($1 IS NULL OR +e.sequence_id = $1) AND " FILTER
       "AND e.id < $7 AND e.id <= $9 AND e.id >= $10 ORDER BY e.id DESC LIMIT $8");
DB_SQL(ENROLLMENT_LIST_OLDEST,
       "SELECT " VIEW_COLUMNS VIEW_TABLES "WHERE ($1 IS NULL OR +e.sequence_id = $1) AND " FILTER
       "AND e.id > $7 AND e.id <= $9 AND e.id >= $10 ORDER BY e.id LIMIT $8");
/* One status of one sequence, in the order of its index. */
DB_SQL(ENROLLMENT_LIST_STATUS_NEWEST,
       "SELECT " VIEW_COLUMNS VIEW_TABLES "WHERE e.sequence_id = $1 AND e.status = $11 AND " FILTER
       "AND e.id < $7 AND e.id <= $9 AND e.id >= $10 ORDER BY e.id DESC LIMIT $8");
DB_SQL(ENROLLMENT_LIST_STATUS_OLDEST,
       "SELECT " VIEW_COLUMNS VIEW_TABLES "WHERE e.sequence_id = $1 AND e.status = $11 AND " FILTER
       "AND e.id > $7 AND e.id <= $9 AND e.id >= $10 ORDER BY e.id LIMIT $8");
/* The people whose number begins with $11: one range of numbers for each length. */
#define PHONE_RANGES                                                                               \
    "e.contact_id IN (WITH RECURSIVE range (low, high) AS (SELECT $11, $11 + 1 UNION ALL "         \
    "SELECT low * 10, high * 10 FROM range WHERE high < 1000000000000000) "                        \
    "SELECT p.id FROM range CROSS JOIN contact AS p ON p.phone >= low AND p.phone < high) "
DB_SQL(ENROLLMENT_LIST_PHONE_NEWEST,
       "SELECT " VIEW_COLUMNS VIEW_TABLES "WHERE ($1 IS NULL OR e.sequence_id = $1) "
       "AND " PHONE_RANGES "AND " FILTER
       "AND e.id < $7 AND e.id <= $9 AND e.id >= $10 ORDER BY +e.id DESC LIMIT $8");
DB_SQL(ENROLLMENT_LIST_PHONE_OLDEST,
       "SELECT " VIEW_COLUMNS VIEW_TABLES "WHERE ($1 IS NULL OR e.sequence_id = $1) "
       "AND " PHONE_RANGES "AND " FILTER
       "AND e.id > $7 AND e.id <= $9 AND e.id >= $10 ORDER BY +e.id LIMIT $8");
DB_SQL(ENROLLMENT_LIST_CONTACT,
       "SELECT " VIEW_COLUMNS VIEW_TABLES
       "WHERE e.contact_id = $2 AND ($1 IS NULL OR e.sequence_id = $1) AND " FILTER
       "AND e.id < $7 AND e.id <= $9 AND e.id >= $10 ORDER BY +e.id DESC LIMIT $8");
DB_SQL(ENROLLMENT_LIST_DUE,
       "SELECT " VIEW_COLUMNS " FROM due d JOIN enrollment e ON e.id = d.enrollment_id "
       "JOIN contact c ON c.id = e.contact_id JOIN sequence s ON s.id = e.sequence_id "
       "WHERE (d.due_at_ms, d.enrollment_id) > ($11, $7) "
       "AND ($1 IS NULL OR e.sequence_id = $1) AND " FILTER
       "AND e.id <= $9 AND e.id >= $10 ORDER BY d.due_at_ms, d.enrollment_id LIMIT $8");
/* Those added in a span of time, as their index has them. A page begins at the moment where the one
 * before ended: $11, from there to $12. */
#define ADDED_OF "($1 IS NULL OR e.sequence_id = $1) AND e.id <= $9 AND e.id >= $10 AND " FILTER
DB_SQL(ENROLLMENT_LIST_ADDED_NEWEST,
       "SELECT " VIEW_COLUMNS VIEW_TABLES "WHERE e.created_at_ms <= $11 AND e.created_at_ms >= $12 "
       "AND (e.created_at_ms < $11 OR e.id < $7) AND " ADDED_OF
       "ORDER BY e.created_at_ms DESC, e.id DESC LIMIT $8");
DB_SQL(ENROLLMENT_LIST_ADDED_OLDEST,
       "SELECT " VIEW_COLUMNS VIEW_TABLES "WHERE e.created_at_ms >= $11 AND e.created_at_ms < $12 "
       "AND (e.created_at_ms > $11 OR e.id > $7) AND " ADDED_OF
       "ORDER BY e.created_at_ms, e.id LIMIT $8");
DB_SQL(ENROLLMENT_COUNT_ADDED,
       "SELECT count(*)" VIEW_TABLES "WHERE e.created_at_ms >= $11 AND e.created_at_ms < $12 "
       "AND $7 IS NULL AND $8 IS NULL AND " ADDED_OF);
DB_SQL(ENROLLMENT_COUNT,
       "SELECT count(*)" VIEW_TABLES "WHERE ($1 IS NULL OR e.sequence_id = $1) AND " FILTER
       "AND e.id <= $9 AND e.id >= $10 AND $7 IS NULL AND $8 IS NULL");
/* The same for whole sequences: from their counters. */
DB_SQL(ENROLLMENT_COUNTED, "SELECT coalesce(sum(count), 0) FROM counter WHERE sequence_id = $1 "
                           "AND step_id = 0 AND ($2 = 0 OR ((1 << outcome) & $2) <> 0)");
DB_SQL(BATCH_RANGE, "SELECT first_enrollment_id, last_enrollment_id FROM batch WHERE id = $1");

struct pattern {
    struct text part;   /* "%asha%" with % and _ escaped; {NULL}: none */
    struct text digits; /* "9198%" */
};

static struct pattern pattern_of(struct arena *arena, struct text text)
{
    struct pattern pattern = {.part = {NULL, 0}};
    if (text.size == 0) {
        return pattern;
    }
    CLEANUP_IN_PLACE(buffer_done) struct buffer part;
    CLEANUP_IN_PLACE(buffer_done) struct buffer digits;
    buffer_init(&part, 4096);
    buffer_init(&digits, 4096);
    bool other = false;
    buffer_add_byte(&part, '%');
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '%' || c == '_' || c == '\\') {
            buffer_add_byte(&part, '\\');
        }
        buffer_add_byte(&part, c);
        if (c >= '0' && c <= '9') {
            buffer_add_byte(&digits, c);
        } else if (memchr("+-() .", c, 6) == NULL) {
            other = true;
        }
    }
    buffer_add_byte(&part, '%');
    pattern.part = arena_text(arena, buffer_text(&part));
    if (!other && digits.size > 0) {
        buffer_add_byte(&digits, '%');
        pattern.digits = arena_text(arena, buffer_text(&digits));
    }
    return pattern;
}

/* The ids a batch made lie in one range: the rest need not be looked at. */
static enum error_code batch_range(struct work *work, int64_t batch_id, int64_t *ret_first,
                                   int64_t *ret_last, struct error *error)
{
    *ret_first = 0;
    *ret_last = INT64_MAX;
    if (batch_id == 0) {
        return OK;
    }
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &BATCH_RANGE, DB_VALUES(DB_INT(batch_id)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK && row) {
        *ret_first = db_int64_or(statement, 0, 1);
        *ret_last = db_int64_or(statement, 1, 0);
    }
    return code;
}

static bool has_one_status(const struct store_enrollment_filter *filter)
{
    return filter->sequence_id != 0 && __builtin_popcountll(filter->statuses) == 1;
}

/* So many digits that they are a number: short ones are found soon by walking the people. */
static bool has_number(struct pattern pattern)
{
    return pattern.digits.size > NUMBER_DIGITS_MIN && pattern.digits.size <= NUMBER_DIGITS_MAX + 1;
}

static bool has_span(const struct store_enrollment_filter *filter)
{
    return filter->added_from_ms != 0 || filter->added_to_ms != 0;
}

static struct db_sql *list_statement(const struct store_enrollment_filter *filter,
                                     struct pattern pattern)
{
    bool newest = filter->order == STORE_ENROLLMENT_NEWEST;
    if (has_span(filter)) {
        return newest ? &ENROLLMENT_LIST_ADDED_NEWEST : &ENROLLMENT_LIST_ADDED_OLDEST;
    }
    if (filter->contact_id != 0) {
        return &ENROLLMENT_LIST_CONTACT;
    }
    if (filter->order != STORE_ENROLLMENT_BY_DUE && has_number(pattern)) {
        return newest ? &ENROLLMENT_LIST_PHONE_NEWEST : &ENROLLMENT_LIST_PHONE_OLDEST;
    }
    if (filter->order != STORE_ENROLLMENT_BY_DUE && has_one_status(filter)) {
        return newest ? &ENROLLMENT_LIST_STATUS_NEWEST : &ENROLLMENT_LIST_STATUS_OLDEST;
    }
    switch (filter->order) {
    case STORE_ENROLLMENT_NEWEST:
        return &ENROLLMENT_LIST_NEWEST;
    case STORE_ENROLLMENT_OLDEST:
        return &ENROLLMENT_LIST_OLDEST;
    case STORE_ENROLLMENT_BY_DUE:
        return &ENROLLMENT_LIST_DUE;
    }
    return &ENROLLMENT_LIST_NEWEST;
}

/* What $11 is: when the page before ended, the one status, or the number's beginning. */
static int64_t eleventh(const struct db_sql *sql, const struct store_enrollment_filter *filter,
                        struct pattern pattern)
{
    int64_t number = 0;
    if (sql == &ENROLLMENT_LIST_DUE) {
        return filter->after_ms;
    }
    if (sql == &ENROLLMENT_LIST_STATUS_NEWEST || sql == &ENROLLMENT_LIST_STATUS_OLDEST) {
        return __builtin_ctzll(filter->statuses);
    }
    (void)text_to_int64(text_head(pattern.digits, pattern.digits.size - 1), &number);
    return number;
}

/* $11 and $12 of a span of time: where the page begins and where the span ends. */
static void span_values(const struct store_enrollment_filter *filter, bool newest,
                        struct db_value *ret_values)
{
    int64_t to_ms = filter->added_to_ms == 0 ? INT64_MAX : filter->added_to_ms;
    int64_t start_ms = newest ? to_ms - 1 : filter->added_from_ms;
    ret_values[0] = DB_INT(filter->after_id == 0 ? start_ms : filter->after_ms);
    ret_values[1] = DB_INT(newest ? filter->added_from_ms : to_ms);
}

/* Without a limit it counts. */
static enum error_code list_query(struct work *work, const struct store_enrollment_filter *filter,
                                  size_t limit, struct db_statement **ret_statement,
                                  struct error *error)
{
    int64_t first = 0;
    int64_t last = 0;
    bool count = limit == 0;
    enum error_code code = batch_range(work, filter->batch_id, &first, &last, error);
    if (code != OK) {
        return code;
    }
    struct pattern pattern = pattern_of(work->arena, filter->text);
    struct db_sql *sql = count ? &ENROLLMENT_COUNT : list_statement(filter, pattern);
    bool span = has_span(filter);
    if (span && count) {
        sql = &ENROLLMENT_COUNT_ADDED;
    }
    bool short_form = sql == &ENROLLMENT_COUNT || sql == &ENROLLMENT_LIST_CONTACT ||
                      sql == &ENROLLMENT_LIST_NEWEST || sql == &ENROLLMENT_LIST_OLDEST;
    bool falling = filter->contact_id != 0 || filter->order == STORE_ENROLLMENT_NEWEST;
    int64_t after = filter->after_id == 0 && falling ? INT64_MAX : filter->after_id;
    struct db_value values[] = {
        DB_INT_UNLESS(filter->sequence_id, 0),
        DB_INT_UNLESS(filter->contact_id, 0),
        DB_INT_UNLESS(filter->batch_id, 0),
        DB_INT(filter->statuses),
        DB_TEXT(pattern.part),
        DB_TEXT(pattern.digits),
        count ? DB_NULL : DB_INT(after),
        count ? DB_NULL : DB_INT(limit),
        DB_INT(last),
        DB_INT(first),
        short_form || span ? DB_NULL : DB_INT(eleventh(sql, filter, pattern)),
        DB_NULL,
    };
    size_t size = ARRAY_SIZE(values) - (short_form ? 2 : 1);
    if (span) {
        span_values(filter, sql == &ENROLLMENT_LIST_ADDED_NEWEST, &values[10]);
        size = ARRAY_SIZE(values);
    }
    return db_query(work->db, sql, values, size, ret_statement, error);
}

enum error_code store_enrollment_list(struct work *work,
                                      const struct store_enrollment_filter *filter, size_t limit,
                                      struct store_enrollment_view **ret_views, size_t *ret_count,
                                      struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_enrollment_view *views = arena_array(work->arena, limit + 1, sizeof *views);
    size_t count = 0;
    bool row = true;
    enum error_code code = list_query(work, filter, limit, &statement, error);
    while (code == OK && row && count < limit) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            read_view(work, statement, &views[count++]);
        }
    }
    if (code == OK) {
        *ret_views = views;
        *ret_count = count;
    }
    return code;
}

enum error_code store_enrollment_count(struct work *work,
                                       const struct store_enrollment_filter *filter,
                                       int64_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    bool counted = work->counters == NULL && filter->sequence_id != 0 && filter->contact_id == 0 &&
                   filter->batch_id == 0 && filter->text.size == 0 && !has_span(filter);
    if (counted) { /* a writer's job may have changed them without having written them */
        return db_find_int64(work->db, &ENROLLMENT_COUNTED,
                             DB_VALUES(DB_INT(filter->sequence_id), DB_INT(filter->statuses)),
                             ret_count, NULL, error);
    }
    enum error_code code = list_query(work, filter, 0, &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_count = row ? db_int64(statement, 0) : 0;
    }
    return code;
}

/* ---- undoing ------------------------------------------------------------------------------- */

DB_SQL(ENROLLMENT_OF_BATCH,
       "SELECT e.id, e.status, e.position, e.messages_sent, "
       "(SELECT count(*) FROM message m WHERE m.enrollment_id = e.id), e.next_due_at_ms "
       "FROM enrollment e WHERE e.id > $2 AND e.id <= $3 AND e.batch_id = $1 "
       "ORDER BY e.id LIMIT $4");

enum error_code store_enrollment_of_batch(struct work *work, int64_t batch_id, int64_t after_id,
                                          int64_t last_id, size_t limit,
                                          struct store_batch_enrollment **ret_rows,
                                          size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_batch_enrollment *rows = arena_array(work->arena, limit + 1, sizeof *rows);
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &ENROLLMENT_OF_BATCH,
                 DB_VALUES(DB_INT(batch_id), DB_INT(after_id), DB_INT(last_id), DB_INT(limit)),
                 &statement, error);
    while (code == OK && row && count < limit) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            rows[count++] = (struct store_batch_enrollment){
                .id = db_int64(statement, 0),
                .status = (enum enrollment_status)db_int64(statement, 1),
                .position = db_int64(statement, 2),
                .messages_sent = db_int64(statement, 3),
                .message_count = db_int64(statement, 4),
                .next_due_at_ms = db_int64(statement, 5),
            };
        }
    }
    if (code == OK) {
        *ret_rows = rows;
        *ret_count = count;
    }
    return code;
}

DB_SQL(DUE_REMOVE, "DELETE FROM due WHERE due_at_ms = $1 AND enrollment_id = $2");
DB_SQL(ENROLLMENT_REMOVE, "DELETE FROM enrollment WHERE id = $1");

enum error_code store_enrollment_remove(struct work *work, int64_t id, int64_t next_due_at_ms,
                                        struct error *error)
{
    enum error_code code = OK;
    if (next_due_at_ms != 0) {
        code = db_run(work->db, &DUE_REMOVE, DB_VALUES(DB_INT(next_due_at_ms), DB_INT(id)), NULL,
                      error);
    }
    if (code == OK) {
        code = db_run(work->db, &ENROLLMENT_REMOVE, DB_VALUES(DB_INT(id)), NULL, error);
    }
    return code;
}
