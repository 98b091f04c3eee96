/* Talking to the API over the data directory's Unix socket: see cli_client.h. */
#include "cli/cli_client.h"

#include "base/file.h"
#include "base/mem.h"
#include "cli/cli_local.h"
#include "net/http_client.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX = 256 * 1024 * 1024, ANSWER_TIMEOUT_MS = 24 * 60 * 60 * 1000 };

struct cli_client {
    struct cli_local *local; /* NULL: a server runs */
    struct http_client *http;
    char *socket_path;
};

enum error_code cli_client_open(const struct cli *cli, struct cli_client **ret_client,
                                struct error *error)
{
    CLEANUP(cli_client_close) struct cli_client *client = mem_zalloc(sizeof(*client));
    client->socket_path = file_join(cli->data, "dripline.sock");
    enum error_code code = OK;
    if (store_lock_holder(cli->data) == 0) {
        code = cli_local_open(cli, true, &client->local, error);
        if (code == OK) {
            code = cli_local_listen(client->local, error);
        }
    }
    const struct http_client_settings settings = {.unix_path = client->socket_path};
    if (code == OK) {
        code = http_client_new(&settings, &client->http, error);
    }
    if (code == OK) {
        *ret_client = TAKE(client);
    }
    return code;
}

void cli_client_close(struct cli_client *client)
{
    if (client != NULL) {
        http_client_free(client->http); /* first: the server waits for its connections */
        cli_local_close(client->local);
        mem_free(client->socket_path);
        mem_free(client);
    }
}

void cli_answer_done(struct cli_answer *answer)
{
    buffer_done(&answer->body);
    json_free(answer->json);
    *answer = (struct cli_answer){0};
}

/* ---- answers that are no success ---- */

static enum error_code code_of(int status)
{
    switch (status) {
    case 401:
        return ERROR_UNAUTHENTICATED;
    case 403:
        return ERROR_DENIED;
    case 404:
        return ERROR_NOT_FOUND;
    case 409:
    case 412:
        return ERROR_CONFLICT;
    case 413:
        return ERROR_TOO_BIG;
    case 415:
        return ERROR_UNSUPPORTED;
    case 429:
        return ERROR_TOO_MANY;
    case 503:
        return ERROR_UNAVAILABLE;
    default:
        return status >= 500 ? ERROR_INTERNAL : ERROR_INVALID;
    }
}

static enum error_code explain(const struct cli_answer *answer, struct error *error)
{
    struct text detail = json_get_text(answer->json, "detail");
    struct text title = json_get_text(answer->json, "title");
    const struct json *fields = json_get(answer->json, "errors");
    enum error_code code = code_of(answer->status);
    struct text words = detail.size > 0 ? detail : title;
    for (size_t at = 0; at < json_count(fields); at++) {
        const struct json *field = json_at(fields, at);
        struct text name = json_get_text(field, "field");
        struct text message = json_get_text(field, "message");
        char path[96];
        char word[32];
        (void)snprintf(path, sizeof(path), "%.*s", TEXT_ARGS(name));
        (void)snprintf(word, sizeof(word), "%.*s", TEXT_ARGS(json_get_text(field, "code")));
        (void)error_field(error, path, word, "%.*s", TEXT_ARGS(message));
    }
    if (error != NULL) {
        error->code = code;
        if (words.size > 0) {
            (void)snprintf(error->message, sizeof(error->message), "%.*s", TEXT_ARGS(words));
        } else {
            (void)snprintf(error->message, sizeof(error->message), "the server answered %d",
                           answer->status);
        }
    }
    return code;
}

/* ---- one call ---- */

struct pending {
    struct cli_answer *answer;
    bool done;
    bool complete;
    char message[200];
};

static void on_answer(void *context, const struct http_result *result)
{
    struct pending *pending = context;
    pending->done = true;
    pending->complete = result->stage == HTTP_STAGE_DONE;
    pending->answer->status = result->status;
    (void)snprintf(pending->message, sizeof(pending->message), "%s", result->message);
    buffer_add_text(&pending->answer->body, result->body);
}

static enum error_code exchange(struct cli_client *client, const struct cli_request *request,
                                struct cli_answer *answer, struct error *error)
{
    char url[4096];
    struct pending pending = {.answer = answer};
    struct http_header header = {
        TEXT("Content-Type"),
        text_from(request->content_type == NULL ? "application/json" : request->content_type)};
    bool has_body = request->body.size > 0 || request->body_path != NULL;
    (void)snprintf(url, sizeof(url), "http://localhost%s", request->path);
    const struct http_call call = {
        .method = request->method,
        .url = url,
        .body = request->body,
        .body_path = request->body_path,
        .headers = &header,
        .header_count = has_body ? 1 : 0,
        .allow_plain = true,
        .total_timeout_ms = ANSWER_TIMEOUT_MS,
        .response_limit = ANSWER_MAX,
    };
    enum error_code code = http_client_start(client->http, &call, on_answer, &pending, error);
    while (code == OK && !pending.done) {
        http_client_poll(client->http, 1000);
    }
    if (code == OK && !pending.complete) {
        return error_set(error, ERROR_UNAVAILABLE, "could not talk to the server: %s",
                         pending.message);
    }
    return code;
}

enum error_code cli_ask(struct cli_client *client, const struct cli_request *request,
                        struct cli_answer *ret_answer, struct error *error)
{
    struct cli_answer answer = {0};
    const struct json_limits limits = {.size = ANSWER_MAX};
    buffer_init(&answer.body, ANSWER_MAX);
    enum error_code code = exchange(client, request, &answer, error);
    if (code == OK && answer.body.size > 0) {
        enum error_code ignored =
            json_parse(buffer_text(&answer.body), &limits, &answer.json, NULL);
        (void)ignored; /* answers that are no JSON have no fields to look at */
    }
    if (code == OK && (answer.status < 200 || answer.status > 299)) {
        code = explain(&answer, error);
    }
    if (code != OK) {
        cli_answer_done(&answer);
        return code;
    }
    *ret_answer = answer;
    return OK;
}

enum error_code cli_ask_once(const struct cli *cli, const struct cli_request *request,
                             struct cli_answer *ret_answer, struct error *error)
{
    CLEANUP(cli_client_close) struct cli_client *client = NULL;
    enum error_code code = cli_client_open(cli, &client, error);
    return code == OK ? cli_ask(client, request, ret_answer, error) : code;
}

enum error_code cli_get(struct cli_client *client, const char *path, struct cli_answer *ret_answer,
                        struct error *error)
{
    const struct cli_request request = {.method = "GET", .path = path};
    return cli_ask(client, &request, ret_answer, error);
}
