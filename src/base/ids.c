/* Ids on the wire: see ids.h. */
#include "base/ids.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const PREFIXES[ID_KIND_COUNT] = {
    [ID_SEQUENCE] = "seq_",      [ID_STEP] = "step_",    [ID_CONTACT] = "contact_",
    [ID_ENROLLMENT] = "enroll_", [ID_MESSAGE] = "msg_",  [ID_CHANNEL] = "chan_",
    [ID_BATCH] = "batch_",       [ID_KEY] = "key_",      [ID_USER] = "user_",
    [ID_HOOK] = "hook_",         [ID_ALERT] = "alert_",  [ID_EVENT] = "evt_",
    [ID_TEMPLATE] = "template_", [ID_DELIVERY] = "dlv_",
};

const char *id_prefix(enum id_kind kind)
{
    CHECK(kind < ID_KIND_COUNT);
    return PREFIXES[kind];
}

const char *id_format(enum id_kind kind, int64_t id, char out[ID_TEXT_MAX])
{
    (void)snprintf(out, ID_TEXT_MAX, "%s%03" PRId64, id_prefix(kind), id);
    return out;
}

bool id_parse(enum id_kind kind, struct text text, int64_t *ret_id)
{
    struct text prefix = text_from(id_prefix(kind));
    if (!text_starts_with(text, prefix)) {
        return false;
    }
    struct text digits = text_skip(text, prefix.size);
    int64_t id = 0;
    if (digits.size < 3 || digits.data[0] == '-' || (digits.size > 3 && digits.data[0] == '0') ||
        !text_to_int64(digits, &id) || id < 1) {
        return false;
    }
    *ret_id = id;
    return true;
}
