/* Lists and counts of sequences. Sequences are few (hundreds), people in them many: so lists are
 * read whole, and counts come from the counters, never from the people's rows. */
#include "domain/enrollment.h"
#include "store/counters.h"
#include "store/db.h"
#include "store/store_sequence.h"
#include "store/store_sequence_internal.h"

static void add_count(struct sequence_counts *counts, int64_t status, int64_t count)
{
    counts->enrolled += count;
    switch ((enum enrollment_status)status) {
    case ENROLLMENT_ACTIVE:
        counts->active += count;
        break;
    case ENROLLMENT_PAUSED:
        counts->paused += count;
        break;
    case ENROLLMENT_COMPLETED:
        counts->completed += count;
        break;
    case ENROLLMENT_STOPPED:
        counts->stopped += count;
        break;
    case ENROLLMENT_OPTED_OUT:
        counts->opted_out += count;
        break;
    case ENROLLMENT_FAILED:
        counts->failed += count;
        break;
    }
}

/* What the running commit adds to the counts of one sequence. */
struct pending_counts {
    int64_t sequence_id;
    struct sequence_counts *counts;
};

static void add_pending(void *context, const struct counter_key *key, int64_t delta)
{
    const struct pending_counts *pending = context;
    if (key->sequence_id == pending->sequence_id && key->step_id == 0) {
        add_count(pending->counts, key->outcome, delta);
    }
}

DB_SQL(SEQUENCE_COUNTS, "SELECT outcome, count FROM counter WHERE sequence_id = $1 "
                        "AND step_id = 0");

enum error_code store_sequence_counts(struct work *work, int64_t id,
                                      struct sequence_counts *ret_counts, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct sequence_counts counts = {0};
    bool row = true;
    enum error_code code =
        db_query(work->db, &SEQUENCE_COUNTS, DB_VALUES(DB_INT(id)), &statement, error);
    while (code == OK && row) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            add_count(&counts, db_int64(statement, 0), db_int64(statement, 1));
        }
    }
    if (code == OK) {
        struct pending_counts pending = {.sequence_id = id, .counts = &counts};
        counters_visit(work, COUNTER_STEP, add_pending, &pending);
        *ret_counts = counts;
    }
    return code;
}

DB_SQL(SEQUENCE_LAST_ACTIVITY, "SELECT coalesce(read_at_ms, delivered_at_ms, sent_at_ms, "
                               "failed_at_ms, created_at_ms) FROM message WHERE sequence_id = $1 "
                               "ORDER BY id DESC LIMIT 1");

enum error_code store_sequence_last_activity(struct work *work, int64_t id, int64_t *ret_at_ms,
                                             struct error *error)
{
    int64_t at_ms = 0;
    bool found = false;
    enum error_code code = db_find_int64(work->db, &SEQUENCE_LAST_ACTIVITY, DB_VALUES(DB_INT(id)),
                                         &at_ms, &found, error);
    if (code == OK) {
        *ret_at_ms = found ? at_ms : 0;
    }
    return code;
}

DB_SQL(SEQUENCE_COUNT, "SELECT count(*) FROM sequence WHERE removed_at_ms IS NULL");
DB_SQL(SEQUENCE_LIST, "SELECT " SEQUENCE_COLUMNS ", "
                      "(SELECT count(*) FROM step WHERE step.sequence_id = sequence.id "
                      "AND step.removed_at_ms IS NULL), "
                      "(SELECT max(day) FROM step WHERE step.sequence_id = sequence.id "
                      "AND step.removed_at_ms IS NULL) "
                      "FROM sequence WHERE removed_at_ms IS NULL ORDER BY id DESC");
DB_SQL(SEQUENCE_COUNTS_ALL, "SELECT sequence_id, outcome, count FROM counter WHERE step_id = 0");

static enum error_code add_counts(struct work *work, struct store_sequence_summary *summaries,
                                  size_t count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = true;
    enum error_code code =
        db_query(work->db, &SEQUENCE_COUNTS_ALL, DB_NO_VALUES, &statement, error);
    while (code == OK && row) {
        code = db_next(statement, &row, error);
        if (code != OK || !row) {
            break;
        }
        /* The list is ordered by falling id. */
        int64_t id = db_int64(statement, 0);
        size_t low = 0;
        size_t high = count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (summaries[middle].sequence.id > id) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low < count && summaries[low].sequence.id == id) {
            add_count(&summaries[low].counts, db_int64(statement, 1), db_int64(statement, 2));
        }
    }
    return code;
}

enum error_code store_sequence_list(struct work *work,
                                    struct store_sequence_summary **ret_summaries,
                                    size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    int64_t expected = 0;
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_find_int64(work->db, &SEQUENCE_COUNT, DB_NO_VALUES, &expected, NULL, error);
    if (code == OK) {
        code = db_query(work->db, &SEQUENCE_LIST, DB_NO_VALUES, &statement, error);
    }
    if (code != OK) {
        return code;
    }
    struct store_sequence_summary *summaries =
        arena_array(work->arena, (size_t)expected + 1, sizeof(*summaries));
    while (code == OK && row && count < (size_t)expected) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            struct store_sequence_summary *summary = &summaries[count++];
            store_sequence_read_row(statement, work->arena, &summary->sequence);
            summary->message_count = db_int64(statement, SEQUENCE_COLUMN_COUNT);
            summary->total_days = (int32_t)db_int64(statement, SEQUENCE_COLUMN_COUNT + 1);
        }
    }
    if (code == OK) {
        code = add_counts(work, summaries, count, error);
    }
    if (code == OK) {
        *ret_summaries = summaries;
        *ret_count = count;
    }
    return code;
}
