/* The rules of the opt-out ledger: which word is newer, and what a STOP ends. The rows are
 * store_suppression.c's; ending enrollments is the send machine's progress_end(). */
#include "service/suppress.h"

#include "base/ids.h"
#include "base/json_writer.h"
#include "delivery/progress.h"
#include "service/phone_hash.h"
#include "store/counters.h"
#include "store/store_access.h"
#include "store/store_contact.h"
#include "store/store_event.h"
#include "store/store_inbound.h"

static const char *const SOURCES[] = {"stop_word", "button", "user_preferences", "provider",
                                      "api",       "link",   "operator",         "import"};

bool suppress_source_known(struct text source)
{
    for (size_t i = 0; i < ARRAY_SIZE(SOURCES); i++) {
        if (text_equal(source, text_from(SOURCES[i]))) {
            return true;
        }
    }
    return false;
}

const char *suppression_kind_to_text(enum suppression_kind kind)
{
    switch (kind) {
    case SUPPRESSION_ALL:
        return "all";
    case SUPPRESSION_MARKETING:
        return "marketing";
    }
    return "all";
}

const char *suppress_bits_to_text(int64_t bits)
{
    if ((bits & SUPPRESSION_ALL) != 0) {
        return "all";
    }
    return (bits & SUPPRESSION_MARKETING) != 0 ? "marketing" : NULL;
}

void suppress_hash(const struct service *service, int64_t phone, uint8_t out[SUPPRESSION_HASH_SIZE])
{
    phone_hash(service->hash_key, phone, out);
}

enum error_code suppress_bits(struct work *work, const struct service *service, int64_t phone,
                              int64_t *ret_bits, struct error *error)
{
    uint8_t hash[SUPPRESSION_HASH_SIZE];
    suppress_hash(service, phone, hash);
    return store_suppression_bits(work, hash, ret_bits, error);
}

/* The person behind the word; a number nobody knew becomes a contact, so that lists show it and
 * imports meet it. */
static enum error_code find_contact(struct work *work, const struct suppress_word *word,
                                    struct store_contact *contact, bool *ret_found,
                                    struct error *error)
{
    bool found = false;
    enum error_code code = OK;
    if (word->contact_id != 0) {
        code = store_contact_get(work, word->contact_id, contact, &found, error);
    } else if (word->phone != 0) {
        code = store_contact_find_phone(work, word->phone, contact, &found, error);
    }
    if (code == OK && !found && word->stop && word->phone != 0) {
        *contact = (struct store_contact){.phone = word->phone};
        code = store_contact_insert(work, contact, error);
        found = code == OK;
    }
    if (code == OK) {
        *ret_found = found;
    }
    return code;
}

/* Counts the opt-out under the step whose message was the last to be accepted before it. */
static enum error_code count_opt_out(struct work *work, int64_t contact_id, int64_t channel_id,
                                     int64_t at_ms, struct error *error)
{
    struct store_inbound_origin origin = {0};
    bool found = false;
    bool is_new = false;
    enum error_code code =
        store_inbound_origin(work, contact_id, channel_id, 0, at_ms, &origin, &found, error);
    if (code == OK && found) {
        code =
            store_inbound_mark(work, origin.message_id, INBOUND_OPTED_OUT, at_ms, &is_new, error);
    }
    if (code == OK && is_new) {
        const struct counter_place place = {.sequence_id = origin.sequence_id,
                                            .step_id = origin.step_id,
                                            .enrolled_at_ms = origin.enrolled_at_ms};
        counters_add(work, &place, OUTCOME_OPTED_OUT, 0, 1);
    }
    if (code == OK) {
        counters_add_time(work, is_new ? origin.sequence_id : 0, OUTCOME_OPTED_OUT, 1);
    }
    return code;
}

static enum error_code end_enrollments(struct work *work, int64_t contact_id, struct text source,
                                       int64_t *ret_ended, struct error *error)
{
    struct progress progress;
    struct store_contact_enrollment *rows = NULL;
    size_t count = 0;
    progress_init(&progress, work);
    enum error_code code = store_contact_enrollments(work, contact_id, true, &rows, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        code = progress_end(&progress, rows[i].id, ENROLLMENT_OPTED_OUT, REASON_OPTED_OUT, source,
                            error);
    }
    if (code == OK) {
        *ret_ended = (int64_t)count;
    }
    return code;
}

static enum error_code add_event(struct work *work, const struct suppress_word *word,
                                 int64_t contact_id, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, 1000);
    struct json_writer writer;
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    json_field_chars(&writer, "kind", suppression_kind_to_text(word->kind));
    json_field_text(&writer, "source", word->source);
    json_object_end(&writer);
    const struct store_event event = {
        .type = word->stop ? TEXT("opt_out.created") : TEXT("opt_out.deleted"),
        .contact_id = contact_id,
        .data = buffer_text(&buffer),
    };
    return store_event_add(work, &event, error);
}

/* True when the word says nothing new: the ledger holds a newer one, or the same. Of two words of
 * one moment the STOP counts; but one without a moment is said now, after all that is known: a STOP
 * can be lifted at once, also while a manual clock stands. */
static bool is_old_news(const struct store_suppression *stands, const struct suppress_word *word,
                        int64_t at_ms)
{
    if (at_ms < stands->at_ms) {
        return true;
    }
    return stands->active == word->stop ||
           (at_ms == stands->at_ms && !word->stop && word->at_ms != 0);
}

static enum error_code write_row(struct work *work, const struct suppress_word *word,
                                 const uint8_t *hash, int64_t contact_id, int64_t at_ms,
                                 struct error *error)
{
    struct store_suppression row = {
        .kind = word->kind,
        .active = word->stop,
        .at_ms = at_ms,
        .contact_id = contact_id,
        .source = word->source,
        .reason = word->reason.size > SUPPRESS_REASON_MAX
                      ? text_head(word->reason, SUPPRESS_REASON_MAX)
                      : word->reason,
    };
    /* A character must not be cut in two. */
    while (row.reason.size > 0 && !text_is_utf8(row.reason)) {
        row.reason.size--;
    }
    memcpy(row.phone_hash, hash, SUPPRESSION_HASH_SIZE);
    return store_suppression_put(work, &row, error);
}

/* What follows from a word that counts, beside the ledger's row. */
static enum error_code carry_out(struct work *work, const struct suppress_word *word,
                                 const struct store_contact *contact, int64_t at_ms,
                                 struct suppress_result *result, struct error *error)
{
    int64_t bits = word->stop ? contact->suppressed | (int64_t)word->kind
                              : contact->suppressed & ~(int64_t)word->kind;
    enum error_code code = store_contact_set_suppressed(work, contact->id, bits, error);
    if (code == OK && word->stop && word->kind == SUPPRESSION_ALL) {
        code = count_opt_out(work, contact->id, word->channel_id, at_ms, error);
    }
    if (code == OK && word->stop && word->kind == SUPPRESSION_ALL) {
        code = end_enrollments(work, contact->id, word->source, &result->ended, error);
    }
    if (code == OK) {
        code = add_event(work, word, contact->id, error);
    }
    result->contact_id = contact->id;
    work->wakes |= WORK_WAKE_DELIVERY;
    return code;
}

enum error_code suppress_apply(struct work *work, const struct service *service,
                               const struct suppress_word *word, struct suppress_result *ret_result,
                               struct error *error)
{
    if (!suppress_source_known(word->source)) {
        return error_field(error, "source", "invalid_choice", "the source is not known");
    }
    struct store_contact contact = {0};
    struct store_suppression stands = {0};
    struct suppress_result result = {0};
    uint8_t hash[SUPPRESSION_HASH_SIZE];
    bool found = false;
    bool has_row = false;
    /* A provider's clock may run ahead of ours; a word from the future would outlast all others. */
    int64_t at_ms = word->at_ms == 0 || word->at_ms > work->now_ms ? work->now_ms : word->at_ms;
    enum error_code code = find_contact(work, word, &contact, &found, error);
    if (code != OK) {
        return code;
    }
    int64_t phone = word->phone != 0 ? word->phone : contact.phone;
    if (phone != 0) {
        suppress_hash(service, phone, hash);
        code = store_suppression_get(work, hash, word->kind, &stands, &has_row, error);
    }
    result.contact_id = found ? contact.id : 0;
    bool bit_stands = found && (contact.suppressed & (int64_t)word->kind) != 0;
    bool agrees = !found || bit_stands == word->stop;
    /* Somebody erased came back under the same number: the row stands, the person lacks the bit. */
    bool returned = has_row && stands.active && word->stop && !agrees;
    bool nothing_new = has_row      ? is_old_news(&stands, word, at_ms) && !returned
                       : phone != 0 ? agrees && !word->stop
                                    : agrees;
    if (has_row && at_ms < stands.at_ms && returned) {
        at_ms = stands.at_ms;
    }
    if (code != OK || nothing_new) {
        /* The same word again, later, or a START of somebody who never stopped: its time is
         * remembered, so that nothing older undoes it. */
        bool later =
            has_row ? stands.active == word->stop && at_ms > stands.at_ms : found && phone != 0;
        if (code == OK && later) {
            code = write_row(work, word, hash, result.contact_id, at_ms, error);
        }
        if (code == OK) {
            *ret_result = result;
        }
        return code;
    }
    if (phone != 0) {
        code = write_row(work, word, hash, result.contact_id, at_ms, error);
    }
    if (code == OK && found) {
        code = carry_out(work, word, &contact, at_ms, &result, error);
    }
    if (code == OK) {
        result.changed = true;
        *ret_result = result;
    }
    return code;
}

enum error_code suppress_find(struct work *work, const struct service *service, int64_t phone,
                              enum suppression_kind kind, struct store_suppression *ret_row,
                              bool *ret_found, struct error *error)
{
    uint8_t hash[SUPPRESSION_HASH_SIZE];
    suppress_hash(service, phone, hash);
    return store_suppression_get(work, hash, kind, ret_row, ret_found, error);
}

enum error_code suppress_list(struct work *work, const struct store_suppression_filter *filter,
                              size_t limit, struct store_suppression **ret_rows, size_t *ret_count,
                              struct error *error)
{
    return store_suppression_list(work, filter, limit, ret_rows, ret_count, error);
}

enum error_code suppress_audit_lift(struct work *work, int64_t phone, struct text reason,
                                    struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    struct store_contact contact = {0};
    struct json_writer writer;
    char id[ID_TEXT_MAX] = "";
    bool found = false;
    enum error_code code = store_contact_find_phone(work, phone, &contact, &found, error);
    if (code != OK) {
        return code;
    }
    buffer_init(&buffer, 2000);
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    json_field_text(&writer, "reason", reason);
    json_object_end(&writer);
    return store_audit_add(work, "opt_out.lift",
                           found ? text_from(id_format(ID_CONTACT, contact.id, id)) : TEXT(""),
                           buffer_text(&buffer), error);
}

enum error_code suppress_carry_over(struct work *work, const struct service *service,
                                    int64_t old_phone, int64_t new_phone, int64_t contact_id,
                                    struct error *error)
{
    static const enum suppression_kind KINDS[] = {SUPPRESSION_ALL, SUPPRESSION_MARKETING};
    uint8_t old_hash[SUPPRESSION_HASH_SIZE];
    enum error_code code = OK;
    suppress_hash(service, old_phone, old_hash);
    for (size_t i = 0; code == OK && i < ARRAY_SIZE(KINDS); i++) {
        struct store_suppression row = {0};
        bool found = false;
        code = store_suppression_get(work, old_hash, KINDS[i], &row, &found, error);
        if (code == OK && found && row.active) {
            struct suppress_result result = {0};
            code = suppress_apply(work, service,
                                  &(struct suppress_word){.phone = new_phone,
                                                          .contact_id = contact_id,
                                                          .kind = KINDS[i],
                                                          .stop = true,
                                                          .at_ms = row.at_ms,
                                                          .source = row.source,
                                                          .reason = row.reason},
                                  &result, error);
        }
    }
    return code;
}
