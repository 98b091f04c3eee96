#pragma once

#include "base/error.h"
#include "domain/schedule.h"
#include "domain/sequence.h"
#include "store/work.h"

/* What one person would get, and when: every step with its finished text, its moment and the rules
 * that decided it. The person is somebody known by phone, or imagined. */
struct preview_input {
    struct text phone; /* any spelling; empty = nobody known */
    bool imagined;     /* the fields below stand for the person */
    struct text name;
    struct text timezone;
    struct text fields_json; /* object of custom fields, may be empty */
    int64_t enrolled_at_ms;  /* 0 = now */
};

/* Where the time zone comes from, "guessed" included. */
enum preview_zone_source {
    PREVIEW_ZONE_CONTACT,
    PREVIEW_ZONE_GUESSED,
    PREVIEW_ZONE_SEQUENCE,
    PREVIEW_ZONE_SERVER,
};
const char *preview_zone_source_to_text(enum preview_zone_source source);
enum preview_zone_source preview_zone_source(const struct schedule_zone *zone, bool guessed);

struct preview_message {
    const struct step *step;
    size_t index; /* place in messages[] */
    struct text text;
    struct text media_url;
    struct text filename;
    struct step_template template; /* with values; name empty = none */
    int64_t due_at_ms;             /* 0 = never: too late, or no time is open */
    int64_t local_ms;
    uint32_t rules;
    const struct text *missing; /* placeholders without value and fallback */
    size_t missing_count;
    size_t characters; /* UTF-16 units */
};

struct preview_field {
    struct text name;
    bool built_in;
    bool without_fallback; /* at least once used without */
    int64_t missing_count; /* people inside who have no value */
    struct text suggestion;
};

struct preview {
    int64_t enrolled_at_ms;
    const struct zone *zone;
    enum preview_zone_source zone_source;
    int32_t unknown_zones;
    int64_t people;                   /* inside */
    struct preview_message *messages; /* in the order they go */
    size_t message_count;
    struct preview_field *fields;
    size_t field_count;
};

/* Errors   ERROR_INVALID for a phone that is none; an unknown phone is an imagined newcomer */
MUST_USE enum error_code preview_make(struct work *work, const struct sequence *sequence,
                                      const struct preview_input *input,
                                      struct preview *ret_preview, struct error *error);
