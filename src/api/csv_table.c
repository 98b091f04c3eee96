/* Tables as CSV, made from what the same route would answer as JSON: see csv_table.h. */
#include "api/csv_table.h"

#include "api/csv_file.h"
#include "api/dispatch.h"
#include "domain/csv.h"
#include "service/transaction.h"

enum {
    FLUSH_BYTES = 256 * 1024,
    BYTES_MAX = 64 * 1024 * 1024,
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

bool csv_table_likely(const struct api_route *route, const struct http_request *request)
{
    struct text accept = http_request_header(request, "accept");
    size_t at = 0;
    return route->csv != NULL && (text_find_text(request->query, TEXT("csv"), &at) ||
                                  text_find_text(accept, TEXT("csv"), &at));
}

bool csv_table_parameter(const struct api_call *call, struct text name)
{
    return call->route->csv != NULL && (text_equal(name, TEXT("format")) ||
                                        (text_equal(name, TEXT("table")) && wants_csv(call)));
}

static bool is_given_twice(const struct api_call *call, struct text wanted)
{
    struct text rest = call->request->query;
    struct text name, value;
    bool valid = false;
    size_t count = 0;
    while (http_form_next(call->work->arena, &rest, &name, &value, &valid)) {
        count += valid && text_equal(name, wanted);
    }
    return count > 1;
}

/* What api_query_open() leaves to the table. */
static enum error_code check_once(const struct api_call *call, struct error *error)
{
    static const char *const NAMES[] = {"format", "table"};
    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
        struct text name = text_from(NAMES[i]);
        if (csv_table_parameter(call, name) && is_given_twice(call, name)) {
            return error_field(error, NAMES[i], "duplicate", "is given more than once");
        }
    }
    return OK;
}

static enum error_code check_format(const struct api_call *call, struct error *error)
{
    struct text format = find_parameter(call, "format");
    if (format.size == 0 || text_equal(format, TEXT("csv")) || text_equal(format, TEXT("json"))) {
        return check_once(call, error);
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

/* ---- writing ----
 *
 * The handler writes its answer as always; what it writes is taken value by value, and what is no
 * column is dropped, so that no JSON is made and read again. */

enum { OBJECT_DEPTH = 3, INNER_DEPTH = 5, NEST_MAX = 8, PATH_MAX_BYTES = 160 };

enum member { MEMBER_OTHER, MEMBER_ROWS, MEMBER_CURSOR };

struct cell {
    size_t at; /* in the buffer of its row */
    size_t size;
};

/* Where the next page begins; empty after the last one. */
struct place {
    char text[1024];
    size_t size;
};

struct filler {
    struct json_tap tap; /* first: the two convert into each other */
    const struct table *table;
    struct csv_file *file;
    struct buffer *out;
    struct place *place;
    enum error_code code;
    struct error *error;
    enum member member; /* of the answer, that is being written */
    size_t depth;       /* of objects and arrays, the answer itself being 1 */
    size_t row_depth;   /* of the object whose fields come; 0: between rows */
    size_t array_depth; /* of an array inside a row, which has no columns; 0: none */
    size_t guess;       /* the column that comes next when fields come in their order */
    char path[PATH_MAX_BYTES];
    size_t path_size;
    size_t path_sizes[NEST_MAX]; /* of the objects around, from the row on */
    struct cell cells[COLUMNS_MAX];
    struct buffer row;    /* texts of the row's own cells */
    struct buffer around; /* texts of what stands around it */
};

static struct filler *filler_of(struct json_tap *tap)
{
    return (struct filler *)(void *)tap;
}

static bool is_inner(const struct filler *filler)
{
    return filler->row_depth == INNER_DEPTH;
}

static bool is_around(const struct filler *filler)
{
    return filler->table->inner.size > 0 && !is_inner(filler);
}

static void on_key(struct json_tap *tap, struct text name)
{
    struct filler *filler = filler_of(tap);
    if (filler->depth == 1) {
        filler->member = text_equal(name, filler->table->outer)  ? MEMBER_ROWS
                         : text_equal(name, TEXT("next_cursor")) ? MEMBER_CURSOR
                                                                 : MEMBER_OTHER;
        return;
    }
    if (filler->row_depth == 0 || filler->array_depth != 0) {
        return;
    }
    size_t nest = filler->depth - filler->row_depth;
    CHECK(nest < NEST_MAX);
    filler->path_size = nest == 0 ? 0 : filler->path_sizes[nest - 1];
    CHECK(filler->path_size + name.size + 1 < sizeof(filler->path));
    if (nest > 0) {
        filler->path[filler->path_size++] = '.';
    }
    memcpy(filler->path + filler->path_size, name.data, name.size);
    filler->path_size += name.size;
}

/* The column that the value at hand belongs to; column_count: to none. */
static size_t find_column(struct filler *filler)
{
    const struct table *table = filler->table;
    const struct text path = text_make(filler->path, filler->path_size);
    const bool around = is_around(filler);
    if (filler->row_depth == 0 || filler->array_depth != 0) {
        return table->column_count;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        size_t at = filler->guess + i;
        at -= at >= table->column_count ? table->column_count : 0;
        const struct column *column = &table->columns[at];
        if (column->path.size == path.size && column->around == around &&
            memcmp(column->path.data, path.data, path.size) == 0) {
            filler->guess = at + 1 < table->column_count ? at + 1 : 0;
            return at;
        }
    }
    return table->column_count;
}

static void on_value(struct json_tap *tap, struct text value, bool quoted)
{
    struct filler *filler = filler_of(tap);
    if (filler->depth == 1 && filler->member == MEMBER_CURSOR && quoted) {
        CHECK(value.size < sizeof(filler->place->text));
        memcpy(filler->place->text, value.data, value.size);
        filler->place->size = value.size;
    }
    size_t column = find_column(filler);
    if (column < filler->table->column_count && (quoted || !text_equal(value, TEXT("null")))) {
        struct buffer *texts = is_around(filler) ? &filler->around : &filler->row;
        filler->cells[column] = (struct cell){.at = texts->size, .size = value.size};
        buffer_add_text(texts, value);
    }
}

/* A row begins, or what stands around rows. */
static void begin_row(struct filler *filler)
{
    filler->row_depth = filler->depth;
    filler->guess = 0;
    buffer_clear(is_around(filler) ? &filler->around : &filler->row);
    for (size_t i = 0; i < filler->table->column_count; i++) {
        if (filler->table->columns[i].around == is_around(filler)) {
            filler->cells[i] = (struct cell){0};
        }
    }
}

static bool on_begin(struct json_tap *tap, bool object)
{
    struct filler *filler = filler_of(tap);
    bool inner = filler->table->inner.size > 0 && filler->row_depth == OBJECT_DEPTH;
    if (filler->depth >= OBJECT_DEPTH && find_column(filler) < filler->table->column_count) {
        return true;
    }
    filler->depth++;
    if (filler->member != MEMBER_ROWS) {
        return false;
    }
    if (object && (filler->depth == OBJECT_DEPTH ||
                   (inner && filler->depth == INNER_DEPTH && filler->array_depth == 0))) {
        begin_row(filler);
    } else if (filler->row_depth != 0 && object) {
        size_t nest = filler->depth - filler->row_depth;
        CHECK(nest < NEST_MAX);
        filler->path_sizes[nest - 1] = filler->path_size;
    } else if (filler->row_depth != 0 && filler->array_depth == 0 &&
               !(inner && filler->depth == OBJECT_DEPTH + 1 &&
                 text_equal(text_make(filler->path, filler->path_size), filler->table->inner))) {
        filler->array_depth = filler->depth;
    }
    return false;
}

static void flush(struct filler *filler, size_t above)
{
    bool fits = !buffer_overflowed(filler->out) && !buffer_overflowed(&filler->row) &&
                !buffer_overflowed(&filler->around) && !buffer_overflowed(&filler->tap.json);
    if (filler->code == OK && !fits) {
        filler->code = error_set(filler->error, ERROR_TOO_BIG, "a row of the table is too big");
    }
    if (filler->code == OK && filler->out->size > above) {
        filler->code = csv_file_write(filler->file, buffer_text(filler->out), filler->error);
        buffer_clear(filler->out);
    }
}

static void put_row(struct filler *filler)
{
    const struct table *table = filler->table;
    for (size_t i = 0; i < table->column_count; i++) {
        const struct buffer *texts = table->columns[i].around ? &filler->around : &filler->row;
        const char *data = texts->data == NULL ? "" : texts->data;
        csv_put_cell(filler->out, text_make(data + filler->cells[i].at, filler->cells[i].size),
                     i == 0, true);
    }
    csv_end_row(filler->out);
    flush(filler, FLUSH_BYTES);
}

static void on_end(struct json_tap *tap)
{
    struct filler *filler = filler_of(tap);
    if (filler->depth == filler->array_depth) {
        filler->array_depth = 0;
    } else if (filler->depth == filler->row_depth) {
        if (!is_around(filler)) {
            put_row(filler);
        }
        filler->row_depth = is_inner(filler) ? OBJECT_DEPTH : 0;
    }
    filler->depth--;
}

static void put_head(struct buffer *out, const struct table *table)
{
    for (size_t i = 0; i < table->column_count; i++) {
        csv_put_cell(out, table->columns[i].head, i == 0, false);
    }
    csv_end_row(out);
}

/* ---- page by page ---- */

/* The query of the next page: what was asked, from `cursor` on, as many rows as there may be. */
static struct text page_query(struct arena *arena, const struct api_call *call, struct text cursor)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer query;
    struct text rest = call->request->query;
    struct text pair;
    buffer_init(&query, QUERY_BYTES_MAX);
    buffer_add_format(&query, "limit=%d", CSV_TABLE_PAGE_ROWS);
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

static enum error_code write_page(struct api_call *call, struct filler *filler, struct error *error)
{
    struct text cursor =
        arena_text(call->work->arena, text_make(filler->place->text, filler->place->size));
    call->query =
        filler->table->paged ? page_query(call->work->arena, call, cursor) : call->request->query;
    filler->place->size = 0;
    http_response_clear(call->response);
    enum error_code code = call->route->handler(call, error);
    if (code == OK) {
        flush(filler, 0);
        code = filler->code;
    }
    return code;
}

static enum error_code write_pages(struct api_call *call, struct filler *filler,
                                   struct error *error)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    /* A row that moves in its order while pages are read would come twice, or never. By number
     * nothing moves; another order is read at one moment. */
    bool one_moment = find_parameter(call, "sort").size > 0;
    struct work *whole = call->work;
    struct work work = *whole;
    work.arena = arena;
    call->work = &work;
    call->tap = &filler->tap;
    put_head(filler->out, filler->table);
    enum error_code code = write_page(call, filler, error);
    while (code == OK && filler->place->size > 0) {
        arena_reset(arena);
        if (dispatch_is_stopping(call->dispatch)) {
            code = error_set(error, ERROR_UNAVAILABLE, "the server is stopping; try again soon");
        } else if (!one_moment) {
            code = service_reader_renew(&work, error);
        }
        if (code == OK) {
            code = write_page(call, filler, error);
        }
    }
    call->tap = NULL;
    call->work = whole;
    http_response_clear(call->response);
    return code;
}

static enum error_code write_table(struct api_call *call, const struct table *table,
                                   struct csv_file *file, struct error *error)
{
    struct place place = {.size = 0};
    struct buffer out;
    struct filler filler = {
        .tap = {.key = on_key, .begin = on_begin, .end = on_end, .value = on_value},
        .table = table,
        .file = file,
        .out = &out,
        .place = &place,
        .error = error,
    };
    buffer_init(&out, BYTES_MAX);
    buffer_init(&filler.row, BYTES_MAX);
    buffer_init(&filler.around, BYTES_MAX);
    buffer_init(&filler.tap.json, BYTES_MAX);
    enum error_code code = write_pages(call, &filler, error);
    buffer_done(&out);
    buffer_done(&filler.row);
    buffer_done(&filler.around);
    buffer_done(&filler.tap.json);
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
    code = write_table(call, &table, &file, error);
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
