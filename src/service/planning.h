#pragma once

#include "base/error.h"
#include "delivery/progress.h"
#include "domain/schedule.h"
#include "store/store_action.h"
#include "store/work.h"

/* What preview, simulation, effects of an edit, actions and the "why" card need before they can ask
 * schedule_next(): the sequence, the installation's quiet hours and zone, and people as the
 * scheduler sees them. Reads with the same code as the planner. Lives in work->arena. */
struct planning {
    struct progress progress;
    struct progress_sequence *stored;
    const struct sequence *sequence; /* the stored one, or the document put in its place */
    struct schedule_plan plan;
};

/* Errors   ERROR_NOT_FOUND */
MUST_USE enum error_code planning_open(struct planning *planning, struct work *work,
                                       int64_t sequence_id, struct error *error);
/* Plans with `document` in place of the stored sequence. */
void planning_use(struct planning *planning, const struct sequence *document);

/* An enrollment as the scheduler sees it; counts zones that mean nothing here. */
struct schedule_person planning_person(const struct planning *planning,
                                       const struct store_action_row *row);
/* Marks in person->done the steps that are over although an edit moved them ahead. */
MUST_USE enum error_code planning_done(const struct planning *planning,
                                       const struct store_action_row *row,
                                       struct schedule_person *person, struct error *error);
/* The same for a plan of which `version` was saved: the first one moved nothing. */
MUST_USE enum error_code planning_done_in(struct work *work, const struct schedule_plan *plan,
                                          int64_t version, int64_t enrollment_id,
                                          struct schedule_person *person, struct error *error);
/* The zone of a person with this contact zone. */
struct schedule_zone planning_zone(const struct planning *planning, struct text contact_zone);
