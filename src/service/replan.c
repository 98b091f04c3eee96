/* Planning people anew whose moments may have changed; see replan.h. */
#include "service/replan.h"

#include "service/edit_effects.h"
#include "store/store_contact.h"
#include "store/store_sequence.h"

enum error_code replan_contact(struct progress *progress, int64_t contact_id, struct error *error)
{
    struct store_contact_enrollment *rows = NULL;
    size_t count = 0;
    enum error_code code =
        store_contact_enrollments(progress->work, contact_id, true, &rows, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        if (rows[i].status == ENROLLMENT_ACTIVE) {
            code = progress_cancel(progress, rows[i].id, REASON_EDITED, NULL, error);
            if (code == OK) {
                code = progress_plan(progress, rows[i].id, error);
            }
            progress->work->wakes |= WORK_WAKE_DELIVERY;
        }
    }
    return code;
}

/* As an edit that changes nothing: it makes waiting messages anew and asks the schedule again. */
enum error_code replan_everybody(struct work *work, struct error *error)
{
    struct store_sequence_summary *summaries = NULL;
    size_t count = 0;
    enum error_code code = store_sequence_list(work, &summaries, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        struct sequence sequence;
        bool found = false;
        int64_t batch_id = 0;
        if (summaries[i].sequence.status != SEQUENCE_ACTIVE) {
            continue;
        }
        code = store_sequence_get(work, summaries[i].sequence.id, &sequence, &found, error);
        if (code == OK && found) {
            code = edit_effects_apply(work, &sequence, &sequence, false, &batch_id, error);
        }
    }
    return code;
}
