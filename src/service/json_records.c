/* One big JSON array, record by record: see json_records.h. A small scanner finds where records
 * begin and end and takes comments out; each record then goes through the one strict JSON parser.
 */
#include "service/json_records.h"

#include "base/buffer.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_SIZE = 64 * 1024, RECORD_MAX = 4 * 1024 * 1024 };

struct json_records {
    int descriptor;
    char *path;
    char chunk[CHUNK_SIZE];
    size_t chunk_size;
    size_t chunk_at;
    int64_t line;        /* of the next byte */
    int64_t index;       /* of the last record */
    int64_t record_line; /* where it began */
    bool in_array;       /* the array's bracket was read */
    bool ended;
    struct buffer record;
};

enum error_code json_records_open(const char *path, struct json_records **ret_records,
                                  struct error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_DENIED,
                         "could not read \"%s\": %s", path, strerror(errno));
    }
    struct json_records *records = mem_zalloc(sizeof(*records));
    records->descriptor = descriptor;
    records->path = mem_copy_text(path);
    records->line = 1;
    records->index = -1;
    buffer_init(&records->record, RECORD_MAX);
    *ret_records = records;
    return OK;
}

void json_records_close(struct json_records *records)
{
    if (records != NULL) {
        (void)close(records->descriptor); /* only read */
        buffer_done(&records->record);
        mem_free(records->path);
        mem_free(records);
    }
}

int64_t json_records_index(const struct json_records *records)
{
    return records->index;
}

int64_t json_records_line(const struct json_records *records)
{
    return records->record_line;
}

static enum error_code fail(struct json_records *records, struct error *error, const char *what)
{
    records->ended = true;
    return error_set(error, ERROR_INVALID, "line %lld: %s", (long long)records->line, what);
}

/* The next byte without taking it; -1 at the end or when reading failed. */
static int peek(struct json_records *records)
{
    while (records->chunk_at == records->chunk_size) {
        ssize_t size = read(records->descriptor, records->chunk, CHUNK_SIZE);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size <= 0) {
            return -1;
        }
        records->chunk_size = (size_t)size;
        records->chunk_at = 0;
    }
    return (unsigned char)records->chunk[records->chunk_at];
}

static int take(struct json_records *records)
{
    int byte = peek(records);
    if (byte >= 0) {
        records->chunk_at++;
        records->line += byte == '\n';
    }
    return byte;
}

/* After a '/': skips the comment and leaves its line ends in `record`, so that lines still count
 * right. False when it is no comment or never ends. */
static bool skip_comment(struct json_records *records, struct buffer *record)
{
    int kind = take(records);
    if (kind == '/') {
        while (peek(records) >= 0 && peek(records) != '\n') {
            (void)take(records);
        }
        return true;
    }
    if (kind != '*') {
        return false;
    }
    int before = 0;
    int byte = take(records);
    while (byte >= 0 && !(before == '*' && byte == '/')) {
        if (byte == '\n' && record != NULL) {
            buffer_add_byte(record, '\n');
        }
        before = byte;
        byte = take(records);
    }
    return byte >= 0;
}

static bool is_space(int byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* The next byte that is neither space nor comment, without taking it; -1 at the end, -2 for a
 * broken comment. */
static int skip_space(struct json_records *records)
{
    int byte = peek(records);
    while (is_space(byte) || byte == '/') {
        (void)take(records);
        if (byte == '/' && !skip_comment(records, NULL)) {
            return -2;
        }
        byte = peek(records);
    }
    return byte;
}

/* Takes the bytes up to the next quote or backslash at once: most of a file is such text. A line
 * end inside is no JSON, but it still counts as a line. */
static void copy_plain(struct json_records *records, struct buffer *record)
{
    const char *start = records->chunk + records->chunk_at;
    size_t left = records->chunk_size - records->chunk_at;
    size_t size = 0;
    while (size < left && start[size] != '"' && start[size] != '\\') {
        records->line += start[size] == '\n';
        size++;
    }
    if (record != NULL) {
        buffer_add(record, start, size);
    }
    records->chunk_at += size;
}

static bool copy_string(struct json_records *records, struct buffer *record)
{
    bool escaped = false;
    for (int byte = take(records); byte >= 0; byte = take(records)) {
        if (record != NULL) {
            buffer_add_byte(record, (char)byte);
        }
        if (byte == '"' && !escaped) {
            return true;
        }
        escaped = byte == '\\' && !escaped;
        if (!escaped) {
            copy_plain(records, record);
        }
    }
    return false;
}

/* Takes everything up to the array: the bracket alone, or `{ "name": [`. */
static enum error_code find_array(struct json_records *records, struct error *error)
{
    static const char MARK[] = "\xef\xbb\xbf";
    for (size_t at = 0; at < 3 && peek(records) == (unsigned char)MARK[at]; at++) {
        (void)take(records);
    }
    int byte = skip_space(records);
    if (byte == '{') {
        (void)take(records);
        byte = skip_space(records);
        if (byte != '"' || take(records) < 0 || !copy_string(records, NULL) ||
            skip_space(records) != ':') {
            return fail(records, error, "expected a list of records, like [ {…}, {…} ]");
        }
        (void)take(records);
        byte = skip_space(records);
    }
    if (byte != '[') {
        return fail(records, error, "expected a list of records, like [ {…}, {…} ]");
    }
    (void)take(records);
    records->in_array = true;
    return OK;
}

/* Hands leave a comma after the last of a list. Texts end with a quote, so it is none of theirs. */
static void drop_last_comma(struct buffer *record)
{
    size_t at = record->size;
    while (at > 0 && is_space((unsigned char)record->data[at - 1])) {
        at--;
    }
    if (at > 0 && record->data[at - 1] == ',') {
        record->data[at - 1] = ' ';
    }
}

/* Copies one record without its comments; stops before the comma or bracket that ends it. */
static bool copy_record(struct json_records *records)
{
    struct buffer *record = &records->record;
    int depth = 0;
    for (;;) {
        int byte = peek(records);
        if (byte < 0) {
            return false;
        }
        if (depth == 0 && (byte == ',' || byte == ']')) {
            return true;
        }
        (void)take(records);
        if (byte == '/') {
            buffer_add_byte(record, ' ');
            if (!skip_comment(records, record)) {
                return false;
            }
            continue;
        }
        if (byte == '}' || byte == ']') {
            drop_last_comma(record);
        }
        buffer_add_byte(record, (char)byte);
        if (byte == '"' && !copy_string(records, record)) {
            return false;
        }
        depth += (byte == '{' || byte == '[') - (byte == '}' || byte == ']');
    }
}

enum error_code json_records_next(struct json_records *records, struct json **ret_json,
                                  struct error *error)
{
    *ret_json = NULL;
    if (records->ended) {
        return OK;
    }
    if (!records->in_array) {
        enum error_code code = find_array(records, error);
        if (code != OK) {
            return code;
        }
    }
    int byte = skip_space(records);
    while (byte == ',') {
        (void)take(records);
        byte = skip_space(records);
    }
    if (byte == ']') {
        records->ended = true;
        return OK;
    }
    buffer_clear(&records->record);
    records->record_line = records->line;
    records->index++;
    if (byte < 0 || !copy_record(records)) {
        return fail(records, error, "the list ends in the middle of a record");
    }
    const struct json_limits limits = {.size = RECORD_MAX};
    enum error_code code =
        buffer_overflowed(&records->record)
            ? error_set(error, ERROR_TOO_BIG, "the record is too big")
            : json_parse(buffer_text(&records->record), &limits, ret_json, error);
    if (code != OK) {
        return error_prefix(error, "record from line %lld on", (long long)records->record_line);
    }
    return OK;
}
