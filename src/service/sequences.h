#pragma once

#include "base/error.h"
#include "domain/sequence.h"
#include "domain/sequence_lint.h"
#include "service/actions.h"
#include "service/edit_effects.h"
#include "service/funnel.h"
#include "service/service.h"
#include "store/store_sequence.h"
#include "store/work.h"

/* What users do with sequences. Functions that write run inside the caller's transaction on the
 * writer; the others on any connection. Results live in work->arena. */

struct json;

struct sequence_view {
    struct sequence sequence; /* in lists without steps */
    struct sequence_counts counts;
    struct funnel totals;
    int64_t message_count;
    int32_t total_days;
    int64_t last_activity_at_ms; /* 0 = none */
};

/* A new sequence. Starts at once when its status is active: then lint errors refuse it unless
 * `force`.
 * Errors   ERROR_INVALID with all findings, of lint too */
MUST_USE enum error_code sequences_create(struct work *work, const struct json *json, bool force,
                                          struct sequence_view *ret_view, struct error *error);
/* Errors   ERROR_NOT_FOUND, as in all functions below that take an id */
MUST_USE enum error_code sequences_get(struct work *work, int64_t id,
                                       struct sequence_view *ret_view, struct error *error);

struct sequences_update {
    bool dry_run;
    bool force;    /* start in spite of lint errors */
    bool backfill; /* send new steps also to people who are past them */
};
struct sequences_update_result {
    struct sequence_view view;   /* after the change; untouched in a dry run */
    struct edit_effects effects; /* in a dry run */
    int64_t batch_id;            /* a batch carries out the rest; 0 = all done */
};
/* Saves a changed document as a new version. Fields left out keep their value.
 * Errors   ERROR_INVALID; ERROR_CONFLICT "version_conflict" when somebody saved in between,
 *          "invalid_status" for a move between states that cannot be */
MUST_USE enum error_code sequences_update(struct work *work, int64_t id, const struct json *json,
                                          const struct sequences_update *options,
                                          struct sequences_update_result *ret_result,
                                          struct error *error);

/* Deletes. One that has or had people in it only with `confirm` (its exact name) or `force`; those
 * inside are stopped.
 * Errors   ERROR_CONFLICT "has_enrollments" with the counts in the message */
MUST_USE enum error_code sequences_delete(struct work *work, int64_t id, struct text confirm,
                                          bool force, struct error *error);

/* A draft with the same messages and no people, "NAME (copy)" unless `name` is given. */
MUST_USE enum error_code sequences_clone(struct work *work, int64_t id, struct text name,
                                         struct sequence_view *ret_view, struct error *error);

/* Stops everyone inside and files the sequence away. */
MUST_USE enum error_code sequences_archive(struct work *work, int64_t id, struct text reason,
                                           bool dry_run, struct action_result *ret_result,
                                           struct error *error);

/* Starts a draft.
 * Errors   ERROR_INVALID "lint" when lint finds errors and not `force`; ERROR_CONFLICT
 * "invalid_status" */
MUST_USE enum error_code sequences_activate(struct work *work, int64_t id, bool force,
                                            struct error *error);

struct sequence_version_view {
    struct store_sequence_version version;
    struct text name;
    int64_t message_count;
    bool current;
};
MUST_USE enum error_code sequences_versions(struct work *work, int64_t id, int64_t before,
                                            size_t limit, struct sequence_version_view **ret_views,
                                            size_t *ret_count, struct error *error);
/* One saved version with its whole document. Errors   ERROR_NOT_FOUND */
MUST_USE enum error_code sequences_version(struct work *work, int64_t id, int64_t version,
                                           struct sequence_version_view *ret_view,
                                           struct error *error);
/* Saves that version's document as a new version; the status stays as it is. */
MUST_USE enum error_code sequences_restore(struct work *work, int64_t id, int64_t version,
                                           bool dry_run, struct sequences_update_result *ret_result,
                                           struct error *error);

/* Findings on the stored sequence, or on `document` (may be NULL) in its place. `id` 0 is a
 * sequence not stored yet. */
MUST_USE enum error_code sequences_lint(struct work *work, int64_t id, const struct json *document,
                                        struct lint_report *ret_report, struct error *error);

/* A sequence as it would be with `document` saved: for previews and simulations of what is being
 * edited. `document` NULL gives the stored one. */
MUST_USE enum error_code sequences_document(struct work *work, int64_t id,
                                            const struct json *document,
                                            struct sequence *ret_sequence, struct error *error);

enum sequences_sort {
    SEQUENCES_BY_NAME,
    SEQUENCES_BY_CREATED,
    SEQUENCES_BY_UPDATED,
    SEQUENCES_BY_ACTIVITY, /* the last one, or the last change where there is none */
    SEQUENCES_BY_ENROLLED,
    SEQUENCES_BY_ACTIVE,
};
struct sequences_filter {
    uint64_t statuses; /* bits 1 << enum sequence_status; 0 = all */
    struct text text;  /* part of the name or description */
    enum sequences_sort sort;
    bool descending;
    size_t offset; /* how many of the sorted list were shown before */
    size_t limit;
};
MUST_USE enum error_code sequences_list(struct work *work, const struct sequences_filter *filter,
                                        struct sequence_view **ret_views, size_t *ret_count,
                                        bool *ret_more, struct error *error);

/* The numbers of a sequence and of every step it ever had. */
struct sequences_stats_step {
    struct step step;
    bool removed; /* no longer in the sequence; its history still counts */
};
struct sequences_stats {
    struct sequence_counts counts;
    struct funnel_sequence funnel;
    struct sequences_stats_step *steps; /* in the order day, time, position */
    size_t step_count;
};
MUST_USE enum error_code sequences_stats(struct work *work, int64_t id,
                                         struct sequences_stats *ret_stats, struct error *error);

/* Sends steps to one's own number now, through the real queue and channel, counted nowhere.
 * Errors   ERROR_INVALID: phone, step, missing field; ERROR_CONFLICT: no channel, opted out */
struct sequences_test {
    int64_t phone;
    struct text name;
    struct text fields_json;
    const int64_t *step_ids; /* none: the first step */
    size_t step_count;
};
MUST_USE enum error_code sequences_test_send(struct work *work, const struct service *service,
                                             int64_t id, const struct sequences_test *test,
                                             int64_t **ret_message_ids, size_t *ret_count,
                                             struct error *error);
