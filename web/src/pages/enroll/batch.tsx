/* Batches: imports and bulk actions, their progress, the rows they refused, and taking them back. */
import { useEffect, useRef } from 'preact/hooks';
import { api, call, type Batch, type Schemas } from '../../core/api';
import * as format from '../../core/format';
import { plural, t } from '../../core/i18n';
import { Alert, ask, Button, Card, Failure, Icon, Menu, showError, Skeleton, Time, useWork } from '../../ui/parts';
import { useResource } from '../../ui/resource';
import { can } from '../../ui/state';
import { BatchState, enrolledBy, reasonWord } from '../../ui/status';
import { Counts, Rows } from './verdicts';

const UNDER_WAY: Batch['status'][] = ['queued', 'running', 'undoing'];
export function isRunning(batch: Batch): boolean {
    return UNDER_WAY.includes(batch.status);
}
export function refusedIn({ counts }: Batch): number {
    return counts.invalid_phone + counts.invalid_row + counts.duplicate_in_file + counts.opted_out;
}
/* What it was, for people: the file's name, or where the list came from, or what was done. */
export function batchTitle(batch: Batch): string {
    if (batch.filename) return batch.filename;
    if (batch.kind === 'edit') return t('Change of a sequence');
    if (batch.action === 'pause') return t('Pausing people');
    if (batch.action === 'resume') return t('Resuming people');
    if (batch.action === 'stop') return t('Stopping people');
    if (batch.action === 'retry' || batch.kind === 'retry') return t('Sending again');
    return t('Import ({source})', { source: enrolledBy(batch.source) });
}
function resultWords(batch: Batch): string {
    if (batch.kind !== 'import') return plural('{n} person changed', '{n} people changed', batch.changed ?? 0, format.number(batch.changed ?? 0));
    const fresh = batch.counts.enrolled + batch.counts.restarted;
    const refused = refusedIn(batch);
    return [plural('{n} enrolled', '{n} enrolled', fresh, format.number(fresh)), refused ? plural('{n} refused', '{n} refused', refused, format.number(refused)) : ''].filter(Boolean).join(' · ');
}
function Bar({ batch }: { batch: Batch }) {
    return <progress class="progress" max={batch.total_rows ?? undefined} value={batch.total_rows ? batch.processed_rows : undefined} aria-label={t('Progress')} />;
}

export async function undoBatch(id: string, done: () => void): Promise<void> {
    const effect = (await call(api.POST('/api/batches/{id}/undo', { params: { path: { id }, query: { dry_run: true } } }))) as Schemas['UndoResult'];
    const yes = await ask({
        title: t('Undo this import?'),
        body: (
            <>
                <p>{plural('{n} person who got nothing yet is taken out.', '{n} people who got nothing yet are taken out.', effect.removed, format.number(effect.removed))}</p>
                {effect.stopped ? <p>{plural('{n} person who already got a message is stopped.', '{n} people who already got a message are stopped.', effect.stopped, format.number(effect.stopped))}</p> : null}
            </>
        ),
        action: t('Undo'),
        danger: true,
    });
    if (!yes) return;
    await call(api.POST('/api/batches/{id}/undo', { params: { path: { id } } }));
    done();
}
const cancel = (id: string): Promise<Batch> => call(api.POST('/api/batches/{id}/cancel', { params: { path: { id } } }));

/* A list of batches, one line each. `names` adds the sequence to lines that are not on its own page. */
export function BatchRows({ batches, names, open, reload }: { batches: Batch[]; names?: Map<string, string>; open: (id: string) => void; reload: () => void }) {
    return (
        <ul class="batches">
            {batches.map(batch => {
                const sequence = batch.sequence_id ? names?.get(batch.sequence_id) : undefined;
                return (
                    <li key={batch.id} class="batch">
                        <div class="grow">
                            <button type="button" class="batch-name truncate" onClick={() => open(batch.id)}>
                                <bdi>{batchTitle(batch)}</bdi>
                            </button>
                            <div class="sub num">
                                {sequence ? (
                                    <>
                                        <a href={`/sequences/${batch.sequence_id}`} dir="auto">
                                            {sequence}
                                        </a>{' '}
                                        ·{' '}
                                    </>
                                ) : null}
                                {resultWords(batch)}
                            </div>
                        </div>
                        <div class="batch-state">
                            {isRunning(batch) && batch.status !== 'queued' ? <Bar batch={batch} /> : null}
                            <BatchState status={batch.status} />
                        </div>
                        <div class="muted small batch-when">
                            <Time at={batch.created_at} />
                            {names && batch.created_by ? <div class="truncate tiny">{batch.created_by}</div> : null}
                        </div>
                        <Menu
                            label={t('More for “{name}”', { name: batchTitle(batch) })}
                            items={[
                                { label: t('Show'), icon: 'list', run: () => open(batch.id) },
                                batch.kind === 'import' && Boolean(batch.sequence_id) && { label: t('Show these people'), icon: 'users', href: `/sequences/${batch.sequence_id}/people?batch=${batch.id}` },
                                !isRunning(batch) && refusedIn(batch) > 0 && { label: t('Download refused rows'), icon: 'download', href: `/api/batches/${batch.id}/rows.csv`, download: true },
                                isRunning(batch) && batch.status !== 'undoing' && can('enroll') && { label: t('Cancel the rest'), icon: 'ban', danger: true, run: () => void cancel(batch.id).then(reload, showError) },
                                batch.can_undo && can('write') && { label: t('Undo this import'), icon: 'undo-2', danger: true, run: () => void undoBatch(batch.id, reload).catch(showError) },
                            ]}
                        />
                    </li>
                );
            })}
        </ul>
    );
}

/* One batch with its progress and, when it is over, what it refused. */
export function BatchCard({ id, onClose }: { id: string; onClose: () => void }) {
    const batch = useResource(`batch ${id}`, () => call(api.GET('/api/batches/{id}', { params: { path: { id } } })), { on: ['batch'] });
    const over = batch.data && !isRunning(batch.data);
    const rows = useResource(over ? `rows ${id} ${batch.data?.status}` : null, () => call(api.GET('/api/batches/{id}/rows', { params: { path: { id }, query: { limit: 50 } } })));
    const [busy, run] = useWork();
    const running = !over;
    const history = useRef<{ at: number; done: number }[]>([]);
    useEffect(() => {
        if (!running) return;
        const timer = setInterval(batch.reload, 800);
        return () => clearInterval(timer);
    }, [running]);
    if (!batch.data) return batch.error ? <Failure error={batch.error} retry={batch.reload} /> : <Skeleton />;
    const data = batch.data;
    const now = Date.now();
    if (running) history.current = [...history.current.filter(one => now - one.at < 8_000), { at: now, done: data.processed_rows }];
    const first = history.current[0];
    const rate = first && now > first.at ? ((data.processed_rows - first.done) / (now - first.at)) * 1000 : 0;
    const left = data.total_rows !== null && rate > 0 ? (data.total_rows - data.processed_rows) / rate : null;
    return (
        <Card
            title={
                <span class="row">
                    <BatchState status={data.status} /> <bdi class="truncate">{batchTitle(data)}</bdi>
                </span>
            }
            actions={<Button small kind="ghost" icon="x" label={t('Close')} onClick={onClose} />}
            foot={
                <>
                    {running && data.status !== 'undoing' ? (
                        <Button busy={busy} onClick={() => run(async () => batch.set(await cancel(id)))}>
                            {t('Cancel the rest')}
                        </Button>
                    ) : null}
                    {over && refusedIn(data) ? (
                        <a class="button" href={`/api/batches/${id}/rows.csv`} download>
                            <Icon name="download" />
                            {t('Download refused rows')}
                        </a>
                    ) : null}
                    {over && data.kind === 'import' && data.sequence_id ? (
                        <a class="button" href={`/sequences/${data.sequence_id}/people?batch=${id}`}>
                            {t('Show these people')}
                        </a>
                    ) : null}
                    {data.can_undo && can('write') ? (
                        <Button icon="undo-2" kind="danger" busy={busy} onClick={() => run(() => undoBatch(id, batch.reload))}>
                            {t('Undo this import')}
                        </Button>
                    ) : null}
                </>
            }
        >
            <div class="card-body stack" role="status">
                {running ? (
                    <>
                        <Bar batch={data} />
                        <p class="small soft num">
                            {data.total_rows ? t('{n} of {all} rows', { n: format.number(data.processed_rows), all: format.number(data.total_rows) }) : t('{n} rows read', { n: format.number(data.processed_rows) })}
                            {rate > 1 ? ` · ${t('{n} per second', { n: format.number(Math.round(rate)) })}` : ''}
                            {left !== null && left > 1 ? ` · ${t('about {n} s left', { n: format.number(Math.ceil(left)) })}` : ''}
                        </p>
                        <p class="muted small">{t('You can close this page; the server goes on by itself.')}</p>
                    </>
                ) : null}
                {data.error ? <Alert kind="bad">{data.error}</Alert> : null}
                {data.kind === 'import' ? <Counts counts={data.counts} total={data.total_rows} /> : <p>{resultWords(data)}</p>}
                {data.skipped.length ? (
                    <ul class="bullets small muted">
                        {data.skipped.map(one => (
                            <li key={one.reason}>
                                {plural('{n} left as it is', '{n} left as they are', one.count, format.number(one.count))}: {reasonWord(one.reason)}
                            </li>
                        ))}
                    </ul>
                ) : null}
                {rows.data?.data.length ? (
                    <details class="details">
                        <summary>{t('Refused rows')}</summary>
                        <p class="small soft">{t('Download them, correct them in a spreadsheet, and upload that file again.')}</p>
                        <Rows rows={rows.data.data} />
                    </details>
                ) : null}
            </div>
        </Card>
    );
}
