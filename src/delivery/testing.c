/* A send machine for tests, on a wire that is a function table: see testing.h. What the provider
 * receives is written down when the request starts, so a process that dies before the answer has
 * sent it all the same. */
#include "delivery/testing.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"
#include "delivery/progress.h"
#include "delivery/receipts.h"
#include "store/counters.h"

#include <stdio.h>

/* --- the wire --------------------------------------------------------------------------------- */

static bool accepts(enum wire_fate fate)
{
    return fate == FATE_ACCEPT || fate == FATE_ACCEPT_SILENT || fate == FATE_HANG;
}

static void copy_field(char *out, size_t size, struct text text)
{
    assert_true(text.size < size);
    (void)snprintf(out, size, "%.*s", TEXT_ARGS(text));
}

static enum error_code wire_start(void *context, const struct http_call *call, http_done_fn *done,
                                  void *done_context, struct error *error UNUSED)
{
    struct delivery_test *test = context;
    CLEANUP(json_free) struct json *json = NULL;
    assert_int_equal(json_parse(call->body, NULL, &json, NULL), OK);
    assert_true(test->ledger_count < LEDGER_MAX);
    if (!call->address_allowed(call->address_context, "192.0.2.1")) {
        const struct http_result refused = {.stage = HTTP_STAGE_CONNECT};
        done(done_context, &refused);
        return OK;
    }
    struct ledger_entry *entry = &test->ledger[test->ledger_count];
    struct text body = json_get_text(json_get(json, "text"), "body");
    struct text template = json_get_text(json_get(json, "template"), "name");
    *entry = (struct ledger_entry){0};
    copy_field(entry->to, sizeof(entry->to), json_get_text(json, "to"));
    copy_field(entry->body, sizeof(entry->body), body.size > 0 ? body : template);
    copy_field(entry->token, sizeof(entry->token), json_get_text(json, "biz_opaque_callback_data"));
    struct wire_call *made = mem_zalloc(sizeof(*made));
    made->done = done;
    made->context = done_context;
    made->entry = test->ledger_count++;
    made->fate = test->fate != NULL ? test->fate(test, entry) : test->next_fate;
    if (accepts(made->fate)) {
        entry->accepted_id = ++test->accepted;
    }
    made->next = test->calls;
    test->calls = made;
    return OK;
}

static void answer_status(struct http_result *result, int status, const char *body)
{
    result->stage = HTTP_STAGE_DONE;
    result->bytes = HTTP_BYTES_ALL;
    result->status = status;
    result->body = text_from(body);
}

static void answer_error(struct http_result *result, int status, int64_t code, char body[256])
{
    (void)snprintf(body, 256,
                   "{\"error\":{\"message\":\"no\",\"type\":\"OAuthException\",\"code\":%lld}}",
                   (long long)code);
    answer_status(result, status, body);
}

static void answer(struct delivery_test *test, struct wire_call *call)
{
    struct http_result result = {0};
    char body[256];
    switch (call->fate) {
    case FATE_ACCEPT:
    case FATE_HANG:
        (void)snprintf(body, sizeof(body),
                       "{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"wa_id\":\"%s\"}],"
                       "\"messages\":[{\"id\":\"wamid.%lld\"}]}",
                       test->ledger[call->entry].to,
                       (long long)test->ledger[call->entry].accepted_id);
        answer_status(&result, 200, body);
        break;
    case FATE_ACCEPT_SILENT:
    case FATE_LOSE:
        result.stage = HTTP_STAGE_READ;
        result.bytes = HTTP_BYTES_ALL;
        result.timed_out = true;
        break;
    case FATE_NOT_SENT:
        result.stage = HTTP_STAGE_CONNECT;
        break;
    case FATE_REFUSE:
        answer_error(&result, 400, 131026, body);
        break;
    case FATE_LATER:
        answer_error(&result, 400, 131053, body);
        break;
    case FATE_AUTH:
        answer_error(&result, 401, 190, body);
        break;
    case FATE_SERVER_ERROR:
        answer_error(&result, 500, 131000, body);
        break;
    case FATE_MARKETING_STOP:
        answer_error(&result, 400, 131050, body);
        break;
    case FATE_PAIR_LIMIT:
        answer_error(&result, 400, 131056, body);
        break;
    case FATE_THROUGHPUT:
        answer_error(&result, 429, 130429, body);
        break;
    }
    call->done(call->context, &result);
}

static bool answer_some(struct delivery_test *test, bool all)
{
    struct wire_call *calls = test->calls;
    struct wire_call *kept = NULL;
    bool any = false;
    test->calls = NULL;
    while (calls != NULL) {
        struct wire_call *call = calls;
        calls = call->next;
        if (call->fate == FATE_HANG && !all) {
            call->next = kept;
            kept = call;
            continue;
        }
        any = true;
        answer(test, call);
        mem_free(call);
    }
    while (kept != NULL) {
        struct wire_call *call = kept;
        kept = call->next;
        call->next = test->calls;
        test->calls = call;
    }
    return any;
}

void wire_answer_all(struct delivery_test *test)
{
    (void)answer_some(test, true);
}

static void wire_poll(void *context, int64_t timeout_ms)
{
    struct delivery_test *test = context;
    if (answer_some(test, false) || timeout_ms == 0) {
        return;
    }
    /* What waits for the clock or for wire_answer_all() does not come by waiting. */
    int64_t wait_ms = test->delivery->pass != NULL ? 10000 : test->threaded ? 1000 : 0;
    struct queue_link *link = queue_wait_all(test->wakes, wait_ms);
    while (link != NULL) {
        struct queue_link *next = link->next;
        mem_free(link);
        link = next;
    }
}

static void wire_wake(void *context)
{
    struct delivery_test *test = context;
    struct queue_link *link = mem_zalloc(sizeof(*link));
    if (!queue_push(test->wakes, link)) {
        mem_free(link);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

static void open_delivery(struct delivery_test *test)
{
    struct error error = {0};
    test->settings.store = test->store.store;
    test->settings.clock = test->store.clock;
    test->settings.master_key = text_make((const char *)test->master_key, 32);
    test->settings.hash_key = test->settings.master_key;
    test->settings.wire = (struct delivery_wire){
        .context = test, .start = wire_start, .poll = wire_poll, .wake = wire_wake};
    assert_ok(delivery_new(&test->settings, &test->delivery, &error), &error);
}

void delivery_test_open(struct delivery_test *test)
{
    store_test_open(&test->store);
    test->wakes = queue_new(NULL, NULL);
    store_test_exec(&test->store,
                    "INSERT INTO channel (id, provider, name, sender_id, account_id, is_default, "
                    "settings, created_at_ms, updated_at_ms) VALUES (1, 'cloud', 'Test', '4711', "
                    "'12', 1, '{\"base_url\":\"https://graph.invalid\"}', 0, 0)");
    open_delivery(test);
}

static void drop_calls(struct delivery_test *test)
{
    while (test->calls != NULL) {
        struct wire_call *call = test->calls;
        test->calls = call->next;
        mem_free(call);
    }
    struct queue_link *link = NULL;
    while ((link = queue_pop(test->wakes)) != NULL) {
        mem_free(link);
    }
}

void delivery_test_close(struct delivery_test *test)
{
    delivery_free(test->delivery);
    drop_calls(test);
    queue_free(test->wakes);
    store_test_close(&test->store);
}

void delivery_test_crash(struct delivery_test *test)
{
    delivery_free(test->delivery);
    test->delivery = NULL;
    drop_calls(test);
    store_test_reopen(&test->store);
    open_delivery(test);
}

static void arrived(void *context UNUSED, int64_t now_ms UNUSED)
{
}

void delivery_test_advance(struct delivery_test *test, int64_t ms)
{
    struct error error = {0};
    int64_t target_ms = clock_now_ms(test->store.clock) + ms;
    assert_true(clock_advance(test->store.clock, target_ms, arrived, NULL));
    delivery_test_turn(test);
    bool hangs = false;
    for (struct wire_call *call = test->calls; call != NULL; call = call->next) {
        hangs = hangs || call->fate == FATE_HANG;
    }
    for (int i = 0; hangs && i < 20; i++) { /* a tick would wait for the answers */
        delivery_test_turn(test);
    }
    if (!hangs && test->next_fate != FATE_HANG) {
        assert_ok(delivery_tick(test->delivery, NULL, &error), &error);
    }
}

void delivery_test_turn(struct delivery_test *test)
{
    delivery_turn(test->delivery);
    delivery_drain_inbox(test->delivery);
}

/* --- people ----------------------------------------------------------------------------------- */

int64_t delivery_test_sequence(struct delivery_test *test, const int *days, size_t count)
{
    char sql[512];
    store_test_exec(&test->store,
                    "INSERT INTO sequence (status, version, send_minute, name, created_at_ms, "
                    "updated_at_ms) VALUES (1, 1, 540, 'Course', 0, 0)");
    int64_t id = store_test_int64(&test->store, "SELECT max(id) FROM sequence");
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(sql, sizeof(sql),
                       "INSERT INTO step (sequence_id, ordinal, day, type, message, created_at_ms) "
                       "VALUES (%lld, %zu, %d, 0, 'hello {name} day {day}', 0)",
                       (long long)id, i, days[i]);
        store_test_exec(&test->store, sql);
    }
    return id;
}

struct enrolling {
    int64_t sequence_id;
    int64_t enrollment_id;
};

static enum error_code plan_enrolled(struct work *work, void *context, struct error *error)
{
    struct enrolling *enrolling = context;
    struct progress progress;
    struct progress_sequence *sequence = NULL;
    progress_init(&progress, work);
    enum error_code code = progress_sequence(&progress, enrolling->sequence_id, &sequence, error);
    struct counter_place place = {.sequence_id = enrolling->sequence_id,
                                  .enrolled_at_ms = work->now_ms};
    counters_add(work, &place, ENROLLMENT_ACTIVE, 0, 1);
    for (size_t i = 0; code == OK && i < sequence->plan.step_count; i++) {
        place.step_id = sequence->plan.steps[i].id;
        counters_add(work, &place, OUTCOME_WAITING, 0, 1);
    }
    return code == OK ? progress_plan(&progress, enrolling->enrollment_id, error) : code;
}

int64_t delivery_test_enroll(struct delivery_test *test, int64_t sequence_id, int64_t n)
{
    char sql[512];
    int64_t now_ms = clock_now_ms(test->store.clock);
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO contact (id, phone, name, created_at_ms, updated_at_ms) "
                   "VALUES (%lld, %lld, 'p%lld', 0, 0) ON CONFLICT DO NOTHING",
                   (long long)n, 15550100000LL + (long long)n, (long long)n);
    store_test_exec(&test->store, sql);
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO enrollment (sequence_id, contact_id, status, live, enrolled_at_ms, "
                   "created_at_ms) VALUES (%lld, %lld, 0, 1, %lld, %lld)",
                   (long long)sequence_id, (long long)n, (long long)now_ms, (long long)now_ms);
    store_test_exec(&test->store, sql);
    struct enrolling enrolling = {.sequence_id = sequence_id};
    enrolling.enrollment_id = store_test_int64(&test->store, "SELECT max(id) FROM enrollment");
    store_test_do(&test->store, plan_enrolled, &enrolling);
    return enrolling.enrollment_id;
}

/* --- webhooks --------------------------------------------------------------------------------- */

static enum error_code apply_receipt(struct work *work, void *context, struct error *error)
{
    return receipts_apply(work, 1, context, 1, NULL, error);
}

void delivery_test_receipt(struct delivery_test *test, size_t entry, enum receipt_status status,
                           int64_t code, bool with_token)
{
    struct ledger_entry *found = &test->ledger[entry];
    char provider_id[32];
    (void)snprintf(provider_id, sizeof(provider_id), "wamid.%lld", (long long)found->accepted_id);
    const struct provider_code *row = provider_code_find(code);
    struct provider_event event = {
        .kind = PROVIDER_EVENT_STATUS,
        .digest = crypto_random_u64(),
        .at_ms = clock_now_ms(test->store.clock) - 900, /* whole seconds, so up to one behind */
        .provider_id = text_from(provider_id),
        .token = with_token ? text_from(found->token) : (struct text){0},
        .status = (enum provider_status)status,
    };
    if (status == RECEIPT_FAILED) {
        found->failed_later = true;
        event.failure.code = code;
        event.failure.has_code = true;
        event.failure.class = row == NULL ? PROVIDER_CLASS_UNKNOWN_CODE : row->class;
        event.failure.retry_after_ms = row == NULL ? 0 : row->async_retry_after_ms;
    }
    store_test_do(&test->store, apply_receipt, &event);
    delivery_wake(test->delivery);
}
