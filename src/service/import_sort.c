/* External merge sort of import rows: see import_sort.h. */
#include "service/import_sort.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    MEMORY_MIN = 1 << 20,
    RECORD_MAX = sizeof(struct import_record) + 256 + 65536 + (1 << 20),
    READ_BYTES = 128 * 1024,
};

struct key {
    int64_t phone;
    uint32_t place; /* of the record, in units of 8 bytes */
};

struct run {
    int64_t at; /* in the file: where to read on */
    int64_t end;
    char *data;
    size_t capacity;
    size_t size;
    size_t used;
    const struct import_record *record; /* the run's next; NULL: none left */
};

struct import_sort {
    char *directory;
    size_t memory;
    char *data;
    size_t size;
    size_t capacity;
    struct key *keys;
    struct key *spare;
    size_t key_count;
    size_t key_capacity;
    int64_t count;
    int descriptor; /* -1: everything fits into memory */
    int64_t file_size;
    struct run *runs;
    size_t run_count;
    size_t run_capacity;
    size_t *heap; /* indices of runs, the smallest record first */
    size_t heap_count;
    size_t next; /* in memory */
    bool started;
};

struct import_sort *import_sort_new(const char *directory, size_t memory)
{
    struct import_sort *sort = mem_zalloc(sizeof *sort);
    sort->directory = mem_copy_text(directory);
    sort->memory = memory < MEMORY_MIN ? MEMORY_MIN : memory;
    sort->descriptor = -1;
    return sort;
}

static void drop_memory(struct import_sort *sort)
{
    mem_free(sort->data);
    mem_free(sort->keys);
    mem_free(sort->spare);
    sort->data = NULL;
    sort->keys = NULL;
    sort->spare = NULL;
    sort->size = 0;
    sort->capacity = 0;
    sort->key_count = 0;
    sort->key_capacity = 0;
}

void import_sort_free(struct import_sort *sort)
{
    if (sort == NULL) {
        return;
    }
    drop_memory(sort);
    for (size_t i = 0; i < sort->run_count; i++) {
        mem_free(sort->runs[i].data);
    }
    mem_free(sort->runs);
    mem_free(sort->heap);
    mem_free(sort->directory);
    if (sort->descriptor >= 0) {
        (void)close(sort->descriptor);
    }
    mem_free(sort);
}

/* ---- sorting in memory --------------------------------------------------------------------- */

/* Byte by byte from the lowest, keeping the order of equals; bytes that all keys share are passed
 * over, so numbers of one country take five rounds. */
static void sort_keys(struct import_sort *sort)
{
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t counts[257] = {0};
        for (size_t i = 0; i < sort->key_count; i++) {
            counts[((uint64_t)sort->keys[i].phone >> shift & 0xff) + 1]++;
        }
        size_t first =
            sort->key_count == 0 ? 0 : ((uint64_t)sort->keys[0].phone >> shift & 0xff) + 1;
        if (counts[first] == sort->key_count) {
            continue;
        }
        for (size_t i = 1; i < 257; i++) {
            counts[i] += counts[i - 1];
        }
        for (size_t i = 0; i < sort->key_count; i++) {
            size_t byte = (uint64_t)sort->keys[i].phone >> shift & 0xff;
            sort->spare[counts[byte]++] = sort->keys[i];
        }
        struct key *swap = sort->keys;
        sort->keys = sort->spare;
        sort->spare = swap;
    }
}

static const struct import_record *record_at(const struct import_sort *sort, size_t index)
{
    return (const struct import_record *)(const void *)(sort->data +
                                                        (size_t)sort->keys[index].place * 8);
}

static enum error_code write_all(struct import_sort *sort, const char *data, size_t size,
                                 struct error *error)
{
    while (size > 0) {
        ssize_t written = pwrite(sort->descriptor, data, size, (off_t)sort->file_size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return error_set(error, ERROR_UNAVAILABLE, "could not write a temporary file: %s",
                             strerror(errno));
        }
        data += written;
        size -= (size_t)written;
        sort->file_size += written;
    }
    return OK;
}

static enum error_code open_file(struct import_sort *sort, struct error *error)
{
    sort->descriptor = open(sort->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (sort->descriptor < 0) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/sort-XXXXXX", sort->directory);
        sort->descriptor = mkostemp(path, O_CLOEXEC);
        if (sort->descriptor >= 0) {
            (void)unlink(path);
        }
    }
    return sort->descriptor >= 0
               ? OK
               : error_set(error, ERROR_UNAVAILABLE, "could not make a temporary file: %s",
                           strerror(errno));
}

/* Writes the rows in memory as one sorted run. */
static enum error_code spill(struct import_sort *sort, struct error *error)
{
    enum error_code code = sort->descriptor < 0 ? open_file(sort, error) : OK;
    sort_keys(sort);
    struct run run = {.at = sort->file_size};
    CLEANUP(mem_free) void *block = mem_alloc(READ_BYTES);
    size_t filled = 0;
    for (size_t i = 0; code == OK && i < sort->key_count; i++) {
        const struct import_record *record = record_at(sort, i);
        size_t size = import_record_size(record);
        if (filled + size > READ_BYTES) {
            code = write_all(sort, block, filled, error);
            filled = 0;
        }
        if (code == OK && size > READ_BYTES) {
            code = write_all(sort, (const char *)record, size, error);
        } else if (code == OK) {
            memcpy((char *)block + filled, record, size);
            filled += size;
        }
    }
    if (code == OK) {
        code = write_all(sort, block, filled, error);
    }
    if (code != OK) {
        return code;
    }
    run.end = sort->file_size;
    if (sort->run_count == sort->run_capacity) {
        sort->run_capacity = sort->run_capacity == 0 ? 16 : sort->run_capacity * 2;
        sort->runs = mem_resize(sort->runs, sort->run_capacity * sizeof *sort->runs);
    }
    sort->runs[sort->run_count++] = run;
    sort->size = 0;
    sort->key_count = 0;
    return OK;
}

enum error_code import_sort_add(struct import_sort *sort, const struct import_record *head,
                                struct text timezone, struct text name, struct text fields,
                                struct error *error)
{
    size_t size = import_record_size(head);
    CHECK(size <= RECORD_MAX && !sort->started);
    if (sort->size + size > sort->memory && sort->key_count > 0) {
        enum error_code code = spill(sort, error);
        if (code != OK) {
            return code;
        }
    }
    if (sort->size + size > sort->capacity) {
        size_t wanted = sort->capacity == 0 ? (size_t)64 * 1024 : sort->capacity * 2;
        wanted = wanted > sort->memory ? sort->memory : wanted;
        wanted = wanted < sort->size + size ? sort->size + size : wanted;
        sort->data = mem_resize(sort->data, wanted);
        sort->capacity = wanted;
    }
    if (sort->key_count == sort->key_capacity) {
        sort->key_capacity = sort->key_capacity == 0 ? 1024 : sort->key_capacity * 2;
        sort->keys = mem_resize(sort->keys, sort->key_capacity * sizeof *sort->keys);
        sort->spare = mem_resize(sort->spare, sort->key_capacity * sizeof *sort->spare);
    }
    char *at = sort->data + sort->size;
    memcpy(at, head, sizeof *head);
    at += sizeof *head;
    const struct text texts[] = {timezone, name, fields};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (texts[i].size > 0) {
            memcpy(at, texts[i].data, texts[i].size);
            at += texts[i].size;
        }
    }
    memset(at, 0, (size_t)(sort->data + sort->size + size - at));
    sort->keys[sort->key_count++] =
        (struct key){.phone = head->phone, .place = (uint32_t)(sort->size / 8)};
    sort->size += size;
    sort->count++;
    return OK;
}

int64_t import_sort_count(const struct import_sort *sort)
{
    return sort->count;
}

/* ---- merging ------------------------------------------------------------------------------- */

static enum error_code fill(struct import_sort *sort, struct run *run, size_t wanted,
                            struct error *error)
{
    size_t left = run->size - run->used;
    if (left > 0) {
        memmove(run->data, run->data + run->used, left);
    }
    run->size = left;
    run->used = 0;
    if (wanted > run->capacity) {
        run->data = mem_resize(run->data, wanted);
        run->capacity = wanted;
    }
    while (run->size < run->capacity && run->at < run->end) {
        size_t room = run->capacity - run->size;
        int64_t rest = run->end - run->at;
        size_t size = (int64_t)room < rest ? room : (size_t)rest;
        ssize_t got = pread(sort->descriptor, run->data + run->size, size, (off_t)run->at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return error_set(error, ERROR_UNAVAILABLE, "could not read a temporary file");
        }
        run->size += (size_t)got;
        run->at += got;
    }
    return OK;
}

/* Makes run->record the record at run->used. */
static enum error_code load(struct import_sort *sort, struct run *run, struct error *error)
{
    enum error_code code = OK;
    run->record = NULL;
    if (run->size - run->used < sizeof(struct import_record)) {
        code = fill(sort, run, READ_BYTES, error);
    }
    if (code != OK || run->size == run->used) {
        return code;
    }
    const struct import_record *record = (const void *)(run->data + run->used);
    size_t size = import_record_size(record);
    if (run->size - run->used < size) {
        code = fill(sort, run, size > READ_BYTES ? size : READ_BYTES, error);
        record = (const void *)(run->data + run->used);
    }
    run->record = record;
    return code;
}

/* Earlier runs hold earlier rows, so they win among equals. */
static bool comes_before(const struct import_sort *sort, size_t a, size_t b)
{
    int64_t first = sort->runs[a].record->phone;
    int64_t second = sort->runs[b].record->phone;
    return first != second ? first < second : a < b;
}

static void sift_down(struct import_sort *sort, size_t at)
{
    for (;;) {
        size_t best = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < sort->heap_count; child++) {
            if (comes_before(sort, sort->heap[child], sort->heap[best])) {
                best = child;
            }
        }
        if (best == at) {
            return;
        }
        size_t swap = sort->heap[at];
        sort->heap[at] = sort->heap[best];
        sort->heap[best] = swap;
        at = best;
    }
}

enum error_code import_sort_finish(struct import_sort *sort, struct error *error)
{
    sort->started = true;
    if (sort->descriptor < 0) {
        sort_keys(sort);
        mem_free(sort->spare);
        sort->spare = NULL;
        return OK;
    }
    enum error_code code = sort->key_count > 0 ? spill(sort, error) : OK;
    drop_memory(sort);
    sort->heap = mem_array(sort->run_count + 1, sizeof *sort->heap);
    for (size_t i = 0; code == OK && i < sort->run_count; i++) {
        code = load(sort, &sort->runs[i], error);
        if (code == OK && sort->runs[i].record != NULL) {
            sort->heap[sort->heap_count++] = i;
        }
    }
    for (size_t i = sort->heap_count; code == OK && i > 0; i--) {
        sift_down(sort, i - 1);
    }
    sort->next = SIZE_MAX; /* nothing was given yet */
    return code;
}

static enum error_code next_merged(struct import_sort *sort,
                                   const struct import_record **ret_record, struct error *error)
{
    if (sort->next != SIZE_MAX) {
        /* Steps over what the last call gave: its bytes had to stay until now. */
        struct run *run = &sort->runs[sort->heap[0]];
        run->used += import_record_size(run->record);
        enum error_code code = load(sort, run, error);
        if (code != OK) {
            return code;
        }
        if (run->record == NULL) {
            sort->heap[0] = sort->heap[--sort->heap_count];
        }
        sift_down(sort, 0);
    }
    sort->next = 0;
    *ret_record = sort->heap_count == 0 ? NULL : sort->runs[sort->heap[0]].record;
    if (*ret_record == NULL) {
        sort->next = SIZE_MAX;
    }
    return OK;
}

enum error_code import_sort_next(struct import_sort *sort, const struct import_record **ret_record,
                                 struct error *error)
{
    CHECK(sort->started);
    if (sort->descriptor >= 0) {
        return next_merged(sort, ret_record, error);
    }
    *ret_record = sort->next < sort->key_count ? record_at(sort, sort->next++) : NULL;
    return OK;
}
