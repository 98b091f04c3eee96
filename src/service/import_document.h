#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "service/import_source.h"

/* The JSON form of a bulk enrollment: {"enrollments": [ … ]}. Private to import_source.c and the
 * endpoint for one person, which reads the same fields. */
struct import_document;

enum { IMPORT_DOCUMENT_ROWS_MAX = 10000 };

/* Errors   ERROR_INVALID: no JSON, no list, unknown fields beside it; ERROR_TOO_BIG */
MUST_USE enum error_code import_document_open(const char *path, struct text country,
                                              struct import_document **ret_document,
                                              struct error *error);
void import_document_free(struct import_document *document); /* NULL is fine */
DEFINE_CLEANUP(struct import_document *, import_document_free);
/* Gives the next `count` rows; false when none are left or the function stopped. */
bool import_document_read(struct import_document *document, int64_t count,
                          import_row_function *on_row, void *context);
void import_document_cells(struct import_document *document, int64_t index, struct buffer *out,
                           struct buffer *input);

struct json;
struct json_reader;
/* The object "custom_fields": texts, numbers, true or false, and not too many. NULL when there is
 * none, or when it was refused, which the reader then knows. */
const struct json *import_document_fields(struct json_reader *reader);
/* One person as the API takes it. False with *ret_refusal set when it cannot be taken; texts live
 * as long as `json` and `arena`. */
bool import_document_person(struct arena *arena, const struct json *json, struct text country,
                            struct import_person *ret_person, struct import_refusal *ret_refusal);
