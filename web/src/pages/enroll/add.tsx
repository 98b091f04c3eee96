/* Adding people: a file, a pasted list, one person, a form of their own, or by the API. Nobody is
 * enrolled before the server's dry run was shown. */
import { api, call, type Sequence } from '../../core/api';
import { t } from '../../core/i18n';
import { setQuery } from '../../core/router';
import { Alert, Card, Empty, Segmented } from '../../ui/parts';
import { useResource } from '../../ui/resource';
import { can, place } from '../../ui/state';
import { BatchCard, BatchRows } from './batch';
import { ApiPanel } from './by_api';
import { FormPanel } from './form';
import { Paste } from './paste';
import { Single } from './single';
import { Upload } from './upload';

export function AddPeople({ sequence }: { sequence: Sequence }) {
    const query = place.value.query;
    const way = (query.get('way') ?? 'file') as 'file' | 'paste' | 'one' | 'form' | 'api';
    const batchId = query.get('batch');
    const batches = useResource(`batches ${sequence.id}`, () => call(api.GET('/api/batches', { params: { query: { sequence_id: sequence.id, kind: 'import', limit: 10 } } })), { on: ['batch'] });
    const onBatch = (id: string): void => {
        setQuery({ batch: id });
        batches.reload();
    };
    if (!can('enroll')) return <Empty icon="lock" title={t('Your role cannot enroll people')} />;
    const recent = (batches.data?.data ?? []).filter(batch => batch.id !== batchId);
    return (
        <div class="stack loose add-people">
            {sequence.status === 'draft' ? <Alert kind="warn" action={<a class="button small" href={`/sequences/${sequence.id}`}>{t('To the messages')}</a>}>{t('This sequence is a draft. Start it before you enroll people.')}</Alert> : null}
            {batchId ? <BatchCard key={batchId} id={batchId} onClose={() => setQuery({ batch: null })} /> : null}
            <Segmented
                label={t('Way of adding people')}
                value={way}
                onValue={value => setQuery({ way: value === 'file' ? null : value })}
                options={[
                    ['file', t('Upload a file')],
                    ['paste', t('Paste numbers')],
                    ['one', t('One person')],
                    ['form', t('Form')],
                    ['api', t('By API')],
                ]}
            />
            {way === 'file' ? <Upload sequence={sequence} onBatch={onBatch} /> : way === 'paste' ? <Paste sequence={sequence} onBatch={onBatch} /> : way === 'one' ? <Single sequence={sequence} /> : way === 'form' ? <FormPanel sequence={sequence} /> : <ApiPanel sequence={sequence} />}
            {recent.length ? (
                <Card title={t('Earlier imports')} actions={<a href="/batches">{t('All batches')}</a>}>
                    <BatchRows batches={recent} open={id => setQuery({ batch: id })} reload={batches.reload} />
                </Card>
            ) : null}
        </div>
    );
}
