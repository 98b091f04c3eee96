/* The intent journal. A line is text, so that a person with a broken
 * database can read it: "1 4711 1 815 12 1474560 3 1770000000000\n" = epoch, message, attempt,
 * enrollment, step, position, channel, time. The file grows by preallocated stretches of zero
 * bytes: the append itself then never needs new space, and a reader stops at the first byte that is
 * not a whole line. */
#include "store/journal.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LINE_MAX_SIZE = 160,
    STRETCH_SIZE = 256 * 1024,
    TAIL_SIZE = 8 * 1024 * 1024,
    TURN_SIZE = 64 * 1024 * 1024, /* two files of this size hold about three million attempts */
};

static const char JOURNAL_NAME[] = "intent.journal";
static const char OLDER_NAME[] = "intent.journal.1";

/* --- claims of one commit --------------------------------------------------------------------- */

struct claims {
    struct claim_line *lines;
    size_t count; /* with the running job's */
    size_t kept;  /* of finished jobs */
    size_t capacity;
};

struct claims *claims_new(void)
{
    return mem_zalloc(sizeof(struct claims));
}

void claims_free(struct claims *claims)
{
    if (claims != NULL) {
        mem_free(claims->lines);
        mem_free(claims);
    }
}

void claims_add(struct work *work, const struct claim_line *line)
{
    struct claims *claims = work->claims;
    CHECK(claims != NULL); /* a reader claims nothing */
    if (claims->count == claims->capacity) {
        claims->capacity = claims->capacity == 0 ? 64 : claims->capacity * 2;
        claims->lines = mem_resize(claims->lines, claims->capacity * sizeof(*claims->lines));
    }
    claims->lines[claims->count++] = *line;
}

void claims_keep(struct claims *claims)
{
    claims->kept = claims->count;
}

void claims_drop(struct claims *claims)
{
    claims->count = claims->kept;
}

void claims_clear(struct claims *claims)
{
    claims->count = 0;
    claims->kept = 0;
}

size_t claims_count(const struct claims *claims)
{
    return claims->kept;
}

/* --- the file --------------------------------------------------------------------------------- */

struct journal {
    char *directory;
    int descriptor;
    int64_t epoch;
    int64_t size;     /* bytes of whole lines */
    int64_t reserved; /* bytes the disk has promised */
    struct buffer text;
};

static enum error_code io_error(struct error *error, const char *what)
{
    int number = errno;
    enum error_code code =
        number == ENOSPC || number == EDQUOT ? ERROR_UNAVAILABLE : ERROR_INTERNAL;
    return error_set(error, code, "could not %s the intent journal: %s", what, strerror(number));
}

static bool next_number(struct text *rest, char separator, int64_t *ret_value)
{
    struct text part;
    return text_next(rest, separator, &part) && text_to_int64(part, ret_value);
}

static bool parse_line(struct text line, struct claim_line *ret_line)
{
    return next_number(&line, ' ', &ret_line->epoch) &&
           next_number(&line, ' ', &ret_line->message_id) &&
           next_number(&line, ' ', &ret_line->attempt) &&
           next_number(&line, ' ', &ret_line->enrollment_id) &&
           next_number(&line, ' ', &ret_line->step_id) &&
           next_number(&line, ' ', &ret_line->position) &&
           next_number(&line, ' ', &ret_line->channel_id) &&
           next_number(&line, ' ', &ret_line->at_ms) && line.data == NULL;
}

/* Visits whole lines of `data` and returns how many bytes they take. */
static size_t visit_lines(struct text data,
                          bool (*visit)(void *context, const struct claim_line *line),
                          void *context, bool *ret_stopped)
{
    size_t done = 0;
    size_t end = 0;
    *ret_stopped = false;
    while (text_find(text_skip(data, done), '\n', &end)) {
        struct claim_line line = {0};
        if (!parse_line(text_make(data.data + done, end), &line)) {
            break;
        }
        done += end + 1;
        if (visit != NULL && !visit(context, &line)) {
            *ret_stopped = true;
            break;
        }
    }
    return done;
}

static enum error_code read_file(const char *directory, const char *name,
                                 bool (*visit)(void *context, const struct claim_line *line),
                                 void *context, bool *ret_stopped, struct error *error)
{
    CLEANUP(mem_free_char) char *path = file_join(directory, name);
    CLEANUP(mem_free_char) char *data = NULL;
    size_t size = 0;
    *ret_stopped = false;
    if (!file_exists(path)) {
        return OK;
    }
    enum error_code code = file_read(path, (size_t)2 * TURN_SIZE, &data, &size, error);
    if (code == OK) {
        (void)visit_lines(text_make(data, size), visit, context, ret_stopped);
    }
    return code;
}

enum error_code journal_read(const char *directory,
                             bool (*visit)(void *context, const struct claim_line *line),
                             void *context, struct error *error)
{
    bool stopped = false;
    enum error_code code = read_file(directory, OLDER_NAME, visit, context, &stopped, error);
    if (code == OK && !stopped) {
        code = read_file(directory, JOURNAL_NAME, visit, context, &stopped, error);
    }
    return code;
}

static bool remember_line(void *context, const struct claim_line *line)
{
    *(struct claim_line *)context = *line;
    return true;
}

/* Finds where the whole lines end by reading only the file's tail: what stands behind them was
 * never acknowledged. A tail is longer than any commit's lines. */
static enum error_code find_end(int descriptor, int64_t *ret_end, struct claim_line *ret_last,
                                struct error *error)
{
    struct stat status;
    if (fstat(descriptor, &status) < 0) {
        return io_error(error, "read");
    }
    int64_t from = status.st_size > TAIL_SIZE ? status.st_size - TAIL_SIZE : 0;
    size_t capacity = (size_t)(status.st_size - from);
    CLEANUP(mem_free_char) char *data = mem_alloc(capacity + 1);
    size_t size = 0;
    ssize_t part = 1;
    while (size < capacity && part != 0) {
        part = pread(descriptor, data + size, capacity - size, (off_t)(from + (int64_t)size));
        if (part < 0 && errno != EINTR) {
            return io_error(error, "read");
        }
        size += part > 0 ? (size_t)part : 0;
    }
    struct text text = text_make(data, size);
    size_t skipped = 0;
    if (from > 0) {
        if (!text_find(text, '\n', &skipped)) {
            return error_set(error, ERROR_INTERNAL, "the intent journal is damaged");
        }
        skipped++;
    }
    bool stopped = false;
    *ret_end = from + (int64_t)skipped +
               (int64_t)visit_lines(text_skip(text, skipped), remember_line, ret_last, &stopped);
    return OK;
}

static enum error_code last_line(const char *directory, const char *name,
                                 struct claim_line *ret_line, struct error *error)
{
    CLEANUP(mem_free_char) char *path = file_join(directory, name);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return errno == ENOENT ? OK : io_error(error, "open");
    }
    int64_t end = 0;
    enum error_code code = find_end(descriptor, &end, ret_line, error);
    (void)close(descriptor); /* only read */
    return code;
}

enum error_code journal_last(const char *directory, struct claim_line *ret_line, bool *ret_found,
                             struct error *error)
{
    struct claim_line line = {0};
    enum error_code code = last_line(directory, JOURNAL_NAME, &line, error);
    if (code == OK && line.message_id == 0) {
        code = last_line(directory, OLDER_NAME, &line, error);
    }
    if (code == OK) {
        *ret_found = line.message_id != 0;
        *ret_line = line;
    }
    return code;
}

static enum error_code open_file(struct journal *journal, struct error *error)
{
    CLEANUP(mem_free_char) char *path = file_join(journal->directory, JOURNAL_NAME);
    journal->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (journal->descriptor < 0) {
        return io_error(error, "open");
    }
    int64_t end = 0;
    struct claim_line ignored;
    enum error_code code = find_end(journal->descriptor, &end, &ignored, error);
    if (code != OK) {
        return code;
    }
    if (ftruncate(journal->descriptor, (off_t)end) < 0 || fsync(journal->descriptor) < 0) {
        return io_error(error, "open");
    }
    journal->size = end;
    journal->reserved = end;
    return file_sync_directory(journal->directory, error);
}

enum error_code journal_open(const char *directory, int64_t epoch, struct journal **ret_journal,
                             struct error *error)
{
    CLEANUP(journal_close) struct journal *journal = mem_zalloc(sizeof(*journal));
    journal->directory = mem_copy_text(directory);
    journal->descriptor = -1;
    journal->epoch = epoch;
    buffer_init(&journal->text, SIZE_MAX / 2);
    enum error_code code = open_file(journal, error);
    if (code != OK) {
        return code;
    }
    *ret_journal = TAKE(journal);
    return OK;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL) {
        return;
    }
    if (journal->descriptor >= 0) {
        /* Gives the unused stretch back; if that fails the next start does it. */
        int ignored = ftruncate(journal->descriptor, (off_t)journal->size);
        (void)ignored;
        (void)close(journal->descriptor);
    }
    buffer_done(&journal->text);
    mem_free(journal->directory);
    mem_free(journal);
}

/* A full file becomes the older one; what it replaces is older than any backup worth having. */
static enum error_code turn(struct journal *journal, struct error *error)
{
    CLEANUP(mem_free_char) char *path = file_join(journal->directory, JOURNAL_NAME);
    CLEANUP(mem_free_char) char *older = file_join(journal->directory, OLDER_NAME);
    if (ftruncate(journal->descriptor, (off_t)journal->size) < 0 || rename(path, older) < 0) {
        return io_error(error, "turn");
    }
    (void)close(journal->descriptor);
    journal->descriptor = -1;
    return open_file(journal, error);
}

enum error_code journal_reserve(struct journal *journal, const struct claims *claims,
                                struct error *error)
{
    if (claims->kept == 0) {
        return OK;
    }
    if (journal->descriptor < 0 || journal->size > TURN_SIZE) {
        enum error_code code =
            journal->descriptor < 0 ? open_file(journal, error) : turn(journal, error);
        if (code != OK) {
            return code;
        }
    }
    int64_t needed = (int64_t)claims->kept * LINE_MAX_SIZE;
    if (journal->size + needed <= journal->reserved) {
        return OK;
    }
    int64_t target = journal->size + needed + STRETCH_SIZE;
    int result =
        posix_fallocate(journal->descriptor, (off_t)journal->size, (off_t)(target - journal->size));
    if (result != 0) {
        errno = result;
        enum error_code code = io_error(error, "make room in");
        return code == ERROR_INTERNAL ? ERROR_UNAVAILABLE : code;
    }
    journal->reserved = target;
    return OK;
}

static void put_line(struct buffer *text, int64_t epoch, const struct claim_line *line)
{
    const int64_t numbers[] = {
        epoch,         line->message_id, line->attempt,    line->enrollment_id,
        line->step_id, line->position,   line->channel_id, line->at_ms};
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        buffer_add_int64(text, numbers[i]);
        buffer_add_byte(text, i + 1 < ARRAY_SIZE(numbers) ? ' ' : '\n');
    }
}

enum error_code journal_append(struct journal *journal, const struct claims *claims,
                               struct error *error)
{
    if (claims->kept == 0) {
        return OK;
    }
    buffer_clear(&journal->text);
    for (size_t at = 0; at < claims->kept; at++) {
        put_line(&journal->text, journal->epoch, &claims->lines[at]);
    }
    struct text text = buffer_text(&journal->text);
    while (text.size > 0) {
        ssize_t written = pwrite(journal->descriptor, text.data, text.size, (off_t)journal->size);
        if (written < 0 && errno != EINTR) {
            return io_error(error, "write");
        }
        if (written > 0) {
            journal->size += written;
            text = text_skip(text, (size_t)written);
        }
    }
    if (fdatasync(journal->descriptor) < 0) {
        return io_error(error, "write");
    }
    return OK;
}
