/* Passwords: which are taken, their hashes, and checking them. Everything here that hashes takes
 * about 70 ms and 64 MiB, so it belongs on a thread that nobody waits for. */
#include "service/access.h"

#include "base/crypto.h"
#include "service/access_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What people here think of first. */
static const char *const OUR_WORDS[] = {"dripline", "whatsapp", "drip", "sequence", "meta"};

static int compare_hashes(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a;
    const uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static bool is_common_word(struct text word)
{
    for (size_t i = 0; i < ARRAY_SIZE(OUR_WORDS); i++) {
        if (text_equal(word, text_from(OUR_WORDS[i]))) {
            return true;
        }
    }
    uint8_t digest[CRYPTO_SHA256_SIZE];
    crypto_sha256(word, digest);
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof(hash); i++) {
        hash = hash << 8 | digest[i];
    }
    crypto_wipe(digest, sizeof(digest));
    return bsearch(&hash, COMMON_PASSWORDS, COMMON_PASSWORD_COUNT, sizeof(hash), compare_hashes) !=
           NULL;
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (unsigned char)byte >= 0x80;
}

/* The word inside digits and signs: "dragon" of "!dragon2024!!". */
static struct text undecorated(struct text word)
{
    while (word.size > 0 && !is_letter(word.data[0])) {
        word = text_skip(word, 1);
    }
    while (word.size > 0 && !is_letter(word.data[word.size - 1])) {
        word.size--;
    }
    return word;
}

/* "abcabcabcabc" and "111111111111" are as quickly guessed as "abc" and "1". */
static bool repeats_itself(struct text word)
{
    for (size_t period = 1; period <= word.size / 2 && period <= 8; period++) {
        size_t at = period;
        while (at < word.size && word.data[at] == word.data[at - period]) {
            at++;
        }
        if (at == word.size) {
            return true;
        }
    }
    return false;
}

static bool is_common_password(struct arena *arena, struct text password)
{
    char *lower = arena_chars(arena, password);
    for (size_t i = 0; i < password.size; i++) {
        if (lower[i] >= 'A' && lower[i] <= 'Z') {
            lower[i] = (char)(lower[i] - 'A' + 'a');
        }
    }
    struct text whole = text_make(lower, password.size);
    struct text word = undecorated(whole);
    /* Of a long password a common word may be a part, as in "7492 monkey 1905 8833". */
    bool mostly_word = word.size * 2 >= whole.size;
    bool common = is_common_word(whole) || repeats_itself(whole) ||
                  (mostly_word && is_common_word(word)) ||
                  (mostly_word && word.size < whole.size && repeats_itself(word));
    crypto_wipe(lower, password.size);
    return common;
}

static size_t count_characters(struct text text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    }
    return count;
}

enum error_code access_password_prepare(struct arena *arena, const char *field,
                                        struct text password, struct text *ret_hash,
                                        struct error *error)
{
    if (count_characters(password) < ACCESS_PASSWORD_MIN) {
        return error_field(error, field, "too_short", "must have at least %d characters",
                           ACCESS_PASSWORD_MIN);
    }
    if (password.size > ACCESS_PASSWORD_MAX) {
        return error_field(error, field, "too_long", "must have at most %d bytes",
                           ACCESS_PASSWORD_MAX);
    }
    if (is_common_password(arena, password)) {
        return error_field(error, field, "too_common",
                           "is too easy to guess: it stands on lists of common passwords");
    }
    char *hash = arena_alloc(arena, CRYPTO_PASSWORD_MAX);
    crypto_password_hash(password, hash);
    *ret_hash = text_from(hash);
    return OK;
}

/* ---- checking ---- */

/* A hash of no password that anybody has: what unknown addresses are checked against. */
static const char *dummy_hash(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char hash[CRYPTO_PASSWORD_MAX];
    pthread_mutex_lock(&lock);
    if (hash[0] == '\0') {
        char random[ACCESS_TOKEN_MAX];
        crypto_random_token(random, ACCESS_TOKEN_CHARS);
        crypto_password_hash(text_from(random), hash);
    }
    pthread_mutex_unlock(&lock);
    return hash;
}

enum error_code access_login_check(struct work *work, struct text email, struct text password,
                                   struct store_user *ret_user, struct error *error)
{
    struct store_user user = {0};
    bool found = false;
    const char *dummy = dummy_hash();
    enum error_code code = store_user_by_email(work, email, &user, &found, error);
    if (code != OK) {
        return code;
    }
    char *hash = arena_chars(work->arena, found ? user.password_hash : text_from(dummy));
    bool good = crypto_password_verify(hash, password);
    if (!good || !found || user.disabled_at_ms != 0) {
        return error_set(error, ERROR_UNAUTHENTICATED, "email address or password is wrong");
    }
    if (crypto_password_outdated(hash)) { /* made by an older version, at a lower cost */
        char *renewed = arena_alloc(work->arena, CRYPTO_PASSWORD_MAX);
        crypto_password_hash(password, renewed);
        user.renewed_hash = text_from(renewed);
    }
    *ret_user = user;
    return OK;
}

enum error_code access_password_check(struct work *work, int64_t user_id, struct text password,
                                      struct error *error)
{
    struct store_user user = {0};
    bool found = false;
    enum error_code code = store_user_get(work, user_id, &user, &found, error);
    if (code == OK && (!found || !crypto_password_verify(
                                     arena_chars(work->arena, user.password_hash), password))) {
        return error_set(error, ERROR_DENIED, "the present password is wrong");
    }
    return code;
}
