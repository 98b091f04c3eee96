/* An import in chunks: reading and sorting on the runner, writing on the writer. See import_job.h
 * for what survives a restart. */
#include "service/import_job.h"

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "service/batch.h"
#include "service/enroll.h"
#include "service/import_sort.h"
#include "service/import_source.h"

enum {
    STEP_BYTES = 2 * 1024 * 1024,
    SORT_MEMORY = 12 * 1024 * 1024,
    CHUNK_BYTES = 2 * 1024 * 1024,
    CHUNK_WANTED_US = 25000, /* of the writer's time; the commit comes on top */
    CHUNK_ROWS_LEAST = 250,
    FIELDS_BYTES_MAX = 128 * 1024,
    TIMEZONE_MAX = 64,
};

struct import_chunk {
    struct import_job *job;
    struct buffer records;
    size_t count;
    bool last;
    int64_t took_us; /* the writer, the last time; 0 = not yet */
};

struct import_job {
    const struct service *service;
    int64_t batch_id;
    int64_t sequence_id;
    int64_t asked_at_ms;
    struct arena *arena;
    struct text source_word;
    struct import_source *source;
    struct import_sort *sort;
    bool reading;
    int64_t skip; /* rows done before a restart */
    int64_t rows_max;
    int64_t before_phone; /* of the last row given out, to see repeats */
    int64_t before_number;
    int64_t unknown_zones;
    struct buffer fields; /* of the row being read */
    struct error *error;  /* of the step being done */
    enum error_code code;
    struct import_chunk chunks[2];
    size_t turn;
    size_t chunk_rows; /* of the next chunk */
};

void import_job_free(struct import_job *job)
{
    if (job != NULL) {
        import_source_free(job->source);
        import_sort_free(job->sort);
        arena_free(job->arena);
        buffer_done(&job->fields);
        buffer_done(&job->chunks[0].records);
        buffer_done(&job->chunks[1].records);
        mem_free(job);
    }
}

enum error_code import_job_open(const struct service *service, const struct store_batch *batch,
                                struct import_job **ret_job, struct error *error)
{
    CLEANUP(import_job_free) struct import_job *job = mem_zalloc(sizeof *job);
    job->service = service;
    job->batch_id = batch->id;
    job->sequence_id = batch->sequence_id;
    job->asked_at_ms = batch->created_at_ms;
    job->skip = batch->cursor;
    job->rows_max = service->limits.import_rows;
    job->reading = true;
    job->arena = arena_new();
    job->source_word = arena_text(job->arena, batch->source);
    buffer_init(&job->fields, FIELDS_BYTES_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(job->chunks); i++) {
        job->chunks[i].job = job;
        buffer_init(&job->chunks[i].records, SIZE_MAX / 2);
    }
    job->sort = import_sort_new(service->spool_directory, SORT_MEMORY);
    struct import_options options;
    batch_import_options_read(job->arena, batch, &options);
    enum error_code code = import_source_open(arena_chars(job->arena, batch->spool_path), &options,
                                              &job->source, error);
    if (code == OK) {
        *ret_job = TAKE(job);
    }
    return code;
}

/* ---- reading ------------------------------------------------------------------------------- */

static void encode_fields(struct buffer *out, const struct import_person *person)
{
    struct json_writer writer;
    buffer_clear(out);
    json_writer_init(&writer, out);
    json_object_begin(&writer);
    for (size_t i = 0; i < person->field_count; i++) {
        json_key_text(&writer, person->fields[i].name);
        json_put_text(&writer, person->fields[i].value);
    }
    json_object_end(&writer);
}

static enum error_code add_person(struct import_job *job, const struct import_row *row)
{
    const struct import_person *person = row->person;
    encode_fields(&job->fields, person);
    struct text timezone = person->timezone;
    timezone = timezone.size > TIMEZONE_MAX ? text_head(timezone, TIMEZONE_MAX) : timezone;
    struct text fields = person->field_count == 0 ? TEXT("") : buffer_text(&job->fields);
    const struct import_record head = {
        .phone = person->phone.digits,
        .number = row->number,
        .offset = row->offset,
        .size = row->size,
        .enrolled_at_ms = person->enrolled_at_ms,
        .zone_guess = person->phone.zone,
        .start_day = (int32_t)person->start_day,
        .current_day = (int32_t)person->current_day,
        .timezone_size = (uint8_t)timezone.size,
        .name_size = (uint16_t)person->name.size,
        .fields_size = (uint32_t)fields.size,
    };
    return import_sort_add(job->sort, &head, timezone, person->name, fields, job->error);
}

static enum error_code add_refusal(struct import_job *job, const struct import_row *row)
{
    struct text message = text_from(row->refusal->message);
    struct text name = row->refusal->field;
    const struct import_record head = {
        .number = row->number,
        .offset = row->offset,
        .size = row->size,
        .verdict = row->refusal->is_phone ? ENROLL_INVALID_PHONE : ENROLL_INVALID_ROW,
        .name_size = (uint16_t)(name.size > 200 ? 200 : name.size),
        .fields_size = (uint32_t)message.size,
    };
    name = text_head(name, head.name_size);
    return import_sort_add(job->sort, &head, TEXT(""), name, message, job->error);
}

static bool on_row(void *context, const struct import_row *row)
{
    struct import_job *job = context;
    if (import_sort_count(job->sort) >= job->rows_max) {
        job->code = error_set(job->error, ERROR_TOO_BIG, "the file has more than %lld rows",
                              (long long)job->rows_max);
        return false;
    }
    job->code = row->person != NULL ? add_person(job, row) : add_refusal(job, row);
    return job->code == OK;
}

static enum error_code read_more(struct import_job *job, struct error *error)
{
    job->error = error;
    job->code = OK;
    bool more = true;
    enum error_code code = import_source_read(job->source, STEP_BYTES, on_row, job, &more, error);
    if (code == OK) {
        code = job->code;
    }
    if (code == OK && !more) {
        job->reading = false;
        code = import_sort_finish(job->sort, error);
    }
    return code;
}

/* ---- chunks -------------------------------------------------------------------------------- */

/* A repeat of the phone before it is refused here: the first one in the file wins. */
static struct import_record judge_repeat(struct import_job *job, const struct import_record *record)
{
    struct import_record copy = *record;
    if (record->phone == 0) {
        return copy;
    }
    if (record->phone == job->before_phone) {
        copy.verdict = ENROLL_DUPLICATE_IN_FILE;
        copy.enrolled_at_ms = job->before_number; /* the line that won */
    } else {
        job->before_phone = record->phone;
        job->before_number = record->number;
    }
    return copy;
}

/* The chunk came back from the writer: how many rows fit into the time that others may wait? */
static void learn_chunk_rows(struct import_job *job, const struct import_chunk *chunk)
{
    if (job->chunk_rows == 0) {
        job->chunk_rows = IMPORT_CHUNK_ROWS;
    }
    if (chunk->took_us <= 0 || chunk->count == 0) {
        return;
    }
    size_t rows = chunk->count * CHUNK_WANTED_US / (size_t)chunk->took_us;
    rows = rows < 2 * chunk->count ? rows : 2 * chunk->count; /* a short one says little */
    rows = rows < IMPORT_CHUNK_ROWS ? rows : IMPORT_CHUNK_ROWS;
    job->chunk_rows = rows > CHUNK_ROWS_LEAST ? rows : CHUNK_ROWS_LEAST;
}

static enum error_code fill_chunk(struct import_job *job, struct import_chunk *chunk,
                                  struct error *error)
{
    learn_chunk_rows(job, chunk);
    buffer_clear(&chunk->records);
    chunk->count = 0;
    chunk->last = false;
    while (chunk->count < job->chunk_rows && chunk->records.size < CHUNK_BYTES) {
        const struct import_record *record = NULL;
        enum error_code code = import_sort_next(job->sort, &record, error);
        if (code != OK) {
            return code;
        }
        if (record == NULL) {
            chunk->last = true;
            break;
        }
        struct import_record head = judge_repeat(job, record);
        if (job->skip > 0) {
            job->skip--;
            continue;
        }
        buffer_add(&chunk->records, &head, sizeof head);
        buffer_add(&chunk->records, record + 1, import_record_size(record) - sizeof head);
        chunk->count++;
    }
    return OK;
}

enum error_code import_job_step(struct import_job *job, struct import_chunk **ret_chunk,
                                struct error *error)
{
    *ret_chunk = NULL;
    if (job->reading) {
        return read_more(job, error);
    }
    struct import_chunk *chunk = &job->chunks[job->turn];
    enum error_code code = fill_chunk(job, chunk, error);
    if (code == OK) {
        job->turn = 1 - job->turn;
        *ret_chunk = chunk;
    }
    return code;
}

bool import_chunk_is_last(const struct import_chunk *chunk)
{
    return chunk->last;
}

/* ---- on the writer ------------------------------------------------------------------------- */

struct writing {
    struct work *work;
    struct import_job *job;
    struct enroll enroll;
    struct store_batch batch;
    struct buffer cells;
    struct buffer input;
    size_t group_count; /* people who are enrolled together */
    const struct import_record *group[ENROLL_GROUP];
};

static enum error_code keep_refused(struct writing *writing, const struct import_record *record,
                                    enum enroll_verdict verdict, struct text message,
                                    struct error *error)
{
    buffer_clear(&writing->cells);
    buffer_clear(&writing->input);
    enum error_code code = import_source_cells(writing->job->source, record->offset, record->size,
                                               &writing->cells, &writing->input, error);
    const struct store_batch_row row = {
        .id = writing->enroll.next_row_id,
        .batch_id = writing->job->batch_id,
        .row_number = record->number,
        .verdict = verdict,
        .phone = record->phone,
        .name = record->phone == 0 ? TEXT("") : import_record_name(record),
        .message = message,
        .cells = buffer_text(&writing->cells),
        .input = buffer_text(&writing->input),
    };
    if (code == OK) {
        code = store_batch_row_add(writing->work, &row, error);
    }
    if (code == OK) {
        writing->enroll.next_row_id++;
        if (writing->batch.first_row_id == 0) {
            writing->batch.first_row_id = row.id;
        }
        writing->batch.last_row_id = row.id;
    }
    return code;
}

static struct text refusal_message(struct arena *arena, const struct import_record *record)
{
    struct text field = import_record_name(record);
    struct text message = import_record_fields(record);
    return record->verdict == ENROLL_INVALID_ROW && field.size > 0
               ? arena_format(arena, "%.*s: %.*s", TEXT_ARGS(field), TEXT_ARGS(message))
               : message;
}

static struct enroll_person record_person(const struct writing *writing,
                                          const struct import_record *record)
{
    return (struct enroll_person){
        .phone = record->phone,
        .name = import_record_name(record),
        .fields = import_record_fields(record),
        .timezone = import_record_timezone(record),
        .zone_guess = record->zone_guess,
        .start_day = record->start_day,
        .current_day = record->current_day,
        .enrolled_at_ms =
            record->enrolled_at_ms == 0 ? writing->job->asked_at_ms : record->enrolled_at_ms,
    };
}

static enum error_code write_group(struct writing *writing, struct error *error)
{
    struct enroll_person people[ENROLL_GROUP] = {{.phone = 0}};
    struct enroll_result results[ENROLL_GROUP];
    size_t count = writing->group_count;
    if (count == 0) {
        return OK;
    }
    writing->group_count = 0;
    for (size_t i = 0; i < count; i++) {
        people[i] = record_person(writing, writing->group[i]);
    }
    enum error_code code = enroll_group(&writing->enroll, people, count, results, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        enum enroll_verdict verdict = results[i].verdict;
        if (verdict != ENROLL_ENROLLED && verdict != ENROLL_RESTARTED) {
            code = keep_refused(writing, writing->group[i], verdict,
                                text_from(enroll_verdict_to_words(verdict)), error);
        }
    }
    return code;
}

static enum error_code write_record(struct writing *writing, const struct import_record *record,
                                    struct error *error)
{
    if (record->phone == 0) {
        enroll_refused(&writing->enroll, record->verdict);
        return keep_refused(writing, record, record->verdict,
                            refusal_message(writing->work->arena, record), error);
    }
    if (record->verdict == ENROLL_DUPLICATE_IN_FILE) {
        enroll_refused(&writing->enroll, ENROLL_DUPLICATE_IN_FILE);
        struct text message =
            arena_format(writing->work->arena, "the same number stands in row %lld",
                         (long long)record->enrolled_at_ms);
        return keep_refused(writing, record, ENROLL_DUPLICATE_IN_FILE, message, error);
    }
    writing->group[writing->group_count++] = record;
    return writing->group_count == ENROLL_GROUP ? write_group(writing, error) : OK;
}

/* What the counts do not say: the heads for rows.csv and the warnings. */
static struct text describe(struct writing *writing)
{
    struct import_job *job = writing->job;
    CLEANUP_IN_PLACE(buffer_done) struct buffer heads;
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&heads, 1 << 20);
    buffer_init(&out, 1 << 21);
    import_source_heads(job->source, &heads);
    struct json_writer writer;
    json_writer_init(&writer, &out);
    json_object_begin(&writer);
    json_field_text(&writer, "heads", buffer_text(&heads));
    json_field_int64(&writer, "unknown_timezones", job->unknown_zones);
    json_field_int64(&writer, "repaired_characters", import_source_repairs(job->source));
    json_object_end(&writer);
    return arena_text(writing->work->arena, buffer_text(&out));
}

static enum error_code save_batch(struct writing *writing, const struct import_chunk *chunk,
                                  struct error *error)
{
    struct store_batch *batch = &writing->batch;
    const struct enroll *enroll = &writing->enroll;
    if (batch->first_enrollment_id == 0) {
        batch->first_enrollment_id = enroll->first_id;
    }
    batch->last_enrollment_id = enroll->last_id == 0 ? batch->last_enrollment_id : enroll->last_id;
    for (size_t i = 0; i < ENROLL_VERDICT_COUNT; i++) {
        batch->counts[i] += enroll->counts[i];
    }
    batch->state = BATCH_RUNNING;
    writing->job->unknown_zones += enroll->unknown_zones;
    if (batch->cursor == 0 || chunk->last) {
        batch->result = describe(writing);
    }
    batch->cursor += (int64_t)chunk->count;
    batch->done_rows = batch->cursor;
    batch->total_rows = import_sort_count(writing->job->sort);
    if (batch->started_at_ms == 0) {
        batch->started_at_ms = writing->work->now_ms;
    }
    if (chunk->last) {
        batch->state = BATCH_DONE;
        batch->finished_at_ms = writing->work->now_ms;
        batch->spool_path = text_make(NULL, 0);
    }
    enum error_code code = store_batch_update(writing->work, batch, error);
    return code == OK ? batch_tell(writing->work, batch, error) : code;
}

static enum error_code write_records(struct writing *writing, const struct import_chunk *chunk,
                                     struct error *error)
{
    const struct enroll_settings settings = {
        .sequence_id = writing->job->sequence_id,
        .source = writing->job->source_word,
        .batch_id = writing->job->batch_id,
    };
    enum error_code code =
        enroll_open(&writing->enroll, writing->work, writing->job->service, &settings, error);
    const char *at = buffer_chars(&chunk->records);
    for (size_t i = 0; code == OK && i < chunk->count; i++) {
        const struct import_record *record = (const void *)at;
        code = write_record(writing, record, error);
        at += import_record_size(record);
    }
    if (code == OK) {
        code = write_group(writing, error);
    }
    if (code == OK) {
        code = enroll_close(&writing->enroll, error);
    }
    if (code == OK) {
        code = save_batch(writing, chunk, error);
    }
    return code;
}

enum error_code import_chunk_run(struct work *work, struct import_chunk *chunk, bool *ret_stop,
                                 struct error *error)
{
    struct writing writing = {.work = work, .job = chunk->job};
    int64_t started_us = clock_measure_us();
    enum error_code code = batch_get(work, chunk->job->batch_id, &writing.batch, error);
    if (code != OK) {
        return code;
    }
    *ret_stop = writing.batch.state != BATCH_WAITING && writing.batch.state != BATCH_RUNNING;
    if (*ret_stop) {
        return OK;
    }
    buffer_init(&writing.cells, (size_t)CSV_ROW_BYTES_MAX * 2);
    buffer_init(&writing.input, 4096);
    code = write_records(&writing, chunk, error);
    buffer_done(&writing.cells);
    buffer_done(&writing.input);
    chunk->took_us = clock_measure_us() - started_us;
    return code;
}
