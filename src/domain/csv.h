#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

/* Cuts a stream of bytes into rows and cells by RFC 4180: quoted cells may hold separators, line
 * breaks and doubled quotes; lines end with CRLF, LF or CR. Bytes may come in chunks of any size,
 * cut anywhere, also inside a character. Flat memory: one row is held at a time.
 *
 * Lenient where people's files are: text after a closing quote is kept, a quote in the middle of
 * an unquoted cell is a plain character, a file that ends inside quotes ends its last cell
 * there, unless the quotes have swallowed whole lines: that row is a problem.
 * Not thread-safe. */

enum {
    CSV_CELL_BYTES_MAX = 64 * 1024,
    CSV_COLUMNS_MAX = 1024,
    CSV_ROW_BYTES_MAX = 1024 * 1024,
};

/* ---- bytes to UTF-8 ------------------------------------------------------------------------ */

enum text_encoding {
    TEXT_ENCODING_UNKNOWN = 0, /* not enough bytes seen yet */
    TEXT_ENCODING_UTF8,
    TEXT_ENCODING_UTF16LE,
    TEXT_ENCODING_UTF16BE,
    TEXT_ENCODING_WINDOWS_1252, /* was not valid UTF-8 */
};
const char *text_encoding_to_text(enum text_encoding encoding);

/* Guesses from the file's first bytes (at most 64 KiB are of use): a byte order mark, zero bytes
 * in every second place, else UTF-8 when it is valid. `complete` says that no more bytes follow. */
enum text_encoding text_encoding_guess(struct text head, bool complete);

/* ---- separator ----------------------------------------------------------------------------- */

/* The separator (comma, semicolon, tab, bar) that splits the first rows of `head` into the same
 * and largest number of cells; ',' when nothing speaks for another. `head` is decoded UTF-8. */
char csv_guess_separator(struct text head);

struct csv_row;
/* True for the first line "sep=;", with which spreadsheets tell each other the separator. */
bool csv_row_is_separator(const struct csv_row *row);

/* ---- rows ---------------------------------------------------------------------------------- */

enum csv_problem {
    CSV_FINE = 0,
    CSV_CELL_TOO_LONG,
    CSV_TOO_MANY_COLUMNS,
    CSV_ROW_TOO_LONG,
    CSV_NOT_TEXT,       /* a NUL byte */
    CSV_UNCLOSED_QUOTE, /* the file ends inside quotes, lines after they were opened */
};
const char *csv_problem_to_code(enum csv_problem problem);
const char *csv_problem_to_words(enum csv_problem problem);

/* One row; all of it is valid only inside the callback. A row with a problem has no cells. */
struct csv_row {
    int64_t line;   /* of the row's first byte, counted from 1, line breaks in quotes included */
    int64_t number; /* of the row, counted from 1; empty lines are not rows */
    int64_t offset; /* of its first byte in the raw stream (before decoding) */
    int64_t size;   /* raw bytes up to the next row */
    size_t count;
    const struct text *cells; /* valid UTF-8, NUL-free, not trimmed */
    enum csv_problem problem;
};

/* Returns false to stop the reading (csv_reader_feed then returns false, too). */
typedef bool csv_row_function(void *context, const struct csv_row *row);

struct csv_reader;

/* encoding   what the bytes are; TEXT_ENCODING_UNKNOWN means UTF-8. A byte order mark is dropped.
 * separator  0 makes the whole line one cell (pasted lists, where quotes are plain too) */
struct csv_reader *csv_reader_new(enum text_encoding encoding, char separator,
                                  csv_row_function *on_row, void *context);
void csv_reader_free(struct csv_reader *reader);
DEFINE_CLEANUP(struct csv_reader *, csv_reader_free);

/* Starts anew at `offset` of the stream, where a row begins, knowing its line and row number:
 * for work that is taken up again. The byte order mark is only looked for at offset 0. */
void csv_reader_restart(struct csv_reader *reader, int64_t offset, int64_t line, int64_t number);

bool csv_reader_feed(struct csv_reader *reader, const void *data, size_t size);
bool csv_reader_finish(struct csv_reader *reader); /* ends the last row */

/* Characters that were no valid text and were replaced (UTF-8 read as Windows-1252 per character:
 * a wrong byte becomes what Windows-1252 shows for it). A caller warns when this is not 0. */
int64_t csv_reader_repairs(const struct csv_reader *reader);

/* ---- writing ------------------------------------------------------------------------------- */

struct buffer;

/* Appends one cell, quoted when needed. With `defuse`, a cell that a spreadsheet would run as a
 * formula (= + - @, also wide ones, tab, line ends) gets an apostrophe in front, unless it is a
 * plain number; so does a cell that has one before such a start, to be the same when it is read. */
void csv_put_cell(struct buffer *buffer, struct text cell, bool first, bool defuse);
/* The cell as it was before `defuse`. */
struct text csv_without_guard(struct text cell);
void csv_end_row(struct buffer *buffer);
