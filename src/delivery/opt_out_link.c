/* Signed opt-out links: see opt_out_link.h. A token is one byte that says which key signed it, the
 * contact's number, and the first half of an HMAC-SHA256 over both, as base64url. */
#include "delivery/opt_out_link.h"

#include "base/crypto.h"

enum { KEY_VERSION = 1, ID_BYTES = 8, HEAD_BYTES = 1 + ID_BYTES, MAC_BYTES = 16 };
enum { TOKEN_BYTES = HEAD_BYTES + MAC_BYTES };

static void sign(struct text hash_key, const uint8_t head[HEAD_BYTES], uint8_t mac[MAC_BYTES])
{
    uint8_t key[CRYPTO_KEY_SIZE];
    uint8_t whole[CRYPTO_SHA256_SIZE];
    crypto_derive_key(hash_key, "opt-out links 1", key);
    crypto_hmac_sha256(text_make((const char *)key, sizeof(key)),
                       text_make((const char *)head, HEAD_BYTES), whole);
    memcpy(mac, whole, MAC_BYTES);
    crypto_wipe(key, sizeof(key));
}

void opt_out_token_make(struct text hash_key, int64_t contact_id, char token[OPT_OUT_TOKEN_MAX])
{
    uint8_t bytes[TOKEN_BYTES];
    bytes[0] = KEY_VERSION;
    for (size_t i = 0; i < ID_BYTES; i++) {
        bytes[1 + i] = (uint8_t)((uint64_t)contact_id >> (8 * (ID_BYTES - 1 - i)));
    }
    sign(hash_key, bytes, bytes + HEAD_BYTES);
    (void)crypto_base64url(bytes, sizeof(bytes), token);
}

bool opt_out_token_read(struct text hash_key, struct text token, int64_t *ret_contact_id)
{
    uint8_t bytes[TOKEN_BYTES];
    uint8_t mac[MAC_BYTES];
    size_t size = 0;
    uint64_t id = 0;
    if (!crypto_unbase64url(token, bytes, sizeof(bytes), &size) || size != sizeof(bytes) ||
        bytes[0] != KEY_VERSION) {
        return false;
    }
    sign(hash_key, bytes, mac);
    if (!crypto_equal(mac, bytes + HEAD_BYTES, MAC_BYTES)) {
        return false;
    }
    for (size_t i = 0; i < ID_BYTES; i++) {
        id = id << 8 | bytes[1 + i];
    }
    *ret_contact_id = (int64_t)id;
    return true;
}

struct text opt_out_link(struct arena *arena, struct text hash_key, struct text public_url,
                         int64_t contact_id)
{
    char token[OPT_OUT_TOKEN_MAX];
    if (public_url.size == 0 || hash_key.size != CRYPTO_KEY_SIZE || contact_id == 0) {
        return (struct text){0};
    }
    opt_out_token_make(hash_key, contact_id, token);
    return arena_format(arena, "%.*s/o/%s", TEXT_ARGS(public_url), token);
}
