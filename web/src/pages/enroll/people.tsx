/* Everyone in a sequence: a live table of any length. Rows are drawn only where one looks; pages
 * are fetched as one scrolls. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { api, call, type Enrollment, type Schemas, type Sequence } from '../../core/api';
import * as format from '../../core/format';
import { plural, t } from '../../core/i18n';
import { setQuery } from '../../core/router';
import { DownloadCsv } from '../../ui/csv';
import { Button, Card, Dialog, Empty, Failure, Icon, Person, SearchField, Skeleton, TextField, Time, toast, useWork } from '../../ui/parts';
import { useDialog } from '../../ui/dialog';
import { useResource } from '../../ui/resource';
import { SelectionBar, Tick, TickAll, useSelection } from '../../ui/selection';
import { can, hub, place } from '../../ui/state';
import { EnrollmentState, ENROLLMENT_STATUSES, enrollmentWord, reasonWord } from '../../ui/status';
import { PerDay } from '../builder/dialogs';
import { ResumeChoice } from '../sequence';
import type { ApiError } from '../../core/api';

const ROW = 57;
const PAGE = 200;
const OVERSCAN = 8;
type Status = Schemas['EnrollmentStatus'];
type Action = 'pause' | 'resume' | 'stop';

/* Whom an open dialog is about, as the address says it: all that fit the filters, some by their
 * numbers, or those ticked in this tab when they are too many for an address. */
const EVERYONE = 'all';
const SELECTED = 'selected';
const NAMED_MAX = 400;
function peopleAsked(who: string, selected: Set<string>): typeof EVERYONE | string[] | null {
    if (who === EVERYONE) return EVERYONE;
    const ids = who === SELECTED ? [...selected] : who.split('.').filter(one => /^\d+$/.test(one)).map(one => `enroll_${one}`);
    return ids.length ? ids : null;
}

interface Filter {
    status: string;
    q: string;
    batch: string;
}
export function PeopleTable({ sequence }: { sequence: Sequence }) {
    const query = place.value.query;
    const filter: Filter = { status: query.get('status') ?? '', q: query.get('q') ?? '', batch: query.get('batch') ?? '' };
    const key = `${sequence.id} ${filter.status} ${filter.q} ${filter.batch}`;
    return <Table key={key} sequence={sequence} filter={filter} />;
}
function Table({ sequence, filter }: { sequence: Sequence; filter: Filter }) {
    const [rows, setRows] = useState<Enrollment[]>([]);
    const [cursor, setCursor] = useState<string | null | undefined>(undefined);
    const [total, setTotal] = useState<number | null>(null);
    const [error, setError] = useState<ApiError | null>(null);
    const [range, setRange] = useState({ from: 0, to: 30 });
    const [everyone, setEveryone] = useState(false);
    const [dialog, setDialog, who] = useDialog(['pause-people', 'resume-people', 'stop-people']);
    const [fresh, setFresh] = useState(0);
    const box = useRef<HTMLDivElement>(null);
    const busy = useRef(false);
    const state = useRef({ rows, cursor });
    state.current = { rows, cursor };
    const path = { id: sequence.id };
    const params = { status: filter.status || undefined, q: filter.q || undefined, batch_id: filter.batch || undefined };

    const more = useCallback(async (): Promise<void> => {
        if (busy.current || state.current.cursor === null) return;
        busy.current = true;
        try {
            const page = await call(api.GET('/api/sequences/{id}/enrollments', { params: { path, query: { ...params, limit: PAGE, cursor: state.current.cursor, count: state.current.cursor === undefined } } }));
            setRows([...state.current.rows, ...page.data]);
            setCursor(page.next_cursor);
            if (page.total !== undefined) setTotal(page.total);
            setError(null);
        } catch (cause) {
            setError(cause as ApiError);
        } finally {
            busy.current = false;
        }
    }, []);
    useEffect(() => void more(), []);

    /* What changed is fetched again without moving what one reads: the rows on the screen by id,
     * newcomers are announced above. */
    const refresh = useCallback(async (): Promise<boolean> => {
        if (busy.current) return false; // what is on its way may not know of it yet
        if (state.current.cursor === undefined) return true; // nothing was read yet
        busy.current = true;
        try {
            const wanted = Math.min(500, Math.max(PAGE, 0));
            const page = await call(api.GET('/api/sequences/{id}/enrollments', { params: { path, query: { ...params, limit: wanted, count: true } } }));
            const known = new Set(state.current.rows.map(row => row.id));
            const newcomers = page.data.filter(row => !known.has(row.id));
            const byId = new Map(page.data.map(row => [row.id, row]));
            const atTop = (box.current?.scrollTop ?? 0) < ROW;
            if (atTop || state.current.rows.length <= page.data.length) {
                const rest = state.current.rows.filter(row => !byId.has(row.id));
                setRows(state.current.rows.length <= page.data.length ? page.data : [...page.data, ...rest]);
                if (state.current.rows.length <= page.data.length) setCursor(page.next_cursor);
                setFresh(0);
            } else {
                setRows(state.current.rows.map(row => byId.get(row.id) ?? row));
                setFresh(newcomers.length);
            }
            if (page.total !== undefined) setTotal(page.total);
        } catch {
            // The next event tries again; old rows stay.
        } finally {
            busy.current = false;
        }
        return true;
    }, []);
    useEffect(() => {
        let timer: ReturnType<typeof setTimeout> | undefined;
        let gone = false;
        const due = (): void => {
            timer ??= setTimeout(() => {
                timer = undefined;
                void refresh().then(done => done || gone || due());
            }, 600);
        };
        const offEvents = hub.events.on(event => ['enrollment', 'message', 'batch', 'stats', 'opt_out', 'clock', 'counters', 'queue'].includes(event.kind) && (!event.data['sequence_id'] || event.data['sequence_id'] === sequence.id) && due());
        const offLink = hub.link.on(link => link.missed && due());
        return () => {
            offEvents();
            offLink();
            gone = true;
            clearTimeout(timer);
        };
    }, []);

    const onScroll = (): void => {
        const element = box.current;
        if (!element) return;
        const from = Math.max(0, Math.floor(element.scrollTop / ROW) - OVERSCAN);
        const to = Math.min(rows.length, Math.ceil((element.scrollTop + element.clientHeight) / ROW) + OVERSCAN);
        if (from !== range.from || to !== range.to) setRange({ from, to });
        if (to > rows.length - PAGE / 2) void more();
    };
    useEffect(onScroll, [rows]); // also after a refresh, while which nothing more was asked for

    const selection = useSelection(rows);
    const clear = (): void => {
        selection.clear();
        setEveryone(false);
    };
    const held = useRef<ReturnType<typeof peopleAsked>>(null); // the ticks go when it is done, the dialog stays
    const asked = dialog ? (peopleAsked(who, selection.ids) ?? held.current) : null;
    held.current = asked;
    const begin = (action: Action): void => setDialog(`${action}-people`, everyone ? EVERYONE : selection.ids.size <= NAMED_MAX ? [...selection.ids].map(id => id.replace('enroll_', '')).join('.') : SELECTED);
    const count = everyone ? (total ?? rows.length) : selection.ids.size;
    const filtered = Boolean(filter.status || filter.q || filter.batch);
    const chosen: Status[] = filter.status ? (filter.status.split(',') as Status[]) : [];
    const statusCount: Record<Status, number> = { active: sequence.active_count, paused: sequence.paused_count, completed: sequence.completed_count, stopped: sequence.stopped_count, opted_out: sequence.opted_out_count, failed: sequence.failed_count };
    const visible = rows.slice(range.from, Math.max(range.to, range.from + 30));
    const write = can('write');
    return (
        <div class="stack loose">
            <div class="row wrap wide">
                <div class="search-slot">
                    <SearchField label={t('Search name or number')} value={filter.q} onValue={value => setQuery({ q: value }, { replace: true })} />
                </div>
                <div class="segmented" role="group" aria-label={t('Status')}>
                    <button type="button" aria-pressed={chosen.length === 0} onClick={() => setQuery({ status: null })}>
                        {t('All')} <span class="muted num">{format.number(sequence.enrolled_count)}</span>
                    </button>
                    {ENROLLMENT_STATUSES.filter(status => statusCount[status] > 0 || chosen.includes(status)).map(status => (
                        <button key={status} type="button" aria-pressed={chosen.includes(status)} onClick={() => setQuery({ status: chosen.includes(status) && chosen.length === 1 ? null : status })}>
                            {enrollmentWord(status)} <span class="muted num">{format.number(statusCount[status])}</span>
                        </button>
                    ))}
                </div>
                {filter.batch ? (
                    <button type="button" class="chip info" onClick={() => setQuery({ batch: null })}>
                        {t('One import')} <Icon name="x" />
                    </button>
                ) : null}
                <DownloadCsv path={`/api/sequences/${sequence.id}/enrollments`} query={{ status: filter.status, q: filter.q }} />
            </div>
            {error ? <Failure error={error} retry={() => void more()} /> : null}
            <Card class="people">
                {write ? (
                    <SelectionBar
                        count={count}
                        onClear={clear}
                        more={
                            selection.all && !everyone && total !== null && total > selection.ids.size ? (
                                <button type="button" class="linklike" onClick={() => setEveryone(true)}>
                                    {plural('Select {n} matching', 'Select all {n} matching', total, format.number(total))}
                                </button>
                            ) : null
                        }
                    >
                        <Button small icon="pause" onClick={() => begin('pause')}>
                            {t('Pause')}
                        </Button>
                        <Button small icon="play" onClick={() => begin('resume')}>
                            {t('Resume')}
                        </Button>
                        <Button small icon="circle-stop" kind="danger" onClick={() => begin('stop')}>
                            {t('Stop')}
                        </Button>
                    </SelectionBar>
                ) : null}
                {fresh > 0 ? (
                    <button
                        type="button"
                        class="fresh-rows"
                        onClick={() => {
                            if (box.current) box.current.scrollTop = 0;
                            void refresh();
                        }}
                    >
                        <Icon name="arrow-up" /> {plural('{n} new person', '{n} new people', fresh, format.number(fresh))}
                    </button>
                ) : null}
                {rows.length === 0 && cursor === undefined && !error ? (
                    <div class="card-body">
                        <Skeleton lines={6} height={28} />
                    </div>
                ) : rows.length === 0 ? (
                    filtered ? (
                        <Empty icon="search-x" title={t('Nobody fits these filters')} actions={<Button onClick={() => setQuery({ status: null, q: null, batch: null })}>{t('Clear filters')}</Button>} />
                    ) : (
                        <Empty
                            icon="users"
                            title={t('Nobody is in this sequence yet')}
                            actions={
                                <a class="button primary" href={`/sequences/${sequence.id}/add`}>
                                    <Icon name="user-plus" />
                                    {t('Add people')}
                                </a>
                            }
                        >
                            {sequence.status === 'draft' ? t('Start the sequence first, then upload a list, paste numbers or use the API.') : t('Upload a list, paste numbers, or let your own software enroll people by the API.')}
                        </Empty>
                    )
                ) : (
                    <div class="virtual" ref={box} onScroll={onScroll} tabIndex={0} role="region" aria-label={t('People')}>
                        <table class="table" aria-rowcount={(total ?? rows.length) + 1}>
                            <thead>
                                <tr>
                                    {write ? <TickAll selection={{ ...selection, setAll: on => (setEveryone(false), selection.setAll(on)) }} /> : null}
                                    <th>{t('Person')}</th>
                                    <th>{t('Status')}</th>
                                    <th class="wide-only">{t('Progress')}</th>
                                    <th>{t('Next message')}</th>
                                    <th class="wide-only">{t('Last message')}</th>
                                    <th class="wide-only">{t('Enrolled')}</th>
                                </tr>
                            </thead>
                            <tbody>
                                {range.from > 0 ? (
                                    <tr aria-hidden="true" class="spacer">
                                        <td colSpan={7} style={{ height: `${range.from * ROW}px` }} />
                                    </tr>
                                ) : null}
                                {visible.map((row, offset) => {
                                    const index = range.from + offset;
                                    const picked = everyone || selection.ids.has(row.id);
                                    return (
                                        <tr key={row.id} aria-selected={picked} aria-rowindex={index + 2}>
                                            {write ? <Tick selection={selection} index={index} checked={picked} label={t('Select {name}', { name: row.name || format.phone(row.phone) })} onToggle={() => setEveryone(false)} /> : null}
                                            <td>
                                                <Person name={row.name} phone={row.phone} href={`/people/${row.id}`} />
                                            </td>
                                            <td>
                                                <EnrollmentState status={row.status} />
                                                {row.status_reason && reasonWord(row.status_reason) !== enrollmentWord(row.status) ? <div class="sub truncate reason">{reasonWord(row.status_reason)}</div> : null}
                                            </td>
                                            <td class="wide-only">
                                                <div class="num nowrap">{t('Day {n}', { n: format.number(row.current_day) })}</div>
                                                <div class="sub num">{t('{n} of {all} messages', { n: format.number(row.messages_sent), all: format.number(row.total_messages) })}</div>
                                            </td>
                                            <td>
                                                <Time at={row.next_message_due} style="moment" />
                                            </td>
                                            <td class="muted wide-only">
                                                <Time at={row.last_message_sent} />
                                            </td>
                                            <td class="muted wide-only">
                                                <Time at={row.enrolled_at} style="date" />
                                            </td>
                                        </tr>
                                    );
                                })}
                                {range.from + visible.length < rows.length ? (
                                    <tr aria-hidden="true" class="spacer">
                                        <td colSpan={7} style={{ height: `${(rows.length - range.from - visible.length) * ROW}px` }} />
                                    </tr>
                                ) : null}
                            </tbody>
                        </table>
                    </div>
                )}
                {rows.length ? (
                    <div class="card-foot small muted num">
                        {total !== null && rows.length < total ? t('{n} of {all} loaded; scroll for more', { n: format.number(rows.length), all: format.number(total) }) : plural('{n} person', '{n} people', rows.length, format.number(rows.length))}
                    </div>
                ) : null}
            </Card>
            {dialog && write && asked ? (
                <BulkDialog
                    action={dialog.replace('-people', '') as Action}
                    body={asked === EVERYONE ? { filter: { sequence_id: sequence.id, ...(chosen.length ? { status: chosen } : {}), ...(filter.q ? { q: filter.q } : {}), ...(filter.batch ? { batch_id: filter.batch } : {}) } } : { ids: asked }}
                    onClose={() => setDialog(null)}
                    done={() => {
                        clear();
                        void refresh();
                    }}
                />
            ) : null}
        </div>
    );
}
export function BulkDialog({ action, body: given, onClose, done }: { action: Action; body: { ids?: string[]; filter?: Schemas['EnrollmentFilter'] }; onClose: () => void; done: () => void }) {
    const [body] = useState(given); // the selection is cleared behind the dialog when it is done
    const [mode, setMode] = useState<'shift' | 'keep' | 'skip'>('shift');
    const [reason, setReason] = useState('');
    const [result, setResult] = useState<Schemas['ActionResult'] | null>(null);
    const [batch, setBatch] = useState<string | null>(null);
    const [busy, run] = useWork();
    const input = { ...body, action, ...(action === 'resume' ? { mode: mode === 'shift' ? ('shift' as const) : ('keep_dates' as const), ...(mode !== 'shift' ? { overdue: mode === 'skip' ? ('skip' as const) : ('send_one_per_day' as const) } : {}) } : {}), ...(reason ? { reason } : {}) };
    const effect = useResource(`bulk ${JSON.stringify([body, action, mode])}`, async () => (await call(api.POST('/api/enrollments/bulk-action', { body: { ...input, dry_run: true } }))) as Schemas['ActionResult']);
    const progress = useResource(batch ? `batch ${batch}` : null, () => call(api.GET('/api/batches/{id}', { params: { path: { id: batch as string } } })), { on: ['batch'] });
    useEffect(() => {
        if (!batch || (progress.data && !['queued', 'running'].includes(progress.data.status))) return;
        const timer = setInterval(progress.reload, 1_000);
        return () => clearInterval(timer);
    }, [batch, progress.data?.status]);
    const words = { pause: [t('Pause these people?'), t('Pause')], resume: [t('Resume these people?'), t('Resume')], stop: [t('Stop these people?'), t('Stop for good')] }[action] as [string, string];
    const apply = (): void =>
        run(async () => {
            const answer = (await call(api.POST('/api/enrollments/bulk-action', { body: input }))) as Schemas['ActionResult'] & Partial<Schemas['Batch']>;
            const id = answer.batch_id ?? (answer.kind ? answer.id : undefined);
            if (id) setBatch(id);
            else setResult(answer);
            done();
            if (!id) toast(plural('Done for {n} person.', 'Done for {n} people.', answer.changed, format.number(answer.changed)));
        });
    const finished = Boolean(result) || (progress.data && !['queued', 'running'].includes(progress.data.status));
    const skipped = result?.skipped ?? progress.data?.skipped ?? effect.data?.skipped ?? [];
    return (
        <Dialog
            title={words[0]}
            onClose={onClose}
            footer={
                batch || result ? (
                    <Button kind="primary" onClick={onClose}>
                        {finished ? t('Close') : t('Go on in the background')}
                    </Button>
                ) : (
                    <>
                        <Button onClick={onClose}>{t('Cancel')}</Button>
                        <Button kind={action === 'stop' ? 'danger' : 'primary'} solid={action === 'stop'} busy={busy} disabled={!effect.data || effect.data.changed === 0} onClick={apply}>
                            {words[1]}
                        </Button>
                    </>
                )
            }
        >
            {effect.error ? <Failure error={effect.error} retry={effect.reload} /> : null}
            {batch ? (
                <div class="stack" role="status">
                    <progress class="progress" max={progress.data?.total_rows ?? undefined} value={progress.data ? progress.data.processed_rows : undefined} aria-label={t('Progress')} />
                    <p class="num">{t('{n} of {all} done', { n: format.number(progress.data?.processed_rows ?? 0), all: format.number(progress.data?.total_rows ?? effect.data?.matched ?? 0) })}</p>
                </div>
            ) : result ? (
                <p>{plural('Done for {n} person.', 'Done for {n} people.', result.changed, format.number(result.changed))}</p>
            ) : effect.data ? (
                <>
                    <p>
                        {t('{n} of {all} people change.', { n: format.number(effect.data.changed), all: format.number(effect.data.matched) })}{' '}
                        {effect.data.messages_cancelled ? plural('{n} message leaves the queue.', '{n} messages leave the queue.', effect.data.messages_cancelled, format.number(effect.data.messages_cancelled)) : ''}
                    </p>
                    {action === 'stop' ? <p class="danger-text strong">{t('Stopping is final: they get nothing more from this sequence.')}</p> : null}
                    {action === 'resume' ? <ResumeChoice value={mode} onValue={setMode} /> : <TextField label={t('Reason (optional)')} value={reason} onValue={setReason} maxLength={200} />}
                    <PerDay days={effect.data.per_day} />
                </>
            ) : effect.error ? null : (
                <Skeleton lines={3} />
            )}
            {skipped.length ? (
                <ul class="bullets small muted">
                    {skipped.map(one => (
                        <li key={one.reason}>
                            {plural('{n} left as it is', '{n} left as they are', one.count, format.number(one.count))}: {reasonWord(one.reason)}
                        </li>
                    ))}
                </ul>
            ) : null}
        </Dialog>
    );
}
