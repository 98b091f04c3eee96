/* What differs between two saved versions of a sequence: step by step, and word by word. */
import type { SequenceInput, StepInput } from './api';

export interface Piece {
    kind: 'same' | 'removed' | 'added';
    text: string;
}
export interface StepChange {
    kind: 'same' | 'changed' | 'removed' | 'added';
    before: StepInput | null;
    after: StepInput | null;
}
const WORDS = /\s+|[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_]/gu;
/* More comparisons than this block the page: then the middle counts as written anew. */
const MOST_CELLS = 4_000_000;

/* The pieces of both texts in reading order; without the added ones they are `before`, without the
 * removed ones `after`. */
export function compareWords(before: string, after: string): Piece[] {
    const a = before.match(WORDS) ?? [];
    const b = after.match(WORDS) ?? [];
    let start = 0;
    while (start < a.length && start < b.length && a[start] === b[start]) start++;
    let end = 0;
    while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
    const pieces: Piece[] = [];
    const put = (kind: Piece['kind'], text: string): void => {
        const last = pieces[pieces.length - 1];
        if (!text) return;
        if (last?.kind === kind) last.text += text;
        else pieces.push({ kind, text });
    };
    put('same', a.slice(0, start).join(''));
    for (const { kind, text } of middle(a.slice(start, a.length - end), b.slice(start, b.length - end))) put(kind, text);
    put('same', a.slice(a.length - end).join(''));
    return whole(pieces);
}
function middle(a: string[], b: string[]): Piece[] {
    const wide = b.length + 1;
    if (!a.length || !b.length || (a.length + 1) * wide > MOST_CELLS)
        return [
            { kind: 'removed', text: a.join('') },
            { kind: 'added', text: b.join('') },
        ];
    // common[i, j]: the most words that a from i and b from j have in the same order.
    const common = new Uint16Array((a.length + 1) * wide);
    for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) common[i * wide + j] = a[i] === b[j] ? (common[(i + 1) * wide + j + 1] as number) + 1 : Math.max(common[(i + 1) * wide + j] as number, common[i * wide + j + 1] as number);
    const pieces: Piece[] = [];
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
        if (i < a.length && j < b.length && a[i] === b[j]) {
            pieces.push({ kind: 'same', text: a[i++] as string });
            j++;
        } else if (j >= b.length || (i < a.length && (common[(i + 1) * wide + j] as number) >= (common[i * wide + j + 1] as number))) pieces.push({ kind: 'removed', text: a[i++] as string });
        else pieces.push({ kind: 'added', text: b[j++] as string });
    }
    return pieces;
}
/* A space between two changed words reads better as a part of both, and what was removed stands
 * before what came in its place. */
function whole(pieces: Piece[]): Piece[] {
    const result: Piece[] = [];
    let removed = '';
    let added = '';
    const flush = (): void => {
        if (removed) result.push({ kind: 'removed', text: removed });
        if (added) result.push({ kind: 'added', text: added });
        removed = added = '';
    };
    pieces.forEach((piece, index) => {
        const next = pieces[index + 1];
        if (piece.kind === 'removed') removed += piece.text;
        else if (piece.kind === 'added') added += piece.text;
        else if (/^[^\S\n]+$/.test(piece.text) && removed && added && next) {
            removed += piece.text;
            added += piece.text;
        } else {
            flush();
            result.push(piece);
        }
    });
    flush();
    return result;
}

function bare(step: StepInput): string {
    const sorted = (value: unknown): unknown =>
        Array.isArray(value)
            ? value.map(sorted)
            : value && typeof value === 'object'
              ? Object.fromEntries(
                    Object.entries(value)
                        .filter(([, one]) => one !== null)
                        .sort(([a], [b]) => (a < b ? -1 : 1))
                        .map(([key, one]) => [key, sorted(one)]),
                )
              : value;
    return JSON.stringify(sorted({ ...step, id: null }));
}
/* The steps of both in the order of the days. A step is the same one by its id; one that came back
 * with a new id is found by what it says, or by its day. */
export function compareSteps(before: SequenceInput, after: SequenceInput): StepChange[] {
    const old = [...(before.messages ?? [])];
    const now = after.messages ?? [];
    const partner = new Map<StepInput, StepInput>();
    const pair = (alike: (a: StepInput, b: StepInput) => boolean): void => {
        for (const step of now) {
            if (partner.has(step)) continue;
            const at = old.findIndex(one => alike(one, step));
            if (at >= 0) partner.set(step, old.splice(at, 1)[0] as StepInput);
        }
    };
    pair((a, b) => a.id !== undefined && a.id === b.id);
    pair((a, b) => bare(a) === bare(b));
    pair((a, b) => a.day === b.day && a.type === b.type);
    const changes: StepChange[] = now.map(step => {
        const was = partner.get(step) ?? null;
        return { kind: was === null ? 'added' : bare(was) === bare(step) ? 'same' : 'changed', before: was, after: step };
    });
    for (const step of old) {
        const at = changes.findIndex(change => (change.after ?? change.before as StepInput).day > step.day);
        changes.splice(at < 0 ? changes.length : at, 0, { kind: 'removed', before: step, after: null });
    }
    return changes;
}
