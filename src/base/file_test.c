/* Whole files: limits, atomic replacement, refusals. */
#include "base/file.h"

#include "base/mem.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void files_are_created_once_and_replaced_whole(void **state UNUSED)
{
    char folder[] = "/tmp/dripline-file-XXXXXX";
    assert_non_null(mkdtemp(folder));
    CLEANUP(mem_free_char) char *deep = file_join(folder, "a/b");
    struct error error = {0};
    assert_int_equal(file_make_directory(deep, 0700, &error), OK);
    assert_int_equal(file_make_directory(deep, 0700, &error), OK);
    CLEANUP(mem_free_char) char *path = file_join(deep, "key");
    char *data = NULL;
    size_t size = 0;
    assert_int_equal(file_read(path, 10, &data, &size, &error), ERROR_NOT_FOUND);
    assert_int_equal(file_create(path, TEXT("one"), 0400, &error), OK);
    assert_int_equal(file_create(path, TEXT("two"), 0400, &error), ERROR_CONFLICT);
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777U, 0400);
    assert_int_equal(file_write_atomic(path, TEXT("longer text"), 0600, &error), OK);
    assert_int_equal(file_read(path, 10, &data, &size, &error), ERROR_TOO_BIG);
    assert_int_equal(file_read(path, 11, &data, &size, &error), OK);
    assert_int_equal(size, 11);
    assert_string_equal(data, "longer text");
    mem_free(data);
    assert_int_equal(file_make_directory(path, 0700, &error), ERROR_CONFLICT);
    assert_int_equal(unlink(path), 0);
    assert_false(file_exists(path));
    assert_int_equal(rmdir(deep), 0);
    CLEANUP(mem_free_char) char *parent = file_join(folder, "a");
    assert_int_equal(rmdir(parent), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_created_once_and_replaced_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
