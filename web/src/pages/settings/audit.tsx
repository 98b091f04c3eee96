/* Who did what. Lines are never changed. */
import { useState } from 'preact/hooks';
import { api, call, type Schemas } from '../../core/api';
import { AUDIT_WORDS } from '../../core/audit_words';
import { currentLanguage, t } from '../../core/i18n';
import { PagedCard, usePages } from '../../ui/pages';
import { DownloadCsv } from '../../ui/csv';
import { Empty, Icon, SearchField, Time } from '../../ui/parts';
import { Table } from '../../ui/table';

type Line = Schemas['AuditLine'];
const KINDS: Record<string, () => string> = { system: () => t('The server'), cli: () => t('Command line'), public: () => t('Public form'), user: () => t('User'), key: () => t('API key') };
function Thing({ object }: { object: string }) {
    return object.startsWith('seq_') ? (
        <a href={`/sequences/${object}`}>
            <code>{object}</code>
        </a>
    ) : (
        <code>{object}</code>
    );
}
export function Audit() {
    const [actor, setActor] = useState('');
    const [action, setAction] = useState('');
    const page = usePages<Line>(`audit ${actor} ${action}`, cursor => call(api.GET('/api/audit', { params: { query: { actor: actor || undefined, action: action || undefined, limit: 100, cursor } } })), ['user', 'key', 'settings', 'channel', 'opt_out']);
    const choices = Object.entries(AUDIT_WORDS)
        .map(([code, words]) => [code, words()] as const)
        .sort((one, other) => one[1].localeCompare(other[1], currentLanguage()));
    return (
        <div class="stack loose">
            <div class="row wrap">
                <div class="search-slot">
                    <SearchField label={t('Who')} value={actor} onValue={setActor} />
                </div>
                <select class="select auto small" aria-label={t('What')} value={action} onChange={event => setAction(event.currentTarget.value)}>
                    <option value="">{t('Any action')}</option>
                    {choices.map(([code, words]) => (
                        <option key={code} value={code}>
                            {words}
                        </option>
                    ))}
                </select>
                <span class="grow" />
                <DownloadCsv path="/api/audit" query={{ actor: actor || undefined, action: action || undefined }} />
            </div>
            <PagedCard pages={page} empty={<Empty icon="scroll-text" title={t('Nothing is written here')} />}>
                {rows => (
                    <Table columns={[t('When'), t('Who'), t('What'), t('To what')]}>
                        {rows.map(line => (
                            <tr key={line.id}>
                                <td class="muted">
                                    <Time at={line.at} style="moment" />
                                </td>
                                <td>
                                    <span dir="auto">{line.actor.name || (KINDS[line.actor.kind]?.() ?? line.actor.kind)}</span>
                                    {line.actor.address ? <div class="sub">{line.actor.address}</div> : null}
                                </td>
                                <td>
                                    <span title={line.action}>{AUDIT_WORDS[line.action]?.() ?? line.action}</span>
                                </td>
                                <td>
                                    {line.object ? <Thing object={line.object} /> : null}
                                    {line.detail && Object.keys(line.detail).length ? (
                                        <details class="details">
                                            <summary class="tiny">
                                                <Icon name="list" class="inline" /> {t('Details')}
                                            </summary>
                                            <pre class="detail-json tiny" dir="ltr">
                                                {JSON.stringify(line.detail, null, 1)}
                                            </pre>
                                        </details>
                                    ) : null}
                                </td>
                            </tr>
                        ))}
                    </Table>
                )}
            </PagedCard>
        </div>
    );
}
