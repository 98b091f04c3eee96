/* Data of the server in a component: the last answer stays on the screen while a new one is
 * fetched, and events of the named kinds fetch again, at most twice a second. */
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../core/api';
import type { ServerEvent } from '../core/events';
import { hub, me } from './state';

export interface Resource<T> {
    data: T | undefined;
    error: ApiError | null;
    loading: boolean;
    reload: () => void;
    set: (data: T) => void;
}
const memory = new Map<string, unknown>();
const PACE_MS = 500;
const KEPT = 60;

function remember(key: string, value: unknown): void {
    memory.delete(key);
    memory.set(key, value);
    if (memory.size > KEPT) memory.delete(memory.keys().next().value as string);
}
/* What one person was shown is not for who signs in after them, nor an answer that comes late. */
let reader: string | undefined;
me.subscribe(who => {
    if (who?.user?.id === reader) return;
    reader = who?.user?.id;
    memory.clear();
});

export function useResource<T>(key: string | null, load: () => Promise<T>, options: { on?: string[]; when?: (event: ServerEvent) => boolean } = {}): Resource<T> {
    const [state, setState] = useState<{ key: string | null; data: T | undefined; error: ApiError | null; loading: boolean }>({ key, data: key ? (memory.get(key) as T | undefined) : undefined, error: null, loading: key !== null });
    const latest = useRef({ load, options, round: 0, taken: 0 });
    latest.current.load = load;
    latest.current.options = options;

    const reload = useCallback(() => {
        if (key === null) return;
        const round = ++latest.current.round;
        const asked = reader;
        // The very same state when nothing changes: nothing is drawn again then.
        setState(old => (old.key === key && old.loading ? old : { ...old, key, data: old.key === key ? old.data : (memory.get(key) as T | undefined), loading: true }));
        latest.current.load().then(
            data => {
                // An older answer is still news when the server is slower than the events: only never go back.
                if (round <= latest.current.taken || asked !== reader) return;
                latest.current.taken = round;
                remember(key, data);
                setState({ key, data, error: null, loading: false });
            },
            (error: ApiError) => {
                if (round !== latest.current.round || round <= latest.current.taken) return;
                setState(old => ({ ...old, error, loading: false }));
            },
        );
    }, [key]);

    const kinds = options.on?.join(',') ?? '';
    // Listens before it asks: what happens in between is heard.
    useLayoutEffect(() => {
        if (!kinds || key === null) return;
        let last = 0;
        let timer: ReturnType<typeof setTimeout> | undefined;
        const due = (): void => {
            if (timer) return;
            const wait = Math.max(0, last + PACE_MS - Date.now());
            timer = setTimeout(() => {
                timer = undefined;
                last = Date.now();
                reload();
            }, wait);
        };
        const offEvents = hub.events.on(event => {
            if (kinds.split(',').includes(event.kind) && (latest.current.options.when?.(event) ?? true)) due();
        });
        const offLink = hub.link.on(link => link.missed && due());
        return () => {
            offEvents();
            offLink();
            clearTimeout(timer);
        };
    }, [kinds, key, reload]);
    // Asked before the first paint, not after it.
    useLayoutEffect(() => {
        reload();
        return () => void (latest.current.taken = latest.current.round);
    }, [reload]);

    const set = useCallback((data: T) => {
        latest.current.taken = latest.current.round;
        if (key !== null) remember(key, data);
        setState({ key, data, error: null, loading: false });
    }, [key]);
    const current = state.key === key;
    return { data: current ? state.data : key ? (memory.get(key) as T | undefined) : undefined, error: current ? state.error : null, loading: current ? state.loading : key !== null, reload, set };
}
/* The last answer also while one for another period is on its way: figures that are old for a moment,
 * not a page that vanishes and comes back. */
export function useLast<T>({ data, error }: Resource<T>): { data: T | undefined; old: boolean } {
    const last = useRef<T>();
    if (data !== undefined) last.current = data;
    const kept = error ? undefined : last.current;
    return { data: data ?? kept, old: data === undefined && kept !== undefined };
}
