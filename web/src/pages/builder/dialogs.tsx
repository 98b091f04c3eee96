/* Publishing with its effects, sending a test, the history, and two people editing at once. */
import { useEffect, useState } from 'preact/hooks';
import { api, call, type ApiError, type Message, type Schemas, type Sequence } from '../../core/api';
import * as format from '../../core/format';
import { plural, t } from '../../core/i18n';
import { failureSaid, said } from '../../core/said';
import { missingField } from '../../core/steps';
import { Alert, Button, Check, Dialog, Failure, Phone, Skeleton, TextField, Time, toast, useWork } from '../../ui/parts';
import { advanceClock, clockIsMovable } from '../../ui/clock';
import { useResource } from '../../ui/resource';
import { can, hub } from '../../ui/state';
import { MessageState, reasonWord } from '../../ui/status';
import { CompareVersions } from './compare';
import type { Finding, Model } from './model';
import { stepLabel } from './step';

export function EffectsView({ effects, labels }: { effects: Schemas['EditEffects']; labels: (id: string | null, day: number) => string }) {
    const m = effects.messages;
    const rows: [number, string][] = [
        [m.moved_earlier, t('messages go out earlier')],
        [m.moved_later, t('messages go out later')],
        [m.new, t('messages are new')],
        [m.dropped, t('messages are dropped')],
        [m.overdue, t('messages become overdue and follow the rule for late ones')],
        [m.unchanged, t('messages keep their time')],
    ];
    const changes = effects.steps.filter(step => step.change !== 'unchanged');
    const words = { new: t('new'), changed_text: t('new text'), moved: t('new time'), removed: t('removed'), unchanged: '' };
    return (
        <div class="stack">
            <p>{plural('{n} person is inside.', '{n} people are inside.', effects.people, format.number(effects.people))}</p>
            {changes.length ? (
                <ul class="stack tight">
                    {changes.map((step, index) => (
                        <li key={index} class="effect">
                            <span class="chip info">{words[step.change]}</span>
                            <span class="effect-what">
                                {t('Day {n}', { n: step.day })} <span class="muted">{labels(step.step_id, step.day)}</span>
                            </span>
                            <span class="muted small">{t('{ahead} still get it, {past} are past it', { ahead: format.number(step.ahead), past: format.number(step.past) })}</span>
                        </li>
                    ))}
                </ul>
            ) : null}
            <table class="table plain">
                <tbody>
                    {rows
                        .filter(([count]) => count > 0)
                        .map(([count, text]) => (
                            <tr key={text}>
                                <td class="end strong">{format.number(count)}</td>
                                <td>{text}</td>
                            </tr>
                        ))}
                </tbody>
            </table>
            <PerDay days={effects.per_day} />
        </div>
    );
}
export function PerDay({ days }: { days: Schemas['DayCount'][] }) {
    const shown = days.filter(day => day.count > 0);
    const most = Math.max(1, ...shown.map(day => day.count));
    if (!shown.length) return null;
    return (
        <table class="table plain per-day">
            <caption class="field-label">{t('Messages per day afterwards')}</caption>
            <tbody>
                {shown.map(day => (
                    <tr key={day.date}>
                        <td class="nowrap">{format.localMoment(day.date)}</td>
                        <td class="bar-cell">
                            <span class="bar" style={{ width: `${Math.max(2, (day.count / most) * 100)}%` }} />
                        </td>
                        <td class="end">{format.number(day.count)}</td>
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

function grouped(findings: Finding[]): { finding: Finding; count: number }[] {
    const groups = new Map<string, { finding: Finding; count: number }>();
    for (const finding of findings) {
        const known = groups.get(finding.message);
        if (known) known.count++;
        else groups.set(finding.message, { finding, count: 1 });
    }
    return [...groups.values()];
}
export function PublishDialog({ model, findings, onClose }: { model: Model; findings: Finding[]; onClose: () => void }) {
    const [effects, setEffects] = useState<Schemas['EditEffects'] | null>(null);
    const [error, setError] = useState<ApiError | null>(null);
    const [force, setForce] = useState(false);
    const [backfill, setBackfill] = useState(false);
    const [busy, run] = useWork();
    const starting = model.sequence.status === 'draft';
    const errors = findings.filter(finding => finding.severity === 'error');
    const warnings = grouped(findings.filter(finding => finding.severity === 'warning'));
    const unfinished = model.steps.filter(step => missingField(step) !== null);
    useEffect(() => {
        if (starting || unfinished.length) return;
        setError(null);
        model.effects({ backfill }).then(setEffects, setError);
    }, [backfill, model.document.version]);
    const publish = (): void =>
        run(async () => {
            try {
                const saved = await model.publish(starting, { force: force || undefined, backfill: backfill || undefined });
                toast(starting ? t('“{name}” is running.', { name: saved.name }) : t('Published as version {n}.', { n: saved.version }));
                onClose();
            } catch (cause) {
                setError(cause as ApiError);
            }
        });
    const label = (id: string | null): string => {
        const step = model.steps.find(one => one.id === id) ?? model.sequence.messages.find(one => one.id === id);
        return step ? stepLabel(step).slice(0, 40) : '';
    };
    const hasNew = model.steps.some(step => !step.id);
    return (
        <Dialog
            wide={!starting}
            title={starting ? t('Start this sequence?') : t('Publish these changes?')}
            onClose={onClose}
            footer={
                <>
                    <Button onClick={onClose}>{t('Cancel')}</Button>
                    <Button kind="primary" busy={busy} disabled={(errors.length > 0 && !force) || unfinished.length > 0 || model.steps.length === 0 || (!starting && !effects)} onClick={publish}>
                        {starting ? t('Start') : t('Publish')}
                    </Button>
                </>
            }
        >
            {error ? <Failure error={error} /> : null}
            {unfinished.length ? <Alert kind="bad">{format.list(unfinished.map(step => t('Day {n} is not finished', { n: step.day })))}</Alert> : null}
            {model.steps.length === 0 ? <Alert kind="bad">{t('There is no message yet.')}</Alert> : null}
            {errors.length ? (
                <Alert kind="bad">
                    <strong>{plural('{n} problem must be solved first:', '{n} problems must be solved first:', errors.length)}</strong>
                    <ul class="bullets">
                        {errors.map((finding, index) => (
                            <li key={index}>{said(finding.message)}</li>
                        ))}
                    </ul>
                    <Check label={t('Start all the same; I know these messages may fail')} checked={force} onValue={setForce} />
                </Alert>
            ) : null}
            {warnings.length ? (
                <Alert kind="warn">
                    <ul class="bullets">
                        {warnings.slice(0, 6).map(({ finding, count }, index) => (
                            <li key={index}>
                                {said(finding.message)}
                                {count > 1 ? ` · ${plural('{n} message', '{n} messages', count)}` : ''}
                                {finding.people ? ` (${plural('{n} person', '{n} people', finding.people, format.number(finding.people))})` : ''}
                            </li>
                        ))}
                    </ul>
                </Alert>
            ) : null}
            {starting ? (
                <p class="soft">{t('From now on people can be enrolled. Each gets Day 1 when they are enrolled, or at its time.')}</p>
            ) : effects ? (
                <>
                    <EffectsView effects={effects} labels={label} />
                    {hasNew ? <Check label={t('Also send new messages to people who are already past them')} checked={backfill} onValue={setBackfill} /> : null}
                </>
            ) : error || unfinished.length ? null : (
                <Skeleton />
            )}
        </Dialog>
    );
}

export function TestSendDialog({ sequence, stepId, onClose }: { sequence: Sequence; stepId: string | undefined; onClose: () => void }) {
    const [phone, setPhone] = useState(() => localStorage.getItem('dripline-test-phone') ?? '');
    const [messages, setMessages] = useState<Message[]>([]);
    const [error, setError] = useState<ApiError | null>(null);
    const [all, setAll] = useState(false);
    const [busy, run] = useWork();
    const [moving, move] = useWork();
    useEffect(() => {
        if (!messages.length) return;
        const look = (): void => {
            void Promise.all(messages.map(message => call(api.GET('/api/messages/{id}', { params: { path: { id: message.id } } })))).then(setMessages, () => undefined);
        };
        const off = hub.events.on(event => event.kind === 'message' && look());
        const timer = setInterval(look, 1_500);
        return () => {
            off();
            clearInterval(timer);
        };
    }, [messages.map(message => message.id).join()]);
    const submit = (): void =>
        run(async () => {
            setError(null);
            try {
                localStorage.setItem('dripline-test-phone', phone);
                const ids = all ? sequence.messages.slice(0, 10).map(step => step.id) : stepId ? [stepId] : undefined;
                setMessages((await call(api.POST('/api/sequences/{id}/test-send', { params: { path: { id: sequence.id } }, body: { phone, step_ids: ids } }))).messages);
            } catch (cause) {
                setError(cause as ApiError);
            }
        });
    return (
        <Dialog
            title={t('Send a test')}
            onClose={onClose}
            onSubmit={submit}
            footer={
                <>
                    <Button onClick={onClose}>{t('Close')}</Button>
                    <Button kind="primary" type="submit" icon="send" busy={busy}>
                        {messages.length ? t('Send again') : t('Send')}
                    </Button>
                </>
            }
        >
            <p class="soft">{t('The message goes through the real queue to one number. It counts in no statistics.')}</p>
            <TextField label={t('Your WhatsApp number')} inputMode="tel" autocomplete="tel" dir="ltr" value={phone} onValue={setPhone} error={error?.fieldError('phone')} placeholder="+91 98765 43210" autofocus />
            {sequence.messages.length > 1 ? <Check label={t('All messages of this sequence, one after the other')} checked={all} onValue={setAll} /> : null}
            {error && !error.fieldError('phone') ? <Failure error={error} /> : null}
            {messages.length && clockIsMovable() ? (
                <Alert
                    action={
                        <Button small icon="clock" busy={moving} onClick={() => move(() => advanceClock('2m'))}>
                            {t('+2 minutes')}
                        </Button>
                    }
                >
                    {t('The clock of the simulator stands still. Move it to see the message being delivered and read.')}
                </Alert>
            ) : null}
            {messages.map(message => (
                <div key={message.id} class="test-result" role="status">
                    <MessageState status={message.status} />
                    <span class="grow truncate">
                        {message.day ? `${t('Day {n}', { n: message.day })} · ` : ''}
                        <Phone digits={message.phone} />
                    </span>
                    {message.error ? <span class="danger-text small">{failureSaid(message.error, message.reason ? reasonWord(message.reason) : undefined).title}</span> : message.reason ? <span class="muted small">{reasonWord(message.reason)}</span> : null}
                </div>
            ))}
        </Dialog>
    );
}

function labelOf(model: Model, id: string | null): string {
    const step = model.steps.find(one => one.id === id);
    return step ? stepLabel(step) : '';
}
export function HistoryDialog({ model, onClose }: { model: Model; onClose: () => void }) {
    const versions = useResource(`versions ${model.sequence.id} ${model.sequence.version}`, () => call(api.GET('/api/sequences/{id}/versions', { params: { path: { id: model.sequence.id }, query: { limit: 100 } } })));
    const [chosen, setChosen] = useState<number | null>(null);
    const [compared, setCompared] = useState<number | null>(null);
    const [effects, setEffects] = useState<Schemas['EditEffects'] | null>(null);
    const [error, setError] = useState<ApiError | null>(null);
    const [busy, run] = useWork();
    const look = (version: number): void => {
        setChosen(version);
        setEffects(null);
        setError(null);
        call(api.POST('/api/sequences/{id}/versions/{version}/restore', { params: { path: { id: model.sequence.id, version }, query: { dry_run: true } } })).then(answer => setEffects(answer as Schemas['EditEffects']), setError);
    };
    const restore = (): void =>
        run(async () => {
            await model.restore(chosen as number);
            toast(t('Version {n} is back.', { n: chosen as number }));
            onClose();
        });
    return (
        <Dialog
            wide={compared !== null}
            title={t('Version history')}
            onClose={onClose}
            footer={
                compared !== null ? (
                    <Button onClick={() => setCompared(null)}>{t('Back')}</Button>
                ) : chosen !== null ? (
                    <>
                        <Button onClick={() => setChosen(null)}>{t('Back')}</Button>
                        <Button kind="primary" busy={busy} disabled={!effects} onClick={restore}>
                            {t('Restore version {n}', { n: chosen })}
                        </Button>
                    </>
                ) : undefined
            }
        >
            {error ? <Failure error={error} /> : null}
            {versions.error ? <Failure error={versions.error} retry={versions.reload} /> : null}
            {compared !== null && versions.data ? (
                <CompareVersions sequence={model.sequence} versions={versions.data.data} old={compared} />
            ) : chosen !== null ? (
                effects ? (
                    <EffectsView effects={effects} labels={id => labelOf(model, id)} />
                ) : error ? null : (
                    <Skeleton />
                )
            ) : versions.data ? (
                <ul class="stack tight">
                    {versions.data.data.map(version => (
                        <li key={version.version} class="row version">
                            <span class="num strong">{version.version}</span>
                            <span class="grow">
                                <Time at={version.saved_at} style="moment" />
                                <span class="muted small block">
                                    {version.saved_by ?? ''} {plural('· {n} message', '· {n} messages', version.message_count, format.number(version.message_count))}
                                </span>
                            </span>
                            {version.current ? (
                                <span class="chip good">{t('current')}</span>
                            ) : (
                                <>
                                    <Button small onClick={() => setCompared(version.version)}>
                                        {t('Compare')}
                                    </Button>
                                    {can('write') ? (
                                        <Button small onClick={() => look(version.version)}>
                                            {t('Restore…')}
                                        </Button>
                                    ) : null}
                                </>
                            )}
                        </li>
                    ))}
                </ul>
            ) : (
                <Skeleton />
            )}
        </Dialog>
    );
}

export function ConflictDialog({ model }: { model: Model }) {
    const [busy, run] = useWork();
    if (!model.conflict) return null;
    return (
        <Dialog
            title={t('Someone else saved this sequence')}
            onClose={() => undefined}
            footer={
                <>
                    <Button busy={busy} onClick={() => run(model.takeTheirs)}>
                        {t('Take their version')}
                    </Button>
                    <Button kind="primary" busy={busy} onClick={() => run(model.keepMine)}>
                        {t('Keep mine')}
                    </Button>
                </>
            }
        >
            <p>{t('It was saved in another tab or by another person after you opened it. Nothing was overwritten.')}</p>
            <p class="soft">{t('Their version stays in the version history if you keep yours.')}</p>
        </Dialog>
    );
}
