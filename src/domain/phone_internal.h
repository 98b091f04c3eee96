#pragma once

#include "domain/phone.h"

/* The shape of phone_table.c, for phone.c only. */

struct phone_country {
    char name[3];            /* "" for a calling code of no country */
    uint16_t code;           /* country calling code */
    uint16_t call_program;   /* international call prefix ("00"), 0 = none */
    uint16_t prefix_program; /* national prefix and what to do with it, 0 = none */
    uint16_t lead_program; /* leading digits that tell this country from its neighbours, 0 = none */
    uint16_t start;        /* its state of the automaton */
    uint32_t lengths;      /* bit n: national numbers of n digits exist */
    const char
        *rule_before; /* transform rule: these digits, then the group, then the rest; or NULL */
    uint8_t rule_group;
    const char *zone;
};

struct phone_code {
    uint16_t first; /* in PHONE_MEMBERS */
    uint16_t count;
};

enum { PHONE_LABEL_GENERAL = 1, PHONE_LABEL_TYPED = 2, PHONE_LABEL_VALID = 3 };
enum {
    PHONE_OP_MATCH = 0,
    PHONE_OP_SET = 1,
    PHONE_OP_SPLIT = 2,
    PHONE_OP_JUMP = 3,
    PHONE_OP_SAVE = 4,
    PHONE_OP_END = 5,
};

extern const uint16_t PHONE_STATES[][10];
extern const uint8_t PHONE_LABELS[];
extern const uint16_t PHONE_PROGRAMS[];
extern const struct phone_country PHONE_COUNTRIES[]; /* sorted by name, then the world's codes */
extern const size_t PHONE_COUNTRY_COUNT;             /* those with a name */
extern const uint8_t PHONE_CODE_INDEX[];
extern const struct phone_code PHONE_CODES[];
extern const uint16_t PHONE_MEMBERS[];

/* What stands in a text, brought to ASCII digits: phone_text.c gives it, phone.c judges it. */
enum { PHONE_INPUT_DIGITS_MAX = 32 };
struct phone_input {
    char digits[PHONE_INPUT_DIGITS_MAX];
    size_t count;
    bool plus;
};

/* PHONE_VALID when `text` holds digits and punctuation only; else why not. */
enum phone_verdict phone_text_read(struct text text, struct phone_input *ret_input);
