/* Live events: one thread reads what was committed to the event log and sends it to the browsers
 * that listen, at most four times a second, and less often the more there are, so that thousands of
 * them cost what a few hundred do. In a tick with many messages only the news that numbers changed
 * is sent; who needs every single event reads the feed, which loses nothing. */
#include "api/api_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/events.h"

#include <stdatomic.h>

enum {
    TICK_MS = 250,
    HEARTBEAT_MS = 15000,
    SENDS_PER_MS = 2, /* what all browsers together get, on average */
    PAGE = 500,
    PAGES_PER_TICK = 40,
    NEWS_SIZE = 256 * 1024, /* no page is added beyond */
    MESSAGES_PER_TICK = 50,
    SUBSCRIBERS_MAX = 16000,
};

struct subscriber {
    struct subscriber *next;
    struct http_stream *stream;
    int64_t after_id;
    struct events_filter filter;
    bool served; /* in this tick */
};

enum item_kind { ITEM_WAKE, ITEM_SUBSCRIBE, ITEM_STOP };

struct item {
    struct queue_link link;
    enum item_kind kind;
    struct subscriber *subscriber;
};

struct events {
    struct service *service;
    struct queue *queue;
    struct thread *thread;
    struct arena *arena;
    struct subscriber *subscribers;
    size_t count;
    atomic_bool wake_waits; /* a wake is queued already */
    atomic_size_t subscribed;
    bool stopping;
};

static void push(struct events *events, enum item_kind kind, struct subscriber *subscriber)
{
    struct item *item = mem_zalloc(sizeof(*item));
    item->kind = kind;
    item->subscriber = subscriber;
    if (!queue_push(events->queue, &item->link)) {
        if (subscriber != NULL) {
            http_stream_release(subscriber->stream);
            mem_free(subscriber);
        }
        mem_free(item);
    }
}

void events_wake(struct events *events)
{
    if (atomic_load(&events->subscribed) > 0 && !atomic_exchange(&events->wake_waits, true)) {
        push(events, ITEM_WAKE, NULL);
    }
}

size_t events_listeners(const struct events *events)
{
    return atomic_load(&events->subscribed);
}

bool events_subscribe(struct events *events, struct http_stream *stream, int64_t after_id,
                      const struct events_filter *filter)
{
    if (atomic_fetch_add(&events->subscribed, 1) >= SUBSCRIBERS_MAX) {
        atomic_fetch_sub(&events->subscribed, 1);
        return false;
    }
    struct subscriber *subscriber = mem_zalloc(sizeof(*subscriber));
    *subscriber = (struct subscriber){.stream = stream, .after_id = after_id, .filter = *filter};
    push(events, ITEM_SUBSCRIBE, subscriber);
    return true;
}

/* ---- one tick ---- */

static struct text family_of(struct text type)
{
    struct text family;
    (void)text_next(&type, '.', &family);
    return family;
}

bool events_filter_takes(const struct events_filter *filter, const struct store_event *event)
{
    bool type_fits = filter->type_count == 0;
    for (size_t i = 0; i < filter->type_count; i++) {
        struct text wanted = text_from(filter->types[i]);
        type_fits = type_fits || text_equal(wanted, event->type) ||
                    text_equal(wanted, family_of(event->type));
    }
    return type_fits && (filter->sequence_id == 0 || filter->sequence_id == event->sequence_id) &&
           (filter->enrollment_id == 0 || filter->enrollment_id == event->enrollment_id);
}

static void add_event(struct buffer *out, const struct store_event *event)
{
    struct json_writer writer;
    buffer_add_format(out, "id: %lld\nevent: %.*s\ndata: ", (long long)event->id,
                      TEXT_ARGS(family_of(event->type)));
    json_writer_init(&writer, out);
    events_encode(&writer, event);
    buffer_add_chars(out, "\n\n");
}

static void add_numbers_changed(struct buffer *out, const char *name, int64_t id)
{
    buffer_add_format(out, "id: %lld\nevent: %s\ndata: {\"type\":\"%s\"}\n\n", (long long)id, name,
                      name);
}

static bool is_about_message(const struct store_event *event)
{
    return text_equal(family_of(event->type), TEXT("message"));
}

/* What those are told who stand at the same place with the same filter. */
struct news {
    struct buffer text;
    size_t messages;
    bool numbers; /* changed */
    bool more;    /* waits in the log for the next tick */
    int64_t to_id;
};

/* Adds what passes the filter of `list`. */
static void add_page(struct news *news, const struct events_filter *filter,
                     const struct store_event *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        news->messages += is_about_message(&list[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const struct store_event *event = &list[i];
        news->numbers = news->numbers || is_about_message(event) ||
                        text_equal(family_of(event->type), TEXT("enrollment"));
        bool too_many = is_about_message(event) && news->messages > MESSAGES_PER_TICK;
        if (!too_many && events_filter_takes(filter, event)) {
            add_event(&news->text, event);
        }
    }
}

/* Reads on until the log ends: a burst is told at once, not page by page over many ticks. */
static bool make_news(struct events *events, struct work *work, const struct subscriber *first,
                      struct news *news)
{
    buffer_clear(&news->text);
    *news = (struct news){.text = news->text, .to_id = first->after_id, .more = true};
    for (int i = 0; i < PAGES_PER_TICK && news->more && news->text.size < NEWS_SIZE; i++) {
        struct store_event *list = NULL;
        size_t count = 0;
        struct error error = {0};
        if (events_read(work, news->to_id, PAGE, &list, &count, &error) != OK) {
            log_error("events.read", &error);
            return false;
        }
        if (count > 0) {
            add_page(news, &first->filter, list, count);
            news->to_id = list[count - 1].id;
        }
        news->more = count == PAGE;
        arena_reset(events->arena);
    }
    if (news->numbers && first->filter.type_count == 0) {
        add_numbers_changed(&news->text, "queue", news->to_id);
        add_numbers_changed(&news->text, "stats", news->to_id);
    }
    return true;
}

static bool same_filter(const struct events_filter *a, const struct events_filter *b)
{
    bool same = a->type_count == b->type_count && a->sequence_id == b->sequence_id &&
                a->enrollment_id == b->enrollment_id;
    for (size_t i = 0; same && i < a->type_count; i++) {
        same = text_equal(text_from(a->types[i]), text_from(b->types[i]));
    }
    return same;
}

/* Sends everybody what is new. Subscribers that stand at the same place with the same filter share
 * the news. Returns true when somebody has more to read. */
static bool send_news(struct events *events, struct work *work)
{
    struct news news = {0};
    bool more = false;
    buffer_init(&news.text, 1 << 20);
    for (struct subscriber *at = events->subscribers; at != NULL; at = at->next) {
        at->served = false;
    }
    for (struct subscriber *first = events->subscribers; first != NULL; first = first->next) {
        int64_t after_id = first->after_id;
        if (first->served) {
            continue;
        }
        if (!make_news(events, work, first, &news)) {
            break;
        }
        more = more || news.more;
        for (struct subscriber *at = first; at != NULL; at = at->next) {
            if (at->served || at->after_id != after_id ||
                !same_filter(&first->filter, &at->filter)) {
                continue;
            }
            at->served = true;
            at->after_id = news.to_id;
            if (news.text.size > 0) { /* whom it does not reach the sweep finds out */
                (void)http_stream_send(at->stream, buffer_text(&news.text));
            }
        }
    }
    buffer_done(&news.text);
    return more;
}

/* Lets go of those whose browser is gone; `heartbeat` makes the network tell. */
static void sweep(struct events *events, bool heartbeat)
{
    struct subscriber **at = &events->subscribers;
    while (*at != NULL) {
        struct subscriber *subscriber = *at;
        bool open = heartbeat ? http_stream_send(subscriber->stream, TEXT(": \n\n"))
                              : http_stream_is_open(subscriber->stream);
        if (open && !events->stopping) {
            at = &subscriber->next;
            continue;
        }
        *at = subscriber->next;
        http_stream_release(subscriber->stream);
        mem_free(subscriber);
        events->count--;
        atomic_fetch_sub(&events->subscribed, 1);
    }
}

static void take_in(struct events *events, struct subscriber *subscriber, struct work *work)
{
    struct error error = {0};
    if (subscriber->after_id < 0 && events_newest(work, &subscriber->after_id, &error) != OK) {
        subscriber->after_id = 0;
    }
    subscriber->next = events->subscribers;
    events->subscribers = subscriber;
    events->count++;
    (void)http_stream_send(subscriber->stream, TEXT("retry: 2000\n\n"));
}

/* Takes everything that waits in the queue; true when there may be something to send. */
static bool take_items(struct events *events, struct queue_link *link, struct work *work)
{
    bool news = link != NULL;
    while (link != NULL) {
        struct item *item = QUEUE_ITEM(link, struct item, link);
        link = link->next;
        switch (item->kind) {
        case ITEM_WAKE:
            break;
        case ITEM_SUBSCRIBE:
            take_in(events, item->subscriber, work);
            break;
        case ITEM_STOP:
            events->stopping = true;
            break;
        }
        mem_free(item);
    }
    return news;
}

/* What one round of the loop remembers for the next. */
struct pace {
    bool news;
    int64_t next_tick_us;
    int64_t next_beat_us;
};

static int64_t wait_ms(const struct events *events, const struct pace *pace, int64_t now_us)
{
    if (events->count == 0) {
        return -1;
    }
    int64_t until_us = pace->news && pace->next_tick_us < pace->next_beat_us ? pace->next_tick_us
                                                                             : pace->next_beat_us;
    return until_us <= now_us ? 0 : (until_us - now_us) / 1000 + 1;
}

static void round_once(struct events *events, struct service_reader *reader, struct pace *pace)
{
    struct queue_link *link =
        queue_wait_all(events->queue, wait_ms(events, pace, clock_measure_us()));
    struct error error = {0};
    struct work work = {.arena = events->arena};
    bool readable = service_reader_begin(reader, &work, &error) == OK;
    pace->news = take_items(events, link, &work) || pace->news;
    int64_t now_us = clock_measure_us();
    if (readable && pace->news && now_us >= pace->next_tick_us) {
        atomic_store(&events->wake_waits, false);
        service_reader_end(reader); /* what was committed before this moment must be seen */
        readable = service_reader_begin(reader, &work, &error) == OK;
        pace->news = readable && send_news(events, &work);
        int64_t tick_ms = (int64_t)events->count / SENDS_PER_MS;
        pace->next_tick_us = now_us + (tick_ms > TICK_MS ? tick_ms : TICK_MS) * INT64_C(1000);
    }
    service_reader_end(reader);
    bool heartbeat = now_us >= pace->next_beat_us;
    if (heartbeat) {
        pace->next_beat_us = now_us + HEARTBEAT_MS * INT64_C(1000);
    }
    sweep(events, heartbeat);
    arena_reset(events->arena);
}

static void run(void *context)
{
    struct events *events = context;
    struct error error = {0};
    struct service_reader *reader = NULL;
    struct pace pace = {0};
    if (service_reader_open(events->service, &reader, &error) != OK) {
        log_error("events.start", &error);
        return;
    }
    while (!events->stopping) {
        round_once(events, reader, &pace);
    }
    service_reader_close(reader);
}

enum error_code events_start(struct service *service, struct events **ret_events,
                             struct error *error)
{
    struct events *events = mem_zalloc(sizeof(*events));
    events->service = service;
    events->arena = arena_new();
    events->queue = queue_new(NULL, NULL);
    enum error_code code = thread_start("http-events", run, events, &events->thread, error);
    if (code != OK) {
        queue_free(events->queue);
        arena_free(events->arena);
        mem_free(events);
        return code;
    }
    *ret_events = events;
    return OK;
}

void events_stop(struct events *events)
{
    if (events == NULL) {
        return;
    }
    push(events, ITEM_STOP, NULL);
    thread_join(events->thread);
    queue_close(events->queue);
    struct queue_link *link;
    while ((link = queue_pop(events->queue)) != NULL) {
        struct item *item = QUEUE_ITEM(link, struct item, link);
        if (item->subscriber != NULL) {
            http_stream_release(item->subscriber->stream);
            mem_free(item->subscriber);
        }
        mem_free(item);
    }
    queue_free(events->queue);
    arena_free(events->arena);
    mem_free(events);
}
