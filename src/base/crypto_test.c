/* Crypto: published vectors, sealing, secrets, encodings. */
#include "base/crypto.h"

#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void sha256_and_hmac_match_published_vectors(void **state UNUSED)
{
    uint8_t hash[CRYPTO_SHA256_SIZE];
    char hex[65];
    crypto_sha256(TEXT("abc"), hash);
    crypto_hex(hash, sizeof(hash), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    struct crypto_digest digest;
    crypto_digest_init(&digest);
    crypto_digest_add(&digest, TEXT("a"));
    crypto_digest_add(&digest, TEXT("bc"));
    uint8_t pieces[CRYPTO_SHA256_SIZE];
    crypto_digest_done(&digest, pieces);
    assert_memory_equal(hash, pieces, sizeof(hash));
    /* RFC 4231, test case 2 */
    crypto_hmac_sha256(TEXT("Jefe"), TEXT("what do ya want for nothing?"), hash);
    crypto_hex(hash, sizeof(hash), hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void what_is_sealed_opens_only_with_its_key_and_context(void **state UNUSED)
{
    uint8_t key[CRYPTO_KEY_SIZE];
    crypto_random(key, sizeof(key));
    struct text key_text = text_make((const char *)key, sizeof(key));
    CLEANUP_IN_PLACE(buffer_done) struct buffer sealed;
    buffer_init(&sealed, 1000);
    crypto_seal(key_text, TEXT("channel:1:token"), TEXT("very secret"), &sealed);
    assert_int_equal(sealed.size, 11 + CRYPTO_SEAL_OVERHEAD);
    CLEANUP(secret_free) struct secret *plain = NULL;
    struct error error = {0};
    assert_int_equal(
        crypto_open(key_text, TEXT("channel:2:token"), buffer_text(&sealed), &plain, &error),
        ERROR_DENIED);
    assert_null(plain);
    assert_int_equal(
        crypto_open(key_text, TEXT("channel:1:token"), buffer_text(&sealed), &plain, &error), OK);
    assert_true(secret_equal(plain, TEXT("very secret")));
    assert_false(secret_equal(plain, TEXT("very secreT")));
    sealed.data[30] ^= 1;
    struct secret *other = NULL;
    assert_int_equal(
        crypto_open(key_text, TEXT("channel:1:token"), buffer_text(&sealed), &other, &error),
        ERROR_DENIED);
    assert_int_equal(crypto_open(key_text, TEXT("x"), TEXT("short"), &other, &error), ERROR_DENIED);
}

static void encodings_go_both_ways(void **state UNUSED)
{
    uint8_t bytes[64];
    uint8_t back[64];
    char text[200];
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        crypto_random(bytes, size);
        size_t got = 0;
        size_t length = crypto_base64url(bytes, size, text);
        assert_true(length < crypto_base64_size(size));
        assert_true(crypto_unbase64url(text_from(text), back, sizeof(back), &got));
        assert_int_equal(got, size);
        assert_memory_equal(bytes, back, size);
        (void)crypto_base64(bytes, size, text);
        assert_true(crypto_unbase64(text_from(text), back, sizeof(back), &got));
        assert_int_equal(got, size);
        crypto_hex(bytes, size, text);
        assert_true(crypto_unhex(text_from(text), back, size));
        assert_memory_equal(bytes, back, size);
    }
    size_t got = 0;
    assert_false(crypto_unbase64url(TEXT("a+b/"), back, sizeof(back), &got));
    assert_false(crypto_unbase64url(TEXT("YWJj!"), back, sizeof(back), &got));
    assert_false(crypto_unhex(TEXT("0g"), back, 1));
    assert_false(crypto_unhex(TEXT("000"), back, 1));
}

static void passwords_verify_and_hashes_differ(void **state UNUSED)
{
    char one[CRYPTO_PASSWORD_MAX];
    char two[CRYPTO_PASSWORD_MAX];
    crypto_password_hash(TEXT("correct horse"), one);
    crypto_password_hash(TEXT("correct horse"), two);
    assert_string_not_equal(one, two);
    assert_true(crypto_password_verify(one, TEXT("correct horse")));
    assert_false(crypto_password_verify(one, TEXT("correct horsE")));
    assert_false(crypto_password_verify("nonsense", TEXT("")));
}

static void keyed_hashes_depend_on_key_label_and_data(void **state UNUSED)
{
    static const char key_a[CRYPTO_KEY_SIZE] = {1};
    static const char key_b[CRYPTO_KEY_SIZE] = {2};
    uint8_t hash[4][32];
    crypto_keyed_hash(text_make(key_a, 32), "phone", TEXT("15550100"), hash[0]);
    crypto_keyed_hash(text_make(key_b, 32), "phone", TEXT("15550100"), hash[1]);
    crypto_keyed_hash(text_make(key_a, 32), "phon", TEXT("e15550100"), hash[2]);
    crypto_keyed_hash(text_make(key_a, 32), "phone", TEXT("15550100"), hash[3]);
    assert_memory_not_equal(hash[0], hash[1], 32);
    assert_memory_not_equal(hash[0], hash[2], 32);
    assert_memory_equal(hash[0], hash[3], 32);
    char token[27];
    crypto_random_token(token, 26);
    assert_int_equal(strlen(token), 26);
}

int main(void)
{
    crypto_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_and_hmac_match_published_vectors),
        cmocka_unit_test(what_is_sealed_opens_only_with_its_key_and_context),
        cmocka_unit_test(encodings_go_both_ways),
        cmocka_unit_test(passwords_verify_and_hashes_differ),
        cmocka_unit_test(keyed_hashes_depend_on_key_label_and_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
