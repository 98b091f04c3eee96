/* Many HTTP calls at once on one thread, by libcurl's multi interface: starts them, moves them, and
 * judges how far each came. When in doubt it says that bytes were handed over. */
#include "net/http_client_internal.h"

#include "base/clock.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *http_stage_to_text(enum http_stage stage)
{
    static const char *const texts[] = {"resolve", "connect", "tls", "write", "read", "done"};
    return texts[stage];
}

struct text http_result_header(const struct http_result *result, const char *name)
{
    for (size_t i = 0; i < result->header_count; i++) {
        if (text_equal_ignore_case(result->headers[i].name, text_from(name))) {
            return result->headers[i].value;
        }
    }
    return (struct text){0};
}

static void call_free(struct call *call)
{
    call_forget(call);
    curl_easy_cleanup(call->kept.easy);
    buffer_done(&call->kept.header_text);
    buffer_done(&call->kept.answer);
    arena_free(call->kept.arena);
    mem_free(call);
}

static void call_end(struct call *call)
{
    struct http_client *client = call->kept.client;
    if (call->upload >= 0) {
        (void)close(call->upload);
    }
    if (call->save >= 0) {
        (void)close(call->save);
    }
    mem_free(call->body);
    if (client->spare_count == CALLS_KEPT) {
        call_free(call);
        return;
    }
    struct call_kept kept = call->kept;
    arena_reset(kept.arena);
    *call = (struct call){.kept = kept, .next = client->spare};
    client->spare = call;
    client->spare_count++;
}

static struct call *call_take(struct http_client *client)
{
    struct call *call = client->spare;
    if (call != NULL) {
        client->spare = call->next;
        client->spare_count--;
        call->next = NULL;
        return call;
    }
    call = mem_zalloc(sizeof(*call));
    call->kept.client = client;
    call->kept.arena = arena_new();
    call->kept.easy = curl_easy_init();
    buffer_init(&call->kept.header_text, HEADERS_OUT_MAX);
    CHECK(call->kept.easy != NULL);
    return call;
}

static struct call *call_new(struct http_client *client, const struct http_call *wanted)
{
    struct call *call = call_take(client);
    call->upload = -1;
    call->save = -1;
    call->address_allowed = wanted->address_allowed;
    call->address_context = wanted->address_context;
    call->answer_limit = wanted->response_limit == 0 ? ANSWER_BODY_MAX : wanted->response_limit;
    buffer_clear(&call->kept.answer);
    call->kept.answer.limit = call->answer_limit;
    if (wanted->body.size > 0) {
        call->body = mem_copy(wanted->body.data, wanted->body.size);
        call->body_size = (int64_t)wanted->body.size;
    }
    return call;
}

/* Most calls of a client go to the address of the call before. */
static enum error_code check_url(struct http_client *client, const struct http_call *wanted,
                                 struct error *error)
{
    if (client->checked_url != NULL && client->checked_plain == wanted->allow_plain &&
        strcmp(client->checked_url, wanted->url) == 0) {
        return OK;
    }
    enum error_code code = call_check_url(wanted, error);
    if (code == OK) {
        mem_free(client->checked_url);
        client->checked_url = mem_copy_text(wanted->url);
        client->checked_plain = wanted->allow_plain;
    }
    return code;
}

enum error_code http_client_start(struct http_client *client, const struct http_call *wanted,
                                  http_done_fn *done, void *context, struct error *error)
{
    enum error_code code = check_url(client, wanted, error);
    if (code != OK) {
        return code;
    }
    struct call *call = call_new(client, wanted);
    code = call_set_up(call, wanted, error);
    if (code != OK) {
        call_end(call);
        return code;
    }
    call->done = done;
    call->context = context;
    call->started_us = clock_measure_us();
    CHECK(curl_multi_add_handle(client->multi, call->kept.easy) == CURLM_OK);
    call->next = client->running;
    if (call->next != NULL) {
        call->next->previous = call;
    }
    client->running = call;
    client->running_count++;
    return OK;
}

/* ---- the end of a call ---- */

static int64_t easy_info(CURL *easy, CURLINFO info)
{
    curl_off_t value = 0;
    (void)curl_easy_getinfo(easy, info, &value);
    return (int64_t)value;
}

static bool is_tls_failure(CURLcode outcome)
{
    return outcome == CURLE_SSL_CONNECT_ERROR || outcome == CURLE_PEER_FAILED_VERIFICATION ||
           outcome == CURLE_SSL_CERTPROBLEM || outcome == CURLE_SSL_CIPHER ||
           outcome == CURLE_SSL_CACERT_BADFILE || outcome == CURLE_SSL_ISSUER_ERROR ||
           outcome == CURLE_SSL_INVALIDCERTSTATUS;
}

/* Nothing was written: which step failed? */
static enum http_stage early_stage(const struct call *call, CURLcode outcome)
{
    CURL *easy = call->kept.easy;
    if (call->address_refused) {
        return HTTP_STAGE_CONNECT;
    }
    if (outcome == CURLE_COULDNT_RESOLVE_HOST) {
        return HTTP_STAGE_RESOLVE;
    }
    if (is_tls_failure(outcome)) {
        return HTTP_STAGE_TLS;
    }
    if (call->kept.client->unix_path == NULL && easy_info(easy, CURLINFO_NAMELOOKUP_TIME_T) == 0) {
        return HTTP_STAGE_RESOLVE;
    }
    if (easy_info(easy, CURLINFO_CONNECT_TIME_T) == 0) {
        return HTTP_STAGE_CONNECT;
    }
    return HTTP_STAGE_TLS;
}

static void judge(struct call *call, CURLcode outcome)
{
    struct http_result *result = &call->result;
    CURL *easy = call->kept.easy;
    long status = 0;
    long opened = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &opened);
    result->status = (int)status;
    result->timed_out = outcome == CURLE_OPERATION_TIMEDOUT;
    result->reused_connection = call->ready_count > 0 && opened == 0;
    result->duration_us = clock_measure_us() - call->started_us;
    result->body = buffer_text(&call->kept.answer);
    if (call->ready_count == 0) {
        result->bytes = HTTP_BYTES_NONE;
        result->stage = early_stage(call, outcome);
    } else {
        /* A refused repeat resets libcurl's counters: then what it took from us decides. */
        bool repeat_refused = call->ready_count > 1 || outcome == CURLE_SEND_FAIL_REWIND;
        bool all = repeat_refused ? call->body_given >= call->body_size
                                  : easy_info(easy, CURLINFO_SIZE_UPLOAD_T) >= call->body_size;
        all = all || status != 0;
        result->bytes = all ? HTTP_BYTES_ALL : HTTP_BYTES_SOME;
        result->stage = all ? HTTP_STAGE_READ : HTTP_STAGE_WRITE;
        if (outcome == CURLE_OK) {
            result->stage = HTTP_STAGE_DONE;
        }
    }
    if (result->stage != HTTP_STAGE_DONE) {
        const char *words = call->message[0] != '\0' ? call->message : curl_easy_strerror(outcome);
        if (call->address_refused) {
            words = "the address is not allowed";
        } else if (result->too_big) {
            words = "the answer is larger than the limit";
        } else if (call->ready_count > 1 || outcome == CURLE_SEND_FAIL_REWIND) {
            words = "the connection closed without an answer; the request was not repeated";
        }
        (void)snprintf(result->message, sizeof(result->message), "%s", words);
    }
}

static void finish_call(struct call *call, CURLcode outcome)
{
    struct http_client *client = call->kept.client;
    judge(call, outcome);
    (void)curl_multi_remove_handle(client->multi, call->kept.easy);
    if (call->next != NULL) {
        call->next->previous = call->previous;
    }
    if (call->previous != NULL) {
        call->previous->next = call->next;
    } else {
        client->running = call->next;
    }
    client->running_count--;
    call->done(call->context, &call->result);
    call_end(call);
}

static bool finish_calls(struct http_client *client)
{
    bool any = false;
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        char *private_data = NULL;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private_data);
        finish_call((struct call *)(void *)private_data, message->data.result);
        any = true;
    }
    return any;
}

void http_client_poll(struct http_client *client, int64_t timeout_ms)
{
    client_events_run_due(client);
    if (finish_calls(client)) {
        timeout_ms = 0;
    }
    if (timeout_ms < 0 || timeout_ms > POLL_LONGEST_MS) {
        timeout_ms = POLL_LONGEST_MS;
    }
    client_events_wait(client, timeout_ms);
    (void)finish_calls(client);
}

size_t http_client_call_count(const struct http_client *client)
{
    return client->running_count;
}

/* ---- client ---- */

static void start_library(void)
{
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

enum error_code http_client_new(const struct http_client_settings *settings,
                                struct http_client **ret_client, struct error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_library);
    CURLM *multi = curl_multi_init();
    if (multi == NULL) {
        return error_set(error, ERROR_UNAVAILABLE, "could not start the HTTP client");
    }
    struct http_client *client = mem_zalloc(sizeof(*client));
    client->multi = multi;
    buffer_init(&client->header_text, HEADERS_OUT_MAX);
    enum error_code code = client_events_open(client, error);
    if (code != OK) {
        http_client_free(client);
        return code;
    }
    if (settings != NULL && settings->ca_file != NULL) {
        client->ca_file = mem_copy_text(settings->ca_file);
    }
    if (settings != NULL && settings->unix_path != NULL) {
        client->unix_path = mem_copy_text(settings->unix_path);
    }
    size_t kept = settings == NULL ? 0 : settings->connection_limit;
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)(kept == 0 ? CONNECTIONS_KEPT : kept));
    /* More calls than that wait inside the client: a server drops connections it has no room for,
     * and a request cut off that way would be a doubt. */
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      (long)(kept == 0 ? CONNECTIONS_KEPT : kept));
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    *ret_client = client;
    return OK;
}

void http_client_free(struct http_client *client)
{
    if (client == NULL) {
        return;
    }
    while (client->running != NULL) {
        struct call *call = client->running;
        client->running = call->next;
        (void)curl_multi_remove_handle(client->multi, call->kept.easy);
        call_end(call);
    }
    while (client->spare != NULL) {
        struct call *call = client->spare;
        client->spare = call->next;
        call_free(call);
    }
    curl_multi_cleanup(client->multi);
    client_events_close(client);
    mem_free(client->checked_url);
    buffer_done(&client->header_text);
    mem_free(client->ca_file);
    mem_free(client->unix_path);
    mem_free(client);
}
