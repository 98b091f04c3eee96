/* Ids on the wire: see ids.h. */
#include "base/ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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
    enum { DIGITS_MIN = 3, DIGITS_MAX = 20 };
    char digits[DIGITS_MAX];
    size_t count = 0;
    if (id < 0) { /* no id, but still told in a message for people */
        (void)snprintf(out, ID_TEXT_MAX, "%s%03" PRId64, id_prefix(kind), id);
        return out;
    }
    for (int64_t rest = id; rest > 0 || count < DIGITS_MIN; rest /= 10) {
        digits[DIGITS_MAX - ++count] = (char)('0' + rest % 10);
    }
    const char *prefix = id_prefix(kind);
    size_t size = strlen(prefix);
    memcpy(out, prefix, size);
    memcpy(out + size, digits + DIGITS_MAX - count, count);
    out[size + count] = '\0';
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
