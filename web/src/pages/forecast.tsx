/* What will be sent in the coming days or hours, and whether the numbers can send it: a chart with
 * its table, and the same in words. */
import { useState } from 'preact/hooks';
import { api, call, type Schemas } from '../core/api';
import * as format from '../core/format';
import { plural, t } from '../core/i18n';
import { TimeChart } from '../ui/chart';
import { DownloadCsv } from '../ui/csv';
import { Alert, Card, Failure, Segmented, Skeleton } from '../ui/parts';
import { useLast, useResource } from '../ui/resource';

type Forecast = Schemas['Forecast'];
type Span = '14' | '90' | 'hours';

function Words({ forecast }: { forecast: Forecast }) {
    const crowded = forecast.channels.filter(channel => channel.days_over_tier > 0);
    const busy = forecast.channels.filter(channel => channel.hours_over_rate > 0);
    return (
        <>
            <p class="soft small num">
                {plural('{n} message is planned for the people inside now.', '{n} messages are planned for the people inside now.', forecast.total, format.number(forecast.total))}
                {forecast.sampled ? ` ${t('Estimated from {n} of {all} people.', { n: format.number(forecast.people_played), all: format.number(forecast.people) })}` : ''}
            </p>
            {crowded.map(channel => (
                <Alert key={channel.channel_id} kind="warn">
                    {t('{name}: from {date} on, some days hold more people than it may reach in 24 hours ({n}). The rest follows later.', { name: channel.name, date: format.localMoment(channel.first_day_over ?? ''), n: format.number(channel.tier_limit ?? 0) })}
                </Alert>
            ))}
            {busy.map(channel => (
                <Alert key={channel.channel_id} kind="warn">
                    {t('{name}: {n} messages fall in its busiest hour, more than it sends at {rate} per second. The rest follows later.', { name: channel.name, n: format.number(channel.busiest_hour_count), rate: format.number(channel.messages_per_second) })}
                </Alert>
            ))}
        </>
    );
}

function chart(forecast: Forecast, hourly: boolean) {
    const series = [{ key: 'count', label: t('Messages'), color: '--chart-1', values: (hourly ? (forecast.hours ?? []) : forecast.points).map(point => point.count) }];
    if (!hourly) series.push({ key: 'people', label: t('People'), color: '--chart-2', values: forecast.points.map(point => point.people) });
    if (!hourly && forecast.daily_capacity) series.push({ key: 'limit', label: t('People allowed in 24 hours'), color: '--chart-5', values: forecast.points.map(() => forecast.daily_capacity ?? 0) });
    return <TimeChart label={hourly ? t('Messages planned per hour') : t('Messages planned per day')} hourly={hourly} height={200} times={(hourly ? (forecast.hours ?? []) : forecast.points).map(point => new Date(point.at).getTime())} series={series} />;
}

export function ForecastCard({ sequenceId, class: wide = '' }: { sequenceId?: string; class?: string }) {
    const [span, setSpan] = useState<Span>('14');
    const zone = format.currentZone();
    const hourly = span === 'hours';
    const query = { days: hourly ? 3 : Number(span), timezone: zone, ...(hourly ? { interval: 'hour' as const } : {}), ...(sequenceId ? { sequence_id: sequenceId } : {}) };
    const forecast = useResource(`forecast ${sequenceId ?? ''} ${span}`, () => call(api.GET('/api/stats/forecast', { params: { query } })), { on: ['enrollment', 'sequence', 'batch', 'clock'] });
    const last = useLast(forecast);
    return (
        <Card
            class={wide}
            title={t('What comes next')}
            actions={
                <Segmented
                    label={t('Period')}
                    value={span}
                    onValue={setSpan}
                    options={[
                        ['hours', t('3 days by hour')],
                        ['14', t('14 days')],
                        ['90', t('90 days')],
                    ]}
                />
            }
            foot={
                <>
                    <span class="muted small">{t('Times in {zone}', { zone: zone.replace(/_/g, ' ') })}</span>
                    <span class="grow" />
                    <DownloadCsv path="/api/stats/forecast" query={{ ...query, days: String(query.days), ...(hourly ? { table: 'hours' } : {}) }} />
                </>
            }
        >
            <div class={`card-body stack${last.old ? ' old' : ''}`} aria-busy={last.old || undefined}>
                {last.data ? (
                    last.data.total ? (
                        <>
                            <Words forecast={last.data} />
                            {chart(last.data, last.data.hours !== undefined)}
                        </>
                    ) : (
                        <p class="muted">{t('Nothing is planned.')}</p>
                    )
                ) : forecast.error ? (
                    <Failure error={forecast.error} retry={forecast.reload} />
                ) : (
                    <Skeleton lines={4} height={28} />
                )}
            </div>
        </Card>
    );
}
