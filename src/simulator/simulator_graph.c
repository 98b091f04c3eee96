/* The fake Graph API around the send call: tokens, error envelopes, the sending number, templates,
 * media and subscriptions. Any version in the path is taken. */
#include "simulator/simulator_internal.h"

#include "base/crypto.h"

#include <stdio.h>

enum { PARTS_MAX = 4, LIST_MAX = 100 };

struct code_words {
    int64_t code;
    int status;
    const char *title;
};
static const struct code_words CODES[] = {
    {0, 401, "AuthException"},
    {1, 400, "API Unknown"},
    {2, 503, "API Service"},
    {3, 500, "API Method"},
    {4, 400, "Application request limit reached"},
    {10, 403, "Permission Denied"},
    {17, 429, "User request limit reached"},
    {33, 400, "Parameter value is not valid"},
    {100, 400, "Invalid parameter"},
    {104, 401, "An access token is required to request this resource."},
    {190, 401, "Invalid OAuth access token"},
    {200, 403, "API Permission"},
    {368, 403, "Temporarily blocked for policies violations"},
    {613, 400, "Calls to this API have exceeded the rate limit"},
    {803, 404, "Object not found"},
    {80007, 400, "Rate limit issues"},
    {130403, 400, "User is blocked by the business"},
    {130429, 400, "Rate limit hit"},
    {130472, 400, "User's number is part of an experiment"},
    {130497, 403, "Business account is restricted from messaging users in this country"},
    {131000, 500, "Something went wrong"},
    {131005, 403, "Access denied"},
    {131008, 400, "Required parameter is missing"},
    {131009, 400, "Parameter value is not valid"},
    {131016, 500, "Service unavailable"},
    {131021, 400, "Recipient cannot be sender"},
    {131026, 400, "Message undeliverable"},
    {131030, 400, "Recipient phone number not in allowed list"},
    {131031, 403, "Account has been locked"},
    {131037, 400, "Display name not approved"},
    {131042, 400, "Business eligibility payment issue"},
    {131045, 500, "Message failed to send: incorrect certificate"},
    {131047, 400, "Re-engagement message"},
    {131048, 400, "Spam rate limit hit"},
    {131049, 400, "Meta chose not to deliver"},
    {131050, 400, "User has stopped receiving marketing messages"},
    {131051, 400, "Unsupported message type"},
    {131052, 400, "Media download error"},
    {131053, 400, "Media upload error"},
    {131055, 400, "Method not allowed"},
    {131056, 400, "(Business Account, Consumer Account) pair rate limit hit"},
    {131057, 500, "Account in maintenance mode"},
    {131062, 400, "Recipient not supported"},
    {131063, 400, "Marketing messages are disabled"},
    {131064, 400, "Messaging is limited"},
    {132000, 400, "Template parameter count mismatch"},
    {132001, 404, "Template does not exist"},
    {132005, 400, "Template hydrated text too long"},
    {132007, 400, "Template format character policy violated"},
    {132008, 400, "Template parameter value not valid"},
    {132012, 400, "Template parameter format mismatch"},
    {132015, 400, "Template is paused"},
    {132016, 400, "Template is disabled"},
    {132018, 400, "Template parameters are not valid"},
    {132068, 400, "Flow is blocked"},
    {132069, 400, "Flow is throttled"},
    {133000, 500, "Incomplete deregistration"},
    {133004, 503, "Server temporarily unavailable"},
    {133005, 400, "Two-step verification PIN mismatch"},
    {133006, 400, "Phone number re-verification needed"},
    {133008, 400, "Too many two-step verification PIN guesses"},
    {133009, 400, "Two-step verification PIN guessed too fast"},
    {133010, 400, "Phone number not registered"},
    {133015, 400, "Phone number was deleted recently"},
    {133016, 400, "Account register deregister rate limit exceeded"},
    {134011, 403, "WhatsApp Payments terms not accepted"},
    {134100, 400, "Only marketing messages are supported"},
    {134101, 400, "Template is still being synced"},
    {134102, 500, "Template is not available"},
    {135000, 400, "Generic user error"},
    {137000, 400, "Identity key hash mismatch"},
    {2494100, 400, "Phone number in maintenance"},
};

bool graph_code_words(int64_t code, int *ret_status, const char **ret_title)
{
    for (size_t i = 0; i < ARRAY_SIZE(CODES); i++) {
        if (CODES[i].code == code) {
            *ret_status = CODES[i].status;
            *ret_title = CODES[i].title;
            return true;
        }
    }
    return false;
}

void graph_error(struct job *job, int status, int64_t code, int64_t subcode, const char *title,
                 const char *details)
{
    struct http_response *response = &job->response;
    struct json_writer writer;
    char message[300];
    http_response_clear(response);
    response->status = status;
    http_response_set_header(response, "Content-Type", TEXT("application/json; charset=UTF-8"));
    if (code == 4 || code == 80007) {
        http_response_set_header(response, "X-Business-Use-Case-Usage",
                                 TEXT("{\"2000000001\":[{\"type\":\"whatsapp\",\"call_count\":100,"
                                      "\"total_cputime\":25,\"total_time\":25,"
                                      "\"estimated_time_to_regain_access\":1}]}"));
    }
    (void)snprintf(message, sizeof(message), "(#%lld) %s", (long long)code, title);
    json_writer_init(&writer, &response->body);
    json_object_begin(&writer);
    json_key(&writer, "error");
    json_object_begin(&writer);
    json_field_chars(&writer, "message", message);
    json_field_chars(&writer, "type", "OAuthException");
    json_field_int64(&writer, "code", code);
    if (subcode != 0) {
        json_field_int64(&writer, "error_subcode", subcode);
    }
    json_key(&writer, "error_data");
    json_object_begin(&writer);
    json_field_chars(&writer, "messaging_product", "whatsapp");
    json_field_chars(&writer, "details", details);
    json_object_end(&writer);
    json_field_chars(&writer, "fbtrace_id", "Asimulated0000000000000");
    json_object_end(&writer);
    json_object_end(&writer);
}

static void answer_json(struct job *job, struct json_writer *ret_writer)
{
    http_response_set_header(&job->response, "Content-Type",
                             TEXT("application/json; charset=UTF-8"));
    json_writer_init(ret_writer, &job->response.body);
}

static void answer_success(struct job *job)
{
    struct json_writer writer;
    answer_json(job, &writer);
    json_raw(&writer, TEXT("{\"success\":true}"));
}

static struct text query_value(struct simulator *simulator, struct job *job, const char *name)
{
    struct text rest = job->request->query;
    struct text key;
    struct text value;
    bool valid;
    while (http_form_next(simulator->arena, &rest, &key, &value, &valid)) {
        if (valid && text_equal(key, text_from(name))) {
            return value;
        }
    }
    return (struct text){0};
}

/* A token that was stolen is of no use without the app's secret: who sends the proof of knowing it
 * must send the right one. */
static bool proof_good(struct simulator *simulator, struct job *job, struct text token)
{
    struct text given = query_value(simulator, job, "appsecret_proof");
    uint8_t digest[CRYPTO_SHA256_SIZE];
    char wanted[2 * CRYPTO_SHA256_SIZE + 1];
    if (given.data == NULL) {
        return true;
    }
    crypto_hmac_sha256(text_from(simulator->app_secret), token, digest);
    crypto_hex(digest, sizeof(digest), wanted);
    if (!text_equal(given, text_from(wanted))) {
        graph_error(job, 400, 100, 0, "Invalid appsecret_proof provided in the API argument",
                    "wrong proof");
        return false;
    }
    return true;
}

static bool token_good(struct simulator *simulator, struct job *job)
{
    struct text header = http_request_header(job->request, "Authorization");
    static const struct text BEARER = TEXT_INIT("Bearer ");
    if (!text_starts_with(header, BEARER) || header.size == BEARER.size) {
        graph_error(job, 401, 104, 0, "An access token is required to request this resource.",
                    "no token");
        return false;
    }
    struct text token = text_skip(header, BEARER.size);
    struct text wanted = text_from(simulator->faults.token);
    if (wanted.size > 0 && !text_equal(token, wanted)) {
        graph_error(job, 401, 190, 463, "Error validating access token: Session has expired",
                    "expired");
        return false;
    }
    return proof_good(simulator, job, token);
}

static void write_number(const struct number *number, struct json_writer *writer)
{
    json_object_begin(writer);
    json_field_chars(writer, "verified_name", "Simulated Business");
    json_field_chars(writer, "display_phone_number", number->phone);
    json_field_chars(writer, "quality_rating", "GREEN");
    json_field_chars(writer, "code_verification_status", "VERIFIED");
    json_field_chars(writer, "platform_type", "CLOUD_API");
    json_field_raw(writer, "throughput", TEXT("{\"level\":\"STANDARD\"}"));
    json_field_chars(writer, "status", "CONNECTED");
    json_field_chars(writer, "whatsapp_business_manager_messaging_limit", "TIER_UNLIMITED");
    json_field_chars(writer, "id", number->id);
    json_object_end(writer);
}

static void get_object(struct simulator *simulator, struct job *job, struct text id)
{
    struct json_writer writer;
    struct number *number = world_number(&simulator->world, id);
    if (number == NULL) {
        graph_error(job, 400, 100, 33, "Unsupported get request",
                    "Object does not exist, cannot be loaded due to missing permissions");
        return;
    }
    answer_json(job, &writer);
    write_number(number, &writer);
}

static void list_templates(struct simulator *simulator, struct job *job)
{
    int64_t skip = 0;
    int64_t limit = 0;
    bool more = false;
    struct json_writer writer;
    (void)text_to_int64(query_value(simulator, job, "after"), &skip);
    if (!text_to_int64(query_value(simulator, job, "limit"), &limit) || limit < 1 ||
        limit > LIST_MAX) {
        limit = 25;
    }
    answer_json(job, &writer);
    json_object_begin(&writer);
    json_key(&writer, "data");
    json_array_begin(&writer);
    world_write_templates(&simulator->world, query_value(simulator, job, "status"),
                          query_value(simulator, job, "name"), (size_t)(skip < 0 ? 0 : skip),
                          (size_t)limit, &writer, &more);
    json_array_end(&writer);
    json_key(&writer, "paging");
    json_object_begin(&writer);
    char after[24];
    (void)snprintf(after, sizeof(after), "%lld", (long long)(skip + limit));
    json_key(&writer, "cursors");
    json_object_begin(&writer);
    json_field_chars(&writer, "before", "0");
    json_field_chars(&writer, "after", after);
    json_object_end(&writer);
    if (more) {
        json_field_chars(&writer, "next", "https://graph.example.invalid/next");
    }
    json_object_end(&writer);
    json_object_end(&writer);
}

static void create_template(struct simulator *simulator, struct job *job)
{
    struct error error = {0};
    struct json *json = NULL;
    if (json_parse(job->request->body, NULL, &json, &error) != OK ||
        world_template_put(&simulator->world, json, &error) != OK) {
        graph_error(job, 400, 100, 0, "Invalid parameter", error.message);
        json_free(json);
        return;
    }
    world_template_status(&simulator->world, json_get_text(json, "name"),
                          json_get_text(json, "language"), TEXT("PENDING"));
    json_free(json);
    char id[24];
    struct json_writer writer;
    (void)snprintf(id, sizeof(id), "%lld", (long long)simulator->world.template_number);
    answer_json(job, &writer);
    json_object_begin(&writer);
    json_field_chars(&writer, "id", id);
    json_field_chars(&writer, "status", "PENDING");
    json_object_end(&writer);
}

static void list_numbers(struct simulator *simulator, struct job *job)
{
    struct json_writer writer;
    answer_json(job, &writer);
    json_object_begin(&writer);
    json_key(&writer, "data");
    json_array_begin(&writer);
    for (size_t i = 0; i < simulator->world.number_count; i++) {
        write_number(&simulator->world.numbers[i], &writer);
    }
    json_array_end(&writer);
    json_object_end(&writer);
}

static void take_media(struct simulator *simulator, struct job *job)
{
    char id[32];
    struct json_writer writer;
    (void)snprintf(id, sizeof(id), "8%015lld", (long long)++simulator->world.message_number);
    answer_json(job, &writer);
    json_object_begin(&writer);
    json_field_chars(&writer, "id", id);
    json_object_end(&writer);
}

/* {"status":"read","message_id":…} on the send address marks a message as read. */
static bool is_read_mark(const struct job *job)
{
    size_t at;
    return text_find_text(job->request->body, TEXT("\"message_id\""), &at) &&
           text_find_text(job->request->body, TEXT("\"status\""), &at);
}

static void post_object(struct simulator *simulator, struct job *job, struct text id,
                        struct text edge)
{
    if (text_equal(edge, TEXT("messages")) || text_equal(edge, TEXT("marketing_messages"))) {
        if (is_read_mark(job)) {
            answer_success(job);
        } else {
            graph_send(simulator, job, id);
        }
    } else if (text_equal(edge, TEXT("media"))) {
        take_media(simulator, job);
    } else if (text_equal(edge, TEXT("message_templates"))) {
        create_template(simulator, job);
    } else if (text_equal(edge, TEXT("subscribed_apps")) || edge.size == 0) {
        answer_success(job);
    } else {
        graph_error(job, 404, 803, 0, "Object not found", "Unknown path");
    }
}

static bool is_version(struct text part)
{
    return part.size >= 2 && part.data[0] == 'v' && part.data[1] >= '0' && part.data[1] <= '9';
}

void graph_handle(struct simulator *simulator, struct job *job)
{
    struct text parts[PARTS_MAX] = {{0}};
    size_t count = 0;
    struct text rest = text_skip(job->request->path, 1);
    struct text part;
    while (count < PARTS_MAX && text_next(&rest, '/', &part)) {
        if (part.size > 0 && !(count == 0 && is_version(part))) {
            parts[count++] = part;
        }
    }
    if (count == 0) {
        struct json_writer writer;
        answer_json(job, &writer);
        json_raw(&writer, TEXT("{\"simulator\":\"dripline\"}"));
        return;
    }
    if (!token_good(simulator, job)) {
        return;
    }
    bool is_get = text_equal(job->request->method, TEXT("GET"));
    if (!is_get && text_equal(job->request->method, TEXT("POST"))) {
        post_object(simulator, job, parts[0], parts[1]);
    } else if (is_get && count == 1) {
        get_object(simulator, job, parts[0]);
    } else if (is_get && text_equal(parts[1], TEXT("message_templates"))) {
        list_templates(simulator, job);
    } else if (is_get && text_equal(parts[1], TEXT("phone_numbers"))) {
        list_numbers(simulator, job);
    } else {
        graph_error(job, 404, 803, 0, "Object not found", "Unknown path");
    }
}
