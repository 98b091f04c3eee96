/* One row of cells becomes one person or a refusal. Which column means what is decided once per
 * file; import_words.c knows the words people use. */
#include "domain/import_row.h"

#include "base/instant.h"
#include "domain/csv.h"
#include "domain/import_internal.h"

enum { DAY_MAX = 3650, NAME_MAX = 200 };

static const char *const FIELDS[] = {
    [IMPORT_CUSTOM] = "custom",
    [IMPORT_IGNORE] = "ignore",
    [IMPORT_PHONE] = "phone",
    [IMPORT_NAME] = "name",
    [IMPORT_FIRST_NAME] = "first_name",
    [IMPORT_LAST_NAME] = "last_name",
    [IMPORT_TIMEZONE] = "timezone",
    [IMPORT_COUNTRY] = "country",
    [IMPORT_START_DAY] = "start_day",
    [IMPORT_CURRENT_DAY] = "current_day",
    [IMPORT_ENROLLED_AT] = "enrolled_at",
};

static const struct {
    const char *text;
    const char *words;
} VERDICTS[] = {
    [ENROLL_ENROLLED] = {"enrolled", "enrolled"},
    [ENROLL_RESTARTED] = {"restarted", "started again from Day 1"},
    [ENROLL_ALREADY_ACTIVE] = {"already_active", "already in this sequence"},
    [ENROLL_ALREADY_COMPLETED] = {"already_completed", "has been through this sequence before"},
    [ENROLL_DUPLICATE_IN_FILE] = {"duplicate_in_file", "the same number stands further up"},
    [ENROLL_OPTED_OUT] = {"opted_out", "asked for no more messages"},
    [ENROLL_INVALID_PHONE] = {"invalid_phone", "the phone number cannot be used"},
    [ENROLL_INVALID_ROW] = {"invalid_row", "the row cannot be used"},
};

const char *enroll_verdict_to_text(enum enroll_verdict verdict)
{
    return VERDICTS[verdict].text;
}

const char *enroll_verdict_to_words(enum enroll_verdict verdict)
{
    return VERDICTS[verdict].words;
}

const char *import_field_to_text(enum import_field field)
{
    return FIELDS[field];
}

bool import_field_from_text(struct text text, enum import_field *ret_field)
{
    for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++) {
        if (i != IMPORT_CUSTOM && text_equal(text, text_from(FIELDS[i]))) {
            *ret_field = (enum import_field)i;
            return true;
        }
    }
    return false;
}

/* ---- columns ------------------------------------------------------------------------------- */

static bool looks_like_person(const struct text *cells, size_t count, struct text default_country)
{
    for (size_t i = 0; i < count; i++) {
        struct phone phone;
        if (phone_read(cells[i], default_country, &phone) == PHONE_VALID) {
            return true;
        }
    }
    return false;
}

static void name_column(struct arena *arena, struct import_column *column, size_t index)
{
    column->name = import_field_name(arena, column->head);
    if (column->name.size == 0) {
        column->name = arena_format(arena, "column_%zu", index + 1);
    }
}

/* The first cell that is a phone number is the phone, the first other one the name. */
static void columns_without_header(struct arena *arena, const struct text *cells,
                                   struct text default_country, struct import_columns *columns)
{
    bool phone_found = false;
    bool name_found = false;
    for (size_t i = 0; i < columns->count; i++) {
        struct import_column *column = &columns->columns[i];
        struct phone phone;
        column->head = arena_format(arena, "column %zu", i + 1);
        name_column(arena, column, i);
        if (!phone_found && phone_read(cells[i], default_country, &phone) == PHONE_VALID) {
            column->field = IMPORT_PHONE;
            phone_found = true;
        } else if (!name_found) {
            column->field = IMPORT_NAME;
            name_found = true;
        }
    }
}

static bool column_taken(const struct import_columns *columns, enum import_field field,
                         size_t before)
{
    for (size_t i = 0; i < before; i++) {
        if (columns->columns[i].field == field) {
            return true;
        }
    }
    return false;
}

/* Refused rows are given back with three columns of ours at the end. When such a file comes again,
 * corrected, those are no fields of a person. */
static void ignore_own_columns(struct import_columns *columns)
{
    static const char *const OWN[] = {"row", "verdict", "reason"};
    if (columns->count <= ARRAY_SIZE(OWN)) {
        return;
    }
    struct import_column *last = &columns->columns[columns->count - ARRAY_SIZE(OWN)];
    for (size_t i = 0; i < ARRAY_SIZE(OWN); i++) {
        if (!text_equal(last[i].head, text_from(OWN[i]))) {
            return;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(OWN); i++) {
        last[i].field = IMPORT_IGNORE;
    }
}

/* A second column that means the same stays as a custom field: the first one counts. */
static void columns_from_header(struct arena *arena, const struct text *cells,
                                struct import_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        struct import_column *column = &columns->columns[i];
        enum import_field field = IMPORT_CUSTOM;
        column->head = arena_text(arena, text_trim(cells[i]));
        name_column(arena, column, i);
        if (import_word_find(column->head, &field) && !column_taken(columns, field, i)) {
            column->field = field;
        } else if (column->head.size == 0) {
            column->field = IMPORT_IGNORE;
        }
    }
    ignore_own_columns(columns);
}

static bool mapping_column(const struct import_columns *columns, struct text wanted,
                           size_t *ret_index)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (import_heads_equal(columns->columns[i].head, wanted)) {
            *ret_index = i;
            return true;
        }
    }
    int64_t number = 0;
    if (text_to_int64(wanted, &number) && number >= 1 && (size_t)number <= columns->count) {
        *ret_index = (size_t)number - 1;
        return true;
    }
    return false;
}

static enum error_code apply_mapping(struct arena *arena, const struct import_mapping *mapping,
                                     size_t count, struct import_columns *columns,
                                     struct error *error)
{
    enum error_code code = OK;
    for (size_t i = 0; i < count; i++) {
        size_t index = 0;
        enum import_field field = IMPORT_CUSTOM;
        if (!mapping_column(columns, mapping[i].column, &index)) {
            code =
                error_field(error, "mapping", "unknown_column", "the file has no column \"%.*s\"",
                            TEXT_ARGS(text_at_most(mapping[i].column, 80)));
            continue;
        }
        if (!import_field_from_text(mapping[i].target, &field)) {
            columns->columns[index].name = import_field_name(arena, mapping[i].target);
        }
        for (size_t j = 0; field > IMPORT_IGNORE && j < columns->count; j++) {
            if (columns->columns[j].field == field) {
                columns->columns[j].field = IMPORT_CUSTOM; /* what was guessed gives way */
            }
        }
        columns->columns[index].field = field;
    }
    return code;
}

enum error_code import_columns_find(struct arena *arena, const struct text *cells, size_t count,
                                    struct text default_country,
                                    const struct import_mapping *mapping, size_t mapping_count,
                                    struct import_columns *ret_columns, struct error *error)
{
    struct import_columns columns = {
        .count = count,
        .columns = arena_array(arena, count + 1, sizeof *columns.columns),
        .has_header = !looks_like_person(cells, count, default_country),
    };
    if (columns.has_header) {
        columns_from_header(arena, cells, &columns);
    } else {
        columns_without_header(arena, cells, default_country, &columns);
    }
    enum error_code code = apply_mapping(arena, mapping, mapping_count, &columns, error);
    if (code != OK) {
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        if (columns.columns[i].field == IMPORT_PHONE) {
            columns.phone_column = i;
            *ret_columns = columns;
            return OK;
        }
    }
    return error_field(error, "phone", "no_phone_column",
                       "no column holds phone numbers; name one \"phone\" or say which it is");
}

/* ---- rows ---------------------------------------------------------------------------------- */

static bool refuse(struct import_refusal *ret_refusal, const struct import_column *column,
                   const char *code, const char *message, struct text value)
{
    *ret_refusal = (struct import_refusal){
        .code = code, .message = message, .field = column->head, .value = value};
    return false;
}

static struct text clean(struct text cell)
{
    return text_trim(csv_without_guard(text_trim(cell)));
}

static bool read_day(const struct import_column *column, struct text value, int64_t *ret_day,
                     struct import_refusal *ret_refusal)
{
    int64_t day = 0;
    if (!text_to_int64(value, &day)) {
        return refuse(ret_refusal, column, "invalid_format", "the day must be a whole number",
                      value);
    }
    if (day < 0 || day > DAY_MAX) {
        return refuse(ret_refusal, column, "out_of_range", "the day must be from 0 to 3,650",
                      value);
    }
    *ret_day = day;
    return true;
}

/* RFC 3339, or a date alone, which means its start in UTC. */
static bool read_moment(const struct import_column *column, struct text value, int64_t *ret_ms,
                        struct import_refusal *ret_refusal)
{
    struct civil_date date;
    if (instant_parse(value, ret_ms)) {
        return true;
    }
    if (civil_parse(value, &date)) {
        *ret_ms = days_from_civil(date) * MS_PER_DAY;
        return true;
    }
    return refuse(ret_refusal, column, "invalid_format",
                  "write the moment as 2026-01-05 or 2026-01-05T09:00:00Z", value);
}

static bool take_custom(const struct import_column *column, struct text value,
                        struct import_person *person, struct import_refusal *ret_refusal)
{
    if (value.size > IMPORT_VALUE_MAX) {
        return refuse(ret_refusal, column, "too_long", "the value is longer than 1,024 bytes",
                      text_at_most(value, 64));
    }
    if (person->field_count == IMPORT_FIELDS_MAX) {
        return refuse(ret_refusal, column, "too_many_fields",
                      "more than 64 custom fields; map columns you do not need to \"ignore\"",
                      value);
    }
    person->fields[person->field_count++] =
        (struct import_custom_field){.name = column->name, .value = value};
    return true;
}

struct name_parts {
    struct text whole;
    struct text first;
    struct text last;
};

static bool read_cell(const struct import_column *column, struct text value,
                      struct import_person *person, struct name_parts *parts,
                      struct import_refusal *ret_refusal)
{
    if (value.size == 0) {
        return true;
    }
    switch (column->field) {
    case IMPORT_CUSTOM:
        return take_custom(column, value, person, ret_refusal);
    case IMPORT_NAME:
        parts->whole = value;
        break;
    case IMPORT_FIRST_NAME:
        parts->first = value;
        break;
    case IMPORT_LAST_NAME:
        parts->last = value;
        break;
    case IMPORT_TIMEZONE:
        person->timezone = text_at_most(value, 64);
        break;
    case IMPORT_START_DAY:
        return read_day(column, value, &person->start_day, ret_refusal);
    case IMPORT_CURRENT_DAY:
        return read_day(column, value, &person->current_day, ret_refusal);
    case IMPORT_ENROLLED_AT:
        return read_moment(column, value, &person->enrolled_at_ms, ret_refusal);
    case IMPORT_IGNORE:
    case IMPORT_PHONE:
    case IMPORT_COUNTRY:
        break;
    }
    return true;
}

/* Cuts a name that nobody has at a character's border. */
static struct text limit_name(struct text name)
{
    if (name.size <= NAME_MAX) {
        return name;
    }
    size_t size = NAME_MAX;
    while (size > 0 && ((unsigned char)name.data[size] & 0xc0) == 0x80) {
        size--;
    }
    return text_head(name, size);
}

bool import_row_phone(const struct import_columns *columns, const struct text *cells, size_t count,
                      struct text default_country, struct phone *ret_phone,
                      struct import_refusal *ret_refusal)
{
    struct text country = default_country;
    for (size_t i = 0; i < columns->count && i < count; i++) {
        if (columns->columns[i].field == IMPORT_COUNTRY &&
            phone_country_known(text_trim(cells[i]))) {
            country = text_trim(cells[i]);
        }
    }
    size_t at = columns->phone_column;
    struct text value = at < count ? cells[at] : text_make("", 0);
    enum phone_verdict verdict = phone_read(value, country, ret_phone);
    if (verdict == PHONE_VALID) {
        return true;
    }
    (void)refuse(ret_refusal, &columns->columns[at], phone_verdict_to_code(verdict),
                 phone_verdict_to_words(verdict), text_trim(value));
    ret_refusal->is_phone = true;
    return false;
}

bool import_row_read(struct arena *arena, const struct import_columns *columns,
                     const struct text *cells, size_t count, struct text default_country,
                     struct import_person *ret_person, struct import_refusal *ret_refusal)
{
    /* Only the fields in use are written: the array is large and rows are many. */
    ret_person->name = text_make("", 0);
    ret_person->timezone = text_make(NULL, 0);
    ret_person->start_day = 0;
    ret_person->current_day = 0;
    ret_person->enrolled_at_ms = 0;
    ret_person->field_count = 0;
    if (!import_row_phone(columns, cells, count, default_country, &ret_person->phone,
                          ret_refusal)) {
        return false;
    }
    struct name_parts parts = {.whole = {NULL, 0}};
    for (size_t i = 0; i < columns->count && i < count; i++) {
        if (!read_cell(&columns->columns[i], clean(cells[i]), ret_person, &parts, ret_refusal)) {
            return false;
        }
    }
    for (size_t i = columns->count; i < count; i++) {
        if (text_trim(cells[i]).size > 0) {
            static const struct import_column BEYOND = {.head = TEXT_INIT("row")};
            return refuse(ret_refusal, &BEYOND, "too_many_cells",
                          "the row has more cells than the header; is a quote missing?", cells[i]);
        }
    }
    if (parts.whole.size > 0) {
        ret_person->name = limit_name(parts.whole);
    } else if (parts.first.size > 0 && parts.last.size > 0) {
        ret_person->name = limit_name(
            arena_format(arena, "%.*s %.*s", TEXT_ARGS(parts.first), TEXT_ARGS(parts.last)));
    } else if (parts.first.size + parts.last.size > 0) {
        ret_person->name = limit_name(parts.first.size > 0 ? parts.first : parts.last);
    }
    return true;
}

/* ---- pasted lines -------------------------------------------------------------------------- */

static bool is_number_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || memchr("+-.()/ ", byte, 7) != NULL;
}

/* "+91 98765 43210 Asha Rao": the number is the longest start that has only a number's bytes. */
static size_t split_after_number(struct text line, struct text ret_cells[2])
{
    size_t end = 0;
    while (end < line.size && is_number_byte(line.data[end])) {
        end++;
    }
    if (end == 0 || end == line.size || line.data[end - 1] != ' ') {
        return 0;
    }
    ret_cells[0] = text_trim(text_head(line, end));
    ret_cells[1] = text_trim(text_skip(line, end));
    return 2;
}

/* "Asha Rao 9876543210" */
static size_t split_before_number(struct text line, struct text ret_cells[2])
{
    size_t start = line.size;
    while (start > 0 && is_number_byte(line.data[start - 1])) {
        start--;
    }
    while (start < line.size && memchr(" -.)/", line.data[start], 5) != NULL) {
        start++;
    }
    if (start == 0 || start == line.size) {
        return 0;
    }
    ret_cells[0] = text_trim(text_skip(line, start));
    ret_cells[1] = text_trim(text_head(line, start));
    return 2;
}

static bool has_digits(struct text text)
{
    size_t digits = 0;
    for (size_t i = 0; i < text.size; i++) {
        digits += text.data[i] >= '0' && text.data[i] <= '9' ? 1 : 0;
    }
    return digits >= 4;
}

size_t import_line_split(struct text line, struct text ret_cells[2])
{
    line = text_trim(line);
    static const char SEPARATORS[] = {'\t', ';', ','};
    for (size_t i = 0; i < ARRAY_SIZE(SEPARATORS); i++) {
        size_t at = 0;
        if (text_find(line, SEPARATORS[i], &at)) {
            struct text left = text_trim(text_head(line, at));
            struct text right = text_trim(text_skip(line, at + 1));
            bool swapped = !has_digits(left) && has_digits(right);
            ret_cells[0] = swapped ? right : left;
            ret_cells[1] = swapped ? left : right;
            return ret_cells[1].size == 0 ? 1 : 2;
        }
    }
    size_t count = split_after_number(line, ret_cells);
    if (count == 0) {
        count = split_before_number(line, ret_cells);
    }
    if (count == 0) {
        ret_cells[0] = line;
        count = 1;
    }
    return count;
}
