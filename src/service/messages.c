/* The queue and the history as people look at them: see messages.h. */
#include "service/messages.h"

#include "base/json_writer.h"
#include "delivery/delivery.h"
#include "domain/phone.h"
#include "service/settings.h"
#include "store/store_access.h"
#include "store/store_channel.h"
#include "store/store_contact.h"

static enum error_code find_person(struct work *work, struct text text, int64_t *ret_contact_id,
                                   struct error *error)
{
    struct settings settings;
    struct phone phone;
    struct store_contact contact;
    bool found = false;
    enum error_code code = settings_read(work, &settings, error);
    if (code != OK) {
        return code;
    }
    enum phone_verdict verdict = phone_read(text, settings.default_country, &phone);
    if (verdict != PHONE_VALID) {
        return error_field(error, "phone", "invalid_format", "%s", phone_verdict_to_words(verdict));
    }
    code = store_contact_find_phone(work, phone.digits, &contact, &found, error);
    if (code == OK) {
        *ret_contact_id = found ? contact.id : 0;
    }
    return code;
}

enum error_code messages_list(struct work *work, struct store_queue_filter *filter,
                              struct text phone, size_t limit, struct message_view **ret_views,
                              size_t *ret_count, struct error *error)
{
    struct store_message *messages = NULL;
    size_t count = 0;
    enum error_code code = OK;
    *ret_count = 0;
    if (phone.data != NULL) {
        code = find_person(work, phone, &filter->contact_id, error);
        if (code != OK || filter->contact_id == 0) {
            return code;
        }
    }
    code = store_queue_list(work, filter, limit, &messages, &count, error);
    struct message_view *views = arena_array(work->arena, count + 1, sizeof(*views));
    for (size_t i = 0; i < count && code == OK; i++) {
        code = message_view_fill(work, &messages[i], &views[i], error);
    }
    if (code == OK) {
        *ret_views = views;
        *ret_count = count;
    }
    return code;
}

enum error_code messages_get(struct work *work, int64_t id, struct message_view *ret_view,
                             struct message_attempts *ret_attempts, struct error *error)
{
    enum error_code code = message_view_get(work, id, ret_view, error);
    return code == OK
               ? store_attempt_list(work, id, &ret_attempts->attempts, &ret_attempts->count, error)
               : code;
}

static const char *audit_word(enum progress_operation operation)
{
    switch (operation) {
    case PROGRESS_RETRY:
        return "message.retry";
    case PROGRESS_CANCEL:
        return "message.cancel";
    case PROGRESS_SEND_AGAIN:
        return "message.resolve.resend";
    case PROGRESS_GIVE_UP:
        return "message.resolve.give_up";
    case PROGRESS_CONFIRM:
        return "message.resolve.sent";
    }
    return "message";
}

static struct text audit_detail(struct work *work, struct text reason)
{
    if (reason.size == 0) {
        return (struct text){0};
    }
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    struct json_writer writer;
    buffer_init(&buffer, 4096);
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    json_field_text(&writer, "reason", reason);
    json_object_end(&writer);
    return arena_text(work->arena, buffer_text(&buffer));
}

enum error_code messages_operate(struct work *work, const struct service *service, int64_t id,
                                 enum progress_operation operation, struct text reason,
                                 struct message_view *ret_view, struct error *error)
{
    struct progress progress;
    char wire_id[ID_TEXT_MAX];
    progress_init(&progress, work);
    progress.hash_key = service->hash_key;
    enum error_code code = progress_operate(&progress, id, operation, error);
    if (code == OK) {
        code = store_audit_add(work, audit_word(operation),
                               text_from(id_format(ID_MESSAGE, id, wire_id)),
                               audit_detail(work, reason), error);
    }
    work->wakes |= WORK_WAKE_DELIVERY;
    return code == OK ? message_view_get(work, id, ret_view, error) : code;
}

static bool can_retry(enum message_state state)
{
    return state == MESSAGE_FAILED || state == MESSAGE_UNKNOWN;
}

static enum error_code read_named(struct work *work, const int64_t *ids, size_t count,
                                  struct store_message **ret_messages, size_t *ret_count,
                                  struct error *error)
{
    struct store_message *messages = arena_array(work->arena, count + 1, sizeof(*messages));
    size_t found_count = 0;
    enum error_code code = OK;
    for (size_t i = 0; i < count && code == OK; i++) {
        bool found = false;
        code = store_message_get(work, ids[i], &messages[found_count], &found, error);
        found_count += found ? 1 : 0;
    }
    *ret_messages = messages;
    *ret_count = found_count;
    return code;
}

static void add_skipped(struct action_result *result, const char *reason)
{
    for (size_t i = 0; i < result->skipped_count; i++) {
        if (text_equal(text_from(result->skipped[i].reason), text_from(reason))) {
            result->skipped[i].count++;
            return;
        }
    }
    if (result->skipped_count < ACTION_REASONS_MAX) {
        result->skipped[result->skipped_count++] =
            (struct action_reason_count){.reason = reason, .count = 1};
    }
}

enum error_code messages_retry_many(struct work *work, const struct service *service,
                                    const int64_t *ids, size_t id_count,
                                    const struct store_queue_filter *filter, bool dry_run,
                                    struct action_result *ret_result, struct error *error)
{
    struct store_message *messages = NULL;
    struct action_result result = {0};
    struct progress progress;
    size_t count = 0;
    enum error_code code = id_count > 0 ? read_named(work, ids, id_count, &messages, &count, error)
                                        : store_queue_list(work, filter, MESSAGES_AT_ONCE_MAX,
                                                           &messages, &count, error);
    progress_init(&progress, work);
    progress.hash_key = service->hash_key;
    result.matched = (int64_t)count;
    for (size_t i = 0; i < count && code == OK; i++) {
        if (!can_retry(messages[i].state)) {
            add_skipped(&result, "not_failed");
            continue;
        }
        struct error refused = {0};
        enum error_code one =
            dry_run ? OK : progress_operate(&progress, messages[i].id, PROGRESS_RETRY, &refused);
        if (one == ERROR_CONFLICT) {
            add_skipped(&result, "not_possible");
        } else if (one != OK) {
            *error = refused;
            code = one;
        } else {
            result.changed++;
        }
    }
    if (code == OK && !dry_run && result.changed > 0) {
        work->wakes |= WORK_WAKE_DELIVERY;
        code =
            store_audit_add(work, "message.retry_many", (struct text){0}, (struct text){0}, error);
    }
    if (code == OK) {
        *ret_result = result;
    }
    return code;
}
