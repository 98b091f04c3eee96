#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Links by which a person opts out with one tap, without signing in: /o/<token>. The token names
 * the contact and the key it was signed with, and cannot be made without the master key; it tells
 * nothing about the person. It never expires, as messages stay in chats for years. Pure. */
enum { OPT_OUT_TOKEN_MAX = 40 }; /* with the ending NUL */

void opt_out_token_make(struct text hash_key, int64_t contact_id, char token[OPT_OUT_TOKEN_MAX]);
/* False for a token that was not made with this master key. */
bool opt_out_token_read(struct text hash_key, struct text token, int64_t *ret_contact_id);

/* "https://drip.example.org/o/…"; empty while the public address or the key is not known. */
struct text opt_out_link(struct arena *arena, struct text hash_key, struct text public_url,
                         int64_t contact_id);
