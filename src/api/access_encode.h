#pragma once

#include "api/route.h"

#include "service/access.h"

/* How users, keys and scopes look on the wire, and how scopes and roles are read. */
void encode_user(struct json_writer *writer, const struct store_user *user);
/* The fields of a key, inside an object that the caller opened. */
void encode_key_fields(struct json_writer *writer, const struct store_key *key);
void encode_scopes(struct json_writer *writer, const char *name, unsigned scopes);
extern const struct json_choice ROLE_CHOICES[3];
/* The array `name` of scope words; findings go to the reader. */
bool read_scopes(struct json_reader *reader, const char *name, unsigned *ret_scopes);
