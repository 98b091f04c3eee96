/* The people of each enrollment day, step by step, as a table whose cells are shaded by their share. */
import { useState } from 'preact/hooks';
import { api, call, type Schemas, type Sequence } from '../core/api';
import * as format from '../core/format';
import { t } from '../core/i18n';
import { DownloadCsv } from '../ui/csv';
import { dayPeriods } from '../ui/names';
import { Card, Failure, Segmented, Skeleton } from '../ui/parts';
import { useLast, useResource } from '../ui/resource';
import { nowMs } from '../ui/state';
import { figures, Table } from '../ui/table';

type Cohort = Schemas['Cohorts']['cohorts'][number];
type Measure = 'sent' | 'delivered' | 'read' | 'replied' | 'failed' | 'skipped' | 'opted_out';
const SHADE_MOST = 38; // per cent of the colour: the numbers stay readable on it

function Share({ count, of, bad }: { count: number; of: number; bad: boolean }) {
    const share = of > 0 ? count / of : 0;
    return (
        <td class="end num" title={t('{n} of {all}', { n: format.number(count), all: format.number(of) })} style={share > 0 ? { background: `color-mix(in srgb, var(${bad ? '--chart-5' : '--chart-1'}) ${Math.round(share * SHADE_MOST)}%, transparent)` } : undefined}>
            {count === 0 ? <span class="muted">–</span> : format.percent(count, of)}
        </td>
    );
}

export function Cohorts({ sequence }: { sequence: Sequence }) {
    const [days, setDays] = useState<'7' | '30' | '90'>('30');
    const [measure, setMeasure] = useState<Measure>('read');
    const zone = format.currentZone();
    const from = new Date(nowMs.value - (Number(days) - 1) * 864e5).toISOString();
    const cohorts = useResource(`cohorts ${sequence.id} ${days}`, () => call(api.GET('/api/sequences/{id}/cohorts', { params: { path: { id: sequence.id }, query: { from, timezone: zone } } })), { on: ['stats', 'message', 'enrollment', 'counters', 'batch'] });
    const { data } = useLast(cohorts);
    const measures: [Measure, string][] = [
        ['sent', t('Sent')],
        ['delivered', t('Delivered')],
        ['read', t('Read')],
        ['replied', t('Replied')],
        ['failed', t('Failed')],
        ['skipped', t('Skipped')],
        ['opted_out', t('Opted out')],
    ];
    const bad = measure === 'failed' || measure === 'opted_out' || measure === 'skipped';
    const steps = data ? data.steps.map((step, index) => ({ ...step, index })).filter(step => !step.removed || data.cohorts.some(cohort => (cohort.steps[step.index]?.sent ?? 0) > 0)) : [];
    const row = (cohort: Cohort) => (
        <tr key={cohort.date}>
            <th scope="row" class="nowrap">
                {format.localMoment(cohort.date)}
            </th>
            <td class="end">{format.number(cohort.enrolled)}</td>
            <td class="end">{format.number(cohort.active)}</td>
            <td class="end">{format.number(cohort.completed)}</td>
            {steps.map(step => (
                <Share key={step.step_id} count={cohort.steps[step.index]?.[measure] ?? 0} of={cohort.enrolled} bad={bad} />
            ))}
        </tr>
    );
    return (
        <Card
            title={t('By day of enrollment')}
            actions={
                <>
                    <select class="select small auto" aria-label={t('Share shown')} value={measure} onChange={event => setMeasure(event.currentTarget.value as Measure)}>
                        {measures.map(([code, word]) => (
                            <option key={code} value={code}>
                                {word}
                            </option>
                        ))}
                    </select>
                    <Segmented
                        label={t('Period')}
                        value={days}
                        onValue={setDays}
                        options={dayPeriods()}
                    />
                </>
            }
            foot={
                <>
                    <span class="muted small">{t('Times in {zone}', { zone: zone.replace(/_/g, ' ') })}</span>
                    <span class="grow" />
                    <DownloadCsv path={`/api/sequences/${sequence.id}/cohorts`} query={{ from, timezone: zone }} />
                </>
            }
        >
            {data ? (
                data.cohorts.length ? (
                    <Table
                        class="dense"
                        region={t('By day of enrollment')}
                        columns={[t('Enrolled on'), figures(t('People')), figures(t('Active')), figures(t('Completed')), ...steps.map(step => ({ label: t('Day {n}', { n: step.day }), class: 'end nowrap', title: step.label }))]}
                    >
                        {[...data.cohorts].reverse().map(row)}
                    </Table>
                ) : (
                    <p class="card-body muted">{t('Nobody was enrolled in this period.')}</p>
                )
            ) : cohorts.error ? (
                <Failure error={cohorts.error} retry={cohorts.reload} />
            ) : (
                <Skeleton lines={4} height={28} />
            )}
        </Card>
    );
}
