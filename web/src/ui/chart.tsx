/* A time chart (uPlot), drawn in the colours of the page, with the same numbers as a table under it
 * and a sentence for those who cannot see it. uPlot is loaded when the first chart comes near the screen,
 * the rows of the table are made when it is opened. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type uPlotType from 'uplot';
import { loadPart } from '../core/api';
import * as format from '../core/format';
import { t } from '../core/i18n';
import { Icon, showError } from './parts';
import { dark, language } from './state';
import { figures, Table } from './table';

export interface Series {
    key: string;
    label: string;
    color: string; // name of a custom property
    values: number[];
}
let loading: Promise<typeof uPlotType> | null = null;
const load = (): Promise<typeof uPlotType> =>
    (loading ??= loadPart(import('uplot')).then(
        module => module.default,
        error => {
            loading = null; // the next chart tries again
            throw error;
        },
    ));

export function TimeChart({ times, series, label, hourly, height = 240 }: { times: number[]; series: Series[]; label: string; hourly: boolean; height?: number }) {
    const box = useRef<HTMLDivElement>(null);
    const plot = useRef<uPlotType | null>(null);
    const [hidden, setHidden] = useState<Set<string>>(new Set());
    const [near, setNear] = useState(false);
    const [tabled, setTabled] = useState(false);
    const id = useId();
    const shown = series.filter(one => !hidden.has(one.key));
    const signature = JSON.stringify([shown.map(one => one.key), dark.value, language.value, hourly]);
    const data = [times.map(at => at / 1000), ...shown.map(one => one.values)] as uPlotType.AlignedData;
    const latest = useRef(data);
    latest.current = data;
    useEffect(() => {
        const host = box.current;
        if (near || !host) return;
        const observer = new IntersectionObserver(entries => entries.some(entry => entry.isIntersecting) && setNear(true), { rootMargin: '100px' });
        const print = (): void => setNear(true);
        observer.observe(host);
        addEventListener('beforeprint', print);
        return () => {
            observer.disconnect();
            removeEventListener('beforeprint', print);
        };
    }, [near]);
    useEffect(() => {
        if (!near) return;
        let gone = false;
        load().then(UPlot => {
            const host = box.current;
            if (gone || !host) return;
            const style = getComputedStyle(host);
            const color = (name: string): string => style.getPropertyValue(name).trim();
            const axis = { stroke: color('--text-3'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false }, font: `12px ${style.fontFamily}` };
            plot.current?.destroy();
            plot.current = new UPlot(
                {
                    width: host.clientWidth,
                    height,
                    padding: [8, 22, 0, 0],
                    legend: { show: false },
                    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
                    scales: { y: { range: (_plot, _min, max) => [0, Math.max(4, Math.ceil(max * 1.1))] } },
                    axes: [
                        { ...axis, grid: { show: false }, gap: 6, size: 32, space: 64, values: (_plot, ticks) => ticks.map(tick => (hourly ? format.time(tick * 1000) : format.dayMonth(tick * 1000))) },
                        { ...axis, size: 46, gap: 4, values: (_plot, ticks) => ticks.map(tick => (Number.isInteger(tick) ? format.compact(tick) : '')) },
                    ],
                    series: [{}, ...shown.map((one, index) => ({ label: one.label, stroke: color(one.color), width: 2, fill: index === 0 ? `${color(one.color)}1f` : undefined, points: { show: times.length < 3 } }))],
                    hooks: {
                        setCursor: [
                            chart => {
                                const at = chart.cursor.idx;
                                const tip = host.querySelector<HTMLElement>('.chart-tip');
                                if (!tip) return;
                                if (at === null || at === undefined || chart.cursor.left === undefined || chart.cursor.left < 0) {
                                    tip.hidden = true;
                                    return;
                                }
                                tip.hidden = false;
                                tip.textContent = [hourly ? format.moment((chart.data[0][at] ?? 0) * 1000) : format.date((chart.data[0][at] ?? 0) * 1000), ...shown.map((one, index) => `${one.label}: ${format.number(chart.data[index + 1]?.[at] ?? 0)}`)].join('\n');
                                const left = chart.cursor.left + 56;
                                tip.style.left = `${left + tip.offsetWidth + 12 > host.clientWidth ? left - tip.offsetWidth - 20 : left + 8}px`;
                            },
                        ],
                    },
                },
                latest.current, // the figures may have changed while uPlot was on its way
                host,
            );
        }, showError);
        const observer = new ResizeObserver(() => box.current && plot.current?.setSize({ width: box.current.clientWidth, height }));
        if (box.current) observer.observe(box.current);
        return () => {
            gone = true;
            observer.disconnect();
        };
    }, [signature, near]);
    useEffect(() => {
        // A line shown or hidden draws the chart anew; until then the old one has another number of lines.
        if (plot.current?.series.length === data.length) plot.current.setData(data);
    }, [JSON.stringify(data)]);
    useEffect(() => () => plot.current?.destroy(), []);
    const sums = series.map(one => `${one.label}: ${format.number(one.values.reduce((sum, value) => sum + value, 0))}`);
    return (
        <figure class="chart" aria-labelledby={id}>
            <figcaption id={id} class="visually-hidden">
                {label}. {sums.join(', ')}.
            </figcaption>
            <div class="chart-legend" role="group" aria-label={t('Lines shown')}>
                {series.map(one => (
                    <button
                        key={one.key}
                        type="button"
                        aria-pressed={!hidden.has(one.key)}
                        onClick={() => {
                            const next = new Set(hidden);
                            if (!next.delete(one.key)) next.add(one.key);
                            setHidden(next);
                        }}
                    >
                        <i style={{ background: `var(${one.color})` }} />
                        {one.label}
                    </button>
                ))}
            </div>
            <div class="chart-box" ref={box} dir="ltr" aria-hidden="true" style={{ minHeight: `${height}px` }}>
                <div class="chart-tip" hidden />
            </div>
            <details class="details" onToggle={event => event.currentTarget.open && setTabled(true)}>
                <summary class="small">
                    <Icon name="table" class="inline" /> {t('View as table')}
                </summary>
                <Table region={label} columns={[hourly ? t('Hour') : t('Day'), ...series.map(one => figures(one.label))]}>
                    {(tabled ? times : []).map((at, index) => (
                        <tr key={at}>
                            <td class="nowrap">{hourly ? format.moment(at) : format.date(at)}</td>
                            {series.map(one => (
                                <td key={one.key} class="end">
                                    {format.number(one.values[index] ?? 0)}
                                </td>
                            ))}
                        </tr>
                    ))}
                </Table>
            </details>
        </figure>
    );
}
