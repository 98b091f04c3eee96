/* One person, with a place to begin and fields for placeholders. */
import { useState } from 'preact/hooks';
import { api, call, type Schemas, type Sequence } from '../../core/api';
import { t } from '../../core/i18n';
import { said } from '../../core/said';
import { FormFailure, PairFields, useForm, type Pair } from '../../ui/form';
import { Alert, Button, Card, Field, TextField } from '../../ui/parts';
import { verdictWord } from '../../ui/status';
import { ZoneField } from '../builder/delivery';
import { CountryField } from './country';

export function Single({ sequence }: { sequence: Sequence }) {
    const [phone, setPhone] = useState('');
    const [name, setName] = useState('');
    const [country, setCountry] = useState('');
    const [timezone, setTimezone] = useState<string | null>(null);
    const [startDay, setStartDay] = useState('');
    const [fields, setFields] = useState<Pair[]>([['', '']]);
    const [result, setResult] = useState<Schemas['EnrollResult'] | null>(null);
    const form = useForm();
    const days = [...new Set(sequence.messages.map(step => step.day))].sort((a, b) => a - b);
    const submit = (): void =>
        form.send(async () => {
            setResult(null);
            const custom = Object.fromEntries(fields.filter(([key, value]) => key.trim() && value.trim()).map(([key, value]) => [key.trim(), value.trim()]));
            const answer = await call(api.POST('/api/sequences/{id}/enroll', { params: { path: { id: sequence.id } }, body: { phone, ...(name.trim() ? { name: name.trim() } : {}), ...(Object.keys(custom).length ? { custom_fields: custom } : {}), ...(timezone ? { timezone } : {}), ...(country ? { country } : {}), ...(startDay ? { start_day: Number(startDay) } : {}) } }));
            setResult(answer);
            if (answer.verdict === 'enrolled' || answer.verdict === 'restarted') {
                setPhone('');
                setName('');
                setFields([['', '']]);
            }
        });
    return (
        <Card>
            <form
                class="card-body stack loose"
                noValidate
                onSubmit={event => {
                    event.preventDefault();
                    submit();
                }}
            >
                {result ? (
                    <Alert kind={result.verdict === 'enrolled' || result.verdict === 'restarted' ? 'good' : 'warn'} action={result.enrollment_id ? <a href={`/people/${result.enrollment_id}`}>{t('Open')}</a> : undefined}>
                        {verdictWord(result.verdict)}: {said(result.message)}
                    </Alert>
                ) : null}
                <FormFailure form={form} />
                <div class="fields">
                    <TextField label={t('Phone number')} inputMode="tel" dir="ltr" required value={phone} onValue={setPhone} placeholder="+91 98765 43210" error={form.error?.fieldError('phone')} />
                    <TextField label={t('Name')} dir="auto" value={name} onValue={setName} error={form.error?.fieldError('name')} />
                </div>
                <details class="details">
                    <summary>{t('More')}</summary>
                    <div class="stack">
                        <div class="fields">
                            <CountryField value={country} onValue={setCountry} />
                            <ZoneField label={t('Time zone')} value={timezone} onValue={setTimezone} empty={t('Guessed from the number')} error={form.error?.fieldError('timezone')} />
                            <Field label={t('Begin with')}>
                                {props => (
                                    <select class="select" {...props} value={startDay} onChange={event => setStartDay(event.currentTarget.value)}>
                                        <option value="">{t('The first message')}</option>
                                        {days.slice(1).map(day => (
                                            <option key={day} value={day}>
                                                {t('Day {n}', { n: day })}
                                            </option>
                                        ))}
                                    </select>
                                )}
                            </Field>
                        </div>
                        <PairFields pairs={fields} onPairs={setFields} form={form} example={['city', 'Pune']} />
                    </div>
                </details>
                <div>
                    <Button kind="primary" type="submit" icon="user-plus" busy={form.busy} disabled={!phone.trim()}>
                        {t('Enroll')}
                    </Button>
                </div>
            </form>
        </Card>
    );
}
