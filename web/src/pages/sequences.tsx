/* All sequences: their state and numbers at a glance, and what can be done with each. */
import { useState } from 'preact/hooks';
import { api, call, type SequenceInput, type SequenceSummary } from '../core/api';
import * as format from '../core/format';
import { plural, t } from '../core/i18n';
import { navigate, setQuery } from '../core/router';
import { samples } from '../core/samples';
import { toInput, toWire } from '../core/steps';
import { PageHead, usePage } from '../ui/page';
import { ask, Button, Card, Dialog, Empty, Failure, Icon, Menu, SearchField, Segmented, showError, Skeleton, Time, toast } from '../ui/parts';
import { useResource } from '../ui/resource';
import { can, language, place } from '../ui/state';
import { SequenceState } from '../ui/status';

type Sort = 'name' | '-name' | '-updated_at' | 'updated_at' | '-enrolled_count' | 'enrolled_count' | '-active_count' | 'active_count';

export async function createSequence(input: SequenceInput): Promise<void> {
    const made = await call(api.POST('/api/sequences', { body: input }));
    navigate(`/sequences/${made.id}`);
}
export function blankSequence(): SequenceInput {
    return { name: t('New sequence'), messages: [] };
}

export default function Sequences() {
    void language.value;
    usePage(t('Sequences'));
    const query = place.value.query;
    const status = query.get('status') ?? '';
    const q = query.get('q') ?? '';
    const sort = (query.get('sort') ?? '-updated_at') as Sort;
    const [sampleOpen, setSampleOpen] = useState(false);
    const [more, setMore] = useState<SequenceSummary[]>([]);
    const [cursor, setCursor] = useState<string | null | undefined>(undefined);
    const page = useResource(`sequences?${status}&${q}&${sort}`, () => call(api.GET('/api/sequences', { params: { query: { status: status || 'draft,active,paused', q: q || undefined, sort, limit: 100 } } })), { on: ['sequence', 'stats', 'enrollment', 'message', 'counters', 'batch'] });
    const rows = [...(page.data?.data ?? []), ...more];
    const next = cursor === undefined ? page.data?.next_cursor : cursor;
    const filtered = Boolean(q || status);
    const write = can('write');
    const create = (): void => void createSequence(blankSequence()).catch(showError);

    const patch = (id: string, change: Partial<SequenceSummary>): void => {
        if (page.data) page.set({ ...page.data, data: page.data.data.map(row => (row.id === id ? { ...row, ...change } : row)) });
    };
    const pause = async (row: SequenceSummary): Promise<void> => {
        patch(row.id, { status: 'paused' });
        try {
            const result = await call(api.POST('/api/sequences/{id}/pause', { params: { path: { id: row.id } }, body: {} }));
            patch(row.id, result.sequence);
            toast(plural('“{name}” is paused; {n} waiting message is held back.', '“{name}” is paused; {n} waiting messages are held back.', result.messages_cancelled, format.number(result.messages_cancelled), { name: row.name }), { action: { label: t('Resume'), run: () => void resume(row) } });
        } catch (error) {
            patch(row.id, { status: row.status });
            showError(error);
        }
    };
    const resume = async (row: SequenceSummary): Promise<void> => {
        try {
            const result = await call(api.POST('/api/sequences/{id}/resume', { params: { path: { id: row.id } }, body: {} }));
            patch(row.id, result.sequence);
            toast(t('“{name}” is running.', { name: row.name }));
        } catch (error) {
            showError(error);
        }
    };
    const clone = async (row: SequenceSummary): Promise<void> => {
        const copy = await call(api.POST('/api/sequences/{id}/clone', { params: { path: { id: row.id } }, body: {} }));
        page.reload();
        toast(t('Copied as “{name}”.', { name: copy.name }), { action: { label: t('Open'), run: () => navigate(`/sequences/${copy.id}`) } });
    };
    const archive = async (row: SequenceSummary): Promise<void> => {
        const effect = await call(api.POST('/api/sequences/{id}/archive', { params: { path: { id: row.id }, query: { dry_run: true } }, body: {} }));
        const yes = await ask({
            title: t('Archive “{name}”?', { name: row.name }),
            body: <p>{plural('{n} person still inside is stopped for good. The numbers stay.', '{n} people still inside are stopped for good. The numbers stay.', effect.changed, format.number(effect.changed))}</p>,
            action: t('Archive'),
            danger: effect.changed > 0,
        });
        if (!yes) return;
        await call(api.POST('/api/sequences/{id}/archive', { params: { path: { id: row.id } }, body: {} }));
        page.reload();
        toast(t('“{name}” is archived.', { name: row.name }));
    };
    const remove = async (row: SequenceSummary): Promise<void> => {
        if (row.enrolled_count > 0) {
            const yes = await ask({
                title: t('Delete “{name}”?', { name: row.name }),
                body: <p>{plural('{n} person was enrolled in it. Their history here and all waiting messages go away. This cannot be undone.', '{n} people were enrolled in it. Their history here and all waiting messages go away. This cannot be undone.', row.enrolled_count, format.number(row.enrolled_count))}</p>,
                action: t('Delete'),
                danger: true,
                typed: row.name,
            });
            if (!yes) return;
            await call(api.DELETE('/api/sequences/{id}', { params: { path: { id: row.id }, query: { confirm: row.name } } }));
            page.reload();
            toast(t('“{name}” is deleted.', { name: row.name }));
            return;
        }
        const document = await call(api.GET('/api/sequences/{id}', { params: { path: { id: row.id } } }));
        await call(api.DELETE('/api/sequences/{id}', { params: { path: { id: row.id } } }));
        page.reload();
        toast(t('“{name}” is deleted.', { name: row.name }), {
            action: {
                label: t('Undo'),
                run: () => {
                    const { version: _version, ...rest } = toWire(toInput(document));
                    const messages = (rest.messages ?? []).map(({ id: _id, ...step }) => step);
                    call(api.POST('/api/sequences', { body: { ...rest, status: 'draft', messages } })).then(page.reload, showError);
                },
            },
        });
    };

    const head = (label: string, up: Sort | null, down: Sort | null, end = false) => {
        const active = sort === up || sort === down;
        return (
            <th scope="col" class={end ? 'end' : ''} aria-sort={active ? (sort === up ? 'ascending' : 'descending') : undefined}>
                {up && down ? (
                    <button type="button" onClick={() => setQuery({ sort: sort === down ? up : down })}>
                        {label}
                        {active ? <Icon name={sort === up ? /* icon */ 'arrow-up' : /* icon */ 'arrow-down'} /> : null}
                    </button>
                ) : (
                    label
                )}
            </th>
        );
    };
    return (
        <div class="page">
            <PageHead title={t('Sequences')} lead={t('Each sequence is a list of messages on day numbers that every enrolled person gets in their own time.')}>
                {write ? (
                    <>
                        <Button icon="sparkles" onClick={() => setSampleOpen(true)}>
                            {t('Start from a sample')}
                        </Button>
                        <Button icon="plus" kind="primary" onClick={create}>
                            {t('Create sequence')}
                        </Button>
                    </>
                ) : null}
            </PageHead>
            <div class="row wrap wide">
                <div class="grow" style={{ maxWidth: '320px', minWidth: '180px' }}>
                    <SearchField label={t('Search sequences')} value={q} onValue={value => setQuery({ q: value }, { replace: true })} />
                </div>
                <Segmented
                    label={t('Status')}
                    value={status}
                    onValue={value => setQuery({ status: value })}
                    options={[
                        ['', t('All')],
                        ['active', t('Active')],
                        ['draft', t('Drafts')],
                        ['paused', t('Paused')],
                        ['archived', t('Archived')],
                    ]}
                />
            </div>
            {page.error ? <Failure error={page.error} retry={page.reload} /> : null}
            <Card>
                {!page.data && page.loading ? (
                    <div class="card-body">
                        <Skeleton lines={5} height={30} />
                    </div>
                ) : rows.length === 0 ? (
                    filtered ? (
                        <Empty icon="search-x" title={t('Nothing fits these filters')} actions={<Button onClick={() => setQuery({ q: null, status: null })}>{t('Clear filters')}</Button>} />
                    ) : (
                        <Empty
                            icon="list-ordered"
                            title={t('No sequences yet')}
                            actions={
                                write ? (
                                    <>
                                        <Button kind="primary" icon="plus" onClick={create}>
                                            {t('Create sequence')}
                                        </Button>
                                        <Button icon="sparkles" onClick={() => setSampleOpen(true)}>
                                            {t('Start from a sample')}
                                        </Button>
                                    </>
                                ) : undefined
                            }
                        >
                            {t('Write a few messages, say on which day each goes out, and enroll people. Dripline does the rest.')}
                        </Empty>
                    )
                ) : (
                    <div class="table-wrap">
                        <table class="table dense">
                            <thead>
                                <tr>
                                    {head(t('Name'), 'name', '-name')}
                                    {head(t('Status'), null, null)}
                                    {head(t('Days'), null, null, true)}
                                    {head(t('Active'), 'active_count', '-active_count', true)}
                                    {head(t('Enrolled'), 'enrolled_count', '-enrolled_count', true)}
                                    {head(t('Finished'), null, null, true)}
                                    {head(t('Delivered'), null, null, true)}
                                    {head(t('Read'), null, null, true)}
                                    {head(t('Replied'), null, null, true)}
                                    {head(t('Opted out'), null, null, true)}
                                    {head(t('Last activity'), 'updated_at', '-updated_at')}
                                    <th class="tools">
                                        <span class="visually-hidden">{t('Actions')}</span>
                                    </th>
                                </tr>
                            </thead>
                            <tbody>
                                {rows.map(row => (
                                    <tr key={row.id}>
                                        <td class="name-cell">
                                            <a class="title" href={`/sequences/${row.id}`}>
                                                {row.name}
                                            </a>
                                            {row.description ? <div class="sub truncate">{row.description}</div> : null}
                                        </td>
                                        <td>
                                            <SequenceState status={row.status} />
                                        </td>
                                        <td class="end">{format.number(row.total_days)}</td>
                                        <td class="end">{row.active_count ? <a class="title" href={`/sequences/${row.id}/people?status=active`}>{format.number(row.active_count)}</a> : <span class="muted">0</span>}</td>
                                        <td class="end">{format.number(row.enrolled_count)}</td>
                                        <td class="end">{format.number(row.completed_count)}</td>
                                        <td class="end">{format.percent(row.totals.delivered, row.totals.sent)}</td>
                                        <td class="end">{format.percent(row.totals.read, row.totals.sent)}</td>
                                        <td class="end">{format.percent(row.totals.replied, row.enrolled_count)}</td>
                                        <td class="end">{format.number(row.opted_out_count)}</td>
                                        <td class="muted">
                                            <Time at={row.last_activity_at ?? row.updated_at} />
                                        </td>
                                        <td class="tools">
                                            <div class="row" style={{ justifyContent: 'flex-end', gap: '2px' }}>
                                                {write && row.status === 'active' ? <Button small kind="ghost" icon="pause" label={t('Pause “{name}”', { name: row.name })} onClick={() => void pause(row)} /> : null}
                                                {write && row.status === 'paused' ? <Button small kind="ghost" icon="play" label={t('Resume “{name}”', { name: row.name })} onClick={() => void resume(row)} /> : null}
                                                <Menu
                                                    label={t('More for “{name}”', { name: row.name })}
                                                    items={[
                                                        { label: t('Open'), icon: 'pencil', href: `/sequences/${row.id}` },
                                                        write && row.status !== 'archived' && { label: t('Add people'), icon: 'user-plus', href: `/sequences/${row.id}/add` },
                                                        { label: t('Results'), icon: 'chart-no-axes-column', href: `/sequences/${row.id}/results` },
                                                        write && { label: t('Clone'), icon: 'copy', run: () => void clone(row).catch(showError) },
                                                        write && row.status !== 'archived' && row.enrolled_count > 0 && { label: t('Archive'), icon: 'archive', run: () => void archive(row).catch(showError) },
                                                        write && { label: t('Delete'), icon: 'trash-2', danger: true, run: () => void remove(row).catch(showError) },
                                                    ]}
                                                />
                                            </div>
                                        </td>
                                    </tr>
                                ))}
                            </tbody>
                        </table>
                    </div>
                )}
                {next ? (
                    <div class="card-foot">
                        <Button
                            onClick={() => {
                                call(api.GET('/api/sequences', { params: { query: { status: status || 'draft,active,paused', q: q || undefined, sort, limit: 100, cursor: next } } })).then(answer => {
                                    setMore([...more, ...answer.data]);
                                    setCursor(answer.next_cursor);
                                }, showError);
                            }}
                        >
                            {t('Show more')}
                        </Button>
                    </div>
                ) : null}
            </Card>
            {sampleOpen ? (
                <Dialog title={t('Start from a sample')} onClose={() => setSampleOpen(false)}>
                    <p class="soft">{t('It is created as a draft: change every word before anyone gets it.')}</p>
                    {samples().map(sample => (
                        <button
                            key={sample.key}
                            type="button"
                            class="choice"
                            onClick={() => {
                                setSampleOpen(false);
                                createSequence(sample.make()).catch(showError);
                            }}
                        >
                            <span class="glyph">
                                <Icon name={sample.icon} />
                            </span>
                            <span class="grow">
                                <span class="strong">{sample.title}</span>
                                <span class="muted small block">{sample.about}</span>
                            </span>
                            <Icon name="chevron-right" flip />
                        </button>
                    ))}
                </Dialog>
            ) : null}
        </div>
    );
}
