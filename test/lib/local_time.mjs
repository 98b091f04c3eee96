// The tests' own idea of local time, from the JavaScript engine's zone data: independent of Dripline's.
const formats = new Map();
function format(zone) {
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
    }));
  }
  return formats.get(zone);
}

/** {year, month, day, hour, minute, second} on the clocks of `zone`. */
export function localParts(zone, ms) {
  const parts = {};
  for (const { type, value } of format(zone).formatToParts(ms)) parts[type] = Number(value);
  return parts;
}

const asUtc = (p) => Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second);

/** The UTC instant of a local date and time: first moment after a gap, first of two in an overlap. */
export function instantOf(zone, year, month, day, hour, minute) {
  const wanted = Date.UTC(year, month - 1, day, hour, minute, 0);
  for (let guess = wanted - 15 * 3600e3; guess <= wanted + 15 * 3600e3; guess += 60e3 * 15) {
    const local = asUtc(localParts(zone, guess));
    if (local === wanted) return guess;
    if (local > wanted) { // stepped over a gap: find its first moment
      let low = guess - 15 * 60e3;
      let high = guess;
      while (high - low > 1000) {
        const middle = Math.floor((low + high) / 2000) * 1000;
        if (asUtc(localParts(zone, middle)) >= wanted) high = middle; else low = middle;
      }
      return high;
    }
  }
  throw new Error(`no instant for ${zone} ${year}-${month}-${day} ${hour}:${minute}`);
}

/** Day N of somebody enrolled at `enrolledMs`, at "HH:MM" on the clocks of `zone`. */
export function dayAt(zone, enrolledMs, dayNumber, time) {
  const start = localParts(zone, enrolledMs);
  const date = new Date(Date.UTC(start.year, start.month - 1, start.day + dayNumber - 1));
  const [hour, minute] = time.split(':').map(Number);
  return instantOf(zone, date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), hour, minute);
}
