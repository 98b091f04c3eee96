/* What happens, or happened, to each row of a list: counted, and row by row. */
import type { Batch, Schemas } from '../../core/api';
import * as format from '../../core/format';
import { plural, t } from '../../core/i18n';
import { said } from '../../core/said';
import { Phone, toast } from '../../ui/parts';
import { VerdictState } from '../../ui/status';
import { figures, Table } from '../../ui/table';

export type Result = Schemas['BulkEnrollResult'];
type Verdict = Schemas['Verdict'];
const VERDICTS: Verdict[] = ['enrolled', 'restarted', 'already_active', 'already_completed', 'duplicate_in_file', 'opted_out', 'invalid_phone', 'invalid_row'];

export function Counts({ counts, total }: { counts: Schemas['VerdictCounts']; total: number | null }) {
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
export function Rows({ rows }: { rows: Schemas['RowVerdict'][] }) {
    return (
        <Table columns={[figures(t('Row')), t('As written'), { label: t('Number'), class: 'wide-only' }, { label: t('Name'), class: 'wide-only' }, t('Result')]}>
            {rows.map((row, index) => (
                <tr key={`${row.row} ${index}`}>
                    <td class="end muted">{format.number(row.row)}</td>
                    <td>
                        <bdi class="truncate cell-narrow">{row.input}</bdi>
                    </td>
                    <td class="wide-only">{row.phone ? <Phone digits={row.phone} /> : <span class="muted">–</span>}</td>
                    <td class="wide-only">
                        <bdi class="truncate cell-narrow">{row.name ?? ''}</bdi>
                    </td>
                    <td>
                        <VerdictState verdict={row.verdict} />
                        {row.verdict.startsWith('invalid') || row.verdict === 'opted_out' ? <div class="sub">{said(row.message)}</div> : null}
                    </td>
                </tr>
            ))}
        </Table>
    );
}
/* How many would come in, and what the button for it says. */
export function freshIn(result: Result | null): number {
    return result ? result.counts.enrolled + result.counts.restarted : 0;
}
export function enrollWords(result: Result | null): string {
    const fresh = freshIn(result);
    return fresh ? plural('Enroll {n} person', 'Enroll {n} people', fresh, format.number(fresh)) : t('Enroll');
}
/* A list was sent: a short one is done at once, a long one goes on as a batch. */
export function tellEnrolled(answer: { status: number; data: unknown }, onBatch: (id: string) => void): void {
    if (answer.status === 202) {
        onBatch((answer.data as Batch).id);
        return;
    }
    const done = answer.data as Result;
    const fresh = freshIn(done);
    toast(plural('{n} person enrolled.', '{n} people enrolled.', fresh, format.number(fresh)));
    if (done.batch_id) onBatch(done.batch_id);
}
