#pragma once

#include "api/route.h"

/* Any reading route as a CSV file: the one place where tables become CSV. The route says in its row
 * which fields of its JSON answer are columns; the handler is asked page by page, each of its own
 * moment, and the rows go to a temporary file, so that memory stays flat whatever the length. Texts
 * are defused for spreadsheets, numbers and times are what they are in JSON. Such requests have a
 * worker of their own.
 *
 * api_route.csv holds one or more tables: "file.csv|array|column,column,head=path.to.field;…".
 *   array   the field with the rows: "points"; "data*" of a list, whose pages are all read;
 *           "cohorts/steps" for rows that lie inside other rows
 *   column  a field, or head=path; "^date" is a field of the row around, before the array
 * The first table is answered; `table` in the query names another one by its file without ".csv".
 */

enum { CSV_TABLE_PAGE_ROWS = 4000 };

/* Runs the route's handler: as it is, or for `format=csv` and for an Accept header that names
 * text/csv and not JSON as a file. */
MUST_USE enum error_code csv_table_run(struct api_call *call, struct error *error);
/* Whether the request looks as if it asked for a file: true at least for all that do. */
bool csv_table_likely(const struct api_route *route, const struct http_request *request);
/* Whether the parameter is meant for this file and not for the handler. */
bool csv_table_parameter(const struct api_call *call, struct text name);
