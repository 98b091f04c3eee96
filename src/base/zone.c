/* Time zones by name, and the arithmetic between moments and wall clocks.
 *
 * Zones live in one table for the whole process. A slot is published once, fully built, with
 * release order, and never changed again: readers need no lock. Loading takes the only lock here,
 * once per zone. */
#include "base/zone_internal.h"

#include "base/instant.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SLOT_COUNT = 4096, FILE_SIZE_MAX = 1 << 20 };

/* One line of the system's index: a name and, for a link, what it points to. */
struct index_entry {
    struct text name;
    struct text target; /* empty for a zone */
};

static const char *zone_directory = "/usr/share/zoneinfo";
static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct zone *) slots[SLOT_COUNT]; /* by name */
static size_t zone_count;                        /* under load_lock */

static pthread_once_t index_once = PTHREAD_ONCE_INIT;
static struct index_entry *index_entries; /* sorted without regard to case */
static size_t index_count;
static struct text *index_names; /* sorted by bytes, no links */
static size_t index_name_count;

static struct zone utc = {
    .name = "UTC",
    .offset_ms = (int32_t[]){0},
    .cycle_end_ms = INT64_MAX,
};

const struct zone *zone_utc(void)
{
    return &utc;
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static int compare_ignore_case(struct text a, struct text b)
{
    for (size_t i = 0; i < a.size && i < b.size; i++) {
        int difference = lower(a.data[i]) - lower(b.data[i]);
        if (difference != 0) {
            return difference;
        }
    }
    return a.size < b.size ? -1 : a.size > b.size;
}

static int compare_entries(const void *a, const void *b)
{
    return compare_ignore_case(((const struct index_entry *)a)->name,
                               ((const struct index_entry *)b)->name);
}

static int compare_names(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

/* The bytes of a file below the zone folder, NUL-ended; data NULL when it cannot be read. */
static struct text read_zone_file(const char *name)
{
    char path[512];
    int length = snprintf(path, sizeof path, "%s/%s", zone_directory, name);
    if (length < 0 || (size_t)length >= sizeof path) {
        return (struct text){0};
    }
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        return (struct text){0};
    }
    char *bytes = mem_alloc(FILE_SIZE_MAX + 1);
    size_t size = 0;
    ssize_t got = 0;
    do {
        got = read(file, bytes + size, FILE_SIZE_MAX - size);
        size += got > 0 ? (size_t)got : 0;
    } while ((got > 0 && size < FILE_SIZE_MAX) || (got < 0 && errno == EINTR));
    (void)close(file);
    if (got < 0) {
        mem_free(bytes);
        return (struct text){0};
    }
    bytes = mem_resize(bytes, size + 1);
    bytes[size] = '\0';
    return text_make(bytes, size);
}

/* Names are only ever letters, digits, '_', '+', '-' and '/' between non-empty parts, so none can
 * leave the folder. */
static bool name_is_safe(struct text name)
{
    if (name.size == 0 || name.size >= ZONE_NAME_MAX || name.data[0] == '/' ||
        name.data[name.size - 1] == '/') {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        bool word = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                    (byte >= '0' && byte <= '9') || byte == '_' || byte == '+' || byte == '-';
        if (!word && !(byte == '/' && name.data[i - 1] != '/')) {
            return false;
        }
    }
    return true;
}

static void index_add(struct text line)
{
    struct text kind = {0};
    struct text first = {0};
    struct text second = {0};
    if (!text_next(&line, ' ', &kind) || !text_next(&line, ' ', &first)) {
        return;
    }
    struct index_entry entry = {0};
    if (text_equal(kind, TEXT("Z"))) {
        entry.name = first;
    } else if (text_equal(kind, TEXT("L")) && text_next(&line, ' ', &second)) {
        entry = (struct index_entry){.name = second, .target = first};
    }
    if (!name_is_safe(entry.name) || text_equal(entry.name, TEXT("Factory"))) {
        return;
    }
    index_entries[index_count++] = entry;
    if (entry.target.size == 0) {
        index_names[index_name_count++] = entry.name;
    }
}

/* tzdata.zi lists every zone ("Z name …") and link ("L target name") the system was built from.
 * Its bytes are kept: the entries point into them. */
static void index_load(void)
{
    struct text rest = read_zone_file("tzdata.zi");
    if (rest.data == NULL) {
        return;
    }
    index_entries = mem_array(ZONE_COUNT_MAX, sizeof *index_entries);
    index_names = mem_array(ZONE_COUNT_MAX + 1, sizeof *index_names);
    index_names[index_name_count++] = TEXT("UTC");
    struct text line = {0};
    while (text_next(&rest, '\n', &line) && index_count < ZONE_COUNT_MAX - 1) {
        index_add(line);
    }
    qsort(index_entries, index_count, sizeof *index_entries, compare_entries);
    qsort(index_names, index_name_count, sizeof *index_names, compare_names);
}

const struct text *zone_names(size_t *ret_count)
{
    (void)pthread_once(&index_once, index_load);
    *ret_count = index_name_count;
    return index_names;
}

/* Right spelling and link target of a name; false when the system's index does not know it. A
 * system without index is asked for the file itself. */
static bool index_find(struct text name, struct index_entry *ret_entry)
{
    (void)pthread_once(&index_once, index_load);
    if (index_count == 0) {
        *ret_entry = (struct index_entry){.name = name};
        return !text_starts_with(name, TEXT("right/")) && !text_starts_with(name, TEXT("posix"));
    }
    struct index_entry wanted = {.name = name};
    const struct index_entry *found =
        bsearch(&wanted, index_entries, index_count, sizeof wanted, compare_entries);
    if (found == NULL) {
        return false;
    }
    *ret_entry = *found;
    return true;
}

static size_t slot_of(struct text name)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.size; i++) {
        hash = (hash ^ (uint8_t)lower(name.data[i])) * 16777619u;
    }
    return (hash ^ hash >> 15) % SLOT_COUNT;
}

/* Walks the slots of a name; the table is never more than half full, so the walk ends. Returns the
 * zone, or NULL and the free slot. */
static struct zone *slot_find(struct text name, size_t *ret_slot)
{
    size_t slot = slot_of(name);
    for (;;) {
        struct zone *zone = atomic_load_explicit(&slots[slot], memory_order_acquire);
        if (zone == NULL || compare_ignore_case(text_from(zone->name), name) == 0) {
            *ret_slot = slot;
            return zone;
        }
        slot = (slot + 1) % SLOT_COUNT;
    }
}

static struct zone *zone_load(struct index_entry entry)
{
    char name[ZONE_NAME_MAX];
    (void)snprintf(name, sizeof name, "%.*s", TEXT_ARGS(entry.name));
    struct text bytes = read_zone_file(name);
    if (bytes.data == NULL) {
        return NULL;
    }
    struct zone *zone = mem_zalloc(sizeof *zone);
    bool good = zone_file_read(bytes, zone);
    mem_free((void *)(uintptr_t)bytes.data);
    if (!good) {
        mem_free(zone);
        return NULL;
    }
    (void)snprintf(zone->name, sizeof zone->name, "%s", name);
    return zone;
}

const struct zone *zone_find(struct text name)
{
    if (!name_is_safe(name)) {
        return NULL;
    }
    if (text_equal_ignore_case(name, TEXT("UTC"))) {
        return &utc;
    }
    size_t slot = 0;
    struct zone *zone = slot_find(name, &slot);
    struct index_entry entry = {0};
    if (zone != NULL || !index_find(name, &entry)) {
        return zone;
    }
    (void)pthread_mutex_lock(&load_lock);
    zone = slot_find(name, &slot); /* another thread may have been first */
    if (zone == NULL && zone_count < ZONE_COUNT_MAX) {
        zone = zone_load(entry);
        if (zone != NULL) {
            zone_count++;
            atomic_store_explicit(&slots[slot], zone, memory_order_release);
        }
    }
    (void)pthread_mutex_unlock(&load_lock);
    return zone;
}

struct text zone_name(const struct zone *zone)
{
    return text_from(zone->name);
}

/* How far back a moment must move to fall into the 400 years written out; 0 for nearly all. */
static int64_t cycle_shift(const struct zone *zone, int64_t utc_ms)
{
    const int64_t cycle_ms = INT64_C(146097) * MS_PER_DAY;
    if (utc_ms < zone->cycle_end_ms) {
        return 0;
    }
    return ((utc_ms - zone->cycle_end_ms) / cycle_ms + 1) * cycle_ms;
}

/* Number of changes at or before `utc_ms`: the index of its offset. */
static size_t zone_stretch_index(const struct zone *zone, int64_t utc_ms)
{
    size_t low = 0;
    int64_t block = utc_ms >> ZONE_HINT_SHIFT;
    if (zone->count == 0) {
        return 0;
    }
    if (block >= 0 && block < ZONE_HINT_COUNT) {
        low = zone->hint[block];
        while (low < zone->count && zone->at_ms[low] <= utc_ms) {
            low++;
        }
        return low;
    }
    size_t high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->at_ms[middle] <= utc_ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int64_t zone_offset_ms(const struct zone *zone, int64_t utc_ms)
{
    return zone->offset_ms[zone_stretch_index(zone, utc_ms - cycle_shift(zone, utc_ms))];
}

int64_t zone_to_local(const struct zone *zone, int64_t utc_ms)
{
    return utc_ms + zone_offset_ms(zone, utc_ms);
}

int64_t zone_stretch(const struct zone *zone, int64_t utc_ms, int64_t *ret_end_ms)
{
    int64_t shift_ms = cycle_shift(zone, utc_ms);
    size_t index = zone_stretch_index(zone, utc_ms - shift_ms);
    *ret_end_ms = index < zone->count ? zone->at_ms[index] + shift_ms : INT64_MAX;
    return zone->offset_ms[index];
}

int64_t zone_from_local(const struct zone *zone, int64_t local_ms, enum zone_fit *ret_fit)
{
    /* Start in the stretch that holds the earliest moment that could show this time, and take the
     * first stretch that shows it, or that begins after it would have. */
    int64_t earliest_ms = local_ms - ZONE_OFFSET_LIMIT_MS;
    int64_t shift_ms = cycle_shift(zone, earliest_ms);
    size_t index = zone_stretch_index(zone, earliest_ms - shift_ms);
    int64_t wanted_ms = local_ms - shift_ms;
    for (;; index++) {
        int64_t utc_ms = wanted_ms - zone->offset_ms[index];
        if (index > 0 && utc_ms < zone->at_ms[index - 1]) {
            *ret_fit = ZONE_FIT_GAP;
            return zone->at_ms[index - 1] + shift_ms;
        }
        if (index == zone->count) {
            *ret_fit = ZONE_FIT_EXACT;
            return utc_ms + shift_ms;
        }
        if (utc_ms < zone->at_ms[index]) {
            bool twice = wanted_ms - zone->offset_ms[index + 1] >= zone->at_ms[index];
            *ret_fit = twice ? ZONE_FIT_OVERLAP : ZONE_FIT_EXACT;
            return utc_ms + shift_ms;
        }
    }
}
