/* Signatures of outgoing webhooks: see standard_webhook.h. */
#include "domain/standard_webhook.h"

#include "base/buffer.h"
#include "base/crypto.h"

#include <stdio.h>

enum { KEY_MIN = 24, KEY_MAX = 64, SIGNED_HEAD_MAX = 512 };

static const struct text PREFIX = TEXT_INIT("whsec_");

void standard_webhook_secret_new(char out[STANDARD_WEBHOOK_SECRET_MAX])
{
    uint8_t key[STANDARD_WEBHOOK_KEY_SIZE];
    char encoded[STANDARD_WEBHOOK_SECRET_MAX];
    crypto_random(key, sizeof(key));
    CHECK(crypto_base64_size(sizeof(key)) <= sizeof(encoded));
    (void)crypto_base64(key, sizeof(key), encoded);
    (void)snprintf(out, STANDARD_WEBHOOK_SECRET_MAX, "%.*s%.*s", TEXT_ARGS(PREFIX),
                   STANDARD_WEBHOOK_SECRET_MAX - 8, encoded);
    crypto_wipe(key, sizeof(key));
    crypto_wipe(encoded, sizeof(encoded));
}

bool standard_webhook_sign(struct text secret, struct text id, int64_t timestamp_s,
                           struct text body, char out[STANDARD_WEBHOOK_SIGNATURE_MAX])
{
    uint8_t key[KEY_MAX];
    uint8_t digest[CRYPTO_SHA256_SIZE];
    char encoded[STANDARD_WEBHOOK_SIGNATURE_MAX];
    size_t key_size = 0;
    if (!text_starts_with(secret, PREFIX) || id.size + 32 > SIGNED_HEAD_MAX ||
        !crypto_unbase64(text_skip(secret, PREFIX.size), key, sizeof(key), &key_size) ||
        key_size < KEY_MIN) {
        return false;
    }
    struct buffer bytes;
    buffer_init(&bytes, body.size + SIGNED_HEAD_MAX);
    buffer_add_text(&bytes, id);
    buffer_add_format(&bytes, ".%lld.", (long long)timestamp_s);
    buffer_add_text(&bytes, body);
    crypto_hmac_sha256(text_make((const char *)key, key_size), buffer_text(&bytes), digest);
    buffer_done(&bytes);
    crypto_wipe(key, sizeof(key));
    (void)crypto_base64(digest, sizeof(digest), encoded);
    (void)snprintf(out, STANDARD_WEBHOOK_SIGNATURE_MAX, "v1,%.*s",
                   STANDARD_WEBHOOK_SIGNATURE_MAX - 4, encoded);
    return true;
}
