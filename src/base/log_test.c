/* Log lines: masked phones, escaped bytes, levels. */
#include "base/log.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What log_event() writes to stderr while it points at a file. */
static char *captured(bool json, const char *value)
{
    char path[] = "/tmp/dripline-log-XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    (void)fflush(stderr);
    int before = dup(STDERR_FILENO);
    assert_true(dup2(descriptor, STDERR_FILENO) >= 0);
    log_setup(LOG_INFO, json);
    log_event(LOG_DEBUG, "hidden", "x=1");
    log_event(LOG_WARNING, "test.case", "request=%d value=\"%s\"", 7, value);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    (void)close(before);
    (void)close(descriptor);
    char *data = NULL;
    size_t size = 0;
    assert_int_equal(file_read(path, 10000, &data, &size, NULL), OK);
    assert_int_equal(unlink(path), 0);
    return data;
}

static void outside_bytes_never_start_a_line(void **state UNUSED)
{
    CLEANUP(mem_free_char) char *plain = captured(false, "a\nb\r\x1b[1m\xE2\x80\xA8");
    size_t lines = 0;
    for (const char *at = plain; *at != '\0'; at++) {
        lines += *at == '\n';
        assert_true(*at != '\r' && *at != '\x1b');
    }
    assert_int_equal(lines, 1);
    assert_non_null(strstr(plain, "warning test.case request=7 value=\"a\\x0ab\\x0d\\x1b[1m\\xe2"));
    CLEANUP(mem_free_char) char *line = captured(true, "one two\n");
    CLEANUP(json_free) struct json *json = NULL;
    assert_int_equal(json_parse(text_from(line), NULL, &json, NULL), OK);
    assert_true(text_equal(json_get_text(json, "event"), TEXT("test.case")));
    assert_true(text_equal(json_get_text(json, "request"), TEXT("7")));
    assert_true(text_equal(json_get_text(json, "value"), TEXT("one two\n")));
}

static void levels_have_words(void **state UNUSED)
{
    enum log_level level = LOG_INFO;
    assert_true(log_level_from_text(TEXT("error"), &level));
    assert_int_equal(level, LOG_ERROR);
    assert_false(log_level_from_text(TEXT("loud"), &level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outside_bytes_never_start_a_line),
        cmocka_unit_test(levels_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
