/* The settings table: which source wins, and what is refused. */
#include "config.h"

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void write_file(char path[64], const char *text)
{
    (void)snprintf(path, 64, "/tmp/config-test-XXXXXX");
    int descriptor = mkstemp(path);
    struct error error = {0};
    assert_true(descriptor >= 0);
    assert_int_equal(file_write_all(descriptor, text_from(text), &error), OK);
    (void)close(descriptor);
}

static void flags_win_over_environment_over_file_over_default(void **state)
{
    (void)state;
    char path[64];
    struct config config = {0};
    struct error error = {0};
    write_file(path, "# comment\n\nlisten = 127.0.0.1:1\nclock = \"manual\"\nimport-max-mb=7\n");
    char *arguments[] = {(char[]){"--config"}, path, (char[]){"--import-max-rows=12"},
                         (char[]){"--data"}, (char[]){"/somewhere"}};
    assert_int_equal(setenv("DRIPLINE_LISTEN", "127.0.0.1:2", 1), 0);
    assert_int_equal(setenv("DRIPLINE_DATA", "/elsewhere", 1), 0);
    assert_int_equal(config_read(5, arguments, &config, &error), OK);
    assert_string_equal(config.listen, "127.0.0.1:2");
    assert_string_equal(config.data, "/somewhere");
    assert_string_equal(config.clock, "manual");
    assert_int_equal(config.import_max_mb, 7);
    assert_int_equal(config.import_max_rows, 12);
    assert_string_equal(config.log_level, "info");
    config_done(&config);
    assert_int_equal(unsetenv("DRIPLINE_LISTEN"), 0);
    assert_int_equal(unsetenv("DRIPLINE_DATA"), 0);
    (void)unlink(path);
}

static void every_wrong_setting_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *flag, *value, *field, *code;
    } rows[] = {
        {"--lisen", "x", "--lisen", "unknown_field"},
        {"listen", "x", "listen", "unknown_field"},
        {"--clock", "sundial", "clock", "invalid_choice"},
        {"--import-max-mb", "0", "import-max-mb", "out_of_range"},
        {"--import-max-mb", "many", "import-max-mb", "out_of_range"},
        {"--listen", "0.0.0.0", "listen", "invalid_format"},
        {"--listen", "127.0.0.1:65536", "listen", "invalid_format"},
        {"--public-url", "drip.example.org", "public-url", "invalid_format"},
        {"--public-url", "https://drip.example.org/", "public-url", "invalid_format"},
        {"--public-url", "https://a@drip.example.org", "public-url", "invalid_format"},
        {"--trusted-proxies", "10.0.0.1, 10.0.0.0/33", "trusted-proxies", "invalid_format"},
        {"--trusted-proxies", "proxy.example.org", "trusted-proxies", "invalid_format"},
        {"--ca-file", "/does/not/exist", "ca-file", "invalid_format"},
        {"--data", NULL, "--data", "required"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char flag[64];
        char value[64];
        struct config config = {0};
        struct error error = {0};
        (void)snprintf(flag, sizeof(flag), "%s", rows[i].flag);
        (void)snprintf(value, sizeof(value), "%s", rows[i].value == NULL ? "" : rows[i].value);
        char *arguments[] = {flag, value};
        assert_int_equal(config_read(rows[i].value == NULL ? 1 : 2, arguments, &config, &error),
                         ERROR_INVALID);
        assert_string_equal(error.fields[0].field, rows[i].field);
        assert_string_equal(error.fields[0].code, rows[i].code);
    }
}

static void what_a_server_can_work_with_is_taken(void **state)
{
    (void)state;
    static const char *const GOOD[][2] = {
        {"--listen", "[::1]:0"},
        {"--listen", ":8080"},
        {"--public-url", "http://localhost:8080"},
        {"--public-url", "https://example.org/drip"},
        {"--trusted-proxies", "10.0.0.1, ::1,192.168.0.0/16,"},
        {"--ca-file", "/dev/null"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(GOOD); i++) {
        char flag[64];
        char value[64];
        struct config config = {0};
        struct error error = {0};
        (void)snprintf(flag, sizeof(flag), "%s", GOOD[i][0]);
        (void)snprintf(value, sizeof(value), "%s", GOOD[i][1]);
        char *arguments[] = {flag, value};
        assert_int_equal(config_read(2, arguments, &config, &error), OK);
        config_done(&config);
    }
}

static void a_wrong_line_in_the_file_is_refused(void **state)
{
    (void)state;
    char path[64];
    struct config config = {0};
    struct error error = {0};
    write_file(path, "listen = 127.0.0.1:1\ncolour = blue\n");
    char *arguments[] = {(char[]){"--config"}, path};
    assert_int_equal(config_read(2, arguments, &config, &error), ERROR_INVALID);
    assert_string_equal(error.fields[0].field, "colour");
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_win_over_environment_over_file_over_default),
        cmocka_unit_test(every_wrong_setting_is_named),
        cmocka_unit_test(what_a_server_can_work_with_is_taken),
        cmocka_unit_test(a_wrong_line_in_the_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
