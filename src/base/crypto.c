/* libsodium behind our own names: see crypto.h. */
#include "base/crypto.h"

#include "base/buffer.h"
#include "base/mem.h"

#include <sodium.h>

_Static_assert(sizeof(struct crypto_digest) >= sizeof(crypto_hash_sha256_state),
               "the digest's state must fit");
_Static_assert(CRYPTO_SEAL_OVERHEAD == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES +
                                           crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "nonce and tag");
_Static_assert(CRYPTO_PASSWORD_MAX >= crypto_pwhash_STRBYTES, "a hash must fit");

/* Sizes a document may have; what is sealed are tokens and keys. */
enum { SEAL_MAX = 64 * 1024 };

void crypto_setup(void)
{
    CHECK(sodium_init() >= 0);
}

static const unsigned char *bytes_of(struct text text)
{
    return (const unsigned char *)(text.data == NULL ? "" : text.data);
}

struct secret {
    unsigned char *bytes; /* guarded memory of libsodium */
    size_t size;
};

static struct secret *secret_allocate(size_t size)
{
    struct secret *secret = mem_zalloc(sizeof(*secret));
    secret->bytes = sodium_malloc(size == 0 ? 1 : size);
    CHECK(secret->bytes != NULL);
    secret->size = size;
    return secret;
}

struct secret *secret_new(struct text bytes)
{
    struct secret *secret = secret_allocate(bytes.size);
    memcpy(secret->bytes, bytes_of(bytes), bytes.size);
    return secret;
}

void secret_free(struct secret *secret)
{
    if (secret != NULL) {
        sodium_free(secret->bytes);
        mem_free(secret);
    }
}

struct text secret_text(const struct secret *secret)
{
    return secret == NULL ? (struct text){0} : text_make((const char *)secret->bytes, secret->size);
}

bool secret_equal(const struct secret *secret, struct text bytes)
{
    return crypto_equal_text(secret_text(secret), bytes);
}

void crypto_random(void *out, size_t size)
{
    randombytes_buf(out, size);
}

uint64_t crypto_random_u64(void)
{
    uint64_t value = 0;
    randombytes_buf(&value, sizeof(value));
    return value;
}

uint32_t crypto_random_below(uint32_t bound)
{
    return randombytes_uniform(bound);
}

void crypto_random_token(char *out, size_t chars)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    for (size_t i = 0; i < chars; i++) {
        out[i] = alphabet[randombytes_uniform(32)];
    }
    out[chars] = '\0';
}

bool crypto_equal(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

bool crypto_equal_text(struct text a, struct text b)
{
    return a.size == b.size && sodium_memcmp(bytes_of(a), bytes_of(b), a.size) == 0;
}

void crypto_wipe(void *data, size_t size)
{
    sodium_memzero(data, size);
}

void crypto_sha256(struct text data, uint8_t out[CRYPTO_SHA256_SIZE])
{
    (void)crypto_hash_sha256(out, bytes_of(data), data.size);
}

void crypto_hmac_sha256(struct text key, struct text data, uint8_t out[CRYPTO_SHA256_SIZE])
{
    crypto_auth_hmacsha256_state state;
    (void)crypto_auth_hmacsha256_init(&state, bytes_of(key), key.size);
    (void)crypto_auth_hmacsha256_update(&state, bytes_of(data), data.size);
    (void)crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof(state));
}

static crypto_hash_sha256_state *digest_state(struct crypto_digest *digest)
{
    return (crypto_hash_sha256_state *)(void *)digest->private_state;
}

void crypto_digest_init(struct crypto_digest *digest)
{
    (void)crypto_hash_sha256_init(digest_state(digest));
}

void crypto_digest_add(struct crypto_digest *digest, struct text data)
{
    (void)crypto_hash_sha256_update(digest_state(digest), bytes_of(data), data.size);
}

void crypto_digest_done(struct crypto_digest *digest, uint8_t out[CRYPTO_SHA256_SIZE])
{
    (void)crypto_hash_sha256_final(digest_state(digest), out);
}

void crypto_keyed_hash(struct text key, const char *label, struct text data, uint8_t out[32])
{
    CHECK(key.size == CRYPTO_KEY_SIZE);
    crypto_generichash_state state;
    struct text name = text_from(label);
    unsigned char size = (unsigned char)name.size;
    CHECK(name.size < 256);
    (void)crypto_generichash_init(&state, bytes_of(key), key.size, 32);
    (void)crypto_generichash_update(&state, &size, 1);
    (void)crypto_generichash_update(&state, bytes_of(name), name.size);
    (void)crypto_generichash_update(&state, bytes_of(data), data.size);
    (void)crypto_generichash_final(&state, out, 32);
    sodium_memzero(&state, sizeof(state));
}

void crypto_derive_key(struct text key, const char *purpose, uint8_t out[CRYPTO_KEY_SIZE])
{
    crypto_keyed_hash(key, "derive", text_from(purpose), out);
}

void crypto_hex(const void *data, size_t size, char *out)
{
    (void)sodium_bin2hex(out, 2 * size + 1, data, size);
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    if (byte >= 'a' && byte <= 'f') {
        return byte - 'a' + 10;
    }
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

bool crypto_unhex(struct text hex, uint8_t *out, size_t size)
{
    if (hex.size != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(hex.data[2 * i]);
        int low = hex_digit(hex.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

size_t crypto_base64_size(size_t size)
{
    return sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
}

static size_t to_base64(const void *data, size_t size, int variant, char *out)
{
    size_t capacity = sodium_base64_encoded_len(size, variant);
    (void)sodium_bin2base64(out, capacity, data, size, variant);
    return strlen(out);
}

static bool from_base64(struct text text, int variant, uint8_t *out, size_t capacity,
                        size_t *ret_size)
{
    size_t size = 0;
    const char *end = NULL;
    const char *data = text.data == NULL ? "" : text.data;
    if (sodium_base642bin(out, capacity, data, text.size, NULL, &size, &end, variant) != 0 ||
        end != data + text.size) {
        return false;
    }
    *ret_size = size;
    return true;
}

size_t crypto_base64url(const void *data, size_t size, char *out)
{
    return to_base64(data, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING, out);
}

bool crypto_unbase64url(struct text text, uint8_t *out, size_t capacity, size_t *ret_size)
{
    return from_base64(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING, out, capacity, ret_size);
}

size_t crypto_base64(const void *data, size_t size, char *out)
{
    return to_base64(data, size, sodium_base64_VARIANT_ORIGINAL, out);
}

bool crypto_unbase64(struct text text, uint8_t *out, size_t capacity, size_t *ret_size)
{
    return from_base64(text, sodium_base64_VARIANT_ORIGINAL, out, capacity, ret_size);
}

void crypto_seal(struct text key, struct text context, struct text plain, struct buffer *out)
{
    CHECK(key.size == CRYPTO_KEY_SIZE && plain.size <= SEAL_MAX);
    size_t size = plain.size + CRYPTO_SEAL_OVERHEAD;
    CLEANUP(mem_free_char) char *sealed = mem_alloc(size);
    unsigned char *nonce = (unsigned char *)sealed;
    unsigned char *cipher = nonce + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
    randombytes_buf(nonce, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
    CHECK(crypto_aead_xchacha20poly1305_ietf_encrypt(cipher, NULL, bytes_of(plain), plain.size,
                                                     bytes_of(context), context.size, NULL, nonce,
                                                     bytes_of(key)) == 0);
    buffer_add(out, sealed, size);
}

enum error_code crypto_open(struct text key, struct text context, struct text sealed,
                            struct secret **ret_plain, struct error *error)
{
    CHECK(key.size == CRYPTO_KEY_SIZE);
    if (sealed.size < CRYPTO_SEAL_OVERHEAD) {
        return error_set(error, ERROR_DENIED, "the sealed value is cut");
    }
    CLEANUP(secret_free)
    struct secret *plain = secret_allocate(sealed.size - CRYPTO_SEAL_OVERHEAD);
    const unsigned char *nonce = bytes_of(sealed);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain->bytes, NULL, NULL, nonce + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
            sealed.size - crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, bytes_of(context),
            context.size, nonce, bytes_of(key)) != 0) {
        return error_set(error, ERROR_DENIED,
                         "the sealed value cannot be opened with this master key");
    }
    *ret_plain = TAKE(plain);
    return OK;
}

enum error_code crypto_reseal(struct text old_key, struct text new_key, struct text context,
                              struct text sealed, struct buffer *out, struct error *error)
{
    CLEANUP(secret_free) struct secret *plain = NULL;
    enum error_code code = crypto_open(old_key, context, sealed, &plain, error);
    if (code == OK) {
        crypto_seal(new_key, context, secret_text(plain), out);
    }
    return code;
}

void crypto_password_hash(struct text password, char out[CRYPTO_PASSWORD_MAX])
{
    memset(out, 0, CRYPTO_PASSWORD_MAX);
    CHECK(crypto_pwhash_str(out, password.data == NULL ? "" : password.data, password.size,
                            crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0);
}

bool crypto_password_verify(const char *hash, struct text password)
{
    return crypto_pwhash_str_verify(hash, password.data == NULL ? "" : password.data,
                                    password.size) == 0;
}

bool crypto_password_outdated(const char *hash)
{
    return crypto_pwhash_str_needs_rehash(hash, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0;
}
