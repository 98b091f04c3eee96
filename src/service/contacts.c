/* What users do with people. The ledger of opt-outs is suppress.c. */
#include "service/contacts.h"

#include "base/ids.h"
#include "base/json_writer.h"
#include "base/zone.h"
#include "delivery/progress.h"
#include "domain/phone.h"
#include "service/erasures.h"
#include "service/replan.h"
#include "service/settings.h"
#include "service/suppress.h"
#include "store/store_access.h"
#include "store/store_erase.h"
#include "store/store_event.h"

#include <stdio.h>

enum {
    ENROLLMENTS_MAX = 1000,
    FIELDS_MAX = 50,
    FIELD_VALUE_MAX = 1000,
    FIELDS_JSON_MAX = 64 * 1024
};

enum error_code contacts_phone(struct work *work, const char *field, struct text text,
                               int64_t *ret_phone, struct error *error)
{
    struct settings settings;
    struct phone phone;
    enum error_code code = settings_read(work, &settings, error);
    if (code != OK) {
        return code;
    }
    enum phone_verdict verdict = phone_read(text, settings.default_country, &phone);
    if (verdict != PHONE_VALID) {
        return error_field(error, field, "invalid_phone", "%s", phone_verdict_to_words(verdict));
    }
    *ret_phone = phone.digits;
    return OK;
}

enum error_code contacts_find(struct work *work, struct text who, struct store_contact *ret_contact,
                              struct error *error)
{
    struct error ignored = {0};
    int64_t key = 0;
    bool found = false;
    enum error_code code = OK;
    if (id_parse(ID_CONTACT, who, &key)) {
        code = store_contact_get(work, key, ret_contact, &found, error);
    } else if (contacts_phone(work, "phone", who, &key, &ignored) == OK ||
               (text_to_int64(who, &key) && key > 0)) {
        code = store_contact_find_phone(work, key, ret_contact, &found, error);
    }
    if (code == OK && !found) {
        code = error_set(error, ERROR_NOT_FOUND, "there is no such contact");
    }
    return code;
}

void contacts_search(struct text typed, struct store_contact_filter *ret_filter)
{
    struct text text = text_trim(typed);
    int64_t digits = 0;
    size_t digit_count = 0;
    bool only_digits = text.size > 0;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte >= '0' && byte <= '9' && digit_count < 15) {
            digits = digits * 10 + (byte - '0');
            digit_count++;
        } else if (byte != '+' && byte != ' ' && byte != '-' && byte != '(' && byte != ')') {
            only_digits = false;
        }
    }
    if (only_digits && digits > 0) {
        ret_filter->digits = digits;
    } else {
        ret_filter->text = text;
    }
}

enum error_code contacts_list(struct work *work, const struct store_contact_filter *filter,
                              size_t limit, struct store_contact **ret_contacts, size_t *ret_count,
                              struct error *error)
{
    return store_contact_list(work, filter, limit, ret_contacts, ret_count, error);
}

enum error_code contacts_detail(struct work *work, struct text who, size_t inbound_limit,
                                struct contacts_detail *ret_detail, struct error *error)
{
    struct contacts_detail detail = {0};
    enum error_code code = contacts_find(work, who, &detail.contact, error);
    if (code == OK) {
        const struct store_enrollment_filter filter = {.contact_id = detail.contact.id};
        code = store_enrollment_list(work, &filter, ENROLLMENTS_MAX, &detail.enrollments,
                                     &detail.enrollment_count, error);
    }
    if (code == OK) {
        code = store_contact_inbound(work, detail.contact.id, inbound_limit, &detail.inbound,
                                     &detail.inbound_count, error);
    }
    if (code == OK) {
        *ret_detail = detail;
    }
    return code;
}

/* ---- change ---- */

static bool field_name_good(struct text name)
{
    if (name.size == 0 || name.size > 64) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        if (byte < ' ' || byte == '{' || byte == '}' || byte == '|') {
            return false;
        }
    }
    return true;
}

static void check_field(struct json_reader *reader, const struct json_iterator *at)
{
    char place[96];
    struct text value = {0};
    (void)snprintf(place, sizeof(place), "custom_fields.%.*s",
                   TEXT_ARGS(at->name.size > 64 ? text_head(at->name, 64) : at->name));
    enum json_kind kind = json_kind(at->value);
    if (!field_name_good(at->name)) {
        json_reader_fail(reader, place, "invalid_format",
                         "names of fields have up to 64 characters and no { } |");
    } else if (kind == JSON_ARRAY || kind == JSON_OBJECT) {
        json_reader_fail(reader, place, "wrong_type", "must be a text, a number or true or false");
    } else if (json_text(at->value, &value) && value.size > FIELD_VALUE_MAX) {
        json_reader_fail(reader, place, "too_long", "a value takes %d bytes", FIELD_VALUE_MAX);
    }
}

/* The stored fields with the given ones put in, over or out. */
static enum error_code merge_fields(struct work *work, struct text stored_json,
                                    const struct json *given, struct text *ret_json,
                                    struct error *error)
{
    CLEANUP(json_free) struct json *stored = NULL;
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    struct json_writer writer;
    struct error ignored = {0};
    size_t count = 0;
    buffer_init(&buffer, FIELDS_JSON_MAX);
    if (stored_json.size > 0) {
        if (json_parse(stored_json, NULL, &stored, &ignored) != OK) {
            stored = NULL; /* unreadable fields are as good as none */
        }
    }
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    const struct json *const sources[2] = {stored, given};
    for (size_t i = 0; i < 2; i++) {
        struct json_iterator at = {0};
        while (json_iterate(sources[i], &at)) {
            struct json_iterator other = {0};
            bool replaced = false;
            while (i == 0 && json_iterate(given, &other)) {
                replaced = replaced || text_equal(other.name, at.name);
            }
            if (replaced || json_kind(at.value) == JSON_NULL) {
                continue;
            }
            struct buffer value;
            buffer_init(&value, FIELDS_JSON_MAX);
            json_encode(at.value, &value);
            json_key_text(&writer, at.name);
            json_raw(&writer, buffer_text(&value));
            buffer_done(&value);
            count++;
        }
    }
    json_object_end(&writer);
    if (count > FIELDS_MAX || buffer_overflowed(&buffer)) {
        return error_field(error, "custom_fields", "too_long", "a contact takes %d fields",
                           FIELDS_MAX);
    }
    *ret_json = arena_text(work->arena, buffer_text(&buffer));
    return OK;
}

static void read_timezone(struct json_reader *reader, struct store_contact *contact,
                          struct arena *arena)
{
    struct text zone = {0};
    if (json_reader_is_null(reader, "timezone")) {
        contact->timezone = zone;
        contact->timezone_source = CONTACT_ZONE_NONE;
    } else if (json_reader_text(reader, "timezone", 0, 64, &zone)) {
        const struct zone *known = zone_find(zone);
        if (known == NULL) {
            json_reader_fail(reader, "timezone", "unknown_timezone",
                             "time zone \"%.*s\" does not exist; use a name like Asia/Kolkata",
                             TEXT_ARGS(zone));
            return;
        }
        contact->timezone = arena_text(arena, zone_name(known));
        contact->timezone_source = CONTACT_ZONE_GIVEN;
    }
}

static enum error_code read_changes(struct work *work, const struct json *json,
                                    struct store_contact *contact, struct error *error)
{
    struct json_reader reader;
    struct text name = {0};
    json_reader_open(&reader, json, "", error);
    if (json_reader_is_null(&reader, "name")) {
        contact->name = name;
    } else if (json_reader_text(&reader, "name", 0, 200, &name)) {
        contact->name = arena_text(work->arena, text_trim(name));
    }
    read_timezone(&reader, contact, work->arena);
    const struct json *fields = json_reader_any(&reader, "custom_fields");
    if (json_kind(fields) == JSON_OBJECT) {
        struct json_iterator at = {0};
        while (json_iterate(fields, &at)) {
            check_field(&reader, &at);
        }
    } else if (fields != NULL && json_kind(fields) != JSON_NULL) {
        json_reader_fail(&reader, "custom_fields", "wrong_type", "must be an object");
    }
    enum error_code code = json_reader_done(&reader);
    return code == OK ? merge_fields(work, contact->fields, fields, &contact->fields, error) : code;
}

enum error_code contacts_update(struct work *work, struct text who, const struct json *json,
                                struct store_contact *ret_contact, struct error *error)
{
    struct store_contact contact;
    struct progress progress;
    progress_init(&progress, work);
    enum error_code code = contacts_find(work, who, &contact, error);
    if (code == OK) {
        code = read_changes(work, json, &contact, error);
    }
    if (code == OK) {
        code = store_contact_update(work, &contact, error);
    }
    if (code == OK) {
        code = replan_contact(&progress, contact.id, error);
    }
    if (code == OK) {
        const struct store_event event = {.type = TEXT("contact.updated"),
                                          .contact_id = contact.id};
        code = store_event_add(work, &event, error);
    }
    if (code == OK) {
        work->wakes |= WORK_WAKE_DELIVERY;
        *ret_contact = contact;
    }
    return code;
}

/* ---- forget ---- */

static enum error_code end_all(struct work *work, int64_t contact_id, struct error *error)
{
    struct progress progress;
    struct store_contact_enrollment *rows = NULL;
    size_t count = 0;
    progress_init(&progress, work);
    enum error_code code = store_contact_enrollments(work, contact_id, true, &rows, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        code = progress_end(&progress, rows[i].id, ENROLLMENT_STOPPED, REASON_ERASED,
                            TEXT("erased"), error);
    }
    return code;
}

enum error_code contacts_erase(struct work *work, const struct service *service, struct text who,
                               struct error *error)
{
    struct store_contact contact;
    enum error_code code = contacts_find(work, who, &contact, error);
    if (code == OK) {
        code = erasures_add(service, contact.id, work->now_ms, error);
    }
    return code == OK ? contacts_forget(work, service, contact.id, error) : code;
}

enum error_code contacts_forget(struct work *work, const struct service *service, int64_t id,
                                struct error *error)
{
    struct store_contact contact;
    struct suppress_result ignored;
    bool found = false;
    enum error_code code = store_contact_get(work, id, &contact, &found, error);
    if (code != OK || !found || contact.erased) {
        return code;
    }
    code = end_all(work, contact.id, error);
    if (code == OK && contact.phone != 0) {
        const struct suppress_word word = {.phone = contact.phone,
                                           .contact_id = contact.id,
                                           .kind = SUPPRESSION_ALL,
                                           .stop = true,
                                           .source = TEXT("operator"),
                                           .reason = TEXT("erased")};
        code = suppress_apply(work, service, &word, &ignored, error);
    }
    if (code == OK) {
        code = store_suppression_detach(work, contact.id, error);
    }
    if (code == OK) {
        code = store_erase_contact(work, contact.id, contact.phone, error);
    }
    if (code == OK) {
        const struct store_event event = {.type = TEXT("contact.updated"),
                                          .contact_id = contact.id};
        code = store_event_add(work, &event, error);
    }
    if (code == OK) {
        char chars[ID_TEXT_MAX];
        code = store_audit_add(work, "contact.erase",
                               text_from(id_format(ID_CONTACT, contact.id, chars)),
                               (struct text){0}, error);
    }
    work->wakes |= WORK_WAKE_DELIVERY;
    return code;
}

/* ---- hand out ---- */

static enum error_code read_messages(struct work *work, struct contacts_export *result,
                                     struct error *error)
{
    int64_t *ids = NULL;
    size_t count = 0;
    enum error_code code =
        store_contact_messages(work, result->detail.contact.id, &ids, &count, error);
    if (code != OK) {
        return code;
    }
    result->messages = arena_array(work->arena, count + 1, sizeof(*result->messages));
    for (size_t i = 0; code == OK && i < count; i++) {
        code = message_view_get(work, ids[i], &result->messages[i], error);
        result->message_count++;
    }
    return code;
}

enum error_code contacts_export(struct work *work, const struct service *service, struct text who,
                                struct contacts_export *ret_export, struct error *error)
{
    static const enum suppression_kind KINDS[] = {SUPPRESSION_ALL, SUPPRESSION_MARKETING};
    struct contacts_export result = {0};
    enum error_code code = contacts_detail(work, who, 100000, &result.detail, error);
    if (code == OK) {
        code = read_messages(work, &result, error);
    }
    if (code != OK) {
        return code;
    }
    result.opt_outs = arena_array(work->arena, ARRAY_SIZE(KINDS), sizeof(*result.opt_outs));
    for (size_t i = 0; code == OK && i < ARRAY_SIZE(KINDS) && result.detail.contact.phone != 0;
         i++) {
        uint8_t hash[SUPPRESSION_HASH_SIZE];
        bool found = false;
        struct store_suppression *row = &result.opt_outs[result.opt_out_count];
        suppress_hash(service, result.detail.contact.phone, hash);
        code = store_suppression_get(work, hash, KINDS[i], row, &found, error);
        result.opt_out_count += code == OK && found && row->active ? 1 : 0;
    }
    if (code == OK) {
        *ret_export = result;
    }
    return code;
}

const char *contacts_rows_to_text(int rows)
{
    return person_rows_to_text((enum person_rows)rows);
}

enum error_code contacts_rows(struct work *work, int rows, const struct store_contact *contact,
                              person_on_row *on_row, void *context, struct error *error)
{
    return store_person_visit(work, (enum person_rows)rows, contact->id, contact->phone, on_row,
                              context, error);
}
