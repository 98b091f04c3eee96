/* /webhooks/whatsapp/:channel: the provider's door. GET is its verification; POST brings statuses
 * and messages. The signature is checked over the raw bytes before anything is parsed, everything
 * is written before the answer, and a commit that fails is answered 503, so that the provider
 * tries again. The channel called "simulator" is the common address of the simulator inside this
 * process. */
#include "api/routes.h"

#include "base/crypto.h"
#include "base/metrics.h"
#include "service/channels.h"
#include "service/inbound.h"

enum { CHALLENGE_MAX = 32, TOKEN_MAX = 200 };

struct webhook {
    int64_t channel_id; /* 0: the simulator's address */
    struct provider_events events;
    bool readable;
};

/* The channel of the path with its secrets. */
static enum error_code open_channel(struct api_call *call, struct channel_open *ret_open,
                                    struct error *error)
{
    int64_t id = 0;
    if (text_equal(call->params[0], TEXT("simulator")) &&
        call->service->simulator.base_url != NULL) {
        char *secret = arena_alloc(call->work->arena, CHANNELS_SIMULATOR_SECRET_MAX);
        channels_simulator_secret(call->service, secret);
        *ret_open = (struct channel_open){
            .provider = provider_find(PROVIDER_SIMULATOR),
            .access = {.app_secret = text_from(secret)},
        };
        return OK;
    }
    enum error_code code = api_param_id(call, 0, ID_CHANNEL, &id, error);
    return code == OK ? channels_open(call->work, call->service, id, ret_open, error) : code;
}

static bool is_challenge(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return text.size > 0 && text.size <= CHALLENGE_MAX;
}

/* The challenge goes back as it came, so only digits do: anything else could be a page. */
static enum error_code verify(struct api_call *call, struct error *error)
{
    struct channel_open open;
    struct api_query query;
    struct text mode = {0};
    struct text token = {0};
    struct text challenge = {0};
    api_query_open(&query, call, error);
    (void)api_query_text(&query, "hub.mode", 20, &mode);
    (void)api_query_text(&query, "hub.verify_token", TOKEN_MAX, &token);
    (void)api_query_text(&query, "hub.challenge", TOKEN_MAX, &challenge);
    enum error_code code = api_query_done(&query);
    if (code == OK) {
        code = open_channel(call, &open, error);
    }
    if (code != OK) {
        return code;
    }
    if (!text_equal(mode, TEXT("subscribe")) || open.verify_token.size == 0 ||
        !crypto_equal_text(token, open.verify_token)) {
        return error_set(error, ERROR_DENIED, "the verification token is wrong");
    }
    if (!is_challenge(challenge)) {
        return error_field(error, "hub.challenge", "invalid_format", "must be digits");
    }
    http_response_set_header(call->response, "Content-Type", TEXT("text/plain"));
    http_response_set_header(call->response, "X-Content-Type-Options", TEXT("nosniff"));
    buffer_add_text(&call->response->body, challenge);
    return OK;
}

/* On the read worker: proves who sent it, then reads it. */
static enum error_code prepare_events(struct api_call *call, struct error *error)
{
    struct channel_open open;
    struct error unreadable = {0};
    struct webhook *webhook = arena_alloc(call->work->arena, sizeof(*webhook));
    enum error_code code = open_channel(call, &open, error);
    if (code == OK) {
        code = open.provider->verify_webhook(
            &open.access, http_request_header(call->request, "X-Hub-Signature-256"),
            call->request->body, error);
        metric_add(code == OK ? &METRICS.webhooks_accepted : &METRICS.webhooks_refused, 1);
    }
    if (code != OK) {
        return code;
    }
    webhook->channel_id = open.channel.id;
    webhook->readable = open.provider->decode_webhook(call->request->body, call->work->arena,
                                                      &webhook->events, &unreadable) == OK;
    call->prepared = webhook;
    return OK;
}

static enum error_code take_events(struct api_call *call, struct error *error)
{
    const struct webhook *webhook = call->prepared;
    if (!webhook->readable) {
        /* Signed by the provider and yet unreadable: kept, because asking for it again would only
         * bring it again. */
        return inbound_keep_unread(call->work, webhook->channel_id, call->request->body, error);
    }
    return inbound_apply(call->work, call->service, webhook->channel_id, webhook->events.items,
                         webhook->events.count, error);
}

const struct api_route API_WEBHOOK_WHATSAPP_ROUTES[] = {
    {"GET", "/webhooks/whatsapp/:channel", "webhook_whatsapp_verify", API_PUBLIC, 0, verify, NULL},
    {"POST", "/webhooks/whatsapp/:channel", "webhook_whatsapp_receive", API_PUBLIC,
     API_WRITE | API_RAW | API_NO_IDEMPOTENCY, take_events, prepare_events},
    {0},
};
