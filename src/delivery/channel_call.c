/* One request to a provider that somebody waits for: see channel_call.h. */
#include "delivery/channel_call.h"

#include "net/http_client.h"

enum { CALL_MAX_MS = 15 * 1000, ANSWER_MAX = 4 * 1024 * 1024, ROUNDS_MAX = 10 * 1000 };

struct waiting {
    struct arena *arena;
    struct provider_reply *reply;
    bool done;
};

static void finished(void *context, const struct http_result *result)
{
    struct waiting *waiting = context;
    provider_reply_from_result(result, waiting->reply);
    waiting->reply->body = arena_text(waiting->arena, waiting->reply->body);
    waiting->reply->usage = arena_text(waiting->arena, waiting->reply->usage);
    waiting->reply->failure = arena_text(waiting->arena, waiting->reply->failure);
    waiting->done = true;
}

void channel_call(const struct provider_request *request, bool allow_plain, struct arena *arena,
                  struct provider_reply *ret_reply)
{
    struct error error = {0};
    CLEANUP(http_client_free) struct http_client *client = NULL;
    struct waiting waiting = {.arena = arena, .reply = ret_reply};
    struct http_call call = {
        .allow_plain = allow_plain,
        .connect_timeout_ms = CALL_MAX_MS / 3,
        .total_timeout_ms = CALL_MAX_MS,
        .response_limit = ANSWER_MAX,
    };
    provider_request_to_call(request, &call);
    *ret_reply = (struct provider_reply){.transport = PROVIDER_NOTHING_SENT};
    enum error_code code = http_client_new(&(struct http_client_settings){0}, &client, &error);
    if (code == OK) {
        code = http_client_start(client, &call, finished, &waiting, &error);
    }
    if (code != OK) {
        ret_reply->failure = arena_text(arena, text_from(error.message));
        return;
    }
    for (int i = 0; i < ROUNDS_MAX && !waiting.done; i++) {
        http_client_poll(client, CALL_MAX_MS);
    }
}
