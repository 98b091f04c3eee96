#pragma once

#include "base/error.h"
#include "base/json.h"

/* Reads a file that holds one big JSON array, record by record, so that its size does not matter.
 * People keep such files by hand: line and block comments, a trailing comma and a byte order mark
 * are fine, and the array may stand alone or as the first array of an object. */
struct json_records;

MUST_USE enum error_code json_records_open(const char *path, struct json_records **ret_records,
                                           struct error *error);
void json_records_close(struct json_records *records); /* NULL is fine */
DEFINE_CLEANUP(struct json_records *, json_records_close);

/* The next record, which the caller frees with json_free(), or NULL at the end. Its place in the
 * array and its first line are those of json_records_index() and json_records_line().
 * Errors     ERROR_INVALID with the line of the file: a record that is no JSON does not stop the
 *            reading; after anything worse the end follows */
MUST_USE enum error_code json_records_next(struct json_records *records, struct json **ret_json,
                                           struct error *error);
int64_t json_records_index(const struct json_records *records); /* from 0, of the last record */
int64_t json_records_line(const struct json_records *records);  /* from 1, where it began */
