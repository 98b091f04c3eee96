/* Names that several pages use: of all sequences, for filters and for lines that know only an id, and of periods. */
import { api, call, type SequenceSummary } from '../core/api';
import { t } from '../core/i18n';
import { useResource } from './resource';

export function useSequenceNames(): { list: SequenceSummary[]; names: Map<string, string> } {
    const sequences = useResource('sequence names', () => call(api.GET('/api/sequences', { params: { query: { limit: 200, sort: 'name' } } })), { on: ['sequence'] });
    const list = sequences.data?.data ?? [];
    return { list, names: new Map(list.map(one => [one.id, one.name])) };
}

/* The periods that results are looked at over, in days. */
export const dayPeriods = (): (readonly ['7' | '30' | '90', string])[] => [
    ['7', t('7 days')],
    ['30', t('30 days')],
    ['90', t('90 days')],
];
