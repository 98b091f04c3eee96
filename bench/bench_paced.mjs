// 1,000 messages a second on one channel for a minute, each with sent, delivered and read webhooks
// coming back (about 3,000 statuses a second, one or a few a post): how late each message leaves
// against the even pace, and what the server needs of one core.
//
//   node bench/bench_paced.mjs [seconds]
import { readFileSync } from 'node:fs';
import { draftWithPeople } from './fill.mjs';
import { percentile, processFigures, report, withCleanup } from './lib.mjs';
import { startPair } from '../test/lib/drip.mjs';
import { until } from '../test/lib/process.mjs';

const seconds = Number(process.argv[2] ?? 60);
const RATE = 1000;
const count = RATE * seconds;

await withCleanup(async (t) => {
  // The sender keeps to 95 % of what a channel allows, so that bursts stay below it.
  const { server, simulator, channel } = await startPair(t, {
    clock: 'system', faults: { webhook_delay_ms: [0, 50], webhook_batch: 1 }, channel: { messages_per_second: Math.ceil(RATE / 0.95) },
  });
  const sequence = await draftWithPeople(server, channel, count);
  const before = processFigures(server.daemon.pid).cpuSeconds;
  const started = performance.now();
  await server.api('PUT', `/api/sequences/${sequence.id}?force=true`, { status: 'active' });
  await until(async () => (await server.api('GET', `/api/sequences/${sequence.id}/stats`)).body.totals.read >= count, 'all read', 240_000, 1000);
  const took = (performance.now() - started) / 1000;
  const cores = (processFigures(server.daemon.pid).cpuSeconds - before) / took;
  await server.stop();
  // The n-th message belongs n milliseconds after the first; a first second to get going is left out.
  const times = readFileSync(simulator.ledger, 'utf8').split('\n').filter((line) => line.endsWith('}')).map((line) => JSON.parse(line).at_ms).sort((a, b) => a - b).slice(RATE);
  const late = times.map((at, i) => Math.max(0, at - times[0] - (i * 1000) / RATE));
  const p99 = percentile(late, 0.99);
  report(`lateness of ${times.length} messages at ${RATE}/s, p99`, p99.toFixed(0), { unit: 'ms', budget: '≤ 250', met: p99 <= 250 });
  report('messages sent', (times.length / ((times.at(-1) - times[0]) / 1000)).toFixed(0), { unit: '/s' });
  report('cores the server needed', cores.toFixed(2), { unit: 'cores', budget: '< 1', met: cores < 1 });
});
