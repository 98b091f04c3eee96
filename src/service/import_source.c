/* The file behind an import: see import_source.h. Tables and lists go through the CSV reader; what
 * a JSON document says is import_document.c. */
#include "service/import_source.h"

#include "base/json.h"
#include "base/mem.h"
#include "service/import_document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { INPUT_MAX = 200, HEAD_BYTES = 64 * 1024, READ_BYTES = 64 * 1024 };

struct import_source {
    int descriptor;
    struct arena *arena;     /* options, columns, samples */
    struct arena *row_arena; /* names joined of two columns; reset per row when used */
    struct import_options options;
    struct import_shape shape;
    struct csv_reader *reader;
    struct csv_reader *again; /* for import_source_cells() */
    struct import_document *document;
    int64_t offset; /* of what was fed */
    bool header_passed;
    /* during a call of import_source_read() */
    import_row_function *on_row;
    void *context;
    /* during a call of import_source_cells() */
    struct buffer *cells_out;
    struct buffer *input_out;
    struct import_person person;
};

void import_source_free(struct import_source *source)
{
    if (source != NULL) {
        if (source->descriptor >= 0) {
            (void)close(source->descriptor);
        }
        csv_reader_free(source->reader);
        csv_reader_free(source->again);
        import_document_free(source->document);
        arena_free(source->arena);
        arena_free(source->row_arena);
        mem_free(source);
    }
}

/* ---- deciding how to read ------------------------------------------------------------------ */

enum { FIRST_ROWS = 5 };

struct first_rows {
    struct arena *arena;
    size_t rows;
    size_t count; /* cells of the first row */
    struct text *cells;
    struct text (*samples)[IMPORT_SAMPLES];
    enum csv_problem problem; /* of the first row */
};

static bool is_blank(const struct csv_row *row)
{
    for (size_t i = 0; i < row->count; i++) {
        if (text_trim(row->cells[i]).size > 0) {
            return false;
        }
    }
    return row->problem == CSV_FINE;
}

static bool on_first_row(void *context, const struct csv_row *row)
{
    struct first_rows *first = context;
    if (first->rows == 0 && (is_blank(row) || csv_row_is_separator(row))) {
        return true;
    }
    if (first->rows == 0) {
        first->problem = row->problem;
        first->count = row->count;
        first->cells = arena_array(first->arena, row->count + 1, sizeof *first->cells);
        first->samples = arena_array(first->arena, row->count + 1, sizeof *first->samples);
        for (size_t i = 0; i < row->count; i++) {
            first->cells[i] = arena_text(first->arena, row->cells[i]);
        }
    } else if (first->rows <= IMPORT_SAMPLES) {
        for (size_t i = 0; i < row->count && i < first->count; i++) {
            struct text cell = row->cells[i].size > 200 ? TEXT("…") : row->cells[i];
            first->samples[i][first->rows - 1] = arena_text(first->arena, cell);
        }
    }
    first->rows++;
    return first->rows < FIRST_ROWS;
}

/* "phone,name,field:city,-" on the columns in their order. */
static enum error_code apply_columns(struct import_source *source, struct import_columns *columns,
                                     struct error *error)
{
    struct text rest = source->options.columns;
    struct text word = {NULL, 0};
    bool phone = false;
    for (size_t i = 0; text_next(&rest, ',', &word); i++) {
        word = text_trim(word);
        if (i >= columns->count) {
            return error_field(error, "columns", "too_long", "the file has only %zu columns",
                               columns->count);
        }
        struct import_column *column = &columns->columns[i];
        if (text_equal(word, TEXT("-")) || word.size == 0) {
            column->field = IMPORT_IGNORE;
        } else if (text_starts_with(word, TEXT("field:"))) {
            column->field = IMPORT_CUSTOM;
            column->name = import_field_name(source->arena, text_skip(word, 6));
        } else if (!import_field_from_text(word, &column->field)) {
            return error_field(error, "columns", "invalid_choice",
                               "\"%.*s\" is no meaning of a column; custom fields are written "
                               "field:NAME",
                               TEXT_ARGS(text_head(word, word.size > 60 ? 60 : word.size)));
        }
        if (column->field == IMPORT_PHONE) {
            if (phone) {
                return error_field(error, "columns", "duplicate", "two columns are the phone");
            }
            phone = true;
            columns->phone_column = i;
        }
    }
    return phone ? OK : error_field(error, "columns", "required", "no column is the phone");
}

static enum error_code decide_columns(struct import_source *source, const struct first_rows *first,
                                      struct error *error)
{
    struct import_columns *columns = &source->shape.columns;
    const struct import_mapping phone = {.column = TEXT("1"), .target = TEXT("phone")};
    bool given = source->options.columns.size > 0;
    /* With columns given, any first guess will do: it is overruled. */
    enum error_code code =
        import_columns_find(source->arena, first->cells, first->count, source->options.country,
                            &phone, given && first->count > 0 ? 1 : 0, columns, error);
    if (code != OK) {
        return code;
    }
    if (source->options.header >= 0) {
        columns->has_header = source->options.header == 1;
    }
    source->shape.samples = first->samples;
    return given ? apply_columns(source, columns, error) : OK;
}

static void list_columns(struct import_source *source)
{
    static struct import_column columns[2] = {
        {.field = IMPORT_PHONE, .name = TEXT_INIT("phone"), .head = TEXT_INIT("phone")},
        {.field = IMPORT_NAME, .name = TEXT_INIT("name"), .head = TEXT_INIT("name")},
    };
    source->shape.columns = (struct import_columns){.count = 2, .columns = columns};
    source->shape.samples = arena_array(source->arena, 2, sizeof *source->shape.samples);
}

static enum error_code read_head(struct import_source *source, char *head, size_t *ret_size,
                                 struct error *error)
{
    size_t size = 0;
    while (size < HEAD_BYTES) {
        ssize_t got = pread(source->descriptor, head + size, HEAD_BYTES - size, (off_t)size);
        if (got < 0 && errno != EINTR) {
            return error_set(error, ERROR_UNAVAILABLE, "could not read the upload");
        }
        if (got == 0) {
            break;
        }
        size += got > 0 ? (size_t)got : 0;
    }
    *ret_size = size;
    return OK;
}

/* Decodes the head, so that separators and columns are found in UTF-16 files, too. */
static bool on_decoded_line(void *context, const struct csv_row *row)
{
    struct buffer *decoded = context;
    if (row->count > 0) {
        buffer_add_text(decoded, row->cells[0]);
        buffer_add_byte(decoded, '\n');
    }
    return true;
}

static enum error_code decide_table(struct import_source *source, struct text head, bool complete,
                                    struct error *error)
{
    if (source->options.separator != 0) {
        source->shape.separator = source->options.separator;
    } else {
        CLEANUP_IN_PLACE(buffer_done) struct buffer decoded;
        buffer_init(&decoded, (size_t)HEAD_BYTES * 4);
        CLEANUP(csv_reader_free)
        struct csv_reader *lines =
            csv_reader_new(source->shape.encoding, 0, on_decoded_line, &decoded);
        (void)csv_reader_feed(lines, head.data, head.size);
        if (complete) {
            (void)csv_reader_finish(lines);
        }
        source->shape.separator = csv_guess_separator(buffer_text(&decoded));
    }
    struct first_rows first = {.arena = source->arena};
    CLEANUP(csv_reader_free)
    struct csv_reader *reader =
        csv_reader_new(source->shape.encoding, source->shape.separator, on_first_row, &first);
    (void)csv_reader_feed(reader, head.data, head.size);
    if (complete || first.rows == 0) {
        (void)csv_reader_finish(reader);
    }
    if (first.problem != CSV_FINE) {
        return error_field(error, "file", csv_problem_to_code(first.problem), "the first row: %s",
                           csv_problem_to_words(first.problem));
    }
    if (first.count == 0) {
        return error_field(error, "file", "empty_file", "the file is empty");
    }
    return decide_columns(source, &first, error);
}

static bool on_csv_row(void *context, const struct csv_row *row);
static bool on_cells(void *context, const struct csv_row *row);

static enum error_code decide(struct import_source *source, struct error *error)
{
    CLEANUP(mem_free) void *head = mem_alloc(HEAD_BYTES);
    size_t size = 0;
    enum error_code code = read_head(source, head, &size, error);
    if (code != OK) {
        return code;
    }
    struct text text = text_make(head, size);
    source->shape.encoding = text_encoding_guess(text, size < HEAD_BYTES);
    if (source->options.format == IMPORT_TABLE) {
        code = decide_table(source, text, size < HEAD_BYTES, error);
    } else {
        list_columns(source);
    }
    source->reader =
        csv_reader_new(source->shape.encoding, source->shape.separator, on_csv_row, source);
    source->again =
        csv_reader_new(source->shape.encoding, source->shape.separator, on_cells, source);
    return code;
}

enum error_code import_source_open(const char *path, const struct import_options *options,
                                   struct import_source **ret_source, struct error *error)
{
    CLEANUP(import_source_free) struct import_source *source = mem_zalloc(sizeof *source);
    source->arena = arena_new();
    source->row_arena = arena_new();
    source->options = *options;
    source->options.country = arena_text(source->arena, options->country);
    source->options.columns = arena_text(source->arena, options->columns);
    source->shape.format = options->format;
    source->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (source->descriptor < 0) {
        return error_set(error, ERROR_UNAVAILABLE, "could not open the upload");
    }
    enum error_code code =
        options->format == IMPORT_JSON
            ? import_document_open(path, source->options.country, &source->document, error)
            : decide(source, error);
    if (code == OK) {
        *ret_source = TAKE(source);
    }
    return code;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static bool give(struct import_source *source, const struct csv_row *row, const struct text *cells,
                 size_t count)
{
    struct import_refusal refusal = {.is_phone = false};
    struct import_row given = {.number = row->line, .offset = row->offset, .size = row->size};
    size_t phone = source->shape.columns.phone_column;
    given.input = phone < count ? text_trim(cells[phone]) : TEXT("");
    if (row->problem != CSV_FINE) {
        refusal.code = csv_problem_to_code(row->problem);
        refusal.message = csv_problem_to_words(row->problem);
        given.refusal = &refusal;
    } else if (import_row_read(source->row_arena, &source->shape.columns, cells, count,
                               source->options.country, &source->person, &refusal)) {
        given.person = &source->person;
    } else {
        given.refusal = &refusal;
    }
    bool more = source->on_row(source->context, &given);
    if (arena_used(source->row_arena) > 0) {
        arena_reset(source->row_arena);
    }
    return more;
}

static bool on_csv_row(void *context, const struct csv_row *row)
{
    struct import_source *source = context;
    if (is_blank(row) || (source->options.format != IMPORT_LINES && csv_row_is_separator(row))) {
        return true;
    }
    if (!source->header_passed && source->shape.columns.has_header) {
        source->header_passed = true;
        return true;
    }
    source->header_passed = true;
    if (source->options.format == IMPORT_LINES && row->count == 1) {
        struct text cells[2];
        size_t count = import_line_split(row->cells[0], cells);
        return give(source, row, cells, count);
    }
    return give(source, row, row->cells, row->count);
}

enum error_code import_source_read(struct import_source *source, int64_t bytes,
                                   import_row_function *on_row, void *context, bool *ret_more,
                                   struct error *error)
{
    source->on_row = on_row;
    source->context = context;
    if (source->document != NULL) {
        *ret_more = import_document_read(source->document, bytes / 256 + 1, on_row, context);
        return OK;
    }
    CLEANUP(mem_free) void *chunk = mem_alloc(READ_BYTES);
    for (int64_t read_bytes = 0; read_bytes < bytes;) {
        ssize_t got = pread(source->descriptor, chunk, READ_BYTES, (off_t)source->offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_set(error, ERROR_UNAVAILABLE, "could not read the upload");
        }
        if (got == 0) {
            (void)csv_reader_finish(source->reader);
            *ret_more = false;
            return OK;
        }
        source->offset += got;
        read_bytes += got;
        if (!csv_reader_feed(source->reader, chunk, (size_t)got)) {
            *ret_more = false;
            return OK;
        }
    }
    *ret_more = true;
    return OK;
}

int64_t import_source_repairs(const struct import_source *source)
{
    return source->reader == NULL ? 0 : csv_reader_repairs(source->reader);
}

const struct import_shape *import_source_shape(const struct import_source *source)
{
    return &source->shape;
}

struct text import_column_target(struct arena *arena, const struct import_column *column)
{
    if (column->field == IMPORT_CUSTOM) {
        return arena_format(arena, "field:%.*s", TEXT_ARGS(column->name));
    }
    return column->field == IMPORT_IGNORE ? TEXT("-")
                                          : text_from(import_field_to_text(column->field));
}

/* ---- rows as they came --------------------------------------------------------------------- */

void import_source_heads(const struct import_source *source, struct buffer *out)
{
    const struct import_columns *columns = &source->shape.columns;
    for (size_t i = 0; i < columns->count; i++) {
        csv_put_cell(out, columns->columns[i].head, i == 0, true);
    }
    if (columns->count == 0) {
        buffer_add_chars(out, "phone,name");
    }
}

static bool on_cells(void *context, const struct csv_row *row)
{
    struct import_source *source = context;
    struct text split[2];
    const struct text *cells = row->cells;
    size_t count = row->count;
    if (source->options.format == IMPORT_LINES && row->count == 1) {
        count = import_line_split(row->cells[0], split);
        cells = split;
    }
    size_t columns = source->shape.columns.count;
    size_t phone = source->shape.columns.phone_column;
    if (phone < count && cells[phone].size <= INPUT_MAX) {
        buffer_add_text(source->input_out, text_trim(cells[phone]));
    }
    for (size_t i = 0; i < count || i < columns; i++) {
        csv_put_cell(source->cells_out, i < count ? cells[i] : TEXT(""), i == 0, true);
    }
    return false;
}

enum error_code import_source_cells(struct import_source *source, int64_t offset, int64_t size,
                                    struct buffer *out, struct buffer *input, struct error *error)
{
    if (source->document != NULL) {
        import_document_cells(source->document, offset, out, input);
        return OK;
    }
    if (size > CSV_ROW_BYTES_MAX) {
        size = CSV_ROW_BYTES_MAX;
    }
    char small[512];
    CLEANUP(mem_free) void *large = NULL;
    char *data = small;
    if (size > (int64_t)sizeof small) {
        large = mem_alloc((size_t)size);
        data = large;
    }
    ssize_t got = pread(source->descriptor, data, (size_t)size, (off_t)offset);
    if (got < 0) {
        return error_set(error, ERROR_UNAVAILABLE, "could not read the upload");
    }
    source->cells_out = out;
    source->input_out = input;
    csv_reader_restart(source->again, offset, 1, 1);
    if (csv_reader_feed(source->again, data, (size_t)got)) {
        (void)csv_reader_finish(source->again);
    }
    return OK;
}
