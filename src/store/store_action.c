/* Walks over the people inside a sequence. Each walk reads its rows whole before it visits the
 * first, so that a visit may change them; walks are cut into chunks by their callers. */
#include "store/store_action.h"

#include "base/mem.h"
#include "store/db.h"

enum { CHUNK_MAX = 1000 };

#define ROW_COLUMNS                                                                                \
    "e.id, e.sequence_id, e.contact_id, e.status, e.position, e.shift_days, e.enrolled_at_ms, "    \
    "e.last_sent_at_ms, e.last_planned_at_ms, e.catch_up_until_ms, e.paused_at_ms, "               \
    "e.next_due_at_ms, e.created_at_ms, e.status_reason, c.timezone, e.order_minute "

/* $1 sequence, $2 status, $3 after, $4 limit, $5 batch or 0, $6 text or NULL, $7 digits or NULL */
#define CONDITIONS                                                                                 \
    "($5 = 0 OR e.batch_id = $5) AND ($6 IS NULL OR instr(lower(c.name), $6) > 0 OR "              \
    "($7 IS NOT NULL AND instr(CAST(c.phone AS TEXT), $7) = 1)) "

DB_SQL(ACTION_WALK, "SELECT " ROW_COLUMNS "FROM enrollment e CROSS JOIN contact c "
                    "WHERE e.sequence_id = $1 AND e.status = $2 AND e.id > $3 "
                    "AND c.id = e.contact_id AND " CONDITIONS "ORDER BY e.id LIMIT $4");
DB_SQL(ACTION_WALK_LIVE,
       "SELECT * FROM (SELECT " ROW_COLUMNS "FROM enrollment e CROSS JOIN contact c "
       "WHERE e.sequence_id = $1 AND e.status = 0 AND e.id > $3 AND c.id = e.contact_id "
       "AND " CONDITIONS "ORDER BY e.id LIMIT $4) "
       "UNION ALL SELECT * FROM (SELECT " ROW_COLUMNS "FROM enrollment e CROSS JOIN contact c "
       "WHERE e.sequence_id = $1 AND e.status = 1 AND e.id > $3 AND c.id = e.contact_id "
       "AND $2 >= 0 AND " CONDITIONS "ORDER BY e.id LIMIT $4) ORDER BY 1 LIMIT $4");
DB_SQL(ACTION_GET, "SELECT " ROW_COLUMNS "FROM enrollment e JOIN contact c ON c.id = e.contact_id "
                   "WHERE e.id = $1");
/* The plain count needs only the index. */
DB_SQL(ACTION_COUNT, "SELECT count(*) FROM enrollment WHERE sequence_id = $1 AND status = $2");
DB_SQL(ACTION_COUNT_SOME, "SELECT count(*) FROM enrollment e CROSS JOIN contact c "
                          "WHERE e.sequence_id = $1 AND e.status = $2 AND e.id > $3 "
                          "AND c.id = e.contact_id AND $4 >= 0 AND " CONDITIONS);
DB_SQL(ACTION_PENDING, "SELECT count(*) FROM message m CROSS JOIN enrollment e "
                       "CROSS JOIN contact c WHERE m.state IN (0, 1) AND e.id = m.enrollment_id "
                       "AND e.sequence_id = $1 AND e.status = $2 AND e.id > $3 "
                       "AND c.id = e.contact_id AND $4 >= 0 AND " CONDITIONS);
DB_SQL(ACTION_PENDING_OF,
       "SELECT count(*) FROM message WHERE enrollment_id = $1 AND state IN (0, 1)");
DB_SQL(ACTION_URGENT_MESSAGES,
       "SELECT m.enrollment_id FROM message m CROSS JOIN enrollment e CROSS JOIN contact c "
       "WHERE m.state IN (0, 1) AND e.id = m.enrollment_id AND e.sequence_id = $1 "
       "AND e.status = $2 AND e.id > $3 AND c.id = e.contact_id AND " CONDITIONS "LIMIT $4");
DB_SQL(ACTION_URGENT_DUE,
       "SELECT d.enrollment_id FROM due d CROSS JOIN enrollment e CROSS JOIN contact c "
       "WHERE d.due_at_ms <= $3 AND e.id = d.enrollment_id AND e.sequence_id = $1 "
       "AND e.status = $2 AND c.id = e.contact_id AND " CONDITIONS "ORDER BY d.due_at_ms LIMIT $4");

/* The parameters that CONDITIONS and its users share. */
struct filter_values {
    struct db_value values[7];
};

static struct text lower_copy(struct work *work, struct text text)
{
    if (text.size == 0) {
        return (struct text){0};
    }
    char *copy = arena_chars(work->arena, text);
    for (size_t i = 0; i < text.size; i++) {
        if (copy[i] >= 'A' && copy[i] <= 'Z') {
            copy[i] = (char)(copy[i] - 'A' + 'a');
        }
    }
    return text_make(copy, text.size);
}

/* The digits of a text that is a phone number or a part of one; NULL otherwise. */
static struct text digits_of(struct work *work, struct text text)
{
    char *digits = arena_alloc(work->arena, text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte >= '0' && byte <= '9') {
            digits[size++] = byte;
        } else if (byte != '+' && byte != ' ' && byte != '-' && byte != '(' && byte != ')') {
            return (struct text){0};
        }
    }
    return size == 0 ? (struct text){0} : text_make(digits, size);
}

static struct filter_values values_of(struct work *work, const struct store_action_filter *filter,
                                      enum enrollment_status status, int64_t after, int64_t limit)
{
    return (struct filter_values){{
        DB_INT(filter->sequence_id),
        DB_INT(status),
        DB_INT(after),
        DB_INT(limit),
        DB_INT(filter->batch_id),
        DB_TEXT(lower_copy(work, filter->text)),
        DB_TEXT(digits_of(work, filter->text)),
    }};
}

static void read_row(struct db_statement *statement, struct arena *arena,
                     struct store_action_row *row)
{
    *row = (struct store_action_row){
        .enrollment_id = db_int64(statement, 0),
        .sequence_id = db_int64(statement, 1),
        .contact_id = db_int64(statement, 2),
        .status = (enum enrollment_status)db_int64(statement, 3),
        .position = db_int64(statement, 4),
        .shift_days = db_int64(statement, 5),
        .enrolled_at_ms = db_int64(statement, 6),
        .last_sent_at_ms = db_int64(statement, 7),
        .last_planned_at_ms = db_int64(statement, 8),
        .catch_up_until_ms = db_int64(statement, 9),
        .paused_at_ms = db_int64(statement, 10),
        .next_due_at_ms = db_int64(statement, 11),
        .created_at_ms = db_int64(statement, 12),
        .status_reason = db_text_copy(statement, 13, arena),
        .timezone = db_text_copy(statement, 14, arena),
        .order_minute = db_int64(statement, 15),
    };
}

static enum error_code read_chunk(struct work *work, const struct store_action_filter *filter,
                                  enum store_action_who who, int64_t after_id, size_t limit,
                                  struct arena *arena, struct store_action_row *rows,
                                  size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool live = who == STORE_ACTION_LIVE;
    struct filter_values values =
        values_of(work, filter, live ? ENROLLMENT_ACTIVE : (enum enrollment_status)who, after_id,
                  (int64_t)limit);
    enum error_code code = db_query(work->db, live ? &ACTION_WALK_LIVE : &ACTION_WALK,
                                    values.values, ARRAY_SIZE(values.values), &statement, error);
    size_t count = 0;
    bool row = false;
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        read_row(statement, arena, &rows[count++]);
    }
    *ret_count = count;
    return code;
}

enum error_code store_action_walk(struct work *work, const struct store_action_filter *filter,
                                  enum store_action_who who, int64_t after_id, size_t limit,
                                  store_action_visit *visit, void *context, int64_t *ret_last_id,
                                  size_t *ret_visited, struct error *error)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    CLEANUP(mem_free) void *memory = mem_array(CHUNK_MAX, sizeof(struct store_action_row));
    struct store_action_row *rows = memory;
    size_t visited = 0;
    *ret_last_id = after_id;
    *ret_visited = 0;
    while (visited < limit) {
        size_t wanted = limit - visited < CHUNK_MAX ? limit - visited : CHUNK_MAX;
        size_t count = 0;
        arena_reset(arena);
        enum error_code code =
            read_chunk(work, filter, who, *ret_last_id, wanted, arena, rows, &count, error);
        for (size_t i = 0; code == OK && i < count; i++) {
            code = visit(context, &rows[i], error);
            *ret_last_id = rows[i].enrollment_id;
        }
        if (code != OK) {
            return code;
        }
        visited += count;
        *ret_visited = visited;
        if (count < wanted) {
            break;
        }
    }
    return OK;
}

enum error_code store_action_get(struct work *work, int64_t enrollment_id,
                                 struct store_action_row *ret_row, bool *ret_found,
                                 struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    enum error_code code =
        db_query(work->db, &ACTION_GET, DB_VALUES(DB_INT(enrollment_id)), &statement, error);
    bool row = false;
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_found = row;
        if (row) {
            read_row(statement, work->arena, ret_row);
        }
    }
    return code;
}

enum error_code store_action_counts(struct work *work, const struct store_action_filter *filter,
                                    int64_t ret_counts[ENROLLMENT_STATUS_COUNT],
                                    struct error *error)
{
    bool plain = filter->batch_id == 0 && filter->text.size == 0;
    for (unsigned status = 0; status < ENROLLMENT_STATUS_COUNT; status++) {
        ret_counts[status] = 0;
        if (filter->status_bits != 0 && (filter->status_bits >> status & 1u) == 0) {
            continue;
        }
        struct filter_values values = values_of(work, filter, (enum enrollment_status)status, 0, 0);
        enum error_code code =
            db_find_int64(work->db, plain ? &ACTION_COUNT : &ACTION_COUNT_SOME, values.values,
                          plain ? 2 : ARRAY_SIZE(values.values), &ret_counts[status], NULL, error);
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

static enum error_code collect_ids(struct work *work, struct db_sql *sql,
                                   const struct filter_values *values, size_t limit, int64_t *ids,
                                   size_t *count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    enum error_code code =
        db_query(work->db, sql, values->values, ARRAY_SIZE(values->values), &statement, error);
    bool row = false;
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row && *count < limit) {
        ids[(*count)++] = db_int64(statement, 0);
    }
    return code;
}

enum error_code store_action_urgent(struct work *work, const struct store_action_filter *filter,
                                    int64_t until_ms, size_t limit, int64_t **ret_ids,
                                    size_t *ret_count, struct error *error)
{
    int64_t *ids = arena_array(work->arena, limit + 1, sizeof *ids);
    size_t count = 0;
    struct filter_values messages = values_of(work, filter, ENROLLMENT_ACTIVE, 0, (int64_t)limit);
    struct filter_values due = values_of(work, filter, ENROLLMENT_ACTIVE, until_ms, (int64_t)limit);
    enum error_code code =
        collect_ids(work, &ACTION_URGENT_MESSAGES, &messages, limit, ids, &count, error);
    if (code == OK) {
        code = collect_ids(work, &ACTION_URGENT_DUE, &due, limit, ids, &count, error);
    }
    if (code == OK) {
        *ret_ids = ids;
        *ret_count = count;
    }
    return code;
}

enum error_code store_action_pending(struct work *work, const struct store_action_filter *filter,
                                     enum enrollment_status status, int64_t *ret_count,
                                     struct error *error)
{
    struct filter_values values = values_of(work, filter, status, 0, 0);
    return db_find_int64(work->db, &ACTION_PENDING, values.values, ARRAY_SIZE(values.values),
                         ret_count, NULL, error);
}

enum error_code store_action_pending_of(struct work *work, int64_t enrollment_id,
                                        int64_t *ret_count, struct error *error)
{
    return db_find_int64(work->db, &ACTION_PENDING_OF, DB_VALUES(DB_INT(enrollment_id)), ret_count,
                         NULL, error);
}
