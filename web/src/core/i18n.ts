/* Texts. The English sentence is the key, so code reads as it looks; other languages are loaded
 * when chosen. `{n}` and other braces are filled in; plurals follow the language's own rules. */
import { Emitter } from './emitter';

export type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Catalog = Record<string, Entry>;
export const LANGUAGES = [
    ['en', 'English'],
    ['es', 'Español'],
    ['pt-BR', 'Português (Brasil)'],
    ['hi', 'हिन्दी'],
    ['ar', 'العربية'],
] as const;
export type Language = (typeof LANGUAGES)[number][0] | 'pseudo';

let catalog: Catalog = {};
let language: Language = 'en';
let rules = new Intl.PluralRules('en');
let pseudo = false;
export const languageChanged = new Emitter<Language>();

export function pickLanguage(wanted: string): Language {
    if (wanted === 'pseudo') return 'pseudo';
    const exact = LANGUAGES.find(([code]) => code.toLowerCase() === wanted.toLowerCase());
    const near = LANGUAGES.find(([code]) => code.split('-')[0] === wanted.toLowerCase().split('-')[0]);
    return exact?.[0] ?? near?.[0] ?? 'en';
}
export function useCatalog(code: Language, texts: Catalog): void {
    language = code;
    catalog = texts;
    pseudo = code === 'pseudo';
    rules = new Intl.PluralRules(pseudo ? 'en' : code);
    languageChanged.emit(code);
}
export function currentLanguage(): Language {
    return language;
}
export function direction(code: string): 'ltr' | 'rtl' {
    return code === 'ar' ? 'rtl' : 'ltr';
}

type Values = Record<string, string | number>;
function fill(text: string, values: Values | undefined): string {
    const done = values ? text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole)) : text;
    return pseudo ? `⟦${done} ${'~'.repeat(Math.ceil(done.length * 0.4))}⟧` : done;
}
export function t(text: string, values?: Values): string {
    const entry = catalog[text];
    return fill(typeof entry === 'string' ? entry : text, values);
}
/* `one` and `other` in English; {n} is the count as `shown` says (grouped digits). */
export function plural(one: string, other: string, count: number, shown: string = String(count), values?: Values): string {
    const entry = catalog[other];
    const category = rules.select(count);
    let text: string;
    if (entry && typeof entry === 'object') text = entry[category] ?? entry.other ?? other;
    else if (typeof entry === 'string') text = entry;
    else text = category === 'one' ? one : other;
    return fill(text, { n: shown, ...values });
}
