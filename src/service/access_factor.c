/* The second factor: see access_factor.h. */
#include "service/access_factor.h"

#include "base/buffer.h"
#include "base/crypto.h"
#include "base/ids.h"
#include "base/totp.h"
#include "service/access.h"
#include "service/settings.h"
#include "store/store_event.h"

#include <stdio.h>

enum { RECOVERY_CHARS = 10, RECOVERY_HALF = RECOVERY_CHARS / 2, CONTEXT_MAX = 64 };

static struct text seal_context(int64_t user_id, char out[CONTEXT_MAX])
{
    (void)snprintf(out, CONTEXT_MAX, "user_totp:%lld:secret", (long long)user_id);
    return text_from(out);
}

enum error_code access_factor_reseal(struct text old_key, struct text new_key, int64_t user_id,
                                     struct text sealed, struct buffer *out, struct error *error)
{
    char context[CONTEXT_MAX];
    return crypto_reseal(old_key, new_key, seal_context(user_id, context), sealed, out, error);
}

static enum error_code note(struct work *work, const char *action, int64_t user_id,
                            struct error *error)
{
    char object[ID_TEXT_MAX];
    return store_audit_add(work, action, text_from(id_format(ID_USER, user_id, object)),
                           (struct text){0}, error);
}

/* ---- enrolling ---- */

static void add_encoded(struct buffer *buffer, struct text text)
{
    static const char HEX[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_';
        if (plain) {
            buffer_add_byte(buffer, (char)byte);
        } else {
            const char escaped[3] = {'%', HEX[byte >> 4], HEX[byte & 15]};
            buffer_add_text(buffer, text_make(escaped, sizeof(escaped)));
        }
    }
}

/* The form that all apps read: the label tells people which server and which account. */
static struct text make_uri(struct work *work, struct text issuer, struct text email,
                            struct text secret)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer uri;
    buffer_init(&uri, (size_t)FACTOR_URI_MAX * 4);
    buffer_add_chars(&uri, "otpauth://totp/");
    add_encoded(&uri, issuer);
    buffer_add_byte(&uri, ':');
    add_encoded(&uri, email);
    buffer_add_chars(&uri, "?secret=");
    buffer_add_text(&uri, secret);
    buffer_add_chars(&uri, "&issuer=");
    add_encoded(&uri, issuer);
    return arena_text(work->arena, buffer_text(&uri));
}

static enum error_code store_seed(struct work *work, const struct service *service, int64_t user_id,
                                  struct text seed, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer sealed;
    char context[CONTEXT_MAX];
    buffer_init(&sealed, 256);
    crypto_seal(service->master_key, seal_context(user_id, context), seed, &sealed);
    return store_factor_put(work, user_id, buffer_text(&sealed), error);
}

enum error_code access_factor_begin(struct work *work, const struct service *service,
                                    int64_t user_id, struct factor_enrolment *ret_enrolment,
                                    struct error *error)
{
    struct store_factor factor = {0};
    struct store_user user = {0};
    struct settings settings;
    bool found = false;
    bool known = false;
    enum error_code code = store_factor_get(work, user_id, &factor, &found, error);
    if (code == OK && found && factor.confirmed_at_ms != 0) {
        return error_set(error, ERROR_CONFLICT, "two-step sign-in is on already");
    }
    if (code == OK) {
        code = store_user_get(work, user_id, &user, &known, error);
    }
    if (code == OK && !known) {
        return error_set(error, ERROR_UNAUTHENTICATED, "please sign in");
    }
    if (code == OK) {
        code = settings_read(work, &settings, error);
    }
    if (code != OK) {
        return code;
    }
    uint8_t seed[TOTP_SECRET_SIZE];
    char chars[TOTP_SECRET_TEXT_MAX];
    crypto_random(seed, sizeof(seed));
    struct text bytes = text_make((const char *)seed, sizeof(seed));
    totp_secret_text(bytes, chars);
    code = store_seed(work, service, user_id, bytes, error);
    crypto_wipe(seed, sizeof(seed));
    if (code == OK) {
        ret_enrolment->secret = arena_text(work->arena, text_from(chars));
        ret_enrolment->uri = make_uri(work, settings.name, user.email, ret_enrolment->secret);
    }
    crypto_wipe(chars, sizeof(chars));
    return code;
}

/* ---- codes ---- */

/* True when the app's code fits and was not taken before; then it is taken. */
static enum error_code take_app_code(struct work *work, const struct service *service,
                                     int64_t user_id, const struct store_factor *factor,
                                     struct text given, bool *ret_good, struct error *error)
{
    CLEANUP(secret_free) struct secret *seed = NULL;
    char context[CONTEXT_MAX];
    int64_t step = 0;
    enum error_code code = crypto_open(service->master_key, seal_context(user_id, context),
                                       factor->secret, &seed, error);
    if (code != OK) {
        return code;
    }
    *ret_good = totp_check(secret_text(seed), given, access_wall_ms(service->access),
                           factor->last_step, &step);
    return *ret_good ? store_factor_take(work, user_id, step, error) : OK;
}

/* Letters of either case, with or without the dash; the same code always has the same hash. */
static bool recovery_hash(const struct service *service, struct text given,
                          uint8_t hash[STORE_RECOVERY_HASH_SIZE])
{
    char letters[RECOVERY_CHARS];
    size_t count = 0;
    for (size_t i = 0; i < given.size; i++) {
        char byte = given.data[i];
        if (byte == '-' || byte == ' ') {
            continue;
        }
        if (count == RECOVERY_CHARS) {
            return false;
        }
        letters[count++] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
    }
    crypto_keyed_hash(service->hash_key, "recovery code", text_make(letters, count), hash);
    return count == RECOVERY_CHARS;
}

static enum error_code make_recovery_codes(
    struct work *work, const struct service *service, int64_t user_id,
    char codes[STORE_RECOVERY_CODES][FACTOR_RECOVERY_TEXT_MAX], struct error *error)
{
    uint8_t hashes[STORE_RECOVERY_CODES][STORE_RECOVERY_HASH_SIZE];
    for (size_t i = 0; i < STORE_RECOVERY_CODES; i++) {
        char letters[RECOVERY_CHARS + 1];
        crypto_random_token(letters, RECOVERY_CHARS);
        (void)snprintf(codes[i], FACTOR_RECOVERY_TEXT_MAX, "%.*s-%s", RECOVERY_HALF, letters,
                       letters + RECOVERY_HALF);
        CHECK(recovery_hash(service, text_from(letters), hashes[i]));
    }
    return store_recovery_put(work, user_id, hashes, error);
}

enum error_code access_factor_confirm(struct work *work, const struct service *service,
                                      int64_t user_id, struct text given, struct text keep_token,
                                      char codes[STORE_RECOVERY_CODES][FACTOR_RECOVERY_TEXT_MAX],
                                      struct error *error)
{
    struct store_factor factor = {0};
    bool found = false;
    bool good = false;
    enum error_code code = store_factor_get(work, user_id, &factor, &found, error);
    if (code == OK && (!found || factor.confirmed_at_ms != 0)) {
        return error_set(error, ERROR_CONFLICT,
                         found ? "two-step sign-in is on already" : "begin with a new secret");
    }
    if (code == OK) {
        code = take_app_code(work, service, user_id, &factor, given, &good, error);
    }
    if (code == OK && !good) {
        return error_field(error, "code", "wrong",
                           "is not the app's present code; is this machine's clock right?");
    }
    if (code == OK) {
        code = make_recovery_codes(work, service, user_id, codes, error);
    }
    if (code == OK) {
        uint8_t keep[CRYPTO_SHA256_SIZE];
        crypto_sha256(keep_token, keep);
        code = store_session_end_all(work, user_id, text_make((const char *)keep, sizeof(keep)),
                                     error);
    }
    return code == OK ? note(work, "second_factor.on", user_id, error) : code;
}

enum error_code access_factor_check(struct work *work, const struct service *service,
                                    int64_t user_id, struct text given, struct error *error)
{
    struct store_factor factor = {0};
    uint8_t hash[STORE_RECOVERY_HASH_SIZE];
    bool found = false;
    bool good = false;
    enum error_code code = store_factor_get(work, user_id, &factor, &found, error);
    if (code != OK || !found || factor.confirmed_at_ms == 0) {
        return code; /* nobody has to bring what was never set up */
    }
    if (text_trim(given).size == 0) {
        return error_reason(
            error,
            error_set(error, ERROR_UNAUTHENTICATED, "the code of your authenticator app is needed"),
            "second_factor_required");
    }
    code = take_app_code(work, service, user_id, &factor, given, &good, error);
    if (code == OK && !good && recovery_hash(service, given, hash)) {
        code = store_recovery_use(work, user_id, text_make((const char *)hash, sizeof(hash)), &good,
                                  error);
        if (code == OK && good) {
            code = note(work, "second_factor.recovery_code", user_id, error);
        }
    }
    if (code == OK && !good) {
        return error_reason(error,
                            error_set(error, ERROR_UNAUTHENTICATED,
                                      "this code is wrong, too old, or was used already"),
                            "second_factor_wrong");
    }
    return code;
}

enum error_code access_factor_remove(struct work *work, int64_t user_id, struct error *error)
{
    bool found = false;
    enum error_code code = store_factor_remove(work, user_id, &found, error);
    if (code == OK && !found) {
        return error_set(error, ERROR_NOT_FOUND, "two-step sign-in is not on");
    }
    return code == OK ? note(work, "second_factor.off", user_id, error) : code;
}
