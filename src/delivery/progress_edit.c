/* People to whom an edit of their sequence has not come yet. The document is saved at once, and for
 * many people the rest follows in chunks: until theirs, where they stand is said by the old one,
 * and planning by the new one could send them a step that lies behind them. */
#include "delivery/progress_internal.h"

static enum error_code read_edits(struct progress *progress, struct progress_sequence *sequence,
                                  struct error *error)
{
    if (sequence->edits_read) {
        return OK;
    }
    enum error_code code = store_edit_list(progress->work, sequence->id, &sequence->edits,
                                           &sequence->edit_count, error);
    sequence->edits_read = code == OK;
    return code;
}

static bool is_ahead(const struct progress *progress, const struct store_edit *edit,
                     int64_t enrollment_id)
{
    return edit->batch_id != progress->edit_batch_id && enrollment_id > edit->cursor &&
           enrollment_id <= edit->last_id;
}

enum error_code progress_edit_ahead(struct progress *progress, struct progress_sequence *sequence,
                                    int64_t enrollment_id, bool *ret_ahead, struct error *error)
{
    enum error_code code = read_edits(progress, sequence, error);
    bool ahead = false;
    for (size_t i = 0; code == OK && i < sequence->edit_count; i++) {
        const struct store_edit *edit = &sequence->edits[i];
        ahead = ahead || (edit->moves && is_ahead(progress, edit, enrollment_id));
    }
    if (code == OK) {
        *ret_ahead = ahead;
    }
    return code;
}

enum error_code progress_message_is_old(struct progress *progress,
                                        struct progress_sequence *sequence,
                                        const struct store_message *message, bool *ret_old,
                                        struct error *error)
{
    enum error_code code = read_edits(progress, sequence, error);
    bool old = false;
    for (size_t i = 0; code == OK && i < sequence->edit_count; i++) {
        const struct store_edit *edit = &sequence->edits[i];
        old = old || (message->created_at_ms <= edit->saved_at_ms &&
                      is_ahead(progress, edit, message->enrollment_id));
    }
    if (code == OK) {
        *ret_old = old;
    }
    return code;
}
