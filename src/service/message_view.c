/* Gathers what belongs to one message. */
#include "service/message_view.h"

#include "base/ids.h"
#include "provider/provider_error.h"
#include "store/store_contact.h"
#include "store/store_sequence.h"

static void fill_error(struct message_view *view, const struct store_attempt *attempt)
{
    const struct store_message *message = &view->message;
    if (message->reason == REASON_NONE && message->error_code == 0) {
        return;
    }
    const struct provider_code *row =
        message->error_code == 0 ? NULL : provider_code_find(message->error_code);
    view->has_error = true;
    view->error_code = message->error_code;
    view->error_title = attempt != NULL && attempt->error_title.size > 0 ? attempt->error_title
                        : row != NULL                                    ? text_from(row->title)
                                      : text_from(message_reason_to_text(message->reason));
    if (attempt != NULL) {
        view->error_detail = attempt->error_detail;
    }
    view->error_advice =
        text_from(row != NULL ? row->advice : message_reason_advice(message->reason));
}

static enum error_code fill_attempts(struct work *work, struct message_view *view,
                                     struct error *error)
{
    struct store_attempt *attempts = NULL;
    size_t count = 0;
    enum error_code code = store_attempt_list(work, view->message.id, &attempts, &count, error);
    const struct store_attempt *newest = NULL;
    for (size_t i = 0; code == OK && i < count; i++) {
        newest = &attempts[i];
        if (attempts[i].provider_id.size > 0) {
            view->provider_id = attempts[i].provider_id;
        }
    }
    if (code == OK) {
        fill_error(view, newest);
    }
    return code;
}

enum error_code message_view_fill(struct work *work, const struct store_message *message,
                                  struct message_view *ret_view, struct error *error)
{
    struct message_view view = {.message = *message};
    struct store_contact contact = {0};
    struct store_step step = {0};
    bool has_contact = false;
    bool has_step = false;
    enum error_code code =
        store_message_body_get(work, message->id, &view.body, &view.has_body, error);
    if (code == OK) {
        code = store_contact_get(work, message->contact_id, &contact, &has_contact, error);
    }
    if (code == OK && message->step_id != 0) {
        code = store_step_get(work, message->step_id, &step, &has_step, error);
    }
    if (code == OK) {
        code = fill_attempts(work, &view, error);
    }
    if (code == OK) {
        view.phone = has_contact ? contact.phone : 0;
        view.name = contact.name;
        view.day = has_step ? step.step.day : 0;
        if (!view.has_body && has_step) {
            view.body.type = step.step.type;
        }
        *ret_view = view;
    }
    return code;
}

enum error_code message_view_get(struct work *work, int64_t message_id,
                                 struct message_view *ret_view, struct error *error)
{
    struct store_message message;
    bool found = false;
    enum error_code code = store_message_get(work, message_id, &message, &found, error);
    if (code == OK && !found) {
        char id[ID_TEXT_MAX];
        code = error_set(error, ERROR_NOT_FOUND, "message \"%s\" does not exist",
                         id_format(ID_MESSAGE, message_id, id));
    }
    return code == OK ? message_view_fill(work, &message, ret_view, error) : code;
}
