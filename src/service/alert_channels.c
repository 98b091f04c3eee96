/* The checks of sending numbers: paused, held, badly rated, at their limit, behind, and silent
 * webhooks. */
#include "service/alert_checks.h"

#include "base/ids.h"
#include "base/instant.h"
#include "delivery/channel_access.h"
#include "store/store_channel.h"
#include "store/store_lane.h"
#include "store/store_people.h"

enum { SILENT_MESSAGES = 5 };
#define LAG_MS (15 * MS_PER_MINUTE)
#define LAG_CRITICAL_MS (60 * MS_PER_MINUTE)
#define SILENCE_MS (30 * MS_PER_MINUTE)
#define SILENCE_SPAN_MS (48 * MS_PER_HOUR)

static const struct held_words {
    const char *reason;
    const char *title;
    const char *advice;
} HELD[] = {
    {"auth", "WhatsApp refuses the access token of",
     "Make a new access token at Meta and save it in the channel's settings, then test the "
     "channel. Messages wait meanwhile; nothing is lost."},
    {"billing", "WhatsApp asks for payment before it sends more from",
     "Put the payment method of the WhatsApp account right at Meta. Sending is tried again by "
     "itself."},
    {"account", "WhatsApp has restricted the account of",
     "Read the notice in Meta's account quality page and answer it there. Messages wait "
     "meanwhile."},
    {"quality", "WhatsApp holds back messages because people block or report",
     "Send less and only to people who expect it; check what was sent last. Sending is tried "
     "again with one message at a time."},
    {"failure_rate", "Half of the newest messages failed on",
     "Look at the newest errors in the queue. Sending is tried again with one message at a "
     "time."},
};

static void check_state(struct work *work, const struct store_channel *channel,
                        struct alert_findings *findings)
{
    struct alert_finding *finding = NULL;
    struct text name = channel->name;
    if (channel->state == CHANNEL_PAUSED) {
        finding = alert_finding_add(findings, work, "channel_paused", channel->id);
        finding->title =
            arena_format(work->arena, "Sending from \"%.*s\" is paused", TEXT_ARGS(name));
        finding->advice = TEXT("Somebody paused it. Release the channel when it may go on.");
    } else if (channel->state == CHANNEL_HELD) {
        const struct held_words *words = &HELD[ARRAY_SIZE(HELD) - 1];
        for (size_t i = 0; i < ARRAY_SIZE(HELD); i++) {
            if (text_equal(channel->state_reason, text_from(HELD[i].reason))) {
                words = &HELD[i];
            }
        }
        finding = alert_finding_add(findings, work, "channel_held", channel->id);
        finding->severity = ALERT_CRITICAL;
        finding->title = arena_format(work->arena, "%s \"%.*s\"", words->title, TEXT_ARGS(name));
        finding->advice = text_from(words->advice);
    } else if (text_equal(channel->quality, TEXT("RED"))) {
        finding = alert_finding_add(findings, work, "channel_quality", channel->id);
        finding->severity = ALERT_WARNING;
        finding->title = arena_format(work->arena, "WhatsApp rates the quality of \"%.*s\" as low",
                                      TEXT_ARGS(name));
        finding->advice = TEXT("Send less and only to people who expect it, or WhatsApp will "
                               "lower the limit of the number.");
    }
    if (finding != NULL) {
        finding->channel_id = channel->id;
        finding->link = TEXT("/settings/channels");
    }
}

/* The number may write to no more different people today. */
static enum error_code check_tier(struct work *work, const struct store_channel *channel,
                                  struct alert_findings *findings, struct error *error)
{
    int64_t people = 0;
    int64_t free_at_ms = 0;
    if (channel->tier_limit == 0) {
        return OK;
    }
    enum error_code code = store_people_used(work, channel->id, &people, &free_at_ms, error);
    if (code != OK || people < channel->tier_limit) {
        return code;
    }
    struct alert_finding *finding = alert_finding_add(findings, work, "channel_tier", channel->id);
    finding->severity = ALERT_WARNING;
    finding->title =
        arena_format(work->arena, "\"%.*s\" has written to as many people as it may in 24 hours",
                     TEXT_ARGS(channel->name));
    finding->advice = TEXT("Messages to further people wait until places get free; nothing is "
                           "lost. Spread enrollments over more days, or let Meta raise the limit.");
    finding->link = TEXT("/settings/channels");
    finding->channel_id = channel->id;
    return OK;
}

static enum error_code check_lag(struct work *work, const struct store_channel *channel,
                                 struct alert_findings *findings, struct error *error)
{
    int64_t next_at_ms = 0;
    enum error_code code = store_lane_next(work, channel->id, &next_at_ms, error);
    int64_t lag_ms = work->now_ms - next_at_ms;
    if (code != OK || next_at_ms == 0 || lag_ms < LAG_MS) {
        return code;
    }
    struct alert_finding *finding = alert_finding_add(findings, work, "queue_lag", channel->id);
    finding->severity = lag_ms < LAG_CRITICAL_MS ? ALERT_WARNING : ALERT_CRITICAL;
    finding->title =
        arena_format(work->arena, "Messages from \"%.*s\" leave late", TEXT_ARGS(channel->name));
    finding->advice = TEXT("The oldest message waits for more than 15 minutes. The queue page says "
                           "what holds it back; a higher rate of the channel may help.");
    finding->link = TEXT("/messages");
    finding->channel_id = channel->id;
    return OK;
}

static enum error_code check_silence(struct work *work, const struct store_channel *channel,
                                     struct alert_findings *findings, struct error *error)
{
    struct store_alert_silence silence = {0};
    enum error_code code = store_alert_silence(work, channel->id, work->now_ms - SILENCE_SPAN_MS,
                                               work->now_ms - SILENCE_MS, &silence, error);
    if (code != OK || silence.unheard < SILENT_MESSAGES) {
        return code;
    }
    struct alert_finding *finding =
        alert_finding_add(findings, work, "webhook_silence", channel->id);
    finding->severity = ALERT_WARNING;
    finding->title = arena_format(work->arena, "WhatsApp sends no status of messages from \"%.*s\"",
                                  TEXT_ARGS(channel->name));
    finding->advice = TEXT("Check the webhook address and the subscription at Meta, and that this "
                           "server can be reached from outside. Without them nobody sees what was "
                           "delivered, and doubts cannot be settled.");
    finding->link = TEXT("/settings/channels");
    finding->channel_id = channel->id;
    return OK;
}

static enum error_code check_templates(struct work *work, struct alert_findings *findings,
                                       struct error *error)
{
    struct store_alert_template *templates = NULL;
    size_t count = 0;
    enum error_code code =
        store_alert_templates(work, ALERT_FINDINGS_MAX / 2, &templates, &count, error);
    for (size_t i = 0; i < count && code == OK; i++) {
        const struct store_alert_template *template = &templates[i];
        char id[ID_TEXT_MAX];
        struct alert_finding *finding =
            alert_finding_add(findings, work, "template_unusable", template->channel_id);
        finding->cause = arena_format(work->arena, "%.*s:%.*s:%.*s", TEXT_ARGS(finding->cause),
                                      TEXT_ARGS(template->name), TEXT_ARGS(template->language));
        finding->severity = ALERT_CRITICAL;
        finding->title = arena_format(work->arena, "WhatsApp has %s the template \"%.*s\" (%.*s)",
                                      text_equal(template->status, TEXT("PAUSED"))     ? "paused"
                                      : text_equal(template->status, TEXT("REJECTED")) ? "rejected"
                                                                                       : "disabled",
                                      TEXT_ARGS(template->name), TEXT_ARGS(template->language));
        finding->advice = TEXT("Steps that use it cannot be sent. Improve it at Meta, or choose "
                               "another template in the sequence.");
        finding->link = arena_format(work->arena, "/sequences/%s",
                                     id_format(ID_SEQUENCE, template->sequence_id, id));
        finding->channel_id = template->channel_id;
        finding->sequence_id = template->sequence_id;
    }
    return code;
}

/* One finding whatever the number of channels: the key is one for all. */
static void check_key(struct work *work, const struct service *service,
                      const struct store_channel *channels, size_t count,
                      struct alert_findings *findings)
{
    for (size_t i = 0; i < count; i++) {
        struct channel_access access;
        struct error ignored = {0};
        const struct store_channel *channel = &channels[i];
        if (channel_access_open(service->master_key, channel->id, channel->provider,
                                channel->sender_id, channel->account_id, channel->settings,
                                channel->secrets, work->arena, &access, &ignored) == ERROR_DENIED) {
            struct alert_finding *finding = alert_finding_add(findings, work, "master_key", 0);
            finding->severity = ALERT_CRITICAL;
            finding->title = TEXT("The master key does not open the stored credentials");
            finding->advice =
                TEXT("Put the master key back that belongs to this data directory and start the "
                     "server again, or enter the credentials of every channel anew.");
            finding->link = TEXT("/settings/channels");
            return;
        }
    }
}

enum error_code alert_checks_channels(struct work *work, const struct service *service,
                                      bool sending_allowed, struct alert_findings *findings,
                                      struct error *error)
{
    struct store_channel *channels = NULL;
    size_t count = 0;
    enum error_code code = store_channel_list(work, &channels, &count, error);
    if (code == OK) {
        check_key(work, service, channels, count, findings);
    }
    for (size_t i = 0; i < count && code == OK; i++) {
        check_state(work, &channels[i], findings);
        code = check_tier(work, &channels[i], findings, error);
        if (code == OK && sending_allowed && channels[i].state == CHANNEL_READY) {
            code = check_lag(work, &channels[i], findings, error);
        }
        if (code == OK) {
            code = check_silence(work, &channels[i], findings, error);
        }
    }
    return code == OK ? check_templates(work, findings, error) : code;
}
