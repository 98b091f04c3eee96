/* Judges the digits of a phone number by the numbering plans of phone_table.c and makes the one
 * identity of the person: international or local, with a lost plus, with trunk prefixes and carrier
 * codes, in a former spelling. Follows the reading rules that telephone libraries share, so that
 * a number is valid here exactly when it is valid there; test/phone_oracle.test.mjs compares.
 * phone_text.c brings text to digits. */
#include "domain/phone_internal.h"

#include <stdio.h>

enum { NATIONAL_MAX = 17, NATIONAL_MIN = 2, IDENTITY_DIGITS_MAX = 19, WAYS_MAX = 64 };

struct digits {
    char data[PHONE_INPUT_DIGITS_MAX + 8]; /* '0'–'9', room for what a transform rule adds */
    size_t count;
};

struct captures {
    int from[2];
    int to[2];  /* -1: the group did not take part */
    size_t end; /* of the whole match */
};

static struct digits digits_from(const char *data, size_t count)
{
    struct digits digits = {.count = count};
    CHECK(count <= sizeof digits.data);
    memcpy(digits.data, data, count);
    return digits;
}

/* ---- patterns ------------------------------------------------------------------------------ */

static unsigned label_of(const struct phone_country *country, const char *data, size_t count)
{
    size_t state = country->start;
    for (size_t i = 0; i < count && state != 0; i++) {
        state = PHONE_STATES[state][data[i] - '0'];
    }
    return PHONE_LABELS[state];
}

static bool is_general(const struct phone_country *country, const struct digits *national)
{
    return (label_of(country, national->data, national->count) & PHONE_LABEL_GENERAL) != 0;
}

static bool is_valid(const struct phone_country *country, const struct digits *national)
{
    return label_of(country, national->data, national->count) == PHONE_LABEL_VALID;
}

struct way {
    uint16_t instruction;
    size_t at;
    struct captures captures;
};

/* Matches at the start of `data`, ways tried in the order of the pattern, like a regular
 * expression. Programs have no loops, so this ends. */
static bool program_match(uint16_t offset, const char *data, size_t count,
                          struct captures *ret_captures)
{
    const uint16_t *code = PHONE_PROGRAMS + offset + 1;
    /* Not filled by the compiler: that would cost more than most matches. */
    __attribute__((uninitialized)) struct way ways[WAYS_MAX];
    size_t way_count = 1;
    ways[0] = (struct way){.captures = {.from = {-1, -1}, .to = {-1, -1}}};
    while (way_count > 0) {
        struct way way = ways[--way_count];
        for (bool alive = true; alive;) {
            uint16_t word = code[way.instruction++];
            uint16_t argument = word & 0x0fff;
            switch (word >> 12) {
            case PHONE_OP_SET:
                alive = way.at < count && (argument >> (data[way.at] - '0') & 1) != 0;
                way.at++;
                break;
            case PHONE_OP_SPLIT:
                CHECK(way_count < WAYS_MAX);
                ways[way_count] = way;
                ways[way_count++].instruction = argument;
                break;
            case PHONE_OP_JUMP:
                way.instruction = argument;
                break;
            case PHONE_OP_SAVE:
                *((argument & 1) != 0 ? &way.captures.to[argument >> 1]
                                      : &way.captures.from[argument >> 1]) = (int)way.at;
                break;
            case PHONE_OP_END:
                alive = way.at == count;
                break;
            default:
                way.captures.end = way.at;
                *ret_captures = way.captures;
                return true;
            }
        }
    }
    return false;
}

/* ---- countries ----------------------------------------------------------------------------- */

static const struct phone_country *country_find(struct text name)
{
    size_t low = 0;
    size_t high = PHONE_COUNTRY_COUNT;
    while (name.size == 2 && low < high) {
        size_t middle = (low + high) / 2;
        int order = memcmp(PHONE_COUNTRIES[middle].name, name.data, 2);
        if (order == 0) {
            return &PHONE_COUNTRIES[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* The countries that share the calling code at the start of `digits`; NULL when there is none. */
static const struct phone_code *code_find(const struct digits *digits, size_t *ret_size)
{
    size_t value = 0;
    for (size_t i = 0; i < 3 && i < digits->count; i++) {
        value = value * 10 + (size_t)(digits->data[i] - '0');
        if (value != 0 && PHONE_CODE_INDEX[value] != 0) {
            *ret_size = i + 1;
            return &PHONE_CODES[PHONE_CODE_INDEX[value]];
        }
    }
    return NULL;
}

static const struct phone_country *code_main(const struct phone_code *code)
{
    return &PHONE_COUNTRIES[PHONE_MEMBERS[code->first]];
}

/* Which of the countries that share a calling code has this number; NULL when none knows it. */
static const struct phone_country *code_country(uint16_t code, const struct digits *national)
{
    const struct phone_code *members = &PHONE_CODES[PHONE_CODE_INDEX[code]];
    if (members->count == 1) {
        return code_main(members);
    }
    for (size_t i = 0; i < members->count; i++) {
        const struct phone_country *country = &PHONE_COUNTRIES[PHONE_MEMBERS[members->first + i]];
        struct captures captures;
        if (country->lead_program != 0
                ? program_match(country->lead_program, national->data, national->count, &captures)
                : is_valid(country, national)) {
            return country;
        }
    }
    return NULL;
}

enum length_verdict { LENGTH_POSSIBLE, LENGTH_SHORT, LENGTH_LONG, LENGTH_BETWEEN };

static enum length_verdict length_judge(const struct phone_country *country, size_t count)
{
    uint32_t longer = count > 31 ? 0 : country->lengths >> count;
    if ((longer & 1) != 0) {
        return LENGTH_POSSIBLE;
    }
    if (longer == 0) {
        return LENGTH_LONG;
    }
    return (country->lengths & ((UINT32_C(1) << count) - 1)) == 0 ? LENGTH_SHORT : LENGTH_BETWEEN;
}

/* ---- national prefixes --------------------------------------------------------------------- */

static struct digits apply_prefix_rule(const struct phone_country *country,
                                       const struct digits *number, const struct captures *captures)
{
    struct digits national = {.count = 0};
    size_t last = PHONE_PROGRAMS[country->prefix_program];
    bool captured = last > 0 && captures->to[last - 1] > captures->from[last - 1];
    if (country->rule_before != NULL && captured) {
        size_t group = country->rule_group - 1U;
        size_t size = strlen(country->rule_before);
        memcpy(national.data, country->rule_before, size);
        national.count = size;
        if (captures->to[group] >= 0) {
            size = (size_t)(captures->to[group] - captures->from[group]);
            memcpy(national.data + national.count, number->data + captures->from[group], size);
            national.count += size;
        }
    }
    memcpy(national.data + national.count, number->data + captures->end,
           number->count - captures->end);
    national.count += number->count - captures->end;
    return national;
}

/* Takes a trunk prefix ("0") or carrier code off, unless a number without it cannot be. */
static struct digits strip_prefix(const struct phone_country *country, const struct digits *number)
{
    struct captures captures;
    if (country->prefix_program == 0 || number->count == 0 ||
        !program_match(country->prefix_program, number->data, number->count, &captures)) {
        return *number;
    }
    struct digits national = apply_prefix_rule(country, number, &captures);
    if (national.count == number->count &&
        memcmp(national.data, number->data, number->count) == 0) {
        return *number;
    }
    if (is_general(country, number) && !is_general(country, &national)) {
        return *number;
    }
    const struct phone_country *exact = code_country(country->code, &national);
    switch (length_judge(exact == NULL ? country : exact, national.count)) {
    case LENGTH_SHORT:
    case LENGTH_BETWEEN:
        return *number;
    case LENGTH_POSSIBLE:
    case LENGTH_LONG:
        break;
    }
    return national;
}

/* ---- one reading --------------------------------------------------------------------------- */

struct reading {
    const struct phone_country *country; /* NULL: no country has this code */
    struct digits national;
    bool valid;
};

/* `number` is what follows the calling code of `plan`. */
static struct reading read_national(const struct phone_country *plan, const struct digits *number)
{
    struct reading reading = {.country = plan, .national = strip_prefix(plan, number)};
    const struct phone_country *exact = code_country(plan->code, &reading.national);
    if (exact != NULL) {
        reading.country = exact;
    }
    reading.valid = reading.national.count >= NATIONAL_MIN &&
                    reading.national.count <= NATIONAL_MAX &&
                    is_valid(reading.country, &reading.national);
    return reading;
}

static struct reading read_international(const struct digits *digits)
{
    size_t size = 0;
    const struct phone_code *code = code_find(digits, &size);
    if (code == NULL || digits->data[0] == '0') {
        return (struct reading){.country = NULL};
    }
    struct digits rest = digits_from(digits->data + size, digits->count - size);
    return read_national(code_main(code), &rest);
}

/* True when `digits` begin with the country's own code and only make sense without it. */
static bool plus_was_lost(const struct phone_country *country, const struct digits *digits,
                          struct digits *ret_rest)
{
    char code[8];
    size_t size = (size_t)snprintf(code, sizeof code, "%u", (unsigned)country->code);
    if (digits->count < size || memcmp(digits->data, code, size) != 0) {
        return false;
    }
    struct digits rest = digits_from(digits->data + size, digits->count - size);
    struct digits shorter = strip_prefix(country, &rest);
    struct digits whole = strip_prefix(country, digits);
    bool only_shorter = !is_general(country, &whole) && is_general(country, &shorter);
    if (!only_shorter && length_judge(country, whole.count) != LENGTH_LONG) {
        return false;
    }
    *ret_rest = rest;
    return true;
}

/* A number as it is dialled inside `country`. */
static struct reading read_local(const struct phone_country *country, const struct digits *digits)
{
    struct captures captures;
    if (country->call_program != 0 &&
        program_match(country->call_program, digits->data, digits->count, &captures) &&
        captures.end < digits->count && captures.end > 0 && digits->data[captures.end] != '0') {
        struct digits rest = digits_from(digits->data + captures.end, digits->count - captures.end);
        return read_international(&rest);
    }
    struct digits rest;
    if (plus_was_lost(country, digits, &rest)) {
        return read_national(code_main(&PHONE_CODES[PHONE_CODE_INDEX[country->code]]), &rest);
    }
    return read_national(country, digits);
}

/* ---- one identity for one person ----------------------------------------------------------- */

static bool try_national(struct reading *reading, const char *before, const char *data,
                         size_t count)
{
    struct digits national = {.count = strlen(before)};
    if (count > NATIONAL_MAX) {
        return false;
    }
    memcpy(national.data, before, national.count);
    memcpy(national.data + national.count, data, count);
    national.count += count;
    if (!is_valid(reading->country, &national)) {
        return false;
    }
    reading->national = national;
    reading->valid = true;
    return true;
}

/* Former and double spellings become today's one. */
static void unify(struct reading *reading)
{
    const struct digits old = reading->national;
    switch (reading->country->code) {
    case 55: /* Brazil: mobiles got a ninth digit, area code by area code, until 2016 */
        if (old.count == 10 && old.data[2] >= '6') {
            char area[4] = {old.data[0], old.data[1], '9', '\0'};
            (void)try_national(reading, area, old.data + 2, 8);
        }
        break;
    case 52: /* Mexico: 1 before mobiles, 01, 044 and 045 as trunk prefixes, until 2020 */
        if (!reading->valid) {
            static const char *const PREFIXES[] = {"1", "01", "044", "045"};
            for (size_t i = 0; i < ARRAY_SIZE(PREFIXES); i++) {
                size_t size = strlen(PREFIXES[i]);
                if (old.count == 10 + size && memcmp(old.data, PREFIXES[i], size) == 0) {
                    (void)try_national(reading, "", old.data + size, 10);
                }
            }
        }
        break;
    case 54: /* Argentina: WhatsApp knows mobiles with 9, people write them without */
        if (old.count == 10 && old.data[0] != '9') {
            (void)try_national(reading, "9", old.data, 10);
        }
        break;
    default:
        break;
    }
}

static bool accept(struct reading *reading, struct phone *ret_phone)
{
    if (reading->country == NULL) {
        return false;
    }
    unify(reading);
    if (!reading->valid) {
        return false;
    }
    uint8_t code_digits = reading->country->code < 10 ? 1 : reading->country->code < 100 ? 2 : 3;
    if (code_digits + reading->national.count > IDENTITY_DIGITS_MAX) {
        return false;
    }
    int64_t digits = reading->country->code;
    for (size_t i = 0; i < reading->national.count; i++) {
        if (digits > (INT64_MAX - 9) / 10) {
            return false;
        }
        digits = digits * 10 + (reading->national.data[i] - '0');
    }
    *ret_phone = (struct phone){
        .digits = digits, .code_digits = code_digits, .zone = reading->country->zone};
    memcpy(ret_phone->country, reading->country->name, sizeof ret_phone->country);
    return true;
}

static enum phone_verdict why_not(const struct reading *reading, const struct digits *digits,
                                  bool plus, const struct phone_country *home)
{
    if (digits->count < 7) {
        return PHONE_TOO_SHORT;
    }
    if (digits->count > PHONE_DIGITS_MAX) {
        return PHONE_TOO_LONG;
    }
    if (reading->country == NULL) {
        return plus ? PHONE_UNKNOWN_COUNTRY : PHONE_NO_COUNTRY;
    }
    switch (length_judge(reading->country, reading->national.count)) {
    case LENGTH_SHORT:
        return !plus && home == NULL ? PHONE_NO_COUNTRY : PHONE_TOO_SHORT;
    case LENGTH_LONG:
        return PHONE_TOO_LONG;
    case LENGTH_POSSIBLE:
    case LENGTH_BETWEEN:
        break;
    }
    return !plus && home == NULL ? PHONE_NO_COUNTRY : PHONE_NOT_IN_PLAN;
}

enum phone_verdict phone_read(struct text text, struct text default_country,
                              struct phone *ret_phone)
{
    struct phone_input input;
    enum phone_verdict verdict = phone_text_read(text, &input);
    if (verdict != PHONE_VALID) {
        return verdict;
    }
    struct digits digits = digits_from(input.digits, input.count);
    const struct phone_country *home = country_find(default_country);
    struct reading first = input.plus     ? read_international(&digits)
                           : home != NULL ? read_local(home, &digits)
                                          : (struct reading){.country = NULL};
    if (accept(&first, ret_phone)) {
        return PHONE_VALID;
    }
    /* The plus was lost, or stands as 00 where another prefix is dialled, or as both. */
    struct digits rest = digits;
    if (rest.count > 2 && memcmp(rest.data, "00", 2) == 0) {
        rest = digits_from(digits.data + 2, digits.count - 2);
    }
    struct reading second = {.country = NULL};
    if (!input.plus || rest.count != digits.count) {
        second = read_international(&rest);
        if (accept(&second, ret_phone)) {
            return PHONE_VALID;
        }
    }
    return why_not(first.country != NULL ? &first : &second, &digits, input.plus, home);
}

bool phone_from_digits(int64_t digits, struct phone *ret_phone)
{
    char data[24];
    if (digits <= 0) {
        return false;
    }
    int size = snprintf(data, sizeof data, "%lld", (long long)digits);
    if (size < 0 || (size_t)size > IDENTITY_DIGITS_MAX) {
        return false;
    }
    struct digits number = digits_from(data, (size_t)size);
    struct reading reading = read_international(&number);
    return accept(&reading, ret_phone);
}

enum error_code phone_parse(struct text text, struct text default_country, struct phone *ret_phone,
                            struct error *error)
{
    enum phone_verdict verdict = phone_read(text, default_country, ret_phone);
    if (verdict != PHONE_VALID) {
        return error_field(error, "phone", phone_verdict_to_code(verdict), "%s",
                           phone_verdict_to_words(verdict));
    }
    return OK;
}

bool phone_country_known(struct text country)
{
    return country_find(country) != NULL;
}
