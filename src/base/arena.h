#pragma once

#include "base/compiler.h"
#include "base/text.h"

/* Memory with one lifetime: allocated piece by piece, freed all at once by arena_reset() at the
 * end of a request or job. Nothing in an arena crosses a thread: copy. Not thread-safe. */
struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is fine; runs the cleanups */
DEFINE_CLEANUP(struct arena *, arena_free);

/* Runs the cleanups, newest first, then forgets everything; keeps one block for the next user. */
void arena_reset(struct arena *arena);

/* Zeroed, aligned for any type, valid until the reset. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((returns_nonnull));
char *arena_chars(struct arena *arena, struct text text) __attribute__((returns_nonnull)); /* NUL */
struct text arena_text(struct arena *arena, struct text text); /* a copy, also NUL-ended */
PRINTF(2, 3) struct text arena_format(struct arena *arena, const char *format, ...);

/* Calls `cleanup(object)` at the reset: ties a handle's life to the arena. */
void arena_on_reset(struct arena *arena, void (*cleanup)(void *object), void *object);

/* Bytes handed out since the last reset, for limits and tests. */
size_t arena_used(const struct arena *arena);
