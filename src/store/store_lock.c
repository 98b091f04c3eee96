/* One process per data directory: see store_lock.h. The file stays where it is; only the lock on it
 * means something, and the pid in it is for people. */
#include "store/store_lock.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char LOCK_NAME[] = "dripline.lock";

struct store_lock {
    int descriptor;
};

static int64_t read_pid(int descriptor)
{
    char data[32];
    int64_t pid = 0;
    ssize_t size = pread(descriptor, data, sizeof(data), 0);
    struct text text = text_trim(text_make(data, size > 0 ? (size_t)size : 0));
    return text_to_int64(text, &pid) ? pid : 0;
}

static bool try_lock(int descriptor)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(descriptor, F_OFD_SETLK, &whole) == 0;
}

static enum error_code write_pid(int descriptor, struct error *error)
{
    char line[32];
    int size = snprintf(line, sizeof(line), "%lld\n", (long long)getpid());
    if (ftruncate(descriptor, 0) < 0 || pwrite(descriptor, line, (size_t)size, 0) != size) {
        return error_set(error, ERROR_UNAVAILABLE, "could not write the lock file: %s",
                         strerror(errno));
    }
    return OK;
}

enum error_code store_lock_take(const char *directory, struct store_lock **ret_lock,
                                struct error *error)
{
    CLEANUP(mem_free_char) char *path = file_join(directory, LOCK_NAME);
    CLEANUP(store_lock_release) struct store_lock *lock = mem_zalloc(sizeof(*lock));
    lock->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock->descriptor < 0) {
        return error_set(error, errno == EACCES ? ERROR_DENIED : ERROR_UNAVAILABLE,
                         "could not open \"%s\": %s", path, strerror(errno));
    }
    if (!try_lock(lock->descriptor)) {
        if (errno != EAGAIN && errno != EACCES) {
            return error_set(error, ERROR_UNAVAILABLE, "could not lock \"%s\": %s", path,
                             strerror(errno));
        }
        return error_set(error, ERROR_UNAVAILABLE,
                         "the data directory \"%s\" is in use by process %lld: stop it first",
                         directory, (long long)read_pid(lock->descriptor));
    }
    enum error_code code = write_pid(lock->descriptor, error);
    if (code != OK) {
        return code;
    }
    *ret_lock = TAKE(lock);
    return OK;
}

void store_lock_release(struct store_lock *lock)
{
    if (lock != NULL) {
        if (lock->descriptor >= 0) {
            (void)close(lock->descriptor); /* the lock goes with it */
        }
        mem_free(lock);
    }
}

int64_t store_lock_holder(const char *directory)
{
    CLEANUP(mem_free_char) char *path = file_join(directory, LOCK_NAME);
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) {
        return 0;
    }
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    bool held = fcntl(descriptor, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    int64_t pid = held ? read_pid(descriptor) : 0;
    (void)close(descriptor);
    return pid;
}
