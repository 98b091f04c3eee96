/* Copying, archiving and deleting sequences. */
#include "base/ids.h"
#include "service/sequences.h"
#include "service/sequences_internal.h"
#include "store/store_access.h"
#include "store/store_event.h"

#include <stdio.h>

enum error_code sequences_clone(struct work *work, int64_t id, struct text name,
                                struct sequence_view *ret_view, struct error *error)
{
    static const struct text SUFFIX = TEXT_INIT(" (copy)");
    struct sequence original;
    enum error_code code = sequences_find(work, id, &original, error);
    if (code != OK) {
        return code;
    }
    struct sequence copy = sequence_copy(work->arena, &original);
    copy.id = 0;
    copy.status = SEQUENCE_DRAFT;
    for (size_t i = 0; i < copy.step_count; i++) {
        copy.steps[i].id = 0;
        copy.steps[i].origin_id = 0;
    }
    if (name.size > 0) {
        copy.name = name;
    } else {
        /* Whole characters of the name, as many as leave room. */
        struct text head = original.name;
        while (text_utf16_length(head) + SUFFIX.size > SEQUENCE_NAME_MAX) {
            do {
                head.size--;
            } while (head.size > 0 && !text_is_utf8(head));
        }
        copy.name = arena_format(work->arena, "%.*s%.*s", TEXT_ARGS(head), TEXT_ARGS(SUFFIX));
    }
    code = store_sequence_insert(work, &copy, error);
    if (code == OK) {
        char original_id[ID_TEXT_MAX];
        code = sequences_record(
            work, &copy, "sequence.created", "sequence.clone",
            arena_format(work->arena, "copy of %s", id_format(ID_SEQUENCE, id, original_id)),
            error);
    }
    return code == OK ? sequences_view(work, &copy, ret_view, error) : code;
}

static enum error_code stop_everyone(struct work *work, int64_t id, struct text reason,
                                     bool dry_run, struct action_result *ret_result,
                                     struct error *error)
{
    const struct action action = {.kind = ACTION_STOP, .reason = reason, .dry_run = dry_run};
    return actions_sequence(work, &action, id, ret_result, error);
}

enum error_code sequences_archive(struct work *work, int64_t id, struct text reason, bool dry_run,
                                  struct action_result *ret_result, struct error *error)
{
    struct sequence sequence;
    enum error_code code = sequences_find(work, id, &sequence, error);
    if (code != OK) {
        return code;
    }
    if (sequence.status == SEQUENCE_ARCHIVED) {
        return error_reason(error,
                            error_set(error, ERROR_CONFLICT, "the sequence is archived already"),
                            "invalid_status");
    }
    code = stop_everyone(work, id, reason, dry_run, ret_result, error);
    if (code != OK || dry_run) {
        return code;
    }
    code = store_sequence_set_status(work, id, SEQUENCE_ARCHIVED, error);
    if (code == OK) {
        code = sequences_find(work, id, &sequence, error);
    }
    return code == OK ? sequences_record(work, &sequence, "sequence.updated", "sequence.archive",
                                         TEXT("archived"), error)
                      : code;
}

enum error_code sequences_delete(struct work *work, int64_t id, struct text confirm, bool force,
                                 struct error *error)
{
    struct sequence sequence;
    struct sequence_counts counts = {0};
    struct action_result ignored;
    enum error_code code = sequences_find(work, id, &sequence, error);
    if (code == OK) {
        code = store_sequence_counts(work, id, &counts, error);
    }
    if (code != OK) {
        return code;
    }
    bool confirmed = force || text_equal(confirm, sequence.name);
    if (counts.enrolled > 0 && !confirmed) {
        return error_reason(
            error,
            error_set(error, ERROR_CONFLICT,
                      "%lld people are or were in this sequence (%lld active, %lld paused); "
                      "archive it, or confirm with its exact name",
                      (long long)counts.enrolled, (long long)counts.active,
                      (long long)counts.paused),
            "has_enrollments");
    }
    if (counts.active + counts.paused > 0) {
        code = stop_everyone(work, id, TEXT("sequence deleted"), false, &ignored, error);
    }
    if (code == OK) {
        code = store_sequence_remove(work, id, error);
    }
    if (code == OK) {
        const struct store_event event = {.type = TEXT("sequence.deleted"), .sequence_id = id};
        code = store_event_add(work, &event, error);
    }
    if (code == OK) {
        char text[ID_TEXT_MAX];
        code = store_audit_add(work, "sequence.delete", text_from(id_format(ID_SEQUENCE, id, text)),
                               (struct text){0}, error);
    }
    return code;
}
