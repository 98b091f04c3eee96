/* A pasted list, one person per line, judged while typing. */
import { useEffect, useState } from 'preact/hooks';
import { ApiError, send, type Sequence } from '../../core/api';
import * as format from '../../core/format';
import { plural, t } from '../../core/i18n';
import { countPaste } from '../../core/paste';
import { Button, Card, Failure, Field, useWork } from '../../ui/parts';
import { CountryField } from './country';
import { Counts, enrollWords, freshIn, Rows, tellEnrolled, type Result } from './verdicts';

export function Paste({ sequence, onBatch }: { sequence: Sequence; onBatch: (id: string) => void }) {
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
    return (
        <Card
            foot={
                <Button
                    kind="primary"
                    icon="user-plus"
                    busy={busy}
                    disabled={freshIn(result) === 0}
                    onClick={() =>
                        run(async () => {
                            const answer = await send('POST', path, { country: country || undefined }, text, 'text/plain');
                            setText('');
                            tellEnrolled(answer, onBatch);
                        })
                    }
                >
                    {enrollWords(result)}
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
