/* Shared parts of HTTP messages: percent encoding, forms, header lists, and the response struct
 * that handlers fill. Nothing here touches a socket. Every decoder takes a slice, refuses what is
 * malformed, and advances only by what it understood. */
#include "net/http.h"

#include "base/instant.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

enum { RESPONSE_BODY_LIMIT = 64 * 1024 * 1024 };

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

bool http_percent_decode(struct arena *arena, struct text encoded, bool form,
                         struct text *ret_plain)
{
    char *plain = arena_alloc(arena, encoded.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < encoded.size; i++) {
        char byte = encoded.data[i];
        if (byte == '%') {
            if (encoded.size - i < 3) {
                return false;
            }
            int high = hex_value(encoded.data[i + 1]);
            int low = hex_value(encoded.data[i + 2]);
            if (high < 0 || low < 0) {
                return false;
            }
            byte = (char)(high * 16 + low);
            i += 2;
        } else if (form && byte == '+') {
            byte = ' ';
        }
        if (byte == '\0') {
            return false;
        }
        plain[size++] = byte;
    }
    plain[size] = '\0';
    struct text decoded = text_make(plain, size);
    if (!text_is_utf8(decoded)) {
        return false;
    }
    *ret_plain = decoded;
    return true;
}

bool http_form_next(struct arena *arena, struct text *rest, struct text *ret_name,
                    struct text *ret_value, bool *ret_valid)
{
    struct text pair;
    while (rest->size > 0 && text_next(rest, '&', &pair)) {
        if (pair.size == 0) {
            continue;
        }
        struct text value = pair;
        struct text name;
        (void)text_next(&value, '=', &name);
        if (value.data == NULL) {
            value = text_make("", 0);
        }
        bool valid = http_percent_decode(arena, name, true, ret_name);
        valid = http_percent_decode(arena, value, true, ret_value) && valid;
        *ret_valid = valid;
        return true;
    }
    return false;
}

void http_percent_encode(struct buffer *buffer, struct text plain)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < plain.size; i++) {
        unsigned char byte = (unsigned char)plain.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool digit = byte >= '0' && byte <= '9';
        if (letter || digit || byte == '-' || byte == '.' || byte == '_' || byte == '~') {
            buffer_add_byte(buffer, (char)byte);
        } else {
            char escape[3] = {'%', digits[byte >> 4], digits[byte & 15]};
            buffer_add(buffer, escape, sizeof(escape));
        }
    }
}

/* ";q=0", ";q=0.0", ";q=0.000" switch an entry off; every other weight leaves it on. */
static bool weight_is_zero(struct text parameters)
{
    struct text parameter;
    while (text_next(&parameters, ';', &parameter)) {
        parameter = text_trim(parameter);
        if (!text_starts_with(parameter, TEXT("q=")) && !text_starts_with(parameter, TEXT("Q="))) {
            continue;
        }
        struct text weight = text_skip(parameter, 2);
        for (size_t i = 0; i < weight.size; i++) {
            if (weight.data[i] != '0' && weight.data[i] != '.') {
                return false;
            }
        }
        return weight.size > 0;
    }
    return false;
}

static bool entry_is_wildcard_for(struct text entry, struct text wanted)
{
    if (text_equal(entry, TEXT("*")) || text_equal(entry, TEXT("*/*"))) {
        return true;
    }
    return text_ends_with(entry, TEXT("/*")) &&
           text_starts_with(wanted, text_head(entry, entry.size - 1));
}

bool http_list_accepts(struct text list, struct text wanted, bool wildcard)
{
    struct text entry;
    bool by_wildcard = false;
    while (text_next(&list, ',', &entry)) {
        struct text name;
        struct text parameters = entry;
        (void)text_next(&parameters, ';', &name);
        name = text_trim(name);
        if (text_equal_ignore_case(name, wanted)) {
            return !weight_is_zero(parameters);
        }
        if (wildcard && entry_is_wildcard_for(name, wanted)) {
            by_wildcard = !weight_is_zero(parameters);
        }
    }
    return by_wildcard;
}

struct text http_media_type(struct text content_type)
{
    struct text type;
    if (!text_next(&content_type, ';', &type)) {
        return (struct text){0};
    }
    return text_trim(type);
}

struct text http_media_charset(struct text content_type)
{
    struct text parameter;
    (void)text_next(&content_type, ';', &parameter); /* the media type itself */
    while (text_next(&content_type, ';', &parameter)) {
        struct text value = parameter;
        struct text name;
        (void)text_next(&value, '=', &name);
        value = text_trim(value);
        if (value.data != NULL && text_equal_ignore_case(text_trim(name), TEXT("charset"))) {
            bool quoted =
                value.size >= 2 && value.data[0] == '"' && text_ends_with(value, TEXT("\""));
            return quoted ? text_head(text_skip(value, 1), value.size - 2) : value;
        }
    }
    return (struct text){0};
}

int64_t http_retry_after_ms(struct text retry_after, struct text date, int64_t limit_ms)
{
    int64_t seconds = 0;
    int64_t until_ms = 0;
    int64_t said_ms = 0;
    if (text_to_int64(text_trim(retry_after), &seconds)) {
        seconds = seconds < 0 ? 0 : seconds;
        return seconds > limit_ms / 1000 ? limit_ms : seconds * 1000;
    }
    if (!instant_parse_http(text_trim(retry_after), &until_ms) ||
        !instant_parse_http(text_trim(date), &said_ms) || until_ms <= said_ms) {
        return 0;
    }
    return until_ms - said_ms > limit_ms ? limit_ms : until_ms - said_ms;
}

struct text http_request_cookie(const struct http_request *request, const char *name)
{
    struct text rest = http_request_header(request, "cookie");
    struct text wanted = text_from(name);
    struct text pair;
    while (text_next(&rest, ';', &pair)) {
        struct text value = text_trim(pair);
        struct text found;
        (void)text_next(&value, '=', &found);
        if (value.data != NULL && text_equal(found, wanted)) {
            return value;
        }
    }
    return (struct text){0};
}

/* ---- responses ---- */

void http_response_init(struct http_response *response, size_t body_limit)
{
    *response = (struct http_response){.status = 200};
    buffer_init(&response->body, body_limit == 0 ? RESPONSE_BODY_LIMIT : body_limit);
    response->arena = arena_new();
}

void http_response_done(struct http_response *response)
{
    if (response->file_path != NULL && response->file_temporary) {
        (void)remove(response->file_path);
    }
    mem_free(response->file_path);
    buffer_done(&response->body);
    arena_free(response->arena);
    *response = (struct http_response){0};
}

void http_response_clear(struct http_response *response)
{
    size_t limit = response->body.limit;
    http_response_done(response);
    http_response_init(response, limit);
}

/* A header value never carries line ends or other control characters to the wire. */
static struct text clean_value(struct arena *arena, struct text value)
{
    char *clean = arena_alloc(arena, value.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < value.size; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if ((byte >= 0x20 && byte != 0x7f) || byte == '\t') {
            clean[size++] = (char)byte;
        }
    }
    return text_make(clean, size);
}

void http_response_add_header(struct http_response *response, const char *name, struct text value)
{
    CHECK(response->header_count < HTTP_RESPONSE_HEADERS_MAX);
    struct http_header *header = &response->headers[response->header_count++];
    header->name = arena_text(response->arena, text_from(name));
    header->value = clean_value(response->arena, value);
}

void http_response_set_header(struct http_response *response, const char *name, struct text value)
{
    for (size_t i = 0; i < response->header_count; i++) {
        if (text_equal_ignore_case(response->headers[i].name, text_from(name))) {
            response->headers[i].value = clean_value(response->arena, value);
            return;
        }
    }
    http_response_add_header(response, name, value);
}

void http_response_set_header_format(struct http_response *response, const char *name,
                                     const char *format, ...)
{
    char value[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    CHECK(size >= 0 && (size_t)size < sizeof(value));
    http_response_set_header(response, name, text_make(value, (size_t)size));
}

struct text http_response_header(const struct http_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++) {
        if (text_equal_ignore_case(response->headers[i].name, text_from(name))) {
            return response->headers[i].value;
        }
    }
    return (struct text){0};
}

void http_response_set_file(struct http_response *response, const char *path, bool temporary)
{
    mem_free(response->file_path);
    response->file_path = mem_copy_text(path);
    response->file_temporary = temporary;
}

const char *http_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } table[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (table[i].status == status) {
            return table[i].text;
        }
    }
    return "";
}
