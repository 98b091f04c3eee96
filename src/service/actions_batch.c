/* Actions on many people as a batch: what was asked for stands in the batch's options, where it
 * goes on in its cursor. Each chunk is one transaction, so a restart loses and repeats nothing. */
#include "service/actions_internal.h"

#include "base/json.h"
#include "base/json_writer.h"
#include "service/batch.h"
#include "store/store_batch.h"
#include "store/store_sequence.h"

/* Small enough that other writes wait some tens of milliseconds for their turn. */
enum { CHUNK_PEOPLE = 500 };

/* The cursor: which of its walks the action is in, and the last id visited there. */
#define CURSOR_WALK_SHIFT 52
#define CURSOR_ID_MASK ((INT64_C(1) << CURSOR_WALK_SHIFT) - 1)

static void write_filter(struct json_writer *writer, const struct store_action_filter *filter)
{
    json_field_int64(writer, "sequence_id", filter->sequence_id);
    json_field_int64(writer, "status_bits", filter->status_bits);
    json_field_int64(writer, "batch_id", filter->batch_id);
    json_field_text(writer, "text", filter->text);
    if (filter->id_count > 0) {
        json_key(writer, "ids");
        json_array_begin(writer);
        for (size_t i = 0; i < filter->id_count; i++) {
            json_put_int64(writer, filter->ids[i]);
        }
        json_array_end(writer);
    }
}

static void write_result(struct json_writer *writer, const struct action_result *result)
{
    json_object_begin(writer);
    json_field_int64(writer, "changed", result->changed);
    json_field_int64(writer, "messages_cancelled", result->messages_cancelled);
    json_key(writer, "skipped");
    json_array_begin(writer);
    for (size_t i = 0; i < result->skipped_count; i++) {
        json_object_begin(writer);
        json_field_chars(writer, "reason", result->skipped[i].reason);
        json_field_int64(writer, "count", result->skipped[i].count);
        json_object_end(writer);
    }
    json_array_end(writer);
    json_object_end(writer);
}

static struct text encode_result(struct work *work, const struct action_result *result)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, 8192);
    struct json_writer writer;
    json_writer_init(&writer, &buffer);
    write_result(&writer, result);
    return arena_text(work->arena, buffer_text(&buffer));
}

enum error_code action_leave_to_batch(struct work *work, const struct action *action,
                                      const struct store_action_filter *filter, int64_t total,
                                      struct action_result *result, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer options;
    buffer_init(&options, 1 << 20);
    struct json_writer writer;
    json_writer_init(&writer, &options);
    json_object_begin(&writer);
    json_field_chars(&writer, "action", action_kind_to_text(action->kind));
    json_field_int64(&writer, "mode", action->mode);
    json_field_text(&writer, "reason", action->reason);
    json_field_bool(&writer, "whole_sequence", action->whole_sequence);
    write_filter(&writer, filter);
    json_object_end(&writer);
    struct store_batch batch = {
        .sequence_id = filter->sequence_id,
        .kind = TEXT("action"),
        .state = BATCH_WAITING,
        .source = TEXT("api"),
        .file_name = TEXT(""),
        .options = arena_text(work->arena, buffer_text(&options)),
        .result = encode_result(work, result),
        .total_rows = total,
        .done_rows = result->changed,
        .actor = work->actor.name,
    };
    enum error_code code = store_batch_insert(work, &batch, error);
    if (code == OK) {
        code = store_batch_update(work, &batch, error);
    }
    if (code == OK) {
        result->batch_id = batch.id;
        work->wakes |= WORK_WAKE_RUNNER;
    }
    return code;
}

/* What a batch was asked to do, and how far it got. */
struct action_batch {
    struct store_batch row;
    struct action action;
    struct store_action_filter filter;
    struct action_result result;
};

static void read_ids(struct work *work, const struct json *options,
                     struct store_action_filter *filter)
{
    const struct json *ids = json_get(options, "ids");
    filter->id_count = json_count(ids);
    int64_t *copy = arena_array(work->arena, filter->id_count + 1, sizeof *copy);
    for (size_t i = 0; i < filter->id_count; i++) {
        (void)json_int64(json_at(ids, i), &copy[i]);
    }
    filter->ids = copy;
}

static enum error_code read_options(struct work *work, struct action_batch *batch,
                                    struct error *error)
{
    CLEANUP(json_free) struct json *options = NULL;
    CLEANUP(json_free) struct json *result = NULL;
    enum error_code code = json_parse(batch->row.options, NULL, &options, error);
    if (code == OK && batch->row.result.size > 0) {
        code = json_parse(batch->row.result, NULL, &result, error);
    }
    if (code != OK ||
        !action_kind_from_text(json_get_text(options, "action"), &batch->action.kind)) {
        return code != OK ? code
                          : error_set(error, ERROR_INTERNAL, "cannot read the batch's action");
    }
    batch->action.mode = (enum action_mode)json_get_int64(options, "mode", ACTION_SHIFT);
    batch->action.reason = arena_text(work->arena, json_get_text(options, "reason"));
    batch->action.asked_at_ms = batch->row.created_at_ms;
    (void)json_bool(json_get(options, "whole_sequence"), &batch->action.whole_sequence);
    batch->filter = (struct store_action_filter){
        .sequence_id = json_get_int64(options, "sequence_id", 0),
        .status_bits = (unsigned)json_get_int64(options, "status_bits", 0),
        .batch_id = json_get_int64(options, "batch_id", 0),
        .text = arena_text(work->arena, json_get_text(options, "text")),
    };
    read_ids(work, options, &batch->filter);
    batch->result.changed = json_get_int64(result, "changed", 0);
    batch->result.messages_cancelled = json_get_int64(result, "messages_cancelled", 0);
    const struct json *skipped = json_get(result, "skipped");
    for (size_t i = 0; i < json_count(skipped) && i < ACTION_REASONS_MAX; i++) {
        const struct json *item = json_at(skipped, i);
        action_count_skip(&batch->result, arena_chars(work->arena, json_get_text(item, "reason")),
                          json_get_int64(item, "count", 0));
    }
    return OK;
}

/* Somebody resumed the sequence before its pause was carried out, or the other way round: then the
 * newer word holds, and its own batch sees to the people. */
static enum error_code is_overtaken(struct work *work, const struct action_batch *batch,
                                    bool *ret_overtaken, struct error *error)
{
    struct sequence sequence;
    bool found = false;
    *ret_overtaken = false;
    if (!batch->action.whole_sequence || batch->action.kind == ACTION_STOP) {
        return OK;
    }
    enum error_code code =
        store_sequence_get(work, batch->filter.sequence_id, &sequence, &found, error);
    if (code == OK) {
        enum sequence_status wanted =
            batch->action.kind == ACTION_PAUSE ? SEQUENCE_PAUSED : SEQUENCE_ACTIVE;
        *ret_overtaken = !found || sequence.status != wanted;
    }
    return code;
}

static enum error_code chunk_of_ids(struct action_run *run, struct action_batch *batch,
                                    bool *ret_done, struct error *error)
{
    enum error_code code = OK;
    int64_t end = batch->row.cursor + CHUNK_PEOPLE;
    int64_t count = (int64_t)batch->filter.id_count;
    for (; code == OK && batch->row.cursor < end && batch->row.cursor < count;
         batch->row.cursor++) {
        struct store_action_row row = {0};
        bool found = false;
        code =
            store_action_get(run->work, batch->filter.ids[batch->row.cursor], &row, &found, error);
        if (code == OK && found) {
            code = action_visit(run, &row, error);
        } else if (code == OK) {
            action_count_skip(run->result, "not_found", 1);
        }
        batch->row.done_rows++;
    }
    *ret_done = batch->row.cursor >= count;
    return code;
}

static enum error_code chunk_of_filter(struct action_run *run, struct action_batch *batch,
                                       bool *ret_done, struct error *error)
{
    enum store_action_who walks[2];
    size_t count = action_walks(&batch->action, &batch->filter, walks);
    size_t walk = (size_t)(batch->row.cursor >> CURSOR_WALK_SHIFT);
    int64_t last_id = batch->row.cursor & CURSOR_ID_MASK;
    size_t visited = 0;
    enum error_code code = OK;
    if (walk < count) {
        code = store_action_walk(run->work, &batch->filter, walks[walk], last_id, CHUNK_PEOPLE,
                                 action_visit, run, &last_id, &visited, error);
    }
    if (visited < CHUNK_PEOPLE) {
        walk++;
        last_id = 0;
    }
    batch->row.cursor = (int64_t)walk << CURSOR_WALK_SHIFT | last_id;
    batch->row.done_rows += (int64_t)visited;
    *ret_done = walk >= count;
    return code;
}

static enum error_code save_chunk(struct work *work, struct action_batch *batch, bool done,
                                  struct error *error)
{
    batch->row.state = done ? BATCH_DONE : BATCH_RUNNING;
    batch->row.started_at_ms =
        batch->row.started_at_ms == 0 ? work->now_ms : batch->row.started_at_ms;
    batch->row.finished_at_ms = done ? work->now_ms : 0;
    batch->row.result = encode_result(work, &batch->result);
    enum error_code code = store_batch_update(work, &batch->row, error);
    return code == OK ? batch_tell(work, &batch->row, error) : code;
}

enum error_code actions_batch_chunk(struct work *work, int64_t batch_id, bool *ret_done,
                                    struct error *error)
{
    struct action_batch batch = {0};
    bool found = false;
    bool done = false;
    enum error_code code = store_batch_get(work, batch_id, &batch.row, &found, error);
    if (code == OK && !found) {
        return error_set(error, ERROR_NOT_FOUND, "this batch does not exist");
    }
    if (code == OK && batch.row.state != BATCH_WAITING && batch.row.state != BATCH_RUNNING) {
        *ret_done = true; /* somebody cancelled it */
        return OK;
    }
    if (code == OK) {
        code = read_options(work, &batch, error);
    }
    if (code == OK) {
        code = is_overtaken(work, &batch, &done, error);
    }
    if (code == OK && !done) {
        struct action_run run;
        action_run_init(&run, work, &batch.action, &batch.result, false);
        code = batch.filter.id_count > 0 ? chunk_of_ids(&run, &batch, &done, error)
                                         : chunk_of_filter(&run, &batch, &done, error);
        action_run_finish(&run);
    }
    if (code == OK) {
        code = save_chunk(work, &batch, done, error);
    }
    if (code == OK) {
        *ret_done = done;
    }
    return code;
}
