#pragma once

#include "base/error.h"
#include "store/store_message.h"
#include "store/work.h"

/* One message as users see it: its row, what it says, to whom, and how its newest attempt ended. */
struct message_view {
    struct store_message message;
    struct store_message_body body;
    bool has_body; /* false: erased, past its retention, or never made */
    int64_t phone; /* 0: erased */
    struct text name;
    int32_t day;             /* of its step; 0 for a test send */
    struct text provider_id; /* of the newest attempt that has one */
    bool has_error;
    int64_t error_code; /* 0: none was given */
    struct text error_title;
    struct text error_detail;
    struct text error_advice;
};

/* Fills a view for a row already read; any connection, results in work->arena. */
MUST_USE enum error_code message_view_fill(struct work *work, const struct store_message *message,
                                           struct message_view *ret_view, struct error *error);
/* Errors   ERROR_NOT_FOUND */
MUST_USE enum error_code message_view_get(struct work *work, int64_t message_id,
                                          struct message_view *ret_view, struct error *error);
