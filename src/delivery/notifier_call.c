/* One request to a receiver: its body and signatures, and what its end means. What a receiver
 * answers is read up to a limit and never kept: only status and time are. */
#include "delivery/notifier_internal.h"

#include "base/instant.h"
#include "base/mem.h"
#include "delivery/webhook_payload.h"
#include "domain/standard_webhook.h"

#include <stdio.h>

enum {
    ANSWER_MAX = 16 * 1024,
    TIMEOUT_MS = 15000,
    ID_MAX = 128,
    SIGNATURES_MAX = 2 * STANDARD_WEBHOOK_SIGNATURE_MAX,
    RETRY_AFTER_MAX_MS = 24 * 60 * 60 * 1000,
};

/* ---- the end of a request ---- */

static int64_t retry_after_ms(const struct http_result *result)
{
    return http_retry_after_ms(http_result_header(result, "retry-after"),
                               http_result_header(result, "date"), RETRY_AFTER_MAX_MS);
}

static void explain(const struct http_result *result, char out[NOTIFIER_WORDS_MAX])
{
    if (result->status >= 300 && result->status < 400) {
        (void)snprintf(out, NOTIFIER_WORDS_MAX, "HTTP %d: redirects are not followed",
                       result->status);
    } else if (result->status != 0) {
        (void)snprintf(out, NOTIFIER_WORDS_MAX, "HTTP %d", result->status);
    } else if (result->timed_out) {
        (void)snprintf(out, NOTIFIER_WORDS_MAX, "no answer within %d seconds", TIMEOUT_MS / 1000);
    } else {
        (void)snprintf(out, NOTIFIER_WORDS_MAX, "%s: %.100s", http_stage_to_text(result->stage),
                       result->message);
    }
}

static void forget_call(struct notifier_call *call)
{
    struct notifier_call **at = &call->notifier->calls;
    while (*at != call) {
        at = &(*at)->next;
    }
    *at = call->next;
    call->notifier->call_count--;
    mem_free(call);
}

static void on_done(void *context, const struct http_result *result)
{
    struct notifier_call *call = context;
    struct notifier_outcome outcome = {
        .webhook_id = call->webhook_id,
        .delivery_id = call->delivery_id,
        .tries = call->tries,
        .duration_ms = result->duration_us / 1000,
        .status = result->status,
        /* A receiver that said 2xx has it, however much it says afterwards. */
        .success = result->status >= 200 && result->status < 300 &&
                   (result->stage == HTTP_STAGE_DONE || result->too_big),
        .gone = result->status == 410,
        .final = result->status == 410,
        .retry_after_ms = retry_after_ms(result),
    };
    if (!outcome.success) {
        explain(result, outcome.words);
    }
    notifier_add_outcome(call->notifier, &outcome);
    forget_call(call);
}

/* ---- the start ---- */

struct request {
    struct buffer body;
    char id[ID_MAX];
    char timestamp[24];
    char signatures[SIGNATURES_MAX];
};

static enum error_code sign(const struct notifier *notifier, const struct store_webhook *webhook,
                            int64_t now_ms, struct request *request, struct error *error)
{
    CLEANUP_IN_PLACE(webhook_secrets_done) struct webhook_secrets secrets = {0};
    char first[STANDARD_WEBHOOK_SIGNATURE_MAX];
    char second[STANDARD_WEBHOOK_SIGNATURE_MAX] = "";
    struct text id = text_from(request->id);
    struct text body = buffer_text(&request->body);
    enum error_code code = webhook_secrets_open(notifier->settings.master_key, webhook->id,
                                                webhook->secrets, &secrets, error);
    if (code != OK) {
        return code;
    }
    bool overlap = secrets.previous != NULL && now_ms < webhook->previous_until_ms;
    if (!standard_webhook_sign(secret_text(secrets.current), id, now_ms / 1000, body, first) ||
        (overlap &&
         !standard_webhook_sign(secret_text(secrets.previous), id, now_ms / 1000, body, second))) {
        return error_set(error, ERROR_INTERNAL, "the signing secret cannot be used");
    }
    (void)snprintf(request->timestamp, sizeof(request->timestamp), "%lld",
                   (long long)(now_ms / 1000));
    (void)snprintf(request->signatures, sizeof(request->signatures), "%s%s%s", first,
                   overlap ? " " : "", second);
    return OK;
}

/* The id is the same for every attempt, and no other installation has it. */
static enum error_code build(struct notifier *notifier, const struct store_webhook *webhook,
                             const struct store_webhook_delivery *delivery, struct request *request,
                             struct error *error)
{
    struct work work = {.arena = notifier->arena,
                        .db = notifier->db,
                        .now_ms = clock_now_ms(notifier->settings.clock)};
    enum error_code code =
        webhook_payload(&work, delivery->event_id, delivery->type, &request->body, error);
    (void)snprintf(request->id, sizeof(request->id), "msg_%s_%lld_%lld",
                   store_identity(notifier->settings.store)->install_id, (long long)webhook->id,
                   (long long)delivery->event_id);
    return code == OK ? sign(notifier, webhook, work.now_ms, request, error) : code;
}

static enum error_code post(struct notifier_call *call, const struct store_webhook *webhook,
                            const struct request *request, struct error *error)
{
    char agent[64];
    struct notifier *notifier = call->notifier;
    enum error_code code =
        target_check(webhook->url, notifier->settings.allow_local, &call->target, error);
    (void)snprintf(agent, sizeof(agent), "Dripline/%s", notifier->settings.version);
    const struct http_header headers[] = {
        {TEXT("content-type"), TEXT("application/json")},
        {TEXT("user-agent"), text_from(agent)},
        {TEXT("webhook-id"), text_from(request->id)},
        {TEXT("webhook-timestamp"), text_from(request->timestamp)},
        {TEXT("webhook-signature"), text_from(request->signatures)},
    };
    const struct http_call wanted = {
        .method = "POST",
        .url = arena_chars(notifier->arena, webhook->url),
        .body = buffer_text(&request->body),
        .headers = headers,
        .header_count = ARRAY_SIZE(headers),
        .allow_plain = call->target.plain,
        .connect_timeout_ms = TIMEOUT_MS,
        .total_timeout_ms = TIMEOUT_MS,
        .response_limit = ANSWER_MAX,
        .address_allowed = target_address_allowed,
        .address_context = &call->target,
    };
    return code == OK ? http_client_start(notifier->client, &wanted, on_done, call, error) : code;
}

void notifier_call_start(struct notifier *notifier, const struct store_webhook *webhook,
                         const struct store_webhook_delivery *delivery)
{
    struct error error = {0};
    struct request request = {.id = ""};
    buffer_init(&request.body, WEBHOOK_PAYLOAD_MAX);
    struct notifier_call *call = mem_zalloc(sizeof(*call));
    *call = (struct notifier_call){.notifier = notifier,
                                   .next = notifier->calls,
                                   .webhook_id = webhook->id,
                                   .delivery_id = delivery->id,
                                   .tries = delivery->tries};
    notifier->calls = call;
    notifier->call_count++;
    enum error_code code = build(notifier, webhook, delivery, &request, &error);
    if (code == OK) {
        code = post(call, webhook, &request, &error);
    }
    if (code != OK) {
        struct notifier_outcome outcome = {.webhook_id = webhook->id,
                                           .delivery_id = delivery->id,
                                           .tries = delivery->tries,
                                           .final = !error_retry_may_help(code)};
        (void)snprintf(outcome.words, sizeof(outcome.words), "%.150s", error.message);
        notifier_add_outcome(notifier, &outcome);
        forget_call(call);
    }
    buffer_done(&request.body);
}
