#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

/* Reads a phone number as people write it and gives the one identity of the person behind it.
 *
 * The identity is the E.164 number as an integer without plus, in the spelling of today's numbering
 * plan: Brazilian mobiles with their ninth digit, Mexican ones without the former 1, Argentine ones
 * with the 9. So all spellings of one person give the same `digits`, and a UNIQUE column holds.
 * Pure and thread-safe. Source of the numbering plans: phone_table.c, made by
 * tools/phone_table.mjs. */

enum { PHONE_DIGITS_MAX = 15, PHONE_TEXT_MAX = 128 };

enum phone_verdict {
    PHONE_VALID = 0,
    PHONE_EMPTY,           /* nothing but spaces and punctuation */
    PHONE_LETTERS,         /* words or signs that no phone number has */
    PHONE_SEVERAL,         /* two numbers in one cell: which one is the person's? */
    PHONE_EXTENSION,       /* "ext. 45": a desk in an office, not a person's phone */
    PHONE_ROUNDED,         /* 9.19877E+11: a spreadsheet threw digits away */
    PHONE_TOO_SHORT,       /* too few digits for the country, or for any */
    PHONE_TOO_LONG,        /* too many digits, perhaps two numbers in one cell */
    PHONE_NO_COUNTRY,      /* a local number and no default country */
    PHONE_UNKNOWN_COUNTRY, /* no country has this code */
    PHONE_NOT_IN_PLAN,     /* right length, but the country has no such numbers */
};

struct phone {
    int64_t digits;      /* 919876543210: what is stored, compared, shown and sent */
    char country[3];     /* "IN"; "" for numbers of no country (satellite, +800) */
    uint8_t code_digits; /* how many leading digits are the country calling code */
    const char *zone;    /* IANA zone when all of the country shares one, else NULL; static */
};

/* Reads `text`, which holds one number and nothing else but spaces, punctuation, "tel:",
 * "whatsapp:", a wa.me address or a WhatsApp id's "@…" ending.
 * default_country  two capital letters for numbers without country code; {NULL} for none
 * Never fails in another way than by its verdict; *ret_phone is untouched unless PHONE_VALID. */
MUST_USE enum phone_verdict phone_read(struct text text, struct text default_country,
                                       struct phone *ret_phone);

/* The same with the verdict as ERROR_INVALID and plain words that say what to do. */
MUST_USE enum error_code phone_parse(struct text text, struct text default_country,
                                     struct phone *ret_phone, struct error *error);

/* Looks at digits that are known to be a whole international number: a row of the database, a
 * provider's wa_id. Makes the same identity of them; false when they are no valid number. */
bool phone_from_digits(int64_t digits, struct phone *ret_phone);

/* "too_short" …: stable words for programs, and a sentence for people (static). */
const char *phone_verdict_to_code(enum phone_verdict verdict);
const char *phone_verdict_to_words(enum phone_verdict verdict);

/* True for two letters that name a country of the table. */
bool phone_country_known(struct text country);
