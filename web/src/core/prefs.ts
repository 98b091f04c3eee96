/* What this browser remembers: theme, language and the like, in one local storage entry that
 * boot.js reads before the first paint. Storage may be forbidden; then nothing is remembered. */
export interface Prefs {
    theme?: 'light' | 'dark';
    language?: string;
    hideSetup?: boolean;
    shortcutsOff?: boolean;
    range?: string;
}
const KEY = 'dripline';

export function readPrefs(): Prefs {
    try {
        return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Prefs;
    } catch {
        return {};
    }
}
export function writePrefs(change: Partial<Prefs>): void {
    try {
        localStorage.setItem(KEY, JSON.stringify({ ...readPrefs(), ...change }));
    } catch {
        // Private windows may refuse; the choice then lasts until reload.
    }
}
