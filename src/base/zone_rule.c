/* The footer of a TZif file: a POSIX rule such as "EST5EDT,M3.2.0,M11.1.0" that governs everything
 * after the last change listed in the file. It is written out for 400 years, after which the
 * Gregorian calendar, weekdays included, repeats exactly; so one lookup path serves all years. */
#include "base/zone_internal.h"

#include "base/instant.h"

enum rule_kind { RULE_MONTH, RULE_JULIAN, RULE_DAY };

struct rule_date {
    enum rule_kind kind;
    int32_t month;
    int32_t week;
    int32_t day;
    int64_t time_ms; /* local, may lie outside the day */
};

struct rule {
    int64_t standard_ms; /* offsets east of UTC */
    int64_t summer_ms;
    bool has_summer;
    struct rule_date start;
    struct rule_date end;
};

enum { CYCLE_YEARS = 400 };

static bool rule_byte(struct text *rest, char byte)
{
    if (rest->size == 0 || rest->data[0] != byte) {
        return false;
    }
    *rest = text_skip(*rest, 1);
    return true;
}

static bool rule_number(struct text *rest, int32_t max, int32_t *ret_value)
{
    int32_t value = 0;
    size_t digits = 0;
    while (digits < rest->size && digits < 4 && rest->data[digits] >= '0' &&
           rest->data[digits] <= '9') {
        value = value * 10 + (rest->data[digits] - '0');
        digits++;
    }
    if (digits == 0 || value > max) {
        return false;
    }
    *rest = text_skip(*rest, digits);
    *ret_value = value;
    return true;
}

/* [+-]hh[:mm[:ss]] */
static bool rule_time(struct text *rest, int64_t *ret_ms)
{
    bool negative = rule_byte(rest, '-');
    if (!negative) {
        (void)rule_byte(rest, '+');
    }
    int32_t hours = 0;
    int32_t minutes = 0;
    int32_t seconds = 0;
    if (!rule_number(rest, 167, &hours)) {
        return false;
    }
    if (rule_byte(rest, ':') && !rule_number(rest, 59, &minutes)) {
        return false;
    }
    if (rule_byte(rest, ':') && !rule_number(rest, 59, &seconds)) {
        return false;
    }
    int64_t ms = hours * MS_PER_HOUR + minutes * MS_PER_MINUTE + seconds * MS_PER_SECOND;
    *ret_ms = negative ? -ms : ms;
    return true;
}

static bool is_offset(int64_t ms)
{
    return ms > -ZONE_OFFSET_LIMIT_MS && ms < ZONE_OFFSET_LIMIT_MS;
}

/* Written west of UTC, as POSIX has it; given back east of it. */
static bool rule_offset(struct text *rest, int64_t *ret_east_ms)
{
    int64_t west_ms = 0;
    if (!rule_time(rest, &west_ms) || !is_offset(west_ms)) {
        return false;
    }
    *ret_east_ms = -west_ms;
    return true;
}

/* "EST" or "<+0330>" */
static bool rule_name(struct text *rest)
{
    size_t size = 0;
    if (rule_byte(rest, '<')) {
        if (!text_find(*rest, '>', &size)) {
            return false;
        }
        *rest = text_skip(*rest, size + 1);
        return size >= 3;
    }
    while (size < rest->size && ((rest->data[size] >= 'A' && rest->data[size] <= 'Z') ||
                                 (rest->data[size] >= 'a' && rest->data[size] <= 'z'))) {
        size++;
    }
    *rest = text_skip(*rest, size);
    return size >= 3;
}

static bool rule_date(struct text *rest, struct rule_date *ret_date)
{
    struct rule_date date = {.time_ms = 2 * MS_PER_HOUR};
    if (rule_byte(rest, 'M')) {
        date.kind = RULE_MONTH;
        if (!rule_number(rest, 12, &date.month) || !rule_byte(rest, '.') ||
            !rule_number(rest, 5, &date.week) || !rule_byte(rest, '.') ||
            !rule_number(rest, 6, &date.day) || date.month < 1 || date.week < 1) {
            return false;
        }
    } else if (rule_byte(rest, 'J')) {
        date.kind = RULE_JULIAN;
        if (!rule_number(rest, 365, &date.day) || date.day < 1) {
            return false;
        }
    } else {
        date.kind = RULE_DAY;
        if (!rule_number(rest, 365, &date.day)) {
            return false;
        }
    }
    if (rule_byte(rest, '/') && !rule_time(rest, &date.time_ms)) {
        return false;
    }
    *ret_date = date;
    return true;
}

static bool rule_parse(struct text rest, struct rule *ret_rule)
{
    struct rule rule = {0};
    if (!rule_name(&rest) || !rule_offset(&rest, &rule.standard_ms)) {
        return false;
    }
    if (rest.size == 0) {
        *ret_rule = rule;
        return true;
    }
    rule.has_summer = true;
    rule.summer_ms = rule.standard_ms + MS_PER_HOUR;
    if (!rule_name(&rest)) {
        return false;
    }
    if (rest.size > 0 && rest.data[0] != ',' && !rule_offset(&rest, &rule.summer_ms)) {
        return false;
    }
    if (!is_offset(rule.summer_ms) || !rule_byte(&rest, ',') || !rule_date(&rest, &rule.start) ||
        !rule_byte(&rest, ',') || !rule_date(&rest, &rule.end) || rest.size != 0) {
        return false;
    }
    *ret_rule = rule;
    return true;
}

static bool is_leap_year(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The local moment of a rule's date in one year, as if the clock showed UTC. */
static int64_t rule_local_ms(const struct rule_date *date, int32_t year)
{
    int64_t days = days_from_civil((struct civil_date){year, 1, 1});
    switch (date->kind) {
    case RULE_MONTH: {
        days = days_from_civil((struct civil_date){year, date->month, 1});
        int wanted = (date->day + 6) % 7; /* the rule's 0 is Sunday, ours is Monday */
        days += (wanted - weekday_from_days(days) + 7) % 7 + (date->week - 1) * 7;
        int32_t next_year = date->month == 12 ? year + 1 : year;
        int32_t next_month = date->month == 12 ? 1 : date->month + 1;
        while (days >= days_from_civil((struct civil_date){next_year, next_month, 1})) {
            days -= 7; /* week 5 means the last */
        }
        break;
    }
    case RULE_JULIAN: /* 1-365, February 29 is never counted */
        days += date->day - 1 + (is_leap_year(year) && date->day >= 60 ? 1 : 0);
        break;
    case RULE_DAY:
        days += date->day;
        break;
    }
    return days * MS_PER_DAY + date->time_ms;
}

static void rule_add_year(const struct rule *rule, int32_t year, int64_t after_ms,
                          struct zone_changes *changes)
{
    int64_t start_ms = rule_local_ms(&rule->start, year) - rule->standard_ms;
    int64_t end_ms = rule_local_ms(&rule->end, year) - rule->summer_ms;
    bool start_first = start_ms < end_ms;
    int64_t first_ms = start_first ? start_ms : end_ms;
    int64_t second_ms = start_first ? end_ms : start_ms;
    if (first_ms > after_ms) {
        zone_changes_add(changes, first_ms, start_first ? rule->summer_ms : rule->standard_ms);
    }
    if (second_ms > after_ms) {
        zone_changes_add(changes, second_ms, start_first ? rule->standard_ms : rule->summer_ms);
    }
}

bool zone_rule_expand(struct text rule_text, struct zone_changes *changes,
                      int64_t *ret_cycle_end_ms)
{
    *ret_cycle_end_ms = INT64_MAX;
    if (rule_text.size == 0) {
        return true;
    }
    struct rule rule = {0};
    if (!rule_parse(rule_text, &rule)) {
        return false;
    }
    if (!rule.has_summer) {
        if (changes->count == 0) {
            changes->offset_ms[0] = (int32_t)rule.standard_ms;
        }
        return true;
    }
    int64_t last_ms = changes->count == 0 ? 0 : changes->at_ms[changes->count - 1];
    int32_t first_year = civil_from_days(floor_divide(last_ms, MS_PER_DAY)).year;
    int32_t last_year = first_year + CYCLE_YEARS + 1;
    for (int32_t year = first_year; year <= last_year + 1; year++) {
        rule_add_year(&rule, year, last_ms, changes);
    }
    *ret_cycle_end_ms = days_from_civil((struct civil_date){last_year, 1, 1}) * MS_PER_DAY;
    return true;
}
