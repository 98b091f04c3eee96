#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>

/* The provider's error codes as data: one row per code with its class, what it means for the
 * message, and advice in plain words. The same table serves answers of the send call and `failed`
 * statuses, because each code can come either way. */

enum provider_class {
    PROVIDER_CLASS_NONE,             /* no trouble */
    PROVIDER_CLASS_NETWORK,          /* not sent: resolver, connect, TLS */
    PROVIDER_CLASS_THROUGHPUT,       /* the number sends too fast */
    PROVIDER_CLASS_ACCOUNT_LIMIT,    /* the app or account calls too often */
    PROVIDER_CLASS_PAIR_LIMIT,       /* too many messages to this one person */
    PROVIDER_CLASS_AUTH,             /* token or permission */
    PROVIDER_CLASS_BILLING,          /* payment */
    PROVIDER_CLASS_ACCOUNT,          /* account or number locked, deleted, not registered */
    PROVIDER_CLASS_QUALITY,          /* too many blocks and reports */
    PROVIDER_CLASS_MAINTENANCE,      /* number in maintenance for a minute */
    PROVIDER_CLASS_SERVER,           /* the provider's own temporary trouble */
    PROVIDER_CLASS_UNREACHABLE,      /* this person cannot be reached on WhatsApp */
    PROVIDER_CLASS_WINDOW_CLOSED,    /* free text, but the person wrote over 24 hours ago */
    PROVIDER_CLASS_MARKETING_CAP,    /* the person gets enough marketing for now */
    PROVIDER_CLASS_MARKETING_STOP,   /* the person stopped marketing in WhatsApp */
    PROVIDER_CLASS_EXPERIMENT,       /* the person is in a holdout group */
    PROVIDER_CLASS_RECIPIENT,        /* this recipient is not allowed or not possible */
    PROVIDER_CLASS_TEMPLATE_PAUSED,  /* the template is paused for now */
    PROVIDER_CLASS_TEMPLATE_INVALID, /* the template is missing, disabled or of another shape */
    PROVIDER_CLASS_PARAMETER,        /* this person's values do not fit the template */
    PROVIDER_CLASS_MEDIA,            /* the media could not be fetched or is of a wrong type */
    PROVIDER_CLASS_REQUEST,          /* the request is wrong: a setting or a bug */
    PROVIDER_CLASS_UNKNOWN_CODE,     /* a code we have no row for */
    PROVIDER_CLASS_HTTP,             /* refused by plain HTTP meaning, without a code */
    PROVIDER_CLASS_DOUBT_TIMEOUT,    /* bytes left, then silence */
    PROVIDER_CLASS_DOUBT_RESET,      /* bytes left, then the connection broke */
    PROVIDER_CLASS_DOUBT_5XX_GRAPH,  /* 5xx with the provider's error envelope */
    PROVIDER_CLASS_DOUBT_5XX_PLAIN,  /* 5xx, 408 or a redirect without one */
    PROVIDER_CLASS_DOUBT_UNREADABLE, /* neither a success nor a refusal could be read */
};
enum { PROVIDER_CLASS_COUNT = PROVIDER_CLASS_DOUBT_UNREADABLE + 1 };
/* "throughput", "5xx_graph", "timeout" …: stable words for rows, counters and the wire. */
const char *provider_class_to_text(enum provider_class class);
bool provider_class_from_text(struct text text, enum provider_class *ret_class);

/* What a code means when it answers the send call itself. */
enum provider_meaning {
    PROVIDER_MEANS_RETRY,   /* refused now, safe to try again */
    PROVIDER_MEANS_REJECT,  /* refused for good */
    PROVIDER_MEANS_TROUBLE, /* refused; the channel is the problem */
    PROVIDER_MEANS_DOUBT,   /* server trouble: it may have been accepted */
};

struct provider_code {
    int64_t code;
    enum provider_class class;
    enum provider_meaning meaning;
    int64_t retry_after_ms;       /* first pause before a new try of the answer path; 0 = usual */
    int64_t async_retry_after_ms; /* after a `failed` status: 0 = never, else one try after this */
    int max_tries;                /* tries worth making with this answer; 0 = usual */
    const char *title;
    const char *advice;
};

/* The row of `code`, or NULL when the code is not known. 200-299 share one row. */
const struct provider_code *provider_code_find(int64_t code);
/* All rows, by code, for docs and tests. */
const struct provider_code *provider_code_table(size_t *ret_count);
