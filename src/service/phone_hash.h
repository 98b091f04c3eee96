#pragma once

#include "base/crypto.h"
#include "base/text.h"

#include <stdio.h>

/* How the ledger of opt-outs knows a phone: by a keyed hash, which tells nothing about the number
 * without the installation's key and outlives the person's erasure. */
static inline void phone_hash(struct text hash_key, int64_t phone, uint8_t ret_hash[32])
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%lld", (long long)phone);
    crypto_keyed_hash(hash_key, "phone", text_make(digits, (size_t)size), ret_hash);
}
