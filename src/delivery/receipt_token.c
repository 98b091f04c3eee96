/* Callback tokens: see receipts.h. They name an attempt without saying anything about the person,
 * and tell installations and restored databases apart. */
#include "delivery/receipts.h"

#include <inttypes.h>
#include <stdio.h>

static const char DIGITS[] = "0123456789abcdefghijklmnopqrstuv";

void receipt_token_format(const struct receipt_token *token, char out[RECEIPT_TOKEN_MAX])
{
    char number[16];
    char *at = number + sizeof(number) - 1;
    *at = '\0';
    uint64_t rest = (uint64_t)token->message_id;
    do {
        *--at = DIGITS[rest & 31];
        rest >>= 5;
    } while (rest > 0);
    (void)snprintf(out, RECEIPT_TOKEN_MAX, "d1.%.*s.%" PRId64 ".%s.%" PRId64,
                   TEXT_ARGS(token->install_id), token->epoch, at, token->n);
}

static bool parse_base32(struct text text, int64_t *ret_value)
{
    uint64_t value = 0;
    if (text.size == 0 || text.size > 12) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        const char *digit = memchr(DIGITS, text.data[i], sizeof(DIGITS) - 1);
        if (digit == NULL) {
            return false;
        }
        value = value << 5 | (uint64_t)(digit - DIGITS);
    }
    *ret_value = (int64_t)value;
    return true;
}

bool receipt_token_parse(struct text text, struct receipt_token *ret_token)
{
    struct receipt_token token = {0};
    struct text version = {0};
    struct text epoch = {0};
    struct text message = {0};
    struct text n = {0};
    struct text whole = text;
    if (text.size >= RECEIPT_TOKEN_MAX || !text_next(&text, '.', &version) ||
        !text_next(&text, '.', &token.install_id) || !text_next(&text, '.', &epoch) ||
        !text_next(&text, '.', &message) || !text_next(&text, '.', &n) || text.size > 0) {
        return false;
    }
    if (!text_equal(version, TEXT("d1")) || token.install_id.size == 0 ||
        !text_to_int64(epoch, &token.epoch) || !parse_base32(message, &token.message_id) ||
        !text_to_int64(n, &token.n) || token.epoch < 0 || token.message_id < 1 || token.n < 1 ||
        token.n > 1000000) {
        return false;
    }
    char wire[RECEIPT_TOKEN_MAX]; /* one spelling only */
    receipt_token_format(&token, wire);
    if (!text_equal(whole, text_from(wire))) {
        return false;
    }
    *ret_token = token;
    return true;
}
