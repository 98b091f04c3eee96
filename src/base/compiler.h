#pragma once

/* Attributes shared by all folders. They only ask the compiler to check more; none changes what
 * correct code does. */

#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF(format_at, arguments_at) __attribute__((format(printf, format_at, arguments_at)))
#define UNUSED __attribute__((unused))

/* CLEANUP(thing_free) struct thing *thing = NULL; frees `thing` when it leaves its scope.
 * The named function takes the value, not its address: DEFINE_CLEANUP makes the adapter once,
 * beside the declaration of the free function. */
#define DEFINE_CLEANUP(type, free_function)                                                        \
    static inline void free_function##_cleanup(type *at)                                           \
    {                                                                                              \
        free_function(*at);                                                                        \
    }                                                                                              \
    struct cleanup_semicolon
#define CLEANUP(free_function) __attribute__((cleanup(free_function##_cleanup)))

/* CLEANUP_IN_PLACE(buffer_done) struct buffer buffer; calls buffer_done(&buffer). */
#define CLEANUP_IN_PLACE(done_function) __attribute__((cleanup(done_function)))

/* Hands an owned pointer out of a CLEANUP variable: *ret_thing = TAKE(thing); */
#define TAKE(pointer)                                                                              \
    __extension__({                                                                                \
        __auto_type taken_ = (pointer);                                                            \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Stops the process with file and line when `condition` is false. States what only a bug breaks,
 * has no side effects, and never judges input. Stays on in release builds. */
#define CHECK(condition) ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))
__attribute__((noreturn, cold)) void check_failed(const char *condition, const char *file,
                                                  int line);
