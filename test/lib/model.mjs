// The tests' own idea of a drip, small and slow on purpose: who is inside, which steps lie ahead of
// whom, and when a step is due by days and times alone. It is told what was done and reads what the
// fake WhatsApp got; whatever the server says besides is held against it.
import { instantOf, localParts } from './local_time.mjs';

export const DAY_MS = 86_400_000;

const minuteOf = (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** Days since 1970 on the clocks of `zone`. */
export function localDay(zone, ms) {
  const parts = localParts(zone, ms);
  return Date.UTC(parts.year, parts.month - 1, parts.day) / DAY_MS;
}
export function localMinute(zone, ms) {
  const parts = localParts(zone, ms);
  return parts.hour * 60 + parts.minute;
}

const WEEKDAYS = ['thu', 'fri', 'sat', 'sun', 'mon', 'tue', 'wed']; // 1970 began on a Thursday

/** Whether a message may leave at this moment: inside the window and outside the quiet hours. */
export function isOpen(window, quiet, zone, ms) {
  const day = localDay(zone, ms);
  const minute = localMinute(zone, ms);
  const has = (at) => window.days.includes(WEEKDAYS[((at % 7) + 7) % 7]);
  if (window) {
    const from = minuteOf(window.from);
    const to = minuteOf(window.to);
    const inside = from < to ? has(day) && minute >= from && minute < to : (has(day) && minute >= from) || (has(day - 1) && minute < to);
    if (!inside) return false;
  }
  if (!quiet) return true;
  const from = minuteOf(quiet.from);
  const to = minuteOf(quiet.to);
  return from < to ? minute < from || minute >= to : minute < from && minute >= to;
}

/**
 * Minute of the day on which a step stands in the order of its day; Day 1 without time is first. The
 * order is settled when somebody comes in (person.orderMinute), whatever zone they are in later.
 */
export function minuteKey(sequence, person, step) {
  if (step.day === 1 && step.time === null) return 0;
  const minute = step.time !== null ? minuteOf(step.time) : sequence.send_time !== null && step.day > 1 ? minuteOf(sequence.send_time) : person.orderMinute;
  return step.day === 1 ? Math.max(1, minute) : minute;
}

export function sortedSteps(sequence) {
  return [...sequence.steps].sort((a, b) => a.day - b.day || (a.time ?? '').localeCompare(b.time ?? '') || sequence.steps.indexOf(a) - sequence.steps.indexOf(b));
}

/** Day 1 has a time of its own that was over at the enrollment. */
export function dayOneIsNext(sequence, person) {
  const first = sortedSteps(sequence)[0];
  if (!first || first.day !== 1 || first.time === null) return false;
  return plainInstant(person.zone, localDay(person.zone, person.enrolledMs), minuteOf(first.time)) < person.enrolledMs;
}

function plainInstant(zone, day, minute) {
  const date = new Date(day * DAY_MS);
  return instantOf(zone, date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), Math.floor(minute / 60), minute % 60);
}

/** What days and times alone say. */
export function plannedAt(sequence, person, step) {
  if (step.day === 1 && step.time === null && person.shift === 0) return person.enrolledMs;
  const first = localDay(person.zone, person.enrolledMs) + person.shift + (dayOneIsNext(sequence, person) && !(step.day === 1 && step.time === null) ? 1 : 0);
  const fixed = step.time ?? (step.day > 1 ? sequence.send_time : null);
  if (fixed !== null) return plainInstant(person.zone, first + step.day - 1, minuteOf(fixed));
  const parts = localParts(person.zone, person.enrolledMs);
  const whole = plainInstant(person.zone, first + step.day - 1, parts.hour * 60 + parts.minute);
  return whole + (localMinute(person.zone, whole) === parts.hour * 60 + parts.minute ? parts.second * 1000 + (person.enrolledMs % 1000) : 0);
}
