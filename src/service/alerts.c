/* Alerts: what the checks find is held against the open rows. See alerts.h. */
#include "service/alerts.h"

#include "base/instant.h"
#include "base/json_writer.h"
#include "service/alert_checks.h"
#include "service/email.h"
#include "store/store_access.h"
#include "store/store_event.h"

#include <stdlib.h>

enum { PRUNE_AT_ONCE = 1000 };
#define TEST_LASTS_MS (10 * MS_PER_MINUTE)
#define KEPT_MS (90 * MS_PER_DAY)

static const char TEST_KIND[] = "test";

const char *alert_severity_to_text(enum alert_severity severity)
{
    static const char *const WORDS[ALERT_SEVERITY_COUNT] = {"info", "warning", "critical"};
    CHECK((size_t)severity < ALERT_SEVERITY_COUNT);
    return WORDS[severity];
}

/* ---- telling ---- */

enum alert_news { ALERT_OPENED, ALERT_WORSENED, ALERT_CLOSED };

static enum error_code tell(struct work *work, enum alert_news news,
                            const struct store_alert *alert, struct error *error)
{
    static const char *const TYPES[] = {"alert.opened", "alert.updated", "alert.closed"};
    CLEANUP_IN_PLACE(buffer_done) struct buffer data;
    struct json_writer writer;
    bool muted = alert->muted_until_ms > work->now_ms;
    buffer_init(&data, 8 * 1024);
    if (muted && news != ALERT_CLOSED) {
        return OK;
    }
    json_writer_init(&writer, &data);
    json_object_begin(&writer);
    json_field_id(&writer, "alert_id", ID_ALERT, alert->id);
    json_field_text(&writer, "kind", alert->kind);
    json_field_chars(&writer, "severity", alert_severity_to_text(alert->severity));
    json_field_text(&writer, "title", alert->title);
    json_field_text(&writer, "advice", alert->advice);
    json_field_text(&writer, "link", alert->link);
    json_field_time(&writer, "since", alert->opened_at_ms);
    json_object_end(&writer);
    struct store_event event = {
        .type = text_from(TYPES[news]),
        .sequence_id = alert->sequence_id,
        .channel_id = alert->channel_id,
        .batch_id = alert->batch_id,
        .data = buffer_text(&data),
    };
    /* That it is over, machines hear also of a muted one: they may have been told of its opening,
     * and would wait for ever. People asked for quiet. Those who want to hear of urgent things
     * alone get their mail when it has become one; who had it before gets no second. */
    enum error_code code = store_event_add(work, &event, error);
    return code == OK && !muted ? email_alert(work, alert, news != ALERT_CLOSED, error) : code;
}

static enum error_code close_alert(struct work *work, struct store_alert *alert,
                                   struct error *error)
{
    alert->closed_at_ms = work->now_ms;
    enum error_code code = store_alert_update(work, alert, error);
    return code == OK ? tell(work, ALERT_CLOSED, alert, error) : code;
}

static enum error_code open_alert(struct work *work, struct store_alert *alert, struct error *error)
{
    alert->opened_at_ms = work->now_ms;
    enum error_code code = store_alert_insert(work, alert, error);
    return code == OK ? tell(work, ALERT_OPENED, alert, error) : code;
}

/* ---- comparing ---- */

/* Where a look at findings and rows leaves the rows. With `work_is_writer` false nothing is
 * changed and `changes` says how much would be. */
struct comparison {
    struct work *work;
    const struct alert_findings *findings;
    struct store_alert *open;
    size_t open_count;
    bool apply;
    size_t changes;
};

static const struct alert_finding *find_cause(const struct alert_findings *findings,
                                              struct text cause)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (text_equal(findings->items[i].cause, cause)) {
            return &findings->items[i];
        }
    }
    return NULL;
}

static bool is_test(const struct store_alert *alert)
{
    return text_equal(alert->kind, text_from(TEST_KIND));
}

static enum error_code renew(struct comparison *comparison, struct store_alert *alert,
                             struct error *error)
{
    struct work *work = comparison->work;
    const struct alert_finding *finding = find_cause(comparison->findings, alert->cause);
    if (is_test(alert) && work->now_ms - alert->opened_at_ms < TEST_LASTS_MS) {
        return OK;
    }
    if (finding != NULL && finding->severity == alert->severity &&
        text_equal(finding->title, alert->title) && text_equal(finding->advice, alert->advice)) {
        return OK;
    }
    comparison->changes++;
    if (!comparison->apply) {
        return OK;
    }
    if (finding == NULL) {
        return close_alert(work, alert, error);
    }
    bool worse = finding->severity > alert->severity;
    alert->severity = finding->severity;
    alert->title = finding->title;
    alert->advice = finding->advice;
    enum error_code code = store_alert_update(work, alert, error);
    return code == OK && worse ? tell(work, ALERT_WORSENED, alert, error) : code;
}

static bool is_open(const struct comparison *comparison, struct text cause)
{
    for (size_t i = 0; i < comparison->open_count; i++) {
        if (text_equal(comparison->open[i].cause, cause)) {
            return true;
        }
    }
    return false;
}

static enum error_code add_found(struct comparison *comparison, const struct alert_finding *finding,
                                 struct error *error)
{
    struct store_alert before = {0};
    bool known = false;
    if (is_open(comparison, finding->cause)) {
        return OK;
    }
    enum error_code code =
        store_alert_newest(comparison->work, finding->cause, &before, &known, error);
    if (code != OK || (known && finding->tells)) {
        return code; /* it was told once */
    }
    comparison->changes++;
    if (!comparison->apply) {
        return OK;
    }
    struct store_alert alert = {
        .kind = text_from(finding->kind),
        .cause = finding->cause,
        .severity = finding->severity,
        .title = finding->title,
        .advice = finding->advice,
        .link = finding->link,
        .sequence_id = finding->sequence_id,
        .channel_id = finding->channel_id,
        .batch_id = finding->batch_id,
        .muted_until_ms =
            before.muted_until_ms > comparison->work->now_ms ? before.muted_until_ms : 0,
    };
    return open_alert(comparison->work, &alert, error);
}

static enum error_code compare(struct work *work, const struct service *service, bool apply,
                               size_t *ret_changes, struct error *error)
{
    struct alert_findings *findings = arena_alloc(work->arena, sizeof(*findings));
    struct comparison comparison = {.work = work, .findings = findings, .apply = apply};
    enum error_code code = alert_checks_run(work, service, findings, error);
    if (code == OK) {
        code = store_alert_open_list(work, &comparison.open, &comparison.open_count, error);
    }
    for (size_t i = 0; i < comparison.open_count && code == OK; i++) {
        code = renew(&comparison, &comparison.open[i], error);
    }
    for (size_t i = 0; i < findings->count && code == OK; i++) {
        code = add_found(&comparison, &findings->items[i], error);
    }
    *ret_changes = comparison.changes;
    return code;
}

enum error_code alerts_outdated(struct work *work, const struct service *service,
                                bool *ret_outdated, struct error *error)
{
    size_t changes = 0;
    enum error_code code = compare(work, service, false, &changes, error);
    *ret_outdated = changes > 0;
    return code;
}

enum error_code alerts_update(struct work *work, const struct service *service, struct error *error)
{
    size_t changes = 0;
    return compare(work, service, true, &changes, error);
}

/* ---- what people do ---- */

static int by_urgency(const void *a, const void *b)
{
    const struct store_alert *left = a;
    const struct store_alert *right = b;
    if (left->severity != right->severity) {
        return left->severity > right->severity ? -1 : 1;
    }
    return left->id < right->id ? 1 : left->id > right->id ? -1 : 0;
}

enum error_code alerts_list(struct work *work, bool recent, int64_t before_id, size_t limit,
                            struct store_alert **ret_alerts, size_t *ret_count, struct error *error)
{
    if (recent) {
        return store_alert_list(work, true, before_id, limit, ret_alerts, ret_count, error);
    }
    enum error_code code = store_alert_open_list(work, ret_alerts, ret_count, error);
    if (code == OK && *ret_count > 1) {
        qsort(*ret_alerts, *ret_count, sizeof(**ret_alerts), by_urgency);
    }
    return code;
}

static enum error_code find_alert(struct work *work, int64_t id, struct store_alert *ret_alert,
                                  struct error *error)
{
    bool found = false;
    enum error_code code = store_alert_get(work, id, ret_alert, &found, error);
    if (code == OK && !found) {
        code = error_set(error, ERROR_NOT_FOUND, "there is no such alert");
    }
    return code;
}

static enum error_code note(struct work *work, const char *action, int64_t id, struct error *error)
{
    char object[ID_TEXT_MAX];
    return store_audit_add(work, action, text_from(id_format(ID_ALERT, id, object)),
                           (struct text){0}, error);
}

enum error_code alerts_mute(struct work *work, int64_t id, int64_t for_ms,
                            struct store_alert *ret_alert, struct error *error)
{
    enum error_code code = find_alert(work, id, ret_alert, error);
    if (code == OK) {
        ret_alert->muted_until_ms = for_ms == 0 ? 0 : work->now_ms + for_ms;
        code = store_alert_update(work, ret_alert, error);
    }
    return code == OK ? note(work, "alert.mute", id, error) : code;
}

enum error_code alerts_acknowledge(struct work *work, int64_t id, struct store_alert *ret_alert,
                                   struct error *error)
{
    enum error_code code = find_alert(work, id, ret_alert, error);
    if (code != OK || ret_alert->acknowledged_at_ms != 0) {
        return code;
    }
    bool only_tells = is_test(ret_alert) || text_starts_with(ret_alert->kind, TEXT("batch_"));
    ret_alert->acknowledged_at_ms = work->now_ms;
    ret_alert->acknowledged_by = work->actor.name.data == NULL ? TEXT("") : work->actor.name;
    code = only_tells && ret_alert->closed_at_ms == 0 ? close_alert(work, ret_alert, error)
                                                      : store_alert_update(work, ret_alert, error);
    return code == OK ? note(work, "alert.acknowledge", id, error) : code;
}

enum error_code alerts_test(struct work *work, struct store_alert *ret_alert, struct error *error)
{
    struct text cause = text_from(TEST_KIND);
    bool found = false;
    enum error_code code = store_alert_newest(work, cause, ret_alert, &found, error);
    if (code == OK && found && ret_alert->closed_at_ms == 0) {
        code = close_alert(work, ret_alert, error);
    }
    *ret_alert = (struct store_alert){
        .kind = text_from(TEST_KIND),
        .cause = cause,
        .severity = ALERT_INFO,
        .title = TEXT("This is a test"),
        .advice = TEXT("Nothing is wrong. Somebody wanted to see that alerts arrive."),
        .link = TEXT("/settings"),
        .acknowledged_by = TEXT(""),
    };
    if (code == OK) {
        code = open_alert(work, ret_alert, error);
    }
    return code == OK ? note(work, "alert.test", ret_alert->id, error) : code;
}

enum error_code alerts_prune(struct work *work, struct error *error)
{
    return store_alert_prune(work, work->now_ms - KEPT_MS, PRUNE_AT_ONCE, error);
}
