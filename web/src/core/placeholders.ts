/* Placeholders as the server reads them: {name}, {city|your city}, {{ for a brace. Only for the
 * preview that follows typing; what is sent is always rendered by the server. */
export const BUILT_IN = ['name', 'first_name', 'phone', 'day', 'sequence', 'opt_out_link'] as const;
const NAME = /^[\p{L}_][\p{L}\p{N}_]{0,63}$/u;

export interface Piece {
    kind: 'text' | 'field' | 'broken';
    text: string; // text, or the field's name, or the broken source
    fallback: string | null;
    start: number;
    end: number;
}

export function parsePlaceholders(source: string): Piece[] {
    const pieces: Piece[] = [];
    let plain = '';
    let plainStart = 0;
    const flush = (end: number): void => {
        if (plain) pieces.push({ kind: 'text', text: plain, fallback: null, start: plainStart, end });
        plain = '';
    };
    for (let at = 0; at < source.length; ) {
        if (source.startsWith('{{', at) || source.startsWith('}}', at)) {
            if (!plain) plainStart = at;
            plain += source[at];
            at += 2;
            continue;
        }
        if (source[at] === '{') {
            const close = source.indexOf('}', at);
            const inside = close < 0 ? '' : source.slice(at + 1, close);
            const [name = '', ...rest] = inside.split('|');
            flush(at);
            const end = close < 0 ? source.length : close + 1;
            const good = close > 0 && NAME.test(name.trim());
            pieces.push({ kind: good ? 'field' : 'broken', text: good ? name.trim() : source.slice(at, end), fallback: good && rest.length ? rest.join('|').trim() : null, start: at, end });
            at = end;
            continue;
        }
        if (!plain) plainStart = at;
        plain += source[at];
        at++;
    }
    flush(source.length);
    return pieces;
}

export interface Sample {
    name: string;
    phone: string;
    day: number;
    sequence: string;
    fields: Record<string, string>;
}
export interface Rendered {
    text: string;
    missing: string[];
}

export function valueOf(name: string, fallback: string | null, sample: Sample): string | null {
    const given = (value: string): string | null => (value.trim() ? value.trim() : null);
    switch (name) {
        case 'name':
            return given(sample.name) ?? fallback ?? 'there';
        case 'first_name':
            return given(sample.name.trim().split(/\s+/)[0] ?? '') ?? fallback ?? 'there';
        case 'phone':
            return sample.phone;
        case 'day':
            return String(sample.day);
        case 'sequence':
            return sample.sequence;
        default:
            return given(sample.fields[name] ?? '') ?? fallback;
    }
}

export function renderPlaceholders(source: string, sample: Sample): Rendered {
    const missing: string[] = [];
    const text = parsePlaceholders(source)
        .map(piece => {
            if (piece.kind === 'text') return piece.text;
            if (piece.kind === 'broken') return piece.text;
            const value = valueOf(piece.text, piece.fallback, sample);
            if (value === null) {
                missing.push(piece.text);
                return `{${piece.text}}`;
            }
            return value;
        })
        .join('');
    return { text, missing };
}

/* Edit distance with swapped neighbours counted once, so {nmae} is one step from {name}. */
export function distance(a: string, b: string): number {
    const rows: number[][] = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)]);
    const cell = (i: number, j: number): number => rows[i]?.[j] ?? 0;
    for (let j = 0; j <= b.length; j++) (rows[0] as number[])[j] = j;
    for (let i = 1; i <= a.length; i++)
        for (let j = 1; j <= b.length; j++) {
            let best = Math.min(cell(i - 1, j) + 1, cell(i, j - 1) + 1, cell(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1));
            if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, cell(i - 2, j - 2) + 1);
            (rows[i] as number[])[j] = best;
        }
    return cell(a.length, b.length);
}

export function suggest(name: string, known: readonly string[]): string | null {
    let best: string | null = null;
    let bestDistance = name.length <= 3 ? 1 : 2;
    for (const candidate of known) {
        if (candidate === name) return null;
        const steps = distance(name.toLowerCase(), candidate.toLowerCase());
        if (steps <= bestDistance && steps < candidate.length) {
            best = candidate;
            bestDistance = steps - 1;
        }
    }
    return best;
}

/* Names used in a text that are neither built in nor known, with what was probably meant. */
export function misspelt(source: string, known: readonly string[]): { name: string; suggestion: string }[] {
    const all = [...BUILT_IN, ...known];
    const found: { name: string; suggestion: string }[] = [];
    for (const piece of parsePlaceholders(source)) {
        if (piece.kind !== 'field' || all.includes(piece.text) || found.some(one => one.name === piece.text)) continue;
        const suggestion = suggest(piece.text, all);
        if (suggestion) found.push({ name: piece.text, suggestion });
    }
    return found;
}
