/* Hashes and the int64 map: see hash.h. The map probes linearly and moves entries back on removal,
 * so it needs no tombstones and never degrades. */
#include "base/hash.h"

#include "base/mem.h"

#include <endian.h>

#define MIX_A UINT64_C(0x9E3779B97F4A7C15)
#define MIX_B UINT64_C(0xBF58476D1CE4E5B9)
#define MIX_C UINT64_C(0x94D049BB133111EB)

static uint64_t finish(uint64_t hash)
{
    hash = (hash ^ hash >> 30) * MIX_B;
    hash = (hash ^ hash >> 27) * MIX_C;
    return hash ^ hash >> 31;
}

uint64_t hash_bytes(const void *data, size_t size, uint64_t seed)
{
    const unsigned char *at = data;
    uint64_t hash = finish(seed + MIX_A + size);
    while (size >= 8) {
        uint64_t word = 0;
        memcpy(&word, at, 8);
        hash = finish(hash ^ le64toh(word)) + MIX_A;
        at += 8;
        size -= 8;
    }
    if (size > 0) {
        uint64_t word = 0;
        memcpy(&word, at, size);
        hash = finish(hash ^ le64toh(word)) + MIX_A;
    }
    return finish(hash);
}

uint64_t hash_int64(int64_t value)
{
    return finish((uint64_t)value + MIX_A);
}

struct entry {
    int64_t key;
    int64_t value;
    bool used;
};

struct map64 {
    struct entry *entries;
    size_t capacity; /* a power of two, at most three quarters full */
    size_t count;
};

struct map64 *map64_new(size_t expected_count)
{
    struct map64 *map = mem_zalloc(sizeof(*map));
    map->capacity = 16;
    while (map->capacity / 4 * 3 < expected_count) {
        map->capacity *= 2;
    }
    map->entries = mem_array(map->capacity, sizeof(struct entry));
    return map;
}

void map64_free(struct map64 *map)
{
    if (map != NULL) {
        mem_free(map->entries);
        mem_free(map);
    }
}

/* The key's entry, or the free one where it belongs. */
static struct entry *find(const struct map64 *map, int64_t key)
{
    size_t at = hash_int64(key) & (map->capacity - 1);
    while (map->entries[at].used && map->entries[at].key != key) {
        at = (at + 1) & (map->capacity - 1);
    }
    return &map->entries[at];
}

static void grow(struct map64 *map)
{
    struct entry *old = map->entries;
    size_t old_capacity = map->capacity;
    map->capacity *= 2;
    map->entries = mem_array(map->capacity, sizeof(struct entry));
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].used) {
            *find(map, old[i].key) = old[i];
        }
    }
    mem_free(old);
}

static struct entry *find_or_add(struct map64 *map, int64_t key, bool *ret_added)
{
    struct entry *entry = find(map, key);
    *ret_added = !entry->used;
    if (entry->used) {
        return entry;
    }
    if (map->count + 1 > map->capacity / 4 * 3) {
        grow(map);
        entry = find(map, key);
    }
    *entry = (struct entry){.key = key, .used = true};
    map->count++;
    return entry;
}

bool map64_put(struct map64 *map, int64_t key, int64_t value)
{
    bool added = false;
    find_or_add(map, key, &added)->value = value;
    return added;
}

int64_t map64_add(struct map64 *map, int64_t key, int64_t delta)
{
    bool added = false;
    struct entry *entry = find_or_add(map, key, &added);
    entry->value += delta;
    return entry->value;
}

bool map64_get(const struct map64 *map, int64_t key, int64_t *ret_value)
{
    const struct entry *entry = find(map, key);
    if (entry->used) {
        *ret_value = entry->value;
    }
    return entry->used;
}

size_t map64_count(const struct map64 *map)
{
    return map->count;
}

bool map64_next(const struct map64 *map, size_t *at, int64_t *ret_key, int64_t *ret_value)
{
    while (*at < map->capacity) {
        const struct entry *entry = &map->entries[(*at)++];
        if (entry->used) {
            *ret_key = entry->key;
            *ret_value = entry->value;
            return true;
        }
    }
    return false;
}
