/* Webhooks of the fake WhatsApp: statuses planned over time, bodies with one or many of them,
 * signatures, and repeats until the receiver answers 200. Losing, delaying, repeating and
 * reordering are decided here from the draw of the message. */
#include "simulator/simulator_internal.h"

#include "base/crypto.h"
#include "base/instant.h"
#include "base/mem.h"

#include <stdio.h>

enum { ATTEMPTS_MAX = 30, STAGES = 3, CATEGORY_MAX = 24 };

struct outgoing {
    int64_t references;
    int64_t phone;
    size_t number; /* index */
    bool hidden;   /* the person's phone is not told */
    char id[SIMULATOR_ID_MAX];
    char category[CATEGORY_MAX];
    char *token;
};

struct event {
    struct event *next;
    struct simulator *simulator;
    struct outgoing *outgoing; /* a status; else a ready-made value */
    const char *status;
    int64_t code;
    int64_t at_ms;
    const char *field;
    char *value; /* owned */
    size_t number;
};

struct post {
    struct post *next;
    struct simulator *simulator;
    char *body; /* owned */
    size_t size;
    int64_t events;
    int64_t attempt;
};

static void event_free(void *context)
{
    struct event *event = context;
    if (event->outgoing != NULL && --event->outgoing->references == 0) {
        mem_free(event->outgoing->token);
        mem_free(event->outgoing);
    }
    mem_free(event->value);
    mem_free(event);
}

static void event_due(struct simulator *simulator, void *context)
{
    struct event *event = context;
    struct webhooks *webhooks = &simulator->webhooks;
    event->next = NULL;
    if (webhooks->due_last == NULL) {
        webhooks->due_first = event;
    } else {
        webhooks->due_last->next = event;
    }
    webhooks->due_last = event;
}

static void plan(struct simulator *simulator, struct event *event, int64_t due_ms)
{
    simulator->webhooks.pending++;
    timers_add(&simulator->timers, due_ms, event_due, event_free, event);
}

static size_t number_index(const struct simulator *simulator, const struct number *number)
{
    return (size_t)(number - simulator->world.numbers);
}

static void plan_status(struct simulator *simulator, struct outgoing *outgoing, const char *status,
                        int64_t code, int64_t at_ms, int64_t due_ms)
{
    struct event *event = mem_zalloc(sizeof(*event));
    event->outgoing = outgoing;
    outgoing->references++;
    event->status = status;
    event->code = code;
    event->at_ms = at_ms;
    event->number = outgoing->number;
    event->field = "messages";
    plan(simulator, event, due_ms);
}

/* One status with its luck: lost, late, out of order, twice. */
static void plan_with_luck(struct simulator *simulator, struct outgoing *outgoing,
                           const char *status, int64_t code, int64_t at_ms, uint64_t draw,
                           uint64_t stage)
{
    const struct faults *faults = &simulator->faults;
    int64_t due_ms = at_ms;
    if (chance(draw, 30 + stage, faults->lost)) {
        simulator->webhooks.lost++;
        return;
    }
    if (chance(draw, 35 + stage, faults->late)) {
        due_ms += faults->late_ms;
    }
    if (chance(draw, 40 + stage, faults->reordered)) {
        due_ms = simulator->now_ms +
                 between(draw, 45 + stage, 0, 3 * faults->delay_max_ms + 2 * MS_PER_SECOND);
    }
    plan_status(simulator, outgoing, status, code, at_ms, due_ms);
    if (chance(draw, 55 + stage, faults->repeated)) {
        plan_status(simulator, outgoing, status, code, at_ms,
                    due_ms + between(draw, 65 + stage, 0, 5 * MS_PER_SECOND));
    }
}

static struct outgoing *outgoing_new(struct simulator *simulator, const struct person *person,
                                     const struct number *number, struct text id, struct text token,
                                     struct text category)
{
    struct outgoing *outgoing = mem_zalloc(sizeof(*outgoing));
    outgoing->references = 1;
    outgoing->phone = person->phone;
    outgoing->hidden = person->hidden_phone;
    outgoing->number = number_index(simulator, number);
    (void)snprintf(outgoing->id, sizeof(outgoing->id), "%.*s", TEXT_ARGS(id));
    for (size_t i = 0; i < category.size && i + 1 < CATEGORY_MAX; i++) {
        outgoing->category[i] = (char)(category.data[i] | 0x20); /* lower case */
    }
    if (token.size > 0) {
        outgoing->token = mem_alloc(token.size + 1);
        memcpy(outgoing->token, token.data, token.size);
        outgoing->token[token.size] = '\0';
    }
    return outgoing;
}

static void plan_answers(struct simulator *simulator, const struct person *person,
                         const struct number *number, int64_t at_ms, uint64_t draw)
{
    bool stop = chance(draw, 81, simulator->faults.stop);
    if (!stop && !chance(draw, 80, simulator->faults.reply)) {
        return;
    }
    char id[SIMULATOR_ID_MAX];
    struct person copy = *person;
    struct number *from = &simulator->world.numbers[number_index(simulator, number)];
    people_write(simulator, &copy, from,
                 &(struct inbound){.type = "text",
                                   .text = stop ? TEXT("STOP") : TEXT("Thank you!"),
                                   .name = TEXT("Simulated Person"),
                                   .with_context = true},
                 at_ms - simulator->now_ms + MS_PER_SECOND, id);
}

void webhooks_plan_statuses(struct simulator *simulator, const struct person *person,
                            const struct number *number, struct text id, struct text token,
                            struct text category, int64_t fail_code, bool at_once, uint64_t draw)
{
    const struct faults *faults = &simulator->faults;
    if (faults->no_webhooks || simulator->webhook_url == NULL) {
        return;
    }
    struct outgoing *outgoing = outgoing_new(simulator, person, number, id, token, category);
    int64_t low = faults->delay_min_ms;
    int64_t high = faults->delay_max_ms;
    int64_t sent_ms = simulator->now_ms + (at_once ? 0 : between(draw, 1, low, high));
    int64_t delivered_ms = sent_ms + between(draw, 2, low, high);
    if (delivered_ms < person->offline_until_ms) {
        delivered_ms = person->offline_until_ms;
    }
    if (fail_code != 0) {
        plan_with_luck(simulator, outgoing, "failed", fail_code, sent_ms, draw, 0);
    } else {
        bool delivered = chance(draw, 20, faults->delivered);
        bool read = delivered && !person->no_receipts && chance(draw, 21, faults->read);
        plan_with_luck(simulator, outgoing, "sent", 0, sent_ms, draw, 0);
        /* A message that is read at once is never reported as delivered. */
        if (delivered && !(read && chance(draw, 22, 50))) {
            plan_with_luck(simulator, outgoing, "delivered", 0, delivered_ms, draw, 1);
        }
        if (read) {
            plan_with_luck(simulator, outgoing, "read", 0,
                           delivered_ms + between(draw, 3, low, high), draw, 2);
        }
        if (delivered) {
            plan_answers(simulator, person, number, delivered_ms, draw);
        }
    }
    if (--outgoing->references == 0) {
        mem_free(outgoing->token);
        mem_free(outgoing);
    }
}

void webhooks_plan_value(struct simulator *simulator, const struct number *number,
                         const char *field, char *owned_value, int64_t delay_ms)
{
    struct event *event = mem_zalloc(sizeof(*event));
    event->field = field;
    event->value = owned_value;
    event->number = number_index(simulator, number);
    event->at_ms = simulator->now_ms + delay_ms;
    plan(simulator, event, event->at_ms);
}

static void write_failure(struct json_writer *writer, int64_t code)
{
    int status = 0;
    const char *title = "Message failed";
    (void)graph_code_words(code, &status, &title);
    json_key(writer, "errors");
    json_array_begin(writer);
    json_object_begin(writer);
    json_field_int64(writer, "code", code);
    json_field_chars(writer, "title", title);
    json_field_chars(writer, "message", title);
    json_key(writer, "error_data");
    json_object_begin(writer);
    json_field_chars(writer, "details", "simulated");
    json_object_end(writer);
    json_object_end(writer);
    json_array_end(writer);
}

static void write_status(const struct simulator *simulator, const struct event *event,
                         struct json_writer *writer)
{
    const struct outgoing *outgoing = event->outgoing;
    char number[32];
    bool failed = event->code != 0;
    json_object_begin(writer);
    json_field_chars(writer, "id", outgoing->id);
    json_field_chars(writer, "status", event->status);
    (void)snprintf(number, sizeof(number), "%lld", (long long)(event->at_ms / MS_PER_SECOND));
    json_field_chars(writer, "timestamp", number);
    (void)snprintf(number, sizeof(number), "%lld", (long long)outgoing->phone);
    if (outgoing->hidden) {
        (void)snprintf(number, sizeof(number), "US.%lld", (long long)outgoing->phone);
        json_field_chars(writer, "recipient_user_id", number);
    } else {
        json_field_chars(writer, "recipient_id", number);
    }
    if (outgoing->token != NULL && !(failed && simulator->faults.no_token_on_failed)) {
        json_field_chars(writer, "biz_opaque_callback_data", outgoing->token);
    }
    if (failed) {
        write_failure(writer, event->code);
    } else if (event->status[0] == 's') {
        json_key(writer, "pricing");
        json_object_begin(writer);
        json_field_bool(writer, "billable", true);
        json_field_chars(writer, "pricing_model", "PMP");
        json_field_chars(writer, "type", "regular");
        json_field_chars(writer, "category", outgoing->category);
        json_object_end(writer);
    }
    json_object_end(writer);
}

static void write_metadata(const struct number *number, struct json_writer *writer)
{
    json_field_chars(writer, "messaging_product", "whatsapp");
    json_key(writer, "metadata");
    json_object_begin(writer);
    json_field_chars(writer, "display_phone_number", number->phone);
    json_field_chars(writer, "phone_number_id", number->id);
    json_object_end(writer);
}

static void ready(struct simulator *simulator, struct post *post)
{
    struct webhooks *webhooks = &simulator->webhooks;
    post->next = NULL;
    if (webhooks->ready_last == NULL) {
        webhooks->ready_first = post;
    } else {
        webhooks->ready_last->next = post;
    }
    webhooks->ready_last = post;
}

static struct post *post_new(struct simulator *simulator, struct buffer *body, int64_t events)
{
    struct post *post = mem_zalloc(sizeof(*post));
    post->simulator = simulator;
    post->size = body->size;
    post->body = buffer_take(body);
    post->events = events;
    return post;
}

/* Takes as many events from the due list as one body holds: statuses of one number together, a
 * ready-made value alone. */
static void build_post(struct simulator *simulator)
{
    struct webhooks *webhooks = &simulator->webhooks;
    struct event *event = webhooks->due_first;
    const struct number *number = &simulator->world.numbers[event->number];
    struct buffer body;
    struct json_writer writer;
    int64_t count = 0;
    bool is_status = event->outgoing != NULL;
    size_t index = event->number;
    buffer_init(&body, SIMULATOR_BODY_MAX);
    json_writer_init_ascii(&writer, &body);
    json_object_begin(&writer);
    json_field_chars(&writer, "object", "whatsapp_business_account");
    json_key(&writer, "entry");
    json_array_begin(&writer);
    json_object_begin(&writer);
    json_field_chars(&writer, "id", number->account_id);
    json_field_int64(&writer, "time", event->at_ms / MS_PER_SECOND);
    json_key(&writer, "changes");
    json_array_begin(&writer);
    json_object_begin(&writer);
    json_field_chars(&writer, "field", event->field);
    json_key(&writer, "value");
    if (is_status) {
        json_object_begin(&writer);
        write_metadata(number, &writer);
        json_key(&writer, "statuses");
        json_array_begin(&writer);
    }
    do {
        webhooks->due_first = event->next;
        if (is_status) {
            write_status(simulator, event, &writer);
        } else {
            json_raw(&writer, text_from(event->value));
        }
        event_free(event);
        count++;
        event = webhooks->due_first;
    } while (is_status && event != NULL && event->outgoing != NULL && event->number == index &&
             count < simulator->faults.batch_max);
    if (is_status) {
        json_array_end(&writer);
        json_object_end(&writer);
    }
    json_object_end(&writer);
    json_array_end(&writer);
    json_object_end(&writer);
    json_array_end(&writer);
    json_object_end(&writer);
    if (webhooks->due_first == NULL) {
        webhooks->due_last = NULL;
    }
    ready(simulator, post_new(simulator, &body, count));
}

void webhooks_post_raw(struct simulator *simulator, struct text text)
{
    struct buffer body;
    buffer_init(&body, SIMULATOR_BODY_MAX);
    buffer_add_text(&body, text);
    simulator->webhooks.pending++;
    ready(simulator, post_new(simulator, &body, 1));
}

static void post_free(void *context)
{
    struct post *post = context;
    mem_free(post->body);
    mem_free(post);
}

static void post_again(struct simulator *simulator, void *context)
{
    ready(simulator, context);
}

static void close_post(struct webhooks *webhooks, const struct post *post)
{
    for (size_t i = 0; i < webhooks->posts_open; i++) {
        if (webhooks->open[i] == post) {
            webhooks->open[i] = webhooks->open[--webhooks->posts_open];
            return;
        }
    }
}

static void post_done(void *context, const struct http_result *result)
{
    static const int64_t PAUSES_MS[] = {100, 1000, 5000, 15000, 60000, 300000, 900000, 3600000};
    struct post *post = context;
    struct simulator *simulator = post->simulator;
    struct webhooks *webhooks = &simulator->webhooks;
    close_post(webhooks, post);
    if (result->status == 200) {
        webhooks->posted += post->events;
        webhooks->pending -= post->events;
        post_free(post);
        return;
    }
    webhooks->failed++;
    if (++post->attempt >= ATTEMPTS_MAX) {
        webhooks->lost += post->events;
        webhooks->pending -= post->events;
        post_free(post);
        return;
    }
    size_t pause = (size_t)post->attempt - 1;
    pause = pause < ARRAY_SIZE(PAUSES_MS) ? pause : ARRAY_SIZE(PAUSES_MS) - 1;
    timers_add(&simulator->timers, simulator->now_ms + PAUSES_MS[pause], post_again, post_free,
               post);
}

static void start_post(struct simulator *simulator, struct post *post)
{
    uint8_t digest[CRYPTO_SHA256_SIZE];
    char signature[8 + 2 * CRYPTO_SHA256_SIZE] = "sha256=";
    struct text body = text_make(post->body, post->size);
    crypto_hmac_sha256(text_from(simulator->app_secret), body, digest);
    crypto_hex(digest, sizeof(digest), signature + 7);
    struct http_header headers[] = {
        {TEXT("Content-Type"), TEXT("application/json")},
        {TEXT("X-Hub-Signature-256"), text_from(signature)},
        {TEXT("User-Agent"), TEXT("facebookexternalua")},
    };
    struct http_call call = {
        .url = simulator->webhook_url,
        .body = body,
        .headers = headers,
        .header_count = ARRAY_SIZE(headers),
        .allow_plain = true,
        .total_timeout_ms = 10 * MS_PER_SECOND,
    };
    struct error error = {0};
    simulator->webhooks.open[simulator->webhooks.posts_open++] = post;
    if (http_client_start(simulator->client, &call, post_done, post, &error) != OK) {
        post_done(post, &(struct http_result){0});
    }
}

/* Bodies are built only when one can leave, so that more statuses share a body when much is due. */
void webhooks_flush(struct simulator *simulator)
{
    struct webhooks *webhooks = &simulator->webhooks;
    while (webhooks->posts_open < SIMULATOR_POSTS_MAX) {
        if (webhooks->ready_first == NULL && webhooks->due_first != NULL) {
            build_post(simulator);
        }
        struct post *post = webhooks->ready_first;
        if (post == NULL) {
            return;
        }
        webhooks->ready_first = post->next;
        if (webhooks->ready_first == NULL) {
            webhooks->ready_last = NULL;
        }
        start_post(simulator, post);
    }
}

void webhooks_done(struct simulator *simulator)
{
    struct webhooks *webhooks = &simulator->webhooks;
    while (webhooks->due_first != NULL) {
        struct event *event = webhooks->due_first;
        webhooks->due_first = event->next;
        event_free(event);
    }
    while (webhooks->ready_first != NULL) {
        struct post *post = webhooks->ready_first;
        webhooks->ready_first = post->next;
        post_free(post);
    }
    for (size_t i = 0; i < webhooks->posts_open; i++) {
        post_free(webhooks->open[i]); /* the client is gone: nobody reports it any more */
    }
}
