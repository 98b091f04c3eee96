#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "net/smtp.h"
#include "store/store_mail.h"
#include "store/work.h"

#include <stdbool.h>

/* How mails leave this server and who gets them: as it stands in the setting table, read here by
 * those who send and by those who change it.
 *
 * email            {"enabled", "host", "port", "security", "user", "from", "recipients",
 *                  "severities", "digest_time", "allow_plain"}
 * email_password   the password, sealed and bound to the host it was given for */
enum { MAIL_RECIPIENTS_MAX = 20, MAIL_DIGEST_OFF = -1 };
#define MAIL_SETTINGS_KEY "email"
#define MAIL_PASSWORD_KEY "email_password"

struct mail_settings {
    bool enabled;
    struct text host;
    int64_t port;
    enum smtp_security security;
    struct text user;     /* empty: no login */
    struct text password; /* wiped with the arena; empty: none, or not asked for */
    bool password_set;
    struct text from;
    struct text *recipients;
    size_t recipient_count;
    unsigned severities; /* bits 1 << enum alert_severity */
    int digest_minute;   /* of the local day; MAIL_DIGEST_OFF */
    bool allow_plain;    /* SMTP without TLS also to other machines */
};

/* Any connection; texts in work->arena.
 * master_key   {NULL}: the password is not opened
 * Errors       ERROR_DENIED: sealed with another key */
MUST_USE enum error_code mail_settings_read(struct work *work, struct text master_key,
                                            struct mail_settings *ret_settings,
                                            struct error *error);
/* The value of MAIL_PASSWORD_KEY, a JSON text. */
void mail_password_seal(struct text master_key, struct text host, struct text password,
                        struct buffer *out);
/* A name or address of this machine, to which mail may go without TLS. */
bool mail_host_is_local(struct text host);

/* Who sends, beside the settings. */
struct mail_sender {
    const char *ca_file;    /* NULL = the system's */
    struct text install_id; /* tells our Message-IDs from those of others */
    int64_t now_ms;
    bool (*before_data)(void *context); /* see smtp.h */
    bool (*give_up)(void *context);
    void *context;
};
/* Sends one mail and waits for its end. */
void mail_settings_send(const struct mail_settings *settings, const struct mail_sender *sender,
                        const struct store_mail *mail, struct arena *arena,
                        struct smtp_result *ret_result);
