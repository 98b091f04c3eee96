/* WhatsApp numbers: connect, test, limits, webhook, templates. Secrets go in and never come out. */
import { useState } from 'preact/hooks';
import { api, call, type Channel, type Schemas } from '../../core/api';
import * as format from '../../core/format';
import { plural, t } from '../../core/i18n';
import { said } from '../../core/said';
import { uuid } from '../../core/uuid';
import { FormDialog, useForm } from '../../ui/form';
import { Alert, ask, Button, Card, CopyButton, Dialog, Empty, Failure, Icon, Menu, SelectField, showError, Skeleton, TextField, Time, toast, useWork } from '../../ui/parts';
import { useResource } from '../../ui/resource';
import { can, me } from '../../ui/state';
import { ChannelStatus } from '../../ui/status';

function TestResult({ result }: { result: Schemas['ChannelTest'] }) {
    return (
        <Alert kind={result.ok ? 'good' : 'bad'}>
            <strong>{said(result.message)}</strong>
            {result.verified_name || result.display_phone ? (
                <div class="soft">
                    {result.verified_name} {result.display_phone} {result.quality ? `· ${result.quality}` : ''}
                </div>
            ) : null}
            {result.advice ? <div class="soft">{said(result.advice)}</div> : null}
            {result.provider_code !== null && result.provider_code !== undefined ? (
                <div class="small muted">
                    {t('The provider said: {code} {text}', { code: result.provider_code, text: result.provider_message ?? '' })}
                </div>
            ) : null}
        </Alert>
    );
}
export function Channels() {
    const channels = useResource('channels', () => call(api.GET('/api/channels')), { on: ['channel', 'stats'] });
    const [editing, setEditing] = useState<Channel | 'new' | null>(null);
    if (!channels.data) return channels.error ? <Failure error={channels.error} retry={channels.reload} /> : <Skeleton lines={4} height={40} />;
    const list = channels.data.data;
    return (
        <div class="stack loose">
            {me.value?.server.simulator ? (
                <Alert>
                    <strong>{t('The simulator is in use.')}</strong> {t('It behaves like WhatsApp: it delivers, reads and answers, but nobody gets anything. Connect a number to send for real.')}
                </Alert>
            ) : null}
            {can('admin') && list.length ? (
                <div>
                    <Button kind="primary" icon="plus" onClick={() => setEditing('new')}>
                        {t('Connect a number')}
                    </Button>
                </div>
            ) : null}
            {list.map(channel => (
                <ChannelCard key={channel.id} channel={channel} edit={() => setEditing(channel)} reload={channels.reload} />
            ))}
            {list.length === 0 ? (
                <Card>
                    <Empty
                        icon="smartphone"
                        title={t('No number connected')}
                        actions={
                            can('admin') ? (
                                <Button kind="primary" icon="plus" onClick={() => setEditing('new')}>
                                    {t('Connect a number')}
                                </Button>
                            ) : undefined
                        }
                    >
                        {t('You need a WhatsApp Business number with access to the Cloud API. Have its phone number id and an access token at hand.')}
                    </Empty>
                </Card>
            ) : null}
            {editing ? (
                <ChannelDialog
                    channel={editing === 'new' ? null : editing}
                    onClose={() => {
                        setEditing(null);
                        channels.reload();
                    }}
                />
            ) : null}
        </div>
    );
}
function ChannelCard({ channel, edit, reload }: { channel: Channel; edit: () => void; reload: () => void }) {
    const [result, setResult] = useState<Schemas['ChannelTest'] | null>(null);
    const [templates, setTemplates] = useState(false);
    const [busy, run] = useWork();
    const path = { id: channel.id };
    const webhook = `${location.origin}${channel.webhook_path}`;
    const simulator = channel.provider === 'simulator';
    const remove = async (): Promise<void> => {
        const yes = await ask({ title: t('Remove “{name}”?', { name: channel.name }), body: <p>{t('Its credentials are deleted. Sequences that use it cannot send any more.')}</p>, action: t('Remove'), danger: true });
        if (!yes) return;
        await call(api.DELETE('/api/channels/{id}', { params: { path } }));
        reload();
    };
    const change = async (body: Schemas['ChannelUpdate']): Promise<void> => {
        await call(api.PUT('/api/channels/{id}', { params: { path }, body }));
        reload();
    };
    return (
        <Card
            title={
                <span class="row wrap">
                    <Icon name="smartphone" /> <span dir="auto">{channel.name}</span> {channel.default ? <span class="chip">{t('default')}</span> : null}
                </span>
            }
            actions={
                <>
                    <ChannelStatus state={channel.state} />
                    {can('admin') ? (
                        <>
                            <Button small busy={busy} icon="plug-zap" onClick={() => run(async () => setResult(await call(api.POST('/api/channels/{id}/test', { params: { path } }))))}>
                                {t('Test connection')}
                            </Button>
                            <Menu
                                label={t('More for “{name}”', { name: channel.name })}
                                items={[
                                    { label: t('Edit'), icon: 'pencil', run: edit },
                                    channel.paused ? { label: t('Resume sending'), icon: 'play', run: () => void change({ paused: false }).catch(showError) } : { label: t('Pause this number'), icon: 'pause', run: () => void change({ paused: true }).catch(showError) },
                                    !channel.default && { label: t('Make it the default'), icon: 'star', run: () => void change({ default: true }).catch(showError) },
                                    { label: t('Templates'), icon: 'layout-template', run: () => setTemplates(true) },
                                    !simulator && { label: t('Remove'), icon: 'trash-2', danger: true, run: () => void remove().catch(showError) },
                                ]}
                            />
                        </>
                    ) : null}
                </>
            }
        >
            <div class="card-body stack">
                {result ? <TestResult result={result} /> : null}
                {channel.state_reason ? (
                    <Alert kind={channel.state === 'error' ? 'bad' : 'warn'}>
                        {said(channel.state_reason.text)} {channel.state_reason.advice ? <span class="soft">{said(channel.state_reason.advice)}</span> : null}
                        {channel.state_reason.since ? (
                            <span class="muted">
                                {' '}
                                · <Time at={channel.state_reason.since} />
                            </span>
                        ) : null}
                    </Alert>
                ) : null}
                <dl class="facts">
                    <dt>{t('Number')}</dt>
                    <dd>
                        <bdi dir="ltr">{channel.display_phone ?? '–'}</bdi> {channel.verified_name ? <span class="muted">({channel.verified_name})</span> : null}
                    </dd>
                    <dt>{t('Provider')}</dt>
                    <dd>{providerWord(channel.provider)}</dd>
                    {channel.phone_number_id ? (
                        <>
                            <dt>{t('Phone number id')}</dt>
                            <dd>
                                <code>{channel.phone_number_id}</code>
                            </dd>
                        </>
                    ) : null}
                    <dt>{t('Speed')}</dt>
                    <dd class="num">
                        {t('up to {n} messages per second', { n: format.decimal(channel.messages_per_second) })}
                        {channel.daily_limit ? ` · ${t('{n} people per 24 hours', { n: format.number(channel.daily_limit) })}` : ''}
                    </dd>
                    <dt>{t('Last 24 hours')}</dt>
                    <dd class="num">{plural('{n} message', '{n} messages', channel.sent_last_24h, format.number(channel.sent_last_24h))}</dd>
                    {!simulator ? (
                        <>
                            <dt>{t('Secrets')}</dt>
                            <dd class="row wrap">
                                {(['access_token', 'app_secret', 'verify_token'] as const).map(name => (
                                    <span key={name} class={`chip ${channel.secrets[name] ? 'good' : 'warn'}`}>
                                        {channel.secrets[name] ? <Icon name="check" /> : <Icon name="x" />}
                                        {{ access_token: t('access token'), app_secret: t('app secret'), verify_token: t('verify token') }[name]}
                                    </span>
                                ))}
                            </dd>
                        </>
                    ) : null}
                </dl>
                {!simulator ? (
                    <div class="field">
                        <span class="label">{t('Webhook address to enter at Meta, with your verify token')}</span>
                        <div class="copy-line">
                            <code>{webhook}</code>
                            <CopyButton text={webhook} small={false} />
                        </div>
                        <span class="hint">
                            {channel.last_webhook_at ? (
                                <>
                                    {t('Last call from WhatsApp')}: <Time at={channel.last_webhook_at} />
                                </>
                            ) : (
                                t('WhatsApp has not called it yet. Without it, “delivered”, “read”, replies and STOP are not seen.')
                            )}
                        </span>
                    </div>
                ) : null}
            </div>
            {templates ? <Templates channel={channel} onClose={() => setTemplates(false)} /> : null}
        </Card>
    );
}
function providerWord(provider: string): string {
    return { cloud: 'WhatsApp Cloud API (Meta)', dialog360: '360dialog', twilio: 'Twilio', gateway: t('HTTP gateway'), simulator: t('Simulator') }[provider] ?? provider;
}
function Templates({ channel, onClose }: { channel: Channel; onClose: () => void }) {
    const list = useResource(`templates of ${channel.id}`, () => call(api.GET('/api/channels/{id}/templates', { params: { path: { id: channel.id } } })));
    const [busy, run] = useWork();
    return (
        <Dialog
            wide
            title={t('Templates of “{name}”', { name: channel.name })}
            onClose={onClose}
            footer={
                <Button icon="refresh-cw" busy={busy} onClick={() => run(async () => list.set(await call(api.GET('/api/channels/{id}/templates', { params: { path: { id: channel.id }, query: { refresh: true } } }))))}>
                    {t('Ask WhatsApp again')}
                </Button>
            }
        >
            {list.error ? <Failure error={list.error} retry={list.reload} /> : null}
            {list.data ? (
                list.data.data.length ? (
                    <ul class="stack">
                        {list.data.data.map(template => (
                            <li key={`${template.name} ${template.language}`} class="template-row">
                                <div class="row wrap">
                                    <code>{template.name}</code>
                                    <span class="muted small">{template.language}</span>
                                    <span class="chip">{template.category.toLowerCase()}</span>
                                    <span class={`chip ${template.status === 'APPROVED' ? 'good' : template.status === 'REJECTED' || template.status === 'PAUSED' ? 'bad' : 'warn'}`}>{template.status.toLowerCase()}</span>
                                </div>
                                <p class="template-text" dir="auto">
                                    {template.body}
                                </p>
                            </li>
                        ))}
                    </ul>
                ) : (
                    <Empty icon="layout-template" title={t('No templates')}>
                        {t('Templates are written and approved in Meta’s WhatsApp Manager.')}
                    </Empty>
                )
            ) : list.error ? null : (
                <Skeleton />
            )}
        </Dialog>
    );
}
function ChannelDialog({ channel, onClose }: { channel: Channel | null; onClose: () => void }) {
    const [name, setName] = useState(channel?.name ?? '');
    const [numberId, setNumberId] = useState(channel?.phone_number_id ?? '');
    const [waba, setWaba] = useState(channel?.waba_id ?? '');
    const [token, setToken] = useState('');
    const [secret, setSecret] = useState('');
    const [verify, setVerify] = useState(() => (channel ? '' : uuid().slice(0, 20)));
    const [base, setBase] = useState(channel?.base_url ?? '');
    const [version, setVersion] = useState(channel?.api_version ?? '');
    const [rate, setRate] = useState(String(channel?.messages_per_second ?? 80));
    const [limit, setLimit] = useState(channel?.daily_limit ? String(channel.daily_limit) : '');
    const [doubt, setDoubt] = useState(channel?.doubt_policy ?? 'auto');
    const form = useForm();
    const simulator = channel?.provider === 'simulator';
    const send = async (): Promise<void> => {
        const common = { name: name.trim(), messages_per_second: Number(rate) || undefined, daily_limit: limit ? Number(limit) : channel?.daily_limit ? null : undefined, doubt_policy: doubt };
        const cloud = simulator ? {} : { phone_number_id: numberId.trim() || undefined, waba_id: waba.trim() || undefined, access_token: token.trim() || undefined, app_secret: secret.trim() || undefined, verify_token: verify.trim() || undefined, base_url: base.trim() || undefined, api_version: version.trim() || undefined };
        const saved = channel ? await call(api.PUT('/api/channels/{id}', { params: { path: { id: channel.id } }, body: { ...common, ...cloud } })) : await call(api.POST('/api/channels', { body: { ...common, ...cloud, provider: 'cloud' } }));
        toast(channel ? t('Saved.') : t('“{name}” is connected. Test it now.', { name: saved.name }));
        onClose();
    };
    const keep = channel ? t('Leave empty to keep the stored one.') : undefined;
    return (
        <FormDialog wide title={channel ? t('Edit “{name}”', { name: channel.name }) : t('Connect a WhatsApp number')} action={channel ? t('Save') : t('Connect')} form={form} send={send} onClose={onClose}>
            <TextField label={t('Name, only for your team')} value={name} onValue={setName} required error={form.error?.fieldError('name')} autofocus />
            {!simulator ? (
                <>
                    <div class="fields">
                        <TextField label={t('Phone number id')} dir="ltr" inputMode="numeric" value={numberId} onValue={setNumberId} error={form.error?.fieldError('phone_number_id')} hint={t('In Meta’s app under WhatsApp → API setup.')} />
                        <TextField label={t('WhatsApp Business account id')} dir="ltr" inputMode="numeric" value={waba} onValue={setWaba} error={form.error?.fieldError('waba_id')} hint={t('Needed for templates.')} />
                    </div>
                    <TextField label={t('Access token')} type="password" autocomplete="off" dir="ltr" value={token} onValue={setToken} error={form.error?.fieldError('access_token')} hint={keep ?? t('A permanent token of a system user, not the 24-hour one.')} />
                    <div class="fields">
                        <TextField label={t('App secret')} type="password" autocomplete="off" dir="ltr" value={secret} onValue={setSecret} error={form.error?.fieldError('app_secret')} hint={keep ?? t('Proves that webhooks come from Meta.')} />
                        <TextField label={t('Verify token')} dir="ltr" value={verify} onValue={setVerify} error={form.error?.fieldError('verify_token')} hint={keep ?? (
                            <span class="row">
                                {t('Any word of your choice; enter the same at Meta.')} <CopyButton text={verify} />
                            </span>
                        )} />
                    </div>
                </>
            ) : null}
            <details class="details">
                <summary>{t('Limits and more')}</summary>
                <div class="fields">
                    <TextField label={t('Messages per second')} type="number" min={1} max={1000} value={rate} onValue={setRate} error={form.error?.fieldError('messages_per_second')} />
                    <TextField label={t('People per 24 hours')} type="number" min={1} value={limit} onValue={setLimit} error={form.error?.fieldError('daily_limit')} hint={t('Your messaging tier; empty for none.')} />
                    <SelectField
                        label={t('When nobody answers for a message')}
                        value={doubt}
                        onValue={value => setDoubt(value as 'auto')}
                        options={[
                            ['auto', t('By kind of message')],
                            ['never', t('Never send it twice')],
                            ['resend', t('Send again when it is safe')],
                            ['hold', t('Let a person decide')],
                        ]}
                    />
                    {!simulator ? (
                        <>
                            <TextField label={t('Address of the API')} dir="ltr" placeholder="https://graph.facebook.com" value={base} onValue={setBase} error={form.error?.fieldError('base_url')} />
                            <TextField label={t('Version of the API')} dir="ltr" placeholder="v23.0" value={version} onValue={setVersion} error={form.error?.fieldError('api_version')} />
                        </>
                    ) : null}
                </div>
            </details>
        </FormDialog>
    );
}
