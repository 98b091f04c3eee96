/* CSV answers through a temporary file: flat memory whatever the length. */
#include "api/csv_file.h"

#include "base/file.h"
#include "service/audit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum error_code csv_file_open(const struct api_call *call, struct csv_file *ret_file,
                              struct error *error)
{
    int size = snprintf(ret_file->path, sizeof ret_file->path, "%s/answer-XXXXXX",
                        call->service->spool_directory);
    if (size < 0 || (size_t)size >= sizeof ret_file->path) {
        return error_set(error, ERROR_INTERNAL, "the path of the spool directory is too long");
    }
    ret_file->descriptor = mkstemp(ret_file->path);
    if (ret_file->descriptor < 0) {
        return error_set(error, ERROR_UNAVAILABLE, "could not make a temporary file: %s",
                         strerror(errno));
    }
    return OK;
}

enum error_code csv_file_write(void *context, struct text piece, struct error *error)
{
    const struct csv_file *file = context;
    return file_write_all(file->descriptor, piece, error);
}

enum error_code csv_file_close(struct api_call *call, struct csv_file *file, const char *name,
                               enum error_code code)
{
    (void)close(file->descriptor);
    if (code != OK) {
        (void)unlink(file->path);
        return code;
    }
    http_response_set_header(call->response, "Content-Type", TEXT("text/csv; charset=utf-8"));
    http_response_set_header_format(call->response, "Content-Disposition",
                                    "attachment; filename=\"%s\"", name);
    http_response_set_file(call->response, file->path, true);
    audit_note_later(call->service, call->work, "export", text_from(name));
    return OK;
}
