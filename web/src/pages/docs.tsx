/* The API, drawn from its own document: search, schemas, samples, try it. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { apiFetch, toApiError } from '../core/api';
import { t } from '../core/i18n';
import { entries, exampleOf, propertiesOf, refName, resolve, typeWord, type Document, type Entry, type Schema } from '../core/openapi';
import { setQuery } from '../core/router';
import { curl, javascript, python } from '../core/snippets';
import { uuid } from '../core/uuid';
import { PageHead, Pending, usePage } from '../ui/page';
import { Alert, Button, Code, Empty, SearchField, Segmented, TextField } from '../ui/parts';
import { useResource } from '../ui/resource';
import { language, place } from '../ui/state';

/* Backticks and **strong** of the descriptions, as nodes. */
function Marked({ text }: { text: string }) {
    return <>{text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part, at) => (part.startsWith('`') ? <code key={at}>{part.slice(1, -1)}</code> : part.startsWith('**') ? <strong key={at}>{part.slice(2, -2)}</strong> : part))}</>;
}
function Prose({ text }: { text: string | undefined }) {
    if (!text) return null;
    return (
        <>
            {text
                .trim()
                .split(/\n\n+/)
                .map((paragraph, index) => (
                    <p key={index} lang="en" dir="ltr">
                        <Marked text={paragraph} />
                    </p>
                ))}
        </>
    );
}
function Properties({ document, schema, depth = 0 }: { document: Document; schema: Schema | undefined; depth?: number }) {
    const target = resolve(document, schema);
    const alternatives = target?.oneOf ?? target?.anyOf;
    if (alternatives && !target?.properties)
        return (
            <div class="stack tight">
                {alternatives.map((one, index) => (
                    <details key={index} class="details" open={alternatives.length === 1}>
                        <summary class="small">{refName(one) ?? typeWord(document, one)}</summary>
                        <Properties document={document} schema={one} depth={depth + 1} />
                    </details>
                ))}
            </div>
        );
    const list = propertiesOf(document, schema);
    if (!list.length) return target?.items ? <Properties document={document} schema={target.items} depth={depth + 1} /> : <p class="muted small">{typeWord(document, schema)}</p>;
    return (
        <ul class="properties">
            {list.map(one => {
                const inner = resolve(document, one.schema);
                const item = inner?.items ?? inner?.anyOf?.find(option => typeWord(document, option) !== 'null') ?? one.schema;
                const nested = depth < 4 && propertiesOf(document, item).length > 0;
                const values = inner?.enum;
                const limits = [inner?.minimum !== undefined ? `≥ ${inner.minimum}` : '', inner?.maximum !== undefined ? `≤ ${inner.maximum}` : '', inner?.maxLength !== undefined ? `≤ ${inner.maxLength}` : '', inner?.default !== undefined ? `= ${JSON.stringify(inner.default)}` : ''].filter(Boolean);
                return (
                    <li key={one.name}>
                        <div class="row wrap">
                            <code class="strong">{one.name}</code>
                            <span class="muted tiny" dir="ltr">
                                {typeWord(document, one.schema)}
                            </span>
                            {one.required ? <span class="chip">{t('required')}</span> : null}
                            {limits.length ? (
                                <span class="muted tiny" dir="ltr">
                                    {limits.join(' ')}
                                </span>
                            ) : null}
                        </div>
                        <div class="small soft">
                            <Prose text={one.schema.description ?? inner?.description} />
                            {values ? (
                                <p class="tiny" dir="ltr">
                                    {values.map(value => (
                                        <>
                                            <code>{String(value)}</code>{' '}
                                        </>
                                    ))}
                                </p>
                            ) : null}
                        </div>
                        {nested ? (
                            <details class="details">
                                <summary class="tiny">{refName(item) ?? t('Fields')}</summary>
                                <Properties document={document} schema={item} depth={depth + 1} />
                            </details>
                        ) : null}
                    </li>
                );
            })}
        </ul>
    );
}
function TryIt({ entry, document }: { entry: Entry; document: Document }) {
    const media = entry.operation.requestBody?.content;
    const type = media ? (Object.keys(media)[0] ?? 'application/json') : null;
    const example = useMemo(() => {
        if (!media || !type) return '';
        const value = exampleOf(document, media[type]);
        return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
    }, [entry.id]);
    const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(entry.parameters.filter(one => one.in === 'path').map(one => [one.name, String(one.example ?? '')])));
    const [body, setBody] = useState(example);
    const [tongue, setTongue] = useState<'curl' | 'javascript' | 'python'>('curl');
    const [answer, setAnswer] = useState<{ status: number; text: string; ms: number } | null>(null);
    const [busy, setBusy] = useState(false);
    const url = new URL(entry.path.replace(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(values[name] || name)), location.origin);
    for (const one of entry.parameters) if (one.in === 'query' && values[one.name]) url.searchParams.set(one.name, values[one.name] as string);
    let parsed: unknown = body || undefined;
    try {
        if (type === 'application/json' && body) parsed = JSON.parse(body);
    } catch {
        // Shown as text until it is JSON again.
    }
    const sample = { curl, javascript, python }[tongue]({ method: entry.method, url: decodeURI(url.href), key: 'sk_YOUR_KEY', body: type ? parsed : undefined });
    const run = async (): Promise<void> => {
        setBusy(true);
        const began = performance.now();
        try {
            const headers = new Headers();
            if (type) headers.set('Content-Type', type);
            if (entry.method === 'POST') headers.set('Idempotency-Key', uuid());
            const response = await apiFetch(new Request(url, { method: entry.method, headers, body: type && body ? body : null }));
            const text = await response.text();
            let shown = text;
            try {
                shown = JSON.stringify(JSON.parse(text), null, 2);
            } catch {
                // Not JSON: shown as it came.
            }
            setAnswer({ status: response.status, text: shown.slice(0, 50_000), ms: Math.round(performance.now() - began) });
        } catch (error) {
            setAnswer({ status: 0, text: (error as Error).message, ms: 0 });
        } finally {
            setBusy(false);
        }
    };
    const streaming = entry.operation.responses['200']?.content?.['text/event-stream'];
    return (
        <div class="stack">
            <Segmented
                label={t('Language')}
                value={tongue}
                onValue={setTongue}
                options={[
                    ['curl', 'curl'],
                    ['javascript', 'JavaScript'],
                    ['python', 'Python'],
                ]}
            />
            <Code text={sample} label={t('Sample')} />
            <details class="details">
                <summary>{t('Try it')}</summary>
                <div class="stack">
                    {entry.method !== 'GET' ? <Alert kind="warn">{t('This really calls this server, as you.')}</Alert> : null}
                    <div class="fields">
                        {entry.parameters
                            .filter(one => one.in !== 'header')
                            .map(one => (
                                <TextField key={one.name} label={one.name} dir="ltr" value={values[one.name] ?? ''} placeholder={one.example === undefined ? '' : String(one.example)} onValue={value => setValues({ ...values, [one.name]: value })} />
                            ))}
                    </div>
                    {type ? (
                        <div class="field">
                            <label for={`body-${entry.id}`}>{t('Body')}</label>
                            <textarea id={`body-${entry.id}`} class="textarea mono" dir="ltr" spellcheck={false} value={body} onInput={event => setBody(event.currentTarget.value)} />
                        </div>
                    ) : null}
                    <div class="row">
                        <Button kind="primary" icon="play" busy={busy} disabled={Boolean(streaming && values['stream'])} onClick={() => void run()}>
                            {t('Send')}
                        </Button>
                        {answer ? (
                            <span class={`chip num ${answer.status >= 200 && answer.status < 300 ? 'good' : 'bad'}`}>
                                {answer.status} · {answer.ms} ms
                            </span>
                        ) : null}
                    </div>
                    {answer ? <Code text={answer.text || '–'} label={t('Answer')} /> : null}
                </div>
            </details>
        </div>
    );
}
function OperationView({ entry, document }: { entry: Entry; document: Document }) {
    const { operation } = entry;
    const body = operation.requestBody?.content ?? {};
    return (
        <article class="operation">
            <div class="stack loose">
                <div class="stack tight">
                    <h2 class="operation-title" lang="en" dir="ltr">
                        {operation.summary}
                    </h2>
                    <div class="row wrap" dir="ltr">
                        <span class={`method ${entry.method.toLowerCase()}`}>{entry.method}</span>
                        <code class="path">{entry.path}</code>
                        {operation['x-scope'] ? <span class="chip">{t('scope {name}', { name: operation['x-scope'] })}</span> : null}
                    </div>
                    <div class="soft measure">
                        <Prose text={operation.description} />
                    </div>
                </div>
                {entry.parameters.length ? (
                    <section class="stack tight">
                        <h3>{t('Parameters')}</h3>
                        <ul class="properties">
                            {entry.parameters.map(one => (
                                <li key={`${one.in} ${one.name}`}>
                                    <div class="row wrap">
                                        <code class="strong">{one.name}</code>
                                        <span class="muted tiny" dir="ltr">
                                            {one.in} · {typeWord(document, one.schema)}
                                        </span>
                                        {one.required ? <span class="chip">{t('required')}</span> : null}
                                    </div>
                                    <div class="small soft">
                                        <Prose text={one.description} />
                                        {one.schema?.enum ? (
                                            <p class="tiny" dir="ltr">
                                                {one.schema.enum.map(value => (
                                                    <>
                                                        <code>{String(value)}</code>{' '}
                                                    </>
                                                ))}
                                            </p>
                                        ) : null}
                                    </div>
                                </li>
                            ))}
                        </ul>
                    </section>
                ) : null}
                {Object.entries(body).map(([type, media]) => (
                    <section class="stack tight" key={type}>
                        <h3>
                            {t('Body')} <code class="tiny">{type}</code>
                        </h3>
                        <Properties document={document} schema={media.schema} />
                    </section>
                ))}
                <section class="stack tight">
                    <h3>{t('Answers')}</h3>
                    {Object.entries(operation.responses).map(([status, raw]) => {
                        const response = resolve(document, raw);
                        const media = Object.entries(response?.content ?? {})[0];
                        return (
                            <details key={status} class="details answer">
                                <summary>
                                    <span class={`chip ${status.startsWith('2') ? 'good' : ''}`}>{status}</span>{' '}
                                    <span lang="en" dir="ltr">
                                        <Marked text={response?.description ?? ''} />
                                    </span>
                                </summary>
                                {media ? <Properties document={document} schema={media[1].schema} /> : null}
                            </details>
                        );
                    })}
                </section>
            </div>
            <div class="operation-side">
                <TryIt key={entry.id} entry={entry} document={document} />
            </div>
        </article>
    );
}
export default function Docs() {
    void language.value;
    usePage(t('API'));
    const loaded = useResource('openapi', async () => {
        const response = await apiFetch(new Request(new URL('/api/openapi.json', location.origin)));
        const body: unknown = await response.json().catch(() => null);
        if (!response.ok) throw toApiError(response, body);
        return body as Document;
    });
    const query = place.value.query;
    const chosen = query.get('operation');
    const [q, setQ] = useState('');
    const document = loaded.data;
    const list = useMemo(() => (document ? entries(document) : []), [document]);
    const entry = list.find(one => one.id === chosen);
    useEffect(() => {
        if (entry) window.document.querySelector('.docs-main')?.scrollIntoView({ block: 'start' });
    }, [chosen]);
    if (!document) return <Pending title={t('API')} error={loaded.error} retry={loaded.reload} />;
    const wanted = q.trim().toLowerCase();
    const fits = (one: Entry): boolean => !wanted || [one.path, one.method, one.operation.summary, one.operation.description ?? '', one.id].join(' ').toLowerCase().includes(wanted);
    const shown = list.filter(fits);
    return (
        <div class="page full">
            <PageHead title={t('API')} lead={t('Everything this page does, your software can do.')}>
                <a class="button" href="/api/openapi.json" download="dripline-openapi.json">
                    OpenAPI 3.1
                </a>
                <a class="button" href="/settings/keys">
                    {t('API keys')}
                </a>
            </PageHead>
            <div class="docs">
                <aside class="docs-list">
                    <SearchField label={t('Search the API')} value={q} onValue={setQ} wait={50} />
                    <nav aria-label={t('Operations')}>
                        <a class={!entry ? 'on' : ''} href="/docs" aria-current={!entry ? 'true' : undefined}>
                            {t('Overview')}
                        </a>
                        {document.tags.map(tag => {
                            const own = shown.filter(one => one.operation.tags[0] === tag.name);
                            if (!own.length) return null;
                            return (
                                <details key={tag.name} open={Boolean(wanted) || own.some(one => one.id === chosen) || undefined}>
                                    <summary lang="en">{tag.name}</summary>
                                    {own.map(one => (
                                        <a key={one.id} href={`/docs?operation=${one.id}`} aria-current={one.id === chosen ? 'true' : undefined} dir="ltr" lang="en">
                                            <span class={`method small ${one.method.toLowerCase()}`}>{one.method}</span>
                                            <span class="truncate">{one.operation.summary}</span>
                                        </a>
                                    ))}
                                </details>
                            );
                        })}
                        {shown.length === 0 ? <p class="muted small">{t('Nothing fits.')}</p> : null}
                    </nav>
                </aside>
                <div class="docs-main card">
                    {entry ? (
                        <OperationView entry={entry} document={document} />
                    ) : chosen ? (
                        <Empty icon="map-pin-off" title={t('This operation does not exist')} actions={<Button onClick={() => setQuery({ operation: null })}>{t('Overview')}</Button>} />
                    ) : (
                        <div class="operation-intro prose">
                            <h2 lang="en">
                                {document.info.title} {document.info.version}
                            </h2>
                            <Prose text={document.info.description} />
                            <Code text={curl({ method: 'GET', url: `${location.origin}/api/sequences`, key: 'sk_YOUR_KEY' })} label={t('Sample')} />
                        </div>
                    )}
                </div>
            </div>
        </div>
    );
}
