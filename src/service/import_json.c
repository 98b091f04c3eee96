/* import-json: see import_json.h. A first pass outside the transaction reads all files for syntax
 * and ids; the second writes everything in one writer job that runs alone. The counters are counted
 * anew from the rows at its end, so that they are right whatever the files said. */
#include "service/import_json_internal.h"

#include "base/file.h"
#include "base/ids.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "service/export.h"
#include "service/tally.h"
#include "store/counters.h"
#include "store/store.h"
#include "store/store_access.h"
#include "store/store_event.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const VERDICT_WORDS[IMPORT_VERDICT_COUNT] = {
    [IMPORT_ADDED] = "added",     [IMPORT_RENAMED] = "added_with_new_id",
    [IMPORT_PRESENT] = "present", [IMPORT_LEFT_OUT] = "left_out",
    [IMPORT_REFUSED] = "refused",
};

const char *import_verdict_to_text(enum import_verdict verdict)
{
    CHECK((size_t)verdict < IMPORT_VERDICT_COUNT);
    return VERDICT_WORDS[verdict];
}

void import_json_report_done(struct import_json_report *report)
{
    mem_free(report->lines);
    *report = (struct import_json_report){0};
}

/* --- the report ------------------------------------------------------------------------------- */

static void copy_text(char *out, size_t capacity, struct text text)
{
    (void)snprintf(out, capacity, "%.*s", TEXT_ARGS(text));
}

static struct import_line *add_line(struct import_run *run, enum import_verdict verdict,
                                    struct text id)
{
    static struct import_line nowhere; /* written and never read, once the report is full */
    struct import_json_report *report = run->report;
    if (report->line_count == IMPORT_LINES_MAX) {
        report->lines_left_out = true;
        return &nowhere;
    }
    if (report->line_count == report->line_capacity) {
        report->line_capacity = report->line_capacity == 0 ? 64 : report->line_capacity * 2;
        report->lines = mem_resize(report->lines, report->line_capacity * sizeof(*report->lines));
    }
    struct import_line *line = &report->lines[report->line_count++];
    *line = (struct import_line){.file = run->file,
                                 .index = json_records_index(run->records),
                                 .line = json_records_line(run->records),
                                 .verdict = verdict};
    copy_text(line->id, sizeof(line->id), id);
    (void)snprintf(line->path, sizeof(line->path), "[%lld]", (long long)line->index);
    return line;
}

void import_note(struct import_run *run, enum import_verdict verdict, struct text id,
                 const char *new_id, const char *format, ...)
{
    run->report->counts[run->file][verdict]++;
    struct import_line *line = add_line(run, verdict, id);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line->message, sizeof(line->message), format, arguments);
    va_end(arguments);
    (void)snprintf(line->new_id, sizeof(line->new_id), "%s", new_id == NULL ? "" : new_id);
}

void import_refuse(struct import_run *run, struct text id, struct error *error)
{
    run->report->counts[run->file][IMPORT_REFUSED]++;
    size_t count = error->field_count < ERROR_FIELDS_MAX ? error->field_count : ERROR_FIELDS_MAX;
    for (size_t at = 0; at < count; at++) {
        struct import_line *line = add_line(run, IMPORT_REFUSED, id);
        (void)snprintf(line->path, sizeof(line->path), "[%lld]%s%.80s", (long long)line->index,
                       error->fields[at].field[0] == '\0' ? "" : ".", error->fields[at].field);
        (void)snprintf(line->message, sizeof(line->message), "%s", error->fields[at].message);
    }
    if (count == 0) {
        struct import_line *line = add_line(run, IMPORT_REFUSED, id);
        (void)snprintf(line->message, sizeof(line->message), "%.190s", error->message);
    }
    error_clear(error);
}

void import_touch(struct import_run *run, int64_t sequence_id)
{
    for (size_t at = 0; at < run->touched_count; at++) {
        if (run->touched[at] == sequence_id) {
            return;
        }
    }
    if (run->touched_count == run->touched_capacity) {
        run->touched_capacity = run->touched_capacity == 0 ? 32 : run->touched_capacity * 2;
        run->touched = mem_resize(run->touched, run->touched_capacity * sizeof(*run->touched));
    }
    run->touched[run->touched_count++] = sequence_id;
}

static void encode_line(struct json_writer *writer, const struct import_line *line)
{
    json_object_begin(writer);
    json_field_chars(writer, "file", EXPORT_FILES[line->file]);
    json_field_chars(writer, "path", line->path);
    json_field_int64(writer, "line", line->line);
    json_field_chars(writer, "id", line->id[0] == '\0' ? NULL : line->id);
    json_field_chars(writer, "verdict", import_verdict_to_text(line->verdict));
    json_field_chars(writer, "new_id", line->new_id[0] == '\0' ? NULL : line->new_id);
    json_field_chars(writer, "message", line->message[0] == '\0' ? NULL : line->message);
    json_object_end(writer);
}

void import_json_encode(struct json_writer *writer, const struct import_json_report *report)
{
    json_object_begin(writer);
    json_field_bool(writer, "done", report->done);
    json_key(writer, "files");
    json_object_begin(writer);
    for (int file = 0; file < IMPORT_FILE_COUNT; file++) {
        if (report->present[file]) {
            json_key(writer, EXPORT_FILES[file]);
            json_object_begin(writer);
            for (int verdict = 0; verdict < IMPORT_VERDICT_COUNT; verdict++) {
                json_field_int64(writer, VERDICT_WORDS[verdict], report->counts[file][verdict]);
            }
            json_object_end(writer);
        }
    }
    json_object_end(writer);
    json_key(writer, "records");
    json_array_begin(writer);
    for (size_t at = 0; at < report->line_count; at++) {
        encode_line(writer, &report->lines[at]);
    }
    json_array_end(writer);
    json_field_bool(writer, "records_left_out", report->lines_left_out);
    json_object_end(writer);
}

/* --- reading a file --------------------------------------------------------------------------- */

typedef enum error_code record_fn(struct import_run *run, const struct json *json,
                                  struct error *error);

/* Calls `each` for every record. A record that is no JSON is a finding; reading goes on. */
static enum error_code read_file(struct import_run *run, int file, record_fn *each,
                                 struct error *error)
{
    CLEANUP(mem_free_char) char *path = file_join(run->directory, EXPORT_FILES[file]);
    CLEANUP(json_records_close) struct json_records *records = NULL;
    if (!run->report->present[file]) {
        return OK;
    }
    enum error_code code = json_records_open(path, &records, error);
    run->file = file;
    run->records = records;
    while (code == OK) {
        CLEANUP(json_free) struct json *json = NULL;
        struct error finding = {0};
        int64_t before = json_records_index(records);
        if (json_records_next(records, &json, &finding) != OK) {
            import_refuse(run, (struct text){0}, &finding);
            continue;
        }
        if (json == NULL && json_records_index(records) == before) {
            break;
        }
        code = each(run, json, error);
    }
    run->records = NULL;
    return code;
}

static void raise_floor(int64_t *floor, enum id_kind kind, const struct json *json,
                        const char *name)
{
    int64_t id = 0;
    if (id_parse(kind, json_get_text(json, name), &id) && id > *floor) {
        *floor = id;
    }
}

static enum error_code scan_record(struct import_run *run, const struct json *json,
                                   struct error *error)
{
    (void)error;
    run->record_count++;
    raise_floor(&run->sequence_floor, ID_SEQUENCE, json, "id");
    raise_floor(&run->enrollment_floor, ID_ENROLLMENT, json, "id");
    raise_floor(&run->message_floor, ID_MESSAGE, json, "id");
    raise_floor(&run->contact_floor, ID_CONTACT, json, "contact_id");
    const struct json *steps = json_get(json, "messages");
    for (size_t at = 0; at < json_count(steps); at++) {
        raise_floor(&run->step_floor, ID_STEP, json_at(steps, at), "id");
    }
    return OK;
}

/* What can be told without the database, before anybody has to wait for it. */
static enum error_code scan(struct import_run *run, struct error *error)
{
    bool any = false;
    for (int file = 0; file < IMPORT_FILE_COUNT; file++) {
        CLEANUP(mem_free_char) char *path = file_join(run->directory, EXPORT_FILES[file]);
        run->report->present[file] = file_exists(path);
        any = any || run->report->present[file];
    }
    if (!any) {
        return error_set(error, ERROR_NOT_FOUND,
                         "\"%s\" holds none of campaigns.json, enrollments.json and "
                         "message_queue.json",
                         run->directory);
    }
    enum error_code code = OK;
    for (int file = 0; file < IMPORT_FILE_COUNT && code == OK; file++) {
        code = read_file(run, file, scan_record, error);
    }
    return code;
}

static int64_t refused(const struct import_run *run)
{
    int64_t count = 0;
    for (int file = 0; file < IMPORT_FILE_COUNT; file++) {
        count += run->report->counts[file][IMPORT_REFUSED];
    }
    return count;
}

static enum error_code refuse_all(const struct import_run *run, struct error *error)
{
    return error_set(error, ERROR_INVALID, "%lld records were not understood; nothing was imported",
                     (long long)refused(run));
}

/* --- the transaction -------------------------------------------------------------------------- */

static enum error_code write_records(struct import_run *run, struct error *error)
{
    static record_fn *const READERS[IMPORT_FILE_COUNT] = {
        import_sequence_record, import_enrollment_record, import_message_record};
    enum error_code code = store_import_begin(run->work, error);
    for (int file = 0; file < IMPORT_FILE_COUNT && code == OK; file++) {
        progress_init(&run->progress, run->work); /* it remembers sequences as they were */
        code = read_file(run, file, READERS[file], error);
    }
    return code;
}

static enum error_code finish(struct import_run *run, struct error *error)
{
    enum error_code code = OK;
    progress_init(&run->progress, run->work);
    for (size_t at = 0; at < run->planned_count && code == OK; at++) {
        code = progress_plan(&run->progress, run->planned[at], error);
    }
    counters_drop(run->work->counters); /* the rows decide */
    for (size_t at = 0; at < run->touched_count && code == OK; at++) {
        struct tally tally;
        code = tally_sequence(run->work, run->touched[at], &tally, error);
        if (code == OK) {
            code = tally_write(run->work, &tally, error);
        }
    }
    struct store_event event = {.type = TEXT("import_json.done")};
    if (code == OK) {
        code = store_event_add(run->work, &event, error);
    }
    if (code == OK) {
        code = store_audit_add(run->work, "import_json", (struct text){0}, (struct text){0}, error);
    }
    run->work->wakes |= WORK_WAKE_DELIVERY | WORK_WAKE_SETTINGS;
    return code;
}

static enum error_code run_in_transaction(struct work *work, void *context, struct error *error)
{
    struct import_run *run = context;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    run->work = work;
    run->arena = arena;
    run->sequences = map64_new(64);
    run->steps = map64_new(256);
    run->enrollments = map64_new(1024);
    run->left_out = map64_new(16);
    enum error_code code = write_records(run, error);
    if (code == OK && refused(run) > 0) {
        code = refuse_all(run, error);
    }
    if (code == OK) {
        code = finish(run, error);
    }
    map64_free(run->sequences);
    map64_free(run->steps);
    map64_free(run->enrollments);
    map64_free(run->left_out);
    mem_free(run->touched);
    mem_free(run->planned);
    if (code == OK && run->dry_run) {
        return error_set(error, ERROR_CONFLICT, "dry run"); /* undoes it; caught below */
    }
    run->report->done = code == OK;
    return code;
}

/* Measured: 70 µs a record on one core, and nobody else writes in that time. */
static enum error_code refuse_to_hold_up(const struct import_run *run, struct error *error)
{
    return error_set(error, ERROR_CONFLICT,
                     "the files hold %lld records, and sending and all other changes would wait "
                     "for them, some %lld seconds; run this with --at-once, or with the server "
                     "stopped",
                     (long long)run->record_count, (long long)(run->record_count / 14000 + 1));
}

enum error_code import_json_run(struct service *service, const struct import_json_options *options,
                                struct import_json_report *ret_report, struct error *error)
{
    bool dry_run = options->dry_run;
    *ret_report = (struct import_json_report){0};
    struct import_run run = {.directory = options->directory,
                             .country = options->country,
                             .dry_run = dry_run,
                             .report = ret_report};
    enum error_code code = scan(&run, error);
    if (code == OK && refused(&run) > 0) {
        return refuse_all(&run, error);
    }
    if (code != OK) {
        return code;
    }
    if (service->delivery != NULL && !options->at_once &&
        run.record_count > IMPORT_BESIDE_SENDING_MAX) {
        return refuse_to_hold_up(&run, error);
    }
    struct error inner = {0};
    code = writer_do_alone(store_writer(service->store), run_in_transaction, &run, &inner);
    if (code == ERROR_CONFLICT && dry_run && strcmp(inner.message, "dry run") == 0) {
        return OK;
    }
    if (code != OK) {
        ret_report->done = false;
        if (error != NULL) {
            *error = inner;
        }
    }
    return code;
}
