/* Mails about alerts: the mail server, who gets them, and the test that shows its very words. */
import { useEffect, useState } from 'preact/hooks';
import { api, call, type Schemas } from '../../core/api';
import { plural, t } from '../../core/i18n';
import { FormFailure, useForm } from '../../ui/form';
import { Alert, Button, Card, Check, Failure, Field, SelectField, showError, Skeleton, TextField, Time, toast, useWork } from '../../ui/parts';
import { useResource } from '../../ui/resource';

type Settings = Schemas['EmailSettings'];
type Severity = Settings['severities'][number];
type Tried = { ok: boolean; message: string | null; server_answer: string | null };
const SEVERITIES: readonly (readonly [Severity, () => string])[] = [
    ['critical', () => t('Urgent')],
    ['warning', () => t('Warning')],
    ['info', () => t('Note')],
];
const PORTS: Record<Settings['security'], number> = { starttls: 587, tls: 465, none: 25 };
export function Email() {
    const settings = useResource('email', () => call(api.GET('/api/settings/email')), { on: ['settings'] });
    const [form, setForm] = useState<Settings | null>(null);
    const [recipients, setRecipients] = useState('');
    const [password, setPassword] = useState('');
    const [tried, setTried] = useState<Tried | null>(null);
    const sending = useForm();
    const [testing, runTest] = useWork();
    const show = (read: Settings): void => {
        setForm(read);
        setRecipients(read.recipients.join('\n'));
        setPassword('');
    };
    useEffect(() => {
        if (settings.data && !form) show(settings.data);
    }, [settings.data]);
    if (!form) return settings.error ? <Failure error={settings.error} retry={settings.reload} /> : <Skeleton lines={6} height={36} />;
    const set = (change: Partial<Settings>): void => setForm({ ...form, ...change });
    const moved = form.host !== (settings.data?.host ?? null);
    const save = (): void =>
        sending.send(async () => {
            setTried(null);
            const { password_set: _set, waiting: _waiting, last_sent_at: _sent, last_error: _error, ...body } = form;
            const list = recipients.split(/[\s,;]+/).filter(Boolean);
            const saved = await call(api.PUT('/api/settings/email', { body: { ...body, recipients: list, ...(password ? { password } : form.user ? {} : { password: null }) } }));
            settings.set(saved);
            show(saved);
            toast(t('Saved.'));
        });
    const test = (): void =>
        runTest(async () => {
            setTried(null);
            await call(api.POST('/api/settings/email/test', { body: {} })).then(setTried, showError);
        });
    const facts = settings.data ?? form;
    return (
        <form
            class="stack loose"
            noValidate
            onSubmit={event => {
                event.preventDefault();
                save();
            }}
        >
            <FormFailure form={sending} />
            <Card title={t('Mails about alerts')}>
                <div class="card-body stack loose">
                    <Check label={t('Send mails about alerts')} hint={t('They name no person and no message.')} checked={form.enabled} onValue={enabled => set({ enabled })} />
                    <Field label={t('Recipients')} hint={t('One address per line.')} error={sending.error?.fieldError('recipients')}>
                        {props => <textarea class="input" {...props} rows={3} dir="ltr" value={recipients} onInput={event => setRecipients(event.currentTarget.value)} />}
                    </Field>
                    <div class="stack tight" role="group" aria-label={t('Which alerts')}>
                        <span class="label">{t('Which alerts')}</span>
                        {SEVERITIES.map(([code, word]) => (
                            <Check key={code} label={word()} checked={form.severities.includes(code)} onValue={on => set({ severities: SEVERITIES.map(one => one[0]).filter(one => (one === code ? on : form.severities.includes(one))) })} />
                        ))}
                    </div>
                    <div class="stack tight">
                        <Check label={t('Daily summary')} hint={t('What was sent and what failed, what is open, what comes tomorrow; at this time of the server’s zone.')} checked={form.digest_time !== null} onValue={on => set({ digest_time: on ? '08:00' : null })} />
                        {form.digest_time !== null ? <input type="time" class="input auto" aria-label={t('Time of the daily summary')} value={form.digest_time} onInput={event => event.currentTarget.value && set({ digest_time: event.currentTarget.value })} /> : null}
                    </div>
                </div>
            </Card>
            <Card title={t('Mail server')}>
                <div class="card-body stack loose">
                    <div class="fields">
                        <TextField label={t('Server name')} dir="ltr" placeholder="smtp.example.org" value={form.host ?? ''} onValue={host => set({ host: host.trim() || null })} error={sending.error?.fieldError('host')} />
                        <SelectField
                            label={t('Encryption')}
                            value={form.security}
                            onValue={code => set({ security: code as Settings['security'], port: PORTS[code as Settings['security']] })}
                            options={[
                                ['starttls', 'STARTTLS'],
                                ['tls', 'TLS'],
                                ['none', t('None')],
                            ]}
                            error={sending.error?.fieldError('security')}
                        />
                        <TextField label={t('Port')} type="number" min={1} max={65535} value={String(form.port)} onValue={port => set({ port: Number(port) || 0 })} error={sending.error?.fieldError('port')} />
                        <TextField label={t('Sender')} type="email" dir="ltr" value={form.from ?? ''} onValue={from => set({ from: from.trim() || null })} error={sending.error?.fieldError('from')} />
                        <TextField label={t('User')} dir="ltr" autocomplete="off" value={form.user ?? ''} onValue={user => set({ user: user || null })} hint={t('Empty: no login.')} error={sending.error?.fieldError('user')} />
                        <TextField label={t('Password')} type="password" dir="ltr" autocomplete="new-password" value={password} onValue={setPassword} hint={!facts.password_set ? null : moved ? t('Another server needs its password again.') : t('Leave empty to keep it.')} error={sending.error?.fieldError('password')} />
                    </div>
                    {form.security === 'none' ? <Check label={t('Without encryption also to other machines')} hint={t('Anybody on the way can read the mails and the password.')} checked={form.allow_plain} onValue={allow_plain => set({ allow_plain })} /> : null}
                </div>
            </Card>
            {tried ? tried.ok ? <Alert kind="good">{t('The mail server took the test mail.')}</Alert> : <Alert kind="bad">{t('The test mail did not leave.')} <span dir="ltr">{[tried.message, tried.server_answer].filter(Boolean).join(' · ')}</span></Alert> : null}
            {!tried && facts.last_error ? (
                <Alert kind="warn">
                    {t('The newest mail did not leave.')} <span dir="ltr">{facts.last_error}</span>
                </Alert>
            ) : null}
            <div class="row">
                <Button kind="primary" type="submit" busy={sending.busy}>
                    {t('Save')}
                </Button>
                <Button icon="send" busy={testing} disabled={!facts.host || !facts.from || !facts.recipients.length} onClick={test}>
                    {t('Send a test mail')}
                </Button>
                <span class="small muted">
                    {facts.last_sent_at ? (
                        <>
                            {t('Last mail:')} <Time at={facts.last_sent_at} style="moment" />
                        </>
                    ) : null}
                    {facts.waiting > 0 ? ` · ${plural('{n} mail waits', '{n} mails wait', facts.waiting)}` : null}
                </span>
            </div>
        </form>
    );
}
