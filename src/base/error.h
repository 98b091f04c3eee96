#pragma once

#include "base/compiler.h"

#include <stdbool.h>

/* How a function says that it failed.
 *
 * What can fail returns `enum error_code` and takes `struct error *error` last. On success `error`
 * is untouched; on failure `ret_` parameters are. `message` is for people: lower case, no full
 * stop, names quoted. `detail` is for the log only. `fields` name the input's fields or lines that
 * were refused, so that the edge can answer all of them at once.
 *
 * The struct owns no memory and may be copied and dropped freely. Every function here accepts a
 * NULL error. Thread: any, the struct belongs to its caller. */
enum error_code {
    OK = 0,
    ERROR_INVALID,         /* the input breaks a rule; `fields` says which */
    ERROR_NOT_FOUND,       /* no such object */
    ERROR_CONFLICT,        /* the object's state or another object forbids it */
    ERROR_DENIED,          /* who asks may not do this */
    ERROR_UNAUTHENTICATED, /* nobody, or a wrong key or password */
    ERROR_TOO_BIG,         /* over a stated limit */
    ERROR_TOO_MANY,        /* over a rate; a retry later may help */
    ERROR_UNAVAILABLE,     /* busy, locked, full, stopping; a retry later may help */
    ERROR_UNSUPPORTED,     /* media type or method */
    ERROR_INTERNAL,        /* a bug or a broken machine */
};

enum { ERROR_FIELDS_MAX = 16 };

struct error_field {
    char field[96];    /* "messages[2].day", or "line 17" */
    char code[32];     /* stable snake_case word for programs: "required", "out_of_range" */
    char message[192]; /* what is wrong and what to do */
};

struct error {
    enum error_code code;
    char message[256];
    char detail[384];
    char reason[32];        /* stable word narrower than the code: "version_conflict"; often "" */
    int64_t retry_after_ms; /* 0 = nothing said */
    size_t field_count;     /* may exceed ERROR_FIELDS_MAX; only that many are kept */
    struct error_field fields[ERROR_FIELDS_MAX];
};

/* Empties `error` before it is used. `struct error error = {0};` does the same. */
void error_clear(struct error *error);

/* Sets code and message, drops older fields, and returns the code:
 *     return error_set(error, ERROR_NOT_FOUND, "sequence \"%s\" does not exist", name); */
PRINTF(3, 4)
enum error_code error_set(struct error *error, enum error_code code, const char *format, ...);

/* Names the cause more narrowly than the code does, for programs, and returns the code:
 *     return error_reason(error, error_set(error, ERROR_CONFLICT, "…"), "version_conflict"); */
enum error_code error_reason(struct error *error, enum error_code code, const char *reason);

/* Adds text for the log: SQL state, errno, a library's words. Never shown to users. */
PRINTF(2, 3) void error_detail(struct error *error, const char *format, ...);

/* Puts "context: " before the message and returns the code that stands there. */
PRINTF(2, 3) enum error_code error_prefix(struct error *error, const char *format, ...);

/* Records one refused field, sets the code to ERROR_INVALID and returns it. The first field's
 * message also becomes the error's message when none stands there yet. Call it once per finding
 * and go on checking, so that a user sees all findings in one answer. */
PRINTF(4, 5)
enum error_code error_field(struct error *error, const char *field, const char *code,
                            const char *format, ...);

/* "invalid", "not_found" …: stable words for logs and the wire. */
const char *error_code_to_text(enum error_code code);

/* True when the same call may succeed later without any change: TOO_MANY, UNAVAILABLE. */
bool error_retry_may_help(enum error_code code);
