#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "domain/import_row.h"

#include <stdbool.h>

/* Puts the rows of an import into the order of their phones, whatever their number, in flat memory:
 * runs are sorted in memory, written to an unnamed file, and merged. Rows with one phone keep the
 * order of the file, so the first one wins; refused rows have phone 0 and come first. The order
 * depends on the file only, so that "the first n are done" means the same after a restart. */
struct import_record {
    int64_t phone; /* 0: refused */
    int64_t number;
    int64_t offset; /* of the row in the upload */
    int64_t size;
    int64_t enrolled_at_ms;
    const char *zone_guess; /* static, or NULL */
    int32_t start_day;
    int32_t current_day;
    uint8_t verdict; /* enum enroll_verdict of a refused row */
    uint8_t timezone_size;
    uint16_t name_size;
    uint32_t fields_size; /* JSON object; for refused rows the message */
    /* then the bytes of timezone, name and fields */
};
static inline struct text import_record_timezone(const struct import_record *record)
{
    return text_make((const char *)(record + 1), record->timezone_size);
}
static inline struct text import_record_name(const struct import_record *record)
{
    return text_make((const char *)(record + 1) + record->timezone_size, record->name_size);
}
static inline struct text import_record_fields(const struct import_record *record)
{
    return text_make((const char *)(record + 1) + record->timezone_size + record->name_size,
                     record->fields_size);
}
/* Bytes a record takes, rounded up so that the next one is aligned. */
static inline size_t import_record_size(const struct import_record *record)
{
    size_t size = sizeof *record + record->timezone_size + record->name_size + record->fields_size;
    return (size + 7) & ~(size_t)7;
}

struct import_sort;

/* directory  where the unnamed file is made when the rows need one
 * memory     bytes of rows that are kept in memory; at least 1 MiB */
struct import_sort *import_sort_new(const char *directory, size_t memory);
void import_sort_free(struct import_sort *sort); /* NULL is fine */
DEFINE_CLEANUP(struct import_sort *, import_sort_free);

/* Adds a row: `head` with its sizes set, and the three texts. */
MUST_USE enum error_code import_sort_add(struct import_sort *sort, const struct import_record *head,
                                         struct text timezone, struct text name, struct text fields,
                                         struct error *error);
/* No more rows come: from now on import_sort_next() gives them in order. */
MUST_USE enum error_code import_sort_finish(struct import_sort *sort, struct error *error);
int64_t import_sort_count(const struct import_sort *sort);
/* The next row, valid until the next call; *ret_record NULL at the end. */
MUST_USE enum error_code import_sort_next(struct import_sort *sort,
                                          const struct import_record **ret_record,
                                          struct error *error);
