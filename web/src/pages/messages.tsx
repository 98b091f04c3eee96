/* Every message, waiting or ended: where the numbers of the dashboard lead. */
import { api, call, type Message } from '../core/api';
import * as format from '../core/format';
import { plural, t } from '../core/i18n';
import { setQuery } from '../core/router';
import { DownloadCsv } from '../ui/csv';
import { PageHead, usePage } from '../ui/page';
import { useSequenceNames } from '../ui/names';
import { PagedCard, usePages } from '../ui/pages';
import { Button, Empty, Icon, SearchField } from '../ui/parts';
import { language, place } from '../ui/state';
import { messageWord, MESSAGE_STATUSES, reasonWord } from '../ui/status';
import { MessageItem } from './person';

type Answer = 'replied' | 'opted_out';
type Moment = 'scheduled' | 'sent' | 'delivered' | 'read' | 'failed' | 'ended';
/* What a span of time is about, before the span itself. */
function momentWord(moment: Moment | undefined): string {
    switch (moment) {
        case 'sent':
            return t('Sent');
        case 'delivered':
            return t('Delivered');
        case 'read':
            return t('Read');
        case 'failed':
            return t('Failed');
        case 'ended':
            return t('Ended');
        case 'scheduled':
        case undefined:
            return t('Scheduled');
    }
}

export default function Messages() {
    void language.value;
    usePage(t('Messages'));
    const query = place.value.query;
    const filter = { status: query.get('status') ?? undefined, sequence_id: query.get('sequence_id') ?? undefined, step_id: query.get('step_id') ?? undefined, reason: query.get('reason') ?? undefined, answer: (query.get('answer') as Answer | null) ?? undefined, phone: query.get('phone') ?? undefined, channel_id: query.get('channel_id') ?? undefined, time: (query.get('time') as Moment | null) ?? undefined, from: query.get('from') ?? undefined, to: query.get('to') ?? undefined };
    const key = JSON.stringify(filter);
    const waiting = filter.status !== undefined && /^(pending|sending|in_doubt|held)(,|$)/.test(filter.status);
    const pages = usePages<Message>(`queue ${key}`, cursor => call(api.GET('/api/queue', { params: { query: { ...filter, sort: waiting ? 'scheduled_for' : '-created_at', limit: 50, cursor } } })), ['message', 'queue', 'stats', 'clock', 'counters']);
    const { list, names } = useSequenceNames();
    const shown = pages.rows?.length ?? 0;
    const chosen = filter.status?.split(',') ?? [];
    const filtered = Object.values(filter).some(Boolean);
    return (
        <div class="page">
            <PageHead title={t('Messages')} lead={t('The queue and the history. “Sent” means WhatsApp accepted it.')}>
                <DownloadCsv path="/api/queue" query={filter} />
            </PageHead>
            <div class="row wrap wide">
                <div class="search-slot">
                    <SearchField label={t('Phone number')} value={filter.phone ?? ''} onValue={value => setQuery({ phone: value }, { replace: true })} />
                </div>
                <select class="select small auto" aria-label={t('Sequence')} value={filter.sequence_id ?? ''} onChange={event => setQuery({ sequence_id: event.currentTarget.value })}>
                    <option value="">{t('All sequences')}</option>
                    {list.map(sequence => (
                        <option key={sequence.id} value={sequence.id}>
                            {sequence.name}
                        </option>
                    ))}
                </select>
                {filter.reason ? (
                    <button type="button" class="chip info" onClick={() => setQuery({ reason: null })}>
                        {reasonWord(filter.reason)} <Icon name="x" />
                    </button>
                ) : null}
                {filter.answer ? (
                    <button type="button" class="chip info" onClick={() => setQuery({ answer: null })}>
                        {filter.answer === 'replied' ? t('Replied') : t('Opted out')} <Icon name="x" />
                    </button>
                ) : null}
                {filter.from ? (
                    <button type="button" class="chip info" onClick={() => setQuery({ time: null, from: null, to: null })}>
                        {filter.answer ? '' : `${momentWord(filter.time)}: `}
                        {filter.to ? t('{from} to {to}', { from: format.moment(filter.from), to: format.moment(filter.to) }) : t('Since {time}', { time: format.moment(filter.from) })} <Icon name="x" />
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
            <PagedCard
                pages={pages}
                note={plural('{n} message', '{n} messages', shown, format.number(shown))}
                empty={
                    filtered ? (
                    <Empty icon="search-x" title={t('No message fits these filters')} actions={<Button onClick={() => setQuery({ status: null, sequence_id: null, reason: null, answer: null, step_id: null, phone: null, channel_id: null, time: null, from: null, to: null })}>{t('Clear filters')}</Button>} />
                ) : (
                    <Empty icon="messages-square" title={t('No messages yet')}>
                        {t('They appear here as soon as the first enrolled person’s message is due.')}
                    </Empty>
                    )
                }
            >
                {rows => (
                    <ul class="timeline">
                        {rows.map(message => (
                            <MessageItem key={message.id} message={message} sequence={names.get(message.sequence_id ?? '')} showPerson done={pages.reload} />
                        ))}
                    </ul>
                )}
            </PagedCard>
        </div>
    );
}
