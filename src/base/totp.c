/* Codes of authenticator apps: see totp.h. SHA-1 stands here because the apps ask for it; it comes
 * from nettle, since libsodium, rightly, has none. As the hash inside an HMAC it is not broken, and
 * nothing else may use it. */
#include "base/totp.h"

#include "base/crypto.h"

#include <nettle/hmac.h>

enum { MESSAGE = 8, MODULUS = 1000000 };

static void hmac_sha1(struct text key, const uint8_t message[MESSAGE],
                      uint8_t out[SHA1_DIGEST_SIZE])
{
    struct hmac_sha1_ctx context;
    hmac_sha1_set_key(&context, key.size, (const uint8_t *)key.data);
    hmac_sha1_update(&context, MESSAGE, message);
    hmac_sha1_digest(&context, SHA1_DIGEST_SIZE, out);
    crypto_wipe(&context, sizeof(context));
}

uint32_t totp_code(struct text secret, int64_t step)
{
    uint8_t message[MESSAGE];
    uint8_t digest[SHA1_DIGEST_SIZE];
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    }
    hmac_sha1(secret, message, digest);
    size_t at = digest[SHA1_DIGEST_SIZE - 1] & 0x0f;
    uint32_t value = (uint32_t)(digest[at] & 0x7f) << 24 | (uint32_t)digest[at + 1] << 16 |
                     (uint32_t)digest[at + 2] << 8 | (uint32_t)digest[at + 3];
    return value % MODULUS;
}

static bool read_code(struct text text, uint32_t *ret_code)
{
    uint32_t value = 0;
    size_t digits = 0;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == ' ') {
            continue;
        }
        if (byte < '0' || byte > '9' || digits == TOTP_DIGITS) {
            return false;
        }
        value = value * 10 + (uint32_t)(byte - '0');
        digits++;
    }
    *ret_code = value;
    return digits == TOTP_DIGITS;
}

bool totp_check(struct text secret, struct text code, int64_t now_ms, int64_t last_step,
                int64_t *ret_step)
{
    uint32_t given = 0;
    int64_t now_step = now_ms / TOTP_STEP_MS;
    bool good = false;
    if (!read_code(code, &given)) {
        return false;
    }
    for (int64_t step = now_step - 1; step <= now_step + 1; step++) {
        uint32_t expected = totp_code(secret, step);
        if (crypto_equal(&expected, &given, sizeof(given)) && step > last_step && !good) {
            *ret_step = step;
            good = true;
        }
    }
    return good;
}

void totp_secret_text(struct text secret, char out[TOTP_SECRET_TEXT_MAX])
{
    static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint32_t bits = 0;
    unsigned held = 0;
    size_t used = 0;
    CHECK(secret.size <= TOTP_SECRET_SIZE);
    for (size_t i = 0; i < secret.size; i++) {
        bits = (bits << 8 | (uint8_t)secret.data[i]) & 0xffff;
        held += 8;
        while (held >= 5) {
            held -= 5;
            out[used++] = LETTERS[(bits >> held) & 31];
        }
    }
    if (held > 0) {
        out[used++] = LETTERS[(bits << (5 - held)) & 31];
    }
    out[used] = '\0';
}
