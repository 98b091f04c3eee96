#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>

/* Ids on the wire: a prefix that says the kind and the row number with at least three digits,
 * "seq_001". One spelling per id: "seq_01" is no id. */
enum id_kind {
    ID_SEQUENCE,
    ID_STEP,
    ID_CONTACT,
    ID_ENROLLMENT,
    ID_MESSAGE,
    ID_CHANNEL,
    ID_BATCH,
    ID_KEY,
    ID_USER,
    ID_HOOK,
    ID_ALERT,
    ID_EVENT,
    ID_TEMPLATE,
    ID_DELIVERY, /* one delivery of an outgoing webhook */
    ID_KIND_COUNT,
};

enum { ID_TEXT_MAX = 32 }; /* with the ending NUL */

const char *id_prefix(enum id_kind kind); /* "seq_" */
/* Writes the id, ended by NUL, and returns `out`. */
const char *id_format(enum id_kind kind, int64_t id, char out[ID_TEXT_MAX]);
/* False for another kind, another spelling, or a number below 1. */
bool id_parse(enum id_kind kind, struct text text, int64_t *ret_id);
