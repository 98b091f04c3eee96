/* What happens now and what happened: queue, numbers, funnel, series, failures, newcomers. */
import { useState } from 'preact/hooks';
import { api, call, type Schemas } from '../core/api';
import * as format from '../core/format';
import { t } from '../core/i18n';
import { said } from '../core/said';
import { readPrefs, writePrefs } from '../core/prefs';
import { setQuery } from '../core/router';
import { dayAfter, dayIn, isDay, startOfDay } from '../core/zone';
import { TimeChart } from '../ui/chart';
import { DownloadCsv } from '../ui/csv';
import { Later } from '../ui/later';
import { PageHead, usePage } from '../ui/page';
import { Alert, ask, Avatar, Button, Card, Empty, Failure, Icon, Phone, Segmented, showError, Skeleton, Time, toast } from '../ui/parts';
import { useLast, useResource } from '../ui/resource';
import { can, language, me, nowMs, place } from '../ui/state';
import { EnrollmentState, SequenceState } from '../ui/status';
import { figures, Table } from '../ui/table';
import { ForecastCard } from './forecast';
import { Failures, Stages } from './results';

type Range = '24h' | '7d' | '30d' | 'custom';
const LIVE = ['stats', 'message', 'enrollment', 'sequence', 'queue', 'counters', 'batch', 'opt_out', 'clock', 'channel', 'settings'];

function period(query: URLSearchParams, now: number, zone: string): { range: Range; from: string; to: string | undefined; hourly: boolean } {
    const range = (query.get('range') ?? '7d') as Range;
    if (range === 'custom') {
        const from = query.get('from');
        const to = query.get('to');
        const start = isDay(from) ? startOfDay(from, zone) : now - 7 * 864e5;
        const end = isDay(to) ? startOfDay(dayAfter(to), zone) : now;
        return { range, from: new Date(start).toISOString(), to: new Date(end).toISOString(), hourly: end - start <= 2 * 864e5 };
    }
    const days = { '24h': 1, '7d': 7, '30d': 30 }[range] ?? 7;
    const round = range === '24h' ? 36e5 : 864e5;
    const start = range === '24h' ? Math.floor((now - 864e5) / round) * round : now - days * 864e5;
    // Numbers are kept by quarters of an hour: from a whole one on, the lists behind them are as long.
    return { range, from: new Date(Math.floor(start / 9e5) * 9e5).toISOString(), to: undefined, hourly: range === '24h' };
}

function Setup({ setup }: { setup: Schemas['Overview']['setup'] }) {
    const [hidden, setHidden] = useState(Boolean(readPrefs().hideSetup));
    const steps = [
        { done: setup.channel || Boolean(me.value?.server.simulator), title: me.value?.server.simulator ? t('A number to send from: the simulator, until you connect your own') : t('Connect your WhatsApp number'), text: '', href: '/settings/channels', action: t('Connect') },
        { done: setup.sequence, title: t('Create a sequence'), text: t('Three messages in a week are a good start.'), href: '/sequences', action: t('Create') },
        { done: setup.test_message, title: t('Send yourself a test'), text: t('From the builder, with “Send test”.'), href: '/sequences', action: t('Send test') },
        { done: setup.enrollment, title: t('Enroll someone'), text: t('One number is enough.'), href: '/sequences', action: t('Enroll') },
        { done: setup.delivery, title: t('First delivery'), text: t('Ticks itself when the first message arrives.'), href: '/messages', action: t('Messages') },
    ];
    const done = steps.filter(step => step.done).length;
    if (hidden || done === steps.length || !can('write')) return null; /* who only looks has nothing to set up */
    const next = steps.findIndex(step => !step.done);
    return (
        <Card
            title={t('Get started')}
            actions={
                <>
                    <span class="muted small num">{t('{n} of {all}', { n: done, all: steps.length })}</span>
                    <Button
                        small
                        kind="ghost"
                        onClick={() => {
                            writePrefs({ hideSetup: true });
                            setHidden(true);
                            toast(t('You find this list again under Help.'));
                        }}
                    >
                        {t('Hide')}
                    </Button>
                </>
            }
        >
            <ol class="setup-steps">
                {steps.map((step, index) => (
                    <li key={step.title} class={step.done ? 'done' : index === next ? 'next' : ''}>
                        <Icon name={step.done ? /* icon */ 'circle-check' : /* icon */ 'circle'} />
                        <div class="grow">
                            <div class="strong">
                                {step.title}
                                {step.done ? <span class="visually-hidden"> ({t('done')})</span> : null}
                            </div>
                            {!step.done ? <div class="small muted">{step.text}</div> : null}
                        </div>
                        {index === next ? (
                            <a class="button small" href={step.href}>
                                {step.action}
                            </a>
                        ) : null}
                    </li>
                ))}
            </ol>
        </Card>
    );
}
export function setupAgain(): void {
    writePrefs({ hideSetup: false });
}
function Change({ now, before, good = true }: { now: number; before: number; good?: boolean }) {
    if (before === 0 || now === before) return <span class="muted tiny">{before === 0 && now > 0 ? t('new') : t('as before')}</span>;
    const up = now > before;
    return (
        <span class={`tiny num change ${up === good ? 'good' : 'bad'}`}>
            <Icon name={up ? /* icon */ 'trending-up' : /* icon */ 'trending-down'} class="inline" /> {format.percent(Math.abs(now - before), before)}
        </span>
    );
}
function isToday(at: string): boolean {
    const zone = format.currentZone();
    return dayIn(zone, Date.parse(at)) === dayIn(zone, nowMs.value);
}
function Queue({ queue }: { queue: Schemas['QueueStats'] }) {
    const states: Record<Schemas['QueueStats']['state'], { icon: string; tone: string; word: string }> = {
        sending: { icon: 'send', tone: 'good', word: t('Sending') },
        idle: { icon: 'moon', tone: '', word: t('Nothing to do') },
        paused: { icon: 'circle-pause', tone: 'warn', word: t('Paused') },
        quiet_hours: { icon: 'moon', tone: '', word: t('Quiet hours') },
        no_channel: { icon: 'unplug', tone: 'warn', word: t('No number connected') },
        channel_paused: { icon: 'circle-pause', tone: 'warn', word: t('Number paused') },
        held: { icon: 'hand', tone: 'warn', word: t('Held') },
    };
    const look = states[queue.state] ?? states.idle;
    const fact = (label: string, value: preact.ComponentChildren) => (
        <div>
            <dt>{label}</dt>
            <dd class="num">{value}</dd>
        </div>
    );
    const pauseAll = async (): Promise<void> => {
        const yes = await ask({ title: t('Pause all sending?'), body: <p>{t('No message leaves until someone resumes it. People stay where they are.')}</p>, action: t('Pause all sending'), danger: true });
        if (!yes) return;
        await call(api.PUT('/api/settings', { body: { sending_paused: true } }));
        toast(t('All sending is paused.'));
    };
    return (
        <Card
            class="c4"
            title={t('Queue')}
            actions={
                <span class={`status ${look.tone}`}>
                    <Icon name={look.icon} />
                    {look.word}
                </span>
            }
            foot={
                <>
                    <a href="/messages?status=pending,sending,in_doubt,held">{t('Open the queue')}</a>
                    <span class="grow" />
                    {can('admin') && !me.value?.server.sending_paused ? (
                        <Button small onClick={() => void pauseAll().catch(showError)}>
                            {t('Pause all sending')}
                        </Button>
                    ) : null}
                </>
            }
        >
            <div class="card-body stack">
                <p class="soft small">{said(queue.state_text)}</p>
                <dl class="queue-facts">
                    {fact(t('Waiting'), format.number(queue.pending))}
                    {fact(t('Being sent'), format.number(queue.sending))}
                    {fact(t('Oldest overdue'), queue.oldest_due_at ? <Time at={queue.oldest_due_at} /> : '–')}
                    {fact(t('Next at'), queue.next_at ? <Time at={queue.next_at} style={isToday(queue.next_at) ? 'time' : 'moment'} /> : '–')}
                    {fact(t('Rate'), `${format.decimal(queue.rate_per_second)} / ${format.decimal(queue.rate_limit_per_second)} ${t('per s')}`)}
                    {queue.in_doubt + queue.held > 0 ? fact(t('In doubt or held'), <a href="/messages?status=in_doubt,held">{format.number(queue.in_doubt + queue.held)}</a>) : fact(t('In doubt or held'), '0')}
                </dl>
            </div>
        </Card>
    );
}

export default function Dashboard() {
    void language.value;
    usePage(t('Dashboard'));
    const query = place.value.query;
    const zone = format.currentZone();
    const { range, from, to, hourly } = period(query, nowMs.value, zone);
    const key = `${range} ${range === 'custom' ? `${from} ${to}` : ''}`;
    const overview = useResource(`overview ${key}`, () => call(api.GET('/api/stats/overview', { params: { query: { from, to, timezone: zone } } })), { on: LIVE });
    const series = useResource(`timeseries ${key}`, () => call(api.GET('/api/stats/timeseries', { params: { query: { from, to, timezone: zone, interval: hourly ? 'hour' : 'day' } } })), { on: LIVE });
    const { data, old } = useLast(overview);
    const lines = useLast(series).data;
    const points = lines?.points ?? [];
    const byHour = lines?.interval === 'hour';
    const totals = data?.totals;
    const span = { from, ...(to ? { to } : {}) };
    const behind = (filter: Record<string, string>): string => `/messages?${new URLSearchParams({ ...filter, ...span }).toString()}`;
    const added = `/people?${new URLSearchParams({ enrolled_from: from, ...(to ? { enrolled_to: to } : {}) }).toString()}`;
    const tile = (label: string, value: number, before: number, href: string, good = true, share?: number) => (
        <div class="tile" key={label}>
            <span class="tile-label">{label}</span>
            <span class="tile-value num">{value ? <a href={href}>{format.number(value)}</a> : format.number(0)}</span>
            <span class="tile-hint row between">
                <Change now={value} before={before} good={good} />
                {share !== undefined ? <span class="muted tiny num">{format.percent(value, share)}</span> : null}
            </span>
        </div>
    );
    return (
        <div class="page full">
            <PageHead title={t('Dashboard')} lead={t('Times in {zone}', { zone: zone.replace(/_/g, ' ') })}>
                <Segmented
                    label={t('Period')}
                    value={range}
                    onValue={value => setQuery({ range: value === '7d' ? null : value, from: null, to: null })}
                    options={[
                        ['24h', t('24 hours')],
                        ['7d', t('7 days')],
                        ['30d', t('30 days')],
                        ['custom', t('Custom')],
                    ]}
                />
            </PageHead>
            {range === 'custom' ? (
                <div class="row wrap">
                    <input type="date" class="input auto small" aria-label={t('From')} value={query.get('from') ?? dayIn(zone, Date.parse(from))} onChange={event => setQuery({ from: event.currentTarget.value }, { replace: true })} />
                    –
                    <input type="date" class="input auto small" aria-label={t('To')} value={query.get('to') ?? dayIn(zone, nowMs.value)} onChange={event => setQuery({ to: event.currentTarget.value }, { replace: true })} />
                </div>
            ) : null}
            {overview.error && !data ? <Failure error={overview.error} retry={overview.reload} /> : null}
            {data ? <Setup setup={data.setup} /> : null}
            {data && totals ? (
                <>
                    <div class={`tiles${old ? ' old' : ''}`} aria-busy={old || undefined}>
                        {tile(t('Enrolled'), totals.enrolled, data.previous.enrolled, added)}
                        {tile(t('Sent'), totals.sent, data.previous.sent, behind({ time: 'sent' }))}
                        {tile(t('Delivered'), totals.delivered, data.previous.delivered, behind({ time: 'delivered' }), true, totals.sent)}
                        {tile(t('Read'), totals.read, data.previous.read, behind({ time: 'read' }), true, totals.sent)}
                        {tile(t('Replied'), totals.replied, data.previous.replied, behind({ answer: 'replied' }), true, totals.sent)}
                        {tile(t('Failed'), totals.failed, data.previous.failed, behind({ status: 'failed', time: 'failed' }), false, totals.sent + totals.failed)}
                    </div>
                    <div class="grid">
                        <Card class="c8" title={t('Messages over time')} actions={<DownloadCsv path="/api/stats/timeseries" query={{ from, to, timezone: zone, interval: hourly ? 'hour' : 'day' }} />}>
                            <div class="card-body">
                                {lines ? (
                                    <TimeChart
                                        label={byHour ? t('Messages per hour') : t('Messages per day')}
                                        hourly={byHour}
                                        times={points.map(point => new Date(point.at).getTime())}
                                        series={[
                                            { key: 'sent', label: t('Sent'), color: '--chart-1', values: points.map(point => point.sent) },
                                            { key: 'delivered', label: t('Delivered'), color: '--chart-2', values: points.map(point => point.delivered) },
                                            { key: 'read', label: t('Read'), color: '--chart-3', values: points.map(point => point.read) },
                                            { key: 'failed', label: t('Failed'), color: '--chart-5', values: points.map(point => point.failed) },
                                        ]}
                                    />
                                ) : (
                                    <Skeleton lines={5} height={40} />
                                )}
                            </div>
                        </Card>
                        <Queue queue={data.queue} />
                        <Later>
                            {() => (
                                <>
                                    <Card class="c4" title={t('From queue to reply')}>
                                        <div class="card-body">
                                            <Stages
                                                of={totals.sent + totals.failed + totals.skipped + totals.cancelled + totals.unknown}
                                                values={[
                                                    { label: t('Ended'), count: totals.sent + totals.failed + totals.skipped + totals.cancelled + totals.unknown },
                                                    { label: t('Sent'), count: totals.sent, href: behind({ time: 'sent' }) },
                                                    { label: t('Delivered'), count: totals.delivered, href: behind({ time: 'delivered' }) },
                                                    { label: t('Read'), count: totals.read, href: behind({ time: 'read' }) },
                                                    { label: t('Replied'), count: totals.replied, href: behind({ answer: 'replied' }) },
                                                    { label: t('Failed'), count: totals.failed, href: behind({ status: 'failed', time: 'failed' }) },
                                                    ...(totals.skipped + totals.cancelled ? [{ label: t('Not sent'), count: totals.skipped + totals.cancelled, href: behind({ status: 'skipped,cancelled', time: 'ended' }) }] : []),
                                                    ...(totals.unknown ? [{ label: t('Unknown'), count: totals.unknown, href: behind({ status: 'unknown', time: 'ended' }) }] : []),
                                                ]}
                                            />
                                        </div>
                                    </Card>
                                    <Card class="c8" title={t('Why messages failed')}>
                                        {data.failures.length ? (
                                            <Failures failures={data.failures} span={span} done={overview.reload} />
                                        ) : (
                                            <div class="card-body">
                                                <Alert kind="good">{t('Nothing failed in this period.')}</Alert>
                                            </div>
                                        )}
                                    </Card>
                                </>
                            )}
                        </Later>
                        <Later>
                            {() => (
                                <>
                                    <ForecastCard class="c8" />
                                    <Card class="c4" title={t('Recent enrollments')} actions={<a href="/people">{t('All enrollments')}</a>}>
                                        {data.recent_enrollments.length ? (
                                            <ul class="recent">
                                                {data.recent_enrollments.slice(0, 6).map(one => (
                                                    <li key={one.id}>
                                                        <Avatar name={one.name} phone={one.phone} />
                                                        <div class="grow">
                                                            <a class="title truncate block" href={`/people/${one.id}`} dir="auto">
                                                                {one.name || <Phone digits={one.phone} />}
                                                            </a>
                                                            <div class="sub truncate small muted">{one.sequence_name ?? data.sequences.find(sequence => sequence.id === one.sequence_id)?.name ?? ''}</div>
                                                        </div>
                                                        <div class="end small muted">
                                                            <Time at={one.enrolled_at} />
                                                            <div>
                                                                <EnrollmentState status={one.status} />
                                                            </div>
                                                        </div>
                                                    </li>
                                                ))}
                                            </ul>
                                        ) : (
                                            <Empty icon="users" title={t('Nobody yet')} />
                                        )}
                                    </Card>
                                </>
                            )}
                        </Later>
                        <Later>
                            {() => (
                                <Card class="c12" title={t('Sequences')} foot={<DownloadCsv path="/api/sequences" />} actions={<a href="/sequences">{t('All sequences')}</a>}>
                                    {data.sequences.length ? (
                                        <Table columns={[t('Name'), t('Status'), figures(t('Active')), figures(t('Sent')), figures(t('Delivered')), figures(t('Read')), figures(t('Replied')), figures(t('Failed'))]}>
                                            {data.sequences.map(row => (
                                                <tr key={row.id}>
                                                    <td>
                                                        <a class="title" href={`/sequences/${row.id}/results`}>
                                                            {row.name}
                                                        </a>
                                                    </td>
                                                    <td>
                                                        <SequenceState status={row.status} />
                                                    </td>
                                                    <td class="end">{format.number(row.active_count)}</td>
                                                    <td class="end">{format.number(row.totals.sent)}</td>
                                                    <td class="end">{format.percent(row.totals.delivered, row.totals.sent)}</td>
                                                    <td class="end">{format.percent(row.totals.read, row.totals.sent)}</td>
                                                    <td class="end">{row.totals.replied ? <a class="quiet" href={behind({ answer: 'replied', sequence_id: row.id })}>{format.number(row.totals.replied)}</a> : format.number(0)}</td>
                                                    <td class="end">{format.number(row.totals.failed)}</td>
                                                </tr>
                                            ))}
                                        </Table>
                                    ) : (
                                        <Empty icon="list-ordered" title={t('No sequences yet')} actions={<a class="button primary" href="/sequences">{t('Create sequence')}</a>} />
                                    )}
                                </Card>
                            )}
                        </Later>
                    </div>
                </>
            ) : overview.loading ? (
                <Skeleton lines={8} height={40} />
            ) : null}
        </div>
    );
}
