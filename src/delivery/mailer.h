#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

/* Sends the mails that wait in the database, on a thread of its own, one at a time: nobody else
 * ever waits for a mail server. A mail is claimed by a commit before the server is called, and a
 * second commit stands before the first byte of its text, so after a crash it is known which mails
 * surely did not leave; those go again, and no other does. It takes no part in moving a manual
 * clock. */
struct clock;
struct mailer;
struct store;

struct mailer_settings {
    struct store *store;
    struct clock *clock;
    struct text master_key; /* lives as long as the mailer */
    const char *ca_file;    /* NULL = the system's */
};

MUST_USE enum error_code mailer_start(const struct mailer_settings *settings,
                                      struct mailer **ret_mailer, struct error *error);
/* After a commit with WORK_WAKE_MAIL. Any thread; NULL is fine. */
void mailer_wake(struct mailer *mailer);
/* Ends a talk with a server within a second or so. While the writer still works; NULL is fine. */
void mailer_stop(struct mailer *mailer);
/* Sends what is due now, then ends: for a process that lives shortly. */
MUST_USE enum error_code mailer_tick(const struct mailer_settings *settings, int64_t *ret_sent,
                                     struct error *error);

/* When the n-th failed try (from 1) is followed by the next: milliseconds; -1: it is given up. */
int64_t mailer_retry_ms(int64_t attempts);
