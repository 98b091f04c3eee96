/* The checks of what leaves this server beside messages: mails, outgoing webhooks, backups. */
#include "service/alert_checks.h"

#include "base/instant.h"
#include "service/backup.h"
#include "store/store_channel.h"
#include "store/store_mail.h"
#include "store/store_webhook.h"

enum { MAIL_TRIES = 3, WEBHOOK_NAME_MAX = 120 };
#define WEBHOOK_FAILING_MS MS_PER_DAY
#define BACKUP_AGE_MS (14 * MS_PER_DAY)

static enum error_code check_mails(struct work *work, struct alert_findings *findings,
                                   struct error *error)
{
    struct store_mail_summary mails;
    enum error_code code = store_mail_summarize(work, &mails, error);
    if (code != OK ||
        (mails.most_attempts < MAIL_TRIES && mails.last_ended_state != MAIL_GIVEN_UP)) {
        return code;
    }
    struct alert_finding *finding = alert_finding_add(findings, work, "email_failing", 0);
    finding->severity = ALERT_WARNING;
    finding->title = TEXT("Mails about alerts do not leave");
    finding->advice = TEXT("The mail server refuses them or cannot be reached. Look at the e-mail "
                           "settings and send a test mail from there.");
    finding->link = TEXT("/settings/email");
    return OK;
}

/* What a person knows a webhook by: its description, or where it goes. */
static struct text webhook_name(const struct store_webhook *webhook)
{
    struct text name = webhook->url;
    size_t at = 0;
    if (webhook->description.size > 0 && webhook->description.size <= WEBHOOK_NAME_MAX) {
        return webhook->description;
    }
    if (text_find_text(name, TEXT("://"), &at)) {
        name = text_skip(name, at + 3);
    }
    /* Nothing that may be secret: neither what follows the host nor what stands before it. */
    for (const char *end = "/?#"; *end != '\0'; end++) {
        name = text_find(name, *end, &at) ? text_head(name, at) : name;
    }
    while (text_find(name, '@', &at)) {
        name = text_skip(name, at + 1);
    }
    return name;
}

/* A receiver that a person switched off is no trouble. */
static void check_webhook(struct work *work, const struct store_webhook *webhook,
                          struct alert_findings *findings)
{
    struct alert_finding *finding = NULL;
    struct text name = webhook_name(webhook);
    if (webhook->state == WEBHOOK_DISABLED && !text_equal(webhook->state_reason, TEXT("person"))) {
        finding = alert_finding_add(findings, work, "webhook_disabled", webhook->id);
        finding->title =
            arena_format(work->arena, "The webhook \"%.*s\" was switched off", TEXT_ARGS(name));
        finding->advice =
            text_equal(webhook->state_reason, TEXT("gone"))
                ? TEXT("Its receiver answered 410: it wants nothing any more. Remove the webhook, "
                       "or put the receiver right and switch the webhook on; what it missed "
                       "stands in the event feed.")
                : TEXT("Its receiver failed for five days. Put it right and switch the webhook "
                       "on; what it missed stands in the event feed.");
    } else if (webhook->state == WEBHOOK_ACTIVE && webhook->failing_since_ms != 0 &&
               work->now_ms - webhook->failing_since_ms >= WEBHOOK_FAILING_MS) {
        finding = alert_finding_add(findings, work, "webhook_failing", webhook->id);
        finding->title =
            arena_format(work->arena, "The receiver of webhook \"%.*s\" fails", TEXT_ARGS(name));
        finding->advice = TEXT("It has taken nothing for a day; its deliveries say why. After five "
                               "days the webhook is switched off.");
    }
    if (finding != NULL) {
        finding->severity = ALERT_WARNING;
        finding->link = TEXT("/settings/webhooks");
    }
}

static enum error_code check_webhooks(struct work *work, struct alert_findings *findings,
                                      struct error *error)
{
    struct store_webhook *webhooks = NULL;
    size_t count = 0;
    enum error_code code = store_webhook_list(work, &webhooks, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        check_webhook(work, &webhooks[i], findings);
    }
    return code;
}

/* While only the simulator is connected there is nothing that one must not lose. */
static enum error_code check_backup(struct work *work, struct alert_findings *findings,
                                    struct error *error)
{
    struct store_channel *channels = NULL;
    size_t count = 0;
    int64_t since_ms = 0;
    int64_t backup_at_ms = 0;
    enum error_code code = store_channel_list(work, &channels, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        bool simulated = text_equal(channels[i].provider, TEXT("simulator"));
        bool older = since_ms == 0 || channels[i].created_at_ms < since_ms;
        since_ms = !simulated && older ? channels[i].created_at_ms : since_ms;
    }
    if (code == OK && since_ms != 0) {
        code = backup_newest(work, &backup_at_ms, error);
    }
    since_ms = backup_at_ms > since_ms ? backup_at_ms : since_ms;
    if (code == OK && since_ms != 0 && work->now_ms - since_ms >= BACKUP_AGE_MS) {
        struct alert_finding *finding = alert_finding_add(findings, work, "backup_old", 0);
        finding->severity = ALERT_WARNING;
        finding->title = TEXT("There is no backup of the last two weeks");
        finding->advice = TEXT("Run \"dripline backup FILE\", best every night, and keep the file "
                               "and the master key on other machines.");
        finding->link = TEXT("/help");
    }
    return code;
}

enum error_code alert_checks_outside(struct work *work, struct alert_findings *findings,
                                     struct error *error)
{
    enum error_code code = check_mails(work, findings, error);
    if (code == OK) {
        code = check_webhooks(work, findings, error);
    }
    return code == OK ? check_backup(work, findings, error) : code;
}
