/* Guards against requests whose end two parsers could see in different places (request smuggling)
 * and against oversized heads. libmicrohttpd accepts several of these, so they are checked here,
 * once the headers are complete and before anybody else sees the request. */
#include "net/http_server_internal.h"

struct head_facts {
    size_t count;
    size_t bytes;
    size_t hosts;
    size_t lengths;
    size_t encodings;
    bool chunked_only;
    bool malformed;
};

static bool is_token_byte(unsigned char byte)
{
    if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
        (byte >= 'A' && byte <= 'Z')) {
        return true;
    }
    return byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
}

static bool is_token(struct text name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (!is_token_byte((unsigned char)name.data[i])) {
            return false;
        }
    }
    return name.size > 0;
}

static bool has_control_bytes(struct text value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return true;
        }
    }
    return false;
}

static bool is_digits(struct text value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return false;
        }
    }
    return value.size > 0 && value.size <= 18;
}

/* libmicrohttpd takes lines that end with a bare LF, folded lines and NULs in values, which other
 * parsers read differently. It keeps the head in one piece of memory and puts NULs over the line
 * ends, so the text of one line must end exactly two bytes before the next begins. Known to hold
 * for the version named here; newer ones are told to be strict by themselves, at start. */
void framing_line(struct exchange *exchange, const char *name, const char *value)
{
    if (exchange->line_end + 2 != name || value == NULL) {
        exchange->loose_lines = true;
    }
    exchange->line_end = value == NULL ? NULL : value + strlen(value);
}

/* A line that begins with a colon ends the head for libmicrohttpd, and what follows would be the
 * next request. So the head must be as long as its last header says: two line ends after its value.
 */
void framing_head_end(struct exchange *exchange, const char *method)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (exchange->line_end == NULL || info == NULL ||
        (size_t)(exchange->line_end + 4 - method) != info->header_size) {
        exchange->loose_lines = true;
    }
}

static bool lines_are_known(void)
{
    return strcmp(MHD_get_version(), "0.9.75") == 0;
}

static void look_at_header(struct exchange *exchange, struct head_facts *facts,
                           const struct http_header *header)
{
    facts->count++;
    facts->bytes += header->name.size + header->value.size + 4;
    if (!is_token(header->name) || has_control_bytes(header->value)) {
        facts->malformed = true;
    }
    if (text_equal_ignore_case(header->name, TEXT("host"))) {
        facts->hosts++;
        facts->malformed = facts->malformed || header->value.size == 0;
    } else if (text_equal_ignore_case(header->name, TEXT("content-length"))) {
        facts->lengths++;
        if (!is_digits(header->value) || !text_to_int64(header->value, &exchange->content_length)) {
            facts->malformed = true;
        }
    } else if (text_equal_ignore_case(header->name, TEXT("transfer-encoding"))) {
        facts->encodings++;
        facts->chunked_only = text_equal_ignore_case(header->value, TEXT("chunked"));
    }
}

static int judge(const struct exchange *exchange, const struct head_facts *facts,
                 const char *version, const char **ret_reason)
{
    struct text path = exchange->request.path;
    bool one_dot_one = strcmp(version, "HTTP/1.1") == 0;
    if (path.size + exchange->request.query.size > TARGET_BYTES_MAX) {
        *ret_reason = "the address is longer than 8 KiB";
        return 414;
    }
    if (facts->count > HEADERS_MAX || facts->bytes > HEADER_BYTES_MAX) {
        *ret_reason = "the headers are longer than 16 KiB or more than 100";
        return 431;
    }
    if (path.size == 0 || path.data[0] != '/' || has_control_bytes(path)) {
        *ret_reason = "the request target must be a path";
        return 400;
    }
    if (exchange->loose_lines && lines_are_known()) {
        *ret_reason = "the lines of the head must be separated by CR LF";
        return 400;
    }
    if (facts->malformed || !is_token(exchange->request.method)) {
        *ret_reason = "a header is malformed";
        return 400;
    }
    if (facts->hosts != 1) {
        *ret_reason = "exactly one Host header is needed";
        return 400;
    }
    if (facts->lengths + facts->encodings > 1) {
        *ret_reason = "the length of the body is stated more than once";
        return 400;
    }
    if (facts->encodings == 1 && (!facts->chunked_only || !one_dot_one)) {
        *ret_reason = "the only Transfer-Encoding taken is \"chunked\"";
        return 400;
    }
    return 0;
}

int framing_check(struct exchange *exchange, const char *version, const char **ret_reason)
{
    struct head_facts facts = {0};
    exchange->content_length = -1;
    for (size_t i = 0; i < exchange->header_count; i++) {
        look_at_header(exchange, &facts, &exchange->headers[i]);
    }
    exchange->has_body = facts.encodings > 0 || exchange->content_length > 0;
    return judge(exchange, &facts, version, ret_reason);
}
