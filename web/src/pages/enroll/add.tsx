/* Adding people: a file, a pasted list, one person, or by the API. Nobody is enrolled before the
 * server's dry run was shown. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, ApiError, call, send, type Batch, type Schemas, type Sequence } from '../../core/api';
import * as format from '../../core/format';
import { plural, t } from '../../core/i18n';
import { countPaste } from '../../core/paste';
import { setQuery } from '../../core/router';
import { curl, javascript, python, type Call } from '../../core/snippets';
import { Alert, ask, Button, Card, Check, Code, CopyButton, Empty, Failure, Field, Icon, Phone, Segmented, showError, Skeleton, TextField, Time, toast, useWork } from '../../ui/parts';
import { useResource } from '../../ui/resource';
import { can, place } from '../../ui/state';
import { BatchState, VerdictState, verdictWord } from '../../ui/status';
import { ZoneField } from '../builder/delivery';
import { FormPanel } from './form';

type Result = Schemas['BulkEnrollResult'];
type Verdict = Schemas['Verdict'];
const VERDICTS: Verdict[] = ['enrolled', 'restarted', 'already_active', 'already_completed', 'duplicate_in_file', 'opted_out', 'invalid_phone', 'invalid_row'];
const COUNTRIES = 'AE AF AL AM AO AR AT AU AZ BA BD BE BF BG BH BI BJ BN BO BR BW BY BZ CA CD CF CG CH CI CL CM CN CO CR CU CY CZ DE DJ DK DO DZ EC EE EG ES ET FI FJ FR GA GB GE GH GM GN GR GT HK HN HR HT HU ID IE IL IN IQ IR IS IT JM JO JP KE KG KH KR KW KZ LA LB LK LR LS LT LU LV LY MA MD ME MG MK ML MM MN MR MU MW MX MY MZ NA NE NG NI NL NO NP NZ OM PA PE PG PH PK PL PR PS PT PY QA RO RS RU RW SA SD SE SG SI SK SL SN SO SV SY SZ TD TG TH TJ TM TN TR TT TW TZ UA UG US UY UZ VE VN YE ZA ZM ZW'.split(' ');

export function CountryField({ value, onValue, label, empty }: { value: string; onValue: (country: string) => void; label?: string; empty?: string }) {
    const options = COUNTRIES.map(code => [code, format.countryName(code)] as const).sort((a, b) => a[1].localeCompare(b[1]));
    return (
        <Field label={label ?? t('Country of numbers without +')}>
            {props => (
                <select class="select" {...props} value={value} onChange={event => onValue(event.currentTarget.value)}>
                    <option value="">{empty ?? t('As set for this server')}</option>
                    {options.map(([code, name]) => (
                        <option key={code} value={code}>
                            {name}
                        </option>
                    ))}
                </select>
            )}
        </Field>
    );
}
function Counts({ counts, total }: { counts: Schemas['VerdictCounts']; total: number | null }) {
    return (
        <ul class="verdicts">
            {VERDICTS.filter(verdict => counts[verdict] > 0).map(verdict => (
                <li key={verdict}>
                    <span class="num">{format.number(counts[verdict])}</span>
                    <VerdictState verdict={verdict} />
                </li>
            ))}
            {total !== null ? (
                <li class="total">
                    <span class="num">{format.number(total)}</span>
                    <span class="muted">{plural('row in all', 'rows in all', total)}</span>
                </li>
            ) : null}
        </ul>
    );
}
function Rows({ rows }: { rows: Schemas['RowVerdict'][] }) {
    return (
        <div class="table-wrap">
            <table class="table">
                <thead>
                    <tr>
                        <th class="end">{t('Row')}</th>
                        <th>{t('As written')}</th>
                        <th>{t('Number')}</th>
                        <th>{t('Name')}</th>
                        <th>{t('Result')}</th>
                    </tr>
                </thead>
                <tbody>
                    {rows.map((row, index) => (
                        <tr key={`${row.row} ${index}`}>
                            <td class="end muted">{format.number(row.row)}</td>
                            <td>
                                <bdi class="truncate cell-narrow">{row.input}</bdi>
                            </td>
                            <td>{row.phone ? <Phone digits={row.phone} /> : <span class="muted">–</span>}</td>
                            <td dir="auto">{row.name ?? ''}</td>
                            <td>
                                <VerdictState verdict={row.verdict} />
                                {row.verdict.startsWith('invalid') || row.verdict === 'opted_out' ? <div class="sub">{row.message}</div> : null}
                            </td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

const TARGETS = ['phone', 'name', 'first_name', 'last_name', 'timezone', 'country', 'enrolled_at', 'start_day', 'current_day'] as const;
function targetWord(target: string): string {
    const words: Record<string, string> = { phone: t('Phone number'), name: t('Name'), first_name: t('First name'), last_name: t('Last name'), timezone: t('Time zone'), country: t('Country'), enrolled_at: t('Enrolled on'), start_day: t('Begin with day'), current_day: t('Day already sent'), '-': t('Leave out') };
    return words[target] ?? (target.startsWith('field:') ? t('Field {name}', { name: `{${target.slice(6)}}` }) : target);
}
function fieldName(header: string): string {
    return header.trim().toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '_').replace(/^_+|_+$/g, '') || 'column';
}

function Upload({ sequence, onBatch }: { sequence: Sequence; onBatch: (id: string) => void }) {
    const [file, setFile] = useState<File | null>(null);
    const [country, setCountry] = useState('');
    const [columns, setColumns] = useState<string[] | null>(null);
    const [header, setHeader] = useState<boolean | null>(null);
    const [result, setResult] = useState<Result | null>(null);
    const [error, setError] = useState<ApiError | null>(null);
    const [checking, setChecking] = useState(false);
    const [over, setOver] = useState(false);
    const [busy, run] = useWork();
    const input = useRef<HTMLInputElement>(null);
    const round = useRef(0);
    const path = `/api/sequences/${sequence.id}/enroll/bulk`;
    const options = (dry: boolean) => ({ dry_run: dry ? 'true' : undefined, country: country || undefined, columns: columns ? columns.join(',') : undefined, header: header === null ? undefined : String(header), filename: file?.name });

    useEffect(() => {
        if (!file) return;
        const mine = ++round.current;
        const abort = new AbortController();
        setChecking(true);
        setError(null);
        send('POST', path, options(true), file, 'text/csv', abort.signal).then(
            answer => {
                if (mine !== round.current) return;
                const read = answer.data as Result;
                setResult(read);
                if (!columns && read.file) setColumns(read.file.columns.map(column => column.target));
                setChecking(false);
            },
            (cause: ApiError | DOMException) => {
                if (mine !== round.current || (cause as DOMException).name === 'AbortError') return;
                setError(cause as ApiError);
                setChecking(false);
            },
        );
        return () => abort.abort();
    }, [file, country, columns?.join(), header]);
    const choose = (chosen: File | undefined): void => {
        if (!chosen) return;
        setColumns(null);
        setHeader(null);
        setResult(null);
        setFile(chosen);
    };
    const enroll = (): void =>
        run(async () => {
            const answer = await send('POST', path, options(false), file, 'text/csv');
            setFile(null);
            scrollTo({ top: 0 });
            if (answer.status === 202) onBatch((answer.data as Batch).id);
            else {
                const done = answer.data as Result;
                toast(plural('{n} person enrolled.', '{n} people enrolled.', done.counts.enrolled + done.counts.restarted, format.number(done.counts.enrolled + done.counts.restarted)));
                if (done.batch_id) onBatch(done.batch_id);
            }
        });
    if (!file)
        return (
            <Card>
                <div class="card-body stack loose">
                    <div
                        class={`drop${over ? ' over' : ''}`}
                        onDragOver={event => {
                            event.preventDefault();
                            setOver(true);
                        }}
                        onDragLeave={() => setOver(false)}
                        onDrop={event => {
                            event.preventDefault();
                            setOver(false);
                            choose(event.dataTransfer?.files[0]);
                        }}
                    >
                        <span class="glyph">
                            <Icon name="file-up" big />
                        </span>
                        <strong>{t('Drop a CSV file here')}</strong>
                        <span class="muted small">{t('From Excel, Google Sheets or your own system. Any size; nobody is enrolled before you have seen the preview.')}</span>
                        <input ref={input} type="file" accept=".csv,.tsv,.txt,text/csv,text/plain" class="visually-hidden" tabIndex={-1} aria-label={t('CSV file')} onChange={event => choose(event.currentTarget.files?.[0])} />
                        <Button kind="primary" icon="upload" onClick={() => input.current?.click()}>
                            {t('Choose a file')}
                        </Button>
                    </div>
                    <p class="muted small">
                        {t('One row per person: a phone number, and if you like a name, a time zone and fields of your own.')}{' '}
                        <a download="dripline-sample.csv" href={`data:text/csv;charset=utf-8,${encodeURIComponent('phone,name,city,timezone\n+91 98765 43210,Asha Rao,Pune,Asia/Kolkata\n+55 11 98765-4321,João Silva,São Paulo,America/Sao_Paulo\n')}`}>
                            {t('Download a sample file')}
                        </a>
                    </p>
                </div>
            </Card>
        );
    const fresh = result ? result.counts.enrolled + result.counts.restarted : 0;
    return (
        <Card
            title={
                <span class="row">
                    <Icon name="file-spreadsheet" /> <bdi>{file.name}</bdi> <span class="muted small">{sizeWords(file.size)}</span>
                </span>
            }
            actions={
                <Button small icon="x" onClick={() => setFile(null)}>
                    {t('Another file')}
                </Button>
            }
            foot={
                <>
                    <Button kind="primary" icon="user-plus" busy={busy} disabled={!result || checking || fresh === 0} onClick={enroll}>
                        {result ? plural('Enroll {n} person', 'Enroll {n} people', fresh, format.number(fresh)) : t('Enroll')}
                    </Button>
                    <span class="muted small">{checking ? t('Reading the file…') : t('Nobody has been enrolled yet.')}</span>
                </>
            }
        >
            <div class="card-body stack loose" aria-busy={checking}>
                {error ? <Failure error={error} /> : null}
                {!result && checking ? <Skeleton lines={6} /> : null}
                {result ? (
                    <>
                        <Counts counts={result.counts} total={result.total_rows} />
                        {result.warnings.map(warning => (
                            <Alert key={warning.code} kind="warn">
                                {warning.message} <span class="num muted">({format.number(warning.count)})</span>
                            </Alert>
                        ))}
                        <div class="fields">
                            <CountryField value={country} onValue={setCountry} />
                            {result.file ? (
                                <div class="field">
                                    <span class="label">{t('How the file was read')}</span>
                                    <span class="soft small">
                                        {result.file.encoding.toUpperCase()} · {{ comma: t('comma'), semicolon: t('semicolon'), tab: t('tab'), pipe: t('pipe') }[result.file.delimiter]}
                                    </span>
                                    <Check label={t('The first row holds names of columns')} checked={header ?? result.file.header} onValue={setHeader} />
                                </div>
                            ) : null}
                        </div>
                        {result.file && columns ? (
                            <div class="table-wrap mapping">
                                <table class="table">
                                    <caption class="field-label">{t('What each column holds')}</caption>
                                    <thead>
                                        <tr>
                                            <th>{t('Column')}</th>
                                            <th>{t('Examples')}</th>
                                            <th>{t('Use as')}</th>
                                        </tr>
                                    </thead>
                                    <tbody>
                                        {result.file.columns.map(column => {
                                            const target = columns[column.index] ?? '-';
                                            const own = `field:${fieldName(column.name)}`;
                                            return (
                                                <tr key={column.index}>
                                                    <td dir="auto" class="strong">
                                                        {column.name || t('Column {n}', { n: column.index + 1 })}
                                                    </td>
                                                    <td class="muted small">
                                                        <bdi>{column.samples.join(' · ')}</bdi>
                                                    </td>
                                                    <td>
                                                        <select class="select small" aria-label={t('Use column {name} as', { name: column.name || String(column.index + 1) })} value={target} onChange={event => setColumns(columns.map((old, index) => (index === column.index ? event.currentTarget.value : old)))}>
                                                            {[...new Set([...TARGETS, own, target, '-'])].map(option => (
                                                                <option key={option} value={option}>
                                                                    {targetWord(option)}
                                                                </option>
                                                            ))}
                                                        </select>
                                                    </td>
                                                </tr>
                                            );
                                        })}
                                    </tbody>
                                </table>
                            </div>
                        ) : null}
                        <details class="details" open>
                            <summary>{t('First rows and what happens to them')}</summary>
                            <Rows rows={result.rows.slice(0, 20)} />
                        </details>
                        {result.rows.length > 20 ? (
                            <details class="details">
                                <summary>{t('Rows that will be refused')}</summary>
                                <Rows rows={result.rows.slice(20)} />
                            </details>
                        ) : null}
                    </>
                ) : null}
            </div>
        </Card>
    );
}
function sizeWords(bytes: number): string {
    return bytes < 1_000_000 ? `${format.decimal(bytes / 1000)} kB` : `${format.decimal(bytes / 1_000_000)} MB`;
}

function Progress({ id, sequence, onClose }: { id: string; sequence: Sequence; onClose: () => void }) {
    const batch = useResource(`batch ${id}`, () => call(api.GET('/api/batches/{id}', { params: { path: { id } } })), { on: ['batch'] });
    const rows = useResource(batch.data && !['queued', 'running'].includes(batch.data.status) ? `rows ${id} ${batch.data.status}` : null, () => call(api.GET('/api/batches/{id}/rows', { params: { path: { id }, query: { limit: 50 } } })));
    const [busy, run] = useWork();
    const running = batch.data ? ['queued', 'running', 'undoing'].includes(batch.data.status) : true;
    const history = useRef<{ at: number; done: number }[]>([]);
    useEffect(() => {
        if (!running) return;
        const timer = setInterval(batch.reload, 800);
        return () => clearInterval(timer);
    }, [running]);
    if (!batch.data) return batch.error ? <Failure error={batch.error} retry={batch.reload} /> : <Skeleton />;
    const data = batch.data;
    const now = Date.now();
    if (running) history.current = [...history.current.filter(one => now - one.at < 8_000), { at: now, done: data.processed_rows }];
    const first = history.current[0];
    const rate = first && now > first.at ? ((data.processed_rows - first.done) / (now - first.at)) * 1000 : 0;
    const left = data.total_rows !== null && rate > 0 ? (data.total_rows - data.processed_rows) / rate : null;
    const refused = data.counts.invalid_phone + data.counts.invalid_row + data.counts.duplicate_in_file + data.counts.opted_out;
    return (
        <Card
            title={
                <span class="row">
                    <BatchState status={data.status} /> <bdi class="truncate">{data.filename ?? data.id}</bdi>
                </span>
            }
            actions={
                <Button small kind="ghost" icon="x" label={t('Close')} onClick={onClose} />
            }
            foot={
                <>
                    {running && data.status !== 'undoing' ? (
                        <Button busy={busy} onClick={() => run(async () => batch.set(await call(api.POST('/api/batches/{id}/cancel', { params: { path: { id } } }))))}>
                            {t('Cancel the rest')}
                        </Button>
                    ) : null}
                    {!running && refused ? (
                        <a class="button" href={`/api/batches/${id}/rows.csv`} download>
                            <Icon name="download" />
                            {t('Download refused rows')}
                        </a>
                    ) : null}
                    {!running ? (
                        <a class="button" href={`/sequences/${sequence.id}/people?batch=${id}`}>
                            {t('Show these people')}
                        </a>
                    ) : null}
                    {data.can_undo && can('write') ? (
                        <Button icon="undo-2" kind="danger" busy={busy} onClick={() => run(() => undo(id, batch.reload))}>
                            {t('Undo this import')}
                        </Button>
                    ) : null}
                </>
            }
        >
            <div class="card-body stack" role="status">
                {running ? (
                    <>
                        <progress class="progress" max={data.total_rows ?? undefined} value={data.total_rows ? data.processed_rows : undefined} aria-label={t('Progress')} />
                        <p class="small soft num">
                            {data.total_rows ? t('{n} of {all} rows', { n: format.number(data.processed_rows), all: format.number(data.total_rows) }) : t('{n} rows read', { n: format.number(data.processed_rows) })}
                            {rate > 1 ? ` · ${t('{n} per second', { n: format.number(Math.round(rate)) })}` : ''}
                            {left !== null && left > 1 ? ` · ${t('about {n} s left', { n: format.number(Math.ceil(left)) })}` : ''}
                        </p>
                        <p class="muted small">{t('You can close this page; the server goes on by itself.')}</p>
                    </>
                ) : null}
                {data.error ? <Alert kind="bad">{data.error}</Alert> : null}
                <Counts counts={data.counts} total={data.total_rows} />
                {rows.data?.data.length ? (
                    <details class="details">
                        <summary>{t('Refused rows')}</summary>
                        <p class="small soft">{t('Download them, correct them in a spreadsheet, and upload that file again.')}</p>
                        <Rows rows={rows.data.data} />
                    </details>
                ) : null}
            </div>
        </Card>
    );
}
async function undo(id: string, done: () => void): Promise<void> {
    const effect = (await call(api.POST('/api/batches/{id}/undo', { params: { path: { id }, query: { dry_run: true } } }))) as Schemas['UndoResult'];
    const yes = await ask({
        title: t('Undo this import?'),
        body: (
            <>
                <p>{plural('{n} person who got nothing yet is taken out.', '{n} people who got nothing yet are taken out.', effect.removed, format.number(effect.removed))}</p>
                {effect.stopped ? <p>{plural('{n} person who already got a message is stopped.', '{n} people who already got a message are stopped.', effect.stopped, format.number(effect.stopped))}</p> : null}
            </>
        ),
        action: t('Undo'),
        danger: true,
    });
    if (!yes) return;
    await call(api.POST('/api/batches/{id}/undo', { params: { path: { id } } }));
    done();
}

function Paste({ sequence, onBatch }: { sequence: Sequence; onBatch: (id: string) => void }) {
    const [text, setText] = useState('');
    const [country, setCountry] = useState('');
    const [result, setResult] = useState<Result | null>(null);
    const [error, setError] = useState<ApiError | null>(null);
    const [busy, run] = useWork();
    const path = `/api/sequences/${sequence.id}/enroll/bulk`;
    const count = countPaste(text);
    const first = count.suspicious[0];
    useEffect(() => {
        if (!text.trim()) {
            setResult(null);
            return;
        }
        const abort = new AbortController();
        const timer = setTimeout(() => {
            send('POST', path, { dry_run: 'true', country: country || undefined }, text, 'text/plain', abort.signal).then(
                answer => {
                    setResult(answer.data as Result);
                    setError(null);
                },
                (cause: ApiError) => cause instanceof ApiError && setError(cause),
            );
        }, 450);
        return () => {
            clearTimeout(timer);
            abort.abort();
        };
    }, [text, country]);
    const fresh = result ? result.counts.enrolled + result.counts.restarted : 0;
    return (
        <Card
            foot={
                <Button
                    kind="primary"
                    icon="user-plus"
                    busy={busy}
                    disabled={!result || fresh === 0}
                    onClick={() =>
                        run(async () => {
                            const answer = await send('POST', path, { country: country || undefined }, text, 'text/plain');
                            setText('');
                            if (answer.status === 202) onBatch((answer.data as Batch).id);
                            else {
                                const done = answer.data as Result;
                                toast(plural('{n} person enrolled.', '{n} people enrolled.', done.counts.enrolled + done.counts.restarted, format.number(done.counts.enrolled + done.counts.restarted)));
                                if (done.batch_id) onBatch(done.batch_id);
                            }
                        })
                    }
                >
                    {result && fresh ? plural('Enroll {n} person', 'Enroll {n} people', fresh, format.number(fresh)) : t('Enroll')}
                </Button>
            }
        >
            <div class="card-body stack loose">
                <Field label={t('One person per line: number, then a name if you like')} hint={text ? `${plural('{n} number', '{n} numbers', count.people, format.number(count.people))}${count.repeated ? ` · ${t('{n} repeated', { n: format.number(count.repeated) })}` : ''}${first ? ` · ${t('line {n} does not look like a number: {text}', { n: first.line, text: first.text })}` : ''}` : undefined}>
                    {props => <textarea class="textarea paste" dir="ltr" rows={9} {...props} placeholder={'+91 98765 43210, Asha Rao\n5511987654321'} value={text} onInput={event => setText(event.currentTarget.value)} />}
                </Field>
                <CountryField value={country} onValue={setCountry} />
                {error ? <Failure error={error} /> : null}
                {result ? (
                    <>
                        <Counts counts={result.counts} total={null} />
                        <details class="details" open={result.rows.length <= 12}>
                            <summary>{t('Line by line')}</summary>
                            <Rows rows={result.rows.slice(0, 200)} />
                        </details>
                    </>
                ) : null}
            </div>
        </Card>
    );
}

function Single({ sequence }: { sequence: Sequence }) {
    const [phone, setPhone] = useState('');
    const [name, setName] = useState('');
    const [country, setCountry] = useState('');
    const [timezone, setTimezone] = useState<string | null>(null);
    const [startDay, setStartDay] = useState('');
    const [fields, setFields] = useState<[string, string][]>([['', '']]);
    const [error, setError] = useState<ApiError | null>(null);
    const [result, setResult] = useState<Schemas['EnrollResult'] | null>(null);
    const [busy, run] = useWork();
    const days = [...new Set(sequence.messages.map(step => step.day))].sort((a, b) => a - b);
    const submit = (): void =>
        run(async () => {
            setError(null);
            setResult(null);
            const custom = Object.fromEntries(fields.filter(([key, value]) => key.trim() && value.trim()).map(([key, value]) => [key.trim(), value.trim()]));
            try {
                const answer = await call(api.POST('/api/sequences/{id}/enroll', { params: { path: { id: sequence.id } }, body: { phone, ...(name.trim() ? { name: name.trim() } : {}), ...(Object.keys(custom).length ? { custom_fields: custom } : {}), ...(timezone ? { timezone } : {}), ...(country ? { country } : {}), ...(startDay ? { start_day: Number(startDay) } : {}) } }));
                setResult(answer);
                if (answer.verdict === 'enrolled' || answer.verdict === 'restarted') {
                    setPhone('');
                    setName('');
                    setFields([['', '']]);
                }
            } catch (cause) {
                setError(cause as ApiError);
            }
        });
    return (
        <Card>
            <form
                class="card-body stack loose"
                noValidate
                onSubmit={event => {
                    event.preventDefault();
                    submit();
                }}
            >
                {result ? (
                    <Alert kind={result.verdict === 'enrolled' || result.verdict === 'restarted' ? 'good' : 'warn'} action={result.enrollment_id ? <a href={`/people/${result.enrollment_id}`}>{t('Open')}</a> : undefined}>
                        {verdictWord(result.verdict)}: {result.message}
                    </Alert>
                ) : null}
                {error && !error.errors.length ? <Failure error={error} /> : null}
                <div class="fields">
                    <TextField label={t('Phone number')} inputMode="tel" dir="ltr" required value={phone} onValue={setPhone} placeholder="+91 98765 43210" error={error?.fieldError('phone')} />
                    <TextField label={t('Name')} dir="auto" value={name} onValue={setName} error={error?.fieldError('name')} />
                </div>
                <details class="details">
                    <summary>{t('More')}</summary>
                    <div class="stack">
                        <div class="fields">
                            <CountryField value={country} onValue={setCountry} />
                            <ZoneField label={t('Time zone')} value={timezone} onValue={setTimezone} empty={t('Guessed from the number')} error={error?.fieldError('timezone')} />
                            <Field label={t('Begin with')}>
                                {props => (
                                    <select class="select" {...props} value={startDay} onChange={event => setStartDay(event.currentTarget.value)}>
                                        <option value="">{t('The first message')}</option>
                                        {days.slice(1).map(day => (
                                            <option key={day} value={day}>
                                                {t('Day {n}', { n: day })}
                                            </option>
                                        ))}
                                    </select>
                                )}
                            </Field>
                        </div>
                        <fieldset class="stack tight">
                            <legend class="field-label">{t('Fields for placeholders')}</legend>
                            {fields.map(([key, value], index) => (
                                <div class="row" key={index}>
                                    <input class="input" aria-label={t('Name of the field')} placeholder="city" value={key} onInput={event => setFields(fields.map((one, at) => (at === index ? [event.currentTarget.value, one[1]] : one)))} />
                                    <input class="input" aria-label={t('Value')} placeholder="Pune" dir="auto" value={value} onInput={event => setFields(fields.map((one, at) => (at === index ? [one[0], event.currentTarget.value] : one)))} />
                                </div>
                            ))}
                            <div>
                                <Button small icon="plus" onClick={() => setFields([...fields, ['', '']])}>
                                    {t('Another field')}
                                </Button>
                            </div>
                        </fieldset>
                    </div>
                </details>
                <div>
                    <Button kind="primary" type="submit" icon="user-plus" busy={busy} disabled={!phone.trim()}>
                        {t('Enroll')}
                    </Button>
                </div>
            </form>
        </Card>
    );
}

function ApiPanel({ sequence }: { sequence: Sequence }) {
    const [language, setLanguage] = useState<'curl' | 'javascript' | 'python'>('curl');
    const [many, setMany] = useState(false);
    const url = `${location.origin}/api/sequences/${sequence.id}/enroll${many ? '/bulk' : ''}`;
    const person = { phone: '919876543210', name: 'Asha Rao', custom_fields: { city: 'Pune' } };
    const request: Call = { method: 'POST', url, key: 'sk_YOUR_KEY', body: many ? { enrollments: [person, { phone: '5511987654321', name: 'João Silva' }] } : person };
    const text = { curl, javascript, python }[language](request);
    return (
        <Card>
            <div class="card-body stack loose">
                <p class="soft">{t('Your own software enrolls people with one call. Calling it twice for the same person does no harm.')}</p>
                <div class="field">
                    <span class="label">{t('Address for this sequence')}</span>
                    <div class="copy-line">
                        <code>POST {url}</code>
                        <CopyButton text={url} small={false} />
                    </div>
                </div>
                <div class="row wrap wide">
                    <Segmented
                        label={t('Language')}
                        value={language}
                        onValue={setLanguage}
                        options={[
                            ['curl', 'curl'],
                            ['javascript', 'JavaScript'],
                            ['python', 'Python'],
                        ]}
                    />
                    <Check label={t('Several people in one call')} checked={many} onValue={setMany} />
                </div>
                <Code text={text} label={t('Sample')} />
                <p class="small soft">
                    {t('Replace sk_YOUR_KEY by a key with the scope “enroll”.')} <a href="/settings/keys">{t('Create a key')}</a> · <a href="/docs">{t('Full API documentation')}</a>
                </p>
            </div>
        </Card>
    );
}

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
            {batchId ? <Progress key={batchId} id={batchId} sequence={sequence} onClose={() => setQuery({ batch: null })} /> : null}
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
                <Card title={t('Earlier imports')}>
                    <div class="table-wrap">
                        <table class="table">
                            <tbody>
                                {recent.map(batch => (
                                    <tr key={batch.id}>
                                        <td>
                                            <button type="button" class="linklike" onClick={() => setQuery({ batch: batch.id })}>
                                                {batch.filename ?? batch.id}
                                            </button>
                                        </td>
                                        <td>
                                            <BatchState status={batch.status} />
                                        </td>
                                        <td class="end">{plural('{n} enrolled', '{n} enrolled', batch.counts.enrolled + batch.counts.restarted, format.number(batch.counts.enrolled + batch.counts.restarted))}</td>
                                        <td class="muted end">
                                            <Time at={batch.created_at} />
                                        </td>
                                        <td class="tools">{batch.can_undo && can('write') ? <Button small kind="ghost" icon="undo-2" label={t('Undo this import')} onClick={() => void undo(batch.id, batches.reload).catch(showError)} /> : null}</td>
                                    </tr>
                                ))}
                            </tbody>
                        </table>
                    </div>
                </Card>
            ) : null}
        </div>
    );
}
