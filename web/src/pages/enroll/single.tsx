/* One person, with a place to begin and fields for placeholders. */
import { useState } from 'preact/hooks';
import { api, ApiError, call, type Schemas, type Sequence } from '../../core/api';
import { t } from '../../core/i18n';
import { said } from '../../core/said';
import { Alert, Button, Card, Failure, Field, TextField, useWork } from '../../ui/parts';
import { verdictWord } from '../../ui/status';
import { ZoneField } from '../builder/delivery';
import { CountryField } from './country';

export function Single({ sequence }: { sequence: Sequence }) {
    const [phone, setPhone] = useState('');
    const [name, setName] = useState('');
    const [country, setCountry] = useState('');
    const [timezone, setTimezone] = useState<string | null>(null);
    const [startDay, setStartDay] = useState('');
    const [fields, setFields] = useState<[string, string][]>([['', '']]);
    const [error, setError] = useState<ApiError | null>(null);
    const [result, setResult] = useState<Schemas['EnrollResult'] | null>(null);
    const [busy, run] = useWork();
    const days = [...new Set(sequence.messages.map(step => step.day))].sort((a, b) => a - b);
    const submit = (): void =>
        run(async () => {
            setError(null);
            setResult(null);
            const custom = Object.fromEntries(fields.filter(([key, value]) => key.trim() && value.trim()).map(([key, value]) => [key.trim(), value.trim()]));
            try {
                const answer = await call(api.POST('/api/sequences/{id}/enroll', { params: { path: { id: sequence.id } }, body: { phone, ...(name.trim() ? { name: name.trim() } : {}), ...(Object.keys(custom).length ? { custom_fields: custom } : {}), ...(timezone ? { timezone } : {}), ...(country ? { country } : {}), ...(startDay ? { start_day: Number(startDay) } : {}) } }));
                setResult(answer);
                if (answer.verdict === 'enrolled' || answer.verdict === 'restarted') {
                    setPhone('');
                    setName('');
                    setFields([['', '']]);
                }
            } catch (cause) {
                setError(cause as ApiError);
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
                {error && !error.errors.length ? <Failure error={error} /> : null}
                <div class="fields">
                    <TextField label={t('Phone number')} inputMode="tel" dir="ltr" required value={phone} onValue={setPhone} placeholder="+91 98765 43210" error={error?.fieldError('phone')} />
                    <TextField label={t('Name')} dir="auto" value={name} onValue={setName} error={error?.fieldError('name')} />
                </div>
                <details class="details">
                    <summary>{t('More')}</summary>
                    <div class="stack">
                        <div class="fields">
                            <CountryField value={country} onValue={setCountry} />
                            <ZoneField label={t('Time zone')} value={timezone} onValue={setTimezone} empty={t('Guessed from the number')} error={error?.fieldError('timezone')} />
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
                        <fieldset class="stack tight">
                            <legend class="field-label">{t('Fields for placeholders')}</legend>
                            {fields.map(([key, value], index) => (
                                <div class="row" key={index}>
                                    <input class="input" aria-label={t('Name of the field')} placeholder="city" value={key} onInput={event => setFields(fields.map((one, at) => (at === index ? [event.currentTarget.value, one[1]] : one)))} />
                                    <input class="input" aria-label={t('Value')} placeholder="Pune" dir="auto" value={value} onInput={event => setFields(fields.map((one, at) => (at === index ? [one[0], event.currentTarget.value] : one)))} />
                                </div>
                            ))}
                            <div>
                                <Button small icon="plus" onClick={() => setFields([...fields, ['', '']])}>
                                    {t('Another field')}
                                </Button>
                            </div>
                        </fieldset>
                    </div>
                </details>
                <div>
                    <Button kind="primary" type="submit" icon="user-plus" busy={busy} disabled={!phone.trim()}>
                        {t('Enroll')}
                    </Button>
                </div>
            </form>
        </Card>
    );
}
