/* At the start: what a dead process left behind. Its open attempts may have left or not, so they
 * become doubts; while nobody was there, webhooks could not arrive either. Whether the database is
 * older than what was sent is the store's question; it holds everything then. */
#include "delivery/delivery_internal.h"

#include "base/instant.h"
#include "base/log.h"
#include "store/store_instance.h"

enum { MESSAGES_PER_ROUND = 500 };

static enum error_code doubt_message(struct delivery *delivery, struct progress *progress,
                                     struct store_message *message, struct error *error)
{
    struct work *work = progress->work;
    struct store_attempt attempt;
    bool found = false;
    bool moved = false;
    enum error_code code =
        store_attempt_get(work, message->id, message->attempts, &attempt, &found, error);
    if (code == OK && found && attempt.result == ATTEMPT_OPEN) {
        attempt.result = ATTEMPT_DOUBT;
        code = store_attempt_update(work, &attempt, error);
    }
    const struct progress_change change = {
        .reason = REASON_CRASH,
        .doubts_delta = 1,
        .next_at_ms = work->now_ms + delivery_grace_ms(delivery, message->category),
    };
    if (code == OK) {
        code = progress_move(progress, message, EVENT_DOUBT, &change, &moved, error);
    }
    CHECK(code != OK || moved);
    return code;
}

static enum error_code doubt_all(struct delivery *delivery, struct work *work, struct error *error)
{
    struct progress progress;
    progress_init(&progress, work);
    size_t count = MESSAGES_PER_ROUND;
    int64_t total = 0;
    enum error_code code = OK;
    while (code == OK && count == MESSAGES_PER_ROUND) {
        struct store_message *messages = NULL;
        code = store_sending_list(work, MESSAGES_PER_ROUND, &messages, &count, error);
        for (size_t i = 0; code == OK && i < count; i++) {
            code = doubt_message(delivery, &progress, &messages[i], error);
            total++;
        }
    }
    if (code == OK && total > 0) {
        log_event(LOG_WARNING, "delivery.recovered", "in_doubt=%lld", (long long)total);
    }
    return code;
}

static void judge_clock(struct delivery *delivery, const struct store_instance *before,
                        int64_t now_ms)
{
    bool backwards = now_ms < before->beat_at_ms;
    bool far_ahead = now_ms > before->beat_at_ms + 7 * MS_PER_DAY;
    if (!clock_is_manual(delivery->settings.clock) && (backwards || far_ahead)) {
        delivery->clock_suspect = true;
        log_event(LOG_WARNING, "clock.suspect", "%s=true", backwards ? "backwards" : "far_ahead");
    }
}

enum error_code recover_run(struct work *work, void *context, struct error *error)
{
    struct delivery *delivery = context;
    struct store_instance before = {0};
    bool found = false;
    enum error_code code = doubt_all(delivery, work, error);
    if (code == OK) {
        code = store_instance_before(work, store_identity(delivery->settings.store)->instance_id,
                                     &before, &found, error);
    }
    if (code != OK || !found) {
        return code;
    }
    judge_clock(delivery, &before, work->now_ms);
    return work->now_ms > before.beat_at_ms
               ? store_outage_add(work, before.beat_at_ms, work->now_ms, error)
               : OK;
}
