/* The names of all sequences, for filters and for lines that know only an id. */
import { api, call, type SequenceSummary } from '../core/api';
import { useResource } from './resource';

export function useSequenceNames(): { list: SequenceSummary[]; names: Map<string, string> } {
    const sequences = useResource('sequence names', () => call(api.GET('/api/sequences', { params: { query: { limit: 200, sort: 'name' } } })), { on: ['sequence'] });
    const list = sequences.data?.data ?? [];
    return { list, names: new Map(list.map(one => [one.id, one.name])) };
}
