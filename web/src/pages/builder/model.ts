/* The document that is being edited, and how it is kept: at once in this browser, shortly after on
 * the server while it is a draft. A live sequence changes only when it is published. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { api, call, ApiError, type Schemas, type Sequence, type SequenceInput, type StepInput } from '../../core/api';
import { dropDraft, readDraft, writeDraft } from '../../core/drafts';
import { t } from '../../core/i18n';
import { missingField, sameDocument, sameWords, toInput, toWire, withKnownIds, withSaved } from '../../core/steps';

export type SaveState = { kind: 'saved'; at: number; unfinished?: number } | { kind: 'saving' } | { kind: 'dirty' } | { kind: 'kept'; at: number; error: ApiError | null } | { kind: 'failed'; error: ApiError };
export type EditStep = StepInput & { key?: string };
const AUTOSAVE_MS = 900;
const RETRY_MS = 3_000;
const UNSURE_KEPT = 3;

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
    /* What to do with the list of this moment: what is called later must not bring back an old one. */
    setSteps: (change: (now: EditStep[]) => EditStep[]) => void;
    setStep: (index: number, change: Partial<StepInput>) => void;
    /* Takes what the server has now, unless something here is not saved; then only its status. */
    refresh: () => Promise<void>;
    /* Goes on from a version that only has another status, like after a pause elsewhere. */
    follow: (theirs: Sequence) => boolean;
    /* What publishing would do to the people inside. */
    effects: (query: { backfill?: boolean }) => Promise<Schemas['EditEffects']>;
    /* Saves what stands there for the people inside; `start` opens a draft for them. */
    publish: (start: boolean, query: { force?: boolean; backfill?: boolean }) => Promise<Sequence>;
    restore: (version: number) => Promise<void>;
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

/* Changes of one sequence go to the server one after the other, also those of a page that was just
 * left: each is made from the version that the one before it brought. */
const turns = new Map<string, Promise<unknown>>();
const lastSaved = new Map<string, Sequence>();
function inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const mine = (turns.get(id) ?? Promise.resolve()).then(work);
    const ended = mine.then(
        () => undefined,
        () => undefined,
    );
    turns.set(id, ended);
    void ended.then(() => turns.get(id) === ended && turns.delete(id));
    return mine;
}
/* False while a page that was left is still saving this sequence: what it saves is what to open. */
export function useFormerSave(id: string): boolean {
    const [ended, setEnded] = useState(() => !turns.has(id));
    useEffect(() => void turns.get(id)?.then(() => setEnded(true)), [id]);
    return ended;
}
/* The pages that are open, for what is called after its own page was left: "Undo" in a toast. */
type Change = (change: (now: SequenceInput) => SequenceInput) => void;
const openPages = new Map<string, Change>();

/* What stands in the browser, on top of what the server has. */
function opened(loaded: Sequence): { document: SequenceInput; unsure: SequenceInput[] } {
    const fresh = toInput(loaded);
    const draft = readDraft(loaded.id);
    if (!draft) return { document: fresh, unsure: [] };
    const document = { ...draft.document, status: loaded.status, version: draft.base };
    const same = draft.base === loaded.version ? sameDocument : sameWords; // a new version brought new ids
    if (same(document, fresh)) return { document: fresh, unsure: [] };
    const arrived = draft.unsure?.find(sent => sameWords({ ...sent, status: loaded.status }, fresh));
    return arrived ? { document: withSaved(document, arrived, loaded), unsure: [] } : { document: withKnownIds(document, loaded), unsure: draft.unsure ?? [] };
}

export function useModel(loaded: Sequence): Model {
    const [first] = useState(() => {
        const saved = lastSaved.get(loaded.id);
        const sequence = saved && saved.version > loaded.version ? saved : loaded;
        return { sequence, ...opened(sequence) };
    });
    const [sequence, setSequence] = useState(first.sequence);
    const [document, setDocument] = useState(first.document);
    const [save, setSave] = useState<SaveState>({ kind: 'saved', at: new Date(first.sequence.updated_at).getTime() });
    const [errors, setErrors] = useState<ApiError | null>(null);
    const [conflict, setConflict] = useState(false);
    const state = useRef({ sequence, document, unsure: first.unsure, left: false });
    const timer = useRef<ReturnType<typeof setTimeout>>();
    const live = isLive(sequence);
    const changed = useMemo(() => !sameDocument(document, toInput(sequence)), [document, sequence]);

    // Whoever reads the state between two drawings finds what stands there now.
    const show = (next: SequenceInput): void => {
        state.current.document = next;
        setDocument(next);
    };
    const showSequence = (next: Sequence): void => {
        state.current.sequence = next;
        setSequence(next);
    };
    const keep = (): void => {
        const { sequence, document, unsure } = state.current;
        writeDraft(sequence.id, { base: document.version ?? sequence.version, at: Date.now(), document, unsure });
    };
    const fetchNewest = (): Promise<Sequence> => call(api.GET('/api/sequences/{id}', { params: { path: { id: state.current.sequence.id } } }));

    /* `sent` is saved; `current` is what stood in the page when it was sent. */
    const taken = (saved: Sequence, sent: SequenceInput, current: SequenceInput): void => {
        const now = state.current;
        lastSaved.set(saved.id, saved);
        now.unsure = [];
        showSequence(saved);
        setErrors(null);
        const unfinished = (current.messages ?? []).length - (sent.messages ?? []).length;
        const typedOn = now.document !== current;
        if (!typedOn && !unfinished) {
            show(keepKeys(saved, sent));
            dropDraft(saved.id);
        } else {
            // Typed on while saving, or steps stayed behind: take ids and version, keep the words.
            show(withSaved(now.document, sent, saved));
            keep();
        }
        if (!typedOn) setSave({ kind: 'saved', at: Date.now(), unfinished });
    };
    const follow = (theirs: Sequence): boolean => {
        const now = state.current;
        if (!sameDocument({ ...toInput(now.sequence), status: theirs.status }, toInput(theirs))) return false;
        showSequence(theirs);
        show({ ...now.document, status: theirs.status, version: theirs.version });
        if (!sameDocument(now.document, toInput(theirs))) keep();
        return true;
    };
    /* True when the newer version leaves what stands here as it is: it has another status, or it is
     * what was sent from here and whose answer was lost on its way. */
    const caughtUp = async (): Promise<boolean> => {
        const now = state.current;
        const theirs = await fetchNewest().catch(() => null);
        if (!theirs) return false;
        if (follow(theirs)) return true;
        const arrived = now.unsure.find(sent => sameWords({ ...sent, status: theirs.status }, toInput(theirs)));
        if (arrived) taken(theirs, arrived, arrived);
        return Boolean(arrived);
    };
    const put = async (sent: SequenceInput, status?: 'active', query: { force?: boolean; backfill?: boolean } = {}): Promise<Sequence> => {
        const now = state.current;
        const mark = { ...sent };
        now.unsure = [...now.unsure, mark].slice(-UNSURE_KEPT);
        keep();
        try {
            // The status is said only to start: who paused the sequence meanwhile keeps it paused.
            return (await call(api.PUT('/api/sequences/{id}', { params: { path: { id: now.sequence.id }, query }, body: { ...toWire(sent), status } }))) as Sequence;
        } catch (cause) {
            const { status: answered } = cause as ApiError;
            // A refusal is an answer: this one was not saved.
            if (answered >= 400 && answered < 500) now.unsure = now.unsure.filter(one => one !== mark);
            throw cause;
        }
    };
    const saveNow = async (): Promise<boolean> => {
        clearTimeout(timer.current);
        const now = state.current;
        if (isLive(now.sequence) || now.sequence.status === 'archived') return true;
        // New steps that are not finished stay behind; an old one that became unfinished holds the save.
        const current = now.document;
        const all = (current.messages ?? []) as EditStep[];
        const emptied = all.findIndex(step => step.id !== undefined && missingField(step) !== null);
        if (emptied >= 0 || !current.name.trim()) {
            const field = emptied >= 0 ? `messages[${emptied}].${missingField(all[emptied] as EditStep)}` : 'name';
            const message = emptied >= 0 ? t('Day {n} is not finished', { n: (all[emptied] as EditStep).day }) : t('The name is missing');
            const error = new ApiError(422, 'unfinished', '', message, [{ field, code: 'required', message }]);
            setErrors(error);
            setSave({ kind: 'kept', at: Date.now(), error });
            return false;
        }
        const kept = all.filter(step => missingField(step) === null);
        const unfinished = all.length - kept.length;
        const sent = unfinished ? { ...current, messages: kept } : current;
        if (sameDocument(sent, toInput(now.sequence))) {
            setErrors(null);
            setSave({ kind: 'saved', at: Date.now(), unfinished });
            return true;
        }
        setSave({ kind: 'saving' });
        try {
            taken(await put(sent), sent, current);
            return true;
        } catch (cause) {
            const error = cause as ApiError;
            if (error.code === 'version_conflict') {
                if (await caughtUp()) return saveNow();
                setConflict(true);
            } else if (error.status === 422) {
                setErrors(error);
                setSave({ kind: 'kept', at: Date.now(), error });
            } else {
                setSave({ kind: 'failed', error });
                if (!now.left) timer.current = setTimeout(() => void flush(), RETRY_MS);
            }
            return false;
        }
    };
    /* Saves what stands there now; true when the server has it. */
    const flush = useCallback((): Promise<boolean> => inTurn(state.current.sequence.id, saveNow), []);

    const change = useCallback<Change>(wanted => {
        const now = state.current;
        show(withKnownIds(wanted(now.document), now.sequence));
        keep();
        if (isLive(now.sequence)) setSave({ kind: 'kept', at: Date.now(), error: null });
        else {
            setSave({ kind: 'dirty' });
            clearTimeout(timer.current);
            timer.current = setTimeout(() => void flush(), AUTOSAVE_MS);
        }
    }, []);

    useEffect(() => {
        const id = first.sequence.id;
        const now = state.current;
        now.left = false;
        openPages.set(id, change);
        // A draft that was only kept in the browser is tried again when the page opens.
        if (!sameDocument(now.document, toInput(first.sequence))) {
            if (isLive(first.sequence)) setSave({ kind: 'kept', at: readDraft(id)?.at ?? Date.now(), error: null });
            else timer.current = setTimeout(() => void flush(), AUTOSAVE_MS);
        } else dropDraft(id);
        const leaving = (): void => void flush();
        addEventListener('pagehide', leaving);
        return () => {
            removeEventListener('pagehide', leaving);
            if (openPages.get(id) === change) openPages.delete(id);
            now.left = true;
            void flush();
        };
    }, []);

    /* A refusal that is none after all; a real one of this kind is for the person to decide. */
    const resolved = async (cause: ApiError): Promise<boolean> => {
        if (cause.code !== 'version_conflict') return false;
        const caught = await caughtUp();
        if (!caught) setConflict(true);
        return caught;
    };
    const adopt = (saved: Sequence): void => {
        clearTimeout(timer.current);
        lastSaved.set(saved.id, saved);
        state.current.unsure = [];
        show(keepKeys(saved, state.current.document));
        showSequence(saved);
        setErrors(null);
        setConflict(false);
        dropDraft(saved.id);
        setSave({ kind: 'saved', at: Date.now() });
    };
    const steps = (document.messages ?? []) as EditStep[];
    const setSteps = (next: (now: EditStep[]) => EditStep[]): void => (openPages.get(sequence.id) ?? change)(now => ({ ...now, messages: next((now.messages ?? []) as EditStep[]) }));
    return {
        sequence,
        document,
        steps,
        live,
        changed,
        save,
        errors,
        conflict,
        update: part => change(now => ({ ...now, ...part })),
        setSteps,
        setStep: (index, part) => setSteps(now => now.map((step, at) => (at === index ? { ...step, ...part } : step))),
        refresh: async () => {
            const newest = await fetchNewest();
            if (sameDocument(state.current.document, toInput(state.current.sequence))) adopt(newest);
            else follow(newest);
        },
        follow,
        effects: query => {
            const ask = async (): Promise<Schemas['EditEffects']> => (await call(api.PUT('/api/sequences/{id}', { params: { path: { id: sequence.id }, query: { ...query, dry_run: true } }, body: { ...toWire(state.current.document), status: undefined } }))) as Schemas['EditEffects'];
            return inTurn(sequence.id, () => ask().catch(async (cause: ApiError) => ((await resolved(cause)) ? ask() : Promise.reject(cause))));
        },
        publish: (start, query) =>
            inTurn(sequence.id, async () => {
                const status = start ? ('active' as const) : undefined;
                const again = async (cause: ApiError): Promise<Sequence> => {
                    if (!(await resolved(cause))) throw cause;
                    const now = state.current;
                    return isLive(now.sequence) && sameDocument(now.document, toInput(now.sequence)) ? now.sequence : put(now.document, status, query);
                };
                const saved = await put(state.current.document, status, query).catch(again);
                adopt(saved);
                return saved;
            }),
        restore: async version => {
            await flush(); // what was written last stands in the history too
            await inTurn(sequence.id, async () => adopt((await call(api.POST('/api/sequences/{id}/versions/{version}/restore', { params: { path: { id: sequence.id, version } } }))) as Sequence));
        },
        discard: () => adopt(state.current.sequence),
        takeTheirs: async () => adopt(await fetchNewest()),
        keepMine: async () => {
            const newest = await fetchNewest();
            showSequence(newest);
            setConflict(false);
            change(now => ({ ...now, status: newest.status, version: newest.version }));
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
