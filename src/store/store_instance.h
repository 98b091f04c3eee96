#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* Who this installation is, and the starts of its processes. */
struct store_installation {
    char install_id[32];
    int64_t epoch;
    bool fenced;
    struct text fence_reason; /* in work->arena */
    int64_t fenced_at_ms;
};
MUST_USE enum error_code store_installation_get(struct work *work,
                                                struct store_installation *ret_installation,
                                                bool *ret_found, struct error *error);
MUST_USE enum error_code store_installation_create(struct work *work, const char *install_id,
                                                   int64_t epoch, struct error *error);
/* Raises the epoch above `least_epoch` and the present one and closes the fence: nothing is sent
 * until a person decides. store_fence.h does what else a restore needs. */
MUST_USE enum error_code store_installation_fence(struct work *work, int64_t least_epoch,
                                                  struct text reason, int64_t *ret_epoch,
                                                  struct error *error);
/* A person decided: sending may go on. Held messages stay held until they are released. */
MUST_USE enum error_code store_installation_unfence(struct work *work, struct error *error);

/* One row per start. */
MUST_USE enum error_code store_instance_start(struct work *work, const char *boot_id, int64_t epoch,
                                              int64_t boot_ms, int64_t *ret_id,
                                              struct error *error);
/* The sign of life, at most every few seconds: clock steps and outages are measured against it. */
MUST_USE enum error_code store_instance_beat(struct work *work, int64_t instance_id,
                                             int64_t boot_ms, struct error *error);
MUST_USE enum error_code store_instance_stop(struct work *work, int64_t instance_id,
                                             struct error *error);
MUST_USE enum error_code store_instance_newest(struct work *work, int64_t *ret_id,
                                               struct error *error);
struct store_instance {
    int64_t id;
    char boot_id[40];
    int64_t started_at_ms;
    int64_t beat_at_ms;
    int64_t beat_boot_ms;
    int64_t stopped_at_ms; /* 0: it never stopped in order */
};
/* The newest start before `instance_id`. */
MUST_USE enum error_code store_instance_before(struct work *work, int64_t instance_id,
                                               struct store_instance *ret_instance, bool *ret_found,
                                               struct error *error);
