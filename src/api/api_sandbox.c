/* /api/sandbox: the simulator inside this process and the clock that a person may move. Nothing
 * here touches real people; without a simulator or a manual clock everything but reading answers
 * 409. */
#include "api/routes.h"

#include "base/clock.h"
#include "base/instant.h"
#include "base/mem.h"
#include "base/queue.h"
#include "service/sandbox.h"
#include "service/transaction.h"

#include <stdatomic.h>
#include <stdio.h>

enum { ANSWER_MAX = 4 * 1024 * 1024, PHONE_TEXT_LENGTH = 40, TEXT_LENGTH = 4096 };
#define JOURNEY_WAIT_MAX_MS (INT64_C(30) * 60 * 1000)
#define JOURNEY_MAX_MS (INT64_C(3660) * MS_PER_DAY)

/* ---- the simulator ---- */

/* The refusal in the simulator's words, with the fields it names. */
static enum error_code refused(const struct json *json, int status, struct error *error)
{
    const struct json *fields = json_get(json, "errors");
    if (status != 422) {
        return error_set(error, ERROR_UNAVAILABLE, "%.*s", TEXT_ARGS(json_get_text(json, "error")));
    }
    (void)error_set(error, ERROR_INVALID, "%.*s", TEXT_ARGS(json_get_text(json, "error")));
    for (size_t i = 0; i < json_count(fields); i++) {
        char name[sizeof(error->fields[0].field)];
        char word[sizeof(error->fields[0].code)];
        const struct json *field = json_at(fields, i);
        (void)snprintf(name, sizeof(name), "%.*s", TEXT_ARGS(json_get_text(field, "field")));
        (void)snprintf(word, sizeof(word), "%.*s", TEXT_ARGS(json_get_text(field, "code")));
        (void)error_field(error, name, word, "%.*s", TEXT_ARGS(json_get_text(field, "message")));
    }
    return ERROR_INVALID;
}

/* Asks the simulator and parses what it answers into the arena. */
static enum error_code ask(struct api_call *call, const char *method, const char *path,
                           struct text query, struct text body, const struct json **ret_json,
                           struct error *error)
{
    const struct service_simulator *simulator = &call->service->simulator;
    struct buffer answer;
    struct json *json = NULL;
    if (simulator->base_url == NULL) {
        return error_set(error, ERROR_CONFLICT, "the simulator does not run in this server");
    }
    buffer_init(&answer, ANSWER_MAX);
    int status =
        simulator->control(simulator->context, method, text_from(path), query, body, &answer);
    enum error_code code =
        json_parse(buffer_text(&answer), &(struct json_limits){.size = ANSWER_MAX}, &json, error);
    buffer_done(&answer);
    if (code != OK) {
        return error_set(error, ERROR_UNAVAILABLE, "the simulator is stopping");
    }
    arena_on_reset(call->work->arena, sandbox_free_json, json);
    if (status >= 300) {
        return refused(json, status, error);
    }
    *ret_json = json;
    return OK;
}

static void write_json(struct json_writer *writer, const struct json *json, struct arena *arena)
{
    struct buffer buffer;
    buffer_init(&buffer, ANSWER_MAX);
    json_encode(json, &buffer);
    json_raw(writer, arena_text(arena, buffer_text(&buffer)));
    buffer_done(&buffer);
}

static void write_clock(struct json_writer *writer, const struct api_call *call)
{
    json_object_begin(writer);
    json_field_chars(writer, "mode", clock_is_manual(call->service->clock) ? "manual" : "system");
    json_field_time(writer, "now", clock_now_ms(call->service->clock));
    json_object_end(writer);
}

static enum error_code get_sandbox(struct api_call *call, struct error *error)
{
    const struct json *state = NULL;
    struct json_writer writer;
    bool enabled = call->service->simulator.base_url != NULL;
    enum error_code code = OK;
    if (enabled) {
        code =
            ask(call, "GET", "/control/state", (struct text){0}, (struct text){0}, &state, error);
    }
    if (code != OK) {
        return code;
    }
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_bool(&writer, "enabled", enabled);
    json_key(&writer, "clock");
    write_clock(&writer, call);
    json_field_int64(&writer, "received", json_get_int64(state, "accepted", 0));
    json_key(&writer, "faults");
    if (enabled) {
        write_json(&writer, json_get(state, "faults"), call->work->arena);
    } else {
        json_raw(&writer, TEXT("{}"));
    }
    json_object_end(&writer);
    return OK;
}

static enum error_code list_messages(struct api_call *call, struct error *error)
{
    const struct json *answer = NULL;
    struct api_query query;
    struct api_page page = {0};
    struct text phone_text = {0};
    struct json_writer writer;
    int64_t phone = 0;
    api_query_open(&query, call, error);
    (void)api_query_text(&query, "phone", PHONE_TEXT_LENGTH, &phone_text);
    api_query_page(&query, &page);
    enum error_code code = api_query_done(&query);
    if (code == OK && phone_text.data != NULL) {
        code = sandbox_phone(call->work, "phone", phone_text, &phone, error);
    }
    if (code != OK) {
        return code;
    }
    struct text wanted = arena_format(call->work->arena, "phone=%lld&limit=%lld", (long long)phone,
                                      (long long)page.limit);
    code = ask(call, "GET", "/control/messages", wanted, (struct text){0}, &answer, error);
    if (code != OK) {
        return code;
    }
    api_json(call, &writer);
    json_object_begin(&writer);
    json_key(&writer, "data");
    write_json(&writer, json_get(answer, "data"), call->work->arena);
    json_field_null(&writer, "next_cursor");
    json_object_end(&writer);
    return OK;
}

/* The number that the person writes to when nobody wrote to them before. */
static enum error_code write_reply(struct api_call *call, int64_t phone, struct text text,
                                   struct text *ret_body, struct error *error)
{
    struct text number = {0};
    struct buffer buffer;
    struct json_writer writer;
    enum error_code code = sandbox_number(call->work, &number, error);
    if (code != OK) {
        return code;
    }
    buffer_init(&buffer, ANSWER_MAX);
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    json_field_int64(&writer, "phone", phone);
    json_field_text(&writer, "text", text);
    if (number.size > 0) {
        json_field_text(&writer, "fallback_number", number);
    }
    json_object_end(&writer);
    *ret_body = arena_text(call->work->arena, buffer_text(&buffer));
    buffer_done(&buffer);
    return OK;
}

static enum error_code reply(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    const struct json *answer = NULL;
    struct json_reader reader;
    struct text phone_text = {0};
    struct text text = {0};
    struct text wanted = {0};
    int64_t phone = 0;
    enum error_code code = api_body(call, &body, error);
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, body, NULL, error);
    if (json_reader_required(&reader, "phone")) {
        (void)json_reader_text(&reader, "phone", 1, PHONE_TEXT_LENGTH, &phone_text);
    }
    if (json_reader_required(&reader, "text")) {
        (void)json_reader_text(&reader, "text", 1, TEXT_LENGTH, &text);
    }
    code = json_reader_done(&reader);
    if (code == OK) {
        code = sandbox_phone(call->work, "phone", phone_text, &phone, error);
    }
    if (code == OK) {
        code = write_reply(call, phone, text, &wanted, error);
    }
    if (code == OK) {
        code = ask(call, "POST", "/control/reply", (struct text){0}, wanted, &answer, error);
    }
    if (code != OK) {
        return code;
    }
    call->response->status = 202;
    return OK;
}

static enum error_code put_faults(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    const struct json *answer = NULL;
    struct json_writer writer;
    enum error_code code = api_body(call, &body, error);
    if (code == OK) {
        code = ask(call, "PUT", "/control/faults", (struct text){0}, call->request->body, &answer,
                   error);
    }
    if (code == OK) {
        api_json(call, &writer);
        write_json(&writer, answer, call->work->arena);
    }
    return code;
}

/* ---- the clock ---- */

static enum error_code get_clock(struct api_call *call, struct error *error)
{
    struct json_writer writer;
    (void)error;
    api_json(call, &writer);
    write_clock(&writer, call);
    return OK;
}

/* Shared by the request that waits and the clock that arrives; the last one frees it. */
struct journey {
    struct queue_link link;
    struct queue *arrived;
    atomic_int references;
};

static void journey_release(struct journey *journey)
{
    if (atomic_fetch_sub(&journey->references, 1) == 1) {
        (void)queue_pop_all(journey->arrived);
        queue_free(journey->arrived);
        mem_free(journey);
    }
}

static void arrive(void *context, int64_t now_ms)
{
    (void)now_ms;
    struct journey *journey = context;
    (void)!queue_push(journey->arrived, &journey->link);
    journey_release(journey);
}

/* A week as "1w" beside the durations that are known everywhere. */
static bool read_advance(struct text text, int64_t *ret_ms)
{
    int64_t weeks = 0;
    if (text_ends_with(text, TEXT("w")) && text_to_int64(text_head(text, text.size - 1), &weeks)) {
        *ret_ms = weeks * 7 * MS_PER_DAY;
        return weeks >= 0 && weeks <= 1000;
    }
    return duration_parse(text, ret_ms);
}

static enum error_code read_target(struct api_call *call, int64_t *ret_target_ms, bool *ret_wait,
                                   struct error *error)
{
    const struct json *body = NULL;
    struct json_reader reader;
    struct text advance = {0};
    int64_t now_ms = clock_now_ms(call->service->clock);
    int64_t target_ms = 0;
    int64_t length_ms = 0;
    *ret_wait = true;
    enum error_code code = api_body(call, &body, error);
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, body, NULL, error);
    (void)json_reader_bool(&reader, "wait", ret_wait);
    bool has_target = json_reader_time(&reader, "to", &target_ms);
    if (json_reader_text(&reader, "advance", 1, 20, &advance)) {
        if (read_advance(advance, &length_ms)) {
            target_ms = now_ms + length_ms;
        } else {
            json_reader_fail(&reader, "advance", "invalid_format", "must look like 90m, 12h or 2d");
        }
    } else if (!has_target && !reader.failed) {
        json_reader_fail(&reader, "advance", "required", "give advance or to");
    }
    if (!reader.failed && (target_ms < now_ms || target_ms - now_ms > JOURNEY_MAX_MS)) {
        json_reader_fail(&reader, has_target ? "to" : "advance", "out_of_range",
                         "the clock goes forward only, and ten years at most");
    }
    code = json_reader_done(&reader);
    if (code == OK) {
        *ret_target_ms = target_ms;
    }
    return code;
}

static enum error_code move_clock(struct api_call *call, struct error *error)
{
    struct json_writer writer;
    int64_t target_ms = 0;
    bool wait = true;
    if (!clock_is_manual(call->service->clock)) {
        return error_set(error, ERROR_CONFLICT,
                         "the clock follows the machine; start the server with --clock manual");
    }
    enum error_code code = read_target(call, &target_ms, &wait, error);
    if (code != OK) {
        return code;
    }
    service_reader_release(call->work);
    struct journey *journey = mem_zalloc(sizeof(*journey));
    journey->arrived = queue_new(NULL, NULL);
    atomic_store(&journey->references, 2);
    if (!clock_advance(call->service->clock, target_ms, arrive, journey)) {
        journey_release(journey);
        journey_release(journey);
        return error_set(error, ERROR_CONFLICT, "the clock is moving already");
    }
    bool reached = wait && queue_wait(journey->arrived, JOURNEY_WAIT_MAX_MS) != NULL;
    journey_release(journey);
    code = sandbox_clock_moved(call->service, error);
    if (code != OK) {
        return code;
    }
    call->response->status = reached ? 200 : 202;
    api_json(call, &writer);
    write_clock(&writer, call);
    return OK;
}

const struct api_route API_SANDBOX_ROUTES[] = {
    {"GET", "/api/sandbox", "sandbox_get", API_READ, 0, get_sandbox, NULL},
    {"GET", "/api/sandbox/clock", "sandbox_clock_get", API_READ, 0, get_clock, NULL},
    {"POST", "/api/sandbox/clock", "sandbox_clock_move", API_ADMIN, API_NO_IDEMPOTENCY, move_clock,
     NULL},
    {"GET", "/api/sandbox/messages", "sandbox_messages", API_READ, 0, list_messages, NULL},
    {"POST", "/api/sandbox/replies", "sandbox_reply", API_EDIT, API_NO_IDEMPOTENCY, reply, NULL},
    {"PUT", "/api/sandbox/faults", "sandbox_faults", API_ADMIN, 0, put_faults, NULL},
    {0},
};
