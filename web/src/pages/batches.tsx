/* Every import and bulk action: what runs, what came of it, what was refused, and taking it back. */
import { api, call, type Batch } from '../core/api';
import { t } from '../core/i18n';
import { setQuery } from '../core/router';
import { DownloadCsv } from '../ui/csv';
import { PageHead, usePage } from '../ui/page';
import { PagedCard, usePages } from '../ui/pages';
import { Button, Empty, Segmented } from '../ui/parts';
import { useSequenceNames } from '../ui/names';
import { language, place } from '../ui/state';
import { BatchCard, BatchRows } from './enroll/batch';

const KINDS = { import: 'import', action: 'action,retry', edit: 'edit' } as const;

export default function Batches() {
    void language.value;
    usePage(t('Batches'));
    const query = place.value.query;
    const kind = (query.get('kind') ?? '') as keyof typeof KINDS | '';
    const sequence = query.get('sequence_id') ?? '';
    const chosen = query.get('batch');
    const { list, names } = useSequenceNames();
    const pages = usePages<Batch>(`all batches ${kind} ${sequence}`, cursor => call(api.GET('/api/batches', { params: { query: { kind: kind ? KINDS[kind] : undefined, sequence_id: sequence || undefined, limit: 50, cursor } } })), ['batch']);
    const open = (id: string): void => {
        setQuery({ batch: id });
        scrollTo({ top: 0 });
    };
    return (
        <div class="page">
            <PageHead title={t('Batches')} lead={t('Imports, bulk actions and changes of sequences that many people are in. They go on when you close the browser.')} />
            {chosen ? <BatchCard key={chosen} id={chosen} onClose={() => setQuery({ batch: null })} /> : null}
            <div class="row wrap">
                <Segmented
                    label={t('Kind')}
                    value={kind}
                    onValue={value => setQuery({ kind: value })}
                    options={[
                        ['', t('All')],
                        ['import', t('Imports')],
                        ['action', t('Bulk actions')],
                        ['edit', t('Changes')],
                    ]}
                />
                <select class="select small auto" aria-label={t('Sequence')} value={sequence} onChange={event => setQuery({ sequence_id: event.currentTarget.value })}>
                    <option value="">{t('All sequences')}</option>
                    {list.map(one => (
                        <option key={one.id} value={one.id}>
                            {one.name}
                        </option>
                    ))}
                </select>
                <span class="grow" />
                <DownloadCsv path="/api/batches" query={{ kind: kind ? KINDS[kind] : undefined, sequence_id: sequence || undefined }} />
            </div>
            <PagedCard
                pages={pages}
                empty={
                    kind || sequence ? (
                        <Empty icon="search-x" title={t('Nothing fits these filters')} actions={<Button onClick={() => setQuery({ kind: null, sequence_id: null })}>{t('Clear filters')}</Button>} />
                    ) : (
                        <Empty icon="layers" title={t('No batches yet')}>
                            {t('Upload a list of people in a sequence, and it appears here with its progress.')}
                        </Empty>
                    )
                }
            >
                {rows => <BatchRows batches={rows} names={names} open={open} reload={pages.reload} />}
            </PagedCard>
        </div>
    );
}
