/* Who did what. Lines are never changed. */
import { useState } from 'preact/hooks';
import { api, call, type Schemas } from '../../core/api';
import { t } from '../../core/i18n';
import { PagedCard, usePages } from '../../ui/pages';
import { DownloadCsv } from '../../ui/csv';
import { Empty, Icon, SearchField, Time } from '../../ui/parts';
import { Table } from '../../ui/table';

type Line = Schemas['AuditLine'];
export function Audit() {
    const [actor, setActor] = useState('');
    const [action, setAction] = useState('');
    const page = usePages<Line>(`audit ${actor} ${action}`, cursor => call(api.GET('/api/audit', { params: { query: { actor: actor || undefined, action: action || undefined, limit: 100, cursor } } })), ['user', 'key', 'settings', 'channel', 'opt_out']);
    return (
        <div class="stack loose">
            <div class="row wrap">
                <SearchField label={t('Who')} value={actor} onValue={setActor} />
                <SearchField label={t('Action, like user or settings.update')} value={action} onValue={setAction} />
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
                                    <span dir="auto">{line.actor.name || line.actor.kind}</span>
                                    {line.actor.address ? <div class="sub">{line.actor.address}</div> : null}
                                </td>
                                <td>
                                    <code>{line.action}</code>
                                </td>
                                <td>
                                    {line.object ? <code>{line.object}</code> : null}
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
