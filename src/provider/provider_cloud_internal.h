#pragma once

#include "base/json.h"
#include "provider/provider_cloud.h"

/* Shared by the files of the Cloud API codec only. */

enum {
    CLOUD_TOKEN_MAX = 512,
    CLOUD_TEXT_MAX = 4096,    /* UTF-16 units */
    CLOUD_CAPTION_MAX = 1024, /* UTF-16 units */
    CLOUD_WEBHOOK_MAX = 4 * 1024 * 1024,
};

/* Parses `body` into a tree that lives as long as the arena. */
MUST_USE enum error_code cloud_json_parse(struct text body, struct arena *arena,
                                          const struct json **ret_json, struct error *error);
/* A number that the provider writes as an integer or as text of digits. */
bool cloud_number(const struct json *json, int64_t *ret_value);
/* A text that may come as a number (ids): digits in the arena. Empty when absent or null. */
struct text cloud_text(const struct json *object, const char *name, struct arena *arena);
/* "en-US" → "en_US" */
struct text cloud_language(struct text language, struct arena *arena);
/* What an error object says: code, class, words. `error_json` may be NULL. */
void cloud_failure_read(const struct json *error_json, struct arena *arena,
                        struct provider_failure *ret_failure);

enum error_code cloud_encode_message(const struct provider_channel *channel,
                                     const struct provider_message *message, struct arena *arena,
                                     struct provider_request *ret_request, struct error *error);
void cloud_decode_reply(const struct provider_reply *reply, struct arena *arena,
                        struct provider_outcome *ret_outcome);
enum error_code cloud_verify_webhook(const struct provider_channel *channel, struct text signature,
                                     struct text raw_body, struct error *error);
enum error_code cloud_decode_webhook(struct text raw_body, struct arena *arena,
                                     struct provider_events *ret_events, struct error *error);
void cloud_encode_number(const struct provider_channel *channel, struct arena *arena,
                         struct provider_request *ret_request);
enum error_code cloud_decode_number(const struct provider_reply *reply, struct arena *arena,
                                    struct provider_number *ret_number, struct error *error);
void cloud_encode_templates(const struct provider_channel *channel, struct text after,
                            struct arena *arena, struct provider_request *ret_request);
enum error_code cloud_decode_templates(const struct provider_reply *reply, struct arena *arena,
                                       struct provider_template_page *ret_page,
                                       struct error *error);

/* "TIER_2K", 2000, "2000"; -1 "TIER_UNLIMITED"; 0 when it says nothing usable. */
int64_t cloud_read_limit(const struct json *value);

/* Address of `path` ("messages", "?fields=…") below the object `id`, with proof and headers. */
void cloud_request_init(const struct provider_channel *channel, const char *method, struct text id,
                        const char *path, struct text query, struct arena *arena,
                        struct provider_request *ret_request);
