#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/store_message.h"
#include "store/work.h"

#include <stdbool.h>

/* Lists of messages as people look for them, and the state of the queue in numbers. Each list walks
 * along the narrowest index its filter allows. */

/* What users see, as bits for filters. */
enum store_queue_status {
    QUEUE_PENDING = 1,
    QUEUE_SENDING = 2,
    QUEUE_IN_DOUBT = 4,
    QUEUE_HELD = 8,
    QUEUE_SENT = 16,
    QUEUE_DELIVERED = 32,
    QUEUE_READ = 64,
    QUEUE_FAILED = 128,
    QUEUE_UNKNOWN = 256,
    QUEUE_CANCELLED = 512,
    QUEUE_SKIPPED = 1024,
};
enum { QUEUE_OPEN = QUEUE_PENDING | QUEUE_SENDING | QUEUE_IN_DOUBT | QUEUE_HELD };

/* What the person did after a message. */
enum store_queue_answer { QUEUE_ANY_ANSWER, QUEUE_REPLIED, QUEUE_OPTED_OUT };

/* Which moment of a message a span of time is about; a message without that moment is in none. */
enum store_queue_moment {
    QUEUE_AT_DUE,
    QUEUE_AT_SENT,
    QUEUE_AT_DELIVERED,
    QUEUE_AT_READ,
    QUEUE_AT_FAILED,
    QUEUE_AT_ENDED,
};

enum store_queue_order {
    QUEUE_NEWEST,    /* by id, falling */
    QUEUE_OLDEST,    /* by id, rising */
    QUEUE_DUE_FIRST, /* by due time, rising; without any narrowing filter by id, which grows with
                      * the due time but for edits */
    QUEUE_DUE_LAST,
};

enum { STORE_QUEUE_CODES_MAX = 1024 };
struct store_queue_filter {
    int64_t statuses;    /* bits; 0: all */
    int64_t sequence_id; /* ids and times: 0 = any */
    int64_t enrollment_id;
    int64_t step_id;
    int64_t channel_id;
    int64_t contact_id;
    enum store_queue_answer answer;
    enum store_queue_moment moment; /* of from_ms and to_ms; with an answer: the answer's moment */
    int64_t from_ms;                /* at or after */
    int64_t to_ms;                  /* before */
    enum message_reason reason;     /* REASON_NONE: any */
    char error_codes[STORE_QUEUE_CODES_MAX]; /* ",131026,131030,"; "": any or none */
    enum store_queue_order order;
    int64_t after_id;     /* cursor: the last row's id, 0 = from the start */
    int64_t after_due_ms; /* and its due time, for the orders by due time */
};
MUST_USE enum error_code store_queue_list(struct work *work,
                                          const struct store_queue_filter *filter, size_t limit,
                                          struct store_message **ret_messages, size_t *ret_count,
                                          struct error *error);

struct store_queue_channel {
    int64_t channel_id;
    int64_t pending;
    int64_t due;        /* of those, should have left by now */
    int64_t next_at_ms; /* the earliest */
};
struct store_queue_totals {
    int64_t sending;
    int64_t in_doubt;
    int64_t held;
    int64_t next_due_at_ms; /* when the next person's next step is to be planned; 0: none */
    struct store_queue_channel *channels;
    size_t channel_count;
};
MUST_USE enum error_code store_queue_totals(struct work *work,
                                            struct store_queue_totals *ret_totals,
                                            struct error *error);
