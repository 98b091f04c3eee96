/* What holds for the whole server. */
import { useEffect, useState } from 'preact/hooks';
import { api, call, type Schemas } from '../../core/api';
import { t } from '../../core/i18n';
import { FormFailure, useForm } from '../../ui/form';
import { Button, Card, Check, Failure, Skeleton, TextField, toast } from '../../ui/parts';
import { useResource } from '../../ui/resource';
import { can, refreshMe } from '../../ui/state';
import { ZoneField } from '../builder/delivery';
import { CountryField } from '../enroll/country';

type Settings = Schemas['Settings'];
export function General() {
    const settings = useResource('settings', () => call(api.GET('/api/settings')), { on: ['settings'] });
    const [form, setForm] = useState<Settings | null>(null);
    const sending = useForm();
    useEffect(() => {
        if (settings.data && !form) setForm(settings.data);
    }, [settings.data]);
    if (!form) return settings.error ? <Failure error={settings.error} retry={settings.reload} /> : <Skeleton lines={5} height={36} />;
    const set = (change: Partial<Settings>): void => setForm({ ...form, ...change });
    const readOnly = !can('admin');
    const save = (): void =>
        sending.send(async () => {
            const changed = Object.fromEntries(Object.entries(form).filter(([key, value]) => key in (settings.data ?? {}) && JSON.stringify(value) !== JSON.stringify(settings.data?.[key as keyof Settings])));
            const saved = await call(api.PUT('/api/settings', { body: changed as Schemas['SettingsInput'] }));
            settings.set(saved);
            setForm(saved);
            void refreshMe();
            toast(t('Saved.'));
        });
    const quiet = form.quiet_hours;
    const days = (value: number | null): string => (value === null ? '' : String(value));
    return (
        <form
            noValidate
            onSubmit={event => {
                event.preventDefault();
                save();
            }}
        >
            <fieldset class="stack loose" disabled={readOnly}>
                <FormFailure form={sending} />
                <Card title={t('This server')}>
                    <div class="card-body fields">
                        <TextField label={t('Name')} value={form.name} onValue={name => set({ name })} maxLength={100} hint={t('Shown in titles and in previews.')} error={sending.error?.fieldError('name')} />
                        <TextField label={t('Public address')} type="url" dir="ltr" placeholder="https://" value={form.public_url ?? ''} onValue={value => set({ public_url: value || null })} error={sending.error?.fieldError('public_url')} hint={t('Under which people and WhatsApp reach it.')} />
                    </div>
                </Card>
                <Card title={t('Numbers and time')}>
                    <div class="card-body stack loose">
                        <div class="fields">
                            <CountryField label={t('Default country')} empty={t('None: numbers need their country code')} value={form.default_country ?? ''} onValue={value => set({ default_country: value || null })} />
                            <ZoneField label={t('Time zone')} value={form.timezone} onValue={value => value && set({ timezone: value })} error={sending.error?.fieldError('timezone')} />
                        </div>
                        <div class="stack tight">
                            <Check label={t('Quiet hours')} hint={t('In these local hours of the person nothing is sent.')} checked={Boolean(quiet)} onValue={on => set({ quiet_hours: on ? { from: '21:00', to: '08:00' } : null })} disabled={readOnly} />
                            {quiet ? (
                                <div class="row">
                                    <input type="time" class="input auto" aria-label={t('From')} value={quiet.from} onInput={event => event.currentTarget.value && set({ quiet_hours: { ...quiet, from: event.currentTarget.value } })} />
                                    –
                                    <input type="time" class="input auto" aria-label={t('To')} value={quiet.to} onInput={event => event.currentTarget.value && set({ quiet_hours: { ...quiet, to: event.currentTarget.value } })} />
                                </div>
                            ) : null}
                        </div>
                    </div>
                </Card>
                <Card title={t('How long data is kept')}>
                    <div class="card-body fields">
                        <TextField label={t('Texts of sent messages, in days')} type="number" min={1} max={3650} value={days(form.retention_messages_days)} onValue={value => set({ retention_messages_days: value ? Number(value) : null })} hint={t('Empty: for ever. Numbers stay in any case.')} error={sending.error?.fieldError('retention_messages_days')} />
                        <TextField label={t('Log of events, in days')} type="number" min={1} max={3650} value={days(form.retention_events_days)} onValue={value => set({ retention_events_days: value ? Number(value) : null })} error={sending.error?.fieldError('retention_events_days')} />
                        <TextField label={t('Audit trail, in days')} type="number" min={30} max={3650} value={days(form.retention_audit_days)} onValue={value => set({ retention_audit_days: value ? Number(value) : null })} error={sending.error?.fieldError('retention_audit_days')} />
                    </div>
                </Card>
                {!readOnly ? (
                    <div>
                        <Button kind="primary" type="submit" busy={sending.busy}>
                            {t('Save')}
                        </Button>
                    </div>
                ) : null}
            </fieldset>
        </form>
    );
}
