/* The list of messages as a CSV file, written page by page: see queue_csv.h. */
#include "api/queue_csv.h"

#include "api/csv_file.h"
#include "base/instant.h"
#include "domain/csv.h"

#include <stdio.h>

enum { PAGE = 500, PIECE_MAX = 64 * 1024 * 1024 };

static void put_time(struct buffer *out, int64_t ms)
{
    char text[INSTANT_TEXT_MAX];
    csv_put_cell(out, ms == 0 ? TEXT("") : text_from(instant_format(ms, text)), false, false);
}

static void put_number(struct buffer *out, int64_t number)
{
    char text[24];
    int size = snprintf(text, sizeof(text), "%lld", (long long)number);
    csv_put_cell(out, number == 0 ? TEXT("") : text_make(text, (size_t)size), false, false);
}

static void put_id(struct buffer *out, enum id_kind kind, int64_t id, bool first)
{
    char text[ID_TEXT_MAX];
    csv_put_cell(out, id == 0 ? TEXT("") : text_from(id_format(kind, id, text)), first, false);
}

static void put_row(struct buffer *out, const struct message_view *view)
{
    const struct store_message *message = &view->message;
    put_id(out, ID_MESSAGE, message->id, true);
    put_id(out, ID_ENROLLMENT, message->enrollment_id, false);
    put_id(out, ID_SEQUENCE, message->sequence_id, false);
    put_number(out, view->phone);
    csv_put_cell(out, view->name, false, true);
    put_number(out, view->day);
    csv_put_cell(out,
                 text_from(message_status_to_text(message->state, message->rank, message->reason)),
                 false, false);
    csv_put_cell(out, text_from(message_reason_to_text(message->reason)), false, false);
    put_number(out, message->error_code);
    csv_put_cell(out, view->error_title, false, true);
    put_number(out, message->attempts);
    put_time(out, message->due_at_ms);
    put_time(out, message->sent_at_ms);
    put_time(out, message->delivered_at_ms);
    put_time(out, message->read_at_ms);
    put_time(out, message->failed_at_ms);
    csv_put_cell(out, view->has_body ? view->body.text : (struct text){0}, false, true);
    csv_end_row(out);
}

static enum error_code write_pages(struct api_call *call, struct store_queue_filter *filter,
                                   struct text phone, struct csv_file *file, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct work work = *call->work;
    work.arena = arena;
    buffer_init(&out, PIECE_MAX);
    buffer_add_chars(&out, "id,enrollment_id,sequence_id,phone,name,day,status,reason,error_code,"
                           "error,attempts,scheduled_for,sent_at,delivered_at,read_at,failed_at,"
                           "message\r\n");
    enum error_code code = OK;
    size_t count = PAGE;
    while (code == OK && count == PAGE) {
        struct message_view *views = NULL;
        code = messages_list(&work, filter, phone, PAGE, &views, &count, error);
        for (size_t i = 0; i < count && code == OK; i++) {
            put_row(&out, &views[i]);
            filter->after_id = views[i].message.id;
            filter->after_due_ms = views[i].message.due_at_ms;
        }
        if (code == OK) {
            code = csv_file_write(file, buffer_text(&out), error);
        }
        buffer_clear(&out);
        arena_reset(arena);
    }
    return code;
}

enum error_code queue_csv_answer(struct api_call *call, struct store_queue_filter *filter,
                                 struct text phone, struct error *error)
{
    struct csv_file file;
    enum error_code code = csv_file_open(call, &file, error);
    if (code != OK) {
        return code;
    }
    code = write_pages(call, filter, phone, &file, error);
    return csv_file_close(call, &file, "messages.csv", code);
}
