#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* One mail to one recipient over SMTP, and how far it came. The caller waits: for a thread of its
 * own. TLS, where it is asked for, is 1.2 or newer and verified always; there is no fallback to
 * plain text. A mail reaches a server at most once per call. */
enum smtp_security {
    SMTP_PLAIN,    /* no TLS: for a server on this machine */
    SMTP_STARTTLS, /* TLS from the first command on; required, not only tried */
    SMTP_TLS,      /* TLS from the first byte on */
};
enum { SMTP_SECURITY_COUNT = 3 };
const char *smtp_security_to_text(enum smtp_security security); /* "none", "starttls", "tls" */

struct smtp_mail {
    const char *host; /* name or address; an IPv6 address without brackets */
    int port;
    enum smtp_security security;
    const char *user;     /* NULL: no login */
    const char *password; /* may be NULL */
    const char *ca_file;  /* PEM bundle in place of the system's; NULL = system */
    const char *from;     /* bare addresses, checked by the caller */
    const char *to;
    struct text data;   /* headers and body with CRLF */
    int64_t timeout_ms; /* of all of it; 0 = 60,000 */
    /* Called once when the server is about to take the data, before the first byte of it: from here
     * on nobody can be sure that the mail was not sent. False ends it. NULL is fine. */
    bool (*before_data)(void *context);
    /* Asked now and then; true ends it. NULL is fine. */
    bool (*give_up)(void *context);
    void *context;
};

enum smtp_outcome {
    SMTP_ACCEPTED,
    SMTP_LATER,   /* surely not accepted; another try may help */
    SMTP_REFUSED, /* surely not accepted, and the server wants no other try */
    SMTP_UNKNOWN, /* the data left, and no answer came */
};
/* Where it ended. */
enum smtp_stage {
    SMTP_STAGE_RESOLVE,
    SMTP_STAGE_CONNECT,
    SMTP_STAGE_TLS,
    SMTP_STAGE_LOGIN,
    SMTP_STAGE_ENVELOPE, /* greeting, sender, recipient */
    SMTP_STAGE_DATA,
    SMTP_STAGE_DONE,
};
const char *smtp_stage_to_text(enum smtp_stage stage);

enum { SMTP_WORDS_MAX = 400 };
struct smtp_result {
    enum smtp_outcome outcome;
    enum smtp_stage stage;
    int code;                     /* of the server's last answer; 0: none came */
    char answer[SMTP_WORDS_MAX];  /* that answer's lines, printable; "" */
    char message[SMTP_WORDS_MAX]; /* what went wrong, in our words; "" when accepted */
    int64_t duration_ms;
};

void smtp_send(const struct smtp_mail *mail, struct smtp_result *ret_result);
