/* The sequence and step tables. Steps are matched by id: a save inserts, changes and marks as
 * removed; it never deletes a row that a message may point to. Saved versions are
 * store_sequence_version.c, lists and counts store_sequence_list.c. */
#include "store/store_sequence.h"

#include "base/buffer.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "store/db.h"
#include "store/store_sequence_internal.h"

enum { TEMPLATE_JSON_MAX = 512 * 1024 };

/* Empty optional texts are NULL in the row. */
static struct db_value text_or_null(struct text text)
{
    return text.size == 0 ? DB_NULL : DB_TEXT(text);
}

void store_sequence_read_row(struct db_statement *statement, struct arena *arena,
                             struct sequence *ret_sequence)
{
    *ret_sequence = (struct sequence){
        .id = db_int64(statement, 0),
        .status = (enum sequence_status)db_int64(statement, 1),
        .version = db_int64(statement, 2),
        .channel_id = db_int64(statement, 3),
        .send_minute = (int32_t)db_int64_or(statement, 4, -1),
        .send_window = {.set = !db_is_null(statement, 5),
                        .days = (uint8_t)db_int64(statement, 5),
                        .from_minute = (int32_t)db_int64(statement, 6),
                        .to_minute = (int32_t)db_int64(statement, 7)},
        .on_reply = (enum on_reply)db_int64(statement, 8),
        .reenroll = (enum reenroll)db_int64(statement, 9),
        .late_action = (enum late_action)db_int64(statement, 10),
        .max_late_ms = db_int64(statement, 11),
        .timezone = db_text_copy(statement, 12, arena),
        .name = db_text_copy(statement, 13, arena),
        .description = db_text_copy(statement, 14, arena),
        .created_at_ms = db_int64(statement, 15),
        .updated_at_ms = db_int64(statement, 16),
    };
}

static enum error_code read_template(struct text json_text, struct arena *arena,
                                     struct step_template *ret_template, struct error *error)
{
    const struct json_limits limits = {.size = TEMPLATE_JSON_MAX};
    CLEANUP(json_free) struct json *json = NULL;
    enum error_code code = json_parse(json_text, &limits, &json, error);
    if (code == OK) {
        code = step_template_parse(arena, json, ret_template, error);
    }
    if (code != OK) {
        return error_set(error, ERROR_INTERNAL, "a step's stored template cannot be read");
    }
    return OK;
}

#define STEP_COLUMNS                                                                               \
    "id, sequence_id, ordinal, day, minute, type, media_type, message, media_url, filename, "      \
    "template, removed_at_ms, origin_id"

static enum error_code read_step(struct db_statement *statement, struct arena *arena,
                                 struct store_step *ret_step, struct error *error)
{
    *ret_step = (struct store_step){
        .sequence_id = db_int64(statement, 1),
        .removed_at_ms = db_int64(statement, 11),
        .step = {.id = db_int64(statement, 0),
                 .ordinal = (int32_t)db_int64(statement, 2),
                 .day = (int32_t)db_int64(statement, 3),
                 .minute = (int32_t)db_int64_or(statement, 4, -1),
                 .type = (enum step_type)db_int64(statement, 5),
                 .media_type = (enum media_type)db_int64(statement, 6),
                 .message = db_text_copy(statement, 7, arena),
                 .media_url = db_text_copy(statement, 8, arena),
                 .filename = db_text_copy(statement, 9, arena),
                 .origin_id = db_int64(statement, 12)},
    };
    if (db_is_null(statement, 10)) {
        return OK;
    }
    return read_template(db_text(statement, 10), arena, &ret_step->step.template, error);
}

DB_SQL(STEP_GET, "SELECT " STEP_COLUMNS " FROM step WHERE id = $1");

enum error_code store_step_get(struct work *work, int64_t step_id, struct store_step *ret_step,
                               bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &STEP_GET, DB_VALUES(DB_INT(step_id)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK && row) {
        code = read_step(statement, work->arena, ret_step, error);
    }
    if (code == OK) {
        *ret_found = row;
    }
    return code;
}

DB_SQL(STEP_COUNT, "SELECT count(*) FROM step WHERE sequence_id = $1");
DB_SQL(STEP_LIST, "SELECT " STEP_COLUMNS " FROM step WHERE sequence_id = $1 "
                  "ORDER BY day, coalesce(minute, -1), ordinal, id");

enum error_code store_step_list(struct work *work, int64_t sequence_id,
                                struct store_step **ret_steps, size_t *ret_count,
                                struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    int64_t expected = 0;
    size_t count = 0;
    bool row = true;
    enum error_code code = db_find_int64(work->db, &STEP_COUNT, DB_VALUES(DB_INT(sequence_id)),
                                         &expected, NULL, error);
    if (code == OK) {
        code = db_query(work->db, &STEP_LIST, DB_VALUES(DB_INT(sequence_id)), &statement, error);
    }
    if (code != OK) {
        return code;
    }
    struct store_step *steps = arena_array(work->arena, (size_t)expected + 1, sizeof(*steps));
    while (code == OK && row && count < (size_t)expected) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            code = read_step(statement, work->arena, &steps[count++], error);
        }
    }
    if (code == OK) {
        *ret_steps = steps;
        *ret_count = count;
    }
    return code;
}

DB_SQL(SEQUENCE_GET,
       "SELECT " SEQUENCE_COLUMNS " FROM sequence WHERE id = $1 AND removed_at_ms IS NULL");

enum error_code store_sequence_get(struct work *work, int64_t id, struct sequence *ret_sequence,
                                   bool *ret_found, struct error *error)
{
    struct sequence sequence;
    bool row = false;
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    enum error_code code =
        db_query(work->db, &SEQUENCE_GET, DB_VALUES(DB_INT(id)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code != OK || !row) {
        *ret_found = code == OK ? false : *ret_found;
        return code;
    }
    store_sequence_read_row(statement, work->arena, &sequence);
    struct store_step *all = NULL;
    size_t count = 0;
    code = store_step_list(work, id, &all, &count, error);
    if (code != OK) {
        return code;
    }
    sequence.steps = arena_array(work->arena, count + 1, sizeof(*sequence.steps));
    for (size_t i = 0; i < count; i++) {
        if (all[i].removed_at_ms == 0) {
            sequence.steps[sequence.step_count++] = all[i].step;
        }
    }
    *ret_sequence = sequence;
    *ret_found = true;
    return OK;
}

/* The template as JSON in `buffer`, NULL without one. */
static struct db_value template_value(const struct step *step, struct buffer *buffer)
{
    if (step->template.name.size == 0) {
        return DB_NULL;
    }
    struct json_writer writer;
    json_writer_init(&writer, buffer);
    step_template_encode(&writer, &step->template);
    return DB_TEXT(buffer_text(buffer));
}

DB_SQL(STEP_INSERT,
       "INSERT INTO step (sequence_id, ordinal, day, minute, type, media_type, message, media_url, "
       "filename, template, created_at_ms, origin_id) "
       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
       "RETURNING id");
DB_SQL(STEP_UPDATE,
       "UPDATE step SET ordinal = $2, day = $3, minute = $4, type = $5, media_type = $6, "
       "message = $7, media_url = $8, filename = $9, template = $10, removed_at_ms = NULL "
       "WHERE id = $11 AND sequence_id = $1");

static enum error_code write_step(struct work *work, int64_t sequence_id, struct step *step,
                                  struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, TEMPLATE_JSON_MAX);
    struct db_value template = template_value(step, &buffer);
    if (buffer_overflowed(&buffer)) {
        return error_set(error, ERROR_TOO_BIG, "the template's parameters are too long");
    }
    struct db_value values[] = {
        DB_INT(sequence_id),
        DB_INT(step->ordinal),
        DB_INT(step->day),
        DB_INT_UNLESS(step->minute, -1),
        DB_INT(step->type),
        DB_INT(step->media_type),
        DB_TEXT(step->message.data == NULL ? TEXT("") : step->message),
        text_or_null(step->media_url),
        text_or_null(step->filename),
        template,
        DB_INT(step->id == 0 ? work->now_ms : step->id),
        DB_INT_UNLESS(step->origin_id, 0), /* stays what it was */
    };
    if (step->id == 0) {
        return db_find_int64(work->db, &STEP_INSERT, values, ARRAY_SIZE(values), &step->id, NULL,
                             error);
    }
    return db_run(work->db, &STEP_UPDATE, values, ARRAY_SIZE(values) - 1, NULL, error);
}

DB_SQL(STEP_REMOVE, "UPDATE step SET removed_at_ms = $2 WHERE id = $1 AND removed_at_ms IS NULL");

static enum error_code write_steps(struct work *work, struct sequence *sequence,
                                   struct error *error)
{
    struct store_step *stored = NULL;
    size_t count = 0;
    enum error_code code = store_step_list(work, sequence->id, &stored, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        if (stored[i].removed_at_ms == 0 &&
            sequence_find_step(sequence, stored[i].step.id) == NULL) {
            code = db_run(work->db, &STEP_REMOVE,
                          DB_VALUES(DB_INT(stored[i].step.id), DB_INT(work->now_ms)), NULL, error);
        }
    }
    for (size_t i = 0; code == OK && i < sequence->step_count; i++) {
        code = write_step(work, sequence->id, &sequence->steps[i], error);
    }
    return code;
}

DB_SQL(SEQUENCE_INSERT,
       "INSERT INTO sequence (status, version, channel_id, send_minute, window_days, "
       "window_from_minute, window_to_minute, on_reply, reenroll, late_action, max_late_ms, "
       "timezone, name, description, created_at_ms, updated_at_ms) "
       "VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14) "
       "RETURNING id");
DB_SQL(SEQUENCE_UPDATE,
       "UPDATE sequence SET status = $1, version = version + 1, channel_id = $2, "
       "send_minute = $3, window_days = $4, window_from_minute = $5, window_to_minute = $6, "
       "on_reply = $7, reenroll = $8, late_action = $9, max_late_ms = $10, timezone = $11, "
       "name = $12, description = $13, updated_at_ms = $14 "
       "WHERE id = $15 AND version = $16 AND removed_at_ms IS NULL");

enum { SEQUENCE_VALUES = 14 };

static void fill_values(const struct work *work, const struct sequence *sequence,
                        struct db_value values[SEQUENCE_VALUES])
{
    const struct send_window *window = &sequence->send_window;
    values[0] = DB_INT(sequence->status);
    values[1] = DB_INT_UNLESS(sequence->channel_id, 0);
    values[2] = DB_INT_UNLESS(sequence->send_minute, -1);
    values[3] = window->set ? DB_INT(window->days) : DB_NULL;
    values[4] = DB_INT(window->from_minute);
    values[5] = DB_INT(window->to_minute);
    values[6] = DB_INT(sequence->on_reply);
    values[7] = DB_INT(sequence->reenroll);
    values[8] = DB_INT(sequence->late_action);
    values[9] = DB_INT(sequence->max_late_ms);
    values[10] = text_or_null(sequence->timezone);
    values[11] = DB_TEXT(sequence->name);
    values[12] = DB_TEXT(sequence->description.data == NULL ? TEXT("") : sequence->description);
    values[13] = DB_INT(work->now_ms);
}

enum error_code store_sequence_insert(struct work *work, struct sequence *sequence,
                                      struct error *error)
{
    struct db_value values[SEQUENCE_VALUES];
    fill_values(work, sequence, values);
    enum error_code code = db_find_int64(work->db, &SEQUENCE_INSERT, values, SEQUENCE_VALUES,
                                         &sequence->id, NULL, error);
    if (code != OK) {
        return code;
    }
    sequence->version = 1;
    sequence->created_at_ms = work->now_ms;
    sequence->updated_at_ms = work->now_ms;
    work->wakes |= WORK_WAKE_SETTINGS | WORK_WAKE_DELIVERY;
    return write_steps(work, sequence, error);
}

enum error_code store_sequence_update(struct work *work, struct sequence *sequence,
                                      struct error *error)
{
    struct db_value values[SEQUENCE_VALUES + 2];
    int64_t changed = 0;
    fill_values(work, sequence, values);
    values[SEQUENCE_VALUES] = DB_INT(sequence->id);
    values[SEQUENCE_VALUES + 1] = DB_INT(sequence->version);
    enum error_code code =
        db_run(work->db, &SEQUENCE_UPDATE, values, ARRAY_SIZE(values), &changed, error);
    if (code == OK && changed != 1) {
        code = error_set(error, ERROR_CONFLICT, "the sequence was saved meanwhile; reload it");
    }
    if (code != OK) {
        return code;
    }
    sequence->version++;
    sequence->updated_at_ms = work->now_ms;
    work->wakes |= WORK_WAKE_SETTINGS | WORK_WAKE_DELIVERY;
    return write_steps(work, sequence, error);
}

DB_SQL(SEQUENCE_STATUS, "UPDATE sequence SET status = $2, version = version + 1, "
                        "updated_at_ms = $3 WHERE id = $1 AND removed_at_ms IS NULL");

enum error_code store_sequence_set_status(struct work *work, int64_t id,
                                          enum sequence_status status, struct error *error)
{
    int64_t changed = 0;
    enum error_code code =
        db_run(work->db, &SEQUENCE_STATUS,
               DB_VALUES(DB_INT(id), DB_INT(status), DB_INT(work->now_ms)), &changed, error);
    if (code == OK && changed != 1) {
        code = error_set(error, ERROR_NOT_FOUND, "the sequence does not exist");
    }
    work->wakes |= WORK_WAKE_SETTINGS | WORK_WAKE_DELIVERY;
    return code;
}

DB_SQL(SEQUENCE_REMOVE, "UPDATE sequence SET removed_at_ms = $2, status = $3, updated_at_ms = $2 "
                        "WHERE id = $1 AND removed_at_ms IS NULL");
DB_SQL(SEQUENCE_REMOVE_STEPS,
       "UPDATE step SET removed_at_ms = $2 WHERE sequence_id = $1 AND removed_at_ms IS NULL");

enum error_code store_sequence_remove(struct work *work, int64_t id, struct error *error)
{
    int64_t changed = 0;
    enum error_code code = db_run(
        work->db, &SEQUENCE_REMOVE,
        DB_VALUES(DB_INT(id), DB_INT(work->now_ms), DB_INT(SEQUENCE_ARCHIVED)), &changed, error);
    if (code == OK && changed != 1) {
        code = error_set(error, ERROR_NOT_FOUND, "the sequence does not exist");
    }
    if (code == OK) {
        code = db_run(work->db, &SEQUENCE_REMOVE_STEPS, DB_VALUES(DB_INT(id), DB_INT(work->now_ms)),
                      NULL, error);
    }
    work->wakes |= WORK_WAKE_SETTINGS | WORK_WAKE_DELIVERY;
    return code;
}
