/* Outgoing webhooks: where events are sent, what was sent, and sending it again. */
import { useEffect, useState } from 'preact/hooks';
import { api, call, type Schemas } from '../../core/api';
import * as format from '../../core/format';
import { plural, t } from '../../core/i18n';
import { said } from '../../core/said';
import { DownloadCsv } from '../../ui/csv';
import { FormDialog, useForm } from '../../ui/form';
import { Alert, ask, Button, Card, Check, CopyButton, Dialog, Empty, Failure, Icon, Menu, showError, Skeleton, TextField, Time, toast } from '../../ui/parts';
import { useResource } from '../../ui/resource';
import { usePages } from '../../ui/pages';
import { nowMs } from '../../ui/state';
import { figures, Table } from '../../ui/table';

type Webhook = Schemas['Webhook'];
type Delivery = Schemas['WebhookDelivery'];
type EventName = Schemas['WebhookEvents'][number];
const LOOK_AGAIN_MS = 2_000;
const EVENTS: EventName[] = ['enrollment.created', 'enrollment.paused', 'enrollment.resumed', 'enrollment.stopped', 'enrollment.completed', 'enrollment.opted_out', 'enrollment.failed', 'message.sent', 'message.delivered', 'message.read', 'message.failed', 'message.skipped', 'message.cancelled', 'message.in_doubt', 'message.unknown', 'reply.received', 'opt_out.created', 'opt_out.deleted', 'channel.updated', 'alert.opened', 'alert.updated', 'alert.closed'];

export function Webhooks() {
    const hooks = useResource('webhooks', () => call(api.GET('/api/webhooks')), { on: ['webhook', 'message', 'enrollment', 'alert'] });
    const [editing, setEditing] = useState<Webhook | 'new' | null>(null);
    const [secret, setSecret] = useState<string | null>(null);
    if (!hooks.data) return hooks.error ? <Failure error={hooks.error} retry={hooks.reload} /> : <Skeleton />;
    const create = (
        <Button kind="primary" icon="plus" onClick={() => setEditing('new')}>
            {t('Add a webhook')}
        </Button>
    );
    return (
        <div class="stack loose">
            {hooks.data.data.length ? <div>{create}</div> : null}
            {hooks.data.data.map(hook => (
                <HookCard key={hook.id} hook={hook} edit={() => setEditing(hook)} reload={hooks.reload} showSecret={setSecret} />
            ))}
            {hooks.data.data.length === 0 ? (
                <Card>
                    <Empty icon="webhook" title={t('No webhooks yet')} actions={create}>
                        {t('Tell your own software at once when someone replies, opts out or finishes. Requests are signed (Standard Webhooks).')}
                    </Empty>
                </Card>
            ) : null}
            {editing ? (
                <EditHook
                    hook={editing === 'new' ? null : editing}
                    onClose={made => {
                        setEditing(null);
                        hooks.reload();
                        if (made) setSecret(made);
                    }}
                />
            ) : null}
            {secret ? (
                <Dialog
                    title={t('Copy this secret now')}
                    onClose={() => setSecret(null)}
                    footer={
                        <Button kind="primary" onClick={() => setSecret(null)}>
                            {t('I have copied it')}
                        </Button>
                    }
                >
                    <Alert kind="warn">{t('Your software checks signatures with it. It is shown only this once.')}</Alert>
                    <div class="copy-line">
                        <code>{secret}</code>
                        <CopyButton text={secret} small={false} />
                    </div>
                </Dialog>
            ) : null}
        </div>
    );
}
function HookCard({ hook, edit, reload, showSecret }: { hook: Webhook; edit: () => void; reload: () => void; showSecret: (secret: string) => void }) {
    const [open, setOpen] = useState(false);
    const path = { id: hook.id };
    const act = (work: Promise<unknown>, text: string): void => {
        work.then(() => {
            toast(text);
            reload();
        }, showError);
    };
    const remove = async (): Promise<void> => {
        if (await ask({ title: t('Remove this webhook?'), body: <p>{hook.url}</p>, action: t('Remove'), danger: true })) act(call(api.DELETE('/api/webhooks/{id}', { params: { path } })), t('Removed.'));
    };
    const rotate = async (): Promise<void> => {
        if (!(await ask({ title: t('Make a new secret?'), body: <p>{t('For 24 hours every request carries a signature by each of the two secrets.')}</p>, action: t('New secret') }))) return;
        showSecret((await call(api.POST('/api/webhooks/{id}/rotate-secret', { params: { path }, body: {} }))).secret);
        reload();
    };
    return (
        <Card
            title={
                <bdi dir="ltr" class="break">
                    {hook.url}
                </bdi>
            }
            actions={
                <>
                    <span class={`status ${hook.status === 'active' ? (hook.failing_since ? 'warn' : 'good') : 'bad'}`}>
                        <Icon name={hook.status === 'active' ? (hook.failing_since ? /* icon */ 'triangle-alert' : /* icon */ 'circle-check') : /* icon */ 'ban'} />
                        {hook.status === 'active' ? (hook.failing_since ? t('Failing') : t('Active')) : t('Switched off')}
                    </span>
                    <Button
                        small
                        icon="send"
                        onClick={() => {
                            setOpen(true);
                            act(call(api.POST('/api/webhooks/{id}/test', { params: { path } })), t('A test event is on its way.'));
                        }}
                    >
                        {t('Send test event')}
                    </Button>
                    <Menu
                        label={t('More for “{name}”', { name: hook.url })}
                        items={[
                            { label: t('Edit'), icon: 'pencil', run: edit },
                            { label: t('New secret…'), icon: 'key-round', run: () => void rotate().catch(showError) },
                            hook.status === 'active' ? { label: t('Switch off'), icon: 'pause', run: () => act(call(api.PUT('/api/webhooks/{id}', { params: { path }, body: { status: 'disabled' } })), t('Saved.')) } : { label: t('Switch on'), icon: 'play', run: () => act(call(api.PUT('/api/webhooks/{id}', { params: { path }, body: { status: 'active' } })), t('Saved.')) },
                            { label: t('Send the last day again'), icon: 'rotate-ccw', run: () => act(call(api.POST('/api/webhooks/{id}/redeliver', { params: { path }, body: { since: new Date(nowMs.value - 864e5).toISOString().replace(/\.\d+Z/, 'Z') } })), t('Sent again.')) },
                            { label: t('Remove'), icon: 'trash-2', danger: true, run: () => void remove().catch(showError) },
                        ]}
                    />
                </>
            }
            foot={
                <button type="button" class="linklike" aria-expanded={open} onClick={() => setOpen(!open)}>
                    {open ? t('Hide deliveries') : t('Show deliveries')}
                </button>
            }
        >
            <div class="card-body stack">
                {hook.disabled_reason ? <Alert kind="bad">{said(hook.disabled_reason.text ?? hook.disabled_reason.code)}</Alert> : hook.last_error ? <Alert kind="warn">{hook.last_error}</Alert> : null}
                {hook.description ? <p class="soft">{hook.description}</p> : null}
                <dl class="facts">
                    <dt>{t('Events')}</dt>
                    <dd>{hook.events.length ? hook.events.join(', ') : t('all')}</dd>
                    <dt>{t('Delivered')}</dt>
                    <dd class="num">
                        {format.number(hook.delivered)} · {plural('{n} waiting', '{n} waiting', hook.pending, format.number(hook.pending))} · {plural('{n} given up', '{n} given up', hook.failed, format.number(hook.failed))}
                    </dd>
                    <dt>{t('Last success')}</dt>
                    <dd>
                        <Time at={hook.last_success_at} />
                    </dd>
                </dl>
                {open ? <Deliveries hook={hook} reload={reload} /> : null}
            </div>
        </Card>
    );
}
function Deliveries({ hook, reload }: { hook: Webhook; reload: () => void }) {
    const page = usePages<Delivery>(`deliveries ${hook.id}`, cursor => call(api.GET('/api/webhooks/{id}/deliveries', { params: { path: { id: hook.id }, query: { limit: 50, cursor } } })), ['webhook']);
    // Attempts make no events of their own: while the list is looked at it is asked for again.
    useEffect(() => {
        const timer = setInterval(() => {
            if (document.visibilityState !== 'visible') return;
            page.reload();
            reload();
        }, LOOK_AGAIN_MS);
        return () => clearInterval(timer);
    }, [page.reload, reload]);
    if (!page.rows) return page.error ? <Failure error={page.error} retry={page.reload} /> : <Skeleton lines={3} />;
    if (!page.rows.length) return <p class="muted">{t('Nothing was sent yet.')}</p>;
    const tone = { delivered: 'good', failed: 'bad', pending: '', sending: 'info' } as const;
    const word = { delivered: t('Delivered'), failed: t('Failed'), pending: t('Waiting'), sending: t('Sending') } as const;
    return (
        <div>
            <DownloadCsv path={`/api/webhooks/${hook.id}/deliveries`} />
            <Table columns={[t('When'), t('Event'), t('Status'), figures('HTTP'), figures(t('Took')), figures(t('Tries'))]} tools>
                {page.rows.map(one => (
                    <tr key={one.id}>
                        <td class="muted">
                            <Time at={one.last_attempt_at ?? one.created_at} style="moment" />
                        </td>
                        <td>
                            <code>{one.type}</code>
                            <Payload hook={hook.id} delivery={one.id} />
                        </td>
                        <td>
                            <span class={`chip ${tone[one.status]}`}>{word[one.status]}</span>
                            {one.error ? <div class="sub">{one.error}</div> : null}
                        </td>
                        <td class="end">{one.http_status ?? '–'}</td>
                        <td class="end">{format.number(one.duration_ms)} ms</td>
                        <td class="end">{format.number(one.attempts)}</td>
                        <td class="tools">
                            <Button
                                small
                                onClick={() => {
                                    call(api.POST('/api/webhooks/{id}/redeliver', { params: { path: { id: hook.id } }, body: { delivery_id: one.id } })).then(() => {
                                        toast(t('Sent again.'));
                                        page.reload();
                                    }, showError);
                                }}
                            >
                                {t('Redeliver')}
                            </Button>
                        </td>
                    </tr>
                ))}
            </Table>
            {page.next ? <Button onClick={page.more}>{t('Show more')}</Button> : null}
        </div>
    );
}
/** What the receiver is sent, asked for when somebody wants to see it. */
function Payload({ hook, delivery }: { hook: string; delivery: string }) {
    const [shown, setShown] = useState<string | null>(null);
    const show = (): void => {
        call(api.GET('/api/webhooks/{id}/deliveries/{delivery}', { params: { path: { id: hook, delivery } } })).then(
            one => setShown(one.payload ? JSON.stringify(one.payload, null, 1) : t('The event is not kept any more.')),
            showError,
        );
    };
    return (
        <details class="details" onToggle={event => event.currentTarget.open && show()}>
            <summary class="tiny">
                <Icon name="list" class="inline" /> {t('Body')}
            </summary>
            {shown === null ? null : (
                <pre class="detail-json tiny" dir="ltr">
                    {shown}
                </pre>
            )}
        </details>
    );
}
function EditHook({ hook, onClose }: { hook: Webhook | null; onClose: (secret?: string) => void }) {
    const [url, setUrl] = useState(hook?.url ?? '');
    const [description, setDescription] = useState(hook?.description ?? '');
    const [events, setEvents] = useState<EventName[]>(hook?.events ?? ['reply.received', 'opt_out.created', 'enrollment.completed']);
    const form = useForm();
    const send = async (): Promise<void> => {
        const body = { url: url.trim(), description: description.trim(), events };
        if (hook) {
            await call(api.PUT('/api/webhooks/{id}', { params: { path: { id: hook.id } }, body }));
            onClose();
        } else onClose((await call(api.POST('/api/webhooks', { body }))).secret);
    };
    return (
        <FormDialog title={hook ? t('Edit webhook') : t('Add a webhook')} action={t('Save')} form={form} send={send} ready={Boolean(url.trim())} onClose={() => onClose()}>
            <TextField label={t('Address')} type="url" dir="ltr" placeholder="https://" value={url} onValue={setUrl} error={form.error?.fieldError('url')} hint={t('https, at a public address.')} autofocus />
            <TextField label={t('Description')} value={description} onValue={setDescription} maxLength={500} error={form.error?.fieldError('description')} />
            <fieldset class="stack tight">
                <legend class="field-label">{t('Events')}</legend>
                <Check label={t('All events')} checked={events.length === 0} onValue={all => setEvents(all ? [] : ['reply.received'])} />
                {events.length ? (
                    <div class="event-grid">
                        {EVENTS.map(name => (
                            <Check key={name} label={<code>{name}</code>} checked={events.includes(name)} onValue={on => setEvents(on ? [...events, name] : events.filter(one => one !== name))} />
                        ))}
                    </div>
                ) : null}
            </fieldset>
        </FormDialog>
    );
}
