#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

#include "net/http_client.h"

#include "provider/provider_error.h"
#include "provider/provider_event.h"

/* What every WhatsApp provider can do, as a table of pure functions: a message becomes the bytes of
 * an HTTP request, an answer or a webhook becomes an outcome or a list of events. Nothing here
 * opens a connection, reads a clock or a database; the same input always gives the same output.
 * Every text that comes back points into the arena or the input. Thread: any. */

enum provider_kind {
    PROVIDER_CLOUD,     /* Meta's WhatsApp Cloud API */
    PROVIDER_SIMULATOR, /* the built-in fake; speaks the Cloud API */
};
enum { PROVIDER_KIND_COUNT = 2 };
const char *provider_kind_to_text(enum provider_kind kind); /* "cloud", "simulator" */
bool provider_kind_from_text(struct text text, enum provider_kind *ret_kind);

/* What one sending number's requests need. Secrets in clear: keep it short-lived, never log it. */
struct provider_channel {
    struct text base_url;            /* "https://graph.facebook.com", no slash at the end */
    struct text api_version;         /* "v25.0"; empty leaves it out of the path */
    struct text phone_number_id;     /* decimal digits */
    struct text business_account_id; /* decimal digits; needed for templates only */
    struct text access_token;
    struct text app_secret;          /* signs webhooks, and appsecret_proof when not empty */
    struct text previous_app_secret; /* still accepted while a secret is being changed */
    /* By provider_channel_prepare(); empty: made for each request. */
    struct text secret_proof;
    struct text messages_url; /* ends in NUL, like the next one */
    struct text authorization;
};
/* Makes ahead what every request would make anew. */
void provider_channel_prepare(struct provider_channel *channel, struct arena *arena);

enum provider_message_type {
    PROVIDER_MESSAGE_TEXT,
    PROVIDER_MESSAGE_MEDIA,
    PROVIDER_MESSAGE_TEMPLATE,
};
enum provider_media_kind {
    PROVIDER_MEDIA_IMAGE,
    PROVIDER_MEDIA_VIDEO,
    PROVIDER_MEDIA_DOCUMENT,
    PROVIDER_MEDIA_AUDIO,
};
struct provider_media {
    enum provider_media_kind kind;
    struct text url;      /* http(s) link, or empty when media_id is used */
    struct text media_id; /* id of an upload */
    struct text caption;  /* dropped for audio, which has none */
    struct text filename; /* documents only */
};
struct provider_parameter {
    struct text name; /* empty in a positional template */
    struct text value;
};
struct provider_location {
    struct text latitude; /* decimal text */
    struct text longitude;
    struct text name;    /* may be empty */
    struct text address; /* may be empty */
};
enum provider_header_type {
    PROVIDER_HEADER_NONE,
    PROVIDER_HEADER_TEXT,
    PROVIDER_HEADER_MEDIA,
    PROVIDER_HEADER_LOCATION,
};
enum provider_button_type {
    PROVIDER_BUTTON_QUICK_REPLY, /* value = payload that comes back with the tap */
    PROVIDER_BUTTON_URL,         /* value = what is appended to the registered address */
    PROVIDER_BUTTON_COPY_CODE,   /* value = the coupon code */
};
struct provider_button {
    enum provider_button_type type;
    int index; /* position in the template, 0-9 */
    struct text value;
};
struct provider_template {
    struct text name;
    struct text language; /* exactly as approved: "en_US" */
    enum provider_header_type header_type;
    struct provider_parameter header; /* PROVIDER_HEADER_TEXT */
    struct provider_media header_media;
    struct provider_location header_location;
    const struct provider_parameter *body;
    size_t body_count;
    const struct provider_button *buttons;
    size_t button_count;
};
struct provider_message {
    enum provider_message_type type;
    struct text phone;   /* digits without plus; wins over user_id */
    struct text user_id; /* business-scoped user id, for people whose phone is hidden */
    struct text token;   /* comes back in every status; at most 512 bytes, no personal data */
    struct text body;    /* PROVIDER_MESSAGE_TEXT */
    bool preview_url;
    struct provider_media media;
    struct provider_template template;
};

/* An HTTP request ready for any client. Header values may hold secrets. */
enum { PROVIDER_HEADERS_MAX = 4 };
struct provider_request {
    const char *method; /* "GET" or "POST" */
    const char *url;
    struct http_header headers[PROVIDER_HEADERS_MAX];
    size_t header_count;
    struct text body; /* empty for GET */
};
/* Fills the parts of `ret_call` that a provider decides; time-outs stay the caller's. Everything is
 * borrowed from `request`. */
void provider_request_to_call(const struct provider_request *request, struct http_call *ret_call);

/* What the HTTP client saw of one request. */
enum provider_transport {
    PROVIDER_ANSWERED,     /* a whole answer, or a status line with what came of its body */
    PROVIDER_NOTHING_SENT, /* no byte of the request reached a connection: DNS, connect, TLS */
    PROVIDER_BROKEN,       /* some or all bytes left, then reset, end of stream or a TLS alert */
    PROVIDER_TIMED_OUT,    /* some or all bytes left, then silence */
};
enum { PROVIDER_PAUSE_MAX_MS = 24 * 60 * 60 * 1000 };
struct provider_reply {
    enum provider_transport transport;
    int status;         /* 0 = no status line came */
    bool body_complete; /* false = cut short or over the cap */
    struct text body;
    int64_t asked_pause_ms; /* by Retry-After, a day at most; 0 = nothing asked for */
    struct text usage;      /* header X-Business-Use-Case-Usage, or empty */
    struct text failure;    /* words of the HTTP client for people; no phone, no token */
};

void provider_reply_from_result(const struct http_result *result, struct provider_reply *ret_reply);

enum provider_result {
    PROVIDER_ACCEPTED,    /* accepted; provider_id may be empty when the answer was unreadable */
    PROVIDER_NOT_SENT,    /* no byte left: safe to try again */
    PROVIDER_RETRY_LATER, /* refused now: safe to try again after retry_after_ms */
    PROVIDER_REJECTED,    /* refused for good */
    PROVIDER_CHANNEL_TROUBLE, /* refused because of the number, account or token: hold the channel
                               */
    PROVIDER_UNKNOWN,         /* it may have been accepted: never send again blindly */
};
const char *provider_result_to_text(enum provider_result result);

/* Quality hold of an accepted template message: silence says nothing until it is released. */
enum provider_hold { PROVIDER_HOLD_NONE, PROVIDER_HOLD_QUALITY, PROVIDER_HOLD_PAUSED };

struct provider_outcome {
    enum provider_result result;
    enum provider_class class; /* finer kind; provider_class_to_text() names doubts and errors */
    int64_t code;              /* the provider's code; 0 = none was given */
    bool has_code;             /* true when the answer held a code, 0 included */
    int http_status;
    struct text title;      /* short words of the provider or of our table */
    struct text detail;     /* the provider's own details, for operators */
    struct text advice;     /* what to do, in plain words */
    int64_t retry_after_ms; /* 0 = nothing asked for; use the usual backoff */
    int max_tries;          /* 0 = usual; else give up after that many with this answer */
    bool suspicious;        /* answered outside the contract: tell an operator */
    enum provider_hold hold;
    struct text provider_id; /* wamid */
    struct text wa_id; /* digits the provider knows the person by; may differ from the phone */
    struct text user_id;
    struct text trace_id; /* the provider's own id of this call, for their support */
};

/* GET of the sending number: proves token, id and address; used by "test" and by probes. */
struct provider_number {
    struct text verified_name;
    struct text display_phone_number;
    struct text quality_rating;  /* GREEN, YELLOW, RED, UNKNOWN or empty */
    struct text messaging_limit; /* TIER_250 … TIER_UNLIMITED or empty */
    int64_t daily_limit;         /* people in 24 hours by that word; 0: none, or not said */
    struct text throughput;      /* STANDARD, HIGH or empty */
    struct text status;          /* CONNECTED … or empty */
};

struct provider_template_info {
    struct text id;
    struct text name;
    struct text language; /* with underscore: en_US */
    struct text category; /* MARKETING, UTILITY, AUTHENTICATION */
    struct text status;   /* APPROVED, PENDING, PAUSED … */
    struct text quality;  /* GREEN … or empty */
    struct text rejected_reason;
    bool named;                /* parameters carry names */
    struct text components;    /* the JSON array as given, compact */
    struct text header_format; /* TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION or empty */
    struct text body_text;
    const struct text *body_parameters; /* "1", "2" or names, in order of appearance, no repeats */
    size_t body_parameter_count;
    size_t header_parameter_count;
    size_t button_parameter_count; /* URL buttons with a variable */
    size_t button_count;
};
struct provider_template_page {
    struct provider_template_info *templates;
    size_t count;
    struct text after; /* cursor of the next page; empty = last page */
};

struct provider {
    enum provider_kind kind;

    /* Errors: ERROR_INVALID when the message cannot be said in this provider's words (no
     * recipient, token too long, text over the limit, a template parameter with a new line). */
    enum error_code (*encode_message)(const struct provider_channel *channel,
                                      const struct provider_message *message, struct arena *arena,
                                      struct provider_request *ret_request, struct error *error);

    /* Never fails: whatever came back has a meaning. */
    void (*decode_reply)(const struct provider_reply *reply, struct arena *arena,
                         struct provider_outcome *ret_outcome);

    /* Checks the signature over the raw bytes, in constant time, before anything is parsed.
     * Errors: ERROR_UNAUTHENTICATED when it is missing, malformed or wrong. */
    enum error_code (*verify_webhook)(const struct provider_channel *channel, struct text signature,
                                      struct text raw_body, struct error *error);

    /* Reads one webhook body. Unknown fields, types and statuses become PROVIDER_EVENT_IGNORED.
     * Errors: ERROR_INVALID when the body is not JSON of the provider's envelope. */
    enum error_code (*decode_webhook)(struct text raw_body, struct arena *arena,
                                      struct provider_events *ret_events, struct error *error);

    void (*encode_number)(const struct provider_channel *channel, struct arena *arena,
                          struct provider_request *ret_request);
    /* Errors carry the provider's own words and our advice. */
    enum error_code (*decode_number)(const struct provider_reply *reply, struct arena *arena,
                                     struct provider_number *ret_number, struct error *error);

    /* One page of the template list; `after` is empty for the first. */
    void (*encode_templates)(const struct provider_channel *channel, struct text after,
                             struct arena *arena, struct provider_request *ret_request);
    enum error_code (*decode_templates)(const struct provider_reply *reply, struct arena *arena,
                                        struct provider_template_page *ret_page,
                                        struct error *error);
};

const struct provider *provider_find(enum provider_kind kind);
