/* The life of one request: matched on an HTTP thread, identified, limited, read and handled on a
 * read worker, carried out on the writer when it changes something, answered once. */
#include "api/api_internal.h"
#include "api/csv_table.h"
#include "api/http_metrics.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/address.h"

#include <stdio.h>

enum { BODY_SMALL = 64 * 1024 };

/* ---- on an HTTP thread ---- */

static void plan_body(const struct request *request, struct http_body_plan *plan)
{
    const struct api_route *route = request->match.route;
    const struct service *service = request->dispatch->service;
    plan->body_limit = BODY_SMALL;
    if ((route->flags & (API_RAW | API_LARGE)) != 0) {
        plan->body_limit = REQUEST_BODY_LARGE;
    }
    if ((route->flags & API_SPOOL) != 0) {
        plan->body_limit = service->limits.import_bytes;
        plan->spool_directory = service->spool_directory;
    }
    plan->ask = (route->flags & (API_SPOOL | API_LARGE)) != 0 && route->scope != API_PUBLIC;
}

struct request *request_new(struct dispatch *dispatch, struct http_request *http,
                            struct http_body_plan *plan)
{
    struct request *request = mem_zalloc(sizeof(*request));
    uint64_t random = crypto_random_u64();
    request->dispatch = dispatch;
    request->http = http;
    request->started_us = clock_measure_us();
    (void)snprintf(request->request_id, sizeof(request->request_id), "%016llx",
                   (unsigned long long)random);
    route_find(http->method, http->path, &request->match);
    if (request->match.route != NULL) {
        plan_body(request, plan);
    } else if (request->match.path_known) {
        plan->refuse_status = 405;
        plan->refuse_reason = "this address does not take that method";
    } else {
        plan->refuse_status = 404;
        plan->refuse_reason = "there is nothing at this address";
    }
    return request;
}

void request_free(struct request *request)
{
    if (request != NULL) {
        http_response_done(&request->response);
        json_free(request->json);
        arena_free(request->arena);
        mem_free(request);
    }
}

/* ---- on a read worker ---- */

/* The last entry of X-Forwarded-For is the one that our proxy wrote; what stands before it anybody
 * may have sent. When that is a trusted proxy too, its own entry counts, and so on. */
static struct text forwarded_address(struct request *request, struct text proxies)
{
    struct text list = http_request_header_list(request->http, request->arena, "x-forwarded-for");
    struct text found = text_from(request->http->peer);
    while (list.size > 0) {
        size_t at = list.size;
        while (at > 0 && list.data[at - 1] != ',') {
            at--;
        }
        char address[ADDRESS_MAX];
        if (!address_parse(text_skip(list, at), address)) {
            break;
        }
        found = arena_text(request->arena, text_from(address));
        if (!address_in_list(address, proxies)) {
            break;
        }
        list = text_head(list, at == 0 ? 0 : at - 1);
    }
    return found;
}

static void find_address(struct request *request)
{
    struct text proxies = text_from(request->dispatch->settings.trusted_proxies);
    char network[ADDRESS_MAX];
    request->address = text_from(request->http->peer);
    request->behind_proxy = address_in_list(request->http->peer, proxies);
    if (request->behind_proxy) {
        request->address = forwarded_address(request, proxies);
    }
    address_network(arena_chars(request->arena, request->address), network);
    request->network = arena_text(request->arena, text_from(network));
}

static bool decode_params(struct request *request)
{
    for (size_t i = 0; i < request->match.param_count; i++) {
        if (!http_percent_decode(request->arena, request->match.params[i], false,
                                 &request->call.params[i])) {
            return false;
        }
    }
    return true;
}

enum error_code request_limit(struct request *request, struct limiter *limiter, const char *name,
                              struct text caller, struct error *error)
{
    struct limit_state taken = limiter_take(limiter, caller);
    taken.name = name;
    if (!taken.allowed) {
        int64_t wait_s = taken.reset_s;
        request->limit = taken;
        enum error_code code =
            error_set(error, ERROR_TOO_MANY, "too many requests; wait %lld s", (long long)wait_s);
        error->retry_after_ms = wait_s * 1000;
        return code;
    }
    /* Of several limits the answer tells the nearest. */
    if (request->limit.quota == 0 ||
        (taken.quota != 0 && taken.remaining < request->limit.remaining)) {
        request->limit = taken;
    }
    return OK;
}

static enum error_code check_limit(struct request *request, struct error *error)
{
    const struct actor *actor = &request->work.actor;
    struct dispatch *dispatch = request->dispatch;
    struct text caller = request->network;
    struct limiter *limiter = dispatch->strangers;
    const char *name = "address";
    if (actor->kind == ACTOR_CLI || (request->match.route->flags & (API_RAW | API_NO_LIMIT)) != 0) {
        return OK; /* our own command line; webhooks, which are signed; probes */
    }
    if (actor->kind == ACTOR_KEY || actor->kind == ACTOR_USER) {
        caller = arena_format(request->arena, "%d:%lld", (int)actor->kind, (long long)actor->id);
        limiter = dispatch->callers;
        name = "caller";
    }
    return request_limit(request, limiter, name, caller, error);
}

/* Everything that is known before the body: who asks, how often, and whether they may. */
static enum error_code read_head(struct request *request, struct error *error)
{
    find_address(request);
    if (!decode_params(request)) {
        return error_set(error, ERROR_NOT_FOUND, "there is nothing at this address");
    }
    enum error_code code = auth_identify(request, error);
    if (code == ERROR_UNAUTHENTICATED && request->match.route->scope == API_PUBLIC) {
        error_clear(error); /* a stale cookie must not keep anybody from signing in */
        request->work.actor = (struct actor){.kind = ACTOR_PUBLIC, .address = request->address};
        code = OK;
    }
    if (code == OK && !request->asked) {
        code = check_limit(request, error);
    }
    return code == OK ? auth_allow(request, error) : code;
}

static enum error_code read_request(struct request *request, struct error *error)
{
    enum error_code code = read_head(request, error);
    if (code == OK) {
        code = request_read_body(request, error);
    }
    if (code == OK && (request->match.route->flags & API_PUBLISHABLE) != 0) {
        code = public_key_identify(request, error);
    }
    if (code == OK) {
        code = idempotent_prepare(request, error);
    }
    if (code == OK && request->match.route->prepare != NULL) {
        code = request->match.route->prepare(&request->call, error);
    }
    return code;
}

/* An operation that takes no parameters must not seem to take some. Pages and webhooks may get what
 * others append to their addresses. */
static enum error_code refuse_unread_query(const struct request *request, struct error *error)
{
    const struct http_request *http = request->http;
    if (request->call.query_read || http->query.size == 0 ||
        request->match.route->scope == API_PUBLIC || !text_starts_with(http->path, TEXT("/api/"))) {
        return OK;
    }
    return error_field(error, "query", "unknown_field", "this operation takes no parameters");
}

static enum error_code run_write(struct work *work, void *context, struct error *error)
{
    struct request *request = context;
    bool replayed = false;
    request->call.work = work;
    enum error_code code = idempotent_begin(request, &replayed, error);
    if (code == OK && !replayed) {
        code = request->match.route->handler(&request->call, error);
        if (code == OK) {
            code = refuse_unread_query(request, error);
        }
        if (code == OK) {
            code = idempotent_end(request, error);
        }
    }
    return code;
}

static void write_done(void *context, enum error_code code, const struct error *error)
{
    struct request *request = context;
    request->call.work = &request->work;
    if (code != OK) {
        request->error = *error;
    }
    request_answer(request, code);
}

static void begin_call(struct request *request)
{
    struct service *service = request->dispatch->service;
    CHECK(request->arena == NULL);
    request->arena = arena_new();
    http_response_init(&request->response, 0);
    request->work = (struct work){
        .arena = request->arena,
        .now_ms = clock_now_ms(service->clock),
        .request_id = text_from(request->request_id),
    };
    request->call = (struct api_call){
        .work = &request->work,
        .request = request->http,
        .query = request->http->query,
        .response = &request->response,
        .service = service,
        .route = request->match.route,
        .dispatch = request->dispatch,
    };
}

/* Only the head is here. Who may not call reads so before all of a large body was sent. */
static void process_head(struct request *request, struct service_reader *reader)
{
    begin_call(request);
    enum error_code code = service_reader_begin(reader, &request->work, &request->error);
    if (code == OK) {
        code = read_head(request, &request->error);
        service_reader_end(reader);
        request->work.db = NULL;
    }
    if (code != OK) {
        request_answer(request, code);
        return;
    }
    /* The body may have changed nothing of this, but time passes: it is all read once more. */
    http_response_done(&request->response);
    arena_free(request->arena);
    request->arena = NULL;
    request->asked = true;
    http_request_admit(request->http);
}

void request_process(struct request *request, struct service_reader *reader)
{
    if (request->asks) {
        request->asks = false;
        process_head(request, reader);
        return;
    }
    begin_call(request);
    enum error_code code = service_reader_begin(reader, &request->work, &request->error);
    bool writes = (request->match.route->flags & API_WRITE) != 0;
    if (code == OK) {
        code = read_request(request, &request->error);
        if (code == OK && !writes) {
            code = csv_table_run(&request->call, &request->error);
            if (code == OK) {
                code = refuse_unread_query(request, &request->error);
            }
        }
        service_reader_end(reader);
        request->work.db = NULL;
    }
    auth_touch(request);
    if (code != OK || !writes) {
        request_answer(request, code);
        return;
    }
    struct service_write write = {
        .run = run_write,
        .done = write_done,
        .context = request,
        .actor = request->work.actor,
        .request_id = request->work.request_id,
    };
    service_submit(request->dispatch->service, &write);
}

/* ---- the answer ---- */

static void write_problem(struct request *request, enum error_code code)
{
    struct error *error = &request->error;
    struct http_response *response = &request->response;
    http_stream_release(response->stream);
    response->stream = NULL;
    http_response_clear(response);
    struct problem problem = {
        .status = problem_status(code),
        .code = error->reason[0] != '\0' ? error->reason : problem_code(code),
        .detail = code == ERROR_INTERNAL ? "something went wrong here; the log has the request id"
                                         : error->message,
        .request_id = request->request_id,
        .error = error,
    };
    if (request->problem_status != 0) {
        problem.status = request->problem_status;
        problem.code = request->problem_code;
    }
    problem_write(response, &problem);
    if (problem.status == 401) {
        http_response_set_header(response, "WWW-Authenticate", TEXT("Bearer realm=\"dripline\""));
    }
    if (code == ERROR_TOO_MANY || code == ERROR_UNAVAILABLE) {
        int64_t wait_s = (error->retry_after_ms + 999) / 1000;
        http_response_set_header_format(response, "Retry-After", "%lld",
                                        (long long)(wait_s < 1 ? 1 : wait_s));
    }
}

static void write_limit(struct request *request)
{
    const struct limit_state *limit = &request->limit;
    if (limit->quota == 0) {
        return;
    }
    http_response_set_header_format(&request->response, "RateLimit-Policy", "\"%s\";q=%lld;w=%lld",
                                    limit->name, (long long)limit->quota,
                                    (long long)limit->window_s);
    http_response_set_header_format(&request->response, "RateLimit", "\"%s\";r=%lld;t=%lld",
                                    limit->name, (long long)limit->remaining,
                                    (long long)limit->reset_s);
}

/* What users and keys were refused is worth a line: they look it up by the id that they were shown.
 * Strangers must not be able to fill the log. */
static enum log_level log_level_of(const struct request *request)
{
    int status = request->response.status;
    enum actor_kind actor = request->work.actor.kind;
    bool known = actor == ACTOR_USER || actor == ACTOR_KEY;
    if (request->too_late) {
        return LOG_INFO;
    }
    return status >= 500 ? LOG_ERROR : status >= 400 && known ? LOG_INFO : LOG_DEBUG;
}

static void write_log(const struct request *request, enum error_code code)
{
    int64_t took_us = clock_measure_us() - request->started_us;
    int status = request->response.status;
    const struct api_route *route = request->match.route;
    if (status >= 500 && !request->too_late) {
        log_error("http.failed", &request->error);
    }
    enum log_level level = log_level_of(request);
    if (log_wants(level)) {
        log_event(level, "http.request", "request=%s method=%s route=%s status=%d code=%s us=%lld",
                  request->request_id, route->method, route->pattern, status,
                  code == OK ? "ok" : error_code_to_text(code), (long long)took_us);
    }
}

void request_answer(struct request *request, enum error_code code)
{
    if (code == OK && buffer_overflowed(&request->response.body)) {
        code = error_set(&request->error, ERROR_TOO_BIG, "the answer is too big; ask for less");
    }
    if (code != OK) {
        write_problem(request, code);
    }
    struct http_response *response = &request->response;
    answer_entity_tag(request->http, response);
    bool html = text_starts_with(http_response_header(response, "content-type"), TEXT("text/html"));
    http_response_set_header(response, "X-Request-Id", text_from(request->request_id));
    write_limit(request);
    public_key_headers(request);
    secure_headers(response, html, auth_is_https(request));
    response->no_compression =
        response->no_compression || (request->match.route->flags & API_SENSITIVE) != 0;
    http_metrics_note(request->match.number, response->status,
                      clock_measure_us() - request->started_us);
    write_log(request, code);
    http_request_respond(request->http, response);
}
