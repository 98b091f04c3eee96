/* One webhook body, event by event: finds the channel of each, hands statuses to the receipts, and
 * applies what the provider says about templates, numbers and accounts. People are in
 * inbound_person.c. */
#include "service/inbound_internal.h"

#include "base/crypto.h"
#include "base/hash.h"
#include "base/instant.h"
#include "base/log.h"
#include "delivery/receipts.h"
#include "service/channels.h"
#include "store/store_event.h"
#include "store/store_message.h"

enum { ACCOUNT_PROBE_HOURS = 6 };

static struct text app_secret_of(const struct inbound *inbound, int64_t channel_id)
{
    struct channel_open open;
    struct error ignored = {0};
    return channels_open(inbound->work, inbound->service, channel_id, &open, &ignored) == OK
               ? open.access.app_secret
               : (struct text){0};
}

/* The body was signed with the secret of the address it came by. That speaks for a number of the
 * same app, whose webhooks all have one address, and for nobody else's number. */
static bool may_speak_for(const struct inbound *inbound, const struct store_channel *channel)
{
    if (inbound->channel_id == 0) {
        return text_equal(channel->provider, TEXT("simulator"));
    }
    if (channel->id == inbound->channel_id) {
        return true;
    }
    struct text signer = app_secret_of(inbound, inbound->channel_id);
    return signer.size > 0 && crypto_equal_text(signer, app_secret_of(inbound, channel->id));
}

static bool is_meant(const struct inbound *inbound, const struct store_channel *channel,
                     const struct provider_event *event)
{
    if (event->phone_number_id.size == 0) {
        return inbound->channel_id != 0 && channel->id == inbound->channel_id;
    }
    return text_equal(channel->sender_id, event->phone_number_id);
}

const struct store_channel *inbound_channel(const struct inbound *inbound,
                                            const struct provider_event *event)
{
    for (size_t i = 0; i < inbound->channel_count; i++) {
        const struct store_channel *channel = &inbound->channels[i];
        if (is_meant(inbound, channel, event) && may_speak_for(inbound, channel)) {
            return channel;
        }
    }
    return NULL;
}

int64_t inbound_time_ms(const struct inbound *inbound, const struct provider_event *event)
{
    int64_t now_ms = inbound->work->now_ms;
    return event->at_ms <= 0 || event->at_ms > now_ms ? now_ms : event->at_ms;
}

/* The statuses of one channel in one call, so that a body of hundreds costs one pass. */
static enum error_code apply_statuses(const struct inbound *inbound,
                                      const struct provider_event *events, size_t count,
                                      struct error *error)
{
    enum error_code code = OK;
    struct provider_event *own = arena_array(inbound->work->arena, count + 1, sizeof(*own));
    for (size_t c = 0; c < inbound->channel_count && code == OK; c++) {
        size_t own_count = 0;
        for (size_t i = 0; i < count; i++) {
            if (events[i].kind == PROVIDER_EVENT_STATUS &&
                inbound_channel(inbound, &events[i]) == &inbound->channels[c]) {
                own[own_count++] = events[i];
            }
        }
        if (own_count > 0) {
            code =
                receipts_apply(inbound->work, inbound->channels[c].id, own, own_count, NULL, error);
        }
        for (size_t i = 0; i < own_count && code == OK; i++) {
            if (own[i].status == PROVIDER_STATUS_FAILED &&
                own[i].failure.class == PROVIDER_CLASS_MARKETING_STOP) {
                code = inbound_marketing_stop(inbound, &own[i], error);
            }
        }
    }
    return code;
}

/* Events about an account concern all its channels; one that names no account of ours concerns
 * only the channel it came by, and only while that channel's account is not known. */
static bool concerns(const struct inbound *inbound, const struct store_channel *channel,
                     const struct provider_event *event)
{
    if (channel->account_id.size > 0) {
        return text_equal(channel->account_id, event->account_id) &&
               may_speak_for(inbound, channel);
    }
    return channel->id == inbound->channel_id;
}

static enum error_code tell(const struct inbound *inbound, int64_t channel_id, struct error *error)
{
    struct store_event event = {.type = TEXT("channel.updated"), .channel_id = channel_id};
    inbound->work->wakes |= WORK_WAKE_DELIVERY | WORK_WAKE_SETTINGS;
    return store_event_add(inbound->work, &event, error);
}

static enum error_code apply_template(const struct inbound *inbound, int64_t channel_id,
                                      const struct provider_event *event, struct error *error)
{
    struct text none = {0};
    bool changed = false;
    bool status = event->kind == PROVIDER_EVENT_TEMPLATE_STATUS;
    bool quality = event->kind == PROVIDER_EVENT_TEMPLATE_QUALITY;
    /* "Reinstated" is how the provider says that an approved template may be used again. */
    struct text value = status && text_equal(event->new_value, TEXT("REINSTATED"))
                            ? TEXT("APPROVED")
                            : event->new_value;
    enum error_code code =
        store_template_set(inbound->work, channel_id, event->template_name,
                           event->template_language, status ? value : none, quality ? value : none,
                           status || quality ? none : value, &changed, error);
    return code == OK && changed ? tell(inbound, channel_id, error) : code;
}

/* A limit of the provider's that is tighter than ours counts at once; a wider one is left to a
 * person, who may have chosen the narrow one. */
static enum error_code apply_limit(const struct inbound *inbound,
                                   const struct store_channel *channel,
                                   const struct provider_event *event, struct error *error)
{
    int64_t limit = event->daily_limit;
    if (limit <= 0 || (channel->tier_limit > 0 && channel->tier_limit <= limit)) {
        return OK;
    }
    enum error_code code = store_channel_set_tier(inbound->work, channel->id, limit, error);
    return code == OK ? tell(inbound, channel->id, error) : code;
}

static struct text digits_of(struct text text, struct arena *arena)
{
    char *digits = arena_alloc(arena, text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] >= '0' && text.data[i] <= '9') {
            digits[size++] = text.data[i];
        }
    }
    return text_make(digits, size);
}

/* The limit is one for all numbers of an account, the rating is of the number that is named. While
 * ours is not known, only the one number of an account can be meant. */
static bool is_rated(const struct inbound *inbound, const struct store_channel *channel,
                     const struct provider_event *event)
{
    struct text rated = digits_of(event->description, inbound->work->arena);
    size_t numbers = 0;
    if (rated.size > 0 && channel->phone.size > 0) {
        return text_equal(rated, channel->phone);
    }
    for (size_t i = 0; i < inbound->channel_count; i++) {
        numbers += text_equal(inbound->channels[i].account_id, channel->account_id) ? 1 : 0;
    }
    return numbers == 1;
}

/* "Flagged" is said when the rating has become low, "unflagged" when it no longer is: whether it
 * is a middle or a high one now, the next test of the channel tells. */
static enum error_code apply_rating(const struct inbound *inbound,
                                    const struct store_channel *channel,
                                    const struct provider_event *event, struct error *error)
{
    bool low = text_equal(channel->quality, TEXT("RED"));
    bool becomes_low = text_equal(event->event_name, TEXT("FLAGGED"));
    bool changes = becomes_low ? !low : low && text_equal(event->event_name, TEXT("UNFLAGGED"));
    if (!changes || !is_rated(inbound, channel, event)) {
        return OK;
    }
    enum error_code code = store_channel_set_quality(
        inbound->work, channel->id, becomes_low ? TEXT("RED") : TEXT("UNKNOWN"), error);
    return code == OK ? tell(inbound, channel->id, error) : code;
}

static enum error_code apply_number(const struct inbound *inbound,
                                    const struct store_channel *channel,
                                    const struct provider_event *event, struct error *error)
{
    enum error_code code = apply_limit(inbound, channel, event, error);
    return code == OK ? apply_rating(inbound, channel, event, error) : code;
}

static enum error_code apply_account(const struct inbound *inbound, int64_t channel_id,
                                     const struct provider_event *event, struct error *error)
{
    int64_t now_ms = inbound->work->now_ms;
    enum error_code code = OK;
    switch (event->account_effect) {
    case PROVIDER_ACCOUNT_NOTHING:
        return OK;
    case PROVIDER_ACCOUNT_HOLD:
        if (event->until_ms != 0 && event->until_ms <= now_ms) {
            return OK; /* told late: it is over */
        }
        code = store_lane_hold(inbound->work, channel_id, TEXT("account"),
                               event->until_ms != 0 ? event->until_ms
                                                    : now_ms + ACCOUNT_PROBE_HOURS * MS_PER_HOUR,
                               error);
        break;
    case PROVIDER_ACCOUNT_RELEASE:
        code = store_lane_release(inbound->work, channel_id, error);
        break;
    }
    return code == OK ? tell(inbound, channel_id, error) : code;
}

static enum error_code apply_to_channel(const struct inbound *inbound,
                                        const struct store_channel *channel,
                                        const struct provider_event *event, struct error *error)
{
    switch (event->kind) {
    case PROVIDER_EVENT_TEMPLATE_STATUS:
    case PROVIDER_EVENT_TEMPLATE_QUALITY:
    case PROVIDER_EVENT_TEMPLATE_CATEGORY:
        return apply_template(inbound, channel->id, event, error);
    case PROVIDER_EVENT_NUMBER_QUALITY:
        return apply_number(inbound, channel, event, error);
    case PROVIDER_EVENT_ACCOUNT:
        return apply_account(inbound, channel->id, event, error);
    case PROVIDER_EVENT_ACCOUNT_ALERT:
    case PROVIDER_EVENT_STATUS:
    case PROVIDER_EVENT_INBOUND:
    case PROVIDER_EVENT_PREFERENCE:
    case PROVIDER_EVENT_IDENTITY_CHANGED:
    case PROVIDER_EVENT_ERROR:
    case PROVIDER_EVENT_IGNORED:
        return OK;
    }
    return OK;
}

/* What WhatsApp tells of numbers and accounts stands in the log, whether or not something is to be
 * done: most of it is for people to read. */
static void note(const struct provider_event *event)
{
    if (event->kind == PROVIDER_EVENT_NUMBER_QUALITY || event->kind == PROVIDER_EVENT_ACCOUNT ||
        event->kind == PROVIDER_EVENT_ACCOUNT_ALERT) {
        log_event(LOG_INFO, "webhook.account_reported", "account=%.*s event=%.*s severity=%.*s",
                  TEXT_ARGS(event->account_id), TEXT_ARGS(event->event_name),
                  TEXT_ARGS(event->severity));
    }
}

static enum error_code apply_account_event(const struct inbound *inbound,
                                           const struct provider_event *event, struct error *error)
{
    enum error_code code = OK;
    note(event);
    for (size_t i = 0; i < inbound->channel_count && code == OK; i++) {
        if (concerns(inbound, &inbound->channels[i], event)) {
            code = apply_to_channel(inbound, &inbound->channels[i], event, error);
        }
    }
    return code;
}

static enum error_code apply_one(const struct inbound *inbound, const struct provider_event *event,
                                 struct error *error)
{
    const struct store_channel *channel = inbound_channel(inbound, event);
    switch (event->kind) {
    case PROVIDER_EVENT_INBOUND:
        return channel == NULL ? OK : inbound_message(inbound, channel, event, error);
    case PROVIDER_EVENT_PREFERENCE:
        return channel == NULL ? OK : inbound_preference(inbound, event, error);
    case PROVIDER_EVENT_IDENTITY_CHANGED:
        return channel == NULL ? OK : inbound_identity(inbound, event, error);
    case PROVIDER_EVENT_TEMPLATE_STATUS:
    case PROVIDER_EVENT_TEMPLATE_QUALITY:
    case PROVIDER_EVENT_TEMPLATE_CATEGORY:
    case PROVIDER_EVENT_NUMBER_QUALITY:
    case PROVIDER_EVENT_ACCOUNT:
    case PROVIDER_EVENT_ACCOUNT_ALERT:
        return apply_account_event(inbound, event, error);
    case PROVIDER_EVENT_STATUS: /* together, before */
    case PROVIDER_EVENT_ERROR:  /* what it tells, our own sends hear as well */
    case PROVIDER_EVENT_IGNORED:
        return OK;
    }
    return OK;
}

enum error_code inbound_apply(struct work *work, const struct service *service, int64_t channel_id,
                              const struct provider_event *events, size_t count,
                              struct error *error)
{
    struct inbound inbound = {.work = work, .service = service, .channel_id = channel_id};
    enum error_code code =
        store_channel_list(work, &inbound.channels, &inbound.channel_count, error);
    if (code == OK) {
        code = apply_statuses(&inbound, events, count, error);
    }
    for (size_t i = 0; i < count && code == OK; i++) {
        code = apply_one(&inbound, &events[i], error);
    }
    return code;
}

enum error_code inbound_keep_unread(struct work *work, int64_t channel_id, struct text raw_body,
                                    struct error *error)
{
    struct store_orphan orphan = {
        .channel_id = channel_id,
        .digest = hash_text(raw_body),
        .event = raw_body,
        .received_at_ms = work->now_ms,
    };
    return store_orphan_add(work, &orphan, error);
}
