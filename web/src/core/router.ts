/* Paths and their parameters. State that a link must carry stands in the query; `setQuery` replaces
 * or pushes. Knows nothing of the framework: the UI listens to `changed`. */
import { Emitter } from './emitter';

export interface Match {
    name: string;
    pattern: string;
    params: Record<string, string>;
}
export interface RouteDefinition {
    name: string;
    pattern: string;
}

export function matchPath(routes: readonly RouteDefinition[], path: string): Match | null {
    const parts = path.replace(/\/+$/, '').split('/');
    for (const route of routes) {
        const wanted = route.pattern.replace(/\/+$/, '').split('/');
        if (wanted.length !== parts.length) continue;
        const params: Record<string, string> = {};
        const fits = wanted.every((part, index) => {
            const given = parts[index] ?? '';
            if (!part.startsWith(':')) return part === given;
            try {
                params[part.slice(1)] = decodeURIComponent(given);
            } catch {
                return false;
            }
            return given !== '';
        });
        if (fits) return { name: route.name, pattern: route.pattern, params };
    }
    return null;
}

export const changed = new Emitter<void>();

/* Going back takes a moment; where to go then waits for it. */
let closing: (() => void)[] | null = null;

export function navigate(to: string, options: { replace?: boolean } = {}): void {
    if (closing) return void closing.push(() => navigate(to, options));
    const target = new URL(to, location.href);
    if (options.replace) history.replaceState(null, '', target);
    else if (target.href !== location.href) history.pushState(null, '', target);
    changed.emit();
}
/* A dialog is a place of its own: a link to it opens it, Back closes it. Closing it by hand goes
 * back when it was opened from the page below, and else only leaves its name out. */
interface Opened {
    dialogs: number;
}
export function openDialogs(): number {
    return (history.state as Opened | null)?.dialogs ?? 0;
}
export function openDialog(query: Record<string, string>): void {
    if (closing) return void closing.push(() => openDialog(query));
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    history.pushState({ dialogs: openDialogs() + 1 } satisfies Opened, '', url);
    changed.emit();
}
export function closeDialog(names: readonly string[]): void {
    if (closing) return;
    if (openDialogs() > 0) {
        closing = [];
        history.back();
    } else if (names.some(name => new URLSearchParams(location.search).has(name))) {
        setQuery(Object.fromEntries(names.map(name => [name, null])), { replace: true });
    }
}
export function setQuery(change: Record<string, string | null | undefined>, options: { replace?: boolean } = {}): void {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(change)) {
        if (value === null || value === undefined || value === '') url.searchParams.delete(name);
        else url.searchParams.set(name, value);
    }
    navigate(url.pathname + url.search, options);
}

export function startRouter(): void {
    addEventListener('popstate', () => {
        const after = closing;
        closing = null;
        changed.emit();
        after?.forEach(go => go());
    });
    // One listener makes every plain link of the app a client-side one.
    document.addEventListener('click', event => {
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        const link = (event.target as Element).closest('a');
        if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
        if (/^\/(api|f|o|webhooks|metrics)\//.test(link.pathname) || link.getAttribute('href')?.startsWith('#')) return;
        event.preventDefault();
        navigate(link.href);
    });
}
