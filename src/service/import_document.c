/* People in a JSON document: the same fields for one person and for a list. A list's rows that
 * cannot be taken are refused one by one; only a document that is no list is refused whole. */
#include "service/import_document.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

enum { DAY_MAX = 3650 };

struct import_document {
    struct json *json;
    const struct json *list;
    struct text country;
    size_t next;
    struct arena *arena; /* reset per row */
    struct arena *own;
    struct import_person person;
};

void import_document_free(struct import_document *document)
{
    if (document != NULL) {
        json_free(document->json);
        arena_free(document->arena);
        arena_free(document->own);
        mem_free(document);
    }
}

enum error_code import_document_open(const char *path, struct text country,
                                     struct import_document **ret_document, struct error *error)
{
    CLEANUP(import_document_free) struct import_document *document = mem_zalloc(sizeof *document);
    document->arena = arena_new();
    document->own = arena_new();
    document->country = arena_text(document->own, country);
    CLEANUP(mem_free_char) char *data = NULL;
    size_t size = 0;
    enum error_code code = file_read(path, IMPORT_JSON_BYTES_MAX, &data, &size, error);
    if (code == OK) {
        const struct json_limits limits = {.size = IMPORT_JSON_BYTES_MAX};
        code = json_parse(text_make(data, size), &limits, &document->json, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_reader reader;
    json_reader_open(&reader, document->json, "", error);
    if (json_reader_required(&reader, "enrollments")) {
        (void)json_reader_array(&reader, "enrollments", 1, IMPORT_DOCUMENT_ROWS_MAX,
                                &document->list);
    }
    code = json_reader_done(&reader);
    if (code == OK) {
        *ret_document = TAKE(document);
    }
    return code;
}

/* ---- one person ---------------------------------------------------------------------------- */

static bool refuse(struct import_refusal *ret_refusal, struct arena *arena,
                   const struct error *error)
{
    const struct error_field *field = &error->fields[0];
    *ret_refusal = (struct import_refusal){
        .code = arena_chars(arena, text_from(field->code)),
        .message = arena_format(arena, "%s: %s", field->field, field->message).data,
        .field = arena_text(arena, text_from(field->field)),
    };
    return false;
}

static struct text value_text(struct arena *arena, const struct json *value)
{
    struct text text = {NULL, 0};
    if (json_text(value, &text)) {
        return text_trim(text);
    }
    if (json_kind(value) == JSON_NULL) {
        return text;
    }
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&out, IMPORT_VALUE_MAX + 1);
    json_encode(value, &out);
    return arena_text(arena, buffer_text(&out));
}

const struct json *import_document_fields(struct json_reader *reader)
{
    const struct json *fields = json_reader_any(reader, "custom_fields");
    if (json_kind(fields) == JSON_ABSENT || json_kind(fields) == JSON_NULL) {
        return NULL;
    }
    if (json_kind(fields) != JSON_OBJECT) {
        json_reader_fail(reader, "custom_fields", "wrong_type", "must be an object");
        return NULL;
    }
    if (json_count(fields) > IMPORT_FIELDS_MAX) {
        json_reader_fail(reader, "custom_fields", "too_long", "a person takes %d fields",
                         IMPORT_FIELDS_MAX);
        return NULL;
    }
    struct json_iterator at = {.value = NULL};
    while (json_iterate(fields, &at)) {
        enum json_kind kind = json_kind(at.value);
        if (kind == JSON_ARRAY || kind == JSON_OBJECT || at.name.size == 0 || at.name.size > 60) {
            json_reader_fail(reader, "custom_fields", "wrong_type",
                             "values must be texts, numbers or true or false");
            return NULL;
        }
    }
    return fields;
}

static void read_fields(struct arena *arena, struct json_reader *reader,
                        struct import_person *person)
{
    struct json_iterator at = {.value = NULL};
    const struct json *fields = import_document_fields(reader);
    while (fields != NULL && json_iterate(fields, &at)) {
        struct text value = value_text(arena, at.value);
        if (value.size > IMPORT_VALUE_MAX) {
            json_reader_fail(reader, "custom_fields", "too_long",
                             "a value is longer than 1,024 bytes");
            return;
        }
        if (value.size > 0) {
            person->fields[person->field_count++] =
                (struct import_custom_field){.name = at.name, .value = value};
        }
    }
}

static struct text read_phone(struct arena *arena, struct json_reader *reader)
{
    struct text phone = {NULL, 0};
    int64_t digits = 0;
    const struct json *value = json_reader_any(reader, "phone");
    if (json_int64(value, &digits)) {
        return arena_format(arena, "%lld", (long long)digits);
    }
    if (!json_text(value, &phone)) {
        json_reader_fail(reader, "phone",
                         json_kind(value) == JSON_ABSENT ? "required" : "wrong_type",
                         "must be a phone number");
    }
    return phone;
}

bool import_document_person(struct arena *arena, const struct json *json, struct text country,
                            struct import_person *ret_person, struct import_refusal *ret_refusal)
{
    struct error error = {.code = OK};
    struct json_reader reader;
    struct import_person *person = ret_person;
    person->name = TEXT("");
    person->timezone = text_make(NULL, 0);
    person->start_day = 0;
    person->current_day = 0;
    person->enrolled_at_ms = 0;
    person->field_count = 0;
    json_reader_open(&reader, json, "", &error);
    struct text phone = read_phone(arena, &reader);
    (void)json_reader_text(&reader, "name", 0, 200, &person->name);
    read_fields(arena, &reader, person);
    (void)json_reader_text(&reader, "timezone", 0, 64, &person->timezone);
    (void)json_reader_time(&reader, "enrolled_at", &person->enrolled_at_ms);
    (void)json_reader_int64(&reader, "start_day", 1, DAY_MAX, &person->start_day);
    (void)json_reader_int64(&reader, "current_day", 0, DAY_MAX, &person->current_day);
    if (json_reader_text(&reader, "country", 2, 2, &country) && !phone_country_known(country)) {
        json_reader_fail(&reader, "country", "invalid_choice", "there is no such country");
    }
    if (json_reader_done(&reader) != OK) {
        return refuse(ret_refusal, arena, &error);
    }
    person->name = text_trim(person->name);
    enum phone_verdict verdict = phone_read(phone, country, &person->phone);
    if (verdict != PHONE_VALID) {
        *ret_refusal = (struct import_refusal){
            .is_phone = true,
            .code = phone_verdict_to_code(verdict),
            .message = phone_verdict_to_words(verdict),
            .field = TEXT("phone"),
            .value = phone,
        };
        return false;
    }
    return true;
}

/* ---- the list ------------------------------------------------------------------------------ */

static struct text input_of(struct arena *arena, const struct json *item)
{
    const struct json *phone = json_get(item, "phone");
    return json_kind(phone) == JSON_ABSENT ? TEXT("") : value_text(arena, phone);
}

bool import_document_read(struct import_document *document, int64_t count,
                          import_row_function *on_row, void *context)
{
    size_t total = json_count(document->list);
    for (; count > 0 && document->next < total; count--) {
        size_t index = document->next++;
        const struct json *item = json_at(document->list, index);
        struct import_refusal refusal = {.is_phone = false};
        arena_reset(document->arena);
        struct import_row row = {
            .number = (int64_t)index + 1,
            .offset = (int64_t)index,
            .input = input_of(document->arena, item),
        };
        if (import_document_person(document->arena, item, document->country, &document->person,
                                   &refusal)) {
            row.person = &document->person;
        } else {
            row.refusal = &refusal;
        }
        if (!on_row(context, &row)) {
            return false;
        }
    }
    return document->next < total;
}

void import_document_cells(struct import_document *document, int64_t index, struct buffer *out,
                           struct buffer *input)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const struct json *item = json_at(document->list, (size_t)index);
    struct text phone = input_of(arena, item);
    if (phone.size <= 200) {
        buffer_add_text(input, phone);
    }
    csv_put_cell(out, phone, true, true);
    csv_put_cell(out, json_get_text(item, "name"), false, true);
}
