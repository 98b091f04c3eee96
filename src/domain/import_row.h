#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"
#include "domain/phone.h"

#include <stdbool.h>

/* Makes one person out of one row of a file or of a pasted list: which column means what, by the
 * header words people really use in many languages or by an explicit mapping, and which rows
 * cannot be taken and why. Pure; rows are borrowed, results live in the given arena or buffers. */

/* What became of one person who was to be enrolled; the same list everywhere. The numbers stand in
 * the database. */
enum enroll_verdict {
    ENROLL_ENROLLED = 0,
    ENROLL_RESTARTED = 1,
    ENROLL_ALREADY_ACTIVE = 2,
    ENROLL_ALREADY_COMPLETED = 3,
    ENROLL_DUPLICATE_IN_FILE = 4,
    ENROLL_OPTED_OUT = 5,
    ENROLL_INVALID_PHONE = 6,
    ENROLL_INVALID_ROW = 7,
};
enum { ENROLL_VERDICT_COUNT = ENROLL_INVALID_ROW + 1 };
const char *enroll_verdict_to_text(enum enroll_verdict verdict); /* "enrolled", "opted_out" … */
const char *enroll_verdict_to_words(enum enroll_verdict verdict);

enum import_field {
    IMPORT_CUSTOM = 0, /* a custom field named after the column */
    IMPORT_IGNORE,
    IMPORT_PHONE,
    IMPORT_NAME,
    IMPORT_FIRST_NAME,
    IMPORT_LAST_NAME,
    IMPORT_TIMEZONE,
    IMPORT_COUNTRY, /* default country of this row */
    IMPORT_START_DAY,
    IMPORT_CURRENT_DAY,
    IMPORT_ENROLLED_AT,
};
enum {
    IMPORT_FIELD_COUNT = IMPORT_ENROLLED_AT + 1,
    IMPORT_FIELDS_MAX = 50,
    IMPORT_VALUE_MAX = 1024
};

const char *import_field_to_text(enum import_field field); /* "phone" …: the mapping's words */
bool import_field_from_text(struct text text, enum import_field *ret_field);

struct import_column {
    enum import_field field;
    struct text name; /* custom field name: lower case, words joined by '_' */
    struct text head; /* as written in the file */
};

struct import_columns {
    size_t count;
    struct import_column *columns;
    bool has_header;     /* the first row is a header, not a person */
    size_t phone_column; /* index */
};

/* One entry of an explicit mapping: column (its header, or its number from 1) → field or
 * custom field name. */
struct import_mapping {
    struct text column;
    struct text target;
};

/* Decides what the columns mean from the file's first row. When that row is no header (a cell is a
 * valid phone number), the columns are phone, name, then custom fields column_3 …
 * Errors  ERROR_INVALID: no phone column, two of them, an unknown column in the mapping */
MUST_USE enum error_code import_columns_find(struct arena *arena, const struct text *cells,
                                             size_t count, struct text default_country,
                                             const struct import_mapping *mapping,
                                             size_t mapping_count,
                                             struct import_columns *ret_columns,
                                             struct error *error);

struct import_custom_field {
    struct text name;
    struct text value; /* trimmed, never empty */
};

struct import_person {
    struct phone phone;
    struct text name; /* "" when none */
    struct text timezone;
    int64_t start_day;      /* 0 when none */
    int64_t current_day;    /* 0 when none: days up to this one were sent elsewhere */
    int64_t enrolled_at_ms; /* 0 when none */
    size_t field_count;
    struct import_custom_field fields[IMPORT_FIELDS_MAX];
};

/* Why a row was refused; all texts are static or borrowed from the row. */
struct import_refusal {
    bool is_phone;       /* the verdict is invalid_phone, else invalid_row */
    const char *code;    /* "too_short", "out_of_range" … */
    const char *message; /* plain words, static */
    struct text field;   /* the column as the file calls it */
    struct text value;
};

/* Reads one row; false with *ret_refusal set when it cannot be taken. Texts of *ret_person point
 * into `cells`, except names joined of two columns, which live in `arena`. */
bool import_row_read(struct arena *arena, const struct import_columns *columns,
                     const struct text *cells, size_t count, struct text default_country,
                     struct import_person *ret_person, struct import_refusal *ret_refusal);

/* Only the phone of a row, for the pass that sorts a file: the same verdict on it. */
bool import_row_phone(const struct import_columns *columns, const struct text *cells, size_t count,
                      struct text default_country, struct phone *ret_phone,
                      struct import_refusal *ret_refusal);

/* A name for a custom field as placeholders use it: lower case, words joined by '_'. */
struct text import_field_name(struct arena *arena, struct text head);

/* Cuts one pasted line into cells: the number, then the name after a comma, tab, semicolon or
 * spaces ("+91 98765 43210 Asha Rao", "98765-43210, Asha", "Asha Rao 9876543210"). Gives 1 or 2. */
size_t import_line_split(struct text line, struct text ret_cells[2]);
