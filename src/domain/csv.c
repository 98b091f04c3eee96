/* The incremental tokenizer behind csv.h: a small state machine whose states only change at the
 * few bytes that mean something, found sixteen at a time; what stands between them is copied into
 * the row as it is. UTF-16 is decoded line by line before the machine sees it; UTF-8 and
 * Windows-1252 share their ASCII, so their rows are decoded when they are complete. */
#include "domain/csv.h"

#include "base/buffer.h"
#include "base/mem.h"
#include "domain/csv_internal.h"

#include <emmintrin.h>

enum state { AT_CELL, PLAIN, QUOTED, AFTER_QUOTE };

struct csv_reader {
    enum text_encoding encoding;
    char separator;
    csv_row_function *on_row;
    void *context;

    enum state state;
    bool row_open; /* the current row has at least one byte */
    bool after_cr; /* a following LF belongs to the same line break */
    bool high;     /* the row has bytes beyond ASCII */
    bool stopped;
    enum csv_problem problem;
    struct buffer row;
    size_t cell_start;
    uint32_t *ends; /* of the cells, in `row` */
    size_t end_count;
    size_t end_capacity;
    struct text *cells;
    struct buffer repaired;
    int64_t repairs;

    int64_t offset; /* raw bytes consumed before the current span */
    int64_t used;   /* raw bytes of the current span of UTF-16, which ends with its line break */
    int64_t line;   /* line that is being read, from 1 */
    int64_t row_line;
    int64_t row_offset;
    int64_t number;
    unsigned mark_seen; /* bytes of a UTF-8 byte order mark matched at the very start */
    bool at_start;
    struct utf16_state utf16;
};

struct csv_reader *csv_reader_new(enum text_encoding encoding, char separator,
                                  csv_row_function *on_row, void *context)
{
    struct csv_reader *reader = mem_zalloc(sizeof *reader);
    reader->encoding = encoding == TEXT_ENCODING_UNKNOWN ? TEXT_ENCODING_UTF8 : encoding;
    reader->separator = separator;
    reader->on_row = on_row;
    reader->context = context;
    reader->end_capacity = 32;
    reader->ends = mem_array(reader->end_capacity, sizeof *reader->ends);
    reader->cells = mem_array(reader->end_capacity, sizeof *reader->cells);
    buffer_init(&reader->row, CSV_ROW_BYTES_MAX);
    buffer_init(&reader->repaired, CSV_ROW_BYTES_MAX * 3);
    csv_reader_restart(reader, 0, 1, 1);
    return reader;
}

void csv_reader_free(struct csv_reader *reader)
{
    if (reader != NULL) {
        buffer_done(&reader->row);
        buffer_done(&reader->repaired);
        mem_free(reader->ends);
        mem_free(reader->cells);
        mem_free(reader);
    }
}

static void row_reset(struct csv_reader *reader)
{
    reader->state = AT_CELL;
    reader->row_open = false;
    reader->high = false;
    reader->problem = CSV_FINE;
    reader->cell_start = 0;
    reader->end_count = 0;
    buffer_clear(&reader->row);
}

void csv_reader_restart(struct csv_reader *reader, int64_t offset, int64_t line, int64_t number)
{
    row_reset(reader);
    reader->after_cr = false;
    reader->stopped = false;
    reader->offset = offset;
    reader->line = line;
    reader->number = number;
    reader->at_start = offset == 0;
    reader->mark_seen = 0;
    reader->utf16 = (struct utf16_state){.high = 0};
}

int64_t csv_reader_repairs(const struct csv_reader *reader)
{
    return reader->repairs + reader->utf16.repairs;
}

/* ---- cells and rows ------------------------------------------------------------------------ */

static void add_bytes(struct csv_reader *reader, const char *data, size_t size)
{
    if (reader->problem != CSV_FINE || size == 0) {
        return;
    }
    if (reader->row.size - reader->cell_start + size > CSV_CELL_BYTES_MAX) {
        reader->problem = CSV_CELL_TOO_LONG;
    } else if (reader->row.size + size > CSV_ROW_BYTES_MAX) {
        reader->problem = CSV_ROW_TOO_LONG;
    } else {
        buffer_add(&reader->row, data, size);
    }
}

static void end_cell(struct csv_reader *reader)
{
    reader->state = AT_CELL;
    if (reader->problem != CSV_FINE) {
        return;
    }
    if (reader->end_count == CSV_COLUMNS_MAX) {
        reader->problem = CSV_TOO_MANY_COLUMNS;
        return;
    }
    if (reader->end_count == reader->end_capacity) {
        reader->end_capacity *= 2;
        reader->ends = mem_resize(reader->ends, reader->end_capacity * sizeof *reader->ends);
        reader->cells = mem_resize(reader->cells, reader->end_capacity * sizeof *reader->cells);
    }
    reader->ends[reader->end_count++] = (uint32_t)reader->row.size;
    reader->cell_start = reader->row.size;
}

/* Replaces what is no UTF-8 by what Windows-1252 shows for it. */
static void repair_row(struct csv_reader *reader)
{
    bool all = reader->encoding == TEXT_ENCODING_WINDOWS_1252;
    struct text row = buffer_text(&reader->row);
    if (!all && text_is_utf8(row)) {
        return;
    }
    buffer_clear(&reader->repaired);
    size_t from = 0;
    for (size_t i = 0; i < reader->end_count; i++) {
        struct text cell = text_make(row.data + from, reader->ends[i] - from);
        from = reader->ends[i];
        reader->repairs += windows_1252_repair(&reader->repaired, cell, all);
        reader->ends[i] = (uint32_t)reader->repaired.size;
    }
    struct buffer swap = reader->row;
    reader->row = reader->repaired;
    reader->repaired = swap;
}

/* Gives the row to the caller and begins the next. `next_offset` is raw. */
static void end_row(struct csv_reader *reader, int64_t next_offset)
{
    end_cell(reader);
    if (reader->high && reader->problem == CSV_FINE) {
        repair_row(reader);
    }
    const char *data = buffer_chars(&reader->row);
    size_t from = 0;
    size_t count = reader->problem == CSV_FINE ? reader->end_count : 0;
    for (size_t i = 0; i < count; i++) {
        reader->cells[i] = text_make(data + from, reader->ends[i] - from);
        from = reader->ends[i];
    }
    struct csv_row row = {
        .line = reader->row_line,
        .number = reader->number++,
        .offset = reader->row_offset,
        .size = next_offset - reader->row_offset,
        .count = count,
        .cells = reader->cells,
        .problem = reader->problem,
    };
    reader->stopped = !reader->on_row(reader->context, &row);
    row_reset(reader);
    reader->row.limit = CSV_ROW_BYTES_MAX;
    reader->repaired.limit = (size_t)CSV_ROW_BYTES_MAX * 3;
}

/* ---- the machine --------------------------------------------------------------------------- */

/* The first of four bytes in `data`, or `size`; notes whether any byte before it is beyond ASCII.
 */
static size_t find_any(const char *data, size_t size, const char wanted[4], bool *high)
{
    const __m128i a = _mm_set1_epi8(wanted[0]);
    const __m128i b = _mm_set1_epi8(wanted[1]);
    const __m128i c = _mm_set1_epi8(wanted[2]);
    const __m128i d = _mm_set1_epi8(wanted[3]);
    size_t at = 0;
    for (; at + 16 <= size; at += 16) {
        __m128i bytes;
        memcpy(&bytes, data + at, sizeof bytes);
        __m128i ab = _mm_or_si128(_mm_cmpeq_epi8(bytes, a), _mm_cmpeq_epi8(bytes, b));
        __m128i cd = _mm_or_si128(_mm_cmpeq_epi8(bytes, c), _mm_cmpeq_epi8(bytes, d));
        unsigned found = (unsigned)_mm_movemask_epi8(_mm_or_si128(ab, cd));
        unsigned beyond = (unsigned)_mm_movemask_epi8(bytes);
        if (found != 0) {
            unsigned index = (unsigned)__builtin_ctz(found);
            *high = *high || (beyond & ((1U << index) - 1)) != 0;
            return at + index;
        }
        *high = *high || beyond != 0;
    }
    for (; at < size; at++) {
        char byte = data[at];
        if (byte == wanted[0] || byte == wanted[1] || byte == wanted[2] || byte == wanted[3]) {
            return at;
        }
        *high = *high || (byte & 0x80) != 0;
    }
    return size;
}

static void count_line(struct csv_reader *reader, char byte)
{
    if (byte != '\n' || !reader->after_cr) {
        reader->line++;
    }
    reader->after_cr = byte == '\r';
}

/* Reads inside an unquoted cell; returns how many bytes were used. */
static size_t read_plain(struct csv_reader *reader, const char *data, size_t size, int64_t raw_at,
                         bool scaled)
{
    const char wanted[4] = {reader->separator == 0 ? '\n' : reader->separator, '\n', '\r', '\0'};
    size_t found = find_any(data, size, wanted, &reader->high);
    add_bytes(reader, data, found);
    if (found == size) {
        return size;
    }
    char byte = data[found];
    if (byte == '\n' || byte == '\r') {
        count_line(reader, byte);
        end_row(reader, raw_at + (scaled ? (int64_t)found + 1 : reader->used));
    } else if (byte == '\0') {
        reader->problem = CSV_NOT_TEXT;
    } else {
        end_cell(reader);
    }
    return found + 1;
}

static size_t read_quoted(struct csv_reader *reader, const char *data, size_t size)
{
    static const char WANTED[4] = {'"', '\n', '\r', '\0'};
    size_t found = find_any(data, size, WANTED, &reader->high);
    add_bytes(reader, data, found);
    if (found > 0) {
        reader->after_cr = false;
    }
    if (found == size) {
        return size;
    }
    if (data[found] == '"') {
        reader->state = AFTER_QUOTE;
        reader->after_cr = false;
    } else if (data[found] == '\0') {
        reader->problem = CSV_NOT_TEXT;
    } else {
        count_line(reader, data[found]);
        add_bytes(reader, data + found, 1);
    }
    return found + 1;
}

/* `scaled`: each byte of the span is one raw byte; else only the span's start has a raw place. */
static void read_span(struct csv_reader *reader, const char *data, size_t size, bool scaled)
{
    size_t at = 0;
    while (at < size && !reader->stopped) {
        int64_t raw_at = reader->offset + (scaled ? (int64_t)at : 0);
        if (!reader->row_open) {
            if (data[at] == '\n' || data[at] == '\r') {
                count_line(reader, data[at++]);
                continue;
            }
            reader->row_open = true;
            reader->after_cr = false;
            reader->row_line = reader->line;
            reader->row_offset = raw_at;
        }
        switch (reader->state) {
        case AT_CELL:
            reader->state = PLAIN;
            if (data[at] == '"' && reader->separator != 0) {
                reader->state = QUOTED;
                at++;
            }
            break;
        case PLAIN:
            at += read_plain(reader, data + at, size - at, raw_at, scaled);
            break;
        case QUOTED:
            at += read_quoted(reader, data + at, size - at);
            break;
        case AFTER_QUOTE:
            reader->state = PLAIN;
            if (data[at] == '"') {
                add_bytes(reader, "\"", 1);
                reader->state = QUOTED;
                at++;
            }
            break;
        }
    }
}

/* Decodes up to and with each line break, so that a row begins where a span begins. */
static void feed_utf16(struct csv_reader *reader, const unsigned char *data, size_t size)
{
    char decoded[512];
    while (size > 0 && !reader->stopped) {
        size_t written = 0;
        size_t used = utf16_decode(&reader->utf16, reader->encoding == TEXT_ENCODING_UTF16BE, data,
                                   size, decoded, sizeof decoded, &written);
        reader->used = (int64_t)used;
        read_span(reader, decoded, written, false);
        reader->offset += (int64_t)used;
        data += used;
        size -= used;
    }
}

static const unsigned char MARK[3] = {0xef, 0xbb, 0xbf}; /* UTF-8's byte order mark */

bool csv_reader_feed(struct csv_reader *reader, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    if (reader->encoding == TEXT_ENCODING_UTF16LE || reader->encoding == TEXT_ENCODING_UTF16BE) {
        feed_utf16(reader, bytes, size);
        return !reader->stopped;
    }
    while (reader->at_start && size > 0 && reader->encoding == TEXT_ENCODING_UTF8) {
        if (*bytes == MARK[reader->mark_seen]) {
            bytes++;
            size--;
            reader->mark_seen++;
            reader->at_start = reader->mark_seen < sizeof MARK;
            reader->offset += reader->at_start ? 0 : (int64_t)sizeof MARK;
        } else {
            reader->at_start = false;
            read_span(reader, (const char *)MARK, reader->mark_seen, true);
            reader->offset += reader->mark_seen;
        }
    }
    read_span(reader, (const char *)bytes, size, true);
    reader->offset += (int64_t)size;
    return !reader->stopped;
}

bool csv_reader_finish(struct csv_reader *reader)
{
    if (reader->utf16.high != 0 || reader->utf16.has_byte) {
        reader->utf16.repairs++;
        reader->utf16 = (struct utf16_state){.repairs = reader->utf16.repairs};
    }
    if (reader->at_start && reader->mark_seen > 0) {
        read_span(reader, (const char *)MARK, reader->mark_seen, true);
        reader->offset += reader->mark_seen;
    }
    if (reader->state == QUOTED && reader->problem == CSV_FINE) {
        size_t at = 0;
        struct text cell = text_skip(buffer_text(&reader->row), reader->cell_start);
        if (text_find(cell, '\n', &at) || text_find(cell, '\r', &at)) {
            reader->problem = CSV_UNCLOSED_QUOTE;
        }
    }
    if (reader->row_open && !reader->stopped) {
        end_row(reader, reader->offset);
    }
    return !reader->stopped;
}

/* ---- separator ----------------------------------------------------------------------------- */

enum { GUESS_ROWS = 20 };

struct shape {
    size_t rows;
    size_t cells; /* of the first row */
    size_t alike; /* rows with as many */
};

static bool on_guess_row(void *context, const struct csv_row *row)
{
    struct shape *shape = context;
    if (shape->rows == 0) {
        shape->cells = row->count;
    }
    shape->rows++;
    shape->alike += row->count == shape->cells ? 1 : 0;
    return shape->rows < GUESS_ROWS;
}

/* "sep=;" on a line of its own. */
static bool read_separator_line(struct text line, char *ret_separator)
{
    static const struct text START = TEXT_INIT("sep=");
    bool quoted = line.size >= 2 && line.data[0] == '"' && line.data[line.size - 1] == '"';
    line = quoted ? text_make(line.data + 1, line.size - 2) : line;
    if (line.size != START.size + 1 ||
        !text_equal_ignore_case(text_head(line, START.size), START) ||
        memchr(",;\t|", line.data[START.size], 4) == NULL) {
        return false;
    }
    *ret_separator = line.data[START.size];
    return true;
}

bool csv_row_is_separator(const struct csv_row *row)
{
    char separator = 0;
    if (row->number != 1 || row->problem != CSV_FINE || row->count == 0) {
        return false;
    }
    /* Cut at the separator it names, it is "sep=" and an empty cell. */
    return (row->count == 2 && row->cells[1].size == 0 &&
            text_equal_ignore_case(row->cells[0], TEXT("sep="))) ||
           (row->count == 1 && read_separator_line(row->cells[0], &separator));
}

char csv_guess_separator(struct text head)
{
    char named = 0;
    size_t end = 0;
    if (text_starts_with(head, TEXT("\xef\xbb\xbf"))) {
        head = text_skip(head, 3);
    }
    while (end < head.size && end < 16 && head.data[end] != '\n' && head.data[end] != '\r') {
        end++;
    }
    if (read_separator_line(text_head(head, end), &named)) {
        return named;
    }
    static const char SEPARATORS[] = {',', ';', '\t', '|'};
    char best = ',';
    size_t best_score = 0;
    for (size_t i = 0; i < ARRAY_SIZE(SEPARATORS); i++) {
        struct shape shape = {.rows = 0};
        CLEANUP(csv_reader_free)
        struct csv_reader *reader =
            csv_reader_new(TEXT_ENCODING_UTF8, SEPARATORS[i], on_guess_row, &shape);
        (void)csv_reader_feed(reader, head.data, head.size);
        if (shape.rows < 2) {
            (void)csv_reader_finish(reader); /* else the last row may be cut */
        }
        size_t score =
            shape.cells < 2 || shape.rows == 0
                ? 0
                : shape.alike * 1000 / shape.rows + (shape.cells < 50 ? shape.cells : (size_t)50);
        if (score > best_score) {
            best_score = score;
            best = SEPARATORS[i];
        }
    }
    return best;
}

/* ---- words --------------------------------------------------------------------------------- */

static const struct {
    const char *code;
    const char *words;
} PROBLEMS[] = {
    [CSV_FINE] = {"fine", "fine"},
    [CSV_CELL_TOO_LONG] = {"cell_too_long", "a cell is longer than 64 KB; is a quote missing?"},
    [CSV_TOO_MANY_COLUMNS] = {"too_many_columns", "more than 1,024 columns"},
    [CSV_ROW_TOO_LONG] = {"row_too_long", "the row is longer than 1 MB; is a quote missing?"},
    [CSV_NOT_TEXT] = {"not_text", "the row holds bytes that are no text"},
    [CSV_UNCLOSED_QUOTE] = {"unclosed_quote",
                            "a quote is opened here and never closed, so the lines "
                            "after it were not read; close or remove it"},
};

const char *csv_problem_to_code(enum csv_problem problem)
{
    return PROBLEMS[problem].code;
}

const char *csv_problem_to_words(enum csv_problem problem)
{
    return PROBLEMS[problem].words;
}
