/* The answer to HELP goes through the same queue, claim and doubt as every other message; it
 * belongs to no enrollment, so no statistics count it. */
#include "service/help.h"

#include "base/instant.h"
#include "delivery/delivery.h"
#include "domain/sequence.h"
#include "store/store_contact.h"
#include "store/store_event.h"
#include "store/store_message.h"

enum error_code help_answer(struct work *work, int64_t contact_id, int64_t channel_id,
                            struct text text, struct error *error)
{
    struct store_message message = {
        .state = MESSAGE_PLANNED,
        .next_at_ms = work->now_ms,
        .due_at_ms = work->now_ms,
        .channel_id = channel_id,
        .contact_id = contact_id,
        .category = CATEGORY_SERVICE,
    };
    bool noted = false;
    enum error_code code =
        store_contact_note_help(work, contact_id, work->now_ms - MS_PER_HOUR, &noted, error);
    if (code != OK || !noted) {
        return code;
    }
    code = store_message_insert(work, &message, error);
    const struct store_message_body body = {
        .message_id = message.id, .type = STEP_TEXT, .text = text};
    if (code == OK) {
        code = store_message_body_put(work, &body, error);
    }
    const struct store_event event = {.type = TEXT("message.updated"),
                                      .message_id = message.id,
                                      .contact_id = contact_id,
                                      .channel_id = channel_id};
    if (code == OK) {
        code = store_event_add(work, &event, error);
    }
    work->wakes |= WORK_WAKE_DELIVERY | WORK_WAKE_EVENTS;
    return code;
}
