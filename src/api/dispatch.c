/* Queues and threads between the HTTP server and the handlers. Common requests go to a few read
 * workers; what may take long (password hashes, simulations) to a worker of its own with a short
 * queue, and so do tables as files, so that neither ever stands in anybody's way. */
#include "api/api_internal.h"
#include "api/csv_table.h"
#include "api/http_metrics.h"
#include "api/login_limit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum {
    READ_THREADS = 3,
    SLOW_WAITING_MAX = 20,
    FAST_WAITING_MAX = 5000,
    PUBLIC_KEY_PER_MINUTE = 600,
    PUBLIC_ADDRESS_PER_MINUTE = 30,
    PUBLIC_PHONE_PER_HOUR = 10,
};

static const char STOPPING[] = "the server is stopping; try again soon";

/* `code` is ERROR_UNAVAILABLE, or ERROR_TOO_MANY when only this kind of request is refused. */
static void refuse(struct request *request, enum error_code code, const char *message)
{
    request->arena = arena_new();
    http_response_init(&request->response, 0);
    request->work.arena = request->arena;
    (void)error_set(&request->error, code, "%s", message);
    request->error.retry_after_ms = 2000;
    request_answer(request, code);
}

/* Hands the request to the threads behind `queue`, or refuses it. */
static void hand_over(struct queue *queue, size_t waiting_max, enum error_code busy,
                      struct request *request)
{
    if (queue_size(queue) >= waiting_max) {
        refuse(request, busy, "the server is busy; try again soon");
    } else if (!queue_push(queue, &request->link)) {
        request->too_late = true;
        refuse(request, ERROR_UNAVAILABLE, STOPPING);
    }
}

static void on_headers(void *context, struct http_request *http, struct http_body_plan *plan)
{
    http->context = request_new(context, http, plan);
}

static void on_ask(void *context, struct http_request *http)
{
    struct dispatch *dispatch = context;
    struct request *request = http->context;
    request->asks = true;
    hand_over(dispatch->fast, FAST_WAITING_MAX, ERROR_UNAVAILABLE, request);
}

static void on_request(void *context, struct http_request *http)
{
    struct dispatch *dispatch = context;
    struct request *request = http->context;
    if ((request->match.route->flags & API_SLOW) != 0) {
        hand_over(dispatch->slow, SLOW_WAITING_MAX, ERROR_TOO_MANY, request);
    } else if (csv_table_likely(request->match.route, http)) {
        hand_over(dispatch->tables, SLOW_WAITING_MAX, ERROR_TOO_MANY, request);
    } else {
        hand_over(dispatch->fast, FAST_WAITING_MAX, ERROR_UNAVAILABLE, request);
    }
}

static const char *refusal_code(int status)
{
    switch (status) {
    case 404:
        return "not_found";
    case 405:
        return "method_not_allowed";
    case 413:
        return "too_big";
    case 503:
        return "unavailable";
    default:
        return "bad_request";
    }
}

/* Refusals before a request is complete: framing, sizes, unknown addresses. */
static void on_refusal(void *context, const struct http_request *http, int status,
                       const char *reason, struct http_response *response)
{
    struct dispatch *dispatch = context;
    const struct request *request = http->context;
    struct problem problem = {
        .status = status,
        .code = refusal_code(status),
        .detail = reason,
        .request_id = request == NULL ? NULL : request->request_id,
    };
    problem_write(response, &problem);
    http_metrics_note(request == NULL ? HTTP_METRICS_NO_ROUTE : request->match.number, status,
                      request == NULL ? 0 : clock_measure_us() - request->started_us);
    if (status == 405 && request != NULL) {
        http_response_set_header(response, "Allow", text_from(request->match.allow));
    }
    if (status == 503) {
        http_response_set_header(response, "Retry-After", TEXT("2"));
    }
    secure_headers(response, false, strncmp(dispatch->service->public_url, "https://", 8) == 0);
}

static void on_end(void *context, struct http_request *http)
{
    (void)context;
    request_free(http->context);
}

/* The connection to the store is opened for the first request: many servers never see one that is
 * slow. */
static void run_queue(struct dispatch *dispatch, struct queue *queue)
{
    struct service_reader *reader = NULL;
    struct queue_link *link;
    while ((link = queue_wait(queue, -1)) != NULL || !queue_is_closed(queue)) {
        if (link == NULL) {
            continue;
        }
        struct request *request = QUEUE_ITEM(link, struct request, link);
        struct error error = {0};
        if (reader == NULL && service_reader_open(dispatch->service, &reader, &error) != OK) {
            log_error("http.worker", &error);
        }
        if (reader != NULL) {
            request_process(request, reader);
        } else {
            refuse(request, ERROR_UNAVAILABLE, "the database cannot be read; see the log");
        }
    }
    service_reader_close(reader);
}

static void run_fast(void *context)
{
    struct dispatch *dispatch = context;
    run_queue(dispatch, dispatch->fast);
}

static void run_slow(void *context)
{
    struct dispatch *dispatch = context;
    run_queue(dispatch, dispatch->slow);
}

static void run_tables(void *context)
{
    struct dispatch *dispatch = context;
    run_queue(dispatch, dispatch->tables);
}

static enum error_code start_threads(struct dispatch *dispatch, struct error *error)
{
    size_t count = dispatch->settings.read_threads;
    if (count == 0) {
        count = READ_THREADS;
    }
    if (count > ARRAY_SIZE(dispatch->fast_threads)) {
        count = ARRAY_SIZE(dispatch->fast_threads);
    }
    enum error_code code = OK;
    for (size_t i = 0; code == OK && i < count; i++) {
        code = thread_start("http-read", run_fast, dispatch, &dispatch->fast_threads[i], error);
    }
    if (code == OK) {
        code = thread_start("http-slow", run_slow, dispatch, &dispatch->slow_thread, error);
    }
    if (code == OK) {
        code = thread_start("http-tables", run_tables, dispatch, &dispatch->tables_thread, error);
    }
    return code;
}

struct dispatch *dispatch_new(const struct dispatch_settings *settings)
{
    struct dispatch *dispatch = mem_zalloc(sizeof(*dispatch));
    dispatch->settings = *settings;
    dispatch->service = settings->service;
    dispatch->fast = queue_new(NULL, NULL);
    dispatch->slow = queue_new(NULL, NULL);
    dispatch->tables = queue_new(NULL, NULL);
    dispatch->callers = limiter_new(settings->requests_per_minute, 60);
    dispatch->strangers = limiter_new(settings->anonymous_per_minute, 60);
    login_limit_open(&dispatch->login_limits);
    dispatch->public_keys = limiter_new(PUBLIC_KEY_PER_MINUTE, 60);
    dispatch->public_addresses = limiter_new(PUBLIC_ADDRESS_PER_MINUTE, 60);
    dispatch->public_phones = limiter_new(PUBLIC_PHONE_PER_HOUR, 60 * 60);
    return dispatch;
}

enum error_code dispatch_start(struct dispatch *dispatch, struct error *error)
{
    enum error_code code = events_start(dispatch->service, &dispatch->events, error);
    if (code == OK) {
        code = start_threads(dispatch, error);
    }
    return code;
}

struct http_server_callbacks dispatch_callbacks(struct dispatch *dispatch)
{
    return (struct http_server_callbacks){
        .context = dispatch,
        .on_headers = on_headers,
        .on_ask = on_ask,
        .on_request = on_request,
        .on_refusal = on_refusal,
        .on_end = on_end,
    };
}

void dispatch_wake_events(struct dispatch *dispatch)
{
    if (dispatch->events != NULL) {
        events_wake(dispatch->events);
    }
}

static void refuse_waiting(struct queue *queue)
{
    struct queue_link *link;
    while ((link = queue_pop(queue)) != NULL) {
        refuse(QUEUE_ITEM(link, struct request, link), ERROR_UNAVAILABLE, STOPPING);
    }
}

bool dispatch_is_stopping(struct dispatch *dispatch)
{
    return queue_is_closed(dispatch->tables);
}

void dispatch_stop(struct dispatch *dispatch)
{
    queue_close(dispatch->fast);
    queue_close(dispatch->slow);
    queue_close(dispatch->tables);
    for (size_t i = 0; i < ARRAY_SIZE(dispatch->fast_threads); i++) {
        thread_join(dispatch->fast_threads[i]);
        dispatch->fast_threads[i] = NULL;
    }
    thread_join(dispatch->slow_thread);
    dispatch->slow_thread = NULL;
    thread_join(dispatch->tables_thread);
    dispatch->tables_thread = NULL;
    refuse_waiting(dispatch->fast); /* when it was never started */
    refuse_waiting(dispatch->slow);
    refuse_waiting(dispatch->tables);
    events_stop(dispatch->events);
    dispatch->events = NULL;
}

void dispatch_free(struct dispatch *dispatch)
{
    if (dispatch == NULL) {
        return;
    }
    queue_free(dispatch->fast);
    queue_free(dispatch->slow);
    queue_free(dispatch->tables);
    limiter_free(dispatch->callers);
    limiter_free(dispatch->strangers);
    login_limit_close(&dispatch->login_limits);
    limiter_free(dispatch->public_keys);
    limiter_free(dispatch->public_addresses);
    limiter_free(dispatch->public_phones);
    mem_free(dispatch);
}
