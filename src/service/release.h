#pragma once

#include "base/error.h"
#include "service/service.h"

/* Sending stands still after a restore, and after a jump of the clock, until a person says that it
 * may go on. */
enum release_held {
    RELEASE_KEEP,        /* held messages stay held: each is decided on its own */
    RELEASE_SEND_UNSENT, /* those that surely were not sent go; those in doubt stay held */
    RELEASE_GIVE_UP,     /* all end as unknown: none is sent again */
};
bool release_held_from_text(struct text text, enum release_held *ret_held);

struct release_result {
    bool was_fenced;
    int64_t sent; /* messages that go again */
    int64_t given_up;
    int64_t kept;
};
/* Opens the fence, trusts the clock as it is, and does with the messages that a restore held what
 * `held` says. Blocks; never on the writer's thread. */
MUST_USE enum error_code release_sending(struct service *service, enum release_held held,
                                         struct release_result *ret_result, struct error *error);

/* "ok"; or why nothing leaves though it may be due, in the words of delivery_idle_to_text():
 * "clock" and "fenced" wait for a person, "store" for the disk. "off": this process sends nothing.
 */
const char *release_scheduler_word(const struct service *service);
