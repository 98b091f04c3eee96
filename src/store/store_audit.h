#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

/* Reading the audit trail; store_access.h writes it. */
struct store_audit {
    int64_t id;
    int64_t at_ms;
    enum actor_kind actor_kind;
    int64_t actor_id; /* 0 = none */
    struct text actor_name;
    struct text action;
    struct text object; /* wire id, or empty */
    struct text detail; /* JSON object, or empty */
    struct text request_id;
    struct text address;
};
struct store_audit_filter {
    struct text action;     /* whole, or a family like "user"; empty: all */
    struct text object;     /* empty: all */
    struct text actor_name; /* empty: all */
    int64_t before_id;      /* cursor; 0: from the newest */
};
/* Newest first, in work->arena. */
MUST_USE enum error_code store_audit_list(struct work *work,
                                          const struct store_audit_filter *filter, size_t limit,
                                          struct store_audit **ret_rows, size_t *ret_count,
                                          struct error *error);
