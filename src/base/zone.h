#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>

/* Time zones: reads the system's compiled TZif files (version 2 and later, with the rule in the
 * footer, so every year is right, not only those listed).
 *
 * A zone is loaded when it is first asked for and then never changes nor goes away: pointers and
 * indexes stay valid until the process ends, and any thread may use them without a lock. Memory is
 * bounded, because only names that exist on the system are kept.
 *
 * "Local" instants are int64 ms counted as if the wall clock showed UTC: local / 86400000 is the
 * local date, the rest the local time of day. */
struct zone;

enum { ZONE_NAME_MAX = 64, ZONE_COUNT_MAX = 2048 };

/* The zone with this IANA name ("Asia/Kolkata", "UTC"; upper and lower case do not matter), or
 * NULL: unknown, absolute, with "..", or not a TZif file. Thread: any. */
const struct zone *zone_find(struct text name);
/* Never NULL, needs no file. */
const struct zone *zone_utc(void);

/* The name as the system spells it; of a link (Asia/Calcutta) the link's own. */
struct text zone_name(const struct zone *zone);

/* Wall clock of a moment, and how far it stands from UTC. */
int64_t zone_to_local(const struct zone *zone, int64_t utc_ms);
int64_t zone_offset_ms(const struct zone *zone, int64_t utc_ms);

/* How a wall-clock time maps to a moment. */
enum zone_fit {
    ZONE_FIT_EXACT,
    ZONE_FIT_GAP,     /* the clock jumps over it: the answer is the first moment after the jump */
    ZONE_FIT_OVERLAP, /* the clock shows it twice: the answer is the first */
};
int64_t zone_from_local(const struct zone *zone, int64_t local_ms, enum zone_fit *ret_fit);

/* The stretch of constant offset that holds `utc_ms`: *ret_end_ms is the first moment after it
 * (INT64_MAX without end). Returns the offset. For walks over clock changes. */
int64_t zone_stretch(const struct zone *zone, int64_t utc_ms, int64_t *ret_end_ms);

/* Names for a settings page, sorted, links left out; the list lives as long as the process. Empty
 * when the system has no index of zones. */
const struct text *zone_names(size_t *ret_count);
