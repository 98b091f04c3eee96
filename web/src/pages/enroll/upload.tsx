/* A file: what its columns hold, and what would happen to its rows, before anybody is enrolled. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, send, type Sequence } from '../../core/api';
import * as format from '../../core/format';
import { t } from '../../core/i18n';
import { said } from '../../core/said';
import { Alert, Button, Card, Check, Failure, Icon, Skeleton, useWork } from '../../ui/parts';
import { CountryField } from './country';
import { Counts, enrollWords, freshIn, Rows, tellEnrolled, type Result } from './verdicts';

const TARGETS = ['phone', 'name', 'first_name', 'last_name', 'timezone', 'country', 'enrolled_at', 'start_day', 'current_day'] as const;
function targetWord(target: string): string {
    const words: Record<string, string> = { phone: t('Phone number'), name: t('Name'), first_name: t('First name'), last_name: t('Last name'), timezone: t('Time zone'), country: t('Country'), enrolled_at: t('Enrolled on'), start_day: t('Begin with day'), current_day: t('Day already sent'), '-': t('Leave out') };
    return words[target] ?? (target.startsWith('field:') ? t('Field {name}', { name: `{${target.slice(6)}}` }) : target);
}
function fieldName(header: string): string {
    return header.trim().toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '_').replace(/^_+|_+$/g, '') || 'column';
}

export function Upload({ sequence, onBatch }: { sequence: Sequence; onBatch: (id: string) => void }) {
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
            tellEnrolled(answer, onBatch);
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
                    <Button kind="primary" icon="user-plus" busy={busy} disabled={checking || freshIn(result) === 0} onClick={enroll}>
                        {enrollWords(result)}
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
                                {said(warning.message)} <span class="num muted">({format.number(warning.count)})</span>
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
