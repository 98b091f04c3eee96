/* Repeats of a POST. The answer is stored with a hash of the request in the transaction of its
 * effect, so a repeat after any crash either finds the answer or runs for the first time. All
 * writes run one after the other, so a repeat never meets a first try that still runs. */
#include "api/api_internal.h"

#include "base/file.h"
#include "service/idempotency.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { KEY_MAX = 255, ANSWER_KEPT_MAX = 256 * 1024 };

static bool takes_keys(const struct request *request)
{
    const struct api_route *route = request->match.route;
    return strcmp(route->method, "POST") == 0 && (route->flags & API_WRITE) != 0 &&
           (route->flags & API_NO_IDEMPOTENCY) == 0 &&
           (request->work.actor.kind != ACTOR_PUBLIC || request->key != NULL);
}

static enum error_code add_file(struct crypto_digest *digest, const char *path, struct error *error)
{
    char block[16384];
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = descriptor < 0 ? -1 : 1;
    while (got > 0) {
        got = read(descriptor, block, sizeof(block));
        if (got > 0) {
            crypto_digest_add(digest, text_make(block, (size_t)got));
        }
    }
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return got == 0 ? OK : error_set(error, ERROR_UNAVAILABLE, "could not read the upload");
}

enum error_code idempotent_prepare(struct request *request, struct error *error)
{
    struct text key = http_request_header(request->http, "idempotency-key");
    if (key.data == NULL || !takes_keys(request)) {
        return OK;
    }
    if (key.size == 0 || key.size > KEY_MAX || !text_is_utf8(key)) {
        return error_field(error, "Idempotency-Key", "invalid_format",
                           "must have 1 to %d characters", KEY_MAX);
    }
    uint8_t *hash = arena_alloc(request->arena, CRYPTO_SHA256_SIZE);
    struct crypto_digest digest;
    crypto_digest_init(&digest);
    crypto_digest_add(&digest, request->http->path);
    crypto_digest_add(&digest, TEXT("?"));
    crypto_digest_add(&digest, request->http->query);
    crypto_digest_add(&digest, TEXT("\n"));
    crypto_digest_add(&digest, request->http->body);
    if (request->http->body_path != NULL) {
        enum error_code code = add_file(&digest, request->http->body_path, error);
        if (code != OK) {
            return code;
        }
    }
    crypto_digest_done(&digest, hash);
    /* A body may hold a password: without the key its hash must not tell which. */
    crypto_hmac_sha256(request->dispatch->service->hash_key,
                       text_make((const char *)hash, CRYPTO_SHA256_SIZE), hash);
    request->idempotency_key = key;
    request->idempotency_hash = text_make((const char *)hash, CRYPTO_SHA256_SIZE);
    return OK;
}

static struct text caller_of(struct request *request)
{
    const struct actor *actor = &request->work.actor;
    const char *kind = actor->kind == ACTOR_PUBLIC ? "public"
                       : actor->kind == ACTOR_KEY  ? "key"
                       : actor->kind == ACTOR_USER ? "user"
                                                   : "cli";
    return arena_format(request->arena, "%s:%lld", kind, (long long)actor->id);
}

/* What belongs to the answer beside its body, in lines "Name: value". */
static struct text kept_headers(struct request *request)
{
    static const char *const NAMES[] = {"Location", "ETag"};
    struct text lines = TEXT("");
    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
        struct text value = http_response_header(&request->response, NAMES[i]);
        if (value.size > 0) {
            lines = arena_format(request->arena, "%.*s%s: %.*s\n", TEXT_ARGS(lines), NAMES[i],
                                 TEXT_ARGS(value));
        }
    }
    return lines;
}

static void restore_headers(struct http_response *response, struct text lines)
{
    struct text line, name;
    while (text_next(&lines, '\n', &line)) {
        char chars[32];
        if (text_next(&line, ':', &name) && name.size > 0 && name.size < sizeof(chars)) {
            (void)snprintf(chars, sizeof(chars), "%.*s", TEXT_ARGS(name));
            http_response_set_header(response, chars, text_trim(line));
        }
    }
}

enum error_code idempotent_begin(struct request *request, bool *ret_replayed, struct error *error)
{
    struct idempotency_answer stored = {0};
    bool found = false;
    *ret_replayed = false;
    if (request->idempotency_key.data == NULL) {
        return OK;
    }
    enum error_code code =
        idempotency_find(request->call.work, caller_of(request), request->idempotency_key,
                         request->idempotency_hash, &stored, &found, error);
    if (code != OK || !found) {
        if (code == ERROR_INVALID) {
            request->problem_status = 422;
            request->problem_code = "idempotency_key_reused";
        }
        return code;
    }
    if ((request->match.route->flags & API_SENSITIVE) != 0) {
        return error_set(error, ERROR_CONFLICT,
                         "this was done already; its answer held a secret and was not kept");
    }
    struct http_response *response = &request->response;
    response->status = (int)stored.status;
    if (stored.content_type.size > 0) {
        http_response_set_header(response, "Content-Type", stored.content_type);
    }
    restore_headers(response, stored.headers);
    http_response_set_header(response, "Idempotent-Replayed", TEXT("true"));
    buffer_add_text(&response->body, stored.body);
    *ret_replayed = true;
    return OK;
}

enum error_code idempotent_end(struct request *request, struct error *error)
{
    const struct http_response *response = &request->response;
    if (request->idempotency_key.data == NULL || response->stream != NULL) {
        return OK;
    }
    struct idempotency_answer answer = {
        .status = response->status,
        .content_type = http_response_header(response, "content-type"),
        .body = buffer_text(&response->body),
        .headers = kept_headers(request),
    };
    if ((request->match.route->flags & API_SENSITIVE) != 0 || answer.body.size > ANSWER_KEPT_MAX) {
        answer.body = TEXT("{}"); /* the effect is not repeated, but its answer is not kept */
    }
    return idempotency_store(request->call.work, caller_of(request), request->idempotency_key,
                             request->idempotency_hash, &answer, error);
}
