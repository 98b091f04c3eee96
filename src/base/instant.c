/* Moments, dates and durations: see instant.h. The calendar arithmetic counts from 1 March 0000, so
 * that leap days end a year, and works in eras of 400 years (146,097 days). */
#include "base/instant.h"

#include <stdio.h>

int64_t days_from_civil(struct civil_date date)
{
    int64_t year = date.year - (date.month <= 2 ? 1 : 0);
    int64_t era = floor_divide(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t month_from_march = (date.month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct civil_date civil_from_days(int64_t days)
{
    days += 719468;
    int64_t era = floor_divide(days, 146097);
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct civil_date){
        .year = (int32_t)(year_of_era + era * 400 + (month <= 2 ? 1 : 0)),
        .month = (int32_t)month,
        .day = (int32_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
}

bool civil_is_valid(struct civil_date date)
{
    if (date.year < 1 || date.year > 9999 || date.month < 1 || date.month > 12 || date.day < 1) {
        return false;
    }
    struct civil_date back = civil_from_days(days_from_civil(date));
    return back.month == date.month && back.day == date.day;
}

int weekday_from_days(int64_t days)
{
    int64_t from_thursday = days + 3; /* 1970-01-01 was a Thursday */
    return (int)(from_thursday - floor_divide(from_thursday, 7) * 7);
}

static const char *const WEEKDAYS[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* The sign before it and `width` digits. */
static char *put_digits(char *out, char before, int value, int width)
{
    *out = before;
    for (int at = width; at > 0; at--, value /= 10) {
        out[at] = (char)('0' + value % 10);
    }
    return out + 1 + width;
}

/* Written by hand: lists and tables hold several times a row. */
static const char *format_instant(int64_t ms, bool always_decimals, char out[INSTANT_TEXT_MAX])
{
    int64_t days = floor_divide(ms, MS_PER_DAY);
    int in_day = (int)(ms - days * MS_PER_DAY);
    struct civil_date date = civil_from_days(days);
    int size = 4;
    if (date.year >= 0 && date.year <= 9999) {
        (void)put_digits(out, '0', date.year, 4);
        memmove(out, out + 1, 4);
    } else {
        size = snprintf(out, INSTANT_TEXT_MAX, "%04d", date.year);
    }
    char *end = put_digits(out + size, '-', date.month, 2);
    end = put_digits(end, '-', date.day, 2);
    end = put_digits(end, 'T', in_day / 3600000, 2);
    end = put_digits(end, ':', in_day / 60000 % 60, 2);
    end = put_digits(end, ':', in_day / 1000 % 60, 2);
    if (always_decimals || in_day % 1000 != 0) {
        end = put_digits(end, '.', in_day % 1000, 3);
    }
    end[0] = 'Z';
    end[1] = '\0';
    return out;
}

const char *instant_format(int64_t ms, char out[INSTANT_TEXT_MAX])
{
    return format_instant(ms, false, out);
}

const char *instant_format_ms(int64_t ms, char out[INSTANT_TEXT_MAX])
{
    return format_instant(ms, true, out);
}

/* Reads exactly `count` digits and advances. */
static bool take_digits(struct text *text, size_t count, int *ret_value)
{
    int value = 0;
    if (text->size < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        char digit = text->data[i];
        if (digit < '0' || digit > '9') {
            return false;
        }
        value = value * 10 + (digit - '0');
    }
    *text = text_skip(*text, count);
    *ret_value = value;
    return true;
}

static bool take_byte(struct text *text, char byte)
{
    if (text->size == 0 || text->data[0] != byte) {
        return false;
    }
    *text = text_skip(*text, 1);
    return true;
}

static bool take_date(struct text *text, struct civil_date *ret_date)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (!take_digits(text, 4, &year) || !take_byte(text, '-') || !take_digits(text, 2, &month) ||
        !take_byte(text, '-') || !take_digits(text, 2, &day)) {
        return false;
    }
    struct civil_date date = {.year = year, .month = month, .day = day};
    if (!civil_is_valid(date)) {
        return false;
    }
    *ret_date = date;
    return true;
}

/* "HH:MM:SS" with a leap second allowed. */
static bool take_time(struct text *text, int64_t *ret_ms)
{
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!take_digits(text, 2, &hour) || !take_byte(text, ':') || !take_digits(text, 2, &minute) ||
        !take_byte(text, ':') || !take_digits(text, 2, &second)) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    *ret_ms = hour * MS_PER_HOUR + minute * MS_PER_MINUTE + second * MS_PER_SECOND;
    return true;
}

static bool take_fraction(struct text *text, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (!take_byte(text, '.')) {
        return true;
    }
    size_t digits = 0;
    int64_t ms = 0;
    while (text->size > 0 && text->data[0] >= '0' && text->data[0] <= '9') {
        if (digits < 3) {
            ms = ms * 10 + (text->data[0] - '0');
        }
        digits++;
        *text = text_skip(*text, 1);
    }
    for (size_t i = digits; i < 3; i++) {
        ms *= 10;
    }
    *ret_ms = ms;
    return digits >= 1 && digits <= 9;
}

static bool take_offset(struct text *text, int64_t *ret_ms)
{
    if (take_byte(text, 'Z') || take_byte(text, 'z')) {
        *ret_ms = 0;
        return true;
    }
    int sign = take_byte(text, '+') ? 1 : take_byte(text, '-') ? -1 : 0;
    int hour = 0;
    int minute = 0;
    if (sign == 0 || !take_digits(text, 2, &hour) || !take_byte(text, ':') ||
        !take_digits(text, 2, &minute) || hour > 23 || minute > 59) {
        return false;
    }
    *ret_ms = sign * (hour * MS_PER_HOUR + minute * MS_PER_MINUTE);
    return true;
}

bool instant_parse(struct text text, int64_t *ret_ms)
{
    struct civil_date date = {0};
    int64_t in_day = 0;
    int64_t fraction = 0;
    int64_t offset = 0;
    if (!take_date(&text, &date)) {
        return false;
    }
    if (!take_byte(&text, 'T') && !take_byte(&text, 't') && !take_byte(&text, ' ')) {
        return false;
    }
    if (!take_time(&text, &in_day) || !take_fraction(&text, &fraction) ||
        !take_offset(&text, &offset) || text.size != 0) {
        return false;
    }
    *ret_ms = days_from_civil(date) * MS_PER_DAY + in_day + fraction - offset;
    return true;
}

bool instant_parse_http(struct text text, int64_t *ret_ms)
{
    size_t comma = 0;
    if (!text_find(text, ',', &comma) || comma != 3) {
        return false;
    }
    text = text_skip(text, comma + 1);
    int day = 0;
    int year = 0;
    int month = 0;
    int64_t in_day = 0;
    if (!take_byte(&text, ' ') || !take_digits(&text, 2, &day) || !take_byte(&text, ' ')) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(MONTHS); i++) {
        if (text_starts_with(text, text_from(MONTHS[i]))) {
            month = (int)i + 1;
        }
    }
    text = text_skip(text, text.size < 3 ? text.size : 3);
    if (month == 0 || !take_byte(&text, ' ') || !take_digits(&text, 4, &year) ||
        !take_byte(&text, ' ') || !take_time(&text, &in_day) || !text_equal(text, TEXT(" GMT"))) {
        return false;
    }
    struct civil_date date = {.year = year, .month = month, .day = day};
    if (!civil_is_valid(date)) {
        return false;
    }
    *ret_ms = days_from_civil(date) * MS_PER_DAY + in_day;
    return true;
}

const char *instant_format_http(int64_t ms, char out[INSTANT_TEXT_MAX])
{
    int64_t days = floor_divide(ms, MS_PER_DAY);
    int seconds = (int)((ms - days * MS_PER_DAY) / 1000);
    struct civil_date date = civil_from_days(days);
    (void)snprintf(out, INSTANT_TEXT_MAX, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                   WEEKDAYS[weekday_from_days(days)], date.day, MONTHS[date.month - 1], date.year,
                   seconds / 3600, seconds / 60 % 60, seconds % 60);
    return out;
}

bool civil_parse(struct text text, struct civil_date *ret_date)
{
    struct civil_date date = {0};
    if (!take_date(&text, &date) || text.size != 0) {
        return false;
    }
    *ret_date = date;
    return true;
}

const char *civil_format(struct civil_date date, char out[INSTANT_TEXT_MAX])
{
    (void)snprintf(out, INSTANT_TEXT_MAX, "%04d-%02d-%02d", date.year, date.month, date.day);
    return out;
}

bool minute_parse(struct text text, int *ret_minute)
{
    int hour = 0;
    int minute = 0;
    if (!take_digits(&text, 2, &hour) || !take_byte(&text, ':') ||
        !take_digits(&text, 2, &minute) || text.size != 0 || hour > 23 || minute > 59) {
        return false;
    }
    *ret_minute = hour * 60 + minute;
    return true;
}

const char *minute_format(int minute, char out[INSTANT_TEXT_MAX])
{
    (void)snprintf(out, INSTANT_TEXT_MAX, "%02d:%02d", minute / 60, minute % 60);
    return out;
}

static const struct duration_unit {
    const char *name;
    int64_t ms;
} UNITS[] = {
    {"d", MS_PER_DAY}, {"h", MS_PER_HOUR}, {"m", MS_PER_MINUTE}, {"s", MS_PER_SECOND}, {"ms", 1}};

#define DURATION_MAX_MS (3660 * MS_PER_DAY)

static bool take_number(struct text *text, int64_t *ret_value)
{
    size_t digits = 0;
    while (digits < text->size && text->data[digits] >= '0' && text->data[digits] <= '9') {
        digits++;
    }
    if (digits == 0 || digits > 12 || !text_to_int64(text_head(*text, digits), ret_value)) {
        return false;
    }
    *text = text_skip(*text, digits);
    return true;
}

bool duration_parse(struct text text, int64_t *ret_ms)
{
    int64_t total = 0;
    size_t first_unit = 0;
    if (text.size == 0) {
        return false;
    }
    while (text.size > 0) {
        int64_t value = 0;
        size_t letters = 0;
        if (!take_number(&text, &value)) {
            return false;
        }
        while (letters < text.size && text.data[letters] >= 'a' && text.data[letters] <= 'z') {
            letters++;
        }
        size_t unit = first_unit;
        while (unit < ARRAY_SIZE(UNITS) &&
               !text_equal(text_head(text, letters), text_from(UNITS[unit].name))) {
            unit++;
        }
        if (unit == ARRAY_SIZE(UNITS) || value > DURATION_MAX_MS / UNITS[unit].ms) {
            return false;
        }
        total += value * UNITS[unit].ms;
        first_unit = unit + 1;
        text = text_skip(text, letters);
    }
    if (total > DURATION_MAX_MS) {
        return false;
    }
    *ret_ms = total;
    return true;
}
