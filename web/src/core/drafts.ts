/* Work in progress that must survive a reload: the edits of a live sequence until they are
 * published. Kept per sequence in local storage, with the version they were made from. */
import type { SequenceInput } from './api';

export interface Draft {
    base: number;
    at: number;
    document: SequenceInput;
    /* Sent to the server without an answer so far: what was saved since may be one of these. */
    unsure?: SequenceInput[];
}
const key = (id: string): string => `dripline-draft-${id}`;

export function readDraft(id: string): Draft | null {
    try {
        const text = localStorage.getItem(key(id));
        return text ? (JSON.parse(text) as Draft) : null;
    } catch {
        return null;
    }
}
export function writeDraft(id: string, draft: Draft): boolean {
    try {
        localStorage.setItem(key(id), JSON.stringify(draft));
        return true;
    } catch {
        return false;
    }
}
export function dropDraft(id: string): void {
    try {
        localStorage.removeItem(key(id));
    } catch {
        // Nothing was kept, so nothing remains.
    }
}
