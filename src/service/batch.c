/* Batches: cancelled while they run, undone afterwards. Undoing takes people out as if they had
 * never been in, unless a message of theirs exists: then the enrollment is stopped and its history
 * stays. */
#include "service/batch.h"

#include "base/json.h"
#include "delivery/progress.h"
#include "service/import.h"
#include "store/counters.h"
#include "store/store_enrollment.h"
#include "store/store_event.h"

#include <stdio.h>

enum { UNDO_CHUNK = 2000, UNDO_AT_ONCE_MAX = 1000 };

enum error_code batch_get(struct work *work, int64_t id, struct store_batch *ret_batch,
                          struct error *error)
{
    bool found = false;
    enum error_code code = store_batch_get(work, id, ret_batch, &found, error);
    if (code == OK && !found) {
        return error_set(error, ERROR_NOT_FOUND, "there is no such batch");
    }
    return code;
}

enum error_code batch_tell(struct work *work, const struct store_batch *batch, struct error *error)
{
    const struct store_event event = {
        .type = TEXT("batch.updated"),
        .sequence_id = batch->sequence_id,
        .batch_id = batch->id,
    };
    return store_event_add(work, &event, error);
}

static enum error_code save(struct work *work, const struct store_batch *batch, struct error *error)
{
    enum error_code code = store_batch_update(work, batch, error);
    return code == OK ? batch_tell(work, batch, error) : code;
}

enum error_code batch_cancel(struct work *work, int64_t id, struct store_batch *ret_batch,
                             struct error *error)
{
    struct store_batch batch;
    enum error_code code = batch_get(work, id, &batch, error);
    if (code != OK) {
        return code;
    }
    if (batch.state != BATCH_WAITING && batch.state != BATCH_RUNNING) {
        return error_set(error, ERROR_CONFLICT, "the batch has ended: it is %s",
                         batch_state_to_text(batch.state));
    }
    if (text_equal(batch.kind, TEXT("edit"))) {
        return error_set(error, ERROR_CONFLICT,
                         "an edit that is saved must reach everyone; edit the sequence again");
    }
    batch.state = BATCH_CANCELLED;
    batch.finished_at_ms = work->now_ms;
    batch.spool_path = text_make(NULL, 0);
    work->wakes |= WORK_WAKE_RUNNER;
    code = save(work, &batch, error);
    *ret_batch = batch;
    return code;
}

/* ---- undoing ------------------------------------------------------------------------------- */

bool batch_can_undo(const struct store_batch *batch)
{
    bool ended = batch->state == BATCH_DONE || batch->state == BATCH_CANCELLED ||
                 batch->state == BATCH_FAILED;
    return ended && text_equal(batch->kind, TEXT("import")) && batch->first_enrollment_id != 0;
}

/* Takes the counts of one person who never got anything back out of the sums. */
static enum error_code uncount(struct progress *progress, const struct store_batch *batch,
                               const struct store_batch_enrollment *row, struct error *error)
{
    struct progress_sequence *sequence = NULL;
    struct store_progress stored;
    struct schedule_person person;
    bool found = false;
    enum error_code code = progress_sequence(progress, batch->sequence_id, &sequence, error);
    if (code == OK) {
        code = store_progress_get(progress->work, row->id, &stored, &found, error);
    }
    if (code != OK || !found) {
        return code;
    }
    code = progress_person(progress, sequence, &stored, &person, error);
    struct counter_place place = {.sequence_id = batch->sequence_id,
                                  .enrolled_at_ms = stored.enrolled_at_ms};
    counters_add(progress->work, &place, (int)row->status, 0, -1);
    /* Steps behind the beginning were counted as sent before when the row said so. */
    int64_t reason = row->messages_sent > 0 ? REASON_SENT_BEFORE : REASON_NOT_NEEDED;
    for (size_t i = 0; code == OK && i < sequence->plan.step_count; i++) {
        bool behind = schedule_key(&sequence->plan, &person, i) <= row->position;
        place.step_id = sequence->plan.steps[i].id;
        counters_add(progress->work, &place, behind ? OUTCOME_SKIPPED : OUTCOME_WAITING,
                     behind ? reason : 0, -1);
    }
    return code;
}

static enum error_code undo_one(struct progress *progress, const struct store_batch *batch,
                                const struct store_batch_enrollment *row, struct batch_undo *undo,
                                struct error *error)
{
    bool live = enrollment_status_is_live(row->status);
    bool untouched = row->message_count == 0 && (live || row->status == ENROLLMENT_COMPLETED);
    if (untouched) {
        undo->removed++;
        enum error_code code = uncount(progress, batch, row, error);
        return code == OK
                   ? store_enrollment_remove(progress->work, row->id, row->next_due_at_ms, error)
                   : code;
    }
    if (live) {
        undo->stopped++;
        return progress_end(progress, row->id, ENROLLMENT_STOPPED, REASON_UNDONE,
                            TEXT("import undone"), error);
    }
    return OK;
}

/* One pass over at most `limit` people after batch->cursor; counts only with `dry_run`. */
static enum error_code undo_pass(struct work *work, struct store_batch *batch, size_t limit,
                                 bool dry_run, struct batch_undo *undo, bool *ret_done,
                                 struct error *error)
{
    struct store_batch_enrollment *rows = NULL;
    size_t count = 0;
    struct progress progress;
    progress_init(&progress, work);
    enum error_code code = store_enrollment_of_batch(
        work, batch->id, batch->cursor, batch->last_enrollment_id, limit, &rows, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        bool live = enrollment_status_is_live(rows[i].status);
        if (!dry_run) {
            code = undo_one(&progress, batch, &rows[i], undo, error);
        } else if (rows[i].message_count == 0 && (live || rows[i].status == ENROLLMENT_COMPLETED)) {
            undo->removed++;
        } else {
            undo->stopped += live ? 1 : 0;
        }
        batch->cursor = rows[i].id;
    }
    *ret_done = count < limit;
    return code;
}

static enum error_code finish_undo(struct work *work, struct store_batch *batch, bool done,
                                   struct error *error)
{
    if (done) {
        batch->state = BATCH_UNDONE;
        batch->undone_at_ms = work->now_ms;
        batch->cursor = batch->done_rows;
    }
    return save(work, batch, error);
}

enum error_code batch_undo_chunk(struct work *work, int64_t batch_id, bool *ret_done,
                                 struct error *error)
{
    struct store_batch batch;
    struct batch_undo undo = {.removed = 0};
    bool done = true;
    enum error_code code = batch_get(work, batch_id, &batch, error);
    if (code == OK && batch.state == BATCH_UNDOING) {
        code = undo_pass(work, &batch, UNDO_CHUNK, false, &undo, &done, error);
        if (code == OK) {
            code = finish_undo(work, &batch, done, error);
        }
    }
    if (code == OK) {
        *ret_done = done;
    }
    return code;
}

enum error_code batch_undo(struct work *work, int64_t id, bool dry_run, struct batch_undo *ret_undo,
                           struct store_batch *ret_batch, struct error *error)
{
    struct store_batch batch;
    struct batch_undo undo = {.removed = 0};
    enum error_code code = batch_get(work, id, &batch, error);
    if (code != OK) {
        return code;
    }
    if (!batch_can_undo(&batch)) {
        return error_set(error, ERROR_CONFLICT, "the batch cannot be undone: it is %s",
                         batch_state_to_text(batch.state));
    }
    struct store_batch copy = batch;
    int64_t people = batch.counts[ENROLL_ENROLLED] + batch.counts[ENROLL_RESTARTED];
    bool done = false;
    copy.cursor = batch.first_enrollment_id - 1;
    if (dry_run) {
        while (code == OK && !done) {
            code = undo_pass(work, &copy, UNDO_CHUNK, true, &undo, &done, error);
        }
    } else if (people <= UNDO_AT_ONCE_MAX) {
        code = undo_pass(work, &copy, UNDO_AT_ONCE_MAX + 1, false, &undo, &done, error);
        if (code == OK) {
            code = finish_undo(work, &copy, true, error);
        }
        batch = copy;
    } else {
        copy.state = BATCH_UNDOING;
        work->wakes |= WORK_WAKE_RUNNER;
        code = save(work, &copy, error);
        batch = copy;
    }
    *ret_undo = undo;
    *ret_batch = batch;
    return code;
}

/* ---- options ------------------------------------------------------------------------------- */

struct text batch_import_options(struct arena *arena, const struct import_options *options)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&out, 64 * 1024);
    struct json_writer writer;
    json_writer_init(&writer, &out);
    json_object_begin(&writer);
    json_field_int64(&writer, "format", options->format);
    json_field_text(&writer, "country", options->country);
    json_field_text(&writer, "columns", options->columns);
    json_field_int64(&writer, "header", options->header);
    json_field_int64(&writer, "separator", options->separator);
    json_object_end(&writer);
    return arena_text(arena, buffer_text(&out));
}

void batch_import_options_read(struct arena *arena, const struct store_batch *batch,
                               struct import_options *ret_options)
{
    CLEANUP(json_free) struct json *json = NULL;
    struct error ignored = {.code = OK};
    *ret_options = (struct import_options){.header = -1};
    if (json_parse(batch->options, NULL, &json, &ignored) != OK) {
        return;
    }
    ret_options->format = (enum import_format)json_get_int64(json, "format", IMPORT_TABLE);
    ret_options->country = arena_text(arena, json_get_text(json, "country"));
    ret_options->columns = arena_text(arena, json_get_text(json, "columns"));
    ret_options->header = (int)json_get_int64(json, "header", -1);
    ret_options->separator = (char)json_get_int64(json, "separator", 0);
}

enum error_code batch_list(struct work *work, const struct store_batch_filter *filter, size_t limit,
                           struct store_batch **ret_batches, size_t *ret_count, struct error *error)
{
    return store_batch_list(work, filter, limit, ret_batches, ret_count, error);
}

/* ---- refused rows -------------------------------------------------------------------------- */

enum error_code batch_rows(struct work *work, const struct store_batch *batch, uint64_t verdicts,
                           int64_t after, size_t limit, struct import_answer_row **ret_rows,
                           size_t *ret_count, struct error *error)
{
    struct store_batch_row *stored = NULL;
    size_t count = 0;
    enum error_code code =
        store_batch_row_list(work, batch, verdicts, after, limit, &stored, &count, error);
    struct import_answer_row *rows = arena_array(work->arena, count + 1, sizeof *rows);
    for (size_t i = 0; code == OK && i < count; i++) {
        rows[i] = (struct import_answer_row){
            .number = stored[i].row_number,
            .verdict = stored[i].verdict,
            .message = stored[i].message,
            .phone = stored[i].phone,
            .name = stored[i].name,
            .input = stored[i].input,
        };
    }
    if (code == OK) {
        *ret_rows = rows;
        *ret_count = count;
    }
    return code;
}

struct rows_csv {
    struct buffer out;
    enum error_code (*write)(void *context, struct text piece, struct error *error);
    void *context;
};

static enum error_code flush(struct rows_csv *csv, size_t least, struct error *error)
{
    if (csv->out.size <= least) {
        return OK;
    }
    enum error_code code = csv->write(csv->context, buffer_text(&csv->out), error);
    buffer_clear(&csv->out);
    return code;
}

static enum error_code on_row(void *context, const struct store_batch_row *row, struct error *error)
{
    struct rows_csv *csv = context;
    char number[24];
    (void)snprintf(number, sizeof number, "%lld", (long long)row->row_number);
    buffer_add_text(&csv->out, row->cells);
    csv_put_cell(&csv->out, text_from(number), false, false);
    csv_put_cell(&csv->out, text_from(enroll_verdict_to_text(row->verdict)), false, false);
    csv_put_cell(&csv->out, row->message, false, true);
    csv_end_row(&csv->out);
    return flush(csv, 32 * 1024, error);
}

enum error_code batch_rows_csv(struct work *work, const struct store_batch *batch,
                               enum error_code (*write)(void *context, struct text piece,
                                                        struct error *error),
                               void *context, struct error *error)
{
    struct rows_csv csv = {.write = write, .context = context};
    CLEANUP(json_free) struct json *json = NULL;
    struct error ignored = {.code = OK};
    struct text heads = TEXT("phone,name");
    if (json_parse(batch->result, NULL, &json, &ignored) == OK &&
        json_get_text(json, "heads").size > 0) {
        heads = json_get_text(json, "heads");
    }
    buffer_init(&csv.out, (size_t)CSV_ROW_BYTES_MAX * 4);
    buffer_add_text(&csv.out, heads);
    buffer_add_chars(&csv.out, ",row,verdict,reason\r\n");
    enum error_code code = store_batch_row_visit(work, batch, on_row, &csv, error);
    if (code == OK) {
        code = flush(&csv, 0, error);
    }
    buffer_done(&csv.out);
    return code;
}
