/* What the files of access share: the passwords that nobody may take. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The first 64 bits of the SHA-256 of each, sorted; made by tools/password_list.mjs. */
extern const uint64_t COMMON_PASSWORDS[];
extern const size_t COMMON_PASSWORD_COUNT;
