/* One contact: facts, consent, every enrollment, what they wrote. */
import { useState } from 'preact/hooks';
import { api, call, type Schemas } from '../core/api';
import * as format from '../core/format';
import { t } from '../core/i18n';
import { navigate } from '../core/router';
import { useDialog } from '../ui/dialog';
import { PageHead, Pending, usePage } from '../ui/page';
import { FormDialog, PairFields, useForm, type Pair } from '../ui/form';
import { ask, Button, Card, Empty, Icon, Menu, Phone, showError, TextField, Time, toast } from '../ui/parts';
import { useResource } from '../ui/resource';
import { can, language } from '../ui/state';
import { EnrollmentState } from '../ui/status';
import { Table } from '../ui/table';
import { ZoneField } from './builder/delivery';
import { MessageItem, sourceWord } from './person';

type Detail = Schemas['ContactDetail'];
export default function ContactPage({ params }: { params: Record<string, string> }) {
    void language.value;
    const phone = params['phone'] as string;
    const contact = useResource(`contact ${phone}`, () => call(api.GET('/api/contacts/{phone}', { params: { path: { phone } } })), { on: ['contact', 'opt_out', 'enrollment', 'message'] });
    const messages = useResource(`messages to ${phone}`, () => call(api.GET('/api/queue', { params: { query: { phone, limit: 20, sort: '-scheduled_for' } } })), { on: ['message', 'queue'] });
    const [dialog, setDialog] = useDialog(['edit']);
    const data = contact.data;
    const name = data?.name || format.phone(phone);
    usePage(name, [{ label: t('Contacts'), href: '/contacts' }]);
    if (!data) return <Pending title={name} error={contact.error} retry={contact.reload} />;
    const erase = async (): Promise<void> => {
        const yes = await ask({ title: t('Erase this person?'), body: <p>{t('Number, name, fields and texts are removed for good. Counts stay, and the number stays blocked so that a later import cannot bring it back.')}</p>, action: t('Erase'), danger: true, typed: phone });
        if (!yes) return;
        await call(api.DELETE('/api/contacts/{phone}', { params: { path: { phone } } }));
        toast(t('The person is erased.'));
        navigate('/contacts');
    };
    const fields = Object.entries(data.custom_fields ?? {});
    return (
        <div class="page">
            <PageHead
                title={<span dir="auto">{name}</span>}
                lead={
                    <span class="row wrap wide">
                        <Phone digits={data.phone} />
                        {data.opted_out ? (
                            <span class="status bad">
                                <Icon name="user-x" /> {data.opted_out === 'marketing' ? t('No marketing') : t('Opted out')}
                            </span>
                        ) : null}
                    </span>
                }
            >
                {can('write') ? (
                    <Button icon="pencil" onClick={() => setDialog('edit')}>
                        {t('Edit')}
                    </Button>
                ) : null}
                <Menu
                    small={false}
                    label={t('More')}
                    items={[
                        { label: t('Messages'), icon: 'messages-square', href: `/messages?phone=${data.phone ?? phone}` },
                        can('admin') && { label: t('Everything stored (JSON)'), icon: 'download', run: () => window.open(`/api/contacts/${encodeURIComponent(phone)}/export`, '_blank', 'noopener') },
                        can('admin') && { label: t('Erase this person'), icon: 'trash-2', danger: true, run: () => void erase().catch(showError) },
                    ]}
                />
            </PageHead>
            <div class="grid top">
                <div class="c7 stack loose">
                <Card title={t('Sequences')}>
                    {data.enrollments.length ? (
                        <Table columns={[t('Sequence'), t('Status'), t('Progress'), t('Next message')]}>
                            {data.enrollments.map(one => (
                                <tr key={one.id}>
                                    <td>
                                        <a class="title" href={`/people/${one.id}`}>
                                            {one.sequence_name ?? one.sequence_id}
                                        </a>
                                    </td>
                                    <td>
                                        <EnrollmentState status={one.status} />
                                    </td>
                                    <td class="num nowrap">{t('{n} of {all} messages', { n: format.number(one.messages_sent), all: format.number(one.total_messages) })}</td>
                                    <td>
                                        <Time at={one.next_message_due} style="moment" />
                                    </td>
                                </tr>
                            ))}
                        </Table>
                    ) : (
                        <Empty icon="list-ordered" title={t('In no sequence')} />
                    )}
                </Card>
                {messages.data?.data.length ? (
                    <Card title={t('Messages')} actions={messages.data.next_cursor ? <a href={`/messages?phone=${data.phone ?? phone}`}>{t('All messages')}</a> : undefined}>
                        <ul class="timeline">
                            {messages.data.data.map(message => (
                                <MessageItem key={message.id} message={message} done={messages.reload} />
                            ))}
                        </ul>
                    </Card>
                ) : null}
                </div>
                <div class="c5 stack loose">
                    <Card title={t('Facts')}>
                        <div class="card-body">
                            <dl class="facts">
                                <dt>{t('Time zone')}</dt>
                                <dd>{data.timezone ? `${data.timezone.replace(/_/g, ' ')}${data.timezone_source ? ` (${sourceWord(data.timezone_source)})` : ''}` : '–'}</dd>
                                <dt>{t('Known since')}</dt>
                                <dd>
                                    <Time at={data.created_at} style="date" />
                                </dd>
                                <dt>{t('Last wrote')}</dt>
                                <dd>
                                    <Time at={data.last_inbound_at} />
                                </dd>
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
                    <Card title={t('What they wrote')}>
                        {data.inbound.length ? (
                            <ul class="timeline">
                                {data.inbound.map((message, index) => (
                                    <li key={index} class="message-item">
                                        <div class="muted small">
                                            <Time at={message.at} style="moment" />
                                        </div>
                                        <div dir="auto">{message.text ?? `[${message.type}]`}</div>
                                    </li>
                                ))}
                            </ul>
                        ) : (
                            <div class="card-body muted">{t('Nothing yet.')}</div>
                        )}
                    </Card>
                </div>
            </div>
            {dialog && can('write') ? (
                <Edit
                    contact={data}
                    phone={phone}
                    onClose={() => {
                        setDialog(null);
                        contact.reload();
                    }}
                />
            ) : null}
        </div>
    );
}
function Edit({ contact, phone, onClose }: { contact: Detail; phone: string; onClose: () => void }) {
    const [name, setName] = useState(contact.name ?? '');
    const [timezone, setTimezone] = useState(contact.timezone_source === 'given' ? contact.timezone : null);
    const [fields, setFields] = useState<Pair[]>(Object.entries(contact.custom_fields ?? {}).map(([key, value]) => [key, String(value)]));
    const form = useForm();
    const send = async (): Promise<void> => {
        const custom: Record<string, string | null> = Object.fromEntries(Object.keys(contact.custom_fields ?? {}).map(key => [key, null]));
        for (const [key, value] of fields) if (key.trim()) custom[key.trim()] = value.trim() || null;
        await call(api.PUT('/api/contacts/{phone}', { params: { path: { phone } }, body: { name: name.trim() || null, custom_fields: custom, ...(timezone !== (contact.timezone_source === 'given' ? contact.timezone : null) ? { timezone } : {}) } }));
        toast(t('Saved.'));
        onClose();
    };
    return (
        <FormDialog title={t('Edit contact')} action={t('Save')} form={form} send={send} onClose={onClose}>
            <TextField label={t('Name')} dir="auto" value={name} onValue={setName} maxLength={200} error={form.error?.fieldError('name')} />
            <ZoneField label={t('Time zone')} value={timezone} onValue={setTimezone} empty={t('Guessed from the number')} error={form.error?.fieldError('timezone')} />
            <PairFields pairs={fields} onPairs={setFields} form={form} />
        </FormDialog>
    );
}
