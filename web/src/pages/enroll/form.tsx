/* The hosted form: a link and a snippet with which people enroll themselves. */
import { useEffect, useState } from 'preact/hooks';
import { api, call, type Schemas, type Sequence } from '../../core/api';
import * as format from '../../core/format';
import { plural, t } from '../../core/i18n';
import { ask, Button, Card, Check, Code, CopyButton, Failure, Field, Icon, showError, Skeleton, TextField, toast, useWork } from '../../ui/parts';
import { useResource } from '../../ui/resource';
import { can } from '../../ui/state';

type Form = Schemas['Form'];
export function FormPanel({ sequence }: { sequence: Sequence }) {
    const path = { id: sequence.id };
    const form = useResource<Form | null>(`form ${sequence.id}`, async () => (await call(api.GET('/api/sequences/{id}/form', { params: { path } }))) ?? null);
    const [title, setTitle] = useState('');
    const [intro, setIntro] = useState('');
    const [consent, setConsent] = useState('');
    const [confirm, setConfirm] = useState(false);
    const [busy, run] = useWork();
    useEffect(() => {
        setTitle(form.data?.title ?? '');
        setIntro(form.data?.intro ?? '');
        setConsent(form.data?.consent_text ?? '');
        setConfirm(form.data?.confirm ?? false);
    }, [form.data?.updated_at]);
    if (form.data === undefined) return form.error ? <Failure error={form.error} retry={form.reload} /> : <Skeleton />;
    const save = (): void =>
        run(async () => {
            const body = { title: title.trim() || null, intro: intro.trim() || null, consent_text: consent.trim() || null, confirm };
            form.set(await call(api.POST('/api/sequences/{id}/form', { params: { path }, body })));
            toast(t('Saved.'));
        });
    const revoke = async (): Promise<void> => {
        if (!(await ask({ title: t('Close this form?'), body: <p>{t('Its address never works again. A new form gets a new one.')}</p>, action: t('Close the form'), danger: true }))) return;
        await call(api.DELETE('/api/sequences/{id}/form', { params: { path } }));
        form.set(null);
    };
    const data = form.data;
    const url = data ? (data.url ?? `${location.origin}${data.path}`) : '';
    const write = can('write');
    return (
        <Card
            foot={
                write ? (
                    <>
                        <Button kind="primary" busy={busy} onClick={save}>
                            {data ? t('Save') : t('Create the form')}
                        </Button>
                        {data ? (
                            <Button kind="danger" onClick={() => void revoke().catch(showError)}>
                                {t('Close the form')}
                            </Button>
                        ) : null}
                    </>
                ) : undefined
            }
        >
            <div class="card-body stack loose">
                <p class="soft">{t('A page on this server where people enroll themselves. It works without JavaScript and asks for consent.')}</p>
                {data ? (
                    <div class="field">
                        <span class="label">{t('Link to the form')}</span>
                        <div class="copy-line">
                            <code>{url}</code>
                            <CopyButton text={url} small={false} />
                            <a class="button" href={url} target="_blank" rel="noopener">
                                <Icon name="external-link" />
                                {t('Open')}
                            </a>
                        </div>
                        <span class="hint num">{plural('sent in {n} time', 'sent in {n} times', data.submissions, format.number(data.submissions))}</span>
                    </div>
                ) : null}
                <TextField label={t('Title')} dir="auto" value={title} onValue={setTitle} maxLength={200} placeholder={sequence.name} readOnly={!write} />
                <Field label={t('Introduction')}>{props => <textarea class="textarea" dir="auto" rows={2} maxLength={1000} readOnly={!write} {...props} value={intro} onInput={event => setIntro(event.currentTarget.value)} />}</Field>
                <Field label={t('Consent text')} hint={t('Empty: a built-in text in the visitor’s language.')}>
                    {props => <textarea class="textarea" dir="auto" rows={2} maxLength={1000} readOnly={!write} {...props} value={consent} onInput={event => setConsent(event.currentTarget.value)} />}
                </Field>
                <Check
                    label={t('Ask people to confirm on WhatsApp')}
                    hint={t('Nobody is enrolled before they sent a message with a code from their own number.')}
                    checked={confirm}
                    onValue={setConfirm}
                    disabled={!write}
                />
                {data?.embed_html ? (
                    <details class="details">
                        <summary>{t('Put it into your own page')}</summary>
                        <Code text={data.embed_html} label={t('HTML of the form')} />
                    </details>
                ) : null}
            </div>
        </Card>
    );
}
