#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

/* Randomness, hashes, sealing, passwords: libsodium behind our own names. crypto_setup() runs once
 * before anything else; every function may then be called from any thread. */
void crypto_setup(void);

/* A secret's bytes: never printed, wiped on free, compared in constant time. */
struct secret;
struct secret *secret_new(struct text bytes);
void secret_free(struct secret *secret); /* wipes; NULL is fine */
DEFINE_CLEANUP(struct secret *, secret_free);
struct text secret_text(const struct secret *secret); /* borrowed; {NULL} of NULL */
bool secret_equal(const struct secret *secret, struct text bytes);

void crypto_random(void *out, size_t size);
uint64_t crypto_random_u64(void);
uint32_t crypto_random_below(uint32_t bound); /* uniform in [0, bound) */
/* `chars` characters of a–z and 2–7 (5 bits each), ended by NUL: tokens, keys. */
void crypto_random_token(char *out, size_t chars);

bool crypto_equal(const void *a, const void *b, size_t size); /* constant time */
bool crypto_equal_text(struct text a, struct text b);         /* sizes are not hidden */
void crypto_wipe(void *data, size_t size);

enum { CRYPTO_SHA256_SIZE = 32, CRYPTO_KEY_SIZE = 32, CRYPTO_PASSWORD_MAX = 128 };

void crypto_sha256(struct text data, uint8_t out[CRYPTO_SHA256_SIZE]);
void crypto_hmac_sha256(struct text key, struct text data, uint8_t out[CRYPTO_SHA256_SIZE]);
/* SHA-256 fed in pieces. */
struct crypto_digest {
    uint64_t private_state[16];
};
void crypto_digest_init(struct crypto_digest *digest);
void crypto_digest_add(struct crypto_digest *digest, struct text data);
void crypto_digest_done(struct crypto_digest *digest, uint8_t out[CRYPTO_SHA256_SIZE]);

/* Keyed BLAKE2b: the same key, label and data give the same hash; different labels do not meet.
 * For suppression by phone without keeping the phone. `key` must have CRYPTO_KEY_SIZE bytes. */
void crypto_keyed_hash(struct text key, const char *label, struct text data, uint8_t out[32]);
/* A sub-key of `key` for one purpose. */
void crypto_derive_key(struct text key, const char *purpose, uint8_t out[CRYPTO_KEY_SIZE]);

/* Lower-case hex, ended by NUL; out needs 2 * size + 1. */
void crypto_hex(const void *data, size_t size, char *out);
bool crypto_unhex(struct text hex, uint8_t *out, size_t size); /* exactly `size` bytes */
/* base64url without padding; out needs crypto_base64_size(size), NUL included. Returns the length.
 */
size_t crypto_base64_size(size_t size);
size_t crypto_base64url(const void *data, size_t size, char *out);
bool crypto_unbase64url(struct text text, uint8_t *out, size_t capacity, size_t *ret_size);
/* Plain base64 with padding, for Basic credentials. */
size_t crypto_base64(const void *data, size_t size, char *out);
bool crypto_unbase64(struct text text, uint8_t *out, size_t capacity, size_t *ret_size);

/* Sealed = 24 bytes nonce + cipher text + 16 bytes tag. `context` is bound to it and must be given
 * again on opening: "channel:3:access_token". `key` has CRYPTO_KEY_SIZE bytes. */
enum { CRYPTO_SEAL_OVERHEAD = 40 };
struct buffer;
void crypto_seal(struct text key, struct text context, struct text plain, struct buffer *out);
/* Errors     ERROR_DENIED: another key, another context, or changed bytes */
MUST_USE enum error_code crypto_open(struct text key, struct text context, struct text sealed,
                                     struct secret **ret_plain, struct error *error);

/* Opens with the old key and seals with the new one; the plain bytes are in guarded memory
 * meanwhile. Errors as crypto_open(). */
MUST_USE enum error_code crypto_reseal(struct text old_key, struct text new_key,
                                       struct text context, struct text sealed, struct buffer *out,
                                       struct error *error);

/* Argon2id, interactive cost (64 MiB, about 70 ms): never on a thread that others wait for. */
void crypto_password_hash(struct text password, char out[CRYPTO_PASSWORD_MAX]);
bool crypto_password_verify(const char *hash, struct text password);
/* True for a hash that was made at another cost than today's. */
bool crypto_password_outdated(const char *hash);
