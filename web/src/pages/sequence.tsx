/* One sequence: its messages, its people, adding people, its results. */
import { useEffect, useState } from 'preact/hooks';
import { api, call, type Sequence } from '../core/api';
import * as format from '../core/format';
import { plural, t } from '../core/i18n';
import { navigate } from '../core/router';
import { useDialog } from '../ui/dialog';
import { Pending, usePage } from '../ui/page';
import { Alert, Button, Dialog, Failure, Icon, Menu, showError, Skeleton, toast, useWork, ErrorText } from '../ui/parts';
import { useResource } from '../ui/resource';
import { can, language, place } from '../ui/state';
import { SequenceState } from '../ui/status';
import { ConflictDialog, HistoryDialog, PerDay, PublishDialog, TestSendDialog } from './builder/dialogs';
import { Editor, useLint } from './builder/editor';
import { useFormerSave, useModel, type Model } from './builder/model';
import { AddPeople } from './enroll/add';
import { PeopleTable } from './enroll/people';
import { Results } from './results';
import type { Schemas } from '../core/api';

function tabOf(path: string): 'builder' | 'people' | 'add' | 'results' {
    const last = path.split('/')[3];
    return last === 'people' || last === 'add' || last === 'results' ? last : 'builder';
}
export default function SequencePage({ params }: { params: Record<string, string> }) {
    const id = params['id'] as string;
    const loaded = useResource(`sequence ${id}`, () => call(api.GET('/api/sequences/{id}', { params: { path: { id } } })), { on: ['sequence', 'enrollment', 'stats', 'batch', 'counters'], when: event => !event.data['sequence_id'] || event.data['sequence_id'] === id });
    const formerSaved = useFormerSave(id);
    if (!loaded.data || !formerSaved) return <Pending title={t('Sequence')} error={loaded.error} retry={loaded.reload} />;
    return <Loaded key={id} sequence={loaded.data} reload={loaded.reload} />;
}
function SaveLine({ model }: { model: Model }) {
    void language.value;
    const { save } = model;
    switch (save.kind) {
        case 'saved':
            return (
                <span class="muted small">
                    {t('Saved {time}', { time: format.time(save.at) })}
                    {save.unfinished ? ` · ${t('unfinished messages are kept in this browser')}` : ''}
                </span>
            );
        case 'saving':
        case 'dirty':
            return <span class="muted small">{t('Saving…')}</span>;
        case 'kept':
            return save.error ? (
                <span class="warn-text small" title={save.error.message}>
                    {t('Kept in this browser: {what}', { what: save.error.errors[0]?.message ?? save.error.message })}
                </span>
            ) : (
                <span class="muted small">{t('Draft saved {time}, not published', { time: format.time(save.at) })}</span>
            );
        case 'failed':
            return (
                <span class="danger-text small">
                    <ErrorText error={save.error} />
                </span>
            );
    }
}
function PauseResume({ sequence, onClose, done }: { sequence: Sequence; onClose: () => void; done: () => void }) {
    const resuming = sequence.status === 'paused';
    const [mode, setMode] = useState<'shift' | 'keep' | 'skip'>('shift');
    const body = resuming ? { mode: mode === 'shift' ? ('shift' as const) : ('keep_dates' as const), ...(mode === 'shift' ? {} : { overdue: mode === 'skip' ? ('skip' as const) : ('send_one_per_day' as const) }) } : {};
    const ask = (dry: boolean): Promise<Schemas['SequenceActionResult']> => (resuming ? call(api.POST('/api/sequences/{id}/resume', { params: { path: { id: sequence.id }, query: { dry_run: dry || undefined } }, body })) : call(api.POST('/api/sequences/{id}/pause', { params: { path: { id: sequence.id }, query: { dry_run: dry || undefined } }, body: {} })));
    const effect = useResource(`dry ${sequence.id} ${sequence.status} ${mode} ${sequence.version}`, () => ask(true));
    const [busy, run] = useWork();
    return (
        <Dialog
            title={resuming ? t('Resume “{name}”?', { name: sequence.name }) : t('Pause “{name}”?', { name: sequence.name })}
            onClose={onClose}
            footer={
                <>
                    <Button onClick={onClose}>{t('Cancel')}</Button>
                    <Button
                        kind="primary"
                        busy={busy}
                        onClick={() =>
                            run(async () => {
                                const result = await ask(false);
                                toast(resuming ? t('“{name}” is running.', { name: sequence.name }) : plural('Paused; {n} waiting message is held back.', 'Paused; {n} waiting messages are held back.', result.messages_cancelled, format.number(result.messages_cancelled)));
                                done();
                                onClose();
                            })
                        }
                    >
                        {resuming ? t('Resume') : t('Pause')}
                    </Button>
                </>
            }
        >
            {effect.error ? <Failure error={effect.error} /> : null}
            {resuming ? <ResumeChoice value={mode} onValue={setMode} /> : <p>{t('The clock of everyone inside stands still until you resume.')}</p>}
            {effect.data ? (
                <>
                    <p class="soft">
                        {resuming ? plural('{n} person goes on.', '{n} people go on.', effect.data.changed, format.number(effect.data.changed)) : plural('{n} person is paused.', '{n} people are paused.', effect.data.changed, format.number(effect.data.changed))}{' '}
                        {effect.data.messages_cancelled ? plural('{n} message leaves the queue.', '{n} messages leave the queue.', effect.data.messages_cancelled, format.number(effect.data.messages_cancelled)) : ''}
                    </p>
                    <PerDay days={effect.data.per_day} />
                </>
            ) : effect.error ? null : (
                <Skeleton lines={2} />
            )}
        </Dialog>
    );
}
export function ResumeChoice({ value, onValue }: { value: 'shift' | 'keep' | 'skip'; onValue: (value: 'shift' | 'keep' | 'skip') => void }) {
    const options = [
        ['shift', t('Go on where they stopped'), t('All dates move by the length of the pause. Spacing stays.')],
        ['keep', t('Keep the dates, catch up'), t('What was missed is sent, one message per day.')],
        ['skip', t('Keep the dates, skip what was missed'), ''],
    ] as const;
    return (
        <fieldset class="stack tight">
            <legend class="visually-hidden">{t('How to go on')}</legend>
            {options.map(([code, label, hint]) => (
                <label key={code} class="check">
                    <input type="radio" name="resume" checked={value === code} onChange={() => onValue(code)} />
                    <span>
                        {label}
                        {hint ? <span class="muted small block">{hint}</span> : null}
                    </span>
                </label>
            ))}
        </fieldset>
    );
}
function Loaded({ sequence: newest, reload }: { sequence: Sequence; reload: () => void }) {
    const model = useModel(newest);
    const lint = useLint(model);
    const tab = tabOf(place.value.path);
    const [dialog, setDialog] = useDialog(['publish', 'test', 'history', 'pause']);
    // Numbers and status follow the server; the document is only replaced by its own saves.
    const sequence = { ...model.sequence, ...counts(newest), status: newest.version >= model.sequence.version ? newest.status : model.sequence.status };
    const tabName = { builder: t('Messages'), people: t('People'), add: t('Add people'), results: t('Results') }[tab];
    usePage(tab === 'builder' ? model.document.name : tabName, tab === 'builder' ? [{ label: t('Sequences'), href: '/sequences' }] : [{ label: t('Sequences'), href: '/sequences' }, { label: model.document.name, href: `/sequences/${sequence.id}` }]);
    const write = can('write') && sequence.status !== 'archived';
    const refreshed = (): void => {
        reload();
        void model.refresh().catch(showError);
    };
    const stale = newest.version > model.sequence.version && !model.conflict && model.save.kind !== 'saving';
    useEffect(() => {
        if (stale) model.follow(newest);
    }, [stale, newest]);
    return (
        <div class="page full">
            <header class="page-head sequence-head">
                <div>
                    <h1 id="page-title" tabIndex={-1} class={write && tab === 'builder' ? 'visually-hidden' : ''}>
                        {model.document.name || t('Sequence')}
                    </h1>
                    {write && tab === 'builder' ? (
                        <>
                            <input class="title-input" aria-label={t('Name of the sequence')} dir="auto" maxLength={200} value={model.document.name} onInput={event => model.update({ name: event.currentTarget.value })} onFocus={event => event.currentTarget.value === t('New sequence') && event.currentTarget.select()} />
                            <input class="lead-input" aria-label={t('Description')} dir="auto" maxLength={2000} placeholder={t('Add a description for your team')} value={model.document.description ?? ''} onInput={event => model.update({ description: event.currentTarget.value || null })} />
                        </>
                    ) : model.document.description ? (
                        <div class="lead">{model.document.description}</div>
                    ) : null}
                    <div class="row wide wrap head-line">
                        <SequenceState status={sequence.status} />
                        {tab === 'builder' && write ? <SaveLine model={model} /> : null}
                    </div>
                </div>
                <div class="actions">
                    {tab === 'builder' && write ? (
                        <>
                            {model.live && model.changed ? (
                                <Button kind="ghost" onClick={model.discard}>
                                    {t('Discard')}
                                </Button>
                            ) : null}
                            <Button icon="send" onClick={() => void model.flush().then(() => setDialog('test'))}>
                                {t('Send test')}
                            </Button>
                        </>
                    ) : null}
                    {write && sequence.status === 'active' ? (
                        <Button icon="pause" onClick={() => setDialog('pause')}>
                            {t('Pause')}
                        </Button>
                    ) : null}
                    {write && sequence.status === 'paused' ? (
                        <Button icon="play" onClick={() => setDialog('pause')}>
                            {t('Resume')}
                        </Button>
                    ) : null}
                    {write && sequence.status === 'draft' ? (
                        <Button icon="play" kind="primary" onClick={() => void model.flush().then(() => setDialog('publish'))}>
                            {t('Start')}
                        </Button>
                    ) : null}
                    {write && model.live && tab === 'builder' ? (
                        <Button icon="upload" kind="primary" disabled={!model.changed} onClick={() => setDialog('publish')}>
                            {t('Publish')}
                        </Button>
                    ) : null}
                    {write && model.live && tab !== 'builder' && tab !== 'add' ? (
                        <a class="button primary" href={`/sequences/${sequence.id}/add`}>
                            <Icon name="user-plus" />
                            {t('Add people')}
                        </a>
                    ) : null}
                    <Menu
                        small={false}
                        label={t('More')}
                        items={[
                            { label: t('Version history'), icon: 'history', run: () => setDialog('history') },
                            can('write') && {
                                label: t('Clone'),
                                icon: 'copy',
                                run: () => {
                                    call(api.POST('/api/sequences/{id}/clone', { params: { path: { id: sequence.id } }, body: {} })).then(copy => navigate(`/sequences/${copy.id}`), showError);
                                },
                            },
                        ]}
                    />
                </div>
            </header>
            <nav class="tabs" aria-label={t('Parts of this sequence')}>
                {(
                    [
                        ['builder', '', t('Messages'), model.steps.length],
                        ['people', '/people', t('People'), sequence.enrolled_count],
                        ['add', '/add', t('Add people'), null],
                        ['results', '/results', t('Results'), null],
                    ] as const
                ).map(([code, path, label, count]) => (
                    <a key={code} href={`/sequences/${sequence.id}${path}`} aria-current={tab === code ? 'page' : undefined}>
                        {label}
                        {count !== null ? <span class="count">{format.number(count)}</span> : null}
                    </a>
                ))}
            </nav>
            {stale && tab === 'builder' ? (
                <Alert
                    kind="warn"
                    action={
                        <Button small onClick={() => void model.takeTheirs().catch(showError)}>
                            {t('Show the new version')}
                        </Button>
                    }
                >
                    {t('This sequence was saved elsewhere since you opened it.')}
                </Alert>
            ) : null}
            {tab === 'builder' ? <Editor model={model} lint={lint} /> : tab === 'people' ? <PeopleTable sequence={sequence} /> : tab === 'add' ? <AddPeople sequence={sequence} /> : <Results sequence={sequence} />}
            {dialog === 'publish' && write ? (
                <PublishDialog
                    model={model}
                    findings={lint?.findings ?? []}
                    onClose={() => {
                        setDialog(null);
                        reload();
                    }}
                />
            ) : null}
            {dialog === 'test' && write ? <TestSendDialog sequence={model.sequence} stepId={model.sequence.messages[0]?.id} onClose={() => setDialog(null)} /> : null}
            {dialog === 'history' ? <HistoryDialog model={model} onClose={() => setDialog(null)} /> : null}
            {dialog === 'pause' && write && sequence.status !== 'draft' ? <PauseResume sequence={sequence} onClose={() => setDialog(null)} done={refreshed} /> : null}
            <ConflictDialog model={model} />
        </div>
    );
}
function counts(sequence: Sequence) {
    const { enrolled_count, active_count, paused_count, completed_count, stopped_count, opted_out_count, failed_count, totals } = sequence;
    return { enrolled_count, active_count, paused_count, completed_count, stopped_count, opted_out_count, failed_count, totals };
}
