#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>

/* 64-bit hashes (not for secrets or hostile keys unless seeded at random) and an open-addressing
 * map from int64 to int64. Values of hash_text() with a fixed seed are stable across versions:
 * they stand in the database. */
uint64_t hash_bytes(const void *data, size_t size, uint64_t seed);
static inline uint64_t hash_text(struct text text)
{
    return hash_bytes(text.data, text.size, 0);
}
uint64_t hash_int64(int64_t value);

struct map64;

struct map64 *map64_new(size_t expected_count);
void map64_free(struct map64 *map);
DEFINE_CLEANUP(struct map64 *, map64_free);
/* True when the key was new; an old key's value is replaced. */
bool map64_put(struct map64 *map, int64_t key, int64_t value);
/* Adds to the value (0 when absent) and returns the sum. */
int64_t map64_add(struct map64 *map, int64_t key, int64_t delta);
bool map64_get(const struct map64 *map, int64_t key, int64_t *ret_value);
size_t map64_count(const struct map64 *map);
/* size_t at = 0; while (map64_next(map, &at, &key, &value)) … in no order; do not change it
 * meanwhile, except for values through map64_put of the same key. */
bool map64_next(const struct map64 *map, size_t *at, int64_t *ret_key, int64_t *ret_value);
