/* Tokens that come back from outside: opt-out links cannot be made without the key, and what a
 * status carries is either exactly a token of ours or nothing. */
#include "fuzz.h"

#include "base/crypto.h"
#include "delivery/opt_out_link.h"
#include "delivery/receipts.h"

#include <string.h>

static const char KEY[] = "0123456789abcdef0123456789abcdef";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = text_make((const char *)data, size);
    crypto_setup();
    struct text key = text_make(KEY, 32);
    char token[OPT_OUT_TOKEN_MAX];
    int64_t contact_id = 0;
    if (opt_out_token_read(key, input, &contact_id)) {
        opt_out_token_make(key, contact_id, token);
        CHECK(text_equal(input, text_from(token))); /* one spelling, and only ours */
    }
    struct text rest = input;
    contact_id = (int64_t)fuzz_take_number(&rest, 5);
    int64_t again = -1;
    opt_out_token_make(key, contact_id, token);
    CHECK(opt_out_token_read(key, text_from(token), &again) && again == contact_id);
    struct receipt_token receipt = {0};
    if (receipt_token_parse(input, &receipt)) {
        char wire[RECEIPT_TOKEN_MAX];
        CHECK(receipt.epoch >= 0 && receipt.message_id >= 0 && receipt.n >= 0);
        receipt_token_format(&receipt, wire);
        CHECK(text_equal(input, text_from(wire)));
    }
    return 0;
}
