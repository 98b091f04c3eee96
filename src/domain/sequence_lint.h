#pragma once

#include "base/arena.h"
#include "domain/sequence.h"
#include "domain/window.h"

/* What a provider would refuse or a person would regret, found before a sequence starts. Errors
 * block activation unless forced; warnings count the people concerned where that is known. What
 * lint must know about the world comes in through `struct lint_facts`; it does no I/O itself. */

enum lint_level { LINT_ERROR, LINT_WARNING };
const char *lint_level_to_text(enum lint_level level);

/* A template as the provider lists it. */
struct lint_template {
    struct text status;            /* "APPROVED" … */
    bool named;                    /* parameter_format NAMED */
    size_t body_count;             /* parameters of the body */
    const struct text *body_names; /* named only, `body_count` of them */
    enum header_type header;       /* HEADER_TEXT only when it has a parameter */
    struct text header_name;       /* named only: of the text header's parameter */
    size_t button_count;           /* buttons that need a parameter */
    bool has_opt_out;              /* a button or footer that says how to stop */
};

struct lint_facts {
    void *context;
    bool window_enforced;  /* the provider refuses free text outside 24 hours */
    bool templates_synced; /* false: the list was never fetched, so states are unknown */
    bool channel_exists;
    bool public_url_known;    /* opt-out links can be made */
    struct quiet_hours quiet; /* of the installation */
    /* Each may be NULL. */
    bool (*zone_known)(void *context, struct text name);
    const struct lint_template *(*find_template)(void *context, struct text name,
                                                 struct text language);
    /* People of this sequence whose field is missing; -1 when it was not counted. */
    int64_t (*people_without)(void *context, struct text field);
    const struct text *known_fields; /* custom fields seen on contacts, for "did you mean" */
    size_t known_field_count;
};

struct lint_finding {
    enum lint_level level;
    const char *code;    /* stable snake_case word */
    struct text field;   /* "messages[2].message" */
    struct text message; /* for people */
    int64_t step_id;     /* 0 = the whole sequence */
    int64_t people;      /* concerned; -1 = not counted */
};

struct lint_report {
    struct lint_finding *findings; /* errors first, then by field */
    size_t count;
    size_t error_count;
    size_t warning_count;
};

/* Findings live in `arena`. */
struct lint_report sequence_lint(struct arena *arena, const struct sequence *sequence,
                                 const struct lint_facts *facts);
