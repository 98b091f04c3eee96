#pragma once

#include "base/zone.h"

/* The parts of zone.c: one loaded zone, the reader of its file, and the system's index of names. */

/* Offsets lie within a day and two hours of UTC; no real zone was ever outside +-16 hours. */
#define ZONE_OFFSET_LIMIT_MS (INT64_C(26) * 3600 * 1000)

enum { ZONE_HINT_SHIFT = 34, ZONE_HINT_COUNT = 240 }; /* 199-day blocks from 1970 to 2100 */

struct zone {
    char name[ZONE_NAME_MAX];
    size_t count;       /* clock changes */
    int64_t *at_ms;     /* when each change happens, rising */
    int32_t *offset_ms; /* count + 1: before the first change, after the first, … */
    /* From cycle_end_ms on the rules repeat every 400 years, so a later moment looks up the one a
     * whole number of cycles earlier. INT64_MAX when nothing ever changes again. */
    int64_t cycle_end_ms;
    /* Number of changes at or before the start of each 199-day block: most lookups then compare
     * once or twice instead of searching. */
    uint16_t hint[ZONE_HINT_COUNT];
};

/* Reads the bytes of a TZif file into an empty zone. False when they are not one, or not of
 * version 2 or later; the zone then owns nothing. */
MUST_USE bool zone_file_read(struct text bytes, struct zone *zone);

/* Adds one change of the clock; times must not fall. */
struct zone_changes {
    int64_t *at_ms;
    int32_t *offset_ms;
    size_t count;
    size_t capacity;
};
void zone_changes_add(struct zone_changes *changes, int64_t at_ms, int64_t offset_ms);

/* Continues the changes after the last one listed by the footer's rule ("EST5EDT,M3.2.0,M11.1.0").
 * False when the rule cannot be read. An empty rule adds nothing. */
MUST_USE bool zone_rule_expand(struct text rule, struct zone_changes *changes,
                               int64_t *ret_cycle_end_ms);
