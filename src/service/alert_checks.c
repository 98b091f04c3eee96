/* The checks of the server as a whole: what fails, what waits for a person, disk, clock, long
 * work. */
#include "service/alert_checks.h"

#include "base/ids.h"
#include "base/instant.h"
#include "delivery/delivery.h"
#include "domain/message.h"
#include "store/store_counter.h"

#include <sys/statvfs.h>

enum {
    FAILED_LEAST = 10,
    FAILED_WARNING_PERCENT = 20,
    FAILED_CRITICAL_PERCENT = 50,
    HELD_COUNTED = 100000,
    BATCH_ROWS_LEAST = 1000, /* of a finished one that somebody may be waiting for */
    BATCHES_MAX = 50,
};
#define PLAN_LAG_MS (15 * MS_PER_MINUTE)
#define BATCH_FINISHED_MS (24 * MS_PER_HOUR)
#define BATCH_FAILED_MS (7 * MS_PER_DAY)

struct alert_finding *alert_finding_add(struct alert_findings *findings, struct work *work,
                                        const char *kind, int64_t about)
{
    /* What is beyond the table is dropped: two hundred open alerts say enough. */
    size_t at = findings->count < ALERT_FINDINGS_MAX ? findings->count++ : ALERT_FINDINGS_MAX - 1;
    struct alert_finding *finding = &findings->items[at];
    *finding = (struct alert_finding){.kind = kind, .cause = text_from(kind)};
    if (about != 0) {
        finding->cause = arena_format(work->arena, "%s:%lld", kind, (long long)about);
    }
    return finding;
}

static enum error_code check_failures(struct work *work, struct alert_findings *findings,
                                      struct error *error)
{
    struct store_counter_time happened;
    int64_t from_ms = floor_divide(work->now_ms, MS_PER_HOUR) * MS_PER_HOUR - MS_PER_HOUR;
    enum error_code code = store_counter_time(work, 0, from_ms, work->now_ms + 1, &happened, error);
    int64_t sent = code == OK ? happened.counts[OUTCOME_SENT] : 0;
    int64_t failed = code == OK ? happened.counts[OUTCOME_FAILED] : 0;
    if (code != OK || failed < FAILED_LEAST ||
        failed * 100 < (sent + failed) * FAILED_WARNING_PERCENT) {
        return code;
    }
    struct alert_finding *finding = alert_finding_add(findings, work, "failure_rate", 0);
    finding->severity =
        failed * 100 < (sent + failed) * FAILED_CRITICAL_PERCENT ? ALERT_WARNING : ALERT_CRITICAL;
    finding->title = TEXT("Many messages fail");
    finding->advice = TEXT("At least one of five messages of this hour and the one before was not "
                           "sent. The list of failed messages says why and what to do.");
    finding->link = TEXT("/messages?status=failed");
    return OK;
}

static enum error_code check_people_waiting(struct work *work, struct alert_findings *findings,
                                            struct error *error)
{
    int64_t held = 0;
    enum error_code code = store_alert_held(work, HELD_COUNTED, &held, error);
    if (code == OK && held > 0) {
        struct alert_finding *finding = alert_finding_add(findings, work, "messages_held", 0);
        finding->severity = ALERT_WARNING;
        finding->title = TEXT("Messages wait for your decision");
        finding->advice = TEXT("Nobody knows whether they were sent. Say for each whether it is to "
                               "be sent again or given up.");
        finding->link = TEXT("/messages?status=held");
    }
    return code;
}

static enum error_code check_planning(struct work *work, struct alert_findings *findings,
                                      struct error *error)
{
    int64_t first_ms = 0;
    enum error_code code = store_alert_first_due(work, &first_ms, error);
    if (code == OK && first_ms != 0 && work->now_ms - first_ms > PLAN_LAG_MS) {
        struct alert_finding *finding = alert_finding_add(findings, work, "planning_lag", 0);
        finding->severity = ALERT_WARNING;
        finding->title = TEXT("The scheduler is behind");
        finding->advice =
            TEXT("Steps that were due more than 15 minutes ago are not in the queue "
                 "yet. Look at the log for errors of the scheduler and at the load of "
                 "the machine.");
        finding->link = TEXT("/messages");
    }
    return code;
}

static enum error_code check_batches(struct work *work, struct alert_findings *findings,
                                     struct error *error)
{
    struct store_alert_batch *batches = NULL;
    size_t count = 0;
    enum error_code code = store_alert_batches(work, work->now_ms - BATCH_FAILED_MS, BATCHES_MAX,
                                               &batches, &count, error);
    for (size_t i = 0; i < count && code == OK; i++) {
        const struct store_alert_batch *batch = &batches[i];
        char id[ID_TEXT_MAX];
        bool recent = work->now_ms - batch->finished_at_ms < BATCH_FINISHED_MS;
        if (!batch->failed && (!recent || batch->done_rows < BATCH_ROWS_LEAST)) {
            continue;
        }
        struct alert_finding *finding = alert_finding_add(
            findings, work, batch->failed ? "batch_failed" : "batch_finished", batch->id);
        finding->tells = true;
        finding->severity = batch->failed ? ALERT_WARNING : ALERT_INFO;
        finding->title = batch->failed ? TEXT("An import or bulk action failed")
                                       : TEXT("An import or bulk action has finished");
        finding->advice =
            batch->failed ? TEXT("Its page says how far it came and why it stopped.")
                          : TEXT("Its page shows the verdicts; refused rows can be downloaded.");
        finding->link = batch->sequence_id == 0
                            ? TEXT("/sequences")
                            : arena_format(work->arena, "/sequences/%s/add",
                                           id_format(ID_SEQUENCE, batch->sequence_id, id));
        finding->batch_id = batch->id;
        finding->sequence_id = batch->sequence_id;
    }
    return code;
}

static void check_disk(struct work *work, const struct service *service,
                       struct alert_findings *findings)
{
    struct statvfs disk;
    int64_t warning = service->limits.disk_warning_bytes;
    if (statvfs(service->data_directory, &disk) != 0) {
        return; /* the next write says it better */
    }
    int64_t available = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    if (available >= warning) {
        return;
    }
    struct alert_finding *finding = alert_finding_add(findings, work, "disk_space", 0);
    finding->severity = available < warning / 4 ? ALERT_CRITICAL : ALERT_WARNING;
    finding->title = TEXT("The disk is nearly full");
    finding->advice = TEXT("Make room on the disk of the data directory. When it is full nothing "
                           "can be written, and sending stops until there is room again.");
    finding->link = TEXT("/settings");
}

/* What the sender says of itself. Returns whether it may send at all. */
static bool check_sender(struct work *work, const struct service *service,
                         struct alert_findings *findings)
{
    struct delivery_stats stats;
    if (service->delivery == NULL) {
        return false;
    }
    delivery_stats(service->delivery, &stats);
    if (stats.idle == DELIVERY_CLOCK) {
        struct alert_finding *finding = alert_finding_add(findings, work, "clock_suspect", 0);
        finding->severity = ALERT_CRITICAL;
        finding->title = TEXT("The clock of the server jumped");
        finding->advice = TEXT("Nothing is sent until the clock has run evenly for ten minutes, or "
                               "somebody confirms that it is right. Check time synchronisation.");
        finding->link = TEXT("/messages");
    }
    if (stats.idle == DELIVERY_FENCED) {
        struct alert_finding *finding = alert_finding_add(findings, work, "sending_fenced", 0);
        finding->severity = ALERT_CRITICAL;
        finding->title = TEXT("A backup was restored: nothing is sent until you decide");
        finding->advice = TEXT("Look at the held messages, then run \"dripline release\".");
        finding->link = TEXT("/messages?status=held");
    }
    if (stats.idle == DELIVERY_PAUSED) {
        struct alert_finding *finding = alert_finding_add(findings, work, "sending_paused", 0);
        finding->title = TEXT("All sending is paused");
        finding->advice = TEXT("Somebody paused it in the settings. Messages wait meanwhile.");
        finding->link = TEXT("/settings");
    }
    return stats.idle != DELIVERY_CLOCK && stats.idle != DELIVERY_FENCED &&
           stats.idle != DELIVERY_PAUSED && stats.idle != DELIVERY_STOPPED;
}

enum error_code alert_checks_run(struct work *work, const struct service *service,
                                 struct alert_findings *ret_findings, struct error *error)
{
    ret_findings->count = 0;
    bool sending_allowed = check_sender(work, service, ret_findings);
    check_disk(work, service, ret_findings);
    enum error_code code =
        alert_checks_channels(work, service, sending_allowed, ret_findings, error);
    if (code == OK) {
        code = check_failures(work, ret_findings, error);
    }
    if (code == OK) {
        code = check_people_waiting(work, ret_findings, error);
    }
    if (code == OK) {
        code = alert_checks_outside(work, ret_findings, error);
    }
    if (code == OK && sending_allowed) {
        code = check_planning(work, ret_findings, error);
    }
    return code == OK ? check_batches(work, ret_findings, error) : code;
}
