/* Writes campaigns.json, enrollments.json and message_queue.json: see export.h. */
#include "service/export.h"

#include "base/file.h"
#include "base/instant.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "domain/schedule.h"
#include "domain/sequence.h"
#include "store/store_contact.h"
#include "store/store_export.h"
#include "store/store_sequence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const EXPORT_FILES[3] = {"campaigns.json", "enrollments.json", "message_queue.json"};

enum { FLUSH_SIZE = 256 * 1024, RECORD_MAX = 8 * 1024 * 1024, PROGRESS_EVERY = 4096 };

/* One file on its way: an array whose records are written one by one. */
struct export_file {
    char *path;
    char *temporary;
    int descriptor;
    struct buffer buffer;
    int64_t count;
};

struct export_run {
    struct work *work;
    struct export_result result;
    struct export_file file;
    export_progress *progress;
    void *progress_context;
};

static void file_done(struct export_file *file)
{
    if (file->descriptor >= 0) {
        (void)close(file->descriptor); /* what mattered was synced before */
    }
    if (file->temporary != NULL) {
        (void)unlink(file->temporary); /* there only when the export failed */
    }
    buffer_done(&file->buffer);
    mem_free(file->path);
    mem_free(file->temporary);
    *file = (struct export_file){.descriptor = -1};
}

static enum error_code file_start(struct export_file *file, const char *directory, const char *name,
                                  struct error *error)
{
    char temporary[64];
    (void)snprintf(temporary, sizeof(temporary), ".%s.part", name);
    buffer_init(&file->buffer, FLUSH_SIZE + RECORD_MAX);
    file->path = file_join(directory, name);
    file->temporary = file_join(directory, temporary);
    file->count = 0;
    file->descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file->descriptor < 0) {
        return error_set(error, errno == EACCES ? ERROR_DENIED : ERROR_UNAVAILABLE,
                         "could not write \"%s\": %s", file->path, strerror(errno));
    }
    buffer_add_chars(&file->buffer, "[");
    return OK;
}

static enum error_code file_flush(struct export_file *file, size_t above, struct error *error)
{
    if (buffer_overflowed(&file->buffer)) {
        return error_set(error, ERROR_TOO_BIG, "a record for \"%s\" is too big", file->path);
    }
    if (file->buffer.size <= above) {
        return OK;
    }
    enum error_code code = file_write_all(file->descriptor, buffer_text(&file->buffer), error);
    buffer_clear(&file->buffer);
    return code;
}

/* A writer for the next record. */
static void record_begin(struct export_file *file, struct json_writer *ret_writer)
{
    buffer_add_chars(&file->buffer, file->count == 0 ? "\n" : ",\n");
    file->count++;
    json_writer_init(ret_writer, &file->buffer);
    json_object_begin(ret_writer);
}

static enum error_code record_end(struct export_file *file, struct json_writer *writer,
                                  struct error *error)
{
    json_object_end(writer);
    return file_flush(file, FLUSH_SIZE, error);
}

static enum error_code file_finish(struct export_file *file, struct error *error)
{
    buffer_add_chars(&file->buffer, "\n]\n");
    enum error_code code = file_flush(file, 0, error);
    if (code == OK && (fsync(file->descriptor) < 0 || rename(file->temporary, file->path) < 0)) {
        code = error_set(error, ERROR_UNAVAILABLE, "could not write \"%s\": %s", file->path,
                         strerror(errno));
    }
    if (code == OK) {
        mem_free(TAKE(file->temporary));
    }
    file_done(file);
    return code;
}

static void tell(struct export_run *run, int64_t count)
{
    if (run->progress != NULL && count % PROGRESS_EVERY == 0) {
        run->progress(run->progress_context, &run->result);
    }
}

/* --- campaigns.json --------------------------------------------------------------------------- */

static enum error_code write_sequences(struct export_run *run, struct error *error)
{
    struct store_sequence_summary *summaries = NULL;
    size_t count = 0;
    enum error_code code = store_sequence_list(run->work, &summaries, &count, error);
    for (size_t at = count; at-- > 0 && code == OK;) { /* oldest first, as people number them */
        struct sequence sequence;
        struct json_writer writer;
        bool found = false;
        code = store_sequence_get(run->work, summaries[at].sequence.id, &sequence, &found, error);
        if (code == OK && found) {
            record_begin(&run->file, &writer);
            sequence_encode_fields(&writer, &sequence, &summaries[at].counts, true);
            code = record_end(&run->file, &writer, error);
            run->result.sequences++;
        }
    }
    return code;
}

/* --- enrollments.json ------------------------------------------------------------------------- */

static void put_phone(struct json_writer *writer, int64_t phone)
{
    char digits[24];
    if (phone == 0) {
        json_field_null(writer, "phone");
        return;
    }
    (void)snprintf(digits, sizeof(digits), "%lld", (long long)phone);
    json_field_chars(writer, "phone", digits);
}

static const char *zone_source(int64_t source)
{
    return source == CONTACT_ZONE_GIVEN     ? "given"
           : source == CONTACT_ZONE_GUESSED ? "guessed"
                                            : NULL;
}

static enum error_code write_enrollment(void *context, const struct store_export_enrollment *row,
                                        struct error *error)
{
    struct export_run *run = context;
    struct json_writer writer;
    record_begin(&run->file, &writer);
    json_field_id(&writer, "id", ID_ENROLLMENT, row->id);
    json_field_id(&writer, "sequence_id", ID_SEQUENCE, row->sequence_id);
    json_field_id(&writer, "contact_id", ID_CONTACT, row->contact_id);
    put_phone(&writer, row->phone);
    json_field_text(&writer, "name", row->name);
    json_field_time(&writer, "enrolled_at", row->enrolled_at_ms);
    json_field_int64(&writer, "current_day", schedule_position_day(row->position));
    json_field_chars(&writer, "status", enrollment_status_to_text(row->status));
    json_field_text_or_null(&writer, "status_reason", row->status_reason);
    json_field_time_or_null(&writer, "last_message_sent", row->last_sent_at_ms);
    json_field_time_or_null(&writer, "next_message_due", row->next_due_at_ms);
    json_field_int64(&writer, "messages_sent", row->messages_sent);
    json_field_int64(&writer, "total_messages", row->total_messages);
    json_field_raw(&writer, "custom_fields", row->fields.size == 0 ? TEXT("{}") : row->fields);
    json_field_text_or_null(&writer, "timezone", row->timezone);
    json_field_chars(&writer, "timezone_source", zone_source(row->timezone_source));
    json_field_id_or_null(&writer, "batch_id", ID_BATCH, row->batch_id);
    json_field_text(&writer, "source", row->source);
    json_field_time_or_null(&writer, "paused_at", row->paused_at_ms);
    json_field_time_or_null(&writer, "ended_at", row->ended_at_ms);
    json_field_int64(&writer, "shift_days", row->shift_days);
    json_field_int64(&writer, "order_minute", row->order_minute);
    json_field_int64(&writer, "position", row->position);
    run->result.enrollments++;
    tell(run, run->result.enrollments);
    return record_end(&run->file, &writer, error);
}

/* --- message_queue.json ----------------------------------------------------------------------- */

static void put_error(struct json_writer *writer, const struct store_export_message *row)
{
    const struct store_message *message = &row->message;
    if (message->state != MESSAGE_FAILED && message->error_code == 0) {
        json_field_null(writer, "error");
        return;
    }
    json_key(writer, "error");
    json_object_begin(writer);
    json_field_int64(writer, "code", message->error_code);
    json_field_text(writer, "title", row->error_title);
    json_field_text_or_null(writer, "detail", row->error_detail);
    json_field_chars(writer, "advice", message_reason_advice(message->reason));
    json_object_end(writer);
}

static void put_body(struct json_writer *writer, const struct store_export_message *row)
{
    const struct store_message_body *body = &row->body;
    json_field_chars(writer, "type", step_type_to_text((enum step_type)body->type));
    json_field_text_or_null(writer, "message", body->text);
    json_field_text_or_null(writer, "media_url", body->media_url);
    if (body->media_type != MEDIA_NONE) {
        json_field_chars(writer, "media_type",
                         media_type_to_text((enum media_type)body->media_type));
    }
    if (body->filename.size > 0) {
        json_field_text(writer, "filename", body->filename);
    }
    if (body->template.size > 0) {
        json_field_raw(writer, "template", body->template);
    }
}

static enum error_code write_message(void *context, const struct store_export_message *row,
                                     struct error *error)
{
    struct export_run *run = context;
    const struct store_message *message = &row->message;
    struct json_writer writer;
    record_begin(&run->file, &writer);
    json_field_id(&writer, "id", ID_MESSAGE, message->id);
    json_field_id_or_null(&writer, "enrollment_id", ID_ENROLLMENT, message->enrollment_id);
    json_field_id_or_null(&writer, "sequence_id", ID_SEQUENCE, message->sequence_id);
    json_field_id_or_null(&writer, "step_id", ID_STEP, message->step_id);
    json_field_id_or_null(&writer, "channel_id", ID_CHANNEL, message->channel_id);
    put_phone(&writer, row->phone);
    json_field_int64(&writer, "day", row->day);
    put_body(&writer, row);
    json_field_time(&writer, "scheduled_for", message->due_at_ms);
    json_field_chars(&writer, "status",
                     message_status_to_text(message->state, message->rank, message->reason));
    json_field_text_or_null(&writer, "reason", text_from(message_reason_to_text(message->reason)));
    json_field_int64(&writer, "attempts", message->attempts);
    json_field_time_or_null(&writer, "next_attempt_at", message->next_at_ms);
    json_field_time(&writer, "created_at", message->created_at_ms);
    json_field_time_or_null(&writer, "sent_at", message->sent_at_ms);
    json_field_time_or_null(&writer, "delivered_at", message->delivered_at_ms);
    json_field_time_or_null(&writer, "read_at", message->read_at_ms);
    json_field_time_or_null(&writer, "failed_at", message->failed_at_ms);
    json_field_text_or_null(&writer, "provider_id", row->provider_id);
    put_error(&writer, row);
    json_field_bool(&writer, "test", message->enrollment_id == 0);
    run->result.messages++;
    tell(run, run->result.messages);
    return record_end(&run->file, &writer, error);
}

static enum error_code write_one(struct export_run *run, const char *directory, int file,
                                 struct error *error)
{
    enum error_code code = file_start(&run->file, directory, EXPORT_FILES[file], error);
    if (code == OK && file == EXPORT_CAMPAIGNS) {
        code = write_sequences(run, error);
    } else if (code == OK && file == EXPORT_ENROLLMENTS) {
        code = store_export_enrollments(run->work, write_enrollment, run, error);
    } else if (code == OK) {
        code = store_export_messages(run->work, write_message, run, error);
    }
    if (code == OK) {
        return file_finish(&run->file, error);
    }
    file_done(&run->file);
    return code;
}

enum error_code export_write(struct work *work, const char *directory, export_progress *progress,
                             void *progress_context, struct export_result *ret_result,
                             struct error *error)
{
    struct export_run run = {.work = work,
                             .file = {.descriptor = -1},
                             .progress = progress,
                             .progress_context = progress_context};
    enum error_code code = file_make_directory(directory, 0700, error);
    for (int file = EXPORT_CAMPAIGNS; file <= EXPORT_QUEUE && code == OK; file++) {
        code = write_one(&run, directory, file, error);
    }
    if (code == OK) {
        code = file_sync_directory(directory, error);
    }
    if (code == OK) {
        *ret_result = run.result;
    }
    return code;
}
