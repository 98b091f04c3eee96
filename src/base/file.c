/* Whole small files: see file.h. */
#include "base/file.h"

#include "base/buffer.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_descriptor(int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
    }
}

static enum error_code errno_error(struct error *error, const char *verb, const char *path)
{
    int number = errno;
    enum error_code code = ERROR_UNAVAILABLE;
    if (number == ENOENT) {
        code = ERROR_NOT_FOUND;
    } else if (number == EACCES || number == EPERM || number == EROFS) {
        code = ERROR_DENIED;
    } else if (number == EEXIST) {
        code = ERROR_CONFLICT;
    }
    (void)error_set(error, code, "could not %s \"%s\": %s", verb, path, strerrordesc_np(number));
    error_detail(error, "errno %d", number);
    return code;
}

enum error_code file_read(const char *path, size_t limit, char **ret_data, size_t *ret_size,
                          struct error *error)
{
    CLEANUP_IN_PLACE(close_descriptor) int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return errno_error(error, "open", path);
    }
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, limit);
    for (;;) {
        char piece[16384];
        ssize_t size = read(descriptor, piece, sizeof(piece));
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            return errno_error(error, "read", path);
        }
        if (size == 0) {
            break;
        }
        buffer_add(&buffer, piece, (size_t)size);
        if (buffer_overflowed(&buffer)) {
            return error_set(error, ERROR_TOO_BIG, "\"%s\" is larger than %zu bytes", path, limit);
        }
    }
    *ret_size = buffer.size;
    *ret_data = buffer_take(&buffer);
    return OK;
}

enum error_code file_write_all(int descriptor, struct text data, struct error *error)
{
    while (data.size > 0) {
        ssize_t size = write(descriptor, data.data, data.size);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            return errno_error(error, "write", "file");
        }
        data = text_skip(data, (size_t)size);
    }
    return OK;
}

enum error_code file_sync_directory(const char *path, struct error *error)
{
    CLEANUP_IN_PLACE(close_descriptor)
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0 || fsync(descriptor) != 0) {
        return errno_error(error, "sync directory", path);
    }
    return OK;
}

static enum error_code sync_parent(const char *path, struct error *error)
{
    struct text whole = text_from(path);
    size_t cut = whole.size;
    while (cut > 0 && path[cut - 1] != '/') {
        cut--;
    }
    CLEANUP(mem_free_char) char *parent = NULL;
    if (cut == 0) {
        parent = mem_copy_text(".");
    } else {
        parent = mem_zalloc(cut + 1);
        memcpy(parent, path, cut);
    }
    return file_sync_directory(parent, error);
}

static enum error_code write_new(const char *path, struct text data, unsigned mode,
                                 struct error *error)
{
    CLEANUP_IN_PLACE(close_descriptor)
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (descriptor < 0) {
        return errno_error(error, "create", path);
    }
    enum error_code code = file_write_all(descriptor, data, error);
    if (code == OK && fsync(descriptor) != 0) {
        code = errno_error(error, "sync", path);
    }
    if (code != OK) {
        (void)unlink(path);
    }
    return code;
}

enum error_code file_create(const char *path, struct text data, unsigned mode, struct error *error)
{
    enum error_code code = write_new(path, data, mode, error);
    return code == OK ? sync_parent(path, error) : code;
}

enum error_code file_write_atomic(const char *path, struct text data, unsigned mode,
                                  struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer temporary;
    buffer_init(&temporary, 4096);
    buffer_add_format(&temporary, "%s.%ld.tmp", path, (long)getpid());
    (void)unlink(buffer_chars(&temporary));
    enum error_code code = write_new(buffer_chars(&temporary), data, mode, error);
    if (code != OK) {
        return code;
    }
    if (rename(buffer_chars(&temporary), path) != 0) {
        code = errno_error(error, "replace", path);
        (void)unlink(buffer_chars(&temporary));
        return code;
    }
    return sync_parent(path, error);
}

enum error_code file_make_directory(const char *path, unsigned mode, struct error *error)
{
    CLEANUP(mem_free_char) char *part = mem_copy_text(path);
    for (size_t i = 1; part[i] != '\0'; i++) {
        if (part[i] != '/') {
            continue;
        }
        part[i] = '\0';
        if (mkdir(part, (mode_t)mode) != 0 && errno != EEXIST) {
            return errno_error(error, "make directory", part);
        }
        part[i] = '/';
    }
    if (mkdir(part, (mode_t)mode) != 0 && errno != EEXIST) {
        return errno_error(error, "make directory", path);
    }
    struct stat found;
    if (stat(path, &found) != 0 || !S_ISDIR(found.st_mode)) {
        return error_set(error, ERROR_CONFLICT, "\"%s\" is not a directory", path);
    }
    return OK;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

char *file_join(const char *directory, const char *name)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer path;
    buffer_init(&path, 65536);
    bool ends = text_ends_with(text_from(directory), TEXT("/"));
    buffer_add_format(&path, "%s%s%s", directory, ends ? "" : "/", name);
    return buffer_take(&path);
}
