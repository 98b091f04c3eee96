#pragma once

#include "api/route.h"

/* An answer that is a CSV file of any length: written to a temporary file piece by piece, sent from
 * there, removed afterwards. */
struct csv_file {
    int descriptor;
    char path[512];
};

/* Errors   ERROR_UNAVAILABLE: no room */
MUST_USE enum error_code csv_file_open(const struct api_call *call, struct csv_file *ret_file,
                                       struct error *error);
/* `context` is the struct csv_file. */
MUST_USE enum error_code csv_file_write(void *context, struct text piece, struct error *error);
/* Makes the file the answer, or with `code` set drops it; returns `code`. */
enum error_code csv_file_close(struct api_call *call, struct csv_file *file, const char *name,
                               enum error_code code);
