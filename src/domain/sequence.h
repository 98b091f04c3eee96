#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct json;
struct json_writer;

/* A sequence and its steps: the plan that people are enrolled in. Pure values: every text and
 * array lives in the arena the sequence was read into. The JSON keeps the name `messages` for the
 * steps. Times of day are minutes since local midnight, -1 means "not set". */

enum sequence_status { SEQUENCE_DRAFT, SEQUENCE_ACTIVE, SEQUENCE_PAUSED, SEQUENCE_ARCHIVED };
enum on_reply { ON_REPLY_CONTINUE, ON_REPLY_PAUSE, ON_REPLY_STOP };
enum reenroll { REENROLL_NEVER, REENROLL_AFTER_COMPLETION, REENROLL_RESTART };
enum late_action { LATE_SKIP, LATE_SEND, LATE_STOP };
enum step_type { STEP_TEXT, STEP_MEDIA, STEP_TEMPLATE };
enum media_type { MEDIA_NONE, MEDIA_IMAGE, MEDIA_VIDEO, MEDIA_DOCUMENT, MEDIA_AUDIO };
enum header_type {
    HEADER_NONE,
    HEADER_TEXT,
    HEADER_IMAGE,
    HEADER_VIDEO,
    HEADER_DOCUMENT,
    HEADER_LOCATION
};
enum button_type { BUTTON_QUICK_REPLY, BUTTON_URL, BUTTON_COPY_CODE };

enum {
    SEQUENCE_NAME_MAX = 200,
    SEQUENCE_DESCRIPTION_MAX = 2000,
    SEQUENCE_STEPS_MAX = 500,
    SEQUENCE_DAY_MAX = 3650,
    STEP_TEXT_MAX = 4096,    /* UTF-16 units, as WhatsApp counts */
    STEP_CAPTION_MAX = 1024, /* UTF-16 units */
    STEP_URL_MAX = 2048,
    STEP_FILENAME_MAX = 240,
    TEMPLATE_NAME_MAX = 512,
    TEMPLATE_LANGUAGE_MAX = 16,
    TEMPLATE_BODY_MAX = 64,
    TEMPLATE_BUTTONS_MAX = 10,
    TEMPLATE_PARAMETER_MAX = 1024,
    TEMPLATE_HEADER_TEXT_MAX = 60,
    TEMPLATE_CODE_MAX = 15,   /* copy-code buttons */
    TEMPLATE_PLACE_MAX = 240, /* name and address of a location */
    STEP_ORDINAL_MAX = 1023,
};
#define SEQUENCE_MAX_LATE_MS_DEFAULT (INT64_C(3) * 24 * 3600 * 1000)

/* Local days and hours in which a message may leave. `days` has bit 0 for Monday … bit 6 for
 * Sunday. from_minute < to_minute is one stretch of a day; from_minute > to_minute runs over
 * midnight and belongs to the day it starts on. to_minute may be 1440. */
struct send_window {
    bool set; /* false: always open */
    uint8_t days;
    int32_t from_minute;
    int32_t to_minute;
};
enum { SEND_WINDOW_ALL_DAYS = 0x7f };

/* One filled-in place of a template. `name` is empty for positional parameters. `text` holds
 * placeholders, see personalize.h. */
struct template_parameter {
    struct text name;
    struct text text;
};

struct template_header {
    enum header_type type;
    struct text text;      /* HEADER_TEXT: the parameter */
    struct text parameter; /* HEADER_TEXT: its name, empty in a positional template */
    struct text url;       /* image, video, document */
    struct text filename;  /* document */
    struct text latitude;  /* HEADER_LOCATION: decimal text, or placeholders */
    struct text longitude; /* likewise */
    struct text name;      /* HEADER_LOCATION */
    struct text address;   /* HEADER_LOCATION */
};

struct template_button {
    enum button_type type;
    int32_t index;    /* place of the button in the template, 0–9 */
    struct text text; /* quick_reply: payload; url: what is appended; copy_code: the code */
};

struct step_template {
    struct text name;
    struct text language; /* "en_US": '-' became '_' */
    struct template_header header;
    struct template_parameter *body;
    size_t body_count;
    struct template_button *buttons;
    size_t button_count;
};

struct step {
    int64_t id;        /* 0 until stored; stable across edits */
    int64_t origin_id; /* the id it had first, when it was removed and brought back; 0 = never */
    int32_t day;       /* 1 = the day of enrollment */
    int32_t minute;    /* local time of day, -1 = sequence's send time or the enrollment's */
    int32_t ordinal;   /* breaks ties on one day; grows with the position in messages[], and stays
                        * the same for a kept step when others come or go */
    enum step_type type;
    struct text message;   /* text, caption, or a template's free-text twin; may be empty */
    struct text media_url; /* empty = none; may hold placeholders */
    enum media_type media_type;
    struct text filename;          /* documents only */
    struct step_template template; /* name empty = none */
};

/* The id under which the step was known first. */
static inline int64_t step_origin(const struct step *step)
{
    return step->origin_id != 0 ? step->origin_id : step->id;
}

struct sequence {
    int64_t id;      /* 0 until stored */
    int64_t version; /* grows by one with every save, 1 at creation */
    struct text name;
    struct text description;
    enum sequence_status status;
    int64_t channel_id;   /* 0 = the default channel */
    struct text timezone; /* IANA name, empty = the server's setting */
    int32_t send_minute;  /* default time of day for Day 2 and later, -1 = the enrollment's */
    struct send_window send_window;
    enum on_reply on_reply;
    enum reenroll reenroll;
    enum late_action late_action; /* wire: late_policy.action */
    int64_t max_late_ms;          /* wire: late_policy.max_late, "3d"; whole minutes */
    struct step *steps;           /* in the order of messages[]: see sequence_sort() */
    size_t step_count;
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

/* How many people stand where; part of every answer that shows a sequence. */
struct sequence_counts {
    int64_t enrolled; /* everyone ever */
    int64_t active;
    int64_t paused;
    int64_t completed;
    int64_t stopped;
    int64_t opted_out;
    int64_t failed;
};

const char *sequence_status_to_text(enum sequence_status status);
bool sequence_status_from_text(struct text text, enum sequence_status *ret_status);
const char *on_reply_to_text(enum on_reply value);
bool on_reply_from_text(struct text text, enum on_reply *ret_value);
const char *reenroll_to_text(enum reenroll value);
bool reenroll_from_text(struct text text, enum reenroll *ret_value);
const char *late_action_to_text(enum late_action value);
bool late_action_from_text(struct text text, enum late_action *ret_value);
const char *step_type_to_text(enum step_type type);
bool step_type_from_text(struct text text, enum step_type *ret_type);
const char *media_type_to_text(enum media_type type); /* MEDIA_NONE: "" */
bool media_type_from_text(struct text text, enum media_type *ret_type);
const char *header_type_to_text(enum header_type type); /* HEADER_NONE: "" */
bool header_type_from_text(struct text text, enum header_type *ret_type);
const char *button_type_to_text(enum button_type type);
bool button_type_from_text(struct text text, enum button_type *ret_type);

/* The kind of media a URL's file name ending stands for; MEDIA_NONE when it tells nothing. */
enum media_type media_type_of_url(struct text url);

/* Fills in the defaults of a new, empty draft. */
void sequence_init(struct sequence *sequence);

/* Reads the JSON a user sent.
 * arena    owns everything the result points to; `json` may be freed afterwards
 * base     NULL for a new sequence (name is required; step ids are dropped, they belong to another
 *          sequence); else what stands now: fields left out keep its values, ids and times are
 *          taken from it, and each step is recognised by its id, or without one by day and time
 * error    gets every finding at once, with paths like messages[2].day
 * ret_version  the version the user last saw, 0 when they did not say
 * Fields that answers carry but users cannot set (counts, times, total_days) are accepted and
 * ignored, so that an answer can be sent back. */
MUST_USE enum error_code sequence_parse(struct arena *arena, const struct json *json,
                                        const struct sequence *base, struct sequence *ret_sequence,
                                        int64_t *ret_version, struct error *error);

/* Writes the fields of a sequence as users know them; `counts` NULL leaves the counts out. */
void sequence_encode(struct json_writer *writer, const struct sequence *sequence,
                     const struct sequence_counts *counts);
/* The same fields without the object around them, for callers that add more; `with_steps` false
 * leaves `messages` and what is counted from them out, as lists do. */
void sequence_encode_fields(struct json_writer *writer, const struct sequence *sequence,
                            const struct sequence_counts *counts, bool with_steps);
/* What a version, an export or a clone keeps: the same without counts, ids and times of the row. */
void sequence_encode_definition(struct json_writer *writer, const struct sequence *sequence);
void step_encode(struct json_writer *writer, const struct step *step);
/* The template object alone, {name, language, header, body[], buttons[]}, and back. Used for the
 * step rows and for the rendered body of a message. */
void step_template_encode(struct json_writer *writer, const struct step_template *template);
MUST_USE enum error_code step_template_parse(struct arena *arena, const struct json *json,
                                             struct step_template *ret_template,
                                             struct error *error);

/* The texts of a header that may hold placeholders, but its address: in the header given, so that
 * they can be read, listed or replaced. Those its type does not have are empty. */
enum { TEMPLATE_HEADER_TEXTS = 6 };
void template_header_texts(struct template_header *header,
                           struct text *ret_texts[TEMPLATE_HEADER_TEXTS]);

/* Highest day of any step, 0 without steps. */
int32_t sequence_total_days(const struct sequence *sequence);

/* Gives steps their ordinals after an edit: steps that `previous` knows by id keep theirs as far
 * as the order of messages[] allows. `previous` may be NULL. */
void sequence_assign_ordinals(struct arena *arena, struct sequence *sequence,
                              const struct sequence *previous);

/* Puts the steps in the order day, time (none first), ordinal: the order people see in lists. */
void sequence_sort(struct sequence *sequence);

/* The step with this id, or NULL. */
const struct step *sequence_find_step(const struct sequence *sequence, int64_t step_id);

/* A copy in `arena` that shares nothing with the original. */
struct sequence sequence_copy(struct arena *arena, const struct sequence *sequence);

/* True when the user may bring a sequence from one status to the other by saving it. */
bool sequence_status_may_move(enum sequence_status from, enum sequence_status to);

/* True for a zone name of plausible form: "Asia/Kolkata", "UTC". Whether the system knows it is
 * the caller's question to base/zone.h. */
bool sequence_timezone_plausible(struct text name);
