/* What an answer to the send call means. The provider's code decides before the HTTP status; what
 * neither proves acceptance nor refusal is UNKNOWN, because WhatsApp cannot be asked again without
 * the risk of sending twice. */
#include "provider/provider_cloud_internal.h"

#include "base/instant.h"

enum { WORDS_MAX = 400 };

static void free_json(void *object)
{
    json_free(object);
}

enum error_code cloud_json_parse(struct text body, struct arena *arena,
                                 const struct json **ret_json, struct error *error)
{
    struct json *json = NULL;
    enum error_code code =
        json_parse(body, &(struct json_limits){.size = CLOUD_WEBHOOK_MAX}, &json, error);
    if (code != OK) {
        return code;
    }
    arena_on_reset(arena, free_json, json);
    *ret_json = json;
    return OK;
}

bool cloud_number(const struct json *json, int64_t *ret_value)
{
    struct text text;
    return json_int64(json, ret_value) ||
           (json_text(json, &text) && text_to_int64(text_trim(text), ret_value));
}

struct text cloud_text(const struct json *object, const char *name, struct arena *arena)
{
    const struct json *value = json_get(object, name);
    struct text text;
    int64_t number;
    if (json_text(value, &text)) {
        return text;
    }
    if (json_int64(value, &number)) {
        return arena_format(arena, "%lld", (long long)number);
    }
    return (struct text){0};
}

struct text cloud_language(struct text language, struct arena *arena)
{
    char *copy = arena_chars(arena, language);
    for (size_t i = 0; i < language.size; i++) {
        if (copy[i] == '-') {
            copy[i] = '_';
        }
    }
    return text_make(copy, language.size);
}

/* At most WORDS_MAX bytes, not cut inside a character. */
static struct text short_words(struct text text)
{
    size_t size = text.size < WORDS_MAX ? text.size : WORDS_MAX;
    while (size < text.size && size > 0 && ((unsigned char)text.data[size] & 0xC0) == 0x80) {
        size--;
    }
    return text_head(text, size);
}

/* "(#131009) Parameter value is not valid" → "Parameter value is not valid" */
static struct text without_code(struct text message)
{
    size_t at;
    if (text_starts_with(message, TEXT("(#")) && text_find(message, ')', &at)) {
        return text_trim(text_skip(message, at + 1));
    }
    return message;
}

static struct text first_of(struct text a, struct text b)
{
    return a.size > 0 ? a : b;
}

void cloud_failure_read(const struct json *error_json, struct arena *arena,
                        struct provider_failure *ret_failure)
{
    struct provider_failure failure = {.class = PROVIDER_CLASS_UNKNOWN_CODE};
    failure.has_code = cloud_number(json_get(error_json, "code"), &failure.code);
    struct text message = without_code(json_get_text(error_json, "message"));
    const struct json *data = json_get(error_json, "error_data");
    struct text details = json_get_text(data, "details");
    (void)json_text(data, &details); /* some answers carry a plain text here */
    details = first_of(details, json_get_text(error_json, "error_user_msg"));
    const struct provider_code *row = failure.has_code ? provider_code_find(failure.code) : NULL;
    struct text own_title = first_of(json_get_text(error_json, "title"), message);
    failure.detail = arena_text(arena, short_words(first_of(details, message)));
    if (row != NULL) {
        failure.class = row->class;
        failure.retry_after_ms = row->async_retry_after_ms;
        failure.title = text_from(row->title);
        failure.advice = text_from(row->advice);
    } else {
        failure.title = own_title.size > 0 ? arena_text(arena, short_words(own_title))
                                           : TEXT("Refused without a reason");
        failure.advice = TEXT("Read the details; this code is not known to us.");
    }
    *ret_failure = failure;
}

/* The longest "estimated_time_to_regain_access" of the usage header, which counts minutes. */
static int64_t usage_pause_ms(struct text usage, struct arena *arena)
{
    const struct json *json = NULL;
    struct error error = {0};
    int64_t longest = 0;
    if (usage.size == 0 || cloud_json_parse(usage, arena, &json, &error) != OK) {
        return 0;
    }
    struct json_iterator at = {0};
    while (json_iterate(json, &at)) {
        for (size_t i = 0; i < json_count(at.value); i++) {
            int64_t minutes = 0;
            const struct json *field =
                json_get(json_at(at.value, i), "estimated_time_to_regain_access");
            if (cloud_number(field, &minutes) && minutes > longest) {
                longest = minutes;
            }
        }
    }
    bool too_long = longest > PROVIDER_PAUSE_MAX_MS / MS_PER_MINUTE;
    return too_long ? PROVIDER_PAUSE_MAX_MS : longest * MS_PER_MINUTE;
}

static int64_t asked_pause_ms(const struct provider_reply *reply, struct arena *arena)
{
    int64_t pause_ms = usage_pause_ms(reply->usage, arena);
    return reply->asked_pause_ms > pause_ms ? reply->asked_pause_ms : pause_ms;
}

static void set_words(struct provider_outcome *outcome, const char *title, const char *advice)
{
    outcome->title = text_from(title);
    outcome->advice = text_from(advice);
}

#define DOUBT_ADVICE                                                                               \
    "It may have been delivered. It is settled by the status that WhatsApp reports, and never "    \
    "sent again blindly."

static void decode_no_answer(const struct provider_reply *reply, struct arena *arena,
                             struct provider_outcome *outcome)
{
    outcome->detail = arena_text(arena, short_words(reply->failure));
    switch (reply->transport) {
    case PROVIDER_NOTHING_SENT:
        outcome->result = PROVIDER_NOT_SENT;
        outcome->class = PROVIDER_CLASS_NETWORK;
        set_words(outcome, "WhatsApp could not be reached",
                  "Check the network, the name resolution and the channel's address. Nothing was "
                  "sent; it is tried again.");
        return;
    case PROVIDER_TIMED_OUT:
        outcome->class = PROVIDER_CLASS_DOUBT_TIMEOUT;
        set_words(outcome, "No answer in time", DOUBT_ADVICE);
        return;
    case PROVIDER_ANSWERED:
    case PROVIDER_BROKEN:
        outcome->class = PROVIDER_CLASS_DOUBT_RESET;
        set_words(outcome, "The connection broke before the answer", DOUBT_ADVICE);
        return;
    }
}

static void decode_success(const struct provider_reply *reply, const struct json *json,
                           struct provider_outcome *outcome)
{
    outcome->provider_id = json_get_text(json_get_path(json, "messages.0"), "id");
    if (outcome->provider_id.size == 0) {
        /* An error inside a 200 fits no rule: neither accepted nor surely refused. */
        bool accepted = reply->status == 200 && json_get(json, "error") == NULL;
        outcome->result = accepted ? PROVIDER_ACCEPTED : PROVIDER_UNKNOWN;
        outcome->class = accepted ? PROVIDER_CLASS_NONE : PROVIDER_CLASS_DOUBT_UNREADABLE;
        outcome->suspicious = true;
        set_words(
            outcome, "Accepted, but the answer was unreadable",
            "Its id follows with the first status. If this goes on, check what stands between "
            "this server and WhatsApp.");
        return;
    }
    outcome->result = PROVIDER_ACCEPTED;
    const struct json *contact = json_get_path(json, "contacts.0");
    outcome->wa_id = json_get_text(contact, "wa_id");
    outcome->user_id = json_get_text(contact, "user_id");
    struct text status = json_get_text(json_get_path(json, "messages.0"), "message_status");
    if (text_equal(status, TEXT("held_for_quality_assessment"))) {
        outcome->hold = PROVIDER_HOLD_QUALITY;
    } else if (text_equal(status, TEXT("paused"))) {
        outcome->hold = PROVIDER_HOLD_PAUSED;
    }
}

static void decode_meaning(const struct provider_code *row, int status,
                           struct provider_outcome *outcome)
{
    outcome->class = row->class;
    outcome->max_tries = row->max_tries;
    switch (row->meaning) {
    case PROVIDER_MEANS_RETRY:
        outcome->result = PROVIDER_RETRY_LATER;
        break;
    case PROVIDER_MEANS_REJECT:
        outcome->result = PROVIDER_REJECTED;
        break;
    case PROVIDER_MEANS_TROUBLE:
        outcome->result = PROVIDER_CHANNEL_TROUBLE;
        break;
    case PROVIDER_MEANS_DOUBT:
        /* With a 4xx the request itself was refused; only a 5xx leaves doubt. */
        outcome->result = status >= 500 ? PROVIDER_UNKNOWN : PROVIDER_RETRY_LATER;
        if (status >= 500) {
            outcome->class = PROVIDER_CLASS_DOUBT_5XX_GRAPH;
            outcome->advice = TEXT(DOUBT_ADVICE);
        }
        break;
    }
    if (outcome->result != PROVIDER_UNKNOWN && outcome->retry_after_ms < row->retry_after_ms) {
        outcome->retry_after_ms = row->retry_after_ms;
    }
}

static void decode_envelope(const struct json *error_json, int status, struct arena *arena,
                            struct provider_outcome *outcome)
{
    struct provider_failure failure;
    cloud_failure_read(error_json, arena, &failure);
    outcome->code = failure.code;
    outcome->has_code = failure.has_code;
    outcome->title = failure.title;
    outcome->detail = failure.detail;
    outcome->advice = failure.advice;
    outcome->trace_id = json_get_text(error_json, "fbtrace_id");
    bool transient = false;
    (void)json_bool(json_get(error_json, "is_transient"), &transient);
    const struct provider_code *row = failure.has_code ? provider_code_find(failure.code) : NULL;
    if (row != NULL) {
        decode_meaning(row, status, outcome);
    } else if (status >= 500) {
        outcome->result = PROVIDER_UNKNOWN;
        outcome->class = PROVIDER_CLASS_DOUBT_5XX_GRAPH;
        outcome->advice = TEXT(DOUBT_ADVICE);
    } else if (status == 429 || transient) {
        outcome->result = PROVIDER_RETRY_LATER;
        outcome->class = PROVIDER_CLASS_ACCOUNT_LIMIT;
    } else {
        outcome->result = PROVIDER_REJECTED;
        outcome->class = PROVIDER_CLASS_UNKNOWN_CODE;
    }
}

static void decode_plain(int status, struct provider_outcome *outcome)
{
    outcome->suspicious = true;
    if (status >= 400 && status < 500 && status != 408) {
        outcome->result = PROVIDER_RETRY_LATER;
        outcome->class = PROVIDER_CLASS_HTTP;
        set_words(
            outcome, "Refused without WhatsApp's own words",
            "Something between this server and WhatsApp answered, or the channel's address is "
            "wrong. It is tried again.");
        return;
    }
    outcome->class =
        status >= 300 ? PROVIDER_CLASS_DOUBT_5XX_PLAIN : PROVIDER_CLASS_DOUBT_UNREADABLE;
    set_words(outcome, "An answer that says neither yes nor no", DOUBT_ADVICE);
}

/* --- the usual answer ------------------------------------------------------------------------- */

static bool skip(struct text *rest, struct text expected)
{
    if (!text_starts_with(*rest, expected)) {
        return false;
    }
    *rest = text_skip(*rest, expected.size);
    return true;
}

/* A JSON text without escapes, up to and with its closing quote. */
static bool take(struct text *rest, struct text *ret_text)
{
    size_t size = 0;
    while (size < rest->size && rest->data[size] > ' ' && rest->data[size] < 0x7F &&
           rest->data[size] != '"' && rest->data[size] != '\\') {
        size++;
    }
    if (size == 0 || size == rest->size || rest->data[size] != '"') {
        return false;
    }
    *ret_text = text_head(*rest, size);
    *rest = text_skip(*rest, size + 1);
    return true;
}

/* Nearly every answer has exactly this form, letter by letter, and is read without building a
 * tree. Whatever differs is left to the JSON reader. */
static bool decode_usual(const struct provider_reply *reply, struct provider_outcome *outcome)
{
    struct text rest = reply->body;
    struct text input;
    struct text wa_id;
    struct text id;
    if (reply->status != 200 || !reply->body_complete ||
        !skip(&rest, TEXT("{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"input\":\"")) ||
        !take(&rest, &input) || !skip(&rest, TEXT(",\"wa_id\":\"")) || !take(&rest, &wa_id) ||
        !skip(&rest, TEXT("}],\"messages\":[{\"id\":\"")) || !take(&rest, &id)) {
        return false;
    }
    (void)skip(&rest, TEXT(",\"message_status\":\"accepted\""));
    if (!text_equal(rest, TEXT("}]}"))) {
        return false;
    }
    outcome->result = PROVIDER_ACCEPTED;
    outcome->provider_id = id;
    outcome->wa_id = wa_id;
    return true;
}

void cloud_decode_reply(const struct provider_reply *reply, struct arena *arena,
                        struct provider_outcome *ret_outcome)
{
    struct provider_outcome outcome = {
        .result = PROVIDER_UNKNOWN,
        .class = PROVIDER_CLASS_NONE,
        .http_status = reply->status,
    };
    if (reply->transport != PROVIDER_ANSWERED || reply->status == 0) {
        decode_no_answer(reply, arena, &outcome);
        *ret_outcome = outcome;
        return;
    }
    if (decode_usual(reply, &outcome)) {
        *ret_outcome = outcome;
        return;
    }
    const struct json *json = NULL;
    struct error error = {0};
    if (!reply->body_complete || cloud_json_parse(reply->body, arena, &json, &error) != OK) {
        json = NULL;
    }
    const struct json *error_json = json_get(json, "error");
    bool has_envelope = json_kind(error_json) == JSON_OBJECT;
    if (reply->status >= 400) {
        outcome.retry_after_ms = asked_pause_ms(reply, arena);
    }
    if (reply->status >= 200 && reply->status < 300) {
        decode_success(reply, json, &outcome);
    } else if (has_envelope && reply->status >= 400) {
        decode_envelope(error_json, reply->status, arena, &outcome);
    } else {
        decode_plain(reply->status, &outcome);
    }
    *ret_outcome = outcome;
}
