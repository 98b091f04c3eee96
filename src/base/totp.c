/* Codes of authenticator apps: see totp.h. SHA-1 stands here because the apps ask for it and
 * libsodium, rightly, has none; as the hash inside an HMAC it is not broken, and nothing else may
 * use it. */
#include "base/totp.h"

#include "base/crypto.h"

#include <string.h>

enum { BLOCK = 64, DIGEST = 20, MESSAGE = 8, MODULUS = 1000000 };

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return (value << bits) | (value >> (32 - bits));
}

static void sha1_block(uint32_t state[5], const uint8_t block[BLOCK])
{
    uint32_t words[80];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (size_t i = 0; i < 16; i++) {
        words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                   (uint32_t)block[4 * i + 2] << 8 | (uint32_t)block[4 * i + 3];
    }
    for (size_t i = 16; i < 80; i++) {
        words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    for (size_t i = 0; i < 80; i++) {
        uint32_t mixed = i < 20   ? ((b & c) | (~b & d)) + 0x5A827999u
                         : i < 40 ? (b ^ c ^ d) + 0x6ED9EBA1u
                         : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCu
                                  : (b ^ c ^ d) + 0xCA62C1D6u;
        uint32_t next = rotate(a, 5) + mixed + e + words[i];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    crypto_wipe(words, sizeof(words));
}

/* One whole block and then a tail short enough for its padding: all that an HMAC here needs. */
static void sha1_of_block_and(const uint8_t first[BLOCK], const uint8_t *tail, size_t tail_size,
                              uint8_t out[DIGEST])
{
    uint32_t state[5] = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u};
    uint8_t last[BLOCK] = {0};
    uint32_t bits = (uint32_t)(BLOCK + tail_size) * 8;
    CHECK(tail_size <= BLOCK - 9);
    memcpy(last, tail, tail_size);
    last[tail_size] = 0x80;
    for (size_t i = 0; i < 4; i++) {
        last[BLOCK - 1 - i] = (uint8_t)(bits >> (8 * i));
    }
    sha1_block(state, first);
    sha1_block(state, last);
    for (size_t i = 0; i < DIGEST; i++) {
        out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

static void hmac_sha1(struct text key, const uint8_t message[MESSAGE], uint8_t out[DIGEST])
{
    uint8_t inner[BLOCK];
    uint8_t outer[BLOCK];
    uint8_t middle[DIGEST];
    CHECK(key.size <= BLOCK);
    memset(inner, 0x36, sizeof(inner));
    memset(outer, 0x5c, sizeof(outer));
    for (size_t i = 0; i < key.size; i++) {
        inner[i] ^= (uint8_t)key.data[i];
        outer[i] ^= (uint8_t)key.data[i];
    }
    sha1_of_block_and(inner, message, MESSAGE, middle);
    sha1_of_block_and(outer, middle, sizeof(middle), out);
    crypto_wipe(inner, sizeof(inner));
    crypto_wipe(outer, sizeof(outer));
    crypto_wipe(middle, sizeof(middle));
}

uint32_t totp_code(struct text secret, int64_t step)
{
    uint8_t message[MESSAGE];
    uint8_t digest[DIGEST];
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    }
    hmac_sha1(secret, message, digest);
    size_t at = digest[DIGEST - 1] & 0x0f;
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
