/* The header of a template step: what the server takes is a text, an address or an object; here it is
 * always an object. */
import type { StepInput } from './api';

type StepTemplate = NonNullable<StepInput['template']>;
export type Format = 'TEXT' | 'IMAGE' | 'VIDEO' | 'DOCUMENT' | 'LOCATION';
export type Header = { type: 'text'; name?: string | null; text: string } | { type: 'image' | 'video' | 'document'; url: string; filename?: string | null } | { type: 'location'; latitude: string; longitude: string; name?: string | null; address?: string | null };

const FIELD = /\{\{\s*(\w+)\s*\}\}/;
/* The name of the place in a header's text that is to be filled; null when it has none. */
export function headerPlace(text: string | null | undefined): string | null {
    return FIELD.exec(text ?? '')?.[1] ?? null;
}
export function emptyHeader(format: Format, text: string | null, named: boolean, filling: string): Header | null {
    const place = headerPlace(text);
    switch (format) {
        case 'TEXT':
            return place ? { type: 'text', ...(named ? { name: place } : {}), text: filling } : null;
        case 'LOCATION':
            return { type: 'location', latitude: '', longitude: '' };
        default:
            return { type: format.toLowerCase() as 'image', url: '' };
    }
}
/* The contract's types know no more of such an object than that it is one. */
export function wireHeader(header: Header | null): StepTemplate['header'] {
    return header as unknown as StepTemplate['header'];
}
/* The header of a step as an object of the kind that its template has. */
export function headerOf(template: StepTemplate, format: Format): Header | null {
    const header = template.header as unknown as Header | string | null | undefined;
    if (header && typeof header === 'object') return header;
    if (typeof header !== 'string') return null;
    return format === 'TEXT' || format === 'LOCATION' ? { type: 'text', text: header } : { type: format.toLowerCase() as 'image', url: header };
}
/* Degrees as the server takes them; with a placeholder in them nobody can tell yet. */
export function isDegrees(text: string, limit: number): boolean {
    return text.includes('{') || (/^[-+]?\d{1,3}(\.\d+)?$/.test(text.trim()) && Math.abs(Number(text)) <= limit);
}
export function headerIsFinished(header: StepTemplate['header']): boolean {
    if (!header || typeof header === 'string') return true;
    const given = header as unknown as Header;
    switch (given.type) {
        case 'text':
            return given.text.trim() !== '';
        case 'location':
            return isDegrees(String(given.latitude), 90) && isDegrees(String(given.longitude), 180);
        default:
            return /^https?:\/\/[^\s/]+/i.test(given.url);
    }
}
