/* Test messages: steps sent to one's own number through the real queue. They belong to no
 * enrollment and no sequence, so no statistics count them. */
#include "base/ids.h"
#include "delivery/progress.h"
#include "delivery/render.h"
#include "service/sequences.h"
#include "service/sequences_internal.h"
#include "store/store_contact.h"
#include "store/store_event.h"
#include "store/store_lane.h"

#include <stdio.h>

/* The person the test goes to: what is known of the number, with the given values before it. */
static enum error_code find_person(struct work *work, const struct sequences_test *test,
                                   struct store_progress *person, struct error *error)
{
    struct store_contact contact = {.phone = test->phone};
    bool found = false;
    enum error_code code = store_contact_find_phone(work, test->phone, &contact, &found, error);
    if (code == OK && !found) {
        contact.name = test->name;
        code = store_contact_insert(work, &contact, error);
    }
    if (code == OK && contact.suppressed != 0) {
        code = error_reason(error, error_set(error, ERROR_CONFLICT, "this number has opted out"),
                            "opted_out");
    }
    if (code == OK) {
        *person = (struct store_progress){
            .contact_id = contact.id,
            .phone = test->phone,
            .name = test->name.size > 0 ? test->name : contact.name,
            .fields = test->fields_json.size > 2 ? test->fields_json : contact.fields,
        };
    }
    return code;
}

static enum error_code refuse(struct error *error, size_t at, const struct rendered *rendered)
{
    char field[48];
    (void)snprintf(field, sizeof(field), "step_ids[%zu]", at);
    if (rendered->failure == REASON_MISSING_FIELD) {
        return error_field(error, field, "missing_field",
                           "the field \"%.*s\" has no value: give it in custom_fields",
                           TEXT_ARGS(rendered->missing));
    }
    return error_field(error, field, message_reason_to_text(rendered->failure), "%s",
                       message_reason_advice(rendered->failure));
}

static enum error_code queue_step(struct work *work, const struct rendered *rendered,
                                  int64_t contact_id, int64_t channel_id, int64_t *ret_id,
                                  struct error *error)
{
    struct store_message message = {
        .state = MESSAGE_PLANNED,
        .next_at_ms = work->now_ms,
        .due_at_ms = work->now_ms,
        .channel_id = channel_id,
        .contact_id = contact_id,
        .category = rendered->category,
    };
    struct store_message_body body = rendered->body;
    enum error_code code = store_message_insert(work, &message, error);
    body.message_id = message.id;
    if (code == OK) {
        code = store_message_body_put(work, &body, error);
    }
    if (code == OK) {
        const struct store_event event = {.type = TEXT("message.updated"),
                                          .message_id = message.id,
                                          .contact_id = contact_id,
                                          .channel_id = channel_id};
        code = store_event_add(work, &event, error);
    }
    if (code == OK) {
        *ret_id = message.id;
    }
    return code;
}

static const struct step *wanted_step(const struct sequence *sequence,
                                      const struct sequences_test *test, size_t at)
{
    if (test->step_count == 0) {
        return sequence->step_count > 0 ? &sequence->steps[0] : NULL;
    }
    return sequence_find_step(sequence, test->step_ids[at]);
}

enum error_code sequences_test_send(struct work *work, const struct service *service, int64_t id,
                                    const struct sequences_test *test, int64_t **ret_message_ids,
                                    size_t *ret_count, struct error *error)
{
    struct sequence stored;
    struct progress progress;
    struct progress_sequence *sequence = NULL;
    struct store_progress person = {0};
    struct store_lane lane = {0};
    bool has_channel = false;
    size_t count = test->step_count == 0 ? 1 : test->step_count;
    int64_t *ids = arena_array(work->arena, count, sizeof(*ids));
    progress_init(&progress, work);
    progress.hash_key = service->hash_key;
    enum error_code code = sequences_find(work, id, &stored, error);
    if (code == OK) {
        code = progress_sequence(&progress, id, &sequence, error);
    }
    if (code == OK) {
        code = sequences_lane(work, stored.channel_id, &lane, &has_channel, error);
    }
    if (code == OK && !has_channel) {
        code =
            error_reason(error, error_set(error, ERROR_CONFLICT, "no WhatsApp number is connected"),
                         "no_channel");
    }
    if (code == OK) {
        code = find_person(work, test, &person, error);
    }
    for (size_t i = 0; code == OK && i < count; i++) {
        const struct step *step = wanted_step(&sequence->sequence, test, i);
        struct rendered rendered;
        if (step == NULL) {
            return error_field(error, "step_ids", "unknown_step",
                               "the sequence has no such message");
        }
        code = render_step(&progress, sequence, step, &person, lane.id, &rendered, error);
        if (code == OK && rendered.failure != REASON_NONE) {
            code = refuse(error, i, &rendered);
        }
        if (code == OK) {
            code = queue_step(work, &rendered, person.contact_id, lane.id, &ids[i], error);
        }
    }
    if (code == OK) {
        work->wakes |= WORK_WAKE_DELIVERY | WORK_WAKE_EVENTS;
        *ret_message_ids = ids;
        *ret_count = count;
    }
    return code;
}
