/* The settings of mails, and one mail on its way: see mail_settings.h. */
#include "delivery/mail_settings.h"

#include "base/crypto.h"
#include "base/instant.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "domain/mail.h"
#include "store/store_alert.h"
#include "store/store_setting.h"

#include <stdio.h>

enum { CONTEXT_MAX = 300, SEALED_MAX = 4096, MAIL_MAX = 512 * 1024, ID_HASH_CHARS = 12 };

/* ---- reading ---- */

static enum smtp_security security_of(struct text word)
{
    for (int i = 0; i < SMTP_SECURITY_COUNT; i++) {
        if (text_equal(word, text_from(smtp_security_to_text((enum smtp_security)i)))) {
            return (enum smtp_security)i;
        }
    }
    return SMTP_STARTTLS;
}

static void read_recipients(struct arena *arena, const struct json *list,
                            struct mail_settings *settings)
{
    settings->recipients = arena_array(arena, MAIL_RECIPIENTS_MAX, sizeof(*settings->recipients));
    for (size_t i = 0; i < json_count(list) && settings->recipient_count < MAIL_RECIPIENTS_MAX;
         i++) {
        struct text address = {0};
        if (json_text(json_at(list, i), &address)) {
            settings->recipients[settings->recipient_count++] = arena_text(arena, address);
        }
    }
}

static unsigned severities_of(const struct json *list)
{
    static const char *const WORDS[ALERT_SEVERITY_COUNT] = {"info", "warning", "critical"};
    unsigned bits = 0;
    for (size_t i = 0; i < json_count(list); i++) {
        struct text word = {0};
        (void)json_text(json_at(list, i), &word);
        for (unsigned k = 0; k < ALERT_SEVERITY_COUNT; k++) {
            bits |= text_equal(word, text_from(WORDS[k])) ? 1U << k : 0;
        }
    }
    return bits;
}

static void read_document(struct arena *arena, const struct json *json,
                          struct mail_settings *settings)
{
    (void)json_bool(json_get(json, "enabled"), &settings->enabled);
    (void)json_bool(json_get(json, "allow_plain"), &settings->allow_plain);
    settings->host = arena_text(arena, json_get_text(json, "host"));
    settings->port = json_get_int64(json, "port", settings->port);
    settings->security = security_of(json_get_text(json, "security"));
    settings->user = arena_text(arena, json_get_text(json, "user"));
    settings->from = arena_text(arena, json_get_text(json, "from"));
    settings->severities = severities_of(json_get(json, "severities"));
    if (!minute_parse(json_get_text(json, "digest_time"), &settings->digest_minute)) {
        settings->digest_minute = MAIL_DIGEST_OFF;
    }
    read_recipients(arena, json_get(json, "recipients"), settings);
}

static struct text seal_context(struct text host, char out[CONTEXT_MAX])
{
    (void)snprintf(out, CONTEXT_MAX, "email:password:%.*s", TEXT_ARGS(host));
    return text_from(out);
}

void mail_password_seal(struct text master_key, struct text host, struct text password,
                        struct buffer *out)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer sealed;
    char context[CONTEXT_MAX];
    char base64[2 * SEALED_MAX];
    struct json_writer writer;
    buffer_init(&sealed, SEALED_MAX);
    crypto_seal(master_key, seal_context(host, context), password, &sealed);
    CHECK(crypto_base64_size(sealed.size) <= sizeof(base64));
    (void)crypto_base64url(sealed.data, sealed.size, base64);
    json_writer_init(&writer, out);
    json_put_chars(&writer, base64);
}

static void wipe_text(void *object)
{
    struct text *text = object;
    crypto_wipe((void *)(uintptr_t)text->data, text->size);
}

static enum error_code open_password(struct work *work, struct text master_key, struct text value,
                                     struct mail_settings *settings, struct error *error)
{
    CLEANUP(secret_free) struct secret *plain = NULL;
    CLEANUP(json_free) struct json *json = NULL;
    uint8_t sealed[SEALED_MAX];
    char context[CONTEXT_MAX];
    size_t size = 0;
    struct text base64 = {0};
    enum error_code code = json_parse(value, NULL, &json, error);
    if (code == OK &&
        (!json_text(json, &base64) || !crypto_unbase64url(base64, sealed, sizeof(sealed), &size))) {
        code = error_set(error, ERROR_DENIED, "the password for mails cannot be read");
    }
    if (code == OK) {
        code = crypto_open(master_key, seal_context(settings->host, context),
                           text_make((const char *)sealed, size), &plain, error);
    }
    if (code == OK) {
        struct text *copy = arena_alloc(work->arena, sizeof(*copy));
        *copy = arena_text(work->arena, secret_text(plain));
        arena_on_reset(work->arena, wipe_text, copy);
        settings->password = *copy;
    }
    return code;
}

enum error_code mail_settings_read(struct work *work, struct text master_key,
                                   struct mail_settings *ret_settings, struct error *error)
{
    CLEANUP(json_free) struct json *json = NULL;
    struct mail_settings settings = {
        .port = 587,
        .security = SMTP_STARTTLS,
        .severities = 1U << ALERT_WARNING | 1U << ALERT_CRITICAL,
        .digest_minute = MAIL_DIGEST_OFF,
    };
    struct text value = {0};
    bool found = false;
    enum error_code code = store_setting_get(work, TEXT(MAIL_SETTINGS_KEY), &value, &found, error);
    if (code == OK && found) {
        code = json_parse(value, NULL, &json, error);
    }
    if (code == OK && found) {
        read_document(work->arena, json, &settings);
    }
    if (code == OK) {
        code =
            store_setting_get(work, TEXT(MAIL_PASSWORD_KEY), &value, &settings.password_set, error);
    }
    if (code == OK && settings.password_set && master_key.data != NULL) {
        code = open_password(work, master_key, value, &settings, error);
    }
    if (code == OK) {
        *ret_settings = settings;
    }
    return code;
}

bool mail_host_is_local(struct text host)
{
    return text_equal_ignore_case(host, TEXT("localhost")) ||
           text_starts_with(host, TEXT("127.0.0.")) || text_equal(host, TEXT("::1"));
}

/* ---- sending ---- */

/* The same for every try, and another for every recipient. */
static struct text message_id(struct arena *arena, const struct mail_sender *sender,
                              struct text cause, struct text recipient)
{
    uint8_t hash[CRYPTO_SHA256_SIZE];
    char hex[2 * CRYPTO_SHA256_SIZE + 1];
    if (cause.size == 0) {
        return (struct text){0};
    }
    crypto_sha256(
        arena_format(arena, "%.*s %.*s", TEXT_ARGS(sender->install_id), TEXT_ARGS(recipient)),
        hash);
    crypto_hex(hash, sizeof(hash), hex);
    return arena_format(arena, "%.*s.%.*s", TEXT_ARGS(cause), ID_HASH_CHARS, hex);
}

void mail_settings_send(const struct mail_settings *settings, const struct mail_sender *sender,
                        const struct store_mail *mail, struct arena *arena,
                        struct smtp_result *ret_result)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer data;
    const struct mail words = {
        .from = settings->from,
        .from_name = TEXT("Dripline"),
        .to = mail->recipient,
        .subject = mail->subject,
        .body = mail->body,
        .id = message_id(arena, sender, mail->cause, mail->recipient),
        .answers_id = message_id(arena, sender, mail->answers, mail->recipient),
        .date_ms = sender->now_ms,
    };
    buffer_init(&data, MAIL_MAX);
    mail_compose(&words, &data);
    if (buffer_overflowed(&data) || !mail_address_is_valid(mail->recipient) ||
        !mail_address_is_valid(settings->from)) {
        *ret_result = (struct smtp_result){.outcome = SMTP_REFUSED, .stage = SMTP_STAGE_ENVELOPE};
        (void)snprintf(ret_result->message, sizeof(ret_result->message),
                       "an address is not valid, or the mail is too long");
        return;
    }
    const struct smtp_mail request = {
        .host = arena_chars(arena, settings->host),
        .port = (int)settings->port,
        .security = settings->security,
        .user = settings->user.size > 0 ? arena_chars(arena, settings->user) : NULL,
        .password = settings->password.data,
        .ca_file = sender->ca_file,
        .from = arena_chars(arena, settings->from),
        .to = arena_chars(arena, mail->recipient),
        .data = buffer_text(&data),
        .before_data = sender->before_data,
        .give_up = sender->give_up,
        .context = sender->context,
    };
    smtp_send(&request, ret_result);
}
