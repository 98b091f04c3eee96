#pragma once

#include "base/json.h"
#include "domain/sequence.h"

/* Shared by the files that read sequences; for this folder only. */

/* Reads a non-empty text of at most `units` UTF-16 units, as WhatsApp counts, into the arena. */
bool sequence_read_text(struct arena *arena, struct json_reader *reader, const char *name,
                        size_t units, struct text *ret_text);
/* Reads an http or https URL, placeholders allowed behind the host. */
bool sequence_read_url(struct arena *arena, struct json_reader *reader, const char *name,
                       struct text *ret_url);
/* Writes "name[index]". */
void sequence_index_name(const char *name, size_t index, char *out, size_t size);

/* Reads "HH:MM" into minutes, null into -1; "24:00" only where `midnight_end` allows it. */
void sequence_read_minute(struct json_reader *reader, const char *name, bool midnight_end,
                          int32_t *ret_minute);

/* Reads `messages`; see sequence_parse() for `base`. False when anything was found. */
bool sequence_read_steps(struct arena *arena, struct json_reader *reader,
                         const struct sequence *base, struct sequence *sequence);

/* Reads a template object, `reader` being open on it. False when anything was found. */
bool sequence_read_template(struct arena *arena, struct json_reader *reader,
                            struct step_template *ret_template);

/* What a header given as one text means: an http(s) address is media of the kind its ending tells
 * (an image when it tells nothing), anything else the text parameter. Borrows `text`. */
void sequence_header_of_text(struct text text, struct template_header *ret_header);
/* Splits "name=text", the short form of a named parameter. False when it is no such form. */
bool sequence_split_named(struct text whole, struct text *ret_name, struct text *ret_text);
