#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>

/* Tells whether what a person wrote means "stop", "start again" or "help". Only a whole message
 * counts: "stop" does, "don't stop the bus" does not. Letters are compared without case, accents,
 * punctuation and emoji, in many languages. */

enum consent_word { CONSENT_NONE, CONSENT_STOP, CONSENT_START, CONSENT_HELP };
const char *consent_word_to_text(enum consent_word word);

/* Words an operator added to the built-in lists; each matched the same way. May be NULL. */
struct consent_words {
    const struct text *stop;
    size_t stop_count;
    const struct text *start;
    size_t start_count;
    const struct text *help;
    size_t help_count;
};

enum consent_word consent_of_text(struct text message, const struct consent_words *extra);

/* A tapped button: its payload decides when it says anything, else its label. Payloads may use
 * '_' or '-' between words, as in STOP_ALL or "stop-promotions". */
enum consent_word consent_of_button(struct text payload, struct text label,
                                    const struct consent_words *extra);

/* True when the text tells its reader how to stop: it holds a stop word as a word of its own, as
 * in "Reply STOP to unsubscribe". */
bool consent_mentions_stop(struct text text);
