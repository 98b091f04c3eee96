/* Two saved versions of a sequence side by side, with the words that differ marked. */
import { useMemo, useState } from 'preact/hooks';
import { api, call, type Schemas, type Sequence, type SequenceInput, type StepInput } from '../../core/api';
import { compareSteps, compareWords, type Piece, type StepChange } from '../../core/compare';
import * as format from '../../core/format';
import { plural, t } from '../../core/i18n';
import { Failure, Icon, SelectField, Skeleton } from '../../ui/parts';
import { useResource } from '../../ui/resource';
import { deliveryWords, durationWords } from './delivery';

type Version = Schemas['SequenceVersion'];
type Side = 'removed' | 'added';

/* What a step says besides its day, as text to read and to compare. */
function said(step: StepInput): string {
    if (step.type === 'media') return [step.media_url, step.filename, step.message].filter(Boolean).join('\n');
    if (step.type !== 'template' || !step.template) return step.message ?? '';
    const { name, language, header, body, buttons } = step.template;
    const words = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
    return [`${name} (${language})`, ...(header ? [words(header)] : []), ...(body ?? []).map((one, index) => `${index + 1}. ${words(one)}`), ...(buttons ?? []).map(button => words(button.text))].join('\n');
}
function place(step: StepInput): string {
    const kind = { text: '', media: t('Media'), template: t('Template') }[step.type ?? 'text'];
    return [t('Day {n}', { n: format.number(step.day) }), step.time ? format.clockTime(step.time) : '', kind].filter(Boolean).join(' · ');
}
function settings(document: SequenceInput, channels: Schemas['Channel'][]): [string, string][] {
    const late = document.late_policy ?? { action: 'skip', max_late: '3d' };
    return [
        [t('Name of the sequence'), document.name],
        [t('Description'), document.description ?? ''],
        [t('Delivery'), deliveryWords(document).join(' · ')],
        [t('Send from'), document.channel_id ? (channels.find(channel => channel.id === document.channel_id)?.name ?? document.channel_id) : t('The default number')],
        [t('Enrolling someone again'), { never: t('Never'), after_completion: t('After they finished'), restart: t('Starts from Day 1') }[document.reenroll ?? 'never']],
        [t('A message that is too late'), { skip: t('Is skipped'), send: t('Is sent all the same'), stop: t('Stops for that person') }[late.action ?? 'skip']],
        [t('Too late means'), durationWords(late.max_late ?? '3d')],
    ];
}
function Marked({ pieces, side }: { pieces: Piece[]; side: Side }) {
    return (
        <>
            {pieces.map(({ kind, text }, index) => (kind === 'same' ? text : kind !== side ? null : side === 'removed' ? <del key={index}>{text}</del> : <ins key={index}>{text}</ins>))}
        </>
    );
}
function Sides({ before, after, numbers }: { before: string[] | null; after: string[] | null; numbers: readonly [number, number] }) {
    const pieces = (before ?? after ?? []).map((_, index) => (before && after ? compareWords(before[index] ?? '', after[index] ?? '') : [{ kind: 'same' as const, text: (before ?? after ?? [])[index] ?? '' }]));
    return (
        <div class="compare-sides">
            {([before, after] as const).map((texts, at) => (
                <div key={at} class={texts ? 'compare-side' : 'compare-side none'}>
                    <span class="tiny muted">{t('Version {n}', { n: format.number(numbers[at] as number) })}</span>
                    {texts ? (
                        pieces.map((line, index) => (
                            <p key={index} dir="auto" class={texts.length > 1 && index === 0 ? 'strong small' : ''}>
                                <Marked pieces={line} side={at === 0 ? 'removed' : 'added'} />
                            </p>
                        ))
                    ) : (
                        <p class="muted">{t('not there')}</p>
                    )}
                </div>
            ))}
        </div>
    );
}
function StepSides({ change, numbers }: { change: StepChange; numbers: readonly [number, number] }) {
    const { before, after } = change;
    const moved = before !== null && after !== null && place(before) !== place(after);
    const lines = (step: StepInput | null): string[] | null => step && [...(moved ? [place(step)] : []), said(step)];
    const looks = { added: ['good', 'plus', t('new')], removed: ['bad', 'trash-2', t('removed')], changed: ['info', 'pencil', t('changed')] } as const;
    const [tone, icon, word] = looks[change.kind as keyof typeof looks];
    return (
        <li class="compare-step">
            <h3 class="row">
                {place((after ?? before) as StepInput)}
                <span class={`chip ${tone}`}>
                    <Icon name={icon} />
                    {word}
                </span>
            </h3>
            <Sides before={lines(before)} after={lines(after)} numbers={numbers} />
        </li>
    );
}
function Differences({ before, after, numbers }: { before: SequenceInput; after: SequenceInput; numbers: readonly [number, number] }) {
    const channels = useResource('channels', () => call(api.GET('/api/channels')), { on: ['channel'] }).data?.data ?? [];
    const steps = useMemo(() => compareSteps(before, after), [before, after]);
    const then = settings(before, channels);
    const changed = settings(after, channels).map(([label, now], index) => ({ label, now, then: then[index]?.[1] ?? '' })).filter(one => one.now !== one.then);
    const shown = steps.filter(step => step.kind !== 'same');
    const same = steps.length - shown.length;
    if (!shown.length && !changed.length) return <p class="soft">{t('Both versions say the same.')}</p>;
    return (
        <ul class="stack">
            {changed.map(({ label, now, then }) => (
                <li key={label} class="compare-step">
                    <h3>{label}</h3>
                    <Sides before={[then || '–']} after={[now || '–']} numbers={numbers} />
                </li>
            ))}
            {shown.map((change, index) => (
                <StepSides key={index} change={change} numbers={numbers} />
            ))}
            {same ? <li class="muted small">{plural('{n} message is the same in both.', '{n} messages are the same in both.', same, format.number(same))}</li> : null}
        </ul>
    );
}
export function CompareVersions({ sequence, versions, old }: { sequence: Sequence; versions: Version[]; old: number }) {
    const [first, setFirst] = useState(old);
    const [second, setSecond] = useState(versions.find(version => version.current)?.version ?? sequence.version);
    const read = (version: number) => call(api.GET('/api/sequences/{id}/versions/{version}', { params: { path: { id: sequence.id, version } } }));
    const before = useResource(`version ${sequence.id} ${first}`, () => read(first));
    const after = useResource(`version ${sequence.id} ${second}`, () => read(second));
    const options = versions.map(version => [String(version.version), [t('Version {n}', { n: format.number(version.version) }), ...(version.current ? [t('current')] : []), format.moment(version.saved_at)].join(' · ')] as const);
    const error = before.error ?? after.error;
    return (
        <>
            <div class="fields">
                <SelectField label={t('Compare')} value={String(first)} onValue={value => setFirst(Number(value))} options={options} />
                <SelectField label={t('With')} value={String(second)} onValue={value => setSecond(Number(value))} options={options} />
            </div>
            {error ? (
                <Failure
                    error={error}
                    retry={() => {
                        before.reload();
                        after.reload();
                    }}
                />
            ) : before.data && after.data ? (
                <Differences before={before.data.document} after={after.data.document} numbers={[first, second]} />
            ) : (
                <Skeleton />
            )}
        </>
    );
}
