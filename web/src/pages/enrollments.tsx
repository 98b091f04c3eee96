/* The people of all sequences, newest first: where the dashboard's number of enrolled people leads. */
import { api, call, type Enrollment, type Schemas } from '../core/api';
import * as format from '../core/format';
import { plural, t } from '../core/i18n';
import { setQuery } from '../core/router';
import { DownloadCsv } from '../ui/csv';
import { useSequenceNames } from '../ui/names';
import { PageHead, usePage } from '../ui/page';
import { PagedCard, usePages } from '../ui/pages';
import { Button, Empty, Icon, Person, SearchField, Time } from '../ui/parts';
import { language, place } from '../ui/state';
import { EnrollmentState, ENROLLMENT_STATUSES, enrollmentWord } from '../ui/status';
import { Table } from '../ui/table';

const LIVE = ['enrollment', 'batch', 'stats', 'message', 'opt_out', 'clock', 'counters'];
const NOTHING = { status: null, sequence_id: null, q: null, enrolled_from: null, enrolled_to: null };

export default function Enrollments() {
    void language.value;
    usePage(t('Enrollments'), [{ label: t('Sequences'), href: '/sequences' }]);
    const query = place.value.query;
    const given = (name: string): string | undefined => query.get(name) ?? undefined;
    const filter = { status: given('status'), sequence_id: given('sequence_id'), q: given('q'), enrolled_from: given('enrolled_from'), enrolled_to: given('enrolled_to') };
    const chosen = (filter.status?.split(',') ?? []) as Schemas['EnrollmentStatus'][];
    const pages = usePages<Enrollment>(`enrollments ${JSON.stringify(filter)}`, cursor => call(api.GET('/api/enrollments', { params: { query: { ...filter, limit: 100, cursor } } })), LIVE);
    const { list } = useSequenceNames();
    const shown = pages.rows?.length ?? 0;
    return (
        <div class="page">
            <PageHead title={t('Enrollments')} lead={t('Everyone in every sequence, newest first. A person in two sequences stands here twice.')}>
                <DownloadCsv path="/api/enrollments" query={filter} />
            </PageHead>
            <div class="row wrap wide">
                <div class="search-slot">
                    <SearchField label={t('Search name or number')} value={filter.q ?? ''} onValue={value => setQuery({ q: value }, { replace: true })} />
                </div>
                <select class="select small auto" aria-label={t('Sequence')} value={filter.sequence_id ?? ''} onChange={event => setQuery({ sequence_id: event.currentTarget.value })}>
                    <option value="">{t('All sequences')}</option>
                    {list.map(one => (
                        <option key={one.id} value={one.id}>
                            {one.name}
                        </option>
                    ))}
                </select>
                {filter.enrolled_from || filter.enrolled_to ? (
                    <button type="button" class="chip info" onClick={() => setQuery({ enrolled_from: null, enrolled_to: null })}>
                        {spanWords(filter.enrolled_from, filter.enrolled_to)} <Icon name="x" />
                    </button>
                ) : null}
            </div>
            <div class="segmented" role="group" aria-label={t('Status')}>
                <button type="button" aria-pressed={chosen.length === 0} onClick={() => setQuery({ status: null })}>
                    {t('All')}
                </button>
                {ENROLLMENT_STATUSES.map(status => (
                    <button key={status} type="button" aria-pressed={chosen.includes(status)} onClick={() => setQuery({ status: (chosen.includes(status) ? chosen.filter(one => one !== status) : [...chosen, status]).join(',') })}>
                        {enrollmentWord(status)}
                    </button>
                ))}
            </div>
            <PagedCard
                pages={pages}
                note={plural('{n} person', '{n} people', shown, format.number(shown))}
                empty={
                    Object.values(filter).some(Boolean) ? (
                        <Empty icon="search-x" title={t('Nobody fits these filters')} actions={<Button onClick={() => setQuery(NOTHING)}>{t('Clear filters')}</Button>} />
                    ) : (
                        <Empty icon="users" title={t('Nobody yet')}>
                            {t('Enroll people in a sequence and they appear here.')}
                        </Empty>
                    )
                }
            >
                {rows => (
                    <Table columns={[t('Person'), t('Sequence'), t('Status'), t('Next message'), t('Enrolled')]}>
                        {rows.map(row => (
                            <tr key={row.id}>
                                <td>
                                    <Person name={row.name} phone={row.phone} href={`/people/${row.id}`} />
                                </td>
                                <td>
                                    <a class="quiet truncate block label-cell" href={`/sequences/${row.sequence_id}/people`} dir="auto">
                                        {row.sequence_name}
                                    </a>
                                    <div class="sub num">{t('{n} of {all} messages', { n: format.number(row.messages_sent), all: format.number(row.total_messages) })}</div>
                                </td>
                                <td>
                                    <EnrollmentState status={row.status} />
                                </td>
                                <td>
                                    <Time at={row.next_message_due} style="moment" />
                                </td>
                                <td class="muted">
                                    <Time at={row.enrolled_at} style="moment" />
                                </td>
                            </tr>
                        ))}
                    </Table>
                )}
            </PagedCard>
        </div>
    );
}
function spanWords(from: string | undefined, to: string | undefined): string {
    if (from && to) return t('{from} to {to}', { from: format.moment(from), to: format.moment(to) });
    return from ? t('Since {time}', { time: format.moment(from) }) : t('Until {time}', { time: format.moment(to ?? '') });
}
