#pragma once

#include "base/compiler.h"

#include <stdbool.h>

/* The only reader of time. A system clock reads the machine's; a manual one stands still until
 * clock_advance() moves it from event to event, so that each event sees its own right time.
 *
 * Each evented loop joins as a participant. It is busy until it says idle with the moment it wants
 * to wake; whoever hands work to another loop marks that loop busy BEFORE handing it over, so that
 * the clock never jumps while anything is in flight. When all are idle during a journey, the clock
 * jumps to the smallest wanted moment (never past the target), marks the participants that wanted
 * it busy and wakes them; at the target it calls `done`. On a system clock participants cost
 * nothing. Thread: any, for every function. */
struct clock;
struct clock_participant;

#define CLOCK_NEVER INT64_MAX

struct clock *clock_new_system(void);
struct clock *clock_new_manual(int64_t start_ms);
void clock_free(struct clock *clock); /* after all participants left; NULL is fine */
DEFINE_CLEANUP(struct clock *, clock_free);

bool clock_is_manual(const struct clock *clock);
int64_t clock_now_ms(struct clock *clock); /* UTC */
/* Monotonic, counts suspended time. A manual clock's moves with its now. */
int64_t clock_boot_ms(struct clock *clock);
/* Monotonic microseconds for measuring; the machine's own even on a manual clock. */
int64_t clock_measure_us(void);

/* Joins busy. `wake` is called from whatever thread moves the clock, without locks of the clock
 * held, and must only nudge the loop (write an eventfd, signal a condition). */
struct clock_participant *clock_join(struct clock *clock, const char *name,
                                     void (*wake)(void *context), void *context);
void clock_leave(struct clock_participant *participant); /* NULL is fine */
/* Work was handed to this participant, or it found some. */
void clock_participant_busy(struct clock_participant *participant);
/* Nothing in flight; wants to run again at `next_wake_ms` (CLOCK_NEVER: not by itself).
 * `ticket` is what clock_participant_ticket() said before the loop last looked for work: when
 * somebody marked it busy since, the call is ignored, so work handed over in between is not lost.
 */
void clock_participant_idle(struct clock_participant *participant, uint64_t ticket,
                            int64_t next_wake_ms);
uint64_t clock_participant_ticket(struct clock_participant *participant);

/* How far a manual clock is going by itself: the end of the journey under way, else the present. */
int64_t clock_journey_end_ms(struct clock *clock);
/* Starts a journey to `target_ms`. `done` is called once there, without locks held, from the
 * thread that moved the clock last. Returns false, and calls nothing, when a journey is under way,
 * the clock is a system clock, or the target lies in the past. With no participants the clock
 * arrives before the call returns. */
MUST_USE bool clock_advance(struct clock *clock, int64_t target_ms,
                            void (*done)(void *context, int64_t now_ms), void *context);
