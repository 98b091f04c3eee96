/* The document that is being edited, and how it is kept: at once in this browser, shortly after on
 * the server while it is a draft. A live sequence changes only when it is published. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { api, call, ApiError, type Schemas, type Sequence, type SequenceInput, type StepInput } from '../../core/api';
import { dropDraft, readDraft, writeDraft } from '../../core/drafts';
import { t } from '../../core/i18n';
import { missingField, sameDocument, toInput, toWire, withKnownIds } from '../../core/steps';

export type SaveState = { kind: 'saved'; at: number; unfinished?: number } | { kind: 'saving' } | { kind: 'dirty' } | { kind: 'kept'; at: number; error: ApiError | null } | { kind: 'failed'; error: ApiError };
export type EditStep = StepInput & { key?: string };
const AUTOSAVE_MS = 900;

export interface Model {
    sequence: Sequence;
    document: SequenceInput;
    steps: EditStep[];
    live: boolean;
    changed: boolean;
    save: SaveState;
    errors: ApiError | null;
    conflict: boolean;
    update: (change: Partial<SequenceInput>) => void;
    /* A list, or what to do with the list of this moment: what is called later must not bring back an old one. */
    setSteps: (steps: EditStep[] | ((now: EditStep[]) => EditStep[])) => void;
    setStep: (index: number, change: Partial<StepInput>) => void;
    adopt: (sequence: Sequence) => void;
    discard: () => void;
    takeTheirs: () => Promise<void>;
    keepMine: () => Promise<void>;
    flush: () => Promise<boolean>;
}

export function isLive(sequence: Sequence): boolean {
    return sequence.status === 'active' || sequence.status === 'paused';
}
/* Steps that came back from the server take over the keys of the page, so that focus stays. */
function keepKeys(sequence: Sequence, old: SequenceInput): SequenceInput {
    const input = toInput(sequence);
    const before = (old.messages ?? []) as EditStep[];
    const steps = (input.messages ?? []) as EditStep[];
    steps.forEach((step, index) => {
        const same = before.find(one => one.id === step.id && one.id !== undefined) ?? (before.length === steps.length ? before[index] : undefined);
        if (same?.key) step.key = same.key;
    });
    return input;
}

export function useModel(loaded: Sequence): Model {
    const [sequence, setSequence] = useState(loaded);
    const [document, setDocument] = useState<SequenceInput>(() => {
        const draft = readDraft(loaded.id);
        const fresh = toInput(loaded);
        if (draft && !sameDocument(draft.document, fresh)) return withKnownIds({ ...draft.document, status: loaded.status, version: draft.base }, loaded);
        return fresh;
    });
    const [save, setSave] = useState<SaveState>({ kind: 'saved', at: new Date(loaded.updated_at).getTime() });
    const [errors, setErrors] = useState<ApiError | null>(null);
    const [conflict, setConflict] = useState(false);
    const state = useRef({ sequence, document, saving: false, again: false, stopped: false });
    state.current.sequence = sequence;
    state.current.document = document;
    const timer = useRef<ReturnType<typeof setTimeout>>();
    const live = isLive(sequence);
    const changed = useMemo(() => !sameDocument(document, toInput(sequence)), [document, sequence]);

    const flush = useCallback(async (): Promise<boolean> => {
        clearTimeout(timer.current);
        const now = state.current;
        if (now.saving) {
            now.again = true;
            return false;
        }
        if (isLive(now.sequence) || now.sequence.status === 'archived') return true;
        // New steps that are not finished stay behind; an old one that became unfinished holds the save.
        const all = (now.document.messages ?? []) as EditStep[];
        const emptied = all.findIndex(step => step.id !== undefined && missingField(step) !== null);
        if (emptied >= 0 || !now.document.name.trim()) {
            const field = emptied >= 0 ? `messages[${emptied}].${missingField(all[emptied] as EditStep)}` : 'name';
            const message = emptied >= 0 ? t('Day {n} is not finished', { n: (all[emptied] as EditStep).day }) : t('The name is missing');
            const error = new ApiError(422, 'unfinished', '', message, [{ field, code: 'required', message }]);
            setErrors(error);
            setSave({ kind: 'kept', at: Date.now(), error });
            return false;
        }
        const current = now.document;
        const kept = all.filter(step => missingField(step) === null);
        const unfinished = all.length - kept.length;
        const sent = unfinished ? { ...current, messages: kept } : current;
        if (sameDocument(sent, toInput(now.sequence))) {
            setErrors(null);
            setSave({ kind: 'saved', at: Date.now(), unfinished });
            return true;
        }
        now.saving = true;
        setSave({ kind: 'saving' });
        let good = false;
        try {
            const saved = (await call(api.PUT('/api/sequences/{id}', { params: { path: { id: now.sequence.id } }, body: toWire(sent) }))) as Sequence;
            good = true;
            now.sequence = saved;
            setSequence(saved);
            setErrors(null);
            if (state.current.document === current && !unfinished) {
                const adopted = keepKeys(saved, sent);
                now.document = adopted;
                setDocument(adopted);
                dropDraft(saved.id);
            } else {
                // Typed on while saving, or steps stayed behind: take ids and version, keep the words.
                const steps = (state.current.document.messages ?? []) as EditStep[];
                const sentSteps = (sent.messages ?? []) as EditStep[];
                const merged = steps.map(step => {
                    const at = sentSteps.findIndex(one => one === step || (one.key !== undefined && one.key === step.key));
                    const id = at >= 0 ? saved.messages[at]?.id : undefined;
                    return step.id === undefined && id ? { ...step, id } : step;
                });
                const next = withKnownIds({ ...state.current.document, messages: merged, version: saved.version }, saved);
                now.again = state.current.document !== current;
                now.document = next;
                setDocument(next);
                writeDraft(saved.id, { base: saved.version, at: Date.now(), document: next });
            }
            setSave({ kind: 'saved', at: Date.now(), unfinished });
        } catch (cause) {
            const error = cause as ApiError;
            if (error.status === 409 && error.code === 'version_conflict') setConflict(true);
            else if (error.status === 422) {
                setErrors(error);
                setSave({ kind: 'kept', at: Date.now(), error });
            } else {
                setSave({ kind: 'failed', error });
                timer.current = setTimeout(() => void flush(), 3_000);
            }
        } finally {
            now.saving = false;
        }
        if (now.again) {
            now.again = false;
            timer.current = setTimeout(() => void flush(), AUTOSAVE_MS);
        }
        return good;
    }, []);

    const changeTo = useCallback((wanted: SequenceInput): void => {
        const now = state.current;
        const next = withKnownIds(wanted, now.sequence);
        now.document = next;
        setDocument(next);
        writeDraft(now.sequence.id, { base: next.version ?? now.sequence.version, at: Date.now(), document: next });
        if (isLive(now.sequence)) setSave({ kind: 'kept', at: Date.now(), error: null });
        else {
            setSave(old => (old.kind === 'saving' ? old : { kind: 'dirty' }));
            clearTimeout(timer.current);
            timer.current = setTimeout(() => void flush(), AUTOSAVE_MS);
        }
    }, []);

    useEffect(() => {
        // A draft that was only kept in the browser is tried again when the page opens.
        if (!sameDocument(state.current.document, toInput(loaded))) {
            if (isLive(loaded)) setSave({ kind: 'kept', at: readDraft(loaded.id)?.at ?? Date.now(), error: null });
            else timer.current = setTimeout(() => void flush(), AUTOSAVE_MS);
        }
        const leaving = (): void => void flush();
        addEventListener('pagehide', leaving);
        return () => {
            removeEventListener('pagehide', leaving);
            void flush();
            clearTimeout(timer.current);
        };
    }, []);

    const adopt = useCallback((saved: Sequence): void => {
        const kept = keepKeys(saved, state.current.document);
        state.current.sequence = saved;
        state.current.document = kept;
        setSequence(saved);
        setDocument(kept);
        setErrors(null);
        setConflict(false);
        dropDraft(saved.id);
        setSave({ kind: 'saved', at: Date.now() });
    }, []);
    const fetchNewest = (): Promise<Sequence> => call(api.GET('/api/sequences/{id}', { params: { path: { id: state.current.sequence.id } } }));
    const steps = (document.messages ?? []) as EditStep[];
    return {
        sequence,
        document,
        steps,
        live,
        changed,
        save,
        errors,
        conflict,
        update: change => changeTo({ ...state.current.document, ...change }),
        setSteps: next => changeTo({ ...state.current.document, messages: typeof next === 'function' ? next((state.current.document.messages ?? []) as EditStep[]) : next }),
        setStep: (index, change) => changeTo({ ...state.current.document, messages: ((state.current.document.messages ?? []) as EditStep[]).map((step, at) => (at === index ? { ...step, ...change } : step)) }),
        adopt,
        discard: () => adopt(state.current.sequence),
        takeTheirs: async () => adopt(await fetchNewest()),
        keepMine: async () => {
            const newest = await fetchNewest();
            state.current.sequence = newest;
            setSequence(newest);
            setConflict(false);
            changeTo({ ...state.current.document, version: newest.version });
        },
        flush,
    };
}

export type Preview = Schemas['Preview'];
export type Lint = Schemas['Lint'];
export type Finding = Lint['findings'][number];
/* Answers about a document without its unfinished steps, told in the places of the whole one. */
export function mapPreview(preview: Preview, indexes: number[]): Preview {
    return { ...preview, messages: preview.messages.map(message => ({ ...message, index: indexes[message.index] ?? message.index })) };
}
export function mapLint(lint: Lint, indexes: number[]): Lint {
    return {
        ...lint,
        findings: lint.findings.map(finding => ({
            ...finding,
            index: finding.index === null || finding.index === undefined ? finding.index : (indexes[finding.index] ?? finding.index),
            field: finding.field?.replace(/^messages\[(\d+)\]/, (_, at: string) => `messages[${indexes[Number(at)] ?? at}]`) ?? null,
        })),
    };
}
/* Findings name their step by index, by id, or inside the path of the field. */
export function findingIndex(finding: Finding, steps: readonly StepInput[]): number | null {
    if (typeof finding.index === 'number') return finding.index;
    const path = /^messages\[(\d+)\]/.exec(finding.field ?? '');
    if (path) return Number(path[1]);
    const at = finding.step_id ? steps.findIndex(step => step.id === finding.step_id) : -1;
    return at >= 0 ? at : null;
}
