#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

#include <stdbool.h>

/* People whom somebody typed into a form that asks for a confirmation, until they write. */
struct store_unconfirmed {
    int64_t form_id;
    int64_t sequence_id;    /* the form's */
    struct text form_token; /* the form's; its code is made of it */
    int64_t phone;
    struct text person;  /* JSON as enrolling takes it */
    struct text consent; /* JSON */
    int64_t created_at_ms;
};
/* A later one of the same number and form takes the place of the earlier one. */
MUST_USE enum error_code store_unconfirmed_put(struct work *work,
                                               const struct store_unconfirmed *row,
                                               struct error *error);
enum { STORE_UNCONFIRMED_MAX = 20 };
/* The newest of a number, of forms that are not revoked, in work->arena. */
MUST_USE enum error_code store_unconfirmed_list(struct work *work, int64_t phone,
                                                struct store_unconfirmed **ret_rows,
                                                size_t *ret_count, struct error *error);
MUST_USE enum error_code store_unconfirmed_remove(struct work *work, int64_t form_id, int64_t phone,
                                                  struct error *error);
/* Deletes what is older than `before_ms`, at most `limit` rows. */
MUST_USE enum error_code store_unconfirmed_prune(struct work *work, int64_t before_ms, size_t limit,
                                                 int64_t *ret_deleted, struct error *error);
