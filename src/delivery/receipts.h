#pragma once

#include "base/error.h"
#include "provider/provider_event.h"
#include "store/work.h"

/* Status webhooks: proof of what became of an attempt. Runs inside the caller's writer job, once
 * per webhook body, so that the whole body is one commit before it is answered 200.
 *
 * A status is matched by our token, else by the provider's id; what fits nothing is kept as an
 * orphan and looked at again. Everything is harmless when repeated or out of order: states only
 * move by the table in domain/message.c, and an accepted message's rank only rises. */
struct receipts_result {
    int64_t applied;  /* changed something */
    int64_t known;    /* repeats and older news */
    int64_t foreign;  /* tokens of another installation: not ours */
    int64_t orphaned; /* kept for later */
};

/* Applies the events of kind PROVIDER_EVENT_STATUS, ignores the others.
 * channel_id  the channel whose webhook it came by
 * ret_result  may be NULL */
MUST_USE enum error_code receipts_apply(struct work *work, int64_t channel_id,
                                        const struct provider_event *events, size_t count,
                                        struct receipts_result *ret_result, struct error *error);

/* Tokens: "d1.<install>.<epoch>.<message in base 32>.<n>". */
enum { RECEIPT_TOKEN_MAX = 96 };
struct receipt_token {
    struct text install_id;
    int64_t epoch;
    int64_t message_id;
    int64_t n;
};
void receipt_token_format(const struct receipt_token *token, char out[RECEIPT_TOKEN_MAX]);
bool receipt_token_parse(struct text text, struct receipt_token *ret_token);
