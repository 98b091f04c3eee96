#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

/* The fake WhatsApp: answers like the Cloud API, keeps a ledger of what it truly received, sends
 * signed webhooks, lets simulated people write, and misbehaves on purpose. One thread of its own
 * owns the whole world; the HTTP threads only hand requests over. The same seed and the same
 * requests give the same fates.
 *
 * It answers nobody's real message: it is for tries, tests and demonstrations. */
struct simulator;

struct simulator_settings {
    const char *listen;      /* "127.0.0.1:0" */
    const char *webhook_url; /* where statuses and messages go; NULL or "" = nowhere */
    const char *app_secret;  /* signs webhooks */
    const char *ledger_path; /* append-only JSON lines; NULL = none */
    const char *faults;      /* a JSON object, see README.md; NULL = well-behaved */
    uint64_t seed;
    struct clock *clock; /* not NULL: shared with others; it joins as a participant */
    bool follow_clock;   /* takes its time from the header Dripline-Clock of requests */
};

MUST_USE enum error_code simulator_start(const struct simulator_settings *settings,
                                         struct simulator **ret_simulator, struct error *error);
/* Where it answers: "http://127.0.0.1:40123". */
const char *simulator_base_url(const struct simulator *simulator);
/* Answers what it holds, drops what is planned, ends the thread. NULL is fine. */
void simulator_stop(struct simulator *simulator);
DEFINE_CLEANUP(struct simulator *, simulator_stop);

/* The control API from inside the process: the same paths and bodies as over HTTP ("/control/…"),
 * any thread but the simulator's own; waits for the answer, which takes no longer than its work.
 * `query` may be empty. The answer is appended to `answer`; returns the HTTP status. */
struct buffer;
int simulator_control(struct simulator *simulator, const char *method, struct text path,
                      struct text query, struct text body, struct buffer *answer);
