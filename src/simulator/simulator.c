/* The simulator's thread: takes requests from the HTTP threads, lets the fake world handle them,
 * writes the ledger with one write per round, and only then lets the answers go. Also sends
 * webhooks and waits for planned things. */
#include "simulator/simulator_internal.h"

#include "base/file.h"
#include "base/instant.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
    LEDGER_MAX = 256 * 1024 * 1024,
    RESPONSE_MAX = 65 * 1024 * 1024,
    ROUND_MAX = 2000, /* timers of one round, so that requests get their turn */
    POLL_MAX_MS = 60 * 1000,
    CONNECTIONS_MAX = 16 * 1024,
};

int64_t simulator_real_ms(void)
{
    return clock_measure_us() / 1000;
}

/* ---- HTTP threads ---- */

static void on_headers(void *context, struct http_request *request, struct http_body_plan *plan)
{
    (void)context;
    (void)request;
    plan->body_limit = SIMULATOR_BODY_MAX;
}

static void refuse_stopping(struct http_request *request)
{
    struct http_response response;
    http_response_init(&response, 1024);
    response.status = 503;
    http_request_respond(request, &response);
}

static struct job *job_new(struct http_request *request)
{
    struct job *job = mem_zalloc(sizeof(*job));
    job->request = request;
    http_response_init(&job->response, RESPONSE_MAX);
    return job;
}

static void job_free(struct job *job)
{
    http_response_done(&job->response);
    buffer_done(&job->raw);
    gate_free(job->done);
    mem_free(job);
}

static void on_request(void *context, struct http_request *request)
{
    struct simulator *simulator = context;
    struct job *job = job_new(request);
    if (simulator->participant != NULL) {
        clock_participant_busy(simulator->participant);
    }
    if (!queue_push(simulator->queue, &job->link)) {
        job_free(job);
        refuse_stopping(request);
    }
}

int simulator_control(struct simulator *simulator, const char *method, struct text path,
                      struct text query, struct text body, struct buffer *answer)
{
    struct job *job = job_new(NULL);
    job->method = method;
    job->path = path;
    job->query = query;
    job->body = body;
    job->done = gate_new();
    if (simulator->participant != NULL) {
        clock_participant_busy(simulator->participant);
    }
    if (!queue_push(simulator->queue, &job->link)) {
        job_free(job);
        return 503;
    }
    gate_wait(job->done);
    int status = job->response.status;
    buffer_add_text(answer, buffer_text(&job->response.body));
    job_free(job);
    return status;
}

/* ---- answers ---- */

/* Gives the job away. */
static void release(struct job *job)
{
    if (job->request == NULL) {
        gate_open(job->done); /* the caller who waits frees it */
        return;
    }
    if (job->answered_by_fault) {
        http_request_break(job->request, buffer_text(&job->raw), job->reset);
    } else {
        http_request_respond(job->request, &job->response);
    }
    job_free(job);
}

static void release_held(struct simulator *simulator, void *context)
{
    (void)simulator;
    release(context);
}

static void drop_held(void *context)
{
    release(context);
}

void simulator_answer(struct simulator *simulator, struct job *job)
{
    if (job->answer_delay_ms > 0) {
        timers_add(&simulator->held, simulator_real_ms() + job->answer_delay_ms, release_held,
                   drop_held, job);
        return;
    }
    job->next_answer = NULL;
    if (simulator->answers_last == NULL) {
        simulator->answers_first = job;
    } else {
        simulator->answers_last->next_answer = job;
    }
    simulator->answers_last = job;
}

/* A full disk must not turn the ledger into a lie: the simulator stops instead. */
void ledger_flush(struct simulator *simulator)
{
    struct error error = {0};
    if (simulator->ledger.size == 0) {
        return;
    }
    CHECK(!buffer_overflowed(&simulator->ledger));
    CHECK(file_write_all(simulator->ledger_file, buffer_text(&simulator->ledger), &error) == OK);
    buffer_clear(&simulator->ledger);
}

static void send_answers(struct simulator *simulator)
{
    ledger_flush(simulator);
    struct job *job = simulator->answers_first;
    simulator->answers_first = NULL;
    simulator->answers_last = NULL;
    while (job != NULL) {
        struct job *next = job->next_answer;
        release(job);
        job = next;
    }
}

/* ---- the thread ---- */

static void read_clock(struct simulator *simulator)
{
    int64_t now_ms = clock_now_ms(simulator->clock);
    if (simulator->settings.follow_clock) {
        now_ms = simulator->followed_ms + simulator_real_ms() - simulator->followed_at_ms;
    }
    if (now_ms > simulator->now_ms) {
        simulator->now_ms = now_ms;
    }
}

static void follow_header(struct simulator *simulator, const struct http_request *request)
{
    int64_t told_ms = 0;
    if (simulator->settings.follow_clock &&
        text_to_int64(http_request_header(request, "Dripline-Clock"), &told_ms) &&
        told_ms > simulator->now_ms) {
        simulator->followed_ms = told_ms;
        simulator->followed_at_ms = simulator_real_ms();
        simulator->now_ms = told_ms;
    }
}

static void handle(struct simulator *simulator, struct job *job)
{
    if (job->request != NULL) {
        struct text method = job->request->method;
        follow_header(simulator, job->request);
        job->path = job->request->path;
        job->query = job->request->query;
        job->body = job->request->body;
        job->method = arena_chars(simulator->arena, method);
    }
    if (text_starts_with(job->path, TEXT("/control/"))) {
        control_handle(simulator, job);
    } else if (job->request != NULL) {
        graph_handle(simulator, job);
    }
    simulator_answer(simulator, job);
}

static void run_timers(struct simulator *simulator)
{
    struct timer timer;
    for (int i = 0; i < ROUND_MAX && timers_take(&simulator->timers, simulator->now_ms, &timer);
         i++) {
        timer.run(simulator, timer.context);
    }
    while (timers_take(&simulator->held, simulator_real_ms(), &timer)) {
        timer.run(simulator, timer.context);
    }
}

static bool is_quiet(const struct simulator *simulator)
{
    return queue_size(simulator->queue) == 0 && simulator->webhooks.posts_open == 0 &&
           simulator->held.count == 0;
}

/* Real milliseconds until something of its own is due; < 0 = only others can wake it. */
static int64_t wait_ms(const struct simulator *simulator)
{
    int64_t next_ms = timers_next_ms(&simulator->timers);
    int64_t held_ms = timers_next_ms(&simulator->held);
    int64_t wait = POLL_MAX_MS;
    if (queue_size(simulator->queue) > 0) {
        return 0;
    }
    if (next_ms <= simulator->now_ms) {
        return 0;
    }
    bool moves_by_itself = simulator->settings.follow_clock || !clock_is_manual(simulator->clock);
    if (moves_by_itself && next_ms != CLOCK_NEVER && next_ms - simulator->now_ms < wait) {
        wait = next_ms - simulator->now_ms;
    }
    if (held_ms != CLOCK_NEVER) {
        int64_t left = held_ms - simulator_real_ms();
        left = left < 0 ? 0 : left;
        wait = left < wait ? left : wait;
    }
    return wait;
}

static void run_round(struct simulator *simulator)
{
    uint64_t ticket = 0;
    if (simulator->participant != NULL) {
        ticket = clock_participant_ticket(simulator->participant);
    }
    read_clock(simulator);
    struct queue_link *link = queue_pop_all(simulator->queue);
    while (link != NULL) {
        struct queue_link *next = link->next;
        handle(simulator, QUEUE_ITEM(link, struct job, link));
        link = next;
    }
    run_timers(simulator);
    webhooks_flush(simulator);
    send_answers(simulator);
    arena_reset(simulator->arena);
    int64_t next_ms = timers_next_ms(&simulator->timers);
    if (simulator->participant != NULL && is_quiet(simulator) && next_ms > simulator->now_ms) {
        clock_participant_idle(simulator->participant, ticket, next_ms);
    }
    http_client_poll(simulator->client, wait_ms(simulator));
}

static void run(void *context)
{
    struct simulator *simulator = context;
    while (!queue_is_closed(simulator->queue)) {
        run_round(simulator);
    }
    struct queue_link *link = queue_pop_all(simulator->queue);
    while (link != NULL) {
        struct queue_link *next = link->next;
        struct job *job = QUEUE_ITEM(link, struct job, link);
        job->response.status = 503;
        simulator_answer(simulator, job);
        link = next;
    }
    send_answers(simulator);
    timers_done(&simulator->held);
}

static void wake(void *context)
{
    struct simulator *simulator = context;
    http_client_wake(simulator->client);
}

/* ---- start and stop ---- */

static enum error_code read_start_faults(struct simulator *simulator, struct error *error)
{
    CLEANUP(json_free) struct json *json = NULL;
    faults_init(&simulator->faults, simulator->settings.seed);
    if (simulator->settings.faults == NULL) {
        return OK;
    }
    enum error_code code = json_parse(text_from(simulator->settings.faults), NULL, &json, error);
    if (code == OK) {
        code = faults_read(&simulator->faults, json, error);
    }
    return code == OK ? OK : error_prefix(error, "faults");
}

static enum error_code open_ledger(struct simulator *simulator, struct error *error)
{
    const char *path = simulator->ledger_path;
    buffer_init(&simulator->ledger, LEDGER_MAX);
    if (path == NULL) {
        return OK;
    }
    simulator->ledger_file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (simulator->ledger_file < 0) {
        return error_set(error, ERROR_UNAVAILABLE, "could not open the ledger \"%s\": %s", path,
                         strerror(errno));
    }
    return OK;
}

static void set_base_url(struct simulator *simulator)
{
    const char *listen = simulator->settings.listen;
    struct text host = text_from(listen);
    size_t colon = host.size;
    while (colon > 0 && host.data[colon - 1] != ':') {
        colon--;
    }
    host = colon > 1 ? text_head(host, colon - 1) : TEXT("127.0.0.1");
    (void)snprintf(simulator->base_url, sizeof(simulator->base_url), "http://%.*s:%d",
                   TEXT_ARGS(host), http_server_port(simulator->server));
}

static enum error_code start(struct simulator *simulator, struct error *error)
{
    enum error_code code = read_start_faults(simulator, error);
    if (code == OK) {
        code = open_ledger(simulator, error);
    }
    if (code == OK) {
        code = http_client_new(&(struct http_client_settings){0}, &simulator->client, error);
    }
    if (code != OK) {
        return code;
    }
    simulator->queue = queue_new(wake, simulator);
    if (clock_is_manual(simulator->clock)) {
        simulator->participant = clock_join(simulator->clock, "simulator", wake, simulator);
    }
    struct http_server_settings server = {
        .listen = simulator->settings.listen,
        .connection_limit = CONNECTIONS_MAX, /* one sender may open many */
        .per_address_limit = CONNECTIONS_MAX,
        .callbacks = {.context = simulator, .on_headers = on_headers, .on_request = on_request},
    };
    code = http_server_start(&server, &simulator->server, error);
    if (code == OK) {
        set_base_url(simulator);
        code = thread_start("simulator", run, simulator, &simulator->thread, error);
    }
    return code;
}

enum error_code simulator_start(const struct simulator_settings *settings,
                                struct simulator **ret_simulator, struct error *error)
{
    struct simulator *simulator = mem_zalloc(sizeof(*simulator));
    simulator->settings = *settings;
    simulator->ledger_file = -1;
    simulator->arena = arena_new();
    if (settings->webhook_url != NULL && settings->webhook_url[0] != '\0') {
        simulator->webhook_url = mem_copy_text(settings->webhook_url);
    }
    if (settings->ledger_path != NULL) {
        simulator->ledger_path = mem_copy_text(settings->ledger_path);
    }
    simulator->app_secret = mem_copy_text(settings->app_secret == NULL ? "" : settings->app_secret);
    simulator->clock = settings->clock;
    if (simulator->clock == NULL) {
        simulator->own_clock = clock_new_system();
        simulator->clock = simulator->own_clock;
    }
    simulator->followed_ms = clock_now_ms(simulator->clock);
    simulator->followed_at_ms = simulator_real_ms();
    world_init(&simulator->world);
    enum error_code code = start(simulator, error);
    if (code != OK) {
        simulator_stop(simulator);
        return code;
    }
    simulator->settings.faults = NULL; /* read; the caller may free it */
    *ret_simulator = simulator;
    return OK;
}

const char *simulator_base_url(const struct simulator *simulator)
{
    return simulator->base_url;
}

void simulator_stop(struct simulator *simulator)
{
    if (simulator == NULL) {
        return;
    }
    if (simulator->queue != NULL) {
        queue_close(simulator->queue);
        http_client_wake(simulator->client);
    }
    thread_join(simulator->thread);
    http_server_free(simulator->server);
    clock_leave(simulator->participant);
    http_client_free(simulator->client);
    timers_done(&simulator->held);
    timers_done(&simulator->timers);
    webhooks_done(simulator);
    world_done(&simulator->world);
    buffer_done(&simulator->ledger);
    if (simulator->ledger_file >= 0) {
        (void)close(simulator->ledger_file);
    }
    if (simulator->queue != NULL) {
        queue_free(simulator->queue);
    }
    clock_free(simulator->own_clock);
    arena_free(simulator->arena);
    mem_free(simulator->webhook_url);
    mem_free(simulator->ledger_path);
    mem_free(simulator->app_secret);
    mem_free(simulator);
}
