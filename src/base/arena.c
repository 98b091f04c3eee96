/* Memory with one lifetime: see arena.h. */
#include "base/arena.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

enum { BLOCK_SIZE = 16 * 1024, ALIGNMENT = 16 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    char data[] __attribute__((aligned(ALIGNMENT)));
};

struct hook {
    struct hook *next;
    void (*cleanup)(void *object);
    void *object;
};

struct arena {
    struct block *blocks; /* the newest first; the last one is kept over resets */
    struct hook *hooks;   /* the newest first; they live in the blocks */
    size_t used;
};

static struct block *block_new(size_t size)
{
    struct block *block = mem_alloc(sizeof(*block) + size);
    block->next = NULL;
    block->size = size;
    block->used = 0;
    return block;
}

struct arena *arena_new(void)
{
    struct arena *arena = mem_zalloc(sizeof(*arena));
    arena->blocks = block_new(BLOCK_SIZE);
    return arena;
}

void arena_reset(struct arena *arena)
{
    for (struct hook *hook = arena->hooks; hook != NULL; hook = hook->next) {
        hook->cleanup(hook->object);
    }
    arena->hooks = NULL;
    while (arena->blocks->next != NULL) {
        struct block *block = arena->blocks;
        arena->blocks = block->next;
        mem_free(block);
    }
    arena->blocks->used = 0;
    arena->used = 0;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    arena_reset(arena);
    mem_free(arena->blocks);
    mem_free(arena);
}

static size_t round_up(size_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    CHECK(size < SIZE_MAX - ALIGNMENT);
    size_t rounded = round_up(size);
    struct block *block = arena->blocks;
    if (block->size - block->used < rounded) {
        block = block_new(rounded > BLOCK_SIZE ? rounded : BLOCK_SIZE);
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *memory = block->data + block->used;
    block->used += rounded;
    arena->used += rounded;
    memset(memory, 0, rounded);
    return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes = 0;
    CHECK(!__builtin_mul_overflow(count, size, &bytes));
    return arena_alloc(arena, bytes);
}

char *arena_chars(struct arena *arena, struct text text)
{
    char *copy = arena_alloc(arena, text.size + 1);
    if (text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    return copy;
}

struct text arena_text(struct arena *arena, struct text text)
{
    return (struct text){.data = arena_chars(arena, text), .size = text.size};
}

struct text arena_format(struct arena *arena, const char *format, ...)
{
    /* Straight into the newest block, which nearly always has the room. */
    struct block *block = arena->blocks;
    size_t room = block->size - block->used;
    char *data = block->data + block->used;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(data, room, format, arguments);
    va_end(arguments);
    CHECK(size >= 0);
    size_t rounded = round_up((size_t)size + 1);
    if (rounded <= room) {
        block->used += rounded;
        arena->used += rounded;
        return (struct text){.data = data, .size = (size_t)size};
    }
    data = arena_alloc(arena, (size_t)size + 1);
    va_start(arguments, format);
    (void)vsnprintf(data, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return (struct text){.data = data, .size = (size_t)size};
}

void arena_on_reset(struct arena *arena, void (*cleanup)(void *object), void *object)
{
    struct hook *hook = arena_alloc(arena, sizeof(*hook));
    *hook = (struct hook){.next = arena->hooks, .cleanup = cleanup, .object = object};
    arena->hooks = hook;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
