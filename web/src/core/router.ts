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
/* Asked before leaving; a page with unsaved work answers false. */
let guard: (() => boolean) | null = null;
export function setLeaveGuard(check: (() => boolean) | null): void {
    guard = check;
}

export function navigate(to: string, options: { replace?: boolean } = {}): void {
    const target = new URL(to, location.href);
    if (target.pathname !== location.pathname && guard && !guard()) return;
    if (options.replace) history.replaceState(null, '', target);
    else if (target.href !== location.href) history.pushState(null, '', target);
    changed.emit();
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
    addEventListener('popstate', () => changed.emit());
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
