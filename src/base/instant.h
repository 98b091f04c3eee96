#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>

/* Moments as int64 ms since 1970 UTC, and their spellings. Pure arithmetic on the proleptic
 * Gregorian calendar; time zones are zone.h. */
#define MS_PER_SECOND INT64_C(1000)
#define MS_PER_MINUTE INT64_C(60000)
#define MS_PER_HOUR INT64_C(3600000)
#define MS_PER_DAY INT64_C(86400000)

struct civil_date {
    int32_t year;
    int32_t month; /* 1–12 */
    int32_t day;   /* 1–31 */
};

int64_t days_from_civil(struct civil_date date); /* days since 1970-01-01, may be negative */
struct civil_date civil_from_days(int64_t days);
bool civil_is_valid(struct civil_date date); /* years 0001–9999, real days */
int weekday_from_days(int64_t days);         /* 0 = Monday … 6 = Sunday */
/* Division that rounds down, for splitting ms before 1970 as well. */
static inline int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

enum { INSTANT_TEXT_MAX = 40 }; /* with the ending NUL */

/* RFC 3339 in UTC with Z; ms only when they are not 0: "2026-01-05T09:00:00Z". */
const char *instant_format(int64_t ms, char out[INSTANT_TEXT_MAX]);
/* The same with three decimals always, so that lines of a log stand below each other. */
const char *instant_format_ms(int64_t ms, char out[INSTANT_TEXT_MAX]);
/* RFC 3339 with Z or an offset, years 0001–9999; up to 9 decimals are read and cut to ms; a leap
 * second reads as the next second. The time zone is required. */
bool instant_parse(struct text text, int64_t *ret_ms);
/* RFC 7231 date of a header: "Sun, 06 Nov 1994 08:49:37 GMT". */
bool instant_parse_http(struct text text, int64_t *ret_ms);
const char *instant_format_http(int64_t ms, char out[INSTANT_TEXT_MAX]);

/* "2026-01-05" */
bool civil_parse(struct text text, struct civil_date *ret_date);
const char *civil_format(struct civil_date date, char out[INSTANT_TEXT_MAX]);

/* "HH:MM", 00:00–23:59, as minutes since midnight. */
bool minute_parse(struct text text, int *ret_minute);
const char *minute_format(int minute, char out[INSTANT_TEXT_MAX]);

/* "2d", "90m", "1h30m", "500ms", "0s": parts from big to small, each unit once, up to 10 years. */
bool duration_parse(struct text text, int64_t *ret_ms);
