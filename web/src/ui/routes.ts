/* The pages: one lazy chunk each. */
import type { FunctionComponent } from 'preact';
import type { RouteDefinition } from '../core/router';

export type Page = FunctionComponent<{ params: Record<string, string> }>;
export interface Route extends RouteDefinition {
    section: string;
    load: () => Promise<{ default: Page }>;
}
const sequence = () => import('../pages/sequence');
const settings = () => import('../pages/settings');
export const ROUTES: readonly Route[] = [
    { name: 'dashboard', pattern: '/', section: 'dashboard', load: () => import('../pages/dashboard') },
    { name: 'sequences', pattern: '/sequences', section: 'sequences', load: () => import('../pages/sequences') },
    { name: 'builder', pattern: '/sequences/:id', section: 'sequences', load: sequence },
    { name: 'people', pattern: '/sequences/:id/people', section: 'sequences', load: sequence },
    { name: 'add', pattern: '/sequences/:id/add', section: 'sequences', load: sequence },
    { name: 'results', pattern: '/sequences/:id/results', section: 'sequences', load: sequence },
    { name: 'person', pattern: '/people/:id', section: 'sequences', load: () => import('../pages/person') },
    { name: 'enrollments', pattern: '/people', section: 'sequences', load: () => import('../pages/enrollments') },
    { name: 'contacts', pattern: '/contacts', section: 'contacts', load: () => import('../pages/contacts') },
    { name: 'contact', pattern: '/contacts/:phone', section: 'contacts', load: () => import('../pages/contact') },
    { name: 'messages', pattern: '/messages', section: 'messages', load: () => import('../pages/messages') },
    { name: 'batches', pattern: '/batches', section: 'batches', load: () => import('../pages/batches') },
    { name: 'alerts', pattern: '/alerts', section: 'alerts', load: () => import('../pages/alerts') },
    { name: 'settings', pattern: '/settings', section: 'settings', load: settings },
    { name: 'settings', pattern: '/settings/:tab', section: 'settings', load: settings },
    { name: 'docs', pattern: '/docs', section: 'docs', load: () => import('../pages/docs') },
    { name: 'help', pattern: '/help', section: 'help', load: () => import('../pages/help') },
];
