/* Refusals as RFC 9457 problem details, the table from error codes to HTTP, and the headers that
 * every answer carries. Details for the log never reach an answer. */
#include "api/api_internal.h"

#include <stdio.h>

struct code_row {
    enum error_code code;
    int status;
    const char *word;
};

static const struct code_row rows[] = {
    {ERROR_INVALID, 422, "invalid"},
    {ERROR_NOT_FOUND, 404, "not_found"},
    {ERROR_CONFLICT, 409, "conflict"},
    {ERROR_DENIED, 403, "forbidden"},
    {ERROR_UNAUTHENTICATED, 401, "unauthenticated"},
    {ERROR_TOO_BIG, 413, "too_big"},
    {ERROR_TOO_MANY, 429, "rate_limited"},
    {ERROR_UNAVAILABLE, 503, "unavailable"},
    {ERROR_UNSUPPORTED, 415, "unsupported"},
    {ERROR_INTERNAL, 500, "internal"},
};

int problem_status(enum error_code code)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].code == code) {
            return rows[i].status;
        }
    }
    return 500;
}

const char *problem_code(enum error_code code)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].code == code) {
            return rows[i].word;
        }
    }
    return "internal";
}

static void write_fields(struct json_writer *writer, const struct error *error)
{
    size_t count = error == NULL ? 0 : error->field_count;
    if (count == 0) {
        return;
    }
    if (count > ERROR_FIELDS_MAX) {
        count = ERROR_FIELDS_MAX;
        json_field_int64(writer, "error_count", (int64_t)error->field_count);
    }
    json_key(writer, "errors");
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(writer);
        json_field_chars(writer, "field", error->fields[i].field);
        json_field_chars(writer, "code", error->fields[i].code);
        json_field_chars(writer, "message", error->fields[i].message);
        json_object_end(writer);
    }
    json_array_end(writer);
}

void problem_write(struct http_response *response, const struct problem *problem)
{
    struct json_writer writer;
    response->status = problem->status;
    http_response_set_header(response, "Content-Type", TEXT("application/problem+json"));
    json_writer_init(&writer, &response->body);
    json_object_begin(&writer);
    json_field_chars(&writer, "type",
                     problem->status == 429
                         ? "https://iana.org/assignments/http-problem-types#quota-exceeded"
                         : "about:blank");
    json_field_chars(&writer, "title", http_status_text(problem->status));
    json_field_int64(&writer, "status", problem->status);
    json_field_chars(&writer, "code", problem->code);
    if (problem->detail != NULL && problem->detail[0] != '\0') {
        json_field_chars(&writer, "detail", problem->detail);
    }
    if (problem->request_id != NULL) {
        char instance[sizeof("urn:dripline:request:") + REQUEST_ID_CHARS];
        (void)snprintf(instance, sizeof(instance), "urn:dripline:request:%s", problem->request_id);
        json_field_chars(&writer, "instance", instance);
        json_field_chars(&writer, "request_id", problem->request_id);
    }
    write_fields(&writer, problem->error);
    json_object_end(&writer);
}

static void set_default(struct http_response *response, const char *name, struct text value)
{
    if (http_response_header(response, name).data == NULL) {
        http_response_set_header(response, name, value);
    }
}

void secure_headers(struct http_response *response, bool html, bool https)
{
    set_default(response, "X-Content-Type-Options", TEXT("nosniff"));
    set_default(response, "Referrer-Policy", TEXT("no-referrer"));
    set_default(response, "Cross-Origin-Resource-Policy", TEXT("same-origin"));
    set_default(response, "Cache-Control", TEXT("no-store"));
    if (html) {
        set_default(
            response, "Content-Security-Policy",
            TEXT("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                 "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
                 "frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; "
                 "trusted-types app"));
        set_default(response, "Cross-Origin-Opener-Policy", TEXT("same-origin"));
        set_default(response, "Permissions-Policy",
                    TEXT("camera=(), microphone=(), geolocation=()"));
    } else {
        set_default(response, "Content-Security-Policy",
                    TEXT("default-src 'none'; frame-ancestors 'none'"));
    }
    if (https) {
        set_default(response, "Strict-Transport-Security",
                    TEXT("max-age=31536000; includeSubDomains"));
    }
}
