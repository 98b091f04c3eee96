/* Errors as values: see error.h. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check_failed(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
    abort();
}

void error_clear(struct error *error)
{
    if (error != NULL) {
        memset(error, 0, sizeof(*error));
    }
}

enum error_code error_set(struct error *error, enum error_code code, const char *format, ...)
{
    if (error == NULL) {
        return code;
    }
    va_list arguments;
    va_start(arguments, format);
    char message[sizeof(error->message)];
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    error_clear(error);
    error->code = code;
    memcpy(error->message, message, sizeof(message));
    return code;
}

enum error_code error_reason(struct error *error, enum error_code code, const char *reason)
{
    if (error != NULL) {
        (void)snprintf(error->reason, sizeof(error->reason), "%s", reason);
    }
    return code;
}

void error_detail(struct error *error, const char *format, ...)
{
    if (error == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->detail, sizeof(error->detail), format, arguments);
    va_end(arguments);
}

enum error_code error_prefix(struct error *error, const char *format, ...)
{
    if (error == NULL) {
        return ERROR_INTERNAL;
    }
    char prefix[sizeof(error->message)];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(prefix, sizeof(prefix), format, arguments);
    va_end(arguments);
    char joined[2 * sizeof(error->message) + 3];
    (void)snprintf(joined, sizeof(joined), "%s: %s", prefix, error->message);
    joined[sizeof(error->message) - 1] = '\0';
    memcpy(error->message, joined, strlen(joined) + 1);
    return error->code;
}

enum error_code error_field(struct error *error, const char *field, const char *code,
                            const char *format, ...)
{
    if (error == NULL) {
        return ERROR_INVALID;
    }
    struct error_field found = {0};
    (void)snprintf(found.field, sizeof(found.field), "%s", field);
    (void)snprintf(found.code, sizeof(found.code), "%s", code);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(found.message, sizeof(found.message), format, arguments);
    va_end(arguments);
    if (error->message[0] == '\0') {
        (void)snprintf(error->message, sizeof(error->message), "%s: %s", found.field,
                       found.message);
    }
    if (error->field_count < ERROR_FIELDS_MAX) {
        error->fields[error->field_count] = found;
    }
    error->field_count++;
    error->code = ERROR_INVALID;
    return ERROR_INVALID;
}

const char *error_code_to_text(enum error_code code)
{
    switch (code) {
    case OK:
        return "ok";
    case ERROR_INVALID:
        return "invalid";
    case ERROR_NOT_FOUND:
        return "not_found";
    case ERROR_CONFLICT:
        return "conflict";
    case ERROR_DENIED:
        return "denied";
    case ERROR_UNAUTHENTICATED:
        return "unauthenticated";
    case ERROR_TOO_BIG:
        return "too_big";
    case ERROR_TOO_MANY:
        return "too_many";
    case ERROR_UNAVAILABLE:
        return "unavailable";
    case ERROR_UNSUPPORTED:
        return "unsupported";
    case ERROR_INTERNAL:
        return "internal";
    }
    return "internal";
}

bool error_retry_may_help(enum error_code code)
{
    return code == ERROR_TOO_MANY || code == ERROR_UNAVAILABLE;
}
