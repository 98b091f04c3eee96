/* Contacts: list, read, change, erase, hand out. */
#include "api/encode.h"
#include "api/route.h"
#include "api/routes.h"
#include "domain/csv.h"
#include "service/audit.h"
#include "service/contacts.h"
#include "service/suppress.h"

#include <stdio.h>

enum { INBOUND_SHOWN = 50 };

static enum error_code list(struct api_call *call, struct error *error)
{
    struct store_contact_filter filter = {0};
    struct store_contact *contacts = NULL;
    struct api_query query;
    struct api_page page = {0};
    struct text typed = {0};
    bool opted_out = false;
    size_t count = 0;
    api_query_open(&query, call, error);
    (void)api_query_text(&query, "q", 200, &typed);
    if (api_query_bool(&query, "opted_out", &opted_out)) {
        filter.opted_out = opted_out;
        filter.opted_in = !opted_out;
    }
    api_query_page(&query, &page);
    enum error_code code = api_query_done(&query);
    if (code != OK) {
        return code;
    }
    contacts_search(typed, &filter);
    if (page.after.count == 2) {
        filter.before_id = page.after.keys[0];
        filter.digits_after = page.after.keys[1];
    }
    size_t limit = (size_t)page.limit;
    code = contacts_list(call->work, &filter, limit + 1, &contacts, &count, error);
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    bool more = count > limit;
    size_t shown = more ? limit : count;
    struct api_cursor next = {.count = 2};
    api_list_begin(call, &writer);
    for (size_t i = 0; i < shown; i++) {
        json_object_begin(&writer);
        encode_contact_fields(&writer, &contacts[i]);
        json_object_end(&writer);
        next.keys[0] = contacts[i].id;
        next.keys[1] = contacts[i].phone;
    }
    api_list_end(call, &writer, more ? &next : NULL);
    return OK;
}

static void encode_inbound(struct json_writer *writer, const struct contacts_detail *detail)
{
    json_key(writer, "inbound");
    json_array_begin(writer);
    for (size_t i = 0; i < detail->inbound_count; i++) {
        const struct store_contact_inbound *inbound = &detail->inbound[i];
        json_object_begin(writer);
        json_field_time(writer, "at", inbound->at_ms);
        json_field_text(writer, "type", inbound->type);
        encode_text_or_null(writer, "text", inbound->text);
        json_field_id_or_null(writer, "channel_id", ID_CHANNEL, inbound->channel_id);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void encode_enrollments(struct json_writer *writer, const struct contacts_detail *detail)
{
    json_key(writer, "enrollments");
    json_array_begin(writer);
    for (size_t i = 0; i < detail->enrollment_count; i++) {
        encode_enrollment(writer, &detail->enrollments[i]);
    }
    json_array_end(writer);
}

static enum error_code get(struct api_call *call, struct error *error)
{
    struct contacts_detail detail;
    enum error_code code =
        contacts_detail(call->work, call->params[0], INBOUND_SHOWN, &detail, error);
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    api_json(call, &writer);
    json_object_begin(&writer);
    encode_contact_fields(&writer, &detail.contact);
    encode_enrollments(&writer, &detail);
    encode_inbound(&writer, &detail);
    json_object_end(&writer);
    return OK;
}

static enum error_code update(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    struct store_contact contact;
    enum error_code code = api_body(call, &body, error);
    if (code == OK) {
        code = contacts_update(call->work, call->params[0], body, &contact, error);
    }
    if (code == OK) {
        struct json_writer writer;
        api_json(call, &writer);
        json_object_begin(&writer);
        encode_contact_fields(&writer, &contact);
        json_object_end(&writer);
    }
    return code;
}

static enum error_code erase(struct api_call *call, struct error *error)
{
    enum error_code code = contacts_erase(call->work, call->service, call->params[0], error);
    if (code == OK) {
        api_no_content(call);
    }
    return code;
}

static void put_row_of_person(void *context, struct text json)
{
    struct json_writer *writer = context;
    json_raw(writer, json);
}

/* What the lists above do not say. */
static enum error_code encode_rest(struct api_call *call, struct json_writer *writer,
                                   const struct store_contact *contact, struct error *error)
{
    enum error_code code = OK;
    for (int rows = 0; code == OK && rows < CONTACTS_ROWS_COUNT; rows++) {
        json_key(writer, contacts_rows_to_text(rows));
        json_array_begin(writer);
        code = contacts_rows(call->work, rows, contact, put_row_of_person, writer, error);
        json_array_end(writer);
    }
    return code;
}

static enum error_code export_person(struct api_call *call, struct error *error)
{
    struct contacts_export export;
    enum error_code code =
        contacts_export(call->work, call->service, call->params[0], &export, error);
    if (code != OK) {
        return code;
    }
    char id[ID_TEXT_MAX];
    audit_note_later(call->service, call->work, "contact.export",
                     text_from(id_format(ID_CONTACT, export.detail.contact.id, id)));
    struct json_writer writer;
    api_json(call, &writer);
    http_response_set_header(call->response, "Content-Disposition",
                             TEXT("attachment; filename=\"person.json\""));
    json_object_begin(&writer);
    json_key(&writer, "contact");
    json_object_begin(&writer);
    encode_contact_fields(&writer, &export.detail.contact);
    json_object_end(&writer);
    encode_enrollments(&writer, &export.detail);
    json_key(&writer, "messages");
    json_array_begin(&writer);
    for (size_t i = 0; i < export.message_count; i++) {
        encode_message(&writer, &export.messages[i]);
    }
    json_array_end(&writer);
    encode_inbound(&writer, &export.detail);
    json_key(&writer, "opt_outs");
    json_array_begin(&writer);
    for (size_t i = 0; i < export.opt_out_count; i++) {
        encode_opt_out(&writer, &export.opt_outs[i]);
    }
    json_array_end(&writer);
    code = encode_rest(call, &writer, &export.detail.contact, error);
    json_object_end(&writer);
    return code;
}

const struct api_route API_CONTACTS_ROUTES[] = {
    {"GET", "/api/contacts", "contacts_list", API_READ, 0, list, NULL,
     "contacts.csv|data*|id,phone,name,timezone,opted_out,custom_fields"},
    {"GET", "/api/contacts/:phone", "contacts_get", API_READ, 0, get, NULL},
    {"PUT", "/api/contacts/:phone", "contacts_update", API_EDIT, API_WRITE, update, NULL},
    {"DELETE", "/api/contacts/:phone", "contacts_erase", API_ADMIN, API_WRITE, erase, NULL},
    {"GET", "/api/contacts/:phone/export", "contacts_export", API_ADMIN, 0, export_person, NULL},
    {0},
};
