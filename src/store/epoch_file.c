/* The epoch file: one line, "install_id epoch highest_message_id", replaced whole. */
#include "base/file.h"
#include "base/mem.h"
#include "store/journal.h"

#include <stdio.h>
#include <string.h>

enum { EPOCH_FILE_MAX = 4096 };

static const char EPOCH_NAME[] = "epoch";

static bool next_number(struct text *rest, char separator, int64_t *ret_value)
{
    struct text part;
    return text_next(rest, separator, &part) && text_to_int64(part, ret_value);
}

enum error_code epoch_file_read(const char *directory, struct epoch_file *ret_file, bool *ret_found,
                                struct error *error)
{
    CLEANUP(mem_free_char) char *path = file_join(directory, EPOCH_NAME);
    CLEANUP(mem_free_char) char *data = NULL;
    size_t size = 0;
    if (!file_exists(path)) {
        *ret_found = false;
        return OK;
    }
    enum error_code code = file_read(path, EPOCH_FILE_MAX, &data, &size, error);
    if (code != OK) {
        return code;
    }
    struct epoch_file file = {0};
    struct text rest = text_make(data, size);
    struct text install_id;
    if (!text_next(&rest, ' ', &install_id) || install_id.size == 0 ||
        install_id.size >= sizeof(file.install_id) || !next_number(&rest, ' ', &file.epoch) ||
        !next_number(&rest, '\n', &file.highest_message_id)) {
        return error_set(error, ERROR_INTERNAL, "the file \"%s\" is damaged", path);
    }
    memcpy(file.install_id, install_id.data, install_id.size);
    *ret_file = file;
    *ret_found = true;
    return OK;
}

enum error_code epoch_file_write(const char *directory, const struct epoch_file *file,
                                 struct error *error)
{
    CLEANUP(mem_free_char) char *path = file_join(directory, EPOCH_NAME);
    char line[128];
    int size = snprintf(line, sizeof(line), "%s %lld %lld\n", file->install_id,
                        (long long)file->epoch, (long long)file->highest_message_id);
    return file_write_atomic(path, text_make(line, (size_t)size), 0600, error);
}
