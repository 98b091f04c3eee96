/* Where the files of open imports stand, and which of them nobody needs any more. */
#include "service/runner_files.h"

#include "base/file.h"
#include "service/runner.h"
#include "store/store_batch.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

enum error_code runner_import_directory(const struct service *service, char *ret_path, size_t size,
                                        struct error *error)
{
    int needed = snprintf(ret_path, size, "%s/imports", service->data_directory);
    if (needed < 0 || (size_t)needed >= size) {
        return error_set(error, ERROR_INVALID, "the path of the data directory is too long");
    }
    return file_make_directory(ret_path, 0700, error);
}

void runner_remove_leftovers(const char *directory, struct db *db, struct arena *arena)
{
    struct error error = {.code = OK};
    struct work work = {.arena = arena, .db = db};
    struct store_batch *batches = NULL;
    size_t count = 0;
    if (store_batch_open_list(&work, 0, 10000, &batches, &count, &error) != OK) {
        return;
    }
    DIR *folder = opendir(directory);
    struct dirent *entry = NULL;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char path[1024];
        int size = snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        bool wanted = entry->d_name[0] == '.' || size < 0 || (size_t)size >= sizeof path;
        for (size_t i = 0; i < count && !wanted; i++) {
            wanted = text_equal(batches[i].spool_path, text_from(path));
        }
        if (!wanted) {
            (void)unlink(path);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    arena_reset(arena);
}
