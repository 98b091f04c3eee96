/* API keys: the secret is shown once. */
import { useState } from 'preact/hooks';
import { api, call, type Schemas } from '../../core/api';
import { t } from '../../core/i18n';
import { FormDialog, useForm } from '../../ui/form';
import { Alert, ask, Button, Card, Check, CopyButton, Dialog, Empty, Failure, showError, Skeleton, TextField, Time, toast } from '../../ui/parts';
import { useResource } from '../../ui/resource';
import { Table } from '../../ui/table';

type Scope = Schemas['Scope'];
const SCOPES: { code: Scope; label: () => string; hint: () => string }[] = [
    { code: 'enroll', label: () => t('Enroll'), hint: () => t('enroll people, pause and stop them, opt them out') },
    { code: 'read', label: () => t('Read'), hint: () => t('see everything but secrets') },
    { code: 'write', label: () => t('Write'), hint: () => t('also change sequences; includes the two above') },
    { code: 'admin', label: () => t('Admin'), hint: () => t('everything, also settings, keys and users') },
];
export function Keys() {
    const keys = useResource('keys', () => call(api.GET('/api/keys')), { on: ['key'] });
    const [creating, setCreating] = useState(false);
    const revoke = async (key: Schemas['Key']): Promise<void> => {
        const yes = await ask({ title: t('Revoke “{name}”?', { name: key.name }), body: <p>{t('The next call with it is refused. This cannot be undone.')}</p>, action: t('Revoke'), danger: true });
        if (!yes) return;
        await call(api.DELETE('/api/keys/{id}', { params: { path: { id: key.id } } }));
        toast(t('“{name}” is revoked.', { name: key.name }));
        keys.reload();
    };
    if (!keys.data) return keys.error ? <Failure error={keys.error} retry={keys.reload} /> : <Skeleton />;
    return (
        <Card
            title={t('API keys')}
            actions={
                <Button kind="primary" small icon="plus" onClick={() => setCreating(true)}>
                    {t('Create a key')}
                </Button>
            }
        >
            {keys.data.data.length ? (
                <Table columns={[t('Name'), t('Begins with'), t('May'), t('Created'), t('Last used'), t('Expires')]} tools>
                    {keys.data.data.map(key => (
                        <tr key={key.id}>
                            <td class="strong words" dir="auto">
                                {key.name}
                            </td>
                            <td>
                                <code>{key.prefix}…</code>
                            </td>
                            <td class="soft">{key.kind === 'publishable' ? t('For web pages') : key.scopes.map(scope => SCOPES.find(one => one.code === scope)?.label() ?? scope).join(', ')}</td>
                            <td class="muted">
                                <Time at={key.created_at} style="date" />
                            </td>
                            <td class="muted">{key.last_used_at ? <Time at={key.last_used_at} /> : t('never')}</td>
                            <td class="muted">{key.expires_at ? <Time at={key.expires_at} style="date" /> : t('never')}</td>
                            <td class="tools">
                                <Button small kind="danger" onClick={() => void revoke(key).catch(showError)}>
                                    {t('Revoke')}
                                </Button>
                            </td>
                        </tr>
                    ))}
                </Table>
            ) : (
                <Empty icon="key-round" title={t('No keys yet')}>
                    {t('A key lets your own software use the API.')}
                </Empty>
            )}
            {creating ? (
                <CreateKey
                    onClose={() => {
                        setCreating(false);
                        keys.reload();
                    }}
                />
            ) : null}
        </Card>
    );
}
function CreateKey({ onClose }: { onClose: () => void }) {
    const [name, setName] = useState('');
    const [scope, setScope] = useState<Scope | 'publishable'>('enroll');
    const [sequenceIds, setSequenceIds] = useState<string[]>([]);
    const [origins, setOrigins] = useState('');
    const [lastDay, setLastDay] = useState('');
    const sequences = useResource('sequence names', () => call(api.GET('/api/sequences', { params: { query: { limit: 200, sort: 'name' } } })));
    const forPages = scope === 'publishable';
    const [made, setMade] = useState<Schemas['KeyWithSecret'] | null>(null);
    const form = useForm();
    const send = async (): Promise<void> => {
        const named = { name: name.trim(), expires_at: lastDay ? new Date(`${lastDay}T23:59:59`).toISOString() : null };
        setMade(await call(api.POST('/api/keys', { body: scope === 'publishable' ? { ...named, kind: 'publishable', sequence_ids: sequenceIds, origins: origins.split(/[\s,]+/).filter(Boolean) } : { ...named, scopes: [scope] } })));
    };
    if (made)
        return (
            <Dialog
                title={t('Copy this key now')}
                onClose={onClose}
                footer={
                    <Button kind="primary" onClick={onClose}>
                        {t('I have copied it')}
                    </Button>
                }
            >
                <Alert kind="warn">{t('It is shown only this once. Keep it like a password.')}</Alert>
                <div class="copy-line">
                    <code>{made.secret}</code>
                    <CopyButton text={made.secret} small={false} />
                </div>
            </Dialog>
        );
    return (
        <FormDialog title={t('Create a key')} action={t('Create')} form={form} send={send} ready={Boolean(name.trim()) && (!forPages || sequenceIds.length > 0)} onClose={onClose}>
            <TextField label={t('What is it for?')} placeholder={t('Shop server')} value={name} onValue={setName} autofocus error={form.error?.fieldError('name')} maxLength={200} />
            <TextField label={t('Last day')} type="date" value={lastDay} onValue={setLastDay} hint={t('Empty: it does not expire.')} error={form.error?.fieldError('expires_at')} />
            <fieldset class="stack tight">
                <legend class="field-label">{t('It may')}</legend>
                {SCOPES.map(one => (
                    <label key={one.code} class="check">
                        <input type="radio" name="scope" checked={scope === one.code} onChange={() => setScope(one.code)} />
                        <span>
                            {one.label()} <span class="muted small">{one.hint()}</span>
                        </span>
                    </label>
                ))}
                <label class="check">
                    <input type="radio" name="scope" checked={forPages} onChange={() => setScope('publishable')} />
                    <span>
                        {t('For web pages')} <span class="muted small">{t('not secret: only enrolls in and opts out of the sequences you name')}</span>
                    </span>
                </label>
            </fieldset>
            {forPages ? (
                <>
                    <fieldset class="stack tight">
                        <legend class="field-label">{t('Sequences')}</legend>
                        {(sequences.data?.data ?? []).map(sequence => (
                            <Check key={sequence.id} label={sequence.name} checked={sequenceIds.includes(sequence.id)} onValue={on => setSequenceIds(on ? [...sequenceIds, sequence.id] : sequenceIds.filter(id => id !== sequence.id))} />
                        ))}
                    </fieldset>
                    <TextField label={t('Pages that may use it')} dir="ltr" placeholder="https://shop.example.org" value={origins} onValue={setOrigins} error={form.error?.errors.find(one => one.field.startsWith('origins'))?.message} />
                </>
            ) : null}
        </FormDialog>
    );
}
