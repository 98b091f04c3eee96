/* Heads in many languages, mappings, rows that are taken and rows that are refused, pasted lines.
 */
#include "domain/import_row.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct text INDIA = TEXT_INIT("IN");

static size_t cells_of(const char *line, struct text cells[16])
{
    struct text rest = text_from(line);
    size_t count = 0;
    while (count < 16 && text_next(&rest, ',', &cells[count])) {
        count++;
    }
    return count;
}

static enum error_code find(struct arena *arena, const char *line, struct import_columns *columns,
                            struct error *error)
{
    struct text cells[16];
    size_t count = cells_of(line, cells);
    return import_columns_find(arena, cells, count, INDIA, NULL, 0, columns, error);
}

static void test_heads_people_use(void **state)
{
    (void)state;
    static const char *const LINES[] = {
        "name,Phone No.,city", "Nome,Celular,x",        "Nombre,Número,x",
        "नाम,फ़ोन,x",           "الاسم,هاتف,x",          "Vorname,Handynummer,x",
        "Имя,ТЕЛЕФОН,x",       "First Name,WhatsApp,x", "Ad Soyad,Cep Telefonu,x",
        "NOME,TELEFONE,x",     "Nama,No. HP,x",         "имя,номер телефона,x",
    };
    for (size_t i = 0; i < ARRAY_SIZE(LINES); i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new();
        struct import_columns columns;
        struct error error = {0};
        if (find(arena, LINES[i], &columns, &error) != OK) {
            fail_msg("%s: %s", LINES[i], error.message);
        }
        assert_true(columns.has_header);
        assert_int_equal(columns.phone_column, 1);
        assert_true(columns.columns[0].field == IMPORT_NAME ||
                    columns.columns[0].field == IMPORT_FIRST_NAME);
        assert_int_equal(columns.columns[2].field, IMPORT_CUSTOM);
    }
}

static void test_no_header_and_no_phone(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct import_columns columns;
    struct error error = {0};
    assert_int_equal(find(arena, "Asha,98765 43210,Pune", &columns, &error), OK);
    assert_false(columns.has_header);
    assert_int_equal(columns.phone_column, 1);
    assert_int_equal(columns.columns[0].field, IMPORT_NAME);
    assert_true(text_equal(columns.columns[2].name, TEXT("column_3")));
    assert_int_equal(find(arena, "name,email", &columns, &error), ERROR_INVALID);
    assert_string_equal(error.fields[0].code, "no_phone_column");
}

static void test_mapping_overrules(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct import_columns columns;
    struct error error = {0};
    struct text cells[16];
    size_t count = cells_of("phone,Nr 2,Stadt,note", cells);
    struct import_mapping mapping[] = {{TEXT("nr_2"), TEXT("phone")},
                                       {TEXT("3"), TEXT("City Name")},
                                       {TEXT("note"), TEXT("ignore")}};
    assert_int_equal(import_columns_find(arena, cells, count, INDIA, mapping, 3, &columns, &error),
                     OK);
    assert_int_equal(columns.phone_column, 1);
    assert_int_equal(columns.columns[0].field, IMPORT_CUSTOM);
    assert_true(text_equal(columns.columns[2].name, TEXT("city_name")));
    assert_int_equal(columns.columns[3].field, IMPORT_IGNORE);
    struct import_mapping wrong = {TEXT("nope"), TEXT("phone")};
    assert_int_equal(import_columns_find(arena, cells, count, INDIA, &wrong, 1, &columns, &error),
                     ERROR_INVALID);
}

static bool read(struct arena *arena, const char *head, const char *line,
                 struct import_person *person, struct import_refusal *refusal)
{
    struct import_columns columns;
    struct error error = {0};
    struct text cells[16];
    assert_int_equal(find(arena, head, &columns, &error), OK);
    size_t count = cells_of(line, cells);
    return import_row_read(arena, &columns, cells, count, INDIA, person, refusal);
}

static void test_rows_become_people(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    static struct import_person person;
    struct import_refusal refusal;
    assert_true(read(arena, "phone,first name,last name,Email,tz,current_day,enrolled_at,City",
                     " 098765 43210 , Asha ,Rao,a@example.org,Asia/Kolkata,3,2026-01-05,", &person,
                     &refusal));
    assert_true(person.phone.digits == 919876543210);
    assert_true(text_equal(person.name, TEXT("Asha Rao")));
    assert_true(text_equal(person.timezone, TEXT("Asia/Kolkata")));
    assert_int_equal(person.current_day, 3);
    assert_true(person.enrolled_at_ms == INT64_C(1767571200000));
    assert_int_equal(person.field_count, 1);
    assert_true(text_equal(person.fields[0].name, TEXT("email")));
    assert_true(read(arena, "phone,phone country,note", "4155552671,US,'=1", &person, &refusal));
    assert_true(person.phone.digits == 14155552671);
    assert_true(text_equal(person.fields[0].value, TEXT("=1")));
}

static void test_refusals(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    static struct import_person person;
    struct import_refusal refusal;
    assert_false(read(arena, "phone,name", "9.19877E+11,Asha", &person, &refusal));
    assert_true(refusal.is_phone);
    assert_string_equal(refusal.code, "rounded");
    assert_false(read(arena, "phone,start_day", "9876543210,soon", &person, &refusal));
    assert_false(refusal.is_phone);
    assert_true(text_equal(refusal.field, TEXT("start_day")));
    assert_false(read(arena, "phone,start_day", "9876543210,4000", &person, &refusal));
    assert_string_equal(refusal.code, "out_of_range");
    assert_false(read(arena, "phone,enrolled_at", "9876543210,05/01/26", &person, &refusal));
    assert_false(read(arena, "phone,name", "9876543210,Asha,more", &person, &refusal));
    assert_string_equal(refusal.code, "too_many_cells");
    assert_false(read(arena, "name,phone", "Asha", &person, &refusal));
    assert_string_equal(refusal.code, "required");
}

static void test_pasted_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *number;
        const char *name;
    } LINES[] = {
        {"+91 98765 43210 Asha Rao", "+91 98765 43210", "Asha Rao"},
        {"9876543210", "9876543210", NULL},
        {"9876543210, Asha", "9876543210", "Asha"},
        {"9876543210\tAsha", "9876543210", "Asha"},
        {"Asha; 9876543210", "9876543210", "Asha"},
        {"Asha Rao (98765) 43210", "(98765) 43210", "Asha Rao"},
        {"Asha - 98765-43210", "98765-43210", "Asha -"},
        {"(022) 2345 6789 M\xc3\xadra", "(022) 2345 6789", "M\xc3\xadra"},
        {"9876543210,", "9876543210", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(LINES); i++) {
        struct text cells[2];
        size_t count = import_line_split(text_from(LINES[i].line), cells);
        assert_int_equal(count, LINES[i].name == NULL ? 1 : 2);
        if (!text_equal(cells[0], text_from(LINES[i].number))) {
            fail_msg("%s: %.*s", LINES[i].line, TEXT_ARGS(cells[0]));
        }
        if (count == 2) {
            assert_true(text_equal(cells[1], text_from(LINES[i].name)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_people_use),  cmocka_unit_test(test_no_header_and_no_phone),
        cmocka_unit_test(test_mapping_overrules), cmocka_unit_test(test_rows_become_people),
        cmocka_unit_test(test_refusals),          cmocka_unit_test(test_pasted_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
