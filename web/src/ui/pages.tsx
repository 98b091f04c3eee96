/* Long lists, a page at a time: the first page is kept fresh by events, the next ones are appended
 * when someone asks for more. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../core/api';
import { t } from '../core/i18n';
import { Button, Card, Failure, showError, Skeleton } from './parts';
import { useResource } from './resource';

interface Page<T> {
    data: T[];
    next_cursor: string | null;
}
export interface Pages<T> {
    rows: T[] | undefined;
    error: ApiError | null;
    reload: () => void;
    /* Changes rows that are shown, until the server's next answer. */
    patch: (change: (row: T) => T) => void;
    next: string | null;
    more: () => void;
}
export function usePages<T extends object>(key: string, load: (cursor?: string) => Promise<Page<T>>, on: string[]): Pages<T> {
    const first = useResource(key, () => load(), { on });
    const [more, setMore] = useState<T[]>([]);
    const [cursor, setCursor] = useState<string | null | undefined>(undefined);
    // An answer for another list (another filter since) is not added to this one.
    const shown = useRef(key);
    shown.current = key;
    useEffect(() => {
        setMore([]);
        setCursor(undefined);
    }, [key]);
    const next = (cursor === undefined ? first.data?.next_cursor : cursor) ?? null;
    const idOf = (row: T): unknown => (row as { id?: unknown }).id ?? row;
    const known = new Set(first.data?.data.map(idOf));
    return {
        rows: first.data ? [...first.data.data, ...more.filter(row => !known.has(idOf(row)))] : undefined,
        error: first.error,
        reload: first.reload,
        patch: change => {
            if (first.data) first.set({ ...first.data, data: first.data.data.map(change) });
            setMore(more.map(change));
        },
        next,
        more: () => {
            if (!next) return;
            load(next).then(answer => {
                if (shown.current !== key) return;
                setMore([...more, ...answer.data]);
                setCursor(answer.next_cursor);
            }, showError);
        },
    };
}
/* The card around such a list: waiting, failed, empty, the rows, and the button for more. */
export function PagedCard<T>({ pages, empty, note, head, children }: { pages: Pages<T>; empty: ComponentChildren; note?: string; head?: ComponentChildren; children: (rows: T[]) => ComponentChildren }) {
    if (pages.error && !pages.rows) return <Failure error={pages.error} retry={pages.reload} />;
    return (
        <Card
            foot={
                pages.next ? (
                    <>
                        <Button onClick={pages.more}>{t('Show more')}</Button>
                        {note ? <span class="muted small num">{note}</span> : null}
                    </>
                ) : undefined
            }
        >
            {head}
            {!pages.rows ? (
                <div class="card-body">
                    <Skeleton lines={6} height={28} />
                </div>
            ) : pages.rows.length === 0 ? (
                empty
            ) : (
                children(pages.rows)
            )}
        </Card>
    );
}
