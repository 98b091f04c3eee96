/* Editing the list of messages: pure functions on the document, shared by buttons, keys and drag. */
import type { Sequence, SequenceInput, StepInput } from './api';
import { headerIsFinished } from './header';
import { uuid } from './uuid';

export const TEXT_LIMIT = 4096;
export const CAPTION_LIMIT = 1024;

export function toInput(sequence: Sequence): SequenceInput {
    return {
        name: sequence.name,
        description: sequence.description,
        status: sequence.status,
        messages: sequence.messages.map(step => ({ ...step })),
        channel_id: sequence.channel_id,
        timezone: sequence.timezone,
        send_time: sequence.send_time,
        send_window: sequence.send_window,
        on_reply: sequence.on_reply,
        reenroll: sequence.reenroll,
        late_policy: sequence.late_policy,
        version: sequence.version,
    };
}
/* The server counts UTF-16 units, as WhatsApp does. */
export function characters(text: string | null | undefined): number {
    return (text ?? '').length;
}
export function limitOf(step: StepInput): number {
    return step.type === 'media' ? CAPTION_LIMIT : TEXT_LIMIT;
}
/* Without an `id` of the server a new step still needs a name for lists and focus. */

export function newStep(messages: readonly StepInput[]): StepInput & { key: string } {
    const last = messages.reduce((day, step) => Math.max(day, step.day), 0);
    return { day: Math.min(3650, last + 1), time: null, type: 'text', message: '', media_url: null, media_type: null, filename: null, template: null, key: uuid().slice(0, 12) };
}
export function stepKey(step: StepInput & { key?: string }, index: number): string {
    return step.key ?? step.id ?? String(index);
}
export function insertAt<T>(list: readonly T[], index: number, item: T): T[] {
    return [...list.slice(0, index), item, ...list.slice(index)];
}
export function removeAt<T>(list: readonly T[], index: number): T[] {
    return [...list.slice(0, index), ...list.slice(index + 1)];
}
/* Moves a step and keeps the days where they are: the message changes place, the calendar does not. */
export function moveStep(messages: readonly StepInput[], from: number, to: number): StepInput[] {
    if (to < 0 || to >= messages.length || from === to) return [...messages];
    const days = messages.map(step => step.day);
    const moved = messages[from] as StepInput;
    const rest = removeAt(messages, from);
    return insertAt(rest, to, moved).map((step, index) => (step.day === days[index] ? step : { ...step, day: days[index] as number }));
}
export function sortByDay(messages: readonly StepInput[]): StepInput[] {
    return messages.map((step, index) => ({ step, index })).sort((a, b) => a.step.day - b.step.day || (a.step.time && b.step.time ? a.step.time.localeCompare(b.step.time) : 0) || a.index - b.index).map(one => one.step);
}
/* What the server gets: without keys of the page. */
export function toWire(document: SequenceInput): SequenceInput {
    return {
        ...document,
        messages: (document.messages ?? []).map(step => {
            const { key: _key, ...wire } = step as StepInput & { key?: string };
            return wire;
        }),
    };
}
/* A step that the server no longer has comes back as a new one: its old id would be refused. That
 * happens when a removal is undone after it was saved, or when somebody else removed the step. */
export function withKnownIds(document: SequenceInput, sequence: Pick<Sequence, 'messages'>): SequenceInput {
    const known = new Set(sequence.messages.map(step => step.id));
    const steps = document.messages ?? [];
    if (steps.every(step => step.id === undefined || known.has(step.id))) return document;
    // For the page it stays the same step: the old id is the key from here on.
    return { ...document, messages: steps.map(step => (step.id === undefined || known.has(step.id) ? step : { ...step, id: undefined, key: (step as KeyedStep).key ?? step.id })) };
}
type KeyedStep = StepInput & { key?: string };
/* A document after `sent` became `saved`: the version and the ids that the server gave, whatever was
 * written in the meantime. */
export function withSaved(document: SequenceInput, sent: SequenceInput, saved: Sequence): SequenceInput {
    const before = (sent.messages ?? []) as KeyedStep[];
    const steps = ((document.messages ?? []) as KeyedStep[]).map(step => {
        if (step.id !== undefined) return step;
        const at = before.findIndex(one => one === step || (one.key !== undefined && one.key === step.key));
        const id = saved.messages[at]?.id;
        return id ? { ...step, id } : step;
    });
    return withKnownIds({ ...document, messages: steps, version: saved.version }, saved);
}
/* Two documents mean the same when their texts are the same, whatever the order of keys. */
export function sameDocument(a: SequenceInput, b: SequenceInput): boolean {
    return canonical({ ...toWire(a), version: 0 }) === canonical({ ...toWire(b), version: 0 });
}
/* The same, whichever ids the steps have: a new step gets its id when it is saved. */
export function sameWords(a: SequenceInput, b: SequenceInput): boolean {
    const bare = (document: SequenceInput): SequenceInput => ({ ...document, messages: (document.messages ?? []).map(step => ({ ...step, id: undefined })) });
    return sameDocument(bare(a), bare(b));
}
function canonical(value: unknown): string {
    if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
    if (value && typeof value === 'object')
        return `{${Object.entries(value)
            .filter(([, v]) => v !== null && v !== undefined)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`)
            .join(',')}}`;
    return JSON.stringify(value) ?? 'null';
}

/* The first field that a step still lacks, or null. Such a step is not sent to the server: it would
 * only be refused, and the person is still writing it. */
export function missingField(step: StepInput): 'message' | 'media_url' | 'template' | null {
    if (characters(step.message) > limitOf(step)) return 'message';
    switch (step.type) {
        case 'media':
            return /^https?:\/\/[^\s/]+/i.test(step.media_url ?? '') ? null : 'media_url';
        case 'template': {
            const template = step.template;
            const texts = (template?.body ?? []).map(one => (typeof one === 'string' ? one : String((one as { text?: unknown }).text ?? '')));
            const filled = texts.every(text => text.replace(/^[a-z_][a-z0-9_]*=/, '').trim() !== '') && (template?.buttons ?? []).every(button => button.text.trim() !== '') && headerIsFinished(template?.header);
            return template && /^[a-z0-9_]{1,512}$/.test(template.name) && template.language.trim().length > 1 && filled ? null : 'template';
        }
        default:
            return (step.message ?? '').trim() === '' ? 'message' : null;
    }
}
/* What the server can judge: the document without unfinished steps, and where each kept one stands.
 * Without ids: the server may have another opinion of them until a save on its way has come back. */
export function finished(document: SequenceInput): { document: SequenceInput; indexes: number[] } {
    const indexes: number[] = [];
    (document.messages ?? []).forEach((step, index) => missingField(step) === null && indexes.push(index));
    const wire = toWire(document);
    return { document: { ...wire, messages: indexes.map(index => ({ ...((wire.messages as StepInput[])[index] as StepInput), id: undefined })) }, indexes };
}
