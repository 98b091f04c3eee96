/* Every message, waiting or ended: where the numbers of the dashboard lead. */
import { useEffect, useState } from 'preact/hooks';
import { api, call, type Message } from '../core/api';
import * as format from '../core/format';
import { t } from '../core/i18n';
import { setQuery } from '../core/router';
import { PageHead, usePage } from '../ui/page';
import { Button, Card, Empty, Failure, Icon, SearchField, showError, Skeleton } from '../ui/parts';
import { useResource } from '../ui/resource';
import { language, place } from '../ui/state';
import { messageWord, MESSAGE_STATUSES } from '../ui/status';
import { MessageItem } from './person';

export default function Messages() {
    void language.value;
    usePage(t('Messages'));
    const query = place.value.query;
    const filter = { status: query.get('status') ?? undefined, sequence_id: query.get('sequence_id') ?? undefined, step_id: query.get('step_id') ?? undefined, reason: query.get('reason') ?? undefined, phone: query.get('phone') ?? undefined, channel_id: query.get('channel_id') ?? undefined };
    const key = JSON.stringify(filter);
    const [more, setMore] = useState<Message[]>([]);
    const [cursor, setCursor] = useState<string | null | undefined>(undefined);
    useEffect(() => {
        setMore([]);
        setCursor(undefined);
    }, [key]);
    const waiting = filter.status !== undefined && /^(pending|sending|in_doubt|held)(,|$)/.test(filter.status);
    const load = (from?: string) => call(api.GET('/api/queue', { params: { query: { ...filter, sort: waiting ? 'scheduled_for' : '-created_at', limit: 50, cursor: from } } }));
    const page = useResource(`queue ${key}`, () => load(), { on: ['message', 'queue', 'stats', 'clock', 'counters'] });
    const sequences = useResource('sequence names', () => call(api.GET('/api/sequences', { params: { query: { limit: 200, sort: 'name' } } })), { on: ['sequence'] });
    const known = new Set((page.data?.data ?? []).map(message => message.id));
    const rows = [...(page.data?.data ?? []), ...more.filter(message => !known.has(message.id))];
    const next = cursor === undefined ? page.data?.next_cursor : cursor;
    const chosen = filter.status?.split(',') ?? [];
    const filtered = Object.values(filter).some(Boolean);
    return (
        <div class="page">
            <PageHead title={t('Messages')} lead={t('The queue and the history. “Sent” means WhatsApp accepted it.')}>
                <a class="button" href={`/api/queue?format=csv&${new URLSearchParams(Object.entries(filter).filter((one): one is [string, string] => Boolean(one[1]))).toString()}`} download>
                    <Icon name="download" />
                    {t('CSV')}
                </a>
            </PageHead>
            <div class="row wrap wide">
                <div class="grow" style={{ maxWidth: '240px', minWidth: '170px' }}>
                    <SearchField label={t('Phone number')} value={filter.phone ?? ''} onValue={value => setQuery({ phone: value }, { replace: true })} />
                </div>
                <select class="select small auto" aria-label={t('Sequence')} value={filter.sequence_id ?? ''} onChange={event => setQuery({ sequence_id: event.currentTarget.value })}>
                    <option value="">{t('All sequences')}</option>
                    {(sequences.data?.data ?? []).map(sequence => (
                        <option key={sequence.id} value={sequence.id}>
                            {sequence.name}
                        </option>
                    ))}
                </select>
                {filter.reason ? (
                    <button type="button" class="chip info" onClick={() => setQuery({ reason: null })}>
                        {filter.reason.replace(/_/g, ' ')} <Icon name="x" />
                    </button>
                ) : null}
                {filter.step_id ? (
                    <button type="button" class="chip info" onClick={() => setQuery({ step_id: null })}>
                        {t('One step')} <Icon name="x" />
                    </button>
                ) : null}
            </div>
            <div class="segmented" role="group" aria-label={t('Status')}>
                <button type="button" aria-pressed={chosen.length === 0} onClick={() => setQuery({ status: null })}>
                    {t('All')}
                </button>
                {MESSAGE_STATUSES.map(status => (
                    <button
                        key={status}
                        type="button"
                        aria-pressed={chosen.includes(status)}
                        onClick={() => {
                            const set = chosen.includes(status) ? chosen.filter(one => one !== status) : [...chosen, status];
                            setQuery({ status: set.join(',') });
                        }}
                    >
                        {messageWord(status)}
                    </button>
                ))}
            </div>
            {page.error ? <Failure error={page.error} retry={page.reload} /> : null}
            <Card>
                {rows.length ? (
                    <ul class="timeline">
                        {rows.map(message => (
                            <MessageItem key={message.id} message={message} showPerson done={page.reload} />
                        ))}
                    </ul>
                ) : page.loading && !page.data ? (
                    <div class="card-body">
                        <Skeleton lines={6} height={28} />
                    </div>
                ) : filtered ? (
                    <Empty icon="search-x" title={t('No message fits these filters')} actions={<Button onClick={() => setQuery({ status: null, sequence_id: null, reason: null, step_id: null, phone: null, channel_id: null })}>{t('Clear filters')}</Button>} />
                ) : (
                    <Empty icon="messages-square" title={t('No messages yet')}>
                        {t('They appear here as soon as the first enrolled person’s message is due.')}
                    </Empty>
                )}
                {next ? (
                    <div class="card-foot">
                        <Button
                            onClick={() => {
                                load(next).then(answer => {
                                    setMore([...more, ...answer.data]);
                                    setCursor(answer.next_cursor);
                                }, showError);
                            }}
                        >
                            {t('Show more')}
                        </Button>
                        <span class="muted small num">{format.number(rows.length)}</span>
                    </div>
                ) : null}
            </Card>
        </div>
    );
}
