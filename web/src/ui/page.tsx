/* The head of a page: its title in the window, its way back, its one h1. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ApiError } from '../core/api';
import { Failure, Skeleton } from './parts';
import { me } from './state';

export interface Crumb {
    label: string;
    href: string;
}
export const crumbs = signal<Crumb[]>([]);
export const pageTitle = signal('');

export function usePage(title: string, parents: Crumb[] = []): void {
    const trail = parents.map(parent => parent.label).reverse();
    const product = me.value?.server.name ?? 'Dripline';
    useEffect(() => {
        crumbs.value = parents;
        pageTitle.value = title;
        document.title = [title, ...trail, product].join(' – ');
    }, [title, product, ...parents.flatMap(parent => [parent.label, parent.href])]);
}
export function PageHead({ title, lead, children }: { title: ComponentChildren; lead?: ComponentChildren; children?: ComponentChildren }) {
    return (
        <header class="page-head">
            <div>
                <h1 tabIndex={-1} id="page-title">
                    {title}
                </h1>
                {lead ? <div class="lead">{lead}</div> : null}
            </div>
            {children ? <div class="actions">{children}</div> : null}
        </header>
    );
}
/* A page whose data has not come, or could not be had: it still has its heading. */
export function Pending({ title, error, retry }: { title: string; error: ApiError | null; retry: () => void }) {
    return (
        <div class="page">
            <h1 id="page-title" tabIndex={-1} class={error ? '' : 'visually-hidden'}>
                {title}
            </h1>
            {error ? <Failure error={error} retry={retry} /> : <Skeleton lines={6} height={28} />}
        </div>
    );
}
