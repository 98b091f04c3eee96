/* Pause, resume and stop for one person, many, or a whole sequence: who is meant, what is carried
 * out at once and what by batch. What happens to one person is actions_person.c. */
#include "service/actions_internal.h"

#include "store/store_event.h"
#include "store/store_sequence.h"

/* People of whom something could leave before a batch reaches them are changed at once. */
enum { URGENT_MAX = 2000 };
#define URGENT_MS INT64_C(300000)

static const char *const KIND_WORDS[] = {
    [ACTION_PAUSE] = "pause",
    [ACTION_RESUME] = "resume",
    [ACTION_STOP] = "stop",
};

const char *action_kind_to_text(enum action_kind kind)
{
    return KIND_WORDS[kind];
}

bool action_kind_from_text(struct text text, enum action_kind *ret_kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(KIND_WORDS); i++) {
        if (text_equal(text, text_from(KIND_WORDS[i]))) {
            *ret_kind = (enum action_kind)i;
            return true;
        }
    }
    return false;
}

enum error_code actions_one(struct work *work, const struct action *action, int64_t enrollment_id,
                            struct action_result *ret_result, struct error *error)
{
    struct store_action_row row = {0};
    bool found = false;
    enum error_code code = store_action_get(work, enrollment_id, &row, &found, error);
    if (code != OK) {
        return code;
    }
    if (!found) {
        return error_set(error, ERROR_NOT_FOUND, "this enrollment does not exist");
    }
    const char *refusal = action_refusal(action, &row);
    if (refusal != NULL) {
        return error_set(error, ERROR_CONFLICT, "cannot %s an enrollment that is %s",
                         action_kind_to_text(action->kind), enrollment_status_to_text(row.status));
    }
    struct action_result result = {.matched = 1};
    struct action_run run;
    action_run_init(&run, work, action, &result, action->kind == ACTION_RESUME);
    code = action_visit(&run, &row, error);
    if (code == OK) {
        action_run_finish(&run);
        *ret_result = result;
    }
    return code;
}

static enum error_code visit_ids(struct action_run *run, const int64_t *ids, size_t count,
                                 bool may_be_missing, struct error *error)
{
    enum error_code code = OK;
    for (size_t i = 0; code == OK && i < count; i++) {
        struct store_action_row row = {0};
        bool found = false;
        code = store_action_get(run->work, ids[i], &row, &found, error);
        if (code == OK && found) {
            code = action_visit(run, &row, error);
        } else if (code == OK && may_be_missing) {
            action_count_skip(run->result, "not_found", 1);
        }
    }
    return code;
}

static enum error_code many_by_id(struct work *work, const struct action *action,
                                  const struct store_action_filter *filter,
                                  struct action_result *result, struct error *error)
{
    result->matched = (int64_t)filter->id_count;
    if (filter->id_count > ACTIONS_AT_ONCE_MAX && !action->dry_run) {
        return action_leave_to_batch(work, action, filter, result->matched, result, error);
    }
    struct action_run run;
    action_run_init(&run, work, action, result, action->kind == ACTION_RESUME);
    enum error_code code = visit_ids(&run, filter->ids, filter->id_count, true, error);
    if (code == OK) {
        action_run_finish(&run);
    }
    return code;
}

/* Counts who is matched and who is left as they are; returns how many are to be visited. */
static int64_t count_statuses(const struct action *action, const struct store_action_filter *filter,
                              const int64_t counts[ENROLLMENT_STATUS_COUNT],
                              struct action_result *result)
{
    enum store_action_who walks[2];
    size_t walk_count = action_walks(action, filter, walks);
    int64_t visits = 0;
    for (unsigned i = 0; i < ENROLLMENT_STATUS_COUNT; i++) {
        struct store_action_row row = {.status = (enum enrollment_status)i};
        bool visited = false;
        for (size_t j = 0; j < walk_count; j++) {
            visited = visited || action_walk_meets(walks[j], row.status);
        }
        result->matched += counts[i];
        if (visited) {
            visits += counts[i];
        } else {
            const char *refusal = action_refusal(action, &row);
            action_count_skip(result, refusal == NULL ? "other" : refusal, counts[i]);
        }
    }
    return visits;
}

static enum error_code walk_filter(struct action_run *run, const struct store_action_filter *filter,
                                   struct error *error)
{
    enum store_action_who walks[2];
    size_t count = action_walks(run->action, filter, walks);
    enum error_code code = OK;
    for (size_t i = 0; code == OK && i < count; i++) {
        int64_t last_id = 0;
        size_t visited = 0;
        code = store_action_walk(run->work, filter, walks[i], 0, SIZE_MAX, action_visit, run,
                                 &last_id, &visited, error);
    }
    return code;
}

/* A dry run of a pause or stop needs no walk: counts say all. */
static enum error_code count_only(struct work *work, const struct action *action,
                                  const struct store_action_filter *filter, int64_t visits,
                                  struct action_result *result, struct error *error)
{
    enum store_action_who walks[2];
    size_t count = action_walks(action, filter, walks);
    bool active = false;
    for (size_t i = 0; i < count; i++) {
        active = active || action_walk_meets(walks[i], ENROLLMENT_ACTIVE);
    }
    result->changed = visits;
    return active ? store_action_pending(work, filter, ENROLLMENT_ACTIVE,
                                         &result->messages_cancelled, error)
                  : OK;
}

static enum error_code change_urgent(struct action_run *run,
                                     const struct store_action_filter *filter, struct error *error)
{
    int64_t *ids = NULL;
    size_t count = 0;
    if (run->action->kind == ACTION_RESUME ||
        (filter->status_bits != 0 && (filter->status_bits >> ENROLLMENT_ACTIVE & 1u) == 0)) {
        return OK;
    }
    enum error_code code = store_action_urgent(run->work, filter, run->now_ms + URGENT_MS,
                                               URGENT_MAX, &ids, &count, error);
    struct action_result *result = run->result;
    for (size_t i = 0; code == OK && i < count; i++) {
        /* A person may be named twice, by message and by due row: the second time is no news. */
        struct action_result before = *result;
        code = visit_ids(run, &ids[i], 1, false, error);
        if (result->changed == before.changed) {
            *result = before;
        }
    }
    return code;
}

static enum error_code many_by_filter(struct work *work, const struct action *action,
                                      const struct store_action_filter *filter,
                                      struct action_result *result, struct error *error)
{
    int64_t counts[ENROLLMENT_STATUS_COUNT] = {0};
    enum error_code code = store_action_counts(work, filter, counts, error);
    if (code != OK) {
        return code;
    }
    int64_t visits = count_statuses(action, filter, counts, result);
    if (action->dry_run && action->kind != ACTION_RESUME) {
        return count_only(work, action, filter, visits, result, error);
    }
    bool by_batch = visits > ACTIONS_AT_ONCE_MAX && !action->dry_run;
    struct action_run run;
    action_run_init(&run, work, action, result, action->kind == ACTION_RESUME && !by_batch);
    if (by_batch) {
        code = change_urgent(&run, filter, error);
        if (code == OK) {
            code = action_leave_to_batch(work, action, filter, visits, result, error);
        }
    } else {
        code = walk_filter(&run, filter, error);
    }
    if (code == OK) {
        action_run_finish(&run);
    }
    return code;
}

static enum error_code many(struct work *work, const struct action *action,
                            const struct store_action_filter *filter,
                            struct action_result *ret_result, struct error *error)
{
    struct action_result result = {0};
    enum error_code code = filter->id_count > 0
                               ? many_by_id(work, action, filter, &result, error)
                               : many_by_filter(work, action, filter, &result, error);
    if (code == OK) {
        *ret_result = result;
    }
    return code;
}

enum error_code actions_many(struct work *work, const struct action *action,
                             const struct store_action_filter *filter,
                             struct action_result *ret_result, struct error *error)
{
    if (filter->id_count == 0) {
        struct sequence sequence;
        bool found = false;
        enum error_code code =
            store_sequence_get(work, filter->sequence_id, &sequence, &found, error);
        if (code != OK) {
            return code;
        }
        if (!found) {
            return error_set(error, ERROR_NOT_FOUND, "this sequence does not exist");
        }
    }
    return many(work, action, filter, ret_result, error);
}

/* The status a sequence gets by an action; false when its present one does not allow it. */
static bool sequence_target(enum action_kind kind, enum sequence_status from,
                            enum sequence_status *ret_to)
{
    switch (kind) {
    case ACTION_PAUSE:
        *ret_to = SEQUENCE_PAUSED;
        return from == SEQUENCE_ACTIVE;
    case ACTION_RESUME:
        *ret_to = SEQUENCE_ACTIVE;
        return from == SEQUENCE_PAUSED || from == SEQUENCE_DRAFT;
    case ACTION_STOP:
        break;
    }
    *ret_to = from;
    return true;
}

static enum error_code change_sequence(struct work *work, const struct sequence *sequence,
                                       enum sequence_status status, struct error *error)
{
    const char *type = "sequence.paused";
    if (status == SEQUENCE_ACTIVE) {
        type = sequence->status == SEQUENCE_DRAFT ? "sequence.started" : "sequence.resumed";
    }
    enum error_code code = store_sequence_set_status(work, sequence->id, status, error);
    if (code != OK) {
        return code;
    }
    work->wakes |= WORK_WAKE_DELIVERY | WORK_WAKE_SETTINGS;
    const struct store_event event = {
        .type = text_from(type),
        .sequence_id = sequence->id,
    };
    return store_event_add(work, &event, error);
}

enum error_code actions_sequence(struct work *work, const struct action *action,
                                 int64_t sequence_id, struct action_result *ret_result,
                                 struct error *error)
{
    struct sequence sequence;
    bool found = false;
    enum error_code code = store_sequence_get(work, sequence_id, &sequence, &found, error);
    if (code != OK) {
        return code;
    }
    if (!found) {
        return error_set(error, ERROR_NOT_FOUND, "this sequence does not exist");
    }
    enum sequence_status to = sequence.status;
    if (!sequence_target(action->kind, sequence.status, &to)) {
        return error_set(error, ERROR_CONFLICT, "cannot %s a sequence that is %s",
                         action_kind_to_text(action->kind),
                         sequence_status_to_text(sequence.status));
    }
    if (!action->dry_run && to != sequence.status) {
        code = change_sequence(work, &sequence, to, error);
    }
    struct action whole = *action;
    whole.whole_sequence = true;
    const struct store_action_filter filter = {.sequence_id = sequence_id};
    return code == OK ? many(work, &whole, &filter, ret_result, error) : code;
}
