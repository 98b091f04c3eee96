/* Days of a given time zone, whatever zone the browser is in. Days are written YYYY-MM-DD. */
const formats = new Map<string, Intl.DateTimeFormat>();
function wallClock(at: number, zone: string): number {
    let format = formats.get(zone);
    if (!format) {
        format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
        formats.set(zone, format);
    }
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(at)) part[type] = Number(value);
    return Date.UTC(part['year'] ?? 0, (part['month'] ?? 1) - 1, part['day'], part['hour'], part['minute'], part['second']);
}

export function isDay(text: string | null): text is string {
    return text !== null && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
}
export function dayIn(zone: string, at: number): string {
    return new Date(wallClock(at, zone)).toISOString().slice(0, 10);
}
/* The instant at which a day begins there. Where clocks jump over midnight it begins at the jump. */
export function startOfDay(day: string, zone: string): number {
    const wanted = Date.parse(`${day}T00:00:00Z`);
    let at = wanted;
    for (let round = 0; round < 3; round++) at += wanted - wallClock(at, zone);
    return dayIn(zone, at) < day ? at + (wanted - wallClock(at, zone)) : at;
}
export function dayAfter(day: string): string {
    return new Date(Date.parse(`${day}T00:00:00Z`) + 864e5).toISOString().slice(0, 10);
}
