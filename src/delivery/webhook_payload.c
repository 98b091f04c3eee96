/* One event as receivers of webhooks see it, and the secrets that sign it: see webhook_payload.h.
 * Names and phones are read when a request is made, so an erased person is not told of any more. */
#include "delivery/webhook_payload.h"

#include "base/json.h"
#include "base/json_writer.h"
#include "domain/enrollment.h"
#include "domain/message.h"
#include "store/store_webhook.h"

#include <stdio.h>

enum { CONTEXT_MAX = 64, SECRETS_MAX = 1024 };

/* ---- types ---- */

static const char *const TYPES[] = {
    "enrollment.created", "enrollment.updated",   "enrollment.paused",    "enrollment.resumed",
    "enrollment.stopped", "enrollment.completed", "enrollment.opted_out", "enrollment.failed",
    "message.sent",       "message.delivered",    "message.read",         "message.failed",
    "message.skipped",    "message.cancelled",    "message.held",         "message.in_doubt",
    "message.unknown",    "message.retried",      "message.duplicate",    "reply.received",
    "opt_out.created",    "opt_out.deleted",      "channel.updated",      "channel.held",
    "channel.released",   "alert.opened",         "alert.updated",        "alert.closed",
};
/* Names that the log has for its own reasons. */
static const struct {
    const char *logged, *told;
} OTHER_NAMES[] = {
    {"message.received", "reply.received"},
    {"message.delivered_although_refused", "message.delivered"},
    {"enrollment.active", "enrollment.resumed"},
    {WEBHOOK_TEST_TYPE, WEBHOOK_TEST_TYPE},
};

const char *webhook_type_at(size_t index)
{
    return index < ARRAY_SIZE(TYPES) ? TYPES[index] : NULL;
}

bool webhook_type_of(struct text event_type, const char **ret_type)
{
    for (size_t i = 0; i < ARRAY_SIZE(OTHER_NAMES); i++) {
        if (text_equal(event_type, text_from(OTHER_NAMES[i].logged))) {
            *ret_type = OTHER_NAMES[i].told;
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(TYPES); i++) {
        if (text_equal(event_type, text_from(TYPES[i]))) {
            *ret_type = TYPES[i];
            return true;
        }
    }
    return false;
}

bool webhook_types_take(struct text types, const char *type)
{
    struct text wanted;
    if (types.size == 0) {
        return strcmp(type, WEBHOOK_TEST_TYPE) != 0;
    }
    while (text_next(&types, ',', &wanted)) {
        if (text_equal(wanted, text_from(type))) {
            return true;
        }
    }
    return false;
}

/* ---- the payload ---- */

struct telling {
    struct json_writer writer;
    const struct store_event *event;
    const struct json *details; /* the event's own data, or NULL */
    struct store_webhook_facts facts;
    struct text verb; /* "sent" of "message.sent" */
};

static void write_person(struct telling *telling)
{
    char phone[24];
    struct json_writer *writer = &telling->writer;
    (void)snprintf(phone, sizeof(phone), "%lld", (long long)telling->facts.phone);
    json_field_chars(writer, "phone", telling->facts.phone == 0 ? NULL : phone);
    json_field_text(writer, "name", telling->facts.contact_name);
}

static void write_sequence(struct telling *telling)
{
    struct json_writer *writer = &telling->writer;
    json_field_id_or_null(writer, "sequence_id", ID_SEQUENCE, telling->event->sequence_id);
    json_field_text_or_null(writer, "sequence_name", telling->facts.sequence_name);
    json_field_id_or_null(writer, "enrollment_id", ID_ENROLLMENT, telling->event->enrollment_id);
}

static void write_channel(struct telling *telling)
{
    json_field_id_or_null(&telling->writer, "channel_id", ID_CHANNEL, telling->event->channel_id);
    json_field_text_or_null(&telling->writer, "channel_name", telling->facts.channel_name);
}

static void write_enrollment(struct telling *telling)
{
    struct json_writer *writer = &telling->writer;
    const struct store_webhook_facts *facts = &telling->facts;
    enum enrollment_status status = (enum enrollment_status)facts->enrollment_status;
    bool named = enrollment_status_from_text(telling->verb, &status);
    if (!named && (text_equal(telling->verb, TEXT("created")) ||
                   text_equal(telling->verb, TEXT("resumed")))) {
        status = ENROLLMENT_ACTIVE;
    }
    write_sequence(telling);
    write_person(telling);
    json_field_chars(writer, "status",
                     named || facts->has_enrollment ? enrollment_status_to_text(status) : NULL);
    json_field_text_or_null(writer, "reason", named ? facts->enrollment_reason : (struct text){0});
    json_field_id_or_null(writer, "batch_id", ID_BATCH, telling->event->batch_id);
}

static void write_message(struct telling *telling)
{
    struct json_writer *writer = &telling->writer;
    const struct store_webhook_facts *facts = &telling->facts;
    static const char *const WITH_REASON[] = {"failed", "skipped", "cancelled", "held", "unknown"};
    bool explained = false;
    for (size_t i = 0; i < ARRAY_SIZE(WITH_REASON); i++) {
        explained = explained || text_equal(telling->verb, text_from(WITH_REASON[i]));
    }
    json_field_id_or_null(writer, "message_id", ID_MESSAGE, telling->event->message_id);
    write_sequence(telling);
    write_person(telling);
    json_field_id_or_null(writer, "step_id", ID_STEP, facts->step_id);
    if (facts->step_day > 0) {
        json_field_int64(writer, "day", facts->step_day);
    } else {
        json_field_null(writer, "day");
    }
    json_field_text(writer, "status", telling->verb);
    if (explained && facts->message_reason != REASON_NONE) {
        json_field_chars(writer, "reason",
                         message_reason_to_text((enum message_reason)facts->message_reason));
    } else {
        json_field_null(writer, "reason");
    }
    if (explained && facts->message_error_code != 0) {
        json_field_int64(writer, "provider_code", facts->message_error_code);
    } else {
        json_field_null(writer, "provider_code");
    }
    write_channel(telling);
}

static void write_reply(struct telling *telling)
{
    struct json_writer *writer = &telling->writer;
    write_person(telling);
    json_field_id_or_null(writer, "enrollment_id", ID_ENROLLMENT, telling->event->enrollment_id);
    json_field_text_or_null(writer, "kind", json_get_text(telling->details, "type"));
    json_field_text_or_null(writer, "text", telling->facts.reply_text);
    json_field_text_or_null(writer, "word", json_get_text(telling->details, "word"));
    write_channel(telling);
}

static void write_details(struct telling *telling)
{
    struct json_iterator at = {0};
    struct text text;
    while (json_iterate(telling->details, &at)) {
        if (json_text(at.value, &text)) {
            json_key_text(&telling->writer, at.name);
            json_put_text(&telling->writer, text);
        }
    }
}

static void write_data(struct telling *telling, struct text family)
{
    json_field_id(&telling->writer, "event_id", ID_EVENT, telling->event->id);
    if (text_equal(family, TEXT("enrollment"))) {
        write_enrollment(telling);
    } else if (text_equal(family, TEXT("message"))) {
        write_message(telling);
    } else if (text_equal(family, TEXT("reply"))) {
        write_reply(telling);
    } else if (text_equal(family, TEXT("channel"))) {
        write_channel(telling);
        write_details(telling);
    } else if (text_equal(family, TEXT("opt_out"))) {
        write_person(telling);
        write_details(telling);
    } else {
        write_details(telling);
    }
}

static enum error_code find_event(struct work *work, int64_t id, struct store_event **ret_event,
                                  struct error *error)
{
    size_t count = 0;
    enum error_code code = store_event_list(work, id - 1, 1, ret_event, &count, error);
    if (code == OK && (count == 0 || (*ret_event)->id != id)) {
        return error_set(error, ERROR_NOT_FOUND, "the event is not kept any more");
    }
    return code;
}

enum error_code webhook_payload(struct work *work, int64_t event_id, struct text type,
                                struct buffer *out, struct error *error)
{
    CLEANUP(json_free) struct json *details = NULL;
    struct store_event *event = NULL;
    struct error ignored = {0};
    struct text verb = type;
    struct text family;
    enum error_code code = find_event(work, event_id, &event, error);
    if (code != OK) {
        return code;
    }
    (void)text_next(&verb, '.', &family);
    struct telling telling = {.event = event, .verb = verb};
    if (event->data.size > 0 && json_parse(event->data, NULL, &details, &ignored) != OK) {
        details = NULL;
    }
    telling.details = details;
    code = store_webhook_facts(work, event->id, json_get_int64(details, "inbound_id", 0),
                               &telling.facts, error);
    if (code != OK) {
        return code;
    }
    json_writer_init(&telling.writer, out);
    json_object_begin(&telling.writer);
    json_field_text(&telling.writer, "type", type);
    json_field_time(&telling.writer, "timestamp", event->at_ms);
    json_key(&telling.writer, "data");
    json_object_begin(&telling.writer);
    write_data(&telling, family);
    json_object_end(&telling.writer);
    json_object_end(&telling.writer);
    return buffer_overflowed(out) ? error_set(error, ERROR_TOO_BIG, "the event is too long") : OK;
}

/* ---- secrets ---- */

static struct text seal_context(int64_t webhook_id, char out[CONTEXT_MAX])
{
    (void)snprintf(out, CONTEXT_MAX, "webhook:%lld:secrets", (long long)webhook_id);
    return text_from(out);
}

void webhook_secrets_done(struct webhook_secrets *secrets)
{
    secret_free(secrets->current);
    secret_free(secrets->previous);
    *secrets = (struct webhook_secrets){0};
}

void webhook_secrets_seal(struct text master_key, int64_t webhook_id, struct text current,
                          struct text previous, struct buffer *out)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer plain;
    char context[CONTEXT_MAX];
    buffer_init(&plain, SECRETS_MAX);
    buffer_add_text(&plain, current);
    if (previous.size > 0) {
        buffer_add_byte(&plain, '\n');
        buffer_add_text(&plain, previous);
    }
    crypto_seal(master_key, seal_context(webhook_id, context), buffer_text(&plain), out);
    crypto_wipe(plain.data, plain.size);
}

enum error_code webhook_secrets_reseal(struct text old_key, struct text new_key, int64_t webhook_id,
                                       struct text sealed, struct buffer *out, struct error *error)
{
    char context[CONTEXT_MAX];
    return crypto_reseal(old_key, new_key, seal_context(webhook_id, context), sealed, out, error);
}

enum error_code webhook_secrets_open(struct text master_key, int64_t webhook_id, struct text sealed,
                                     struct webhook_secrets *ret_secrets, struct error *error)
{
    CLEANUP(secret_free) struct secret *plain = NULL;
    char context[CONTEXT_MAX];
    struct text current;
    enum error_code code =
        crypto_open(master_key, seal_context(webhook_id, context), sealed, &plain, error);
    if (code != OK) {
        return code;
    }
    struct text previous = secret_text(plain);
    (void)text_next(&previous, '\n', &current);
    *ret_secrets = (struct webhook_secrets){
        .current = secret_new(current),
        .previous = previous.size > 0 ? secret_new(previous) : NULL,
    };
    return OK;
}
