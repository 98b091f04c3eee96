/* A binary heap of planned things, by time and then by the order of planning. */
#include "simulator/simulator_internal.h"

#include "base/mem.h"

static bool before(const struct timer *a, const struct timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void swap(struct timer *a, struct timer *b)
{
    struct timer held = *a;
    *a = *b;
    *b = held;
}

void timers_add(struct timers *timers, int64_t due_ms,
                void (*run)(struct simulator *simulator, void *context),
                void (*drop)(void *context), void *context)
{
    if (timers->count == timers->capacity) {
        timers->capacity = timers->capacity == 0 ? 256 : timers->capacity * 2;
        timers->items = mem_resize(timers->items, timers->capacity * sizeof(*timers->items));
    }
    size_t at = timers->count++;
    timers->items[at] = (struct timer){due_ms, timers->order++, run, drop, context};
    while (at > 0 && before(&timers->items[at], &timers->items[(at - 1) / 2])) {
        swap(&timers->items[at], &timers->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static void remove_first(struct timers *timers)
{
    timers->items[0] = timers->items[--timers->count];
    size_t at = 0;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < timers->count; child++) {
            if (before(&timers->items[child], &timers->items[least])) {
                least = child;
            }
        }
        if (least == at) {
            return;
        }
        swap(&timers->items[at], &timers->items[least]);
        at = least;
    }
}

bool timers_take(struct timers *timers, int64_t now_ms, struct timer *ret_timer)
{
    if (timers->count == 0 || timers->items[0].due_ms > now_ms) {
        return false;
    }
    *ret_timer = timers->items[0];
    remove_first(timers);
    return true;
}

int64_t timers_next_ms(const struct timers *timers)
{
    return timers->count == 0 ? CLOCK_NEVER : timers->items[0].due_ms;
}

void timers_done(struct timers *timers)
{
    for (size_t i = 0; i < timers->count; i++) {
        timers->items[i].drop(timers->items[i].context);
    }
    mem_free(timers->items);
    *timers = (struct timers){0};
}
