/* What several pages share, as signals: who is signed in, where we are, the live link, the clock. */
import { computed, effect, signal } from '@preact/signals';
import { api, call, onUnauthorized, reachable, setCsrfToken, type Me } from '../core/api';
import { EventHub, type Link } from '../core/events';
import { setFormatting } from '../core/format';
import { currentLanguage, direction, languageChanged, pickLanguage, useCatalog, type Catalog, type Language } from '../core/i18n';
import { readPrefs, writePrefs } from '../core/prefs';
import { changed } from '../core/router';
import { useSaid } from '../core/said';

export type Phase = 'loading' | 'setup' | 'login' | 'ready' | 'unreachable';
export const phase = signal<Phase>('loading');
export const me = signal<Me | null>(null);
export const place = signal({ path: location.pathname, query: new URLSearchParams(location.search) });
changed.on(() => {
    place.value = { path: location.pathname, query: new URLSearchParams(location.search) };
});

export const hub = new EventHub('/api/events');
export const link = signal<Link>(hub.current);
hub.link.on(value => (link.value = value));
reachable.on(ok => hub.hint(ok));

/* The server's clock may be moved by hand, so "now" is the server's, not the browser's. */
const clockOffset = signal(0);
const tick = signal(Date.now());
setInterval(() => (tick.value = Date.now()), 15_000);
export const nowMs = computed(() => (tick.value, Date.now() + clockOffset.value));
export function setServerNow(iso: string): void {
    clockOffset.value = new Date(iso).getTime() - Date.now();
    tick.value = Date.now();
}

export const language = signal<Language>('en');
languageChanged.on(code => (language.value = code));
const loaders: Record<string, () => Promise<{ default: Catalog }>> = {
    es: () => import('../locales/es'),
    'pt-BR': () => import('../locales/pt-BR'),
    hi: () => import('../locales/hi'),
    ar: () => import('../locales/ar'),
};
export async function setLanguage(wanted: string, remember = true): Promise<void> {
    const code = pickLanguage(wanted);
    const load = loaders[code];
    // The server's sentences are put into words by tables that English does not need.
    const [catalog] = await Promise.all([load ? load().then(module => module.default) : {}, code === 'en' ? null : import('../core/said_tables').then(useSaid)]);
    document.documentElement.lang = code === 'pseudo' ? 'en' : code;
    document.documentElement.dir = direction(code);
    if (remember) writePrefs({ language: code });
    setFormatting(code === 'pseudo' ? 'en' : code, me.value?.server.timezone);
    useCatalog(code, catalog);
}

export const theme = signal<'light' | 'dark' | 'system'>(readPrefs().theme ?? 'system');
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(systemDark.matches);
systemDark.addEventListener('change', event => (systemIsDark.value = event.matches));
export const dark = computed(() => (theme.value === 'system' ? systemIsDark.value : theme.value === 'dark'));
effect(() => void (document.documentElement.dataset['theme'] = dark.value ? 'dark' : 'light'));
export function setTheme(value: 'light' | 'dark' | 'system'): void {
    theme.value = value;
    writePrefs({ theme: value === 'system' ? undefined : value });
}

type Scope = Me['scopes'][number];
export function can(scope: Scope): boolean {
    const held = me.value?.scopes ?? [];
    if (held.includes('admin')) return true;
    if (scope === 'read' || scope === 'enroll') return held.includes(scope) || held.includes('write');
    return held.includes(scope);
}

export function signedIn(value: Me): void {
    me.value = value;
    setCsrfToken((value as { csrf_token?: string }).csrf_token ?? null);
    setServerNow(value.server.now);
    setFormatting(currentLanguage() === 'pseudo' ? 'en' : currentLanguage(), value.server.timezone);
    phase.value = 'ready';
    hub.start(value.server.last_event_id);
}
export async function refreshMe(): Promise<void> {
    try {
        signedIn(await call(api.GET('/api/me')));
    } catch {
        // The link state says when the server is away.
    }
}

/* While the session has ended, requests wait here until someone signs in again. */
export const reauth = signal<{ resolve: (ok: boolean) => void } | null>(null);
let waiting: Promise<boolean> | null = null;
onUnauthorized(() => {
    if (phase.value !== 'ready') return Promise.resolve(false);
    waiting ??= new Promise<boolean>(resolve => (reauth.value = { resolve })).finally(() => {
        waiting = null;
        reauth.value = null;
    });
    return waiting;
});

const tabs = 'BroadcastChannel' in self ? new BroadcastChannel('dripline-session') : null;
export function leave(): void {
    hub.stop();
    me.value = null;
    phase.value = 'login';
}
if (tabs) tabs.onmessage = () => phase.value === 'ready' && leave();
export async function signOut(): Promise<void> {
    await call(api.POST('/api/logout')).catch(() => undefined);
    tabs?.postMessage('out');
    leave();
}
// A page restored by Back must not show the data of a session that has ended.
addEventListener('pageshow', event => {
    if (event.persisted) void start();
});

declare global {
    /* The first question, asked by boot.js before this script was here. */
    var driplineSetup: Promise<Response> | undefined;
}
type Setup = { needed: boolean; me: Me | null };
async function askSetup(): Promise<Setup> {
    const early = self.driplineSetup;
    self.driplineSetup = undefined;
    const answer = await early?.then(response => (response.ok ? (response.json() as Promise<Setup>) : undefined)).catch(() => undefined);
    return answer ?? call(api.GET('/api/setup'));
}
export async function start(): Promise<void> {
    try {
        const setup = await askSetup();
        if (setup.needed) phase.value = 'setup';
        else if (!setup.me) phase.value = 'login';
        else signedIn(setup.me);
    } catch (error) {
        phase.value = (error as { status?: number }).status === 0 ? 'unreachable' : 'login';
        if (phase.value === 'unreachable') setTimeout(() => phase.value === 'unreachable' && void start(), 2_000);
    }
}
hub.events.on(event => {
    if (event.kind === 'settings' || event.kind === 'channel' || event.kind === 'clock') void refreshMe();
});
