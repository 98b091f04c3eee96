/* Reads one TZif file (RFC 8536): the second, 64-bit block and the footer. Everything is checked
 * against the file's size before it is touched; leap-second tables are refused, because our time
 * has none. */
#include "base/zone_internal.h"

#include "base/instant.h"
#include "base/mem.h"

enum { HEADER_SIZE = 44, TYPE_SIZE = 6, CHANGES_MAX = 20000, TYPES_MAX = 256 };

/* Changes before year 1 only say "since ever". */
#define OLDEST_SECONDS INT64_C(-62135596800)
#define NEWEST_SECONDS INT64_C(253402300800)

struct header {
    uint8_t version;
    uint32_t utc_count;
    uint32_t standard_count;
    uint32_t leap_count;
    uint32_t time_count;
    uint32_t type_count;
    uint32_t name_size;
};

static uint32_t read_32(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int64_t read_64(const char *at)
{
    return (int64_t)((uint64_t)read_32(at) << 32 | read_32(at + 4));
}

static bool read_header(struct text bytes, struct header *ret_header)
{
    if (bytes.size < HEADER_SIZE || memcmp(bytes.data, "TZif", 4) != 0) {
        return false;
    }
    *ret_header = (struct header){
        .version = (uint8_t)bytes.data[4],
        .utc_count = read_32(bytes.data + 20),
        .standard_count = read_32(bytes.data + 24),
        .leap_count = read_32(bytes.data + 28),
        .time_count = read_32(bytes.data + 32),
        .type_count = read_32(bytes.data + 36),
        .name_size = read_32(bytes.data + 40),
    };
    const struct header *header = ret_header;
    return header->time_count <= CHANGES_MAX && header->type_count <= TYPES_MAX &&
           header->type_count > 0 && header->name_size <= 4096 && header->leap_count <= 4096 &&
           header->utc_count <= TYPES_MAX && header->standard_count <= TYPES_MAX;
}

static size_t block_size(const struct header *header, size_t time_size)
{
    return header->time_count * (time_size + 1) + (size_t)header->type_count * TYPE_SIZE +
           header->name_size + header->leap_count * (time_size + 4) + header->standard_count +
           header->utc_count;
}

void zone_changes_add(struct zone_changes *changes, int64_t at_ms, int64_t offset_ms)
{
    if (changes->count > 0 && changes->at_ms[changes->count - 1] >= at_ms) {
        changes->offset_ms[changes->count] = (int32_t)offset_ms; /* two at once: the later holds */
        return;
    }
    if (changes->offset_ms[changes->count] == offset_ms) {
        return; /* only the name of the time changes */
    }
    if (changes->count == changes->capacity) {
        changes->capacity = changes->capacity * 2 + 16;
        changes->at_ms = mem_resize(changes->at_ms, changes->capacity * sizeof(int64_t));
        changes->offset_ms =
            mem_resize(changes->offset_ms, (changes->capacity + 1) * sizeof(int32_t));
    }
    changes->at_ms[changes->count] = at_ms;
    changes->offset_ms[changes->count + 1] = (int32_t)offset_ms;
    changes->count++;
}

static bool read_changes(const char *block, const struct header *header,
                         struct zone_changes *changes)
{
    const char *type_of = block + (size_t)header->time_count * 8;
    const char *types = type_of + header->time_count;
    for (size_t i = 0; i < header->type_count; i++) {
        int32_t offset_seconds = (int32_t)read_32(types + i * TYPE_SIZE);
        if (offset_seconds <= -ZONE_OFFSET_LIMIT_MS / 1000 ||
            offset_seconds >= ZONE_OFFSET_LIMIT_MS / 1000) {
            return false;
        }
    }
    changes->offset_ms[0] = (int32_t)read_32(types) * 1000;
    int64_t previous_seconds = INT64_MIN;
    for (size_t i = 0; i < header->time_count; i++) {
        int64_t seconds = read_64(block + i * 8);
        uint8_t type = (uint8_t)type_of[i];
        if (seconds <= previous_seconds || seconds > NEWEST_SECONDS || type >= header->type_count) {
            return false;
        }
        previous_seconds = seconds;
        int64_t offset_ms = (int64_t)(int32_t)read_32(types + (size_t)type * TYPE_SIZE) * 1000;
        if (seconds < OLDEST_SECONDS) {
            changes->offset_ms[0] = (int32_t)offset_ms;
        } else {
            zone_changes_add(changes, seconds * 1000, offset_ms);
        }
    }
    return true;
}

/* The footer stands between two line ends. */
static bool read_footer(struct text bytes, struct text *ret_rule)
{
    if (bytes.size < 2 || bytes.data[0] != '\n') {
        return false;
    }
    bytes = text_skip(bytes, 1);
    size_t end = 0;
    if (!text_find(bytes, '\n', &end)) {
        return false;
    }
    *ret_rule = text_head(bytes, end);
    return true;
}

static void fill_hints(struct zone *zone)
{
    size_t passed = 0;
    for (size_t block = 0; block < ZONE_HINT_COUNT; block++) {
        int64_t start_ms = (int64_t)block << ZONE_HINT_SHIFT;
        while (passed < zone->count && zone->at_ms[passed] <= start_ms) {
            passed++;
        }
        zone->hint[block] = (uint16_t)passed;
    }
}

bool zone_file_read(struct text bytes, struct zone *zone)
{
    struct header first = {0};
    struct header header = {0};
    if (!read_header(bytes, &first) || first.version < '2') {
        return false;
    }
    size_t skip = HEADER_SIZE + block_size(&first, 4);
    if (skip > bytes.size || !read_header(text_skip(bytes, skip), &header) ||
        header.leap_count != 0) {
        return false;
    }
    bytes = text_skip(bytes, skip + HEADER_SIZE);
    size_t size = block_size(&header, 8);
    struct text rule = {0};
    if (size > bytes.size || !read_footer(text_skip(bytes, size), &rule)) {
        return false;
    }
    struct zone_changes changes = {.capacity = header.time_count + 16};
    changes.at_ms = mem_array(changes.capacity, sizeof(int64_t));
    changes.offset_ms = mem_array(changes.capacity + 1, sizeof(int32_t));
    if (!read_changes(bytes.data, &header, &changes) ||
        !zone_rule_expand(rule, &changes, &zone->cycle_end_ms)) {
        mem_free(changes.at_ms);
        mem_free(changes.offset_ms);
        return false;
    }
    zone->count = changes.count;
    zone->at_ms = changes.at_ms;
    zone->offset_ms = changes.offset_ms;
    fill_hints(zone);
    return true;
}
