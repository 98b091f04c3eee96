#pragma once

#include "base/error.h"
#include "base/json.h"
#include "delivery/mail_settings.h"
#include "service/service.h"
#include "store/store_alert.h"
#include "store/store_mail.h"
#include "store/work.h"

/* Mails to those who look after the server: their settings, a test, and what an alert says. What a
 * mail holds names no person, no text that was sent, and no secret. */
struct zone;
struct email_view {
    struct mail_settings settings; /* without the password */
    struct store_mail_summary summary;
    int64_t digest_sent_for_days; /* local day of the last digest, since 1970; 0: none */
};
/* Any connection. */
MUST_USE enum error_code email_get(struct work *work, struct email_view *ret_view,
                                   struct error *error);
/* Changes the fields that are given, on the writer. The password belongs to its host: another host
 * without a new password has none.
 * Errors   ERROR_INVALID with all findings */
MUST_USE enum error_code email_update(struct work *work, const struct service *service,
                                      const struct json *json, struct email_view *ret_view,
                                      struct error *error);
/* Sends a mail that means nothing, past the queue, and waits for what the server says. Any thread
 * that may wait.
 * recipient  empty: the first one of the settings
 * Errors     ERROR_INVALID: no address; ERROR_CONFLICT: host or sender are not set */
MUST_USE enum error_code email_test(struct work *work, const struct service *service,
                                    struct text recipient, struct smtp_result *ret_result,
                                    struct error *error);
/* Notes that somebody tested. Writer only. */
MUST_USE enum error_code email_test_note(struct work *work, const struct smtp_result *result,
                                         struct error *error);

/* Queues what is to be said of an alert that was just opened or closed: in the transaction that
 * does so, on the writer. A closing is told only to those who heard of the opening. */
MUST_USE enum error_code email_alert(struct work *work, const struct store_alert *alert,
                                     bool opened, struct error *error);

/* Of the digest, see digest.h. */
MUST_USE enum error_code email_digest_day(struct work *work, int64_t *ret_day, struct error *error);
MUST_USE enum error_code email_digest_set_day(struct work *work, int64_t day, struct error *error);
/* One mail to every recipient. */
MUST_USE enum error_code email_queue(struct work *work, const struct mail_settings *settings,
                                     const struct store_mail *mail, struct error *error);
/* "2027-03-28 10:15" */
struct text email_local_time(struct work *work, const struct zone *zone, int64_t ms);
/* `text` without what could be a phone number: runs of seven digits and more keep the last two. */
struct text email_without_numbers(struct arena *arena, struct text text);
/* Forgets mails that ended 90 days ago. */
MUST_USE enum error_code email_prune(struct work *work, struct error *error);
