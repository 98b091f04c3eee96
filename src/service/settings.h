#pragma once

#include "base/error.h"
#include "base/json.h"
#include "domain/window.h"
#include "store/work.h"

#include <stdbool.h>

/* What holds for the whole server and people may change while it runs. Each value stands under its
 * name in the setting table as JSON; what was never set has the default written here. */
enum { SETTINGS_WORDS_MAX = 50, SETTINGS_WORD_CHARS = 40, SETTINGS_HELP_MAX = 1000 };

struct settings {
    struct text name;            /* "Dripline" */
    struct text public_url;      /* else what the server was started with; may be empty */
    struct text default_country; /* "IN"; empty: numbers need their country code */
    struct text timezone;        /* "UTC" */
    bool quiet_hours_set;
    int quiet_from_minute;
    int quiet_to_minute;
    bool sending_paused;
    struct text help_text;   /* answers whoever writes HELP; empty: nothing does */
    struct text *stop_words; /* beside the built-in ones */
    size_t stop_word_count;
    struct text *start_words;
    size_t start_word_count;
    int64_t retention_messages_days; /* 0: texts are kept */
    int64_t retention_events_days;   /* 0: kept */
    int64_t retention_audit_days;    /* 0: kept */
};

/* Any connection; texts in work->arena. */
MUST_USE enum error_code settings_read(struct work *work, struct settings *ret_settings,
                                       struct error *error);
/* Only the public address that people set; empty: none. */
MUST_USE enum error_code settings_public_url(struct work *work, struct text *ret_url,
                                             struct error *error);
/* Writes down the public address the server was started with, on the writer. */
MUST_USE enum error_code settings_started(struct work *work, const char *public_url,
                                          struct error *error);
/* Changes the fields that are given, on the writer.
 * Errors   ERROR_INVALID with all findings */
struct quiet_hours settings_quiet_hours(const struct settings *settings);
MUST_USE enum error_code settings_update(struct work *work, const struct json *json,
                                         struct settings *ret_settings, struct error *error);
