#pragma once

#include "base/compiler.h"

/* Heap memory. Each function stops the process when the system has none, so callers need no
 * failure branch; what a user can make big is bounded at the door with ERROR_TOO_BIG instead. */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull)); /* all bytes 0 */
void *mem_array(size_t count, size_t size)
    __attribute__((malloc, returns_nonnull)); /* zeroed; count * size checked for overflow */
void *mem_resize(void *memory, size_t size) __attribute__((returns_nonnull));
char *mem_copy_text(const char *text) __attribute__((malloc, returns_nonnull)); /* NUL-ended */
void *mem_copy(const void *data, size_t size) __attribute__((malloc, returns_nonnull));
void mem_free(void *memory); /* NULL is fine */
void mem_trim(void);         /* gives the system back what is free; takes about a millisecond */
DEFINE_CLEANUP(void *, mem_free);
static inline void mem_free_char_cleanup(char **at)
{
    mem_free(*at);
}
/* CLEANUP(mem_free_char) char *path = NULL; for the commonest owned pointer type. */
