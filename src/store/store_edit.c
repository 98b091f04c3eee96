/* Places of people during an edit of their sequence: see store_edit.h. */
#include "store/store_edit.h"

#include "base/json.h"
#include "store/db.h"

/* The states stand here as in the partial index of open batches, else it would not be used. */
#define OPEN_EDIT "state IN (0, 1, 6) AND state <> 6 AND kind = 'edit' AND sequence_id = $1 "

DB_SQL(EDIT_OPEN, "SELECT count(*) FROM batch WHERE " OPEN_EDIT);

enum error_code store_edit_open(struct work *work, int64_t sequence_id, bool *ret_open,
                                struct error *error)
{
    int64_t count = 0;
    enum error_code code =
        db_find_int64(work->db, &EDIT_OPEN, DB_VALUES(DB_INT(sequence_id)), &count, NULL, error);
    if (code == OK) {
        *ret_open = count > 0;
    }
    return code;
}

DB_SQL(EDIT_LIST,
       "SELECT id, cursor, created_at_ms, options FROM batch WHERE " OPEN_EDIT "ORDER BY id");

static struct store_edit read_edit(struct db_statement *row)
{
    CLEANUP(json_free) struct json *options = NULL;
    struct error ignored = {0}; /* then it comes to nobody, and the runner says so */
    bool known = json_parse(db_text(row, 3), NULL, &options, &ignored) == OK;
    struct store_edit edit = {
        .batch_id = db_int64(row, 0),
        .cursor = db_int64(row, 1),
        .last_id = known ? json_get_int64(options, "last_id", 0) : 0,
        .saved_at_ms = db_int64(row, 2),
        .moves = true,
    };
    (void)json_bool(json_get(options, "moves"), &edit.moves);
    return edit;
}

enum error_code store_edit_list(struct work *work, int64_t sequence_id,
                                struct store_edit **ret_edits, size_t *ret_count,
                                struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    int64_t most = 0;
    bool row = true;
    size_t count = 0;
    enum error_code code =
        db_find_int64(work->db, &EDIT_OPEN, DB_VALUES(DB_INT(sequence_id)), &most, NULL, error);
    *ret_edits = NULL;
    *ret_count = 0;
    if (code != OK || most == 0) {
        return code;
    }
    struct store_edit *edits = arena_array(work->arena, (size_t)most, sizeof(*edits));
    code = db_query(work->db, &EDIT_LIST, DB_VALUES(DB_INT(sequence_id)), &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < (size_t)most);
        edits[count++] = read_edit(statement);
    }
    if (code == OK) {
        *ret_edits = edits;
        *ret_count = count;
    }
    return code;
}

DB_SQL(EDIT_KEEP, "INSERT INTO edit_place (batch_id, enrollment_id, position) "
                  "SELECT id, $2, (SELECT position FROM enrollment WHERE id = $2) FROM batch "
                  "WHERE " OPEN_EDIT "AND cursor < $2 ON CONFLICT DO NOTHING");

enum error_code store_edit_keep(struct work *work, int64_t sequence_id, int64_t enrollment_id,
                                struct error *error)
{
    return db_run(work->db, &EDIT_KEEP, DB_VALUES(DB_INT(sequence_id), DB_INT(enrollment_id)), NULL,
                  error);
}

DB_SQL(EDIT_POSITION, "SELECT position FROM edit_place WHERE batch_id = $1 AND enrollment_id = $2");

enum error_code store_edit_position(struct work *work, int64_t batch_id, int64_t enrollment_id,
                                    int64_t *ret_position, bool *ret_found, struct error *error)
{
    return db_find_int64(work->db, &EDIT_POSITION,
                         DB_VALUES(DB_INT(batch_id), DB_INT(enrollment_id)), ret_position,
                         ret_found, error);
}

DB_SQL(EDIT_GONE_COUNT,
       "SELECT count(*) FROM edit_place WHERE batch_id = $1 AND enrollment_id > $2 "
       "AND enrollment_id <= $3");
DB_SQL(EDIT_GONE, "SELECT p.enrollment_id FROM edit_place p JOIN enrollment e "
                  "ON e.id = p.enrollment_id WHERE p.batch_id = $1 AND p.enrollment_id > $2 "
                  "AND p.enrollment_id <= $3 AND e.live IS NULL ORDER BY p.enrollment_id");

enum error_code store_edit_gone(struct work *work, int64_t batch_id, int64_t after_id,
                                int64_t last_id, int64_t **ret_ids, size_t *ret_count,
                                struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    const struct db_value values[] = {DB_INT(batch_id), DB_INT(after_id), DB_INT(last_id)};
    int64_t most = 0;
    bool row = true;
    size_t count = 0;
    enum error_code code =
        db_find_int64(work->db, &EDIT_GONE_COUNT, values, ARRAY_SIZE(values), &most, NULL, error);
    if (code != OK) {
        return code;
    }
    int64_t *ids = arena_array(work->arena, (size_t)most + 1, sizeof(*ids));
    code = db_query(work->db, &EDIT_GONE, values, ARRAY_SIZE(values), &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < (size_t)most);
        ids[count++] = db_int64(statement, 0);
    }
    if (code == OK) {
        *ret_ids = ids;
        *ret_count = count;
    }
    return code;
}

DB_SQL(EDIT_CLEAR, "DELETE FROM edit_place WHERE batch_id = $1 AND enrollment_id <= $2");

enum error_code store_edit_clear(struct work *work, int64_t batch_id, int64_t last_id,
                                 struct error *error)
{
    return db_run(work->db, &EDIT_CLEAR, DB_VALUES(DB_INT(batch_id), DB_INT(last_id)), NULL, error);
}
