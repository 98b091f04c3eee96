/* Dialogs that stand in the address, as ?dialog=NAME: a reload and a shared link open them again,
 * Back closes them. `who` says for whom, where a page has several. */
import { closeDialog, openDialog } from '../core/router';
import { place } from './state';

export const DIALOG_QUERY = ['dialog', 'who'];

export function useDialog<T extends string>(names: readonly T[]): [T | null, (name: T | null, who?: string) => void, string] {
    const { query } = place.value;
    const open = names.find(name => name === query.get('dialog')) ?? null;
    const set = (name: T | null, who?: string): void => (name === null ? closeDialog(DIALOG_QUERY) : openDialog({ dialog: name, ...(who ? { who } : {}) }));
    return [open, set, query.get('who') ?? ''];
}
