/* Numbers, times and phones in the reader's language. Time zones are given, never guessed. */
let language = 'en';
let zone: string | undefined;
const cache = new Map<string, unknown>();

export function setFormatting(newLanguage: string, newZone: string | undefined): void {
    language = newLanguage;
    zone = newZone;
    cache.clear();
}
export function currentZone(): string {
    return zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}
function once<T>(key: string, make: () => T): T {
    if (!cache.has(key)) cache.set(key, make());
    return cache.get(key) as T;
}
function locale(): string {
    return language === 'ar' ? 'ar-u-nu-latn' : language === 'hi' ? 'hi-IN-u-nu-latn' : language;
}

export function number(value: number): string {
    return once('number', () => new Intl.NumberFormat(locale())).format(value);
}
export function decimal(value: number): string {
    const digits = value < 10 ? 1 : 0;
    return once(`decimal${digits}`, () => new Intl.NumberFormat(locale(), { maximumFractionDigits: digits })).format(value);
}
export function compact(value: number): string {
    return once('compact', () => new Intl.NumberFormat(locale(), { notation: 'compact', maximumFractionDigits: 1 })).format(value);
}
export function percent(part: number, whole: number): string {
    if (whole <= 0) return '–';
    const share = part / whole;
    const digits = share > 0 && share < 0.1 ? 1 : 0;
    return once(`percent${digits}`, () => new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: digits })).format(share);
}
function dateTime(key: string, options: Intl.DateTimeFormatOptions, at: Date): string {
    return once(key, () => new Intl.DateTimeFormat(locale(), { timeZone: zone, ...options })).format(at);
}
export function date(at: string | number | Date): string {
    return dateTime('date', { dateStyle: 'medium' }, new Date(at));
}
export function time(at: string | number | Date): string {
    return dateTime('time', { timeStyle: 'short' }, new Date(at));
}
export function moment(at: string | number | Date): string {
    return dateTime('moment', { weekday: 'short', day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' }, new Date(at));
}
export function full(at: string | number | Date): string {
    return dateTime('full', { dateStyle: 'full', timeStyle: 'long' }, new Date(at));
}
export function dayMonth(at: string | number | Date): string {
    return dateTime('dayMonth', { day: 'numeric', month: 'short' }, new Date(at));
}
function local(key: string, options: Intl.DateTimeFormatOptions, at: Date): string {
    return once(`local ${key}`, () => new Intl.DateTimeFormat(locale(), { timeZone: 'UTC', ...options })).format(at);
}
/* "2026-03-02T10:00" or "2026-03-02", already local to someone: no zone may move it again. */
export function localMoment(wall: string): string {
    const day = { weekday: 'short', day: 'numeric', month: 'short' } as const;
    if (wall.length === 10) return local('day', day, new Date(`${wall}T00:00:00Z`));
    return local('moment', { ...day, hour: 'numeric', minute: '2-digit' }, new Date(`${wall.slice(0, 16)}:00Z`));
}
export function localTime(wall: string): string {
    return local('time', { hour: 'numeric', minute: '2-digit' }, new Date(`${wall.slice(0, 16)}:00Z`));
}
export function clockTime(hhmm: string): string {
    return localTime(`2000-01-01T${hhmm}`);
}
export function weekday(day: string, style: 'short' | 'long' = 'short'): string {
    const index = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].indexOf(day);
    return local(`weekday ${style}`, { weekday: style }, new Date(Date.UTC(2024, 0, 1 + index)));
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
    ['year', 31_536_000_000],
    ['month', 2_592_000_000],
    ['week', 604_800_000],
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
];
export function relative(at: string | number | Date, now: number): string {
    const difference = new Date(at).getTime() - now;
    const words = once('relative', () => new Intl.RelativeTimeFormat(locale(), { numeric: 'auto', style: 'short' }));
    for (const [unit, size] of STEPS)
        if (Math.abs(difference) >= size) return words.format(Math.trunc(difference / size), unit);
    return words.format(Math.trunc(difference / 1000) === 0 ? 0 : Math.trunc(difference / 1000), 'second');
}
export function list(parts: string[]): string {
    return once('list', () => new Intl.ListFormat(locale(), { style: 'short', type: 'conjunction' })).format(parts);
}
export function countryName(code: string): string {
    try {
        return once('country', () => new Intl.DisplayNames([locale()], { type: 'region' })).of(code) ?? code;
    } catch {
        return code;
    }
}

const TWO = new Set('20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98'.split(' '));
/* 919876543210 → +91 98765 43210: only for reading, so a simple grouping is enough. */
export function phone(digits: string | null | undefined): string {
    if (!digits) return '–';
    const plain = digits.replace(/\D/g, '');
    if (plain.length < 7) return plain;
    const size = /^[17]/.test(plain) ? 1 : TWO.has(plain.slice(0, 2)) ? 2 : 3;
    const rest = plain.slice(size);
    const groups = rest.length === 10 ? (size === 1 ? [3, 3, 4] : [5, 5]) : rest.length === 11 ? [2, 5, 4] : rest.length === 9 ? [3, 3, 3] : rest.length === 8 ? [4, 4] : [3, 4, 5];
    const parts: string[] = [];
    let at = 0;
    for (const length of groups) {
        if (at >= rest.length) break;
        parts.push(rest.slice(at, at + length));
        at += length;
    }
    if (at < rest.length) parts.push(rest.slice(at));
    return `+${plain.slice(0, size)} ${parts.join(' ')}`;
}
