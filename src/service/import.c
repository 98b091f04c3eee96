/* A bulk enrollment between the request and the batch: see import.h. */
#include "service/import.h"

#include "base/hash.h"
#include "base/json_writer.h"
#include "service/batch.h"
#include "service/enroll.h"
#include "service/runner.h"
#include "store/store_sequence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* One row, kept until the writer takes it. */
struct kept_row {
    struct enroll_person person; /* phone 0: refused */
    struct import_answer_row verdict;
    struct text cells;
};

struct import_prepared {
    struct arena *arena;
    struct import_source *source;
    struct kept_row *rows;
    size_t count;
    bool large;
    struct import_answer answer; /* of a dry run */
};

static void source_free(void *source)
{
    import_source_free(source);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static struct text refusal_words(struct arena *arena, const struct import_refusal *refusal)
{
    return refusal->is_phone || refusal->field.size == 0
               ? arena_text(arena, text_from(refusal->message))
               : arena_format(arena, "%.*s: %s", TEXT_ARGS(refusal->field), refusal->message);
}

static struct import_answer_row row_verdict(struct arena *arena, const struct import_row *row)
{
    struct import_answer_row verdict = {
        .number = row->number,
        .input = arena_text(arena, row->input.size > 200 ? text_head(row->input, 0) : row->input),
    };
    if (row->person != NULL) {
        verdict.phone = row->person->phone.digits;
        verdict.name = arena_text(arena, row->person->name);
    } else {
        verdict.verdict = row->refusal->is_phone ? ENROLL_INVALID_PHONE : ENROLL_INVALID_ROW;
        verdict.message = refusal_words(arena, row->refusal);
    }
    return verdict;
}

static struct enroll_person row_person(struct arena *arena, const struct import_row *row,
                                       bool copy_fields)
{
    const struct import_person *person = row->person;
    if (person == NULL) {
        return (struct enroll_person){.phone = 0};
    }
    return (struct enroll_person){
        .phone = person->phone.digits,
        .name = arena_text(arena, person->name),
        .fields = copy_fields ? enroll_fields_json(arena, person) : TEXT(""),
        .timezone = arena_text(arena, person->timezone),
        .zone_guess = person->phone.zone,
        .start_day = person->start_day,
        .current_day = person->current_day,
        .enrolled_at_ms = person->enrolled_at_ms,
    };
}

/* The words of a verdict that only the database could give. */
static enum error_code judge(struct enroll *enroll, struct map64 *seen,
                             const struct enroll_person *person, struct import_answer_row *verdict,
                             struct arena *arena, struct error *error)
{
    int64_t first = 0;
    if (person->phone == 0) {
        enroll_refused(enroll, verdict->verdict);
        return OK;
    }
    if (map64_get(seen, person->phone, &first)) {
        verdict->verdict = ENROLL_DUPLICATE_IN_FILE;
        verdict->message =
            arena_format(arena, "the same number stands in row %lld", (long long)first);
        enroll_refused(enroll, ENROLL_DUPLICATE_IN_FILE);
        return OK;
    }
    (void)map64_put(seen, person->phone, verdict->number);
    struct enroll_result result;
    enum error_code code = enroll_person(enroll, person, &result, error);
    if (code == OK) {
        verdict->verdict = result.verdict;
        verdict->message = text_from(enroll_verdict_to_words(result.verdict));
        verdict->enrollment_id = result.enrollment_id;
    }
    return code;
}

/* ---- preparing ----------------------------------------------------------------------------- */

static bool on_row(void *context, const struct import_row *row)
{
    struct import_prepared *prepared = context;
    if (prepared->count == IMPORT_AT_ONCE_MAX) {
        prepared->large = true;
        return false;
    }
    struct kept_row *kept = &prepared->rows[prepared->count++];
    kept->person = row_person(prepared->arena, row, true);
    kept->verdict = row_verdict(prepared->arena, row);
    CLEANUP_IN_PLACE(buffer_done) struct buffer cells;
    CLEANUP_IN_PLACE(buffer_done) struct buffer input;
    struct error ignored = {.code = OK};
    buffer_init(&cells, (size_t)CSV_ROW_BYTES_MAX * 2);
    buffer_init(&input, 4096);
    if (import_source_cells(prepared->source, row->offset, row->size, &cells, &input, &ignored) ==
        OK) {
        kept->cells = arena_text(prepared->arena, buffer_text(&cells));
    }
    return true;
}

struct dry_run {
    struct work *work;
    struct import_answer *answer;
    struct enroll enroll;
    struct map64 *seen;
    struct arena *scratch;
    size_t refused;
    int64_t rows_max;
    enum error_code code;
    struct error *error;
};

static bool on_dry_row(void *context, const struct import_row *row)
{
    struct dry_run *dry = context;
    struct import_answer *answer = dry->answer;
    if (answer->total_rows == dry->rows_max) {
        dry->code = error_set(dry->error, ERROR_TOO_BIG, "the file has more than %lld rows",
                              (long long)dry->rows_max);
        return false;
    }
    answer->total_rows++;
    /* Texts of rows that are not shown live only for the row. */
    struct import_answer_row verdict = row_verdict(dry->scratch, row);
    struct enroll_person person = row_person(dry->scratch, row, false);
    dry->code = judge(&dry->enroll, dry->seen, &person, &verdict, dry->scratch, dry->error);
    bool refused = verdict.verdict != ENROLL_ENROLLED && verdict.verdict != ENROLL_RESTARTED;
    bool shown =
        answer->total_rows <= IMPORT_DRY_ROWS || (refused && dry->refused < IMPORT_DRY_REFUSED);
    if (dry->code == OK && shown) {
        struct arena *arena = dry->work->arena;
        dry->refused += refused && answer->total_rows > IMPORT_DRY_ROWS ? 1 : 0;
        verdict.message = arena_text(arena, verdict.message);
        verdict.name = arena_text(arena, verdict.name);
        verdict.input = arena_text(arena, verdict.input);
        answer->rows[answer->row_count++] = verdict;
    }
    arena_reset(dry->scratch);
    return dry->code == OK;
}

static enum error_code run_dry(struct work *work, const struct service *service,
                               const struct import_request *request,
                               struct import_prepared *prepared, struct error *error)
{
    /* The enrolling reads through a work of its own, whose arena is emptied row by row. */
    CLEANUP(arena_free) struct arena *scratch = arena_new();
    CLEANUP(map64_free) struct map64 *seen = map64_new(1024);
    struct dry_run dry = {.work = work,
                          .answer = &prepared->answer,
                          .seen = seen,
                          .scratch = scratch,
                          .rows_max = service->limits.import_rows,
                          .error = error};
    const struct enroll_settings settings = {
        .sequence_id = request->sequence_id, .source = request->source, .dry_run = true};
    prepared->answer.rows = arena_array(work->arena, IMPORT_DRY_ROWS + IMPORT_DRY_REFUSED,
                                        sizeof *prepared->answer.rows);
    enum error_code code = enroll_open(&dry.enroll, work, service, &settings, error);
    struct work row_work = *work;
    row_work.arena = scratch;
    dry.enroll.work = &row_work;
    bool more = true;
    while (code == OK && more) {
        code =
            import_source_read(prepared->source, INT64_C(1) << 22, on_dry_row, &dry, &more, error);
        code = code == OK ? dry.code : code;
    }
    for (size_t i = 0; i < ENROLL_VERDICT_COUNT; i++) {
        prepared->answer.counts[i] = dry.enroll.counts[i];
    }
    prepared->answer.unknown_zones = dry.enroll.unknown_zones;
    return code;
}

enum error_code import_prepare(struct work *work, const struct service *service,
                               const struct import_request *request,
                               struct import_prepared **ret_prepared, struct error *error)
{
    struct import_prepared *prepared = arena_alloc(work->arena, sizeof *prepared);
    prepared->arena = work->arena;
    struct sequence sequence;
    bool found = false;
    enum error_code code = store_sequence_get(work, request->sequence_id, &sequence, &found, error);
    if (code == OK && !found) {
        code = error_set(error, ERROR_NOT_FOUND, "there is no such sequence");
    }
    if (code == OK) {
        code = import_source_open(request->path, &request->options, &prepared->source, error);
    }
    if (code != OK) {
        return code;
    }
    arena_on_reset(work->arena, source_free, prepared->source);
    if (request->dry_run) {
        code = run_dry(work, service, request, prepared, error);
    } else {
        prepared->rows = arena_array(work->arena, IMPORT_AT_ONCE_MAX, sizeof *prepared->rows);
        bool more = true;
        while (code == OK && more) {
            code = import_source_read(prepared->source, INT64_C(1) << 18, on_row, prepared, &more,
                                      error);
        }
    }
    size_t rows = request->dry_run ? (size_t)prepared->answer.total_rows : prepared->count;
    if (code == OK && rows == 0) {
        code = error_field(error, "file", "no_rows",
                           "there are no rows of people in it, at most a header");
    }
    if (code == OK) {
        *ret_prepared = prepared;
    }
    return code;
}

/* ---- carrying out -------------------------------------------------------------------------- */

static struct store_batch new_batch(struct work *work, const struct import_request *request)
{
    return (struct store_batch){
        .sequence_id = request->sequence_id,
        .kind = TEXT("import"),
        .state = BATCH_WAITING,
        .source = request->source,
        .file_name = request->file_name,
        .options = batch_import_options(work->arena, &request->options),
        .actor = request->actor,
    };
}

/* The upload becomes the batch's file. A crash before the commit leaves a file that the runner
 * removes at its next start. */
static enum error_code leave_to_runner(struct work *work, const struct service *service,
                                       const struct import_request *request,
                                       struct import_answer *answer, struct error *error)
{
    char directory[1024];
    enum error_code code = runner_import_directory(service, directory, sizeof directory, error);
    if (code != OK) {
        return code;
    }
    const char *name = strrchr(request->path, '/');
    struct text path =
        arena_format(work->arena, "%s/%s", directory, name == NULL ? request->path : name + 1);
    answer->batch = new_batch(work, request);
    answer->batch.spool_path = path;
    answer->later = true;
    code = store_batch_insert(work, &answer->batch, error);
    if (code == OK) {
        code = batch_tell(work, &answer->batch, error);
    }
    if (code == OK && rename(request->path, path.data) != 0) {
        code =
            error_set(error, ERROR_UNAVAILABLE, "could not keep the upload: %s", strerror(errno));
    }
    return code;
}

static enum error_code keep_refused(struct work *work, struct enroll *enroll,
                                    const struct kept_row *row, struct store_batch *batch,
                                    struct error *error)
{
    const struct store_batch_row refused = {
        .id = enroll->next_row_id++,
        .batch_id = batch->id,
        .row_number = row->verdict.number,
        .verdict = row->verdict.verdict,
        .phone = row->verdict.phone,
        .name = row->verdict.name,
        .message = row->verdict.message,
        .cells = row->cells,
        .input = row->verdict.input,
    };
    batch->first_row_id = batch->first_row_id == 0 ? refused.id : batch->first_row_id;
    batch->last_row_id = refused.id;
    return store_batch_row_add(work, &refused, error);
}

static enum error_code enroll_rows(struct work *work, struct enroll *enroll,
                                   struct import_prepared *prepared, struct import_answer *answer,
                                   struct error *error)
{
    CLEANUP(map64_free) struct map64 *seen = map64_new(prepared->count + 1);
    answer->rows = arena_array(work->arena, prepared->count + 1, sizeof *answer->rows);
    enum error_code code = OK;
    for (size_t i = 0; code == OK && i < prepared->count; i++) {
        struct kept_row *row = &prepared->rows[i];
        code = judge(enroll, seen, &row->person, &row->verdict, work->arena, error);
        bool refused =
            row->verdict.verdict != ENROLL_ENROLLED && row->verdict.verdict != ENROLL_RESTARTED;
        if (code == OK && refused) {
            code = keep_refused(work, enroll, row, &answer->batch, error);
        }
        answer->rows[answer->row_count++] = row->verdict;
    }
    return code;
}

static struct text describe(struct work *work, const struct import_prepared *prepared)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer heads;
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    struct json_writer writer;
    buffer_init(&heads, 1 << 20);
    buffer_init(&out, 1 << 21);
    import_source_heads(prepared->source, &heads);
    json_writer_init(&writer, &out);
    json_object_begin(&writer);
    json_field_text(&writer, "heads", buffer_text(&heads));
    json_object_end(&writer);
    return arena_text(work->arena, buffer_text(&out));
}

static enum error_code at_once(struct work *work, const struct service *service,
                               const struct import_request *request,
                               struct import_prepared *prepared, struct import_answer *answer,
                               struct error *error)
{
    struct enroll enroll;
    struct store_batch *batch = &answer->batch;
    *batch = new_batch(work, request);
    batch->state = BATCH_RUNNING;
    enum error_code code = store_batch_insert(work, batch, error);
    const struct enroll_settings settings = {
        .sequence_id = request->sequence_id,
        .source = request->source,
        .batch_id = batch->id,
        .events = true,
    };
    if (code == OK) {
        code = enroll_open(&enroll, work, service, &settings, error);
    }
    if (code == OK) {
        code = enroll_rows(work, &enroll, prepared, answer, error);
    }
    if (code == OK) {
        code = enroll_close(&enroll, error);
    }
    if (code != OK) {
        return code;
    }
    for (size_t i = 0; i < ENROLL_VERDICT_COUNT; i++) {
        batch->counts[i] = enroll.counts[i];
        answer->counts[i] = enroll.counts[i];
    }
    answer->unknown_zones = enroll.unknown_zones;
    answer->total_rows = (int64_t)prepared->count;
    batch->state = BATCH_DONE;
    batch->result = describe(work, prepared);
    batch->total_rows = answer->total_rows;
    batch->done_rows = answer->total_rows;
    batch->cursor = answer->total_rows;
    batch->first_enrollment_id = enroll.first_id;
    batch->last_enrollment_id = enroll.last_id;
    batch->started_at_ms = work->now_ms;
    batch->finished_at_ms = work->now_ms;
    code = store_batch_update(work, batch, error);
    return code == OK ? batch_tell(work, batch, error) : code;
}

enum error_code import_carry_out(struct work *work, const struct service *service,
                                 const struct import_request *request,
                                 struct import_prepared *prepared, struct import_answer *ret_answer,
                                 struct error *error)
{
    struct import_answer answer = {.total_rows = 0};
    enum error_code code = OK;
    if (request->dry_run) {
        answer = prepared->answer;
    } else if (prepared->large) {
        code = leave_to_runner(work, service, request, &answer, error);
    } else {
        code = at_once(work, service, request, prepared, &answer, error);
    }
    answer.shape =
        request->options.format == IMPORT_JSON ? NULL : import_source_shape(prepared->source);
    answer.repairs = import_source_repairs(prepared->source);
    if (code == OK) {
        *ret_answer = answer;
    }
    return code;
}
