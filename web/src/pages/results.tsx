/* The numbers of one sequence: for every step the outcomes sum to the people enrolled. */
import { useState } from 'preact/hooks';
import { api, call, type Schemas, type Sequence } from '../core/api';
import * as format from '../core/format';
import { plural, t } from '../core/i18n';
import { failureSaid } from '../core/said';
import { TimeChart } from '../ui/chart';
import { DownloadCsv } from '../ui/csv';
import { dayPeriods } from '../ui/names';
import { Alert, Button, Card, Empty, Failure, Icon, Segmented, showError, Skeleton, toast } from '../ui/parts';
import { useLast, useResource } from '../ui/resource';
import { can, nowMs } from '../ui/state';
import { reasonWord } from '../ui/status';
import { figures, Table } from '../ui/table';
import { Cohorts } from './cohorts';
import { ForecastCard } from './forecast';

type Funnel = Schemas['Funnel'];
const PARTS: { key: keyof Funnel; color: string; word: () => string; status: string }[] = [
    { key: 'sent', color: 'var(--chart-1)', word: () => t('Sent'), status: 'sent,delivered,read' },
    { key: 'queued', color: 'var(--chart-2)', word: () => t('In the queue'), status: 'pending,sending,in_doubt,held' },
    { key: 'waiting', color: 'var(--line-strong)', word: () => t('Not due yet'), status: '' },
    { key: 'skipped', color: 'var(--chart-6)', word: () => t('Skipped'), status: 'skipped' },
    { key: 'cancelled', color: 'var(--text-3)', word: () => t('Cancelled'), status: 'cancelled' },
    { key: 'unknown', color: 'var(--warn)', word: () => t('Unknown'), status: 'unknown' },
    { key: 'failed', color: 'var(--chart-5)', word: () => t('Failed'), status: 'failed' },
];
export function FunnelBar({ funnel }: { funnel: Funnel }) {
    const parts = PARTS.filter(part => funnel[part.key] > 0);
    return (
        <div class="meter" role="img" aria-label={parts.map(part => `${part.word()}: ${format.number(funnel[part.key])}`).join(', ')} title={parts.map(part => `${part.word()}: ${format.number(funnel[part.key])}`).join('\n')}>
            {parts.map(part => (
                <i key={part.key} style={{ width: `${(funnel[part.key] / Math.max(1, funnel.total)) * 100}%`, background: part.color }} />
            ))}
        </div>
    );
}
export function Stages({ values, of }: { values: { label: string; count: number; href?: string }[]; of: number }) {
    return (
        <ol class="stages">
            {values.map(value => (
                <li key={value.label}>
                    <span class="stage-label">{value.label}</span>
                    <span class="stage-bar">
                        <span style={{ width: `${of ? Math.max(0.5, (value.count / of) * 100) : 0}%` }} />
                    </span>
                    <span class="num stage-count">{value.href && value.count ? <a href={value.href}>{format.number(value.count)}</a> : format.number(value.count)}</span>
                    <span class="muted num tiny stage-share">{format.percent(value.count, of)}</span>
                </li>
            ))}
        </ol>
    );
}
/* How the messages behind a group are asked for: by the provider's code, when it gave one. */
const wantedReason = (failure: Schemas['FailureReason']): string => String(failure.code || failure.reason);
/* `span`: the failures are those of a span of time, and so are the list behind them and what is sent again. */
export function Failures({ failures, sequenceId, span, done }: { failures: Schemas['FailureReason'][]; sequenceId?: string; span?: { from: string; to?: string }; done: () => void }) {
    const behind = (failure: Schemas['FailureReason']): string => `/messages?${new URLSearchParams({ status: 'failed', reason: wantedReason(failure), ...(sequenceId ? { sequence_id: sequenceId } : {}), ...(span ? { time: 'failed', ...span } : {}) }).toString()}`;
    const retry = async (failure: Schemas['FailureReason']): Promise<void> => {
        const result = await call(api.POST('/api/messages/bulk-retry', { body: { filter: { reason: wantedReason(failure), ...(sequenceId ? { sequence_id: sequenceId } : {}), ...(span ? { failed_from: span.from, ...(span.to ? { failed_to: span.to } : {}) } : {}) } } }));
        const count = 'changed' in result ? (result.changed ?? 0) : 0;
        toast(plural('{n} message waits again.', '{n} messages wait again.', count, format.number(count)));
        done();
    };
    return (
        <ul class="failures">
            {failures.map(failure => (
                <li key={`${failure.reason} ${failure.code ?? ''}`}>
                    <a class="num strong count" href={behind(failure)}>
                        {format.number(failure.count)}
                    </a>
                    <div class="grow">
                        <div class="strong">
                            {failureSaid(failure, reasonWord(failure.reason)).title} {failure.code ? <span class="muted tiny num">({failure.code})</span> : null}
                        </div>
                        <div class="small soft">
                            {failureSaid(failure).advice}
                        </div>
                    </div>
                    {failure.retryable && can('write') ? (
                        <Button small icon="rotate-ccw" onClick={() => void retry(failure).catch(showError)}>
                            {t('Retry')}
                        </Button>
                    ) : null}
                </li>
            ))}
        </ul>
    );
}

export function Results({ sequence }: { sequence: Sequence }) {
    const stats = useResource(`stats ${sequence.id}`, () => call(api.GET('/api/sequences/{id}/stats', { params: { path: { id: sequence.id } } })), { on: ['stats', 'message', 'enrollment', 'sequence', 'counters', 'queue', 'batch'] });
    const [days, setDays] = useState<'7' | '30' | '90'>('30');
    const since = new Date(nowMs.value - Number(days) * 864e5).toISOString();
    const series = useResource(`series ${sequence.id} ${days}`, () => call(api.GET('/api/stats/timeseries', { params: { query: { sequence_id: sequence.id, interval: 'day', from: since, timezone: format.currentZone() } } })), { on: ['stats', 'message', 'enrollment', 'counters'] });
    const lines = useLast(series).data;
    if (!stats.data) return stats.error ? <Failure error={stats.error} retry={stats.reload} /> : <Skeleton lines={6} height={28} />;
    const data = stats.data;
    if (data.enrolled_count === 0) return <Empty icon="chart-no-axes-column" title={t('No results yet')}>{t('Numbers appear here as soon as people are enrolled.')}</Empty>;
    const totals = data.totals;
    const points = lines?.points ?? [];
    const behind = (step: Schemas['SequenceStats']['steps'][number], count: number, status: string, shown = format.number(count), filter = 'status') =>
        count ? (
            <a class="quiet" href={`/messages?${filter}=${status}&step_id=${step.step_id}&sequence_id=${sequence.id}`}>
                {shown}
            </a>
        ) : (
            <span class="muted">{shown}</span>
        );
    const listed = (filter: string): string => `/messages?${filter}&sequence_id=${sequence.id}`;
    const tile = (label: string, value: string, hint: string, href?: string) => (
        <div class="tile" key={label}>
            <span class="tile-label">{label}</span>
            <span class="tile-value num">{href ? <a href={href}>{value}</a> : value}</span>
            <span class="tile-hint muted small num">{hint}</span>
        </div>
    );
    return (
        <div class="stack loose">
            <div class="tiles">
                {tile(t('Enrolled'), format.number(data.enrolled_count), t('{n} active', { n: format.number(data.active_count) }), `/sequences/${sequence.id}/people`)}
                {tile(t('Sent'), format.number(totals.sent), t('{n} on the way', { n: format.number(totals.queued) }), listed('status=sent,delivered,read'))}
                {tile(t('Delivered'), format.percent(totals.delivered, totals.sent), format.number(totals.delivered), listed('status=delivered,read'))}
                {tile(t('Read'), format.percent(totals.read, totals.sent), format.number(totals.read), listed('status=read'))}
                {tile(t('Replied'), format.percent(totals.replied, data.enrolled_count), plural('{n} person', '{n} people', totals.replied, format.number(totals.replied)), listed('answer=replied'))}
                {tile(t('Opted out'), format.percent(totals.opted_out, data.enrolled_count), plural('{n} person', '{n} people', totals.opted_out, format.number(totals.opted_out)), listed('answer=opted_out'))}
            </div>
            <Card title={t('Message by message')} actions={<DownloadCsv path={`/api/sequences/${sequence.id}/stats`} />}>
                <Table
                    class="dense"
                    columns={[t('Day'), t('Message'), { label: t('Where everyone is'), class: 'bar-head' }, figures(t('People')), figures(t('Sent')), figures(t('Delivered')), figures(t('Read')), figures(t('Replied')), figures(t('Failed')), figures(t('Opted out after it'))]}
                >
                    {data.steps.map(step => (
                        <tr key={step.step_id}>
                            <td class="num strong">{format.number(step.day)}</td>
                            <td>
                                <span class="truncate block label-cell" dir="auto">
                                    {step.label}
                                </span>
                                {step.removed ? <span class="chip">{t('removed')}</span> : null}
                                {step.skipped_by_reason.length || step.cancelled_by_reason.length ? (
                                    <span class="sub">{[...step.skipped_by_reason, ...step.cancelled_by_reason].map(one => `${reasonWord(one.reason)}: ${format.number(one.count)}`).join(' · ')}</span>
                                ) : null}
                            </td>
                            <td>
                                <FunnelBar funnel={step.funnel} />
                            </td>
                            <td class="end">{format.number(step.funnel.total)}</td>
                            <td class="end">{behind(step, step.funnel.sent, 'sent,delivered,read')}</td>
                            <td class="end">{behind(step, step.funnel.delivered, 'delivered,read', format.percent(step.funnel.delivered, step.funnel.sent))}</td>
                            <td class="end">{behind(step, step.funnel.read, 'read', format.percent(step.funnel.read, step.funnel.sent))}</td>
                            <td class="end">{behind(step, step.funnel.replied, 'replied', undefined, 'answer')}</td>
                            <td class="end">{behind(step, step.funnel.failed, 'failed')}</td>
                            <td class="end">{behind(step, step.funnel.opted_out, 'opted_out', undefined, 'answer')}</td>
                        </tr>
                    ))}
                </Table>
                <div class="card-foot legend">
                    {PARTS.map(part => (
                        <span key={part.key} class="small soft">
                            <i style={{ background: part.color }} /> {part.word()}
                        </span>
                    ))}
                </div>
            </Card>
            <div class="grid">
                <Card
                    class="c8"
                    title={t('Over time')}
                    foot={
                        <>
                            <span class="muted small">{t('Times in {zone}', { zone: format.currentZone().replace(/_/g, ' ') })}</span>
                            <span class="grow" />
                            <DownloadCsv path="/api/stats/timeseries" query={{ sequence_id: sequence.id, interval: 'day', from: since, timezone: format.currentZone() }} />
                        </>
                    }
                    actions={
                        <Segmented
                            label={t('Period')}
                            value={days}
                            onValue={setDays}
                            options={dayPeriods()}
                        />
                    }
                >
                    <div class="card-body">
                        {lines ? (
                            <TimeChart
                                label={t('Messages per day')}
                                hourly={false}
                                times={points.map(point => new Date(point.at).getTime())}
                                series={[
                                    { key: 'sent', label: t('Sent'), color: '--chart-1', values: points.map(point => point.sent) },
                                    { key: 'read', label: t('Read'), color: '--chart-2', values: points.map(point => point.read) },
                                    { key: 'replied', label: t('Replied'), color: '--chart-3', values: points.map(point => point.replied) },
                                    { key: 'failed', label: t('Failed'), color: '--chart-5', values: points.map(point => point.failed) },
                                ]}
                            />
                        ) : (
                            <Skeleton lines={4} height={40} />
                        )}
                    </div>
                </Card>
                <Card class="c4" title={t('Why messages failed')} foot={data.failures.length ? <DownloadCsv path={`/api/sequences/${sequence.id}/stats`} query={{ table: 'failures' }} /> : undefined}>
                    {data.failures.length ? (
                        <Failures failures={data.failures} sequenceId={sequence.id} done={stats.reload} />
                    ) : (
                        <div class="card-body">
                            <Alert kind="good">
                                <Icon name="party-popper" class="inline" /> {t('Nothing failed.')}
                            </Alert>
                        </div>
                    )}
                </Card>
            </div>
            <Cohorts sequence={sequence} />
            <ForecastCard sequenceId={sequence.id} />
        </div>
    );
}
