/* Writes a mail: headers, encoded words, quoted-printable. What a header cannot hold as it is goes
 * into encoded words, so a line end in a name or subject can never end a header. */
#include "domain/mail.h"

#include "base/crypto.h"
#include "base/instant.h"

enum {
    LOCAL_MAX = 64,
    DOMAIN_LABEL_MAX = 63,
    PLAIN_HEADER_MAX = 60,
    WORD_BYTES = 42, /* of text in one encoded word: 56 characters of base64 */
    LINE_MAX_BYTES = 76,
};

/* ---- addresses ---- */

static bool is_letter_or_digit(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

static bool is_atom(struct text atom, const char *marks)
{
    for (size_t i = 0; i < atom.size; i++) {
        unsigned char byte = (unsigned char)atom.data[i];
        if (!is_letter_or_digit(byte) && (byte == 0 || strchr(marks, byte) == NULL)) {
            return false;
        }
    }
    return atom.size > 0;
}

static bool is_domain(struct text domain)
{
    struct text label;
    while (text_next(&domain, '.', &label)) {
        if (!is_atom(label, "-") || label.size > DOMAIN_LABEL_MAX || label.data[0] == '-' ||
            label.data[label.size - 1] == '-') {
            return false;
        }
    }
    return true;
}

struct text mail_address_domain(struct text address)
{
    size_t at = 0;
    return text_find(address, '@', &at) ? text_skip(address, at + 1) : (struct text){0};
}

bool mail_address_is_valid(struct text address)
{
    size_t at = 0;
    if (address.size > MAIL_ADDRESS_MAX || !text_find(address, '@', &at) || at > LOCAL_MAX) {
        return false;
    }
    struct text local = text_head(address, at);
    struct text atom;
    while (text_next(&local, '.', &atom)) {
        if (!is_atom(atom, "!#$%&'*+-/=?^_`{|}~")) {
            return false;
        }
    }
    struct text domain = mail_address_domain(address);
    return domain.size > 0 && is_domain(domain);
}

/* ---- headers ---- */

/* A name must do without the marks that part addresses; a subject need not. */
static const char NAME_MARKS[] = " -_!'/+%&";
static const char SUBJECT_MARKS[] = " -_.,:;!'()/+%&";

static bool is_plain(struct text text, const char *marks)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (!is_letter_or_digit(byte) && (byte == 0 || strchr(marks, byte) == NULL)) {
            return false;
        }
    }
    return text.size <= PLAIN_HEADER_MAX;
}

/* The longest start of `text` that fits into a word and ends between two characters. */
static size_t word_size(struct text text)
{
    size_t size = text.size < WORD_BYTES ? text.size : WORD_BYTES;
    while (size > 1 && size < text.size && ((unsigned char)text.data[size] & 0xC0) == 0x80) {
        size--;
    }
    return size;
}

static void add_words(struct buffer *out, struct text text, const char *marks)
{
    char clean[WORD_BYTES];
    char word[2 * WORD_BYTES];
    bool first = true;
    if (is_plain(text, marks)) {
        buffer_add_text(out, text);
        return;
    }
    while (text.size > 0) {
        size_t size = word_size(text);
        for (size_t i = 0; i < size; i++) {
            unsigned char byte = (unsigned char)text.data[i];
            clean[i] = byte < 0x20 || byte == 0x7F ? ' ' : (char)byte;
        }
        (void)crypto_base64(clean, size, word);
        buffer_add_format(out, "%s=?UTF-8?B?%s?=", first ? "" : "\r\n ", word);
        text = text_skip(text, size);
        first = false;
    }
}

/* An address whose parts were not checked must not end its header either. */
static void add_address(struct buffer *out, struct text address)
{
    buffer_add_byte(out, '<');
    buffer_add_text(out, mail_address_is_valid(address) ? address : TEXT("invalid@invalid"));
    buffer_add_byte(out, '>');
}

static void add_date(struct buffer *out, int64_t ms)
{
    char date[INSTANT_TEXT_MAX];
    struct text text = text_from(instant_format_http(ms, date));
    buffer_add_text(out, text_head(text, text.size - (sizeof("GMT") - 1)));
    buffer_add_chars(out, "+0000");
}

static void add_id(struct buffer *out, const char *name, struct text id, struct text from)
{
    buffer_add_format(out, "%s: <", name);
    for (size_t i = 0; i < id.size; i++) {
        bool fits = is_letter_or_digit((unsigned char)id.data[i]) || id.data[i] == '.';
        buffer_add_byte(out, fits ? id.data[i] : '-');
    }
    struct text domain = mail_address_domain(from);
    buffer_add_byte(out, '@');
    buffer_add_text(out, is_domain(domain) ? domain : TEXT("invalid"));
    buffer_add_chars(out, ">\r\n");
}

/* ---- the body ---- */

static void add_quoted(struct buffer *out, struct text line)
{
    static const char HEX[] = "0123456789ABCDEF";
    size_t used = 0;
    for (size_t i = 0; i < line.size; i++) {
        unsigned char byte = (unsigned char)line.data[i];
        bool at_edge = i + 1 == line.size || i == 0;
        bool literal = byte > ' ' && byte < 0x7F && byte != '=' && !(i == 0 && byte == '.');
        literal = literal || (byte == ' ' && !at_edge);
        size_t needed = literal ? 1 : 3;
        if (used + needed > LINE_MAX_BYTES - 1) {
            buffer_add_chars(out, "=\r\n");
            used = 0;
        }
        if (literal) {
            buffer_add_byte(out, (char)byte);
        } else {
            const char code[3] = {'=', HEX[byte >> 4], HEX[byte & 15]};
            buffer_add(out, code, sizeof(code));
        }
        used += needed;
    }
    buffer_add_chars(out, "\r\n");
}

void mail_compose(const struct mail *mail, struct buffer *out)
{
    struct text rest = mail->body;
    struct text line;
    buffer_add_chars(out, "Date: ");
    add_date(out, mail->date_ms);
    buffer_add_chars(out, "\r\nFrom: ");
    if (mail->from_name.size > 0) {
        add_words(out, mail->from_name, NAME_MARKS);
        buffer_add_chars(out, "\r\n ");
    }
    add_address(out, mail->from);
    buffer_add_chars(out, "\r\nTo: ");
    add_address(out, mail->to);
    buffer_add_chars(out, "\r\nSubject: ");
    add_words(out, mail->subject, SUBJECT_MARKS);
    buffer_add_chars(out, "\r\n");
    add_id(out, "Message-ID", mail->id, mail->from);
    if (mail->answers_id.size > 0) {
        add_id(out, "In-Reply-To", mail->answers_id, mail->from);
        add_id(out, "References", mail->answers_id, mail->from);
    }
    buffer_add_chars(out, "Auto-Submitted: auto-generated\r\n"
                          "MIME-Version: 1.0\r\n"
                          "Content-Type: text/plain; charset=utf-8\r\n"
                          "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    while (text_next(&rest, '\n', &line)) {
        if (rest.data != NULL || line.size > 0) {
            add_quoted(out, line);
        }
    }
}
