/* Everyone the server knows, and those who do not want to be written to. */
import { useState } from 'preact/hooks';
import { api, call, type Schemas } from '../core/api';
import * as format from '../core/format';
import { plural, t } from '../core/i18n';
import { setQuery } from '../core/router';
import { DownloadCsv } from '../ui/csv';
import { useDialog } from '../ui/dialog';
import { PageHead, usePage } from '../ui/page';
import { PagedCard, usePages } from '../ui/pages';
import { FormDialog, useForm } from '../ui/form';
import { ask, Button, Empty, Icon, Person, Phone, SearchField, showError, TextField, Time, toast } from '../ui/parts';
import { can, language, place } from '../ui/state';
import { Table } from '../ui/table';

type Contact = Schemas['Contact'];
type OptOut = Schemas['OptOut'];

export function sourceOfOptOut(source: OptOut['source']): string {
    return { stop_word: t('wrote a stop word'), button: t('pressed a button'), user_preferences: t('WhatsApp preferences'), provider: t('told by the provider'), api: t('by API'), link: t('opt-out link'), operator: t('entered here'), import: t('imported') }[source] ?? source;
}
export default function Contacts() {
    void language.value;
    const query = place.value.query;
    const out = query.get('view') === 'opted-out';
    usePage(out ? t('Opted out') : t('Contacts'));
    const [dialog, setDialog] = useDialog(['opt-out']);
    return (
        <div class="page">
            <PageHead title={t('Contacts')} lead={t('People come in by enrolling them. Who opted out gets nothing from any sequence.')}>
                {can('enroll') ? (
                    <Button icon="user-x" onClick={() => setDialog('opt-out')}>
                        {t('Opt someone out')}
                    </Button>
                ) : null}
            </PageHead>
            <nav class="tabs" aria-label={t('Contacts')}>
                <a href="/contacts" aria-current={!out ? 'page' : undefined}>
                    {t('Everyone')}
                </a>
                <a href="/contacts?view=opted-out" aria-current={out ? 'page' : undefined}>
                    {t('Opted out')}
                </a>
            </nav>
            <div class="row wrap between">
                <div class="search-slot">
                    <SearchField label={t('Search name or number')} value={query.get('q') ?? ''} onValue={value => setQuery({ q: value }, { replace: true })} />
                </div>
                <DownloadCsv path={out ? '/api/opt-outs' : '/api/contacts'} query={{ q: query.get('q') ?? undefined }} />
            </div>
            {out ? <OptOuts q={query.get('q') ?? ''} /> : <Everyone q={query.get('q') ?? ''} />}
            {dialog && can('enroll') ? <AddOptOut onClose={() => setDialog(null)} /> : null}
        </div>
    );
}
function Everyone({ q }: { q: string }) {
    const page = usePages<Contact>(`contacts ${q}`, cursor => call(api.GET('/api/contacts', { params: { query: { q: q || undefined, limit: 100, cursor } } })), ['contact', 'opt_out', 'batch']);
    const shown = page.rows?.length ?? 0;
    return (
        <PagedCard
            pages={page}
            note={plural('{n} person', '{n} people', shown, format.number(shown))}
            empty={
                q ? (
                    <Empty icon="search-x" title={t('Nobody fits')} actions={<Button onClick={() => setQuery({ q: null })}>{t('Clear filters')}</Button>} />
                ) : (
                    <Empty icon="users" title={t('No contacts yet')}>
                        {t('Enroll people in a sequence and they appear here.')}
                    </Empty>
                )
            }
        >
            {rows => (
                <Table columns={[t('Person'), t('Fields'), t('Time zone'), t('Consent'), t('Known since')]}>
                    {rows.map(contact => (
                        <tr key={contact.id}>
                            <td>
                                <Person name={contact.name} phone={contact.phone} href={contact.phone ? `/contacts/${contact.phone}` : '#'} />
                            </td>
                            <td class="muted small">
                                <span class="truncate block label-cell" dir="auto">
                                    {Object.entries(contact.custom_fields ?? {})
                                        .map(([key, value]) => `${key}: ${String(value)}`)
                                        .join(' · ')}
                                </span>
                            </td>
                            <td class="muted small nowrap">
                                {contact.timezone?.replace(/_/g, ' ') ?? '–'} {contact.timezone_source === 'guessed' ? <span class="chip">{t('guessed')}</span> : null}
                            </td>
                            <td>
                                {contact.opted_out ? (
                                    <span class="status bad">
                                        <Icon name="user-x" />
                                        {contact.opted_out === 'marketing' ? t('No marketing') : t('Opted out')}
                                    </span>
                                ) : (
                                    <span class="status good">
                                        <Icon name="check" />
                                        {t('Yes')}
                                    </span>
                                )}
                            </td>
                            <td class="muted">
                                <Time at={contact.created_at} style="date" />
                            </td>
                        </tr>
                    ))}
                </Table>
            )}
        </PagedCard>
    );
}
function OptOuts({ q }: { q: string }) {
    const page = usePages<OptOut>(`opt-outs ${q}`, cursor => call(api.GET('/api/opt-outs', { params: { query: { q: q || undefined, limit: 100, cursor } } })), ['opt_out', 'contact']);
    const lift = async (row: OptOut): Promise<void> => {
        const yes = await ask({ title: t('Lift this opt-out?'), body: <p>{t('Only do this when the person asked for it. It is written to the audit log.')}</p>, action: t('Lift it'), danger: true });
        if (!yes || !row.phone) return;
        await call(api.DELETE('/api/opt-outs', { params: { query: { phone: row.phone } } }));
        toast(t('The opt-out is lifted.'));
        page.reload();
    };
    return (
        <PagedCard
            pages={page}
            empty={
                <Empty icon="user-check" title={t('Nobody has opted out')}>
                    {t('Who writes STOP, or a similar word in their language, appears here by themselves.')}
                </Empty>
            }
        >
            {rows => (
                <Table columns={[t('Person'), t('What'), t('How'), t('When')]} tools>
                    {rows.map((row, index) => (
                        <tr key={`${row.phone ?? index} ${row.kind}`}>
                            <td>
                                {row.phone ? (
                                    <a class="title" href={`/contacts/${row.phone}`} dir="auto">
                                        {row.name || <Phone digits={row.phone} />}
                                    </a>
                                ) : (
                                    <span class="muted">{t('erased person')}</span>
                                )}
                                {row.name ? (
                                    <div class="sub">
                                        <Phone digits={row.phone} />
                                    </div>
                                ) : null}
                            </td>
                            <td>{row.kind === 'marketing' ? t('No marketing') : t('Everything')}</td>
                            <td class="soft words">
                                {sourceOfOptOut(row.source)}
                                {row.reason ? <div class="sub">{row.reason}</div> : null}
                            </td>
                            <td class="muted">
                                <Time at={row.at} />
                            </td>
                            <td class="tools">
                                {can('admin') && row.phone ? (
                                    <Button small onClick={() => void lift(row).catch(showError)}>
                                        {t('Lift')}
                                    </Button>
                                ) : null}
                            </td>
                        </tr>
                    ))}
                </Table>
            )}
        </PagedCard>
    );
}
function AddOptOut({ onClose }: { onClose: () => void }) {
    const [phone, setPhone] = useState('');
    const [reason, setReason] = useState('');
    const form = useForm();
    const send = async (): Promise<void> => {
        await call(api.POST('/api/opt-outs', { body: { phone, ...(reason ? { reason } : {}) } }));
        toast(t('Opted out.'));
        onClose();
    };
    return (
        <FormDialog title={t('Opt someone out')} action={t('Opt out')} form={form} send={send} ready={Boolean(phone.trim())} onClose={onClose}>
            <p class="soft">{t('This holds for all sequences, and everything that waits for this person is cancelled.')}</p>
            <TextField label={t('Phone number')} inputMode="tel" dir="ltr" value={phone} onValue={setPhone} error={form.error?.fieldError('phone')} />
            <TextField label={t('Reason (optional)')} value={reason} onValue={setReason} maxLength={200} />
        </FormDialog>
    );
}
