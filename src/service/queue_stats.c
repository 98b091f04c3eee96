/* The state of the queue in numbers and in one sentence: what it does, or why it does nothing. */
#include "service/messages.h"

#include "delivery/delivery.h"
#include "service/settings.h"
#include "store/store_channel.h"
#include "store/store_people.h"

static const char *channel_state(enum channel_state state)
{
    switch (state) {
    case CHANNEL_READY:
        return "connected";
    case CHANNEL_PAUSED:
        return "paused";
    case CHANNEL_HELD:
        return "error";
    }
    return "error";
}

static void set_state(struct queue_stats *stats, const char *state, const char *sentence)
{
    stats->state = state;
    stats->state_text = sentence;
}

static bool waits_for_people(const struct queue_stats *stats)
{
    for (size_t i = 0; i < stats->channel_count; i++) {
        const struct queue_channel *channel = &stats->channels[i];
        if (channel->daily_limit > 0 && channel->daily_people >= channel->daily_limit &&
            channel->pending > 0) {
            return true;
        }
    }
    return false;
}

static void describe(struct queue_stats *stats, const struct settings *settings,
                     enum delivery_idle idle)
{
    if (settings->sending_paused) {
        set_state(stats, "paused", "Sending is paused in the settings.");
        return;
    }
    if (stats->channel_count == 0) {
        set_state(stats, "no_channel", "No WhatsApp number is connected.");
        return;
    }
    switch (idle) {
    case DELIVERY_BUSY:
    case DELIVERY_RATE:
        set_state(stats, "sending", delivery_idle_sentence(idle));
        return;
    case DELIVERY_NOTHING_DUE:
        if (waits_for_people(stats)) {
            set_state(stats, "held",
                      "A WhatsApp number has written to as many people as its daily limit allows; "
                      "the others wait.");
        } else {
            set_state(stats, "idle", delivery_idle_sentence(idle));
        }
        return;
    case DELIVERY_NO_CHANNEL:
        set_state(stats, "no_channel", delivery_idle_sentence(idle));
        return;
    case DELIVERY_CHANNEL_PAUSED:
        set_state(stats, "channel_paused", delivery_idle_sentence(idle));
        return;
    case DELIVERY_CLOCK:
    case DELIVERY_FENCED:
        set_state(stats, "held", delivery_idle_sentence(idle));
        return;
    case DELIVERY_STORE:
    case DELIVERY_STOPPED:
    case DELIVERY_PAUSED:
        set_state(stats, "paused", delivery_idle_sentence(idle));
        return;
    }
}

static void add_totals(struct queue_stats *stats, const struct store_queue_totals *totals)
{
    stats->sending = totals->sending;
    stats->in_doubt = totals->in_doubt;
    stats->held = totals->held;
    stats->next_at_ms = totals->next_due_at_ms;
    for (size_t i = 0; i < totals->channel_count; i++) {
        const struct store_queue_channel *row = &totals->channels[i];
        stats->pending += row->pending;
        stats->due += row->due;
        if (row->due > 0 &&
            (stats->oldest_due_at_ms == 0 || row->next_at_ms < stats->oldest_due_at_ms)) {
            stats->oldest_due_at_ms = row->next_at_ms;
        }
        if (row->next_at_ms != 0 &&
            (stats->next_at_ms == 0 || row->next_at_ms < stats->next_at_ms)) {
            stats->next_at_ms = row->next_at_ms;
        }
    }
}

static void add_channel(struct queue_stats *stats, const struct store_channel *channel,
                        const struct store_queue_totals *totals,
                        const struct delivery_stats *delivery)
{
    struct queue_channel *row = &stats->channels[stats->channel_count++];
    *row = (struct queue_channel){
        .id = channel->id,
        .name = channel->name,
        .state = channel_state(channel->state),
        .rate_limit_per_second = (double)channel->rate_per_second,
        .daily_limit = channel->tier_limit,
    };
    for (size_t i = 0; i < totals->channel_count; i++) {
        if (totals->channels[i].channel_id == channel->id) {
            row->pending = totals->channels[i].pending;
        }
    }
    for (size_t i = 0; i < delivery->lane_count; i++) {
        if (delivery->lanes[i].channel_id == channel->id) {
            row->rate_per_second = delivery->lanes[i].sent_per_second;
            row->rate_limit_per_second = delivery->lanes[i].rate_per_second;
        }
    }
    stats->rate_limit_per_second += row->rate_limit_per_second;
}

enum error_code messages_queue_stats(struct work *work, const struct service *service,
                                     struct queue_stats *ret_stats, struct error *error)
{
    struct queue_stats stats = {0};
    struct delivery_stats delivery = {.idle = DELIVERY_STOPPED};
    struct store_queue_totals totals;
    struct settings settings;
    struct store_channel *channels = NULL;
    size_t count = 0;
    enum error_code code = store_queue_totals(work, &totals, error);
    if (code == OK) {
        code = store_channel_list(work, &channels, &count, error);
    }
    if (code == OK) {
        code = settings_read(work, &settings, error);
    }
    if (code != OK) {
        return code;
    }
    if (service->delivery != NULL) {
        delivery_stats(service->delivery, &delivery);
    }
    add_totals(&stats, &totals);
    stats.rate_per_second = delivery.sent_per_second;
    stats.channels = arena_array(work->arena, count + 1, sizeof(*stats.channels));
    for (size_t i = 0; i < count && code == OK; i++) {
        add_channel(&stats, &channels[i], &totals, &delivery);
        struct queue_channel *row = &stats.channels[i];
        if (row->daily_limit > 0) {
            code =
                store_people_used(work, row->id, &row->daily_people, &row->daily_free_at_ms, error);
        }
    }
    if (code != OK) {
        return code;
    }
    describe(&stats, &settings, delivery.idle);
    *ret_stats = stats;
    return OK;
}
