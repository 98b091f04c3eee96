/* All sequences: their state and numbers at a glance, and what can be done with each. */
import { api, call, type SequenceInput, type SequenceSummary } from '../core/api';
import * as format from '../core/format';
import { plural, t } from '../core/i18n';
import { navigate, setQuery } from '../core/router';
import { samples } from '../core/samples';
import { toInput, toWire } from '../core/steps';
import { useDialog } from '../ui/dialog';
import { PageHead, usePage } from '../ui/page';
import { PagedCard, usePages } from '../ui/pages';
import { ask, Button, Dialog, Empty, Icon, Menu, SearchField, Segmented, showError, Time, toast } from '../ui/parts';
import { SelectionBar, Tick, TickAll, useSelection } from '../ui/selection';
import { can, language, place } from '../ui/state';
import { SequenceState } from '../ui/status';

type Sort = 'name' | '-name' | '-last_activity_at' | 'last_activity_at' | '-enrolled_count' | 'enrolled_count' | '-active_count' | 'active_count';

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
    const sort = (query.get('sort') ?? '-last_activity_at') as Sort;
    const [dialog, setDialog] = useDialog(['sample']);
    const pages = usePages<SequenceSummary>(`sequences?${status}&${q}&${sort}`, cursor => call(api.GET('/api/sequences', { params: { query: { status: status || 'draft,active,paused', q: q || undefined, sort, limit: 100, cursor } } })), ['sequence', 'stats', 'enrollment', 'message', 'counters', 'batch']);
    const rows = pages.rows ?? [];
    const selection = useSelection(rows);
    const chosen = rows.filter(row => selection.ids.has(row.id));
    const filtered = Boolean(q || status);
    const write = can('write');
    const create = (): void => void createSequence(blankSequence()).catch(showError);

    const patch = (id: string, change: Partial<SequenceSummary>): void => pages.patch(row => (row.id === id ? { ...row, ...change } : row));
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
    /* The same for several, one after the other; what is refused is said and the rest goes on. */
    const several = async (wanted: SequenceSummary[], work: (row: SequenceSummary) => Promise<unknown>, words: (count: number) => string): Promise<void> => {
        let done = 0;
        for (const row of wanted) {
            try {
                await work(row);
                done++;
            } catch (error) {
                showError(error);
            }
        }
        selection.clear();
        pages.reload();
        if (done) toast(words(done));
    };
    const pauseSeveral = (): Promise<void> =>
        several(
            chosen.filter(row => row.status === 'active'),
            row => call(api.POST('/api/sequences/{id}/pause', { params: { path: { id: row.id } }, body: {} })),
            count => plural('{n} sequence is paused.', '{n} sequences are paused.', count, format.number(count)),
        );
    const resumeSeveral = (): Promise<void> =>
        several(
            chosen.filter(row => row.status === 'paused'),
            row => call(api.POST('/api/sequences/{id}/resume', { params: { path: { id: row.id } }, body: {} })),
            count => plural('{n} sequence is running.', '{n} sequences are running.', count, format.number(count)),
        );
    const archiveSeveral = async (): Promise<void> => {
        const wanted = chosen.filter(row => row.status !== 'archived');
        const people = wanted.reduce((sum, row) => sum + row.active_count + (row.paused_count ?? 0), 0);
        const yes = await ask({
            title: plural('Archive {n} sequence?', 'Archive {n} sequences?', wanted.length, format.number(wanted.length)),
            body: (
                <>
                    <p>{format.list(wanted.map(row => `“${row.name}”`))}</p>
                    <p>{plural('{n} person still inside is stopped for good. The numbers stay.', '{n} people still inside are stopped for good. The numbers stay.', people, format.number(people))}</p>
                </>
            ),
            action: t('Archive'),
            danger: people > 0,
        });
        if (!yes) return;
        await several(
            wanted,
            row => call(api.POST('/api/sequences/{id}/archive', { params: { path: { id: row.id } }, body: {} })),
            count => plural('{n} sequence is archived.', '{n} sequences are archived.', count, format.number(count)),
        );
    };
    const clone = async (row: SequenceSummary): Promise<void> => {
        const copy = await call(api.POST('/api/sequences/{id}/clone', { params: { path: { id: row.id } }, body: {} }));
        pages.reload();
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
        pages.reload();
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
            pages.reload();
            toast(t('“{name}” is deleted.', { name: row.name }));
            return;
        }
        const document = await call(api.GET('/api/sequences/{id}', { params: { path: { id: row.id } } }));
        await call(api.DELETE('/api/sequences/{id}', { params: { path: { id: row.id } } }));
        pages.reload();
        toast(t('“{name}” is deleted.', { name: row.name }), {
            action: {
                label: t('Undo'),
                run: () => {
                    const { version: _version, ...rest } = toWire(toInput(document));
                    const messages = (rest.messages ?? []).map(({ id: _id, ...step }) => step);
                    call(api.POST('/api/sequences', { body: { ...rest, status: 'draft', messages } })).then(pages.reload, showError);
                },
            },
        });
    };

    const head = (label: string, up: Sort | null, down: Sort | null, place = '') => {
        const active = sort === up || sort === down;
        return (
            <th scope="col" class={place} aria-sort={active ? (sort === up ? 'ascending' : 'descending') : undefined}>
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
                        <Button icon="sparkles" onClick={() => setDialog('sample')}>
                            {t('Start from a sample')}
                        </Button>
                        <Button icon="plus" kind="primary" onClick={create}>
                            {t('Create sequence')}
                        </Button>
                    </>
                ) : null}
            </PageHead>
            <div class="row wrap wide">
                <div class="search-slot">
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
            <PagedCard
                pages={pages}
                head={
                    write ? (
                        <SelectionBar count={chosen.length} onClear={selection.clear}>
                            <Button small icon="pause" disabled={!chosen.some(row => row.status === 'active')} onClick={() => void pauseSeveral()}>
                                {t('Pause')}
                            </Button>
                            <Button small icon="play" disabled={!chosen.some(row => row.status === 'paused')} onClick={() => void resumeSeveral()}>
                                {t('Resume')}
                            </Button>
                            <Button small icon="archive" disabled={!chosen.some(row => row.status !== 'archived')} onClick={() => void archiveSeveral()}>
                                {t('Archive')}
                            </Button>
                        </SelectionBar>
                    ) : null
                }
                empty={
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
                                        <Button icon="sparkles" onClick={() => setDialog('sample')}>
                                            {t('Start from a sample')}
                                        </Button>
                                    </>
                                ) : undefined
                            }
                        >
                            {t('Write a few messages, say on which day each goes out, and enroll people. Dripline does the rest.')}
                        </Empty>
                    )
                }
            >
                {() => (
                    <div class="table-wrap">
                        <table class="table dense sequence-table">
                            <thead>
                                <tr>
                                    {write ? <TickAll selection={selection} /> : null}
                                    {head(t('Name'), 'name', '-name')}
                                    {head(t('Status'), null, null)}
                                    {head(t('Days'), null, null, 'end wide-only')}
                                    {head(t('Active'), 'active_count', '-active_count', 'end')}
                                    {head(t('Enrolled'), 'enrolled_count', '-enrolled_count', 'end')}
                                    {head(t('Finished'), null, null, 'end')}
                                    {head(t('Delivered'), null, null, 'end')}
                                    {head(t('Read'), null, null, 'end')}
                                    {head(t('Replied'), null, null, 'end')}
                                    {head(t('Opted out'), null, null, 'end')}
                                    {head(t('Last activity'), 'last_activity_at', '-last_activity_at')}
                                    <th class="tools">
                                        <span class="visually-hidden">{t('Actions')}</span>
                                    </th>
                                </tr>
                            </thead>
                            <tbody>
                                {rows.map((row, index) => (
                                    <tr key={row.id} aria-selected={selection.ids.has(row.id)}>
                                        {write ? <Tick selection={selection} index={index} checked={selection.ids.has(row.id)} label={t('Select {name}', { name: row.name })} /> : null}
                                        <td class="name-cell">
                                            <a class="title" href={`/sequences/${row.id}`}>
                                                {row.name}
                                            </a>
                                            {row.description ? <div class="sub truncate wide-only">{row.description}</div> : null}
                                        </td>
                                        <td>
                                            <SequenceState status={row.status} />
                                        </td>
                                        <td class="end wide-only">{format.number(row.total_days)}</td>
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
            </PagedCard>
            {dialog && write ? (
                <Dialog title={t('Start from a sample')} onClose={() => setDialog(null)}>
                    <p class="soft">{t('It is created as a draft: change every word before anyone gets it.')}</p>
                    {samples().map(sample => (
                        <button
                            key={sample.key}
                            type="button"
                            class="choice"
                            onClick={() => {
                                setDialog(null);
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
