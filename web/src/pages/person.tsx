/* One person in one sequence: what came, what comes, and why then. */
import { useState } from 'preact/hooks';
import { api, call, type Message, type Schemas } from '../core/api';
import * as format from '../core/format';
import { t } from '../core/i18n';
import { failureSaid, said } from '../core/said';
import { useDialog } from '../ui/dialog';
import { PageHead, Pending, usePage } from '../ui/page';
import { Alert, ask, Button, Card, Empty, Failure, Icon, Menu, Phone, showError, Skeleton, Time, toast } from '../ui/parts';
import { WhatsAppText } from '../ui/phone';
import { useResource } from '../ui/resource';
import { can, language, me } from '../ui/state';
import { attemptWord, enrolledBy, EnrollmentState, MessageState, reasonWord } from '../ui/status';
import { BulkDialog } from './enroll/people';

export function sourceWord(source: string): string {
    return { given: t('as given'), contact: t('of the person'), guessed: t('guessed from the number'), sequence: t('of the sequence'), server: t('of this server') }[source] ?? source;
}
export function MessageItem({ message, done, showPerson, sequence }: { message: Message; done: () => void; showPerson?: boolean; sequence?: string }) {
    const [detail, setDetail] = useState<Schemas['MessageDetail'] | null>(null);
    const act = (work: Promise<unknown>, text: string): void => {
        work.then(() => {
            toast(text);
            done();
        }, showError);
    };
    const path = { id: message.id };
    const failure = message.error ? failureSaid(message.error, message.reason ? reasonWord(message.reason) : undefined) : null;
    const open = ['in_doubt', 'held', 'unknown'].includes(message.status);
    const at = message.read_at ?? message.delivered_at ?? message.sent_at ?? message.failed_at ?? message.scheduled_for;
    return (
        <li class={`message-item${showPerson ? ' of-person' : ''}`}>
            {showPerson ? (
                <div class="message-who">
                    {message.enrollment_id ? (
                        <a class="title truncate block" href={`/people/${message.enrollment_id}`} dir="auto">
                            {message.name || <Phone digits={message.phone} />}
                        </a>
                    ) : (
                        <Phone digits={message.phone} />
                    )}
                    {message.name ? (
                        <div class="sub">
                            <Phone digits={message.phone} />
                        </div>
                    ) : null}
                    {sequence ? (
                        <div class="sub truncate" dir="auto">
                            {sequence}
                        </div>
                    ) : null}
                </div>
            ) : null}
            <div class="row top grow">
                <div class="grow stack tight">
                    <div class="row wrap">
                        <strong class="nowrap">{t('Day {n}', { n: format.number(message.day) })}</strong>
                        <MessageState status={message.status} />
                        <span class="muted small">
                            <Time at={at} style="moment" />
                        </span>
                        {message.test ? <span class="chip">{t('test')}</span> : null}
                    </div>
                    {message.message ? (
                        <div class="message-text">
                            <WhatsAppText text={message.message} />
                        </div>
                    ) : message.template ? (
                        <div class="muted small">{t('Template “{name}”', { name: String(message.template['name'] ?? '') })}</div>
                    ) : message.media_url ? (
                        <div class="muted small">
                            <Icon name="paperclip" class="inline" /> <bdi>{message.media_url}</bdi>
                        </div>
                    ) : null}
                    {failure && message.error ? (
                        <div class="small danger-text">
                            {failure.title}
                            {message.error.code ? ` (${message.error.code})` : ''}
                            {failure.advice ? <span class="soft"> {failure.advice}</span> : null}
                        </div>
                    ) : message.reason ? (
                        <div class="small muted">{reasonWord(message.reason)}</div>
                    ) : null}
                    {detail ? (
                        <ul class="attempts small">
                            {detail.attempt_list.map(attempt => (
                                <li key={attempt.number}>
                                    {t('Try {n}', { n: attempt.number })}: <Time at={attempt.started_at} style="moment" /> – {attemptWord(attempt.result)}
                                    {attempt.class ? `, ${attempt.class}` : ''}
                                    {attempt.http_status ? `, HTTP ${attempt.http_status}` : ''}
                                    {attempt.error ? `, ${failureSaid(attempt.error).title}` : ''}
                                </li>
                            ))}
                            {detail.provider_id ? (
                                <li>
                                    {t('Provider’s id')}: <code>{detail.provider_id}</code>
                                </li>
                            ) : null}
                        </ul>
                    ) : null}
                </div>
                <Menu
                    label={t('More for this message')}
                    items={[
                        { label: t('Show tries'), icon: 'list', run: () => void call(api.GET('/api/messages/{id}', { params: { path } })).then(setDetail, showError) },
                        can('write') && ['failed', 'unknown'].includes(message.status) && { label: t('Send again'), icon: 'rotate-ccw', run: () => act(call(api.POST('/api/messages/{id}/retry', { params: { path } })), t('It waits again.')) },
                        can('write') && message.status === 'pending' && { label: t('Do not send it'), icon: 'ban', danger: true, run: () => act(call(api.POST('/api/messages/{id}/cancel', { params: { path } })), t('Cancelled.')) },
                        can('write') && open && { label: t('It did arrive'), icon: 'check', run: () => act(call(api.POST('/api/messages/{id}/resolve', { params: { path }, body: { decision: 'sent' } })), t('Noted as sent.')) },
                        can('write') && open && { label: t('Send it again; it may arrive twice'), icon: 'rotate-ccw', run: () => act(call(api.POST('/api/messages/{id}/resolve', { params: { path }, body: { decision: 'resend' } })), t('It waits again.')) },
                        can('write') && open && message.status !== 'unknown' && { label: t('Leave it as unknown'), icon: 'circle-help', run: () => act(call(api.POST('/api/messages/{id}/resolve', { params: { path }, body: { decision: 'give_up' } })), t('Left as unknown.')) },
                    ]}
                />
            </div>
        </li>
    );
}
function Why({ explain }: { explain: Schemas['Explain'] }) {
    const next = explain.next;
    return (
        <Card title={t('Next message, and why then')}>
            <div class="card-body stack">
                {next ? (
                    <p class="next-moment">
                        <span class="strong">{format.localMoment(next.local_time)}</span> <span class="muted nowrap">{t('Day {n}', { n: format.number(next.day) })}</span>
                    </p>
                ) : null}
                {explain.blockers.map(blocker => (
                    <Alert key={blocker.code} kind={['completed', 'stopped', 'opted_out'].includes(blocker.code) ? 'info' : 'warn'}>
                        {said(blocker.text, reasonWord)}
                    </Alert>
                ))}
                {!next && !explain.blockers.length ? <p class="soft">{t('Nothing lies ahead.')}</p> : null}
                {next ? (
                    <>
                        <dl class="facts">
                            <dt>{t('Time zone')}</dt>
                            <dd>
                                {next.timezone.replace(/_/g, ' ')} <span class="muted">({sourceWord(next.timezone_source)})</span>
                            </dd>
                            {next.timezone !== format.currentZone() ? (
                                <>
                                    <dt>{t('For you')}</dt>
                                    <dd>
                                        <Time at={next.due_at} style="moment" />
                                    </dd>
                                </>
                            ) : null}
                        </dl>
                        {next.rules.length ? (
                            <ol class="rules">
                                {next.rules.map((rule, index) => (
                                    <li key={index}>{said(rule.text)}</li>
                                ))}
                            </ol>
                        ) : null}
                    </>
                ) : null}
                {explain.upcoming.length > 1 ? (
                    <details class="details">
                        <summary class="small">{t('Everything still ahead')}</summary>
                        <table class="table">
                            <tbody>
                                {explain.upcoming.map(step => (
                                    <tr key={step.step_id}>
                                        <td class="nowrap">{t('Day {n}', { n: step.day })}</td>
                                        <td class="nowrap">{format.localMoment(step.local_time)}</td>
                                        <td class="truncate label-cell" dir="auto">
                                            {step.label}
                                        </td>
                                    </tr>
                                ))}
                            </tbody>
                        </table>
                    </details>
                ) : null}
            </div>
        </Card>
    );
}
export default function Person({ params }: { params: Record<string, string> }) {
    void language.value;
    const id = params['id'] as string;
    const on = ['enrollment', 'message', 'queue', 'stats', 'contact', 'opt_out', 'clock', 'sequence', 'counters'];
    const enrollment = useResource(`enrollment ${id}`, () => call(api.GET('/api/enrollments/{id}', { params: { path: { id } } })), { on });
    const explain = useResource(`explain ${id}`, () => call(api.GET('/api/enrollments/{id}/explain', { params: { path: { id } } })), { on });
    const messages = useResource(`messages of ${id}`, () => call(api.GET('/api/queue', { params: { query: { enrollment_id: id, limit: 200, sort: '-scheduled_for' } } })), { on });
    const sequence = useResource(enrollment.data ? `sequence ${enrollment.data.sequence_id}` : null, () => call(api.GET('/api/sequences/{id}', { params: { path: { id: enrollment.data?.sequence_id as string } } })));
    const [action, setAction] = useDialog(['pause', 'resume', 'stop']);
    const data = enrollment.data;
    const name = data?.name || (data ? format.phone(data.phone) : t('Person'));
    usePage(name, [
        { label: t('Sequences'), href: '/sequences' },
        ...(sequence.data && data ? [{ label: sequence.data.name, href: `/sequences/${data.sequence_id}/people` }] : []),
    ]);
    if (!data) return <Pending title={name} error={enrollment.error} retry={enrollment.reload} />;
    const reload = (): void => {
        enrollment.reload();
        explain.reload();
        messages.reload();
    };
    const fields = Object.entries(data.custom_fields ?? {});
    const optOut = async (): Promise<void> => {
        const yes = await ask({ title: t('Opt this person out?'), body: <p>{t('{name} gets nothing more from any sequence until they write START or you lift it.', { name })}</p>, action: t('Opt out'), danger: true });
        if (!yes) return;
        await call(api.POST('/api/opt-outs', { body: { phone: data.phone ?? '' } }));
        toast(t('Opted out.'));
        reload();
    };
    const reply = async (text: string): Promise<void> => {
        await call(api.POST('/api/sandbox/replies', { body: { phone: data.phone ?? '', text } }));
        toast(t('The simulated person wrote “{text}”.', { text }));
    };
    return (
        <div class="page">
            <PageHead
                title={<span dir="auto">{name}</span>}
                lead={
                    <span class="row wrap wide">
                        <EnrollmentState status={data.status} />
                        <Phone digits={data.phone} />
                        {data.status_reason ? <span class="muted">{reasonWord(data.status_reason)}</span> : null}
                    </span>
                }
            >
                {can('enroll') && data.status === 'active' ? (
                    <Button icon="pause" onClick={() => setAction('pause')}>
                        {t('Pause')}
                    </Button>
                ) : null}
                {can('enroll') && data.status === 'paused' ? (
                    <Button icon="play" kind="primary" onClick={() => setAction('resume')}>
                        {t('Resume')}
                    </Button>
                ) : null}
                {can('enroll') && (data.status === 'active' || data.status === 'paused') ? (
                    <Button icon="circle-stop" kind="danger" onClick={() => setAction('stop')}>
                        {t('Stop')}
                    </Button>
                ) : null}
                <Menu
                    small={false}
                    label={t('More')}
                    items={[
                        { label: t('Contact'), icon: 'user', href: `/contacts/${data.phone}` },
                        can('enroll') && { label: t('Opt out'), icon: 'user-x', danger: true, run: () => void optOut().catch(showError) },
                        Boolean(me.value?.server.simulator) && can('write') && { label: t('Let them reply “Thanks”'), icon: 'reply', run: () => void reply('Thanks').catch(showError) },
                        Boolean(me.value?.server.simulator) && can('write') && { label: t('Let them write STOP'), icon: 'reply', run: () => void reply('STOP').catch(showError) },
                    ]}
                />
            </PageHead>
            <div class="grid top">
                <div class="c7 stack loose">
                    <Card title={t('Messages')}>
                        {messages.data?.data.length ? (
                            <ul class="timeline">
                                {messages.data.data.map(message => (
                                    <MessageItem key={message.id} message={message} done={reload} />
                                ))}
                            </ul>
                        ) : messages.loading && !messages.data ? (
                            <div class="card-body">
                                <Skeleton />
                            </div>
                        ) : (
                            <Empty icon="messages-square" title={t('No message yet')} />
                        )}
                    </Card>
                </div>
                <div class="c5 stack loose">
                    {explain.data ? <Why explain={explain.data} /> : explain.error ? <Failure error={explain.error} /> : <Skeleton />}
                    <Card title={t('Facts')}>
                        <div class="card-body">
                            <dl class="facts">
                                <dt>{t('Sequence')}</dt>
                                <dd>
                                    <a href={`/sequences/${data.sequence_id}`}>{sequence.data?.name ?? data.sequence_id}</a>
                                </dd>
                                <dt>{t('Progress')}</dt>
                                <dd class="num">
                                    {t('Day {n}', { n: format.number(data.current_day) })} · {t('{n} of {all} messages', { n: format.number(data.messages_sent), all: format.number(data.total_messages) })}
                                </dd>
                                <dt>{t('Enrolled')}</dt>
                                <dd>
                                    <Time at={data.enrolled_at} style="moment" />
                                </dd>
                                <dt>{t('Time zone')}</dt>
                                <dd>{data.timezone ? `${data.timezone.replace(/_/g, ' ')}${data.timezone_source ? ` (${sourceWord(data.timezone_source)})` : ''}` : t('of the sequence')}</dd>
                                <dt>{t('Came by')}</dt>
                                <dd>{data.batch_id ? <a href={`/sequences/${data.sequence_id}/add?batch=${data.batch_id}`}>{enrolledBy(data.source)}</a> : enrolledBy(data.source)}</dd>
                                {fields.map(([key, value]) => (
                                    <>
                                        <dt>
                                            <code>{`{${key}}`}</code>
                                        </dt>
                                        <dd dir="auto">{String(value)}</dd>
                                    </>
                                ))}
                            </dl>
                        </div>
                    </Card>
                </div>
            </div>
            {action && can('enroll') ? <BulkDialog action={action} body={{ ids: [id] }} onClose={() => setAction(null)} done={reload} /> : null}
        </div>
    );
}
