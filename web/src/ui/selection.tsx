/* Choosing several rows of a table: one by one, a run with Shift, or all that are shown. */
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import * as format from '../core/format';
import { plural, t } from '../core/i18n';
import { Button } from './parts';

export interface Selection {
    ids: Set<string>;
    all: boolean;
    toggle: (index: number, shift: boolean) => void;
    setAll: (on: boolean) => void;
    clear: () => void;
}
export function useSelection(rows: readonly { id: string }[]): Selection {
    const [ids, setIds] = useState<Set<string>>(new Set());
    const anchor = useRef<number | null>(null);
    return {
        ids,
        all: rows.length > 0 && rows.every(row => ids.has(row.id)),
        toggle: (index, shift) => {
            const on = !ids.has(rows[index]?.id ?? '');
            const from = shift && anchor.current !== null ? anchor.current : index;
            const next = new Set(ids);
            for (const row of rows.slice(Math.min(from, index), Math.max(from, index) + 1)) {
                if (on) next.add(row.id);
                else next.delete(row.id);
            }
            anchor.current = index;
            setIds(next);
        },
        setAll: on => setIds(on ? new Set(rows.map(row => row.id)) : new Set()),
        clear: () => setIds(new Set()),
    };
}
export function SelectionBar({ count, more, onClear, children }: { count: number; more?: ComponentChildren; onClear: () => void; children: ComponentChildren }) {
    if (!count) return null;
    return (
        <div class="selection-bar" role="toolbar" aria-label={t('With the selected rows')}>
            <strong class="num">{plural('{n} selected', '{n} selected', count, format.number(count))}</strong>
            {more}
            <span class="grow" />
            {children}
            <Button small kind="ghost" onClick={onClear}>
                {t('Clear')}
            </Button>
        </div>
    );
}
export function TickAll({ selection }: { selection: Selection }) {
    return (
        <th class="tick">
            <label class="tick-target">
                <input type="checkbox" aria-label={t('Select all rows shown')} checked={selection.all} onChange={event => selection.setAll(event.currentTarget.checked)} />
            </label>
        </th>
    );
}
export function Tick({ selection, index, checked, label, onToggle }: { selection: Selection; index: number; checked: boolean; label: string; onToggle?: () => void }) {
    return (
        <td class="tick">
            <label class="tick-target">
                <input
                    type="checkbox"
                    aria-label={label}
                    checked={checked}
                    onClick={event => {
                        selection.toggle(index, (event as MouseEvent).shiftKey);
                        onToggle?.();
                    }}
                />
            </label>
        </td>
    );
}
