/* Batches and their refused rows. Rows are appended; the batch knows the range of their ids, so no
 * index slows an import down, and reading them sorts once. */
#include "store/store_batch.h"

#include "store/db.h"

static const char *const STATES[BATCH_STATE_COUNT] = {
    [BATCH_WAITING] = "queued",  [BATCH_RUNNING] = "running", [BATCH_DONE] = "completed",
    [BATCH_FAILED] = "failed",   [BATCH_UNDONE] = "undone",   [BATCH_CANCELLED] = "cancelled",
    [BATCH_UNDOING] = "undoing",
};

const char *batch_state_to_text(enum batch_state state)
{
    return STATES[state];
}

#define BATCH_COLUMNS                                                                              \
    "id, sequence_id, kind, state, source, file_name, spool_path, options, result, cursor, "       \
    "total_rows, done_rows, enrolled, restarted, already_active, already_completed, "              \
    "duplicate_in_file, opted_out, invalid_phone, invalid_row, first_enrollment_id, "              \
    "last_enrollment_id, first_row_id, last_row_id, error, actor, created_at_ms, "                 \
    "started_at_ms, finished_at_ms, undone_at_ms"

static void read_batch(struct work *work, struct db_statement *statement,
                       struct store_batch *ret_batch)
{
    *ret_batch = (struct store_batch){
        .id = db_int64(statement, 0),
        .sequence_id = db_int64(statement, 1),
        .kind = db_text_copy(statement, 2, work->arena),
        .state = (enum batch_state)db_int64(statement, 3),
        .source = db_text_copy(statement, 4, work->arena),
        .file_name = db_text_copy(statement, 5, work->arena),
        .spool_path = db_text_copy(statement, 6, work->arena),
        .options = db_text_copy(statement, 7, work->arena),
        .result = db_text_copy(statement, 8, work->arena),
        .cursor = db_int64(statement, 9),
        .total_rows = db_int64(statement, 10),
        .done_rows = db_int64(statement, 11),
        .first_enrollment_id = db_int64(statement, 20),
        .last_enrollment_id = db_int64(statement, 21),
        .first_row_id = db_int64(statement, 22),
        .last_row_id = db_int64(statement, 23),
        .error = db_text_copy(statement, 24, work->arena),
        .actor = db_text_copy(statement, 25, work->arena),
        .created_at_ms = db_int64(statement, 26),
        .started_at_ms = db_int64(statement, 27),
        .finished_at_ms = db_int64(statement, 28),
        .undone_at_ms = db_int64(statement, 29),
    };
    for (int i = 0; i < ENROLL_VERDICT_COUNT; i++) {
        ret_batch->counts[i] = db_int64(statement, 12 + i);
    }
}

DB_SQL(BATCH_INSERT,
       "INSERT INTO batch (sequence_id, kind, state, source, file_name, spool_path, options, "
       "total_rows, actor, created_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
       "RETURNING id");

enum error_code store_batch_insert(struct work *work, struct store_batch *batch,
                                   struct error *error)
{
    struct text empty = TEXT("");
    struct text object = TEXT("{}");
    enum error_code code = db_find_int64(
        work->db, &BATCH_INSERT,
        DB_VALUES(DB_INT_UNLESS(batch->sequence_id, 0), DB_TEXT(batch->kind), DB_INT(batch->state),
                  DB_TEXT(batch->source),
                  DB_TEXT(batch->file_name.data == NULL ? empty : batch->file_name),
                  DB_TEXT(batch->spool_path),
                  DB_TEXT(batch->options.data == NULL ? object : batch->options),
                  DB_INT(batch->total_rows),
                  DB_TEXT(batch->actor.data == NULL ? empty : batch->actor), DB_INT(work->now_ms)),
        &batch->id, NULL, error);
    if (code == OK) {
        batch->created_at_ms = work->now_ms;
        work->wakes |= batch->state == BATCH_WAITING ? WORK_WAKE_RUNNER : 0U;
    }
    return code;
}

DB_SQL(BATCH_GET, "SELECT " BATCH_COLUMNS " FROM batch WHERE id = $1");

enum error_code store_batch_get(struct work *work, int64_t id, struct store_batch *ret_batch,
                                bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, &BATCH_GET, DB_VALUES(DB_INT(id)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_found = row;
    if (row) {
        read_batch(work, statement, ret_batch);
    }
    return OK;
}

DB_SQL(BATCH_UPDATE,
       "UPDATE batch SET sequence_id = $2, state = $3, spool_path = $4, result = $5, cursor = $6, "
       "total_rows = $7, done_rows = $8, enrolled = $9, restarted = $10, already_active = $11, "
       "already_completed = $12, duplicate_in_file = $13, opted_out = $14, invalid_phone = $15, "
       "invalid_row = $16, first_enrollment_id = $17, last_enrollment_id = $18, "
       "first_row_id = $19, last_row_id = $20, error = $21, started_at_ms = $22, "
       "finished_at_ms = $23, undone_at_ms = $24 WHERE id = $1");

enum error_code store_batch_update(struct work *work, const struct store_batch *batch,
                                   struct error *error)
{
    const int64_t *counts = batch->counts;
    return db_run(
        work->db, &BATCH_UPDATE,
        DB_VALUES(DB_INT(batch->id), DB_INT_UNLESS(batch->sequence_id, 0), DB_INT(batch->state),
                  batch->spool_path.size == 0 ? DB_NULL : DB_TEXT(batch->spool_path),
                  DB_TEXT(batch->result.size == 0 ? TEXT("{}") : batch->result),
                  DB_INT(batch->cursor), DB_INT(batch->total_rows), DB_INT(batch->done_rows),
                  DB_INT(counts[0]), DB_INT(counts[1]), DB_INT(counts[2]), DB_INT(counts[3]),
                  DB_INT(counts[4]), DB_INT(counts[5]), DB_INT(counts[6]), DB_INT(counts[7]),
                  DB_INT_UNLESS(batch->first_enrollment_id, 0),
                  DB_INT_UNLESS(batch->last_enrollment_id, 0),
                  DB_INT_UNLESS(batch->first_row_id, 0), DB_INT_UNLESS(batch->last_row_id, 0),
                  batch->error.size == 0 ? DB_NULL : DB_TEXT(batch->error),
                  DB_INT_UNLESS(batch->started_at_ms, 0), DB_INT_UNLESS(batch->finished_at_ms, 0),
                  DB_INT_UNLESS(batch->undone_at_ms, 0)),
        NULL, error);
}

DB_SQL(BATCH_LIST, "SELECT " BATCH_COLUMNS " FROM batch WHERE id < $1 "
                   "AND ($2 IS NULL OR sequence_id = $2) AND ($3 IS NULL OR kind = $3) "
                   "AND ($4 = 0 OR ((1 << state) & $4) <> 0) ORDER BY id DESC LIMIT $5");
DB_SQL(BATCH_OPEN_LIST, "SELECT " BATCH_COLUMNS " FROM batch WHERE state IN (0, 1, 6) "
                        "AND id > $1 ORDER BY id LIMIT $2");

static enum error_code list(struct work *work, struct db_sql *sql, const struct db_value *values,
                            size_t value_count, size_t limit, struct store_batch **ret_batches,
                            size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_batch *batches = arena_array(work->arena, limit + 1, sizeof *batches);
    size_t count = 0;
    bool row = true;
    enum error_code code = db_query(work->db, sql, values, value_count, &statement, error);
    while (code == OK && row && count < limit) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            read_batch(work, statement, &batches[count++]);
        }
    }
    if (code == OK) {
        *ret_batches = batches;
        *ret_count = count;
    }
    return code;
}

enum error_code store_batch_list(struct work *work, const struct store_batch_filter *filter,
                                 size_t limit, struct store_batch **ret_batches, size_t *ret_count,
                                 struct error *error)
{
    return list(work, &BATCH_LIST,
                DB_VALUES(DB_INT(filter->before_id == 0 ? INT64_MAX : filter->before_id),
                          DB_INT_UNLESS(filter->sequence_id, 0),
                          filter->kind.size == 0 ? DB_NULL : DB_TEXT(filter->kind),
                          DB_INT(filter->states), DB_INT(limit)),
                limit, ret_batches, ret_count, error);
}

enum error_code store_batch_open_list(struct work *work, int64_t after_id, size_t limit,
                                      struct store_batch **ret_batches, size_t *ret_count,
                                      struct error *error)
{
    return list(work, &BATCH_OPEN_LIST, DB_VALUES(DB_INT(after_id), DB_INT(limit)), limit,
                ret_batches, ret_count, error);
}

/* ---- refused rows -------------------------------------------------------------------------- */

DB_SQL(BATCH_ROW_ADD, "INSERT INTO batch_row (id, batch_id, row_number, verdict, phone, name, "
                      "message, cells, input) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");

enum error_code store_batch_row_add(struct work *work, const struct store_batch_row *row,
                                    struct error *error)
{
    struct text empty = TEXT("");
    return db_run(work->db, &BATCH_ROW_ADD,
                  DB_VALUES(DB_INT(row->id), DB_INT(row->batch_id), DB_INT(row->row_number),
                            DB_INT(row->verdict), DB_INT_UNLESS(row->phone, 0),
                            DB_TEXT(row->name.data == NULL ? empty : row->name),
                            DB_TEXT(row->message.data == NULL ? empty : row->message),
                            DB_TEXT(row->cells.data == NULL ? empty : row->cells),
                            DB_TEXT(row->input.data == NULL ? empty : row->input)),
                  NULL, error);
}

/* Sorts numbers only and then fetches row by row: sorting the rows themselves would hold all of a
 * large batch in memory. The outer loop follows the inner query's order. */
DB_SQL(BATCH_ROW_LIST,
       "WITH sorted AS MATERIALIZED (SELECT id, row_number FROM batch_row "
       "WHERE id >= $2 AND id <= $3 AND batch_id = $1 AND row_number > $4 "
       "AND ($5 = 0 OR ((1 << verdict) & $5) <> 0) ORDER BY row_number LIMIT $6) "
       "SELECT r.id, r.batch_id, r.row_number, r.verdict, r.phone, r.name, r.message, r.cells, "
       "r.input FROM sorted CROSS JOIN batch_row r ON r.id = sorted.id");

static void read_row(struct db_statement *statement, struct store_batch_row *ret_row)
{
    *ret_row = (struct store_batch_row){
        .id = db_int64(statement, 0),
        .batch_id = db_int64(statement, 1),
        .row_number = db_int64(statement, 2),
        .verdict = (enum enroll_verdict)db_int64(statement, 3),
        .phone = db_int64(statement, 4),
        .name = db_text(statement, 5),
        .message = db_text(statement, 6),
        .cells = db_text(statement, 7),
        .input = db_text(statement, 8),
    };
}

static enum error_code row_query(struct work *work, const struct store_batch *batch,
                                 uint64_t verdicts, int64_t after_row, int64_t limit,
                                 struct db_statement **ret_statement, struct error *error)
{
    return db_query(work->db, &BATCH_ROW_LIST,
                    DB_VALUES(DB_INT(batch->id), DB_INT(batch->first_row_id),
                              DB_INT(batch->first_row_id == 0 ? -1 : batch->last_row_id),
                              DB_INT(after_row), DB_INT(verdicts), DB_INT(limit)),
                    ret_statement, error);
}

enum error_code store_batch_row_list(struct work *work, const struct store_batch *batch,
                                     uint64_t verdicts, int64_t after_row, size_t limit,
                                     struct store_batch_row **ret_rows, size_t *ret_count,
                                     struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_batch_row *rows = arena_array(work->arena, limit + 1, sizeof *rows);
    size_t count = 0;
    bool row = true;
    enum error_code code =
        row_query(work, batch, verdicts, after_row, (int64_t)limit, &statement, error);
    while (code == OK && row && count < limit) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            struct store_batch_row *read = &rows[count++];
            read_row(statement, read);
            read->name = arena_text(work->arena, read->name);
            read->message = arena_text(work->arena, read->message);
            read->cells = arena_text(work->arena, read->cells);
            read->input = arena_text(work->arena, read->input);
        }
    }
    if (code == OK) {
        *ret_rows = rows;
        *ret_count = count;
    }
    return code;
}

enum error_code store_batch_row_visit(struct work *work, const struct store_batch *batch,
                                      enum error_code (*on_row)(void *context,
                                                                const struct store_batch_row *row,
                                                                struct error *error),
                                      void *context, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = true;
    enum error_code code = row_query(work, batch, 0, -1, -1, &statement, error);
    while (code == OK && row) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            struct store_batch_row read;
            read_row(statement, &read);
            code = on_row(context, &read, error);
        }
    }
    return code;
}

DB_SQL(BATCH_ROW_PRUNE,
       "DELETE FROM batch_row WHERE id IN (SELECT r.id FROM batch b JOIN batch_row r "
       "ON r.id >= b.first_row_id AND r.id <= b.last_row_id AND r.batch_id = b.id "
       "WHERE b.finished_at_ms < $1 AND b.first_row_id IS NOT NULL LIMIT $2)");

enum error_code store_batch_row_prune(struct work *work, int64_t before_ms, size_t limit,
                                      int64_t *ret_deleted, struct error *error)
{
    return db_run(work->db, &BATCH_ROW_PRUNE, DB_VALUES(DB_INT(before_ms), DB_INT(limit)),
                  ret_deleted, error);
}
