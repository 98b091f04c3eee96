#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Puts a person's own words into a text. {name} is the name or "there"; {name|friend} sets another
 * fallback; {first_name}, {phone}, {day}, {sequence}, {opt_out_link} are built in; any other
 * {field} comes from the custom fields, {field|fallback} when it may be missing. {{ and }} are
 * literal braces. Braces that hold no field name stay as they are. Values are trimmed. A field that
 * is missing without a fallback fails the rendering: a broken text is never made.
 *
 * Compile a text once, render it often: rendering allocates nothing but the buffer's growth. */

struct personalize_field {
    struct text name;
    struct text value;
};

struct personalize_facts {
    struct text name;
    struct text phone;        /* digits without plus */
    struct text sequence;     /* its name */
    struct text opt_out_link; /* empty: the server does not know its public address */
    int32_t day;
    const struct personalize_field *fields;
    size_t field_count;
};

enum personalize_place {
    PERSONALIZE_TEXT,      /* as it is */
    PERSONALIZE_PARAMETER, /* new lines, tabs and runs of white space become one space */
    PERSONALIZE_URL,       /* values are percent-encoded */
};

struct personalize; /* a compiled text; lives in the arena it was compiled into */

/* Never fails: what is no placeholder is literal. Compiles into the arena, copying the source. */
struct personalize *personalize_compile(struct arena *arena, struct text source);

/* Appends the rendered text to `out`.
 * Errors   ERROR_INVALID with one field per missing placeholder: field = its name, code =
 *          "missing_field"; `out` is then as long as before */
MUST_USE enum error_code personalize_render(const struct personalize *compiled,
                                            const struct personalize_facts *facts,
                                            enum personalize_place place, struct buffer *out,
                                            struct error *error);

/* Compile, render and copy into the arena, for texts used once. */
MUST_USE enum error_code personalize_once(struct arena *arena, struct text source,
                                          const struct personalize_facts *facts,
                                          enum personalize_place place, struct text *ret_text,
                                          struct error *error);

/* Reads a contact's custom fields, a JSON object of text, numbers and booleans, into
 * facts->fields. Empty text means no fields. Values that are null, lists or objects are left
 * out, as if missing. */
MUST_USE enum error_code personalize_load_fields(struct arena *arena, struct text fields_json,
                                                 struct personalize_facts *facts,
                                                 struct error *error);

struct personalize_use {
    struct text name; /* trimmed, as written */
    bool built_in;
    bool has_fallback; /* its own, or one by nature ({name}, {day} …): can never be missing */
    size_t offset;     /* of its '{' in the source */
};
/* The placeholders in order; the array belongs to the compiled text. */
const struct personalize_use *personalize_uses(const struct personalize *compiled,
                                               size_t *ret_count);

/* Offset of the first brace that looks like a mistake: "{" never closed, or {{name}} around a
 * field's name. False when there is none. */
bool personalize_suspect(const struct personalize *compiled, size_t *ret_offset);

/* The nearest of the built-in names and `known` to a misspelt one, {NULL, 0} when none is near. */
struct text personalize_did_you_mean(struct text name, const struct text *known,
                                     size_t known_count);

/* The first word of a name: "Asha" of "Asha Rao". */
struct text personalize_first_name(struct text name);
