/* Creating, reading and saving sequences. What ends one is sequences_end.c, lists and versions are
 * sequences_list.c, lint is sequences_lint.c. What a save means for the people inside is
 * edit_effects.c; each save is kept as a version. */
#include "service/sequences.h"

#include "base/ids.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/zone.h"
#include "domain/window.h"
#include "service/sequences_internal.h"
#include "service/settings.h"
#include "store/store_access.h"
#include "store/store_event.h"
#include "store/store_lane.h"

enum { LANES_MAX = 256 };

enum error_code sequences_find(struct work *work, int64_t id, struct sequence *ret_sequence,
                               struct error *error)
{
    bool found = false;
    enum error_code code = store_sequence_get(work, id, ret_sequence, &found, error);
    if (code == OK && !found) {
        char text[ID_TEXT_MAX];
        code = error_set(error, ERROR_NOT_FOUND, "sequence \"%s\" does not exist",
                         id_format(ID_SEQUENCE, id, text));
    }
    return code;
}

enum error_code sequences_lane(struct work *work, int64_t channel_id, struct store_lane *ret_lane,
                               bool *ret_found, struct error *error)
{
    struct store_lane *lanes = NULL;
    size_t count = 0;
    enum error_code code = store_lane_list(work, LANES_MAX, &lanes, &count, error);
    if (code != OK) {
        return code;
    }
    const struct store_lane *chosen = NULL;
    for (size_t i = 0; i < count; i++) {
        bool wanted = channel_id != 0
                          ? lanes[i].id == channel_id
                          : chosen == NULL || (lanes[i].is_default && !chosen->is_default);
        if (wanted) {
            chosen = &lanes[i];
        }
    }
    *ret_found = chosen != NULL;
    if (chosen != NULL) {
        *ret_lane = *chosen;
    }
    return OK;
}

/* A window that the quiet hours close wholly is refused when it is set. Quiet hours that came later
 * close nobody out of editing the rest: lint tells of those. */
static enum error_code check_window(struct work *work, const struct sequence *base,
                                    const struct send_window *window, struct error *error)
{
    struct settings settings;
    struct error ignored = {0};
    bool same = base != NULL && base->send_window.set && base->send_window.days == window->days &&
                base->send_window.from_minute == window->from_minute &&
                base->send_window.to_minute == window->to_minute;
    if (!window->set || same) {
        return OK;
    }
    enum error_code code = settings_read(work, &settings, &ignored);
    if (code != OK) {
        return error_set(error, code, "%s", ignored.message);
    }
    const struct quiet_hours quiet = settings_quiet_hours(&settings);
    return window_check(window, &quiet, &ignored) == OK
               ? OK
               : error_field(error, "send_window", "never_open", "%s", ignored.message);
}

enum error_code sequences_read(struct work *work, const struct json *json,
                               const struct sequence *base, struct sequence *ret_sequence,
                               int64_t *ret_version, struct error *error)
{
    struct sequence sequence;
    enum error_code code = sequence_parse(work->arena, json, base, &sequence, ret_version, error);
    /* Looked at in the document, so that these findings come together with the others. */
    struct text zone = json_get_text(json, "timezone");
    if (sequence_timezone_plausible(text_trim(zone)) && zone_find(text_trim(zone)) == NULL) {
        code = error_field(error, "timezone", "unknown_timezone",
                           "time zone \"%.*s\" does not exist; use a name like Asia/Kolkata",
                           TEXT_ARGS(zone));
    }
    int64_t channel_id = 0;
    if (id_parse(ID_CHANNEL, json_get_text(json, "channel_id"), &channel_id)) {
        struct store_lane lane;
        struct error store_error = {0};
        bool found = false;
        if (sequences_lane(work, channel_id, &lane, &found, &store_error) != OK) {
            return error_set(error, store_error.code, "%s", store_error.message);
        }
        if (!found) {
            code = error_field(error, "channel_id", "unknown_channel", "there is no such channel");
        }
    }
    if (code == OK) {
        code = check_window(work, base, &sequence.send_window, error);
    }
    if (code == OK) {
        *ret_sequence = sequence;
    }
    return code;
}

enum error_code sequences_record(struct work *work, const struct sequence *sequence,
                                 const char *event_type, const char *action, struct text comment,
                                 struct error *error)
{
    char id[ID_TEXT_MAX];
    const struct store_event event = {.type = text_from(event_type), .sequence_id = sequence->id};
    enum error_code code = store_sequence_version_add(work, sequence, comment, error);
    if (code == OK) {
        code = store_event_add(work, &event, error);
    }
    if (code == OK) {
        code = store_audit_add(work, action, text_from(id_format(ID_SEQUENCE, sequence->id, id)),
                               (struct text){0}, error);
    }
    return code;
}

enum error_code sequences_create(struct work *work, const struct json *json, bool force,
                                 struct sequence_view *ret_view, struct error *error)
{
    struct sequence sequence;
    enum error_code code = sequences_read(work, json, NULL, &sequence, NULL, error);
    if (code == OK && sequence.status == SEQUENCE_ACTIVE) {
        code = sequences_may_start(work, &sequence, force, error);
    }
    if (code != OK) {
        return code;
    }
    sequence_assign_ordinals(work->arena, &sequence, NULL);
    sequence_sort(&sequence);
    code = store_sequence_insert(work, &sequence, error);
    if (code == OK) {
        code = sequences_record(work, &sequence, "sequence.created", "sequence.create",
                                (struct text){0}, error);
    }
    return code == OK ? sequences_view(work, &sequence, ret_view, error) : code;
}

enum error_code sequences_get(struct work *work, int64_t id, struct sequence_view *ret_view,
                              struct error *error)
{
    struct sequence sequence;
    enum error_code code = sequences_find(work, id, &sequence, error);
    return code == OK ? sequences_view(work, &sequence, ret_view, error) : code;
}

/* Moves between states that are actions on the people inside are carried out as such. */
static enum error_code change_status(struct work *work, const struct sequence *sequence,
                                     enum sequence_status to, struct error *error)
{
    enum sequence_status from = sequence->status;
    struct action_result ignored;
    if (to == SEQUENCE_ARCHIVED) {
        return sequences_archive(work, sequence->id, (struct text){0}, false, &ignored, error);
    }
    if ((from == SEQUENCE_ACTIVE && to == SEQUENCE_PAUSED) ||
        (from != SEQUENCE_ACTIVE && to == SEQUENCE_ACTIVE)) {
        const struct action action = {.kind = to == SEQUENCE_PAUSED ? ACTION_PAUSE : ACTION_RESUME};
        return actions_sequence(work, &action, sequence->id, &ignored, error);
    }
    return store_sequence_set_status(work, sequence->id, to, error);
}

static enum error_code check_move(struct work *work, const struct sequence *before,
                                  const struct sequence *after, int64_t seen_version, bool force,
                                  struct error *error)
{
    if (seen_version != 0 && seen_version != before->version) {
        return error_reason(
            error,
            error_set(error, ERROR_CONFLICT,
                      "the sequence was saved meanwhile and is at version %lld now; "
                      "reload it",
                      (long long)before->version),
            "version_conflict");
    }
    if (!sequence_status_may_move(before->status, after->status)) {
        return error_reason(error,
                            error_set(error, ERROR_CONFLICT, "a sequence that is %s cannot be %s",
                                      sequence_status_to_text(before->status),
                                      sequence_status_to_text(after->status)),
                            "invalid_status");
    }
    bool starts = (before->status == SEQUENCE_DRAFT || before->status == SEQUENCE_ARCHIVED) &&
                  after->status == SEQUENCE_ACTIVE;
    return starts ? sequences_may_start(work, after, force, error) : OK;
}

/* True when a save would write the same document again. */
static bool same_document(struct work *work, const struct sequence *a, const struct sequence *b)
{
    const struct sequence *const both[2] = {a, b};
    struct text texts[2];
    for (size_t i = 0; i < 2; i++) {
        struct buffer buffer;
        struct json_writer writer;
        buffer_init(&buffer, (size_t)16 << 20);
        json_writer_init(&writer, &buffer);
        sequence_encode_definition(&writer, both[i]);
        texts[i] = arena_text(work->arena, buffer_text(&buffer));
        buffer_done(&buffer);
    }
    return text_equal(texts[0], texts[1]);
}

/* Saves `after` in place of `before` and carries the change out for the people inside. The status
 * follows separately: it may be an action of its own. */
static enum error_code save(struct work *work, const struct sequence *before,
                            struct sequence *after, bool backfill, const char *action,
                            struct text comment, int64_t *ret_batch_id, struct error *error)
{
    enum sequence_status to = after->status;
    bool starts = before->status == SEQUENCE_DRAFT && to == SEQUENCE_ACTIVE;
    after->status = before->status;
    bool same = same_document(work, before, after);
    enum error_code code = OK;
    if (starts || !same) {
        code = store_sequence_update(work, after, error);
        if (code == OK) {
            code = sequences_record(work, after, "sequence.updated", action, comment, error);
        }
        /* A start plans everybody by itself, below: the same document changes nothing else. */
        if (code == OK && (!same || backfill)) {
            code = edit_effects_apply(work, before, after, backfill, ret_batch_id, error);
        }
    }
    if (code == OK && to != after->status) {
        code = change_status(work, after, to, error);
    }
    return code;
}

static enum error_code update(struct work *work, const struct sequence *before,
                              struct sequence *after, const struct sequences_update *options,
                              const char *action, struct text comment,
                              struct sequences_update_result *ret_result, struct error *error)
{
    struct sequences_update_result result = {0};
    sequence_assign_ordinals(work->arena, after, before);
    sequence_sort(after);
    enum error_code code = OK;
    if (options->dry_run) {
        code = edit_effects_count(work, before, after, options->backfill, &result.effects, error);
    } else {
        code =
            save(work, before, after, options->backfill, action, comment, &result.batch_id, error);
        if (code == OK) {
            code = sequences_get(work, before->id, &result.view, error);
        }
    }
    if (code == OK) {
        *ret_result = result;
    }
    return code;
}

enum error_code sequences_update(struct work *work, int64_t id, const struct json *json,
                                 const struct sequences_update *options,
                                 struct sequences_update_result *ret_result, struct error *error)
{
    struct sequence before;
    struct sequence after;
    int64_t seen_version = 0;
    enum error_code code = sequences_find(work, id, &before, error);
    if (code == OK) {
        code = sequences_read(work, json, &before, &after, &seen_version, error);
    }
    if (code == OK) {
        code = check_move(work, &before, &after, seen_version, options->force || options->dry_run,
                          error);
    }
    return code == OK ? update(work, &before, &after, options, "sequence.update", (struct text){0},
                               ret_result, error)
                      : code;
}

enum error_code sequences_activate(struct work *work, int64_t id, bool force, struct error *error)
{
    struct sequence before;
    struct sequences_update_result ignored;
    const struct sequences_update options = {.force = force};
    enum error_code code = sequences_find(work, id, &before, error);
    if (code != OK) {
        return code;
    }
    struct sequence after = sequence_copy(work->arena, &before);
    after.status = SEQUENCE_ACTIVE;
    if (before.status != SEQUENCE_DRAFT) {
        return error_reason(error,
                            error_set(error, ERROR_CONFLICT,
                                      "only a draft can be started; the "
                                      "sequence is %s",
                                      sequence_status_to_text(before.status)),
                            "invalid_status");
    }
    code = check_move(work, &before, &after, 0, force, error);
    return code == OK ? update(work, &before, &after, &options, "sequence.activate",
                               (struct text){0}, &ignored, error)
                      : code;
}

/* The step of `sequence` that is this one under another id. */
static const struct step *find_same(const struct sequence *sequence, int64_t origin_id)
{
    for (size_t i = 0; i < sequence->step_count; i++) {
        if (step_origin(&sequence->steps[i]) == origin_id) {
            return &sequence->steps[i];
        }
    }
    return NULL;
}

/* A step that was removed comes back as a new one, with numbers of its own, unless it is back
 * already. `known` has all steps that ever were. */
static void bring_back(const struct sequence *before, const struct sequence *known,
                       struct sequence *after)
{
    for (size_t i = 0; i < after->step_count; i++) {
        struct step *step = &after->steps[i];
        if (sequence_find_step(before, step->id) != NULL) {
            continue;
        }
        int64_t origin_id = step_origin(sequence_find_step(known, step->id));
        const struct step *back = find_same(before, origin_id);
        if (back != NULL && sequence_find_step(after, back->id) == NULL) {
            step->id = back->id;
        } else {
            step->origin_id = origin_id;
            step->id = 0;
        }
    }
}

enum error_code sequences_restore(struct work *work, int64_t id, int64_t version, bool dry_run,
                                  struct sequences_update_result *ret_result, struct error *error)
{
    struct sequence before;
    struct sequence after;
    struct store_sequence_version saved = {0};
    CLEANUP(json_free) struct json *json = NULL;
    const struct json_limits limits = {.size = (size_t)16 << 20};
    bool found = false;
    enum error_code code = sequences_find(work, id, &before, error);
    if (code == OK) {
        code = store_sequence_version_get(work, id, version, &saved, &found, error);
    }
    if (code == OK && !found) {
        code = error_set(error, ERROR_NOT_FOUND, "the sequence has no version %lld",
                         (long long)version);
    }
    if (code == OK) {
        code = json_parse(saved.definition, &limits, &json, error);
    }
    if (code != OK) {
        return code;
    }
    /* Ids of steps that were removed since then are read, too. */
    struct sequence known = before;
    struct store_step *steps = NULL;
    size_t count = 0;
    code = store_step_list(work, id, &steps, &count, error);
    if (code != OK) {
        return code;
    }
    known.steps = arena_array(work->arena, count + 1, sizeof(*known.steps));
    known.step_count = count;
    for (size_t i = 0; i < count; i++) {
        known.steps[i] = steps[i].step;
    }
    code = sequence_parse(work->arena, json, &known, &after, NULL, error);
    if (code != OK) {
        return error_prefix(error, "version %lld cannot be restored", (long long)version);
    }
    bring_back(&before, &known, &after);
    after.status = before.status;
    const struct sequences_update options = {.dry_run = dry_run, .force = true};
    return update(work, &before, &after, &options, "sequence.restore",
                  arena_format(work->arena, "restored from version %lld", (long long)version),
                  ret_result, error);
}

enum error_code sequences_document(struct work *work, int64_t id, const struct json *document,
                                   struct sequence *ret_sequence, struct error *error)
{
    struct sequence stored;
    enum error_code code = sequences_find(work, id, &stored, error);
    if (code != OK) {
        return code;
    }
    if (document == NULL) {
        *ret_sequence = stored;
        return OK;
    }
    struct sequence changed;
    code = sequences_read(work, document, &stored, &changed, NULL, error);
    if (code == OK) {
        sequence_assign_ordinals(work->arena, &changed, &stored);
        sequence_sort(&changed);
        *ret_sequence = changed;
    }
    return code;
}
