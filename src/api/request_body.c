/* The body of a request by its media type: JSON and forms are parsed, tables and lists are left to
 * the handler, what cannot be read as it says it is written is refused. */
#include "api/api_internal.h"

#include "base/file.h"
#include "base/mem.h"

enum {
    MEMBERS_SMALL = 1000, /* of a JSON body, in all its objects */
    MEMBERS_LARGE = 500000,
};

static bool is_json_type(struct text type)
{
    return text_equal_ignore_case(type, TEXT("application/json")) ||
           text_ends_with(type, TEXT("+json"));
}

enum error_code request_parse_json(struct request *request, struct text body, struct error *error)
{
    bool large = (request->match.route->flags & (API_LARGE | API_SPOOL)) != 0;
    struct json_limits limits = {
        .size = REQUEST_BODY_LARGE, .depth = 32, .members = large ? MEMBERS_LARGE : MEMBERS_SMALL};
    enum error_code code = json_parse(body, &limits, &request->json, error);
    if (code == ERROR_INVALID) {
        request->problem_status = 400;
        request->problem_code = error->reason[0] == '\0' ? "bad_json" : error->reason;
    }
    request->call.body = request->json;
    return code;
}

static enum error_code read_spooled(struct request *request, struct error *error)
{
    char *data = NULL;
    size_t size = 0;
    if (request->http->body_size > REQUEST_BODY_LARGE) {
        return OK; /* the handler reads it piece by piece */
    }
    enum error_code code =
        file_read(request->http->body_path, REQUEST_BODY_LARGE, &data, &size, error);
    if (code == OK) {
        code = request_parse_json(request, text_make(data, size), error);
        mem_free(data);
    }
    return code;
}

/* A body in another encoding must not be read as if it were UTF-8. Of tables and lists the bytes
 * decide: they are guessed, and what can be guessed may also be said. */
static enum error_code check_charset(const struct http_request *http, bool table,
                                     struct error *error)
{
    static const char *const READ[] = {"utf-8",    "utf8",     "us-ascii",     "utf-16",
                                       "utf-16le", "utf-16be", "windows-1252", "iso-8859-1"};
    enum { READ_ALWAYS = 3 };
    struct text charset = http_media_charset(http_request_header(http, "content-type"));
    bool known = charset.data == NULL;
    for (size_t i = 0; i < (table ? ARRAY_SIZE(READ) : READ_ALWAYS); i++) {
        known = known || text_equal_ignore_case(charset, text_from(READ[i]));
    }
    return known ? OK
                 : error_set(error, ERROR_UNSUPPORTED,
                             "a body in that charset cannot be read: send it in UTF-8, with "
                             "charset=utf-8 or none in the Content-Type");
}

static enum error_code read_text(struct request *request, bool json, struct error *error)
{
    const struct http_request *http = request->http;
    enum error_code code = check_charset(http, false, error);
    if (code != OK) {
        return code;
    }
    if (!json) {
        return form_body_parse(request, error);
    }
    return http->body_path != NULL ? read_spooled(request, error)
                                   : request_parse_json(request, http->body, error);
}

enum error_code request_read_body(struct request *request, struct error *error)
{
    unsigned flags = request->match.route->flags;
    const struct http_request *http = request->http;
    if ((flags & (API_RAW | API_ANY_TYPE)) != 0 || http->body_size == 0) {
        return OK;
    }
    struct text type = http_media_type(http_request_header(http, "content-type"));
    bool form = (flags & API_FORM) != 0 &&
                text_equal_ignore_case(type, TEXT("application/x-www-form-urlencoded"));
    if (is_json_type(type) || form) {
        return read_text(request, !form, error);
    }
    bool text =
        (flags & (API_TEXT | API_SPOOL)) != 0 && (text_equal_ignore_case(type, TEXT("text/csv")) ||
                                                  text_equal_ignore_case(type, TEXT("text/plain")));
    if (text) {
        return check_charset(http, true, error);
    }
    return error_set(error, ERROR_UNSUPPORTED, "the Content-Type must be application/json");
}
