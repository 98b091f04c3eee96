/* Tables as CSV, made from the JSON that the same route answers: see csv_table.h. */
#include "api/csv_table.h"

#include "api/csv_file.h"
#include "domain/csv.h"

enum {
    PAGE_ROWS = 500,
    PAGE_BYTES_MAX = 64 * 1024 * 1024,
    QUERY_BYTES_MAX = 64 * 1024,
    COLUMNS_MAX = 40,
};

struct column {
    struct text head;
    struct text path; /* "error.title" */
    bool around;      /* of the row that holds this one */
};

struct table {
    struct text file;
    struct text outer; /* array of rows, or of what holds them */
    struct text inner; /* empty, or the array inside each of `outer` */
    bool paged;        /* a list with a cursor */
    struct column columns[COLUMNS_MAX];
    size_t column_count;
};

/* ---- what is wanted ---- */

/* The value of a parameter in the raw query; {NULL} when it is not there. */
static struct text find_parameter(const struct api_call *call, const char *wanted)
{
    struct text rest = call->request->query;
    struct text name, value;
    bool valid = false;
    while (http_form_next(call->work->arena, &rest, &name, &value, &valid)) {
        if (valid && text_equal(name, text_from(wanted))) {
            return value;
        }
    }
    return (struct text){0};
}

static bool wants_csv(const struct api_call *call)
{
    struct text format = find_parameter(call, "format");
    if (format.size > 0) {
        return text_equal(format, TEXT("csv"));
    }
    struct text accept = http_request_header_list(call->request, call->work->arena, "accept");
    return http_list_accepts(accept, TEXT("text/csv"), false) &&
           !http_list_accepts(accept, TEXT("application/json"), false);
}

bool csv_table_parameter(const struct api_call *call, struct text name)
{
    return call->route->csv != NULL && (text_equal(name, TEXT("format")) ||
                                        (text_equal(name, TEXT("table")) && wants_csv(call)));
}

static enum error_code check_format(const struct api_call *call, struct error *error)
{
    struct text format = find_parameter(call, "format");
    if (format.size == 0 || text_equal(format, TEXT("csv")) || text_equal(format, TEXT("json"))) {
        return OK;
    }
    return error_field(error, "format", "invalid_choice", "must be one of json, csv");
}

/* ---- reading the row of the route ---- */

static void add_column(struct table *table, struct text word)
{
    CHECK(table->column_count < COLUMNS_MAX);
    struct column *column = &table->columns[table->column_count++];
    size_t at = 0;
    bool named = text_find(word, '=', &at);
    column->path = named ? text_skip(word, at + 1) : word;
    column->around = column->path.size > 0 && column->path.data[0] == '^';
    column->path = text_skip(column->path, column->around ? 1 : 0);
    column->head = named ? text_head(word, at) : column->path;
}

static void read_table(struct text words, struct table *table)
{
    struct text columns, column;
    *table = (struct table){0};
    CHECK(text_next(&words, '|', &table->file) && text_next(&words, '|', &table->outer) &&
          text_next(&words, '|', &columns));
    size_t at = 0;
    if (text_find(table->outer, '/', &at)) {
        table->inner = text_skip(table->outer, at + 1);
        table->outer = text_head(table->outer, at);
    }
    table->paged = table->outer.data[table->outer.size - 1] == '*';
    table->outer.size -= table->paged;
    while (text_next(&columns, ',', &column)) {
        add_column(table, column);
    }
}

static enum error_code choose_table(const struct api_call *call, struct table *table,
                                    struct error *error)
{
    struct text wanted = find_parameter(call, "table");
    struct text rest = text_from(call->route->csv);
    struct text words;
    while (text_next(&rest, ';', &words)) {
        read_table(words, table);
        if (wanted.size == 0 ||
            text_equal(wanted, text_head(table->file, table->file.size - strlen(".csv")))) {
            return OK;
        }
    }
    return error_field(error, "table", "invalid_choice", "there is no such table");
}

/* ---- writing ---- */

static const struct json *find_value(const struct json *row, struct text path)
{
    struct text name;
    char part[64];
    while (row != NULL && text_next(&path, '.', &name)) {
        CHECK(name.size < sizeof(part));
        memcpy(part, name.data, name.size);
        part[name.size] = '\0';
        row = json_get(row, part);
    }
    return row;
}

static void put_value(struct buffer *out, const struct json *value, bool first)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer cell;
    struct text text = {0};
    buffer_init(&cell, PAGE_BYTES_MAX);
    switch (json_kind(value)) {
    case JSON_ABSENT:
    case JSON_NULL:
        break;
    case JSON_TEXT:
        (void)json_text(value, &text);
        break;
    case JSON_BOOL:
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        json_encode(value, &cell);
        text = buffer_text(&cell);
        break;
    }
    csv_put_cell(out, text.data == NULL ? TEXT("") : text, first, true);
}

static void put_row(struct buffer *out, const struct table *table, const struct json *row,
                    const struct json *around)
{
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        put_value(out, find_value(column->around ? around : row, column->path), i == 0);
    }
    csv_end_row(out);
}

static void put_head(struct buffer *out, const struct table *table)
{
    for (size_t i = 0; i < table->column_count; i++) {
        csv_put_cell(out, table->columns[i].head, i == 0, false);
    }
    csv_end_row(out);
}

static void put_rows(struct buffer *out, const struct table *table, const struct json *root)
{
    const struct json *rows = find_value(root, table->outer);
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_at(rows, i);
        if (table->inner.size == 0) {
            put_row(out, table, row, NULL);
            continue;
        }
        const struct json *inside = find_value(row, table->inner);
        for (size_t j = 0; j < json_count(inside); j++) {
            put_row(out, table, json_at(inside, j), row);
        }
    }
}

/* ---- page by page ---- */

/* The query of the next page: what was asked, from `cursor` on, as many rows as there may be. */
static struct text page_query(struct arena *arena, const struct api_call *call, struct text cursor)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer query;
    struct text rest = call->request->query;
    struct text pair;
    buffer_init(&query, QUERY_BYTES_MAX);
    buffer_add_format(&query, "limit=%d", PAGE_ROWS);
    while (text_next(&rest, '&', &pair)) {
        size_t at = 0;
        struct text name = text_find(pair, '=', &at) ? text_head(pair, at) : pair;
        if (!text_equal(name, TEXT("limit")) && !text_equal(name, TEXT("cursor"))) {
            buffer_add_byte(&query, '&');
            buffer_add_text(&query, pair);
        }
    }
    if (cursor.size > 0) {
        buffer_add_chars(&query, "&cursor=");
        http_percent_encode(&query, cursor);
    }
    return arena_text(arena, buffer_text(&query));
}

/* Where the next page begins; empty after the last one. */
struct place {
    char text[1024];
    size_t size;
};

static enum error_code write_page(struct api_call *call, const struct table *table,
                                  struct place *place, struct csv_file *file, struct buffer *out,
                                  struct error *error)
{
    CLEANUP(json_free) struct json *root = NULL;
    const struct json_limits limits = {.size = PAGE_BYTES_MAX};
    call->query = table->paged
                      ? page_query(call->work->arena, call, text_make(place->text, place->size))
                      : call->request->query;
    http_response_clear(call->response);
    enum error_code code = call->route->handler(call, error);
    if (code == OK && buffer_overflowed(&call->response->body)) {
        code = error_set(error, ERROR_TOO_BIG, "a page of the table is too big");
    }
    if (code == OK) {
        code = json_parse(buffer_text(&call->response->body), &limits, &root, error);
    }
    if (code == OK) {
        put_rows(out, table, root);
        code = csv_file_write(file, buffer_text(out), error);
        buffer_clear(out);
    }
    struct text next =
        code == OK && table->paged ? json_get_text(root, "next_cursor") : (struct text){0};
    CHECK(next.size < sizeof(place->text));
    if (next.size > 0) {
        memcpy(place->text, next.data, next.size);
    }
    place->size = next.size;
    return code;
}

static enum error_code write_pages(struct api_call *call, const struct table *table,
                                   struct csv_file *file, struct error *error)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    struct work *whole = call->work;
    struct work work = *whole;
    struct place place = {.size = 0};
    enum error_code code = OK;
    work.arena = arena;
    call->work = &work;
    buffer_init(&out, PAGE_BYTES_MAX);
    put_head(&out, table);
    do {
        code = write_page(call, table, &place, file, &out, error);
        arena_reset(arena);
    } while (code == OK && place.size > 0);
    call->work = whole;
    http_response_clear(call->response);
    return code;
}

static enum error_code answer_file(struct api_call *call, struct error *error)
{
    struct table table;
    struct csv_file file;
    enum error_code code = choose_table(call, &table, error);
    if (code == OK) {
        code = csv_file_open(call, &file, error);
    }
    if (code != OK) {
        return code;
    }
    code = write_pages(call, &table, &file, error);
    return csv_file_close(call, &file, arena_chars(call->work->arena, table.file), code);
}

enum error_code csv_table_run(struct api_call *call, struct error *error)
{
    struct api_query query;
    if (call->route->csv == NULL) {
        return call->route->handler(call, error);
    }
    enum error_code code = check_format(call, error);
    if (code == OK) {
        code = wants_csv(call) ? answer_file(call, error) : call->route->handler(call, error);
    }
    if (code == OK && !call->query_read) {
        api_query_open(&query, call, error); /* of a handler that takes no parameters of its own */
        code = api_query_done(&query);
    }
    return code;
}
