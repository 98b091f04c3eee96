/* The tokenizer against its own vectors, fed whole and cut at every place; against libcsv on
 * generated files where that is installed; encodings, separators, limits, writing. */
#include "domain/csv.h"

#include "base/buffer.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#ifdef HAVE_LIBCSV
#include <csv.h>
#endif

/* Writes rows as "line:cell|cell/" so that they compare as one text. */
static bool on_row(void *context, const struct csv_row *row)
{
    struct buffer *seen = context;
    buffer_add_format(seen, "%lld:", (long long)row->line);
    if (row->problem != CSV_FINE) {
        buffer_add_format(seen, "!%s", csv_problem_to_code(row->problem));
    }
    for (size_t i = 0; i < row->count; i++) {
        buffer_add_format(seen, "%s", i == 0 ? "" : "|");
        buffer_add_text(seen, row->cells[i]);
    }
    buffer_add_byte(seen, '/');
    return true;
}

static void read_all(struct buffer *seen, enum text_encoding encoding, char separator,
                     struct text input, size_t cut)
{
    buffer_clear(seen);
    CLEANUP(csv_reader_free)
    struct csv_reader *reader = csv_reader_new(encoding, separator, on_row, seen);
    assert_true(csv_reader_feed(reader, input.data, cut));
    assert_true(csv_reader_feed(reader, input.data + cut, input.size - cut));
    assert_true(csv_reader_finish(reader));
}

static void check(enum text_encoding encoding, char separator, struct text input,
                  const char *expected)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer seen;
    buffer_init(&seen, 1 << 20);
    for (size_t cut = 0; cut <= input.size; cut++) {
        read_all(&seen, encoding, separator, input, cut);
        assert_string_equal(buffer_chars(&seen), expected);
    }
}

static void test_rows_and_cells(void **state)
{
    (void)state;
    static const struct {
        struct text input;
        const char *expected;
    } VECTORS[] = {
        {TEXT_INIT(""), ""},
        {TEXT_INIT("a"), "1:a/"},
        {TEXT_INIT("a,b\n"), "1:a|b/"},
        {TEXT_INIT("a,\n,b\n,"), "1:a|/2:|b/3:|/"},
        {TEXT_INIT("a\r\nb\rc\nd"), "1:a/2:b/3:c/4:d/"},
        {TEXT_INIT("\n\r\n\ra\n\n\nb"), "4:a/7:b/"},
        {TEXT_INIT("\"a,b\",\"c\"\"d\",\"\"\n"), "1:a,b|c\"d|/"},
        {TEXT_INIT("\"one\r\ntwo\nthree\",x\r\ny"), "1:one\r\ntwo\nthree|x/4:y/"},
        {TEXT_INIT("\"\"\n"), "1:/"},
        {TEXT_INIT("a \"quoted\" word,b\n"), "1:a \"quoted\" word|b/"},
        {TEXT_INIT("\"a\" tail,b\n"), "1:a tail|b/"},
        {TEXT_INIT("\"never closed,b\nc"), "1:!unclosed_quote/"},
        {TEXT_INIT("\xef\xbb\xbf"
                   "a,b\n"),
         "1:a|b/"},
        {TEXT_INIT("\xef\xbb"), "1:\xc3\xaf\xc2\xbb/"},
        {TEXT_INIT("a\0b,c\nd\n"), "1:!not_text/2:d/"},
        {TEXT_INIT("Jos\xc3\xa9,Jos\xe9\n"), "1:Jos\xc3\xa9|Jos\xc3\xa9/"},
        {TEXT_INIT(
             "0123456789abcdef0123456789abcdef,0123456789abcdef\n\"0123456789abcdef01234\"\n"),
         "1:0123456789abcdef0123456789abcdef|0123456789abcdef/2:0123456789abcdef01234/"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(VECTORS); i++) {
        check(TEXT_ENCODING_UTF8, ',', VECTORS[i].input, VECTORS[i].expected);
    }
    check(TEXT_ENCODING_UTF8, 0, TEXT("98765, Asha \"A\"\n\nx"), "1:98765, Asha \"A\"/3:x/");
}

static void test_encodings(void **state)
{
    (void)state;
    check(TEXT_ENCODING_WINDOWS_1252, ';', TEXT("Jos\xe9;\x80 5\n"),
          "1:Jos\xc3\xa9|\xe2\x82\xac 5/");
    check(TEXT_ENCODING_UTF16LE, ',',
          TEXT("\xff\xfe"
               "a\0,\0\xe9\0\r\0\n\0\x3d\xd8\x00\xde\n\0"),
          "1:a|\xc3\xa9/2:\xf0\x9f\x98\x80/");
    check(TEXT_ENCODING_UTF16BE, ',', TEXT("\0a\0,\0b\0\n\0c"), "1:a|b/2:c/");
    assert_int_equal(text_encoding_guess(TEXT("\xff\xfe"
                                              "a\0"),
                                         true),
                     TEXT_ENCODING_UTF16LE);
    assert_int_equal(text_encoding_guess(TEXT("a\0b\0c\0d\0"), true), TEXT_ENCODING_UTF16LE);
    assert_int_equal(text_encoding_guess(TEXT("\0a\0b\0c\0d"), true), TEXT_ENCODING_UTF16BE);
    assert_int_equal(text_encoding_guess(TEXT("Jos\xc3\xa9"), true), TEXT_ENCODING_UTF8);
    assert_int_equal(text_encoding_guess(TEXT("Jos\xc3"), false), TEXT_ENCODING_UTF8);
    assert_int_equal(text_encoding_guess(TEXT("Jos\xc3"), true), TEXT_ENCODING_WINDOWS_1252);
    assert_int_equal(text_encoding_guess(TEXT("Jos\xe9, x"), true), TEXT_ENCODING_WINDOWS_1252);
}

static void test_separators(void **state)
{
    (void)state;
    assert_int_equal(csv_guess_separator(TEXT("phone,name\n1,a\n2,b\n")), ',');
    assert_int_equal(csv_guess_separator(TEXT("phone;name;price\n1;a;9,5\n2;b;7,5\n")), ';');
    assert_int_equal(csv_guess_separator(TEXT("phone\tname\n1\ta, b\n2\tb\n")), '\t');
    assert_int_equal(csv_guess_separator(TEXT("phone|name\n1|a\n")), '|');
    assert_int_equal(csv_guess_separator(TEXT("phone\n1\n2\n")), ',');
    assert_int_equal(csv_guess_separator(TEXT("phone,note\n1,\"a;b;c\"\n2,\"d;e;f\"\n")), ',');
}

static void test_limits(void **state)
{
    (void)state;
    CLEANUP_IN_PLACE(buffer_done) struct buffer input;
    CLEANUP_IN_PLACE(buffer_done) struct buffer seen;
    buffer_init(&input, 8 << 20);
    buffer_init(&seen, 8 << 20);
    for (size_t i = 0; i <= CSV_CELL_BYTES_MAX; i++) {
        buffer_add_byte(&input, 'x');
    }
    buffer_add_chars(&input, ",b\nok\n");
    for (size_t i = 0; i < CSV_COLUMNS_MAX; i++) {
        buffer_add_byte(&input, ',');
    }
    buffer_add_chars(&input, "\nok\n");
    for (size_t i = 0; i < CSV_ROW_BYTES_MAX / 1000 + 1; i++) {
        for (size_t j = 0; j < 1100; j++) {
            buffer_add_byte(&input, j == 0 ? ',' : 'y');
        }
    }
    buffer_add_chars(&input, "\nok\n");
    read_all(&seen, TEXT_ENCODING_UTF8, ',', buffer_text(&input), input.size / 2);
    assert_string_equal(buffer_chars(&seen), "1:!cell_too_long/2:ok/3:!too_many_columns/4:ok/"
                                             "5:!row_too_long/6:ok/");
}

struct place {
    int64_t offset;
    int64_t line;
    int64_t number;
    int64_t size;
};

static bool on_place(void *context, const struct csv_row *row)
{
    struct place *places = context;
    places[row->number - 1] = (struct place){row->offset, row->line, row->number, row->size};
    return true;
}

/* Reads `input`, then each of its rows alone from where it was said to stand. */
static void find_again(enum text_encoding encoding, struct text input, const char *wanted)
{
    struct place places[4] = {{0}};
    CLEANUP(csv_reader_free)
    struct csv_reader *reader = csv_reader_new(encoding, ',', on_place, places);
    assert_true(csv_reader_feed(reader, input.data, input.size) && csv_reader_finish(reader));
    CLEANUP_IN_PLACE(buffer_done) struct buffer seen;
    buffer_init(&seen, 1000);
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(csv_reader_free)
        struct csv_reader *again = csv_reader_new(encoding, ',', on_row, &seen);
        csv_reader_restart(again, places[i].offset, places[i].line, places[i].number);
        struct text row =
            text_head(text_skip(input, (size_t)places[i].offset), (size_t)places[i].size);
        assert_true(csv_reader_feed(again, row.data, row.size) && csv_reader_finish(again));
    }
    assert_string_equal(buffer_chars(&seen), wanted);
}

static void test_rows_are_found_again(void **state)
{
    (void)state;
    find_again(TEXT_ENCODING_UTF8,
               TEXT("\xef\xbb\xbf"
                    "a,b\r\n\"c\nd\",e\r\n\r\nf,g"),
               "1:a|b/2:c\nd|e/5:f|g/");
    find_again(TEXT_ENCODING_UTF16LE,
               TEXT("\xff\xfe"
                    "a\0,\0b\0\r\0\n\0\"\0c\0\n\0d\0\"\0,\0e\0\r\0\n\0\r\0\n\0f\0,\0g\0"),
               "1:a|b/2:c\nd|e/5:f|g/");
}

static void test_written_cells_are_read_back_and_never_run(void **state)
{
    (void)state;
    static const char *const CELLS[][2] = {
        {"plain", "plain"},
        {"a,b", "\"a,b\""},
        {"say \"hi\"", "\"say \"\"hi\"\"\""},
        {"=1+1", "'=1+1"},
        {"@cmd", "'@cmd"},
        {"-2+3", "'-2+3"},
        {"＝1+1", "'＝1+1"},
        {"＠cmd", "'＠cmd"},
        {"\t=1", "\"'\t=1\""},
        {"\n=1", "\"'\n=1\""},
        {"'=1", "''=1"},
        {"''@x", "'''@x"},
        {"'plain", "'plain"},
        {"'-5", "''-5"},
        {"+919876543210", "+919876543210"},
        {"-5.5", "-5.5"},
        {"two\nlines", "\"two\nlines\""},
        {" x", "\" x\""},
        {"", "\"\""},
    };
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&out, 1000);
    for (size_t i = 0; i < ARRAY_SIZE(CELLS); i++) {
        buffer_clear(&out);
        csv_put_cell(&out, text_from(CELLS[i][0]), true, true);
        assert_string_equal(buffer_chars(&out), CELLS[i][1]);
        struct text guarded = text_from(CELLS[i][1]);
        if (!text_find(guarded, '"', &(size_t){0})) {
            assert_true(text_equal(csv_without_guard(guarded), text_from(CELLS[i][0])));
        }
    }
    buffer_clear(&out);
    csv_put_cell(&out, TEXT("=1"), true, false);
    csv_put_cell(&out, TEXT(""), false, true);
    csv_end_row(&out);
    assert_string_equal(buffer_chars(&out), "=1,\r\n");
}

#ifdef HAVE_LIBCSV
static void on_other_cell(void *cell, size_t size, void *context)
{
    buffer_add(context, cell, size);
    buffer_add_byte(context, '|');
}

static void on_other_row(int byte, void *context)
{
    (void)byte;
    buffer_add_byte(context, '/');
}

static bool on_plain_row(void *context, const struct csv_row *row)
{
    for (size_t i = 0; i < row->count; i++) {
        on_other_cell((void *)(uintptr_t)row->cells[i].data, row->cells[i].size, context);
    }
    buffer_add_byte(context, '/');
    return true;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 16;
}

/* Cells that both readers must read alike: libcsv drops spaces around unquoted cells, so none
 * begins or ends with one. */
static void put_random_cell(struct buffer *input, uint32_t *random)
{
    static const char *const PARTS[] = {"a", "b c", "\xc3\xa9", "0123456789abcdefg", "x-y", "."};
    bool quoted = next_random(random) % 3 == 0;
    if (quoted) {
        buffer_add_byte(input, '"');
    }
    for (uint32_t left = next_random(random) % 4; left > 0; left--) {
        buffer_add_chars(input, PARTS[next_random(random) % ARRAY_SIZE(PARTS)]);
        if (quoted) {
            static const char *const SPECIAL[] = {",", "\"\"", "\n", "\r\n", "", ";"};
            buffer_add_chars(input, SPECIAL[next_random(random) % ARRAY_SIZE(SPECIAL)]);
        }
    }
    if (quoted) {
        buffer_add_byte(input, '"');
    }
}

static void test_agrees_with_another_reader(void **state)
{
    (void)state;
    CLEANUP_IN_PLACE(buffer_done) struct buffer input;
    CLEANUP_IN_PLACE(buffer_done) struct buffer mine;
    CLEANUP_IN_PLACE(buffer_done) struct buffer other;
    buffer_init(&input, 1 << 20);
    buffer_init(&mine, 1 << 22);
    buffer_init(&other, 1 << 22);
    for (uint32_t seed = 1; seed <= 3000; seed++) {
        uint32_t random = seed;
        buffer_clear(&input);
        buffer_clear(&mine);
        buffer_clear(&other);
        static const char *const ENDS[] = {"\n", "\r\n", "\r"};
        for (uint32_t rows = next_random(&random) % 12; rows > 0; rows--) {
            for (uint32_t cells = next_random(&random) % 5; cells > 0; cells--) {
                put_random_cell(&input, &random);
                buffer_add_byte(&input, ',');
            }
            buffer_add_chars(&input, "z");
            buffer_add_chars(&input, ENDS[next_random(&random) % ARRAY_SIZE(ENDS)]);
        }
        struct csv_parser parser;
        assert_int_equal(csv_init(&parser, CSV_STRICT), 0);
        csv_parse(&parser, buffer_chars(&input), input.size, on_other_cell, on_other_row, &other);
        csv_fini(&parser, on_other_cell, on_other_row, &other);
        csv_free(&parser);
        CLEANUP(csv_reader_free)
        struct csv_reader *reader = csv_reader_new(TEXT_ENCODING_UTF8, ',', on_plain_row, &mine);
        size_t cut = input.size == 0 ? 0 : next_random(&random) % input.size;
        assert_true(csv_reader_feed(reader, buffer_chars(&input), cut));
        assert_true(csv_reader_feed(reader, buffer_chars(&input) + cut, input.size - cut));
        assert_true(csv_reader_finish(reader));
        assert_string_equal(buffer_chars(&mine), buffer_chars(&other));
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_and_cells),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_separators),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_rows_are_found_again),
        cmocka_unit_test(test_written_cells_are_read_back_and_never_run),
#ifdef HAVE_LIBCSV
        cmocka_unit_test(test_agrees_with_another_reader),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
