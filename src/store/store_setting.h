#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* Settings that people change while the server runs: a key and a JSON value each. What a key means
 * and which values it takes, service/ knows. */

/* `ret_value` lives in work->arena. */
MUST_USE enum error_code store_setting_get(struct work *work, struct text key,
                                           struct text *ret_value, bool *ret_found,
                                           struct error *error);
MUST_USE enum error_code store_setting_put(struct work *work, struct text key, struct text value,
                                           struct error *error);
/* Deleting what is not there is fine: the default holds again either way. */
MUST_USE enum error_code store_setting_delete(struct work *work, struct text key,
                                              struct error *error);
struct store_setting {
    struct text key;
    struct text value; /* JSON */
    int64_t updated_at_ms;
};
/* All, sorted by key, in work->arena. */
MUST_USE enum error_code store_setting_list(struct work *work, struct store_setting **ret_settings,
                                            size_t *ret_count, struct error *error);
