/* What the server says, in the reader's language. Its sentences are known (said_tables.ts) as they
 * stand in the server, with {a}, {b} … for what it fills in; a test reads them in the server's
 * sources, so none is forgotten. What is not known is shown as it came. In English everything is. */
import { currentLanguage, t } from './i18n';
import type * as Tables from './said_tables';

let tables: typeof Tables | null = null;
export function useSaid(given: typeof Tables): void {
    tables = given;
}

const HOLE = /\\\{([a-e])\\\}/g;
let patterns: { sentence: string; names: string[]; pattern: RegExp }[] | null = null;

/* `word` puts values that are codes of the caller's into words. */
export function said(text: string, word?: (value: string) => string): string {
    if (currentLanguage() === 'en' || !text || !tables) return text;
    const words = tables.VALUES;
    patterns ??= tables.SENTENCES.map(sentence => {
        const source = sentence.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
        return { sentence, names: [...source.matchAll(HOLE)].map(match => match[1] as string), pattern: new RegExp(`^${source.replace(HOLE, '(.+?)')}$`) };
    });
    for (const { sentence, names, pattern } of patterns) {
        const match = pattern.exec(text);
        if (match) return t(sentence, Object.fromEntries(names.map((name, at) => [name, words[match[at + 1] ?? '']?.() ?? word?.(match[at + 1] ?? '') ?? match[at + 1] ?? ''])));
    }
    return text;
}

/* Why a message failed: the server's words in English, the meaning of the code elsewhere. */
export function failureSaid(failure: { code?: number | null; title: string; advice?: string | null }, reason?: string): { title: string; advice: string } {
    if (currentLanguage() === 'en') return { title: failure.title, advice: failure.advice ?? '' };
    const known = failure.code != null ? Object.values(tables?.CLASSES ?? {}).find(one => one.codes.includes(failure.code as number)) : undefined;
    return known ? { title: known.title(), advice: known.advice() } : { title: reason || said(failure.title), advice: said(failure.advice ?? '') };
}

export function fieldSaid(error: { code: string; message: string }): string {
    if (currentLanguage() === 'en') return error.message;
    const known = said(error.message);
    return known === error.message ? (tables?.FIELDS[error.code]?.() ?? error.message) : known;
}
export function problemSaid(code: string, message: string): string {
    if (currentLanguage() === 'en') return message;
    const known = said(message);
    return known === message ? (tables?.PROBLEMS[code]?.() ?? message) : known;
}
