#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Mails as RFC 5322 and 2045–2047 have them: one recipient, plain text in UTF-8. Nothing that comes
 * from outside can begin a header of its own: control characters never reach one. Pure. */
enum { MAIL_ADDRESS_MAX = 254 };

struct mail {
    struct text from;      /* valid addresses, see below */
    struct text from_name; /* any characters; may be empty */
    struct text to;
    struct text subject;    /* any characters */
    struct text body;       /* lines end in \n */
    struct text id;         /* left side of Message-ID: letters, digits, dots, hyphens */
    struct text answers_id; /* the same of an earlier mail to the same recipient; may be empty */
    int64_t date_ms;
};

/* An address as it may stand in <…>: ASCII, `local@domain` of dot-atoms, no quotes, no comments. */
bool mail_address_is_valid(struct text address);
/* What stands behind the @. */
struct text mail_address_domain(struct text address);
/* Writes headers and body with CRLF, no line longer than 78 bytes unless one word is. */
void mail_compose(const struct mail *mail, struct buffer *out);
