/* Heap memory that never returns NULL: see mem.h. */
#include "base/mem.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (memory == NULL) {
        (void)fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *mem_alloc(size_t size)
{
    return must(malloc(size == 0 ? 1 : size));
}

void *mem_zalloc(size_t size)
{
    return must(calloc(1, size == 0 ? 1 : size));
}

void *mem_array(size_t count, size_t size)
{
    return must(calloc(count == 0 ? 1 : count, size == 0 ? 1 : size));
}

void *mem_resize(void *memory, size_t size)
{
    return must(realloc(memory, size == 0 ? 1 : size));
}

char *mem_copy_text(const char *text)
{
    return mem_copy(text, strlen(text) + 1);
}

void *mem_copy(const void *data, size_t size)
{
    void *copy = mem_alloc(size);
    memcpy(copy, data, size);
    return copy;
}

void mem_free(void *memory)
{
    free(memory);
}

void mem_trim(void)
{
    (void)malloc_trim(0);
}
