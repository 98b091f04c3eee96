#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "domain/csv.h"
#include "domain/import_row.h"

/* Reads the people of an upload out of its file: a table, a pasted list or a JSON document. Decides
 * once how the file is to be read, then gives row after row, a person or a refusal each, in the
 * order of the file and in flat memory. A pure function of file and options: reading it again
 * gives the same rows, which is how an import goes on after a crash.
 * Thread: one at a time. */
enum import_format { IMPORT_TABLE, IMPORT_LINES, IMPORT_JSON };

enum { IMPORT_JSON_BYTES_MAX = 8 * 1024 * 1024, IMPORT_SAMPLES = 3 };

struct import_options {
    enum import_format format;
    struct text country; /* two letters; empty: numbers carry their country code */
    struct text columns; /* "phone,name,field:city,-"; empty: guessed */
    int header;          /* 1 the first row holds names, 0 it does not, -1 guessed */
    char separator;      /* 0: guessed */
};

struct import_row {
    int64_t number; /* line of the file, or place in the list */
    int64_t offset; /* where the row stands, for import_source_cells() */
    int64_t size;
    const struct import_person *person;   /* NULL: refused */
    const struct import_refusal *refusal; /* then why */
    struct text input;                    /* the number as it was written */
};
/* False stops the reading. Everything in `row` is valid only during the call. */
typedef bool import_row_function(void *context, const struct import_row *row);

struct import_source;

/* Opens the file and decides encoding, separator and columns; `options` is copied.
 * Errors   ERROR_INVALID: no phone column, unknown column word, broken JSON; ERROR_UNAVAILABLE */
MUST_USE enum error_code import_source_open(const char *path, const struct import_options *options,
                                            struct import_source **ret_source, struct error *error);
void import_source_free(struct import_source *source); /* NULL is fine */
DEFINE_CLEANUP(struct import_source *, import_source_free);

/* Reads on, about `bytes` of the file; ret_more false: all rows were given, or the function stopped
 * the reading. */
MUST_USE enum error_code import_source_read(struct import_source *source, int64_t bytes,
                                            import_row_function *on_row, void *context,
                                            bool *ret_more, struct error *error);
/* How many characters were no valid text and were replaced so far. */
int64_t import_source_repairs(const struct import_source *source);

/* How the file is read, for people. */
struct import_shape {
    enum import_format format;
    enum text_encoding encoding;
    char separator;
    struct import_columns columns; /* none for JSON */
    struct text (*samples)[IMPORT_SAMPLES];
};
const struct import_shape *import_source_shape(const struct import_source *source);
/* "field:city", "phone", "-": a column's meaning in the words of the option. */
struct text import_column_target(struct arena *arena, const struct import_column *column);

/* The heads as one line of CSV, without its end: what refused rows stand under. */
void import_source_heads(const struct import_source *source, struct buffer *out);
/* One row as it came, as one line of CSV that no spreadsheet runs, and its number as it was written
 * (`input`, at most 200 bytes). */
MUST_USE enum error_code import_source_cells(struct import_source *source, int64_t offset,
                                             int64_t size, struct buffer *out, struct buffer *input,
                                             struct error *error);
