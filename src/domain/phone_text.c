/* Brings what people type into a phone field to plain ASCII digits: other scripts' digits, all
 * kinds of dashes and spaces, invisible marks that come along when a number is copied, what
 * spreadsheets do to numbers, and the addresses and ids that hold a number. Knows no numbering
 * plan: phone.c judges the digits. */
#include "domain/phone_internal.h"

enum token { TOKEN_SKIP, TOKEN_DIGIT, TOKEN_PLUS, TOKEN_OTHER };

/* First digits (zero) of the scripts that WhatsApp's people write numbers in. */
static const uint32_t ZEROS[] = {
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66,
    0x0ce6, 0x0d66, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x17e0, 0x1810, 0xff10,
};

static bool is_punctuation(uint32_t point)
{
    return (point >= 0x2000 && point <= 0x2015) || /* spaces, direction marks, dashes */
           (point >= 0x2028 && point <= 0x202f) || (point >= 0x2060 && point <= 0x2069) ||
           point == 0xa0 || point == 0xad || point == 0xb7 || point == 0x2022 || point == 0x2053 ||
           point == 0x2212 || point == 0x223c || point == 0x3000 || point == 0x30fc ||
           point == 0xfeff || point == 0xff08 || point == 0xff09 || point == 0xff0d ||
           point == 0xff0e || point == 0xff0f || point == 0xff3b || point == 0xff3d ||
           point == 0xff5e;
}

static enum token classify(uint32_t point, char *ret_digit)
{
    if (point < 0x80) {
        switch ((char)point) {
        case ' ':
        case '\t':
        case '\r':
        case '\n':
        case '-':
        case '.':
        case '(':
        case ')':
        case '[':
        case ']':
        case '/':
        case '~':
        case '\'': /* a spreadsheet's mark for "this is text" */
        case '`':
            return TOKEN_SKIP;
        case '+':
            return TOKEN_PLUS;
        default:
            *ret_digit = (char)point;
            return point >= '0' && point <= '9' ? TOKEN_DIGIT : TOKEN_OTHER;
        }
    }
    if (point == 0xff0b || point == 0x2795) {
        return TOKEN_PLUS;
    }
    for (size_t i = 0; i < ARRAY_SIZE(ZEROS); i++) {
        if (point >= ZEROS[i] && point < ZEROS[i] + 10) {
            *ret_digit = (char)('0' + (point - ZEROS[i]));
            return TOKEN_DIGIT;
        }
    }
    return is_punctuation(point) ? TOKEN_SKIP : TOKEN_OTHER;
}

static bool skip_prefix(struct text *text, struct text prefix)
{
    if (text->size < prefix.size ||
        !text_equal_ignore_case(text_head(*text, prefix.size), prefix)) {
        return false;
    }
    *text = text_skip(*text, prefix.size);
    return true;
}

/* What follows the number in an address: "?text=Hello". */
static struct text without_query(struct text text)
{
    size_t at = 0;
    while (at < text.size && text.data[at] != '?' && text.data[at] != '&' && text.data[at] != '/') {
        at++;
    }
    return text_head(text, at);
}

/* Drops "tel:", "whatsapp:", a wa.me address, "@s.whatsapp.net" and ="…". */
static struct text unwrap(struct text text)
{
    text = text_trim(text);
    if (text.size >= 3 && text.data[0] == '=' && text.data[1] == '"' &&
        text.data[text.size - 1] == '"') {
        text = text_trim(text_make(text.data + 2, text.size - 3));
    }
    if (skip_prefix(&text, TEXT("https://")) || skip_prefix(&text, TEXT("http://"))) {
        if (!skip_prefix(&text, TEXT("wa.me/")) &&
            !skip_prefix(&text, TEXT("api.whatsapp.com/send?phone=")) &&
            !skip_prefix(&text, TEXT("api.whatsapp.com/send/?phone="))) {
            return text; /* another address: its letters refuse it */
        }
        text = without_query(text);
    } else if (!skip_prefix(&text, TEXT("whatsapp:")) && !skip_prefix(&text, TEXT("tel:"))) {
        text = skip_prefix(&text, TEXT("wa.me/")) ? without_query(text) : text;
    }
    static const struct text ENDINGS[] = {
        TEXT_INIT("@s.whatsapp.net"),
        TEXT_INIT("@c.us"),
    };
    for (size_t i = 0; i < ARRAY_SIZE(ENDINGS); i++) {
        if (text_ends_with(text, ENDINGS[i])) {
            text = text_head(text, text.size - ENDINGS[i].size);
        }
    }
    return text;
}

struct scientific {
    char digits[PHONE_INPUT_DIGITS_MAX]; /* of the mantissa, without the point */
    size_t count;
    size_t exponent;
    bool signed_exponent; /* "E+11": how spreadsheets show it; others write "E11" */
};

static bool read_mantissa(struct text text, size_t *at, struct scientific *number)
{
    bool point = false;
    for (; *at < text.size; (*at)++) {
        char c = text.data[*at];
        if (c >= '0' && c <= '9') {
            if (number->count == PHONE_INPUT_DIGITS_MAX) {
                return false;
            }
            number->digits[number->count++] = c;
        } else if ((c == '.' || c == ',') && number->count == 1 && !point) {
            point = true;
        } else {
            break;
        }
    }
    return number->count > 0 && (point || number->count == 1);
}

/* 9.19877E+11, also with a comma. False when `text` is no such thing. */
static bool read_scientific(struct text text, struct scientific *ret_number)
{
    struct scientific number = {0};
    size_t at = 0;
    if (text.size > 0 && text.data[0] == '+') {
        at++;
    }
    if (!read_mantissa(text, &at, &number) || at + 1 >= text.size ||
        (text.data[at] != 'E' && text.data[at] != 'e')) {
        return false;
    }
    at++;
    if (text.data[at] == '+') {
        number.signed_exponent = true;
        at++;
    }
    int64_t exponent = 0;
    if (!text_to_int64(text_skip(text, at), &exponent) || exponent < 0 || exponent > 20) {
        return false;
    }
    number.exponent = (size_t)exponent;
    *ret_number = number;
    return true;
}

/* A mantissa with as many digits as the number has lost nothing. Programs that write "E11" without
 * plus write the shortest exact form, so what is missing there are zeros; spreadsheets ("E+11")
 * keep what the column showed, and the rest is gone. */
static enum phone_verdict restore_scientific(const struct scientific *number,
                                             struct phone_input *ret_input)
{
    size_t whole = number->exponent + 1;
    bool exact = number->count >= whole || (!number->signed_exponent && number->count > 7);
    for (size_t i = whole; i < number->count; i++) {
        exact = exact && number->digits[i] == '0';
    }
    if (!exact || whole > PHONE_INPUT_DIGITS_MAX) {
        return PHONE_ROUNDED;
    }
    for (size_t i = 0; i < whole; i++) {
        ret_input->digits[i] = i < number->count ? number->digits[i] : '0';
    }
    ret_input->count = whole;
    ret_input->plus = false;
    return PHONE_VALID;
}

/* "919876543210.0": a number that went through a program as a floating-point value. */
static struct text without_decimals(struct text text)
{
    size_t at = 0;
    if (!text_find(text, '.', &at) || at < 8 || at + 1 >= text.size || text.size - at > 3 ||
        text.data[0] == '0') {
        return text;
    }
    for (size_t i = 0; i < text.size; i++) {
        bool digit = text.data[i] >= '0' && text.data[i] <= '9';
        if ((i < at && !digit) || (i > at && text.data[i] != '0')) {
            return text;
        }
    }
    return text_head(text, at);
}

static enum phone_verdict read_points(struct text text, struct phone_input *input)
{
    while (text.size > 0) {
        uint32_t point = 0;
        if (!text_next_code_point(&text, &point)) {
            return PHONE_LETTERS;
        }
        char digit = 0;
        switch (classify(point, &digit)) {
        case TOKEN_SKIP:
            break;
        case TOKEN_PLUS:
            if (input->plus && input->count == 0) {
                break; /* "++91": one too many */
            }
            if (input->count > 0) {
                return PHONE_LETTERS;
            }
            input->plus = true;
            break;
        case TOKEN_DIGIT:
            if (input->count == PHONE_INPUT_DIGITS_MAX) {
                return PHONE_TOO_LONG;
            }
            input->digits[input->count++] = digit;
            break;
        case TOKEN_OTHER:
            return PHONE_LETTERS;
        }
    }
    return PHONE_VALID;
}

/* What people write where there is no number. */
static bool is_nothing(struct text text)
{
    static const struct text WORDS[] = {TEXT_INIT("n/a"),  TEXT_INIT("na"),  TEXT_INIT("none"),
                                        TEXT_INIT("null"), TEXT_INIT("nil"), TEXT_INIT("unknown")};
    for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++) {
        if (text_equal_ignore_case(text, WORDS[i])) {
            return true;
        }
    }
    return false;
}

/* Says more of a text that is no number: a second number, or an extension. */
static enum phone_verdict explain_letters(struct text text)
{
    enum { NUMBER_DIGITS = 7 };
    size_t digits = 0;  /* of the group being read */
    size_t numbers = 0; /* groups long enough to be a number */
    bool extension = false;
    bool after_mark = false;
    if (is_nothing(text)) {
        return PHONE_EMPTY;
    }
    while (text.size > 0) {
        uint32_t point = 0;
        char digit = 0;
        if (!text_next_code_point(&text, &point)) {
            return PHONE_LETTERS;
        }
        enum token token = classify(point, &digit);
        if (token == TOKEN_DIGIT) {
            digits++;
            numbers += digits == NUMBER_DIGITS ? 1 : 0;
            extension = extension || (after_mark && numbers == 1 && digits < NUMBER_DIGITS);
        } else if (token != TOKEN_SKIP || point == '/') {
            after_mark = numbers > 0 && (point == 'x' || point == 'X' || point == '#' ||
                                         (after_mark && point != ',' && point != ';'));
            digits = 0;
        }
    }
    return numbers > 1 ? PHONE_SEVERAL : extension ? PHONE_EXTENSION : PHONE_LETTERS;
}

/* The usual cell: an optional plus, then digits only. */
static bool read_plain(struct text text, struct phone_input *input)
{
    size_t at = text.size > 0 && text.data[0] == '+' ? 1 : 0;
    if (text.size - at > PHONE_INPUT_DIGITS_MAX || text.size == at) {
        return false;
    }
    input->plus = at == 1;
    for (size_t i = at; i < text.size; i++) {
        char c = text.data[i];
        if (c < '0' || c > '9') {
            return false;
        }
        input->digits[i - at] = c;
    }
    input->count = text.size - at;
    return true;
}

enum phone_verdict phone_text_read(struct text text, struct phone_input *ret_input)
{
    struct phone_input input = {.count = 0};
    if (!read_plain(text, &input)) {
        struct scientific number;
        text = unwrap(text);
        input.count = 0;
        input.plus = false;
        enum phone_verdict verdict = PHONE_VALID;
        if (text.size > PHONE_TEXT_MAX) {
            verdict = PHONE_LETTERS;
        } else if (read_scientific(text, &number)) {
            verdict = restore_scientific(&number, &input);
        } else {
            verdict = read_points(without_decimals(text), &input);
        }
        if (verdict != PHONE_VALID) {
            return verdict == PHONE_LETTERS ? explain_letters(text) : verdict;
        }
    }
    if (input.count == 0) {
        return PHONE_EMPTY;
    }
    *ret_input = input;
    return PHONE_VALID;
}

/* ---- words --------------------------------------------------------------------------------- */

static const struct {
    const char *code;
    const char *words;
} VERDICTS[] = {
    [PHONE_VALID] = {"valid", "valid"},
    [PHONE_EMPTY] = {"required", "there is no phone number"},
    [PHONE_LETTERS] = {"not_a_number", "there are letters or signs that no phone number has"},
    [PHONE_SEVERAL] = {"several_numbers",
                       "there are several numbers in one cell; keep the one with WhatsApp"},
    [PHONE_EXTENSION] = {"extension", "this number has an extension; WhatsApp needs a number of "
                                      "the person's own"},
    [PHONE_ROUNDED] = {"rounded", "a spreadsheet rounded this number and its last digits are lost; "
                                  "format the column as text and export it again"},
    [PHONE_TOO_SHORT] = {"too_short", "digits are missing"},
    [PHONE_TOO_LONG] = {"too_long", "too many digits; if these are two numbers, keep one"},
    [PHONE_NO_COUNTRY] = {"no_country",
                          "the country code is missing; add it or set a default country"},
    [PHONE_UNKNOWN_COUNTRY] = {"unknown_country", "no country has this code"},
    [PHONE_NOT_IN_PLAN] = {"not_in_use",
                           "the country has no such numbers; check for a typing slip"},
};

const char *phone_verdict_to_code(enum phone_verdict verdict)
{
    return VERDICTS[verdict].code;
}

const char *phone_verdict_to_words(enum phone_verdict verdict)
{
    return VERDICTS[verdict].words;
}
