/* Opting out a whole list: see suppress_list.h. Numbers are read as an import reads them. */
#include "service/suppress_list.h"

#include "base/hash.h"
#include "domain/csv.h"
#include "domain/import_row.h"
#include "service/settings.h"
#include "service/suppress.h"

enum { INPUT_MAX = 128 };

struct reading {
    struct arena *arena;
    struct suppress_list *list;
    struct text country;
    struct map64 *seen;
    bool csv;
    bool has_columns;
    struct import_columns columns;
    enum error_code code;
    struct error *error;
};

const char *suppress_verdict_to_text(enum suppress_verdict verdict)
{
    switch (verdict) {
    case SUPPRESS_OPTED_OUT:
        return "opted_out";
    case SUPPRESS_ALREADY:
        return "already_opted_out";
    case SUPPRESS_DUPLICATE:
        return "duplicate";
    case SUPPRESS_INVALID_PHONE:
        return "invalid_phone";
    }
    return "";
}

static void refuse(struct reading *reading, const struct csv_row *row, struct text input,
                   const char *message)
{
    struct suppress_list *list = reading->list;
    list->counts[SUPPRESS_INVALID_PHONE]++;
    if (list->refused_count < SUPPRESS_LIST_REFUSED_MAX) {
        struct text shown = input.size > INPUT_MAX ? TEXT("") : input;
        list->refused[list->refused_count++] = (struct suppress_refused){
            .row = row->number, .input = arena_text(reading->arena, shown), .message = message};
    }
}

static void take(struct reading *reading, int64_t phone)
{
    int64_t before = 0;
    if (map64_get(reading->seen, phone, &before)) {
        reading->list->counts[SUPPRESS_DUPLICATE]++;
        return;
    }
    map64_put(reading->seen, phone, 1);
    reading->list->phones[reading->list->count++] = phone;
}

static void read_line(struct reading *reading, const struct csv_row *row)
{
    struct text cells[2];
    struct phone phone;
    (void)import_line_split(row->cells[0], cells);
    enum phone_verdict verdict = phone_read(cells[0], reading->country, &phone);
    if (verdict == PHONE_VALID) {
        take(reading, phone.digits);
    } else {
        refuse(reading, row, row->cells[0], phone_verdict_to_words(verdict));
    }
}

static void read_cells(struct reading *reading, const struct csv_row *row)
{
    struct phone phone;
    struct import_refusal refusal = {0};
    if (import_row_phone(&reading->columns, row->cells, row->count, reading->country, &phone,
                         &refusal)) {
        take(reading, phone.digits);
    } else {
        refuse(reading, row, refusal.value, refusal.message);
    }
}

static bool on_row(void *context, const struct csv_row *row)
{
    struct reading *reading = context;
    if (reading->csv && !reading->has_columns && row->problem == CSV_FINE) {
        reading->code =
            import_columns_find(reading->arena, row->cells, row->count, reading->country, NULL, 0,
                                &reading->columns, reading->error);
        reading->has_columns = reading->code == OK;
        if (reading->code != OK || reading->columns.has_header) {
            return reading->code == OK;
        }
    }
    if (reading->list->total == SUPPRESS_LIST_MAX) {
        reading->code =
            error_set(reading->error, ERROR_TOO_BIG,
                      "a list may have at most %d numbers: send it in parts", SUPPRESS_LIST_MAX);
        return false;
    }
    reading->list->total++;
    if (row->problem != CSV_FINE) {
        refuse(reading, row, TEXT(""), csv_problem_to_words(row->problem));
    } else if (reading->csv) {
        read_cells(reading, row);
    } else {
        read_line(reading, row);
    }
    return true;
}

enum error_code suppress_list_read(struct work *work, struct text body, bool csv,
                                   struct suppress_list *ret_list, struct error *error)
{
    CLEANUP(map64_free) struct map64 *seen = map64_new(1024);
    struct settings settings;
    enum error_code code = settings_read(work, &settings, error);
    if (code != OK) {
        return code;
    }
    *ret_list = (struct suppress_list){
        .phones = arena_array(work->arena, SUPPRESS_LIST_MAX, sizeof(int64_t))};
    struct reading reading = {
        .arena = work->arena,
        .list = ret_list,
        .country = settings.default_country,
        .seen = seen,
        .csv = csv,
        .error = error,
    };
    CLEANUP(csv_reader_free)
    struct csv_reader *reader = csv_reader_new(
        text_encoding_guess(body, true), csv ? csv_guess_separator(body) : '\0', on_row, &reading);
    if (csv_reader_feed(reader, body.data, body.size)) {
        (void)csv_reader_finish(reader);
    }
    if (reading.code == OK && ret_list->total == 0) {
        return error_set(error, ERROR_INVALID, "the list holds no numbers");
    }
    return reading.code;
}

enum error_code suppress_list_apply(struct work *work, const struct service *service,
                                    struct suppress_list *list, enum suppression_kind kind,
                                    struct error *error)
{
    enum error_code code = OK;
    for (size_t i = 0; code == OK && i < list->count; i++) {
        const struct suppress_word word = {
            .phone = list->phones[i], .kind = kind, .stop = true, .source = TEXT("import")};
        struct suppress_result result = {0};
        code = suppress_apply(work, service, &word, &result, error);
        list->counts[result.changed ? SUPPRESS_OPTED_OUT : SUPPRESS_ALREADY]++;
    }
    return code;
}
