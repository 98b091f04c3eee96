// Dashboard, lists and pages over many messages (default 10,000,000 of 2,000,000 people): each must
// answer in 10 ms. Figures are whole HTTP answers from a server on the same machine, the median of
// ten after one to warm up, and the first one (cold) in brackets. Then a table of all people as CSV.
//
//   node bench/bench_lists.mjs [messages]
import { fillData } from './fill.mjs';
import { processFigures, report, withCleanup } from './lib.mjs';
import { startServer } from '../test/lib/server.mjs';

const messages = Number(process.argv[2] ?? 10_000_000);
const BUDGET_MS = 10;

await withCleanup(async (t) => {
  const filled = await fillData(t, { people: Math.ceil(messages / 5), steps: 5 });
  const server = await startServer(t, { data: filled.data, key: filled.key, verify: false });
  const { id } = filled.sequence;
  const step = filled.sequence.messages[2].id;
  const middle = Math.floor(filled.people / 2);
  const phone = 919_000_000_000 + middle;
  const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString();
  const pages = [
    '/api/stats/overview', '/api/stats/forecast', `/api/stats/timeseries?from=${day(-30)}&to=${day(0)}`,
    '/api/sequences', `/api/sequences/${id}`, `/api/sequences/${id}/stats`, `/api/sequences/${id}/cohorts`, `/api/sequences/${id}/cohorts?from=${day(-89)}&timezone=Asia/Kolkata`, `/api/stats/forecast?days=90`, `/api/stats/timeseries?from=${day(-30)}&to=${day(0)}&interval=hour`, `/api/sequences/${id}/enrollments`,
    `/api/sequences/${id}/enrollments?status=completed`, `/api/sequences/${id}/enrollments?q=${phone}`, `/api/sequences/${id}/enrollments?q=${String(phone).slice(0, 8)}`, `/api/sequences/${id}/enrollments?q=person%20${middle}`, `/api/sequences/${id}/enrollments?count=true`,
    `/api/enrollments/enroll_${middle}`, `/api/enrollments/enroll_${middle}/explain`, `/api/messages/msg_${middle}`,
    `/api/contacts?q=${phone}`, `/api/contacts?q=${String(phone).slice(0, 8)}`, `/api/contacts?q=Person%20${middle}`, `/api/contacts/${phone}`,
    '/api/queue', '/api/queue/stats', '/api/queue?status=failed', `/api/queue?status=failed&step_id=${step}`, `/api/queue?status=failed&sequence_id=${id}`,
    '/api/queue?status=unknown', '/api/queue?status=in_doubt', '/api/queue?status=held', '/api/queue?status=pending', '/api/queue?status=sending',
    `/api/queue?status=failed&from=${day(-2)}&to=${day(-1)}`, `/api/queue?status=failed&phone=${phone}`, '/api/queue?status=sent', '/api/queue?status=skipped',
    '/api/opt-outs', '/api/events?limit=100', '/api/batches', '/api/alerts', '/api/audit', '/metrics',
  ];
  let worst = 0;
  for (const page of pages) {
    const times = [];
    for (let i = 0; i < 11; i++) {
      const started = performance.now();
      const answer = await server.api('GET', page);
      times.push(performance.now() - started);
      if (answer.status !== 200) {
        console.log(`${page}: ${answer.status} ${answer.text.slice(0, 160)}`);
        break;
      }
    }
    if (times.length < 11) continue;
    const [cold, ...warm] = times;
    const median = warm.sort((a, b) => a - b)[Math.floor(warm.length / 2)];
    worst = Math.max(worst, median);
    console.log(`${median > BUDGET_MS ? 'SLOW ' : '     '}${median.toFixed(1).padStart(8)} ms (${cold.toFixed(1)}) ${page}`);
  }
  // A whole table as a file: rows come from their place in the index, whatever the length.
  const started = performance.now();
  const cpu = processFigures(server.daemon.pid).cpuSeconds;
  const table = await fetch(`${server.base}/api/sequences/${id}/enrollments?format=csv`, { headers: { authorization: `Bearer ${filled.key}` } });
  let bytes = 0;
  for await (const part of table.body) bytes += part.length;
  const figures = processFigures(server.daemon.pid);
  report(`table of ${filled.people} people as CSV, ${Math.round(bytes / 2 ** 20)} MiB`, ((performance.now() - started) / 1000).toFixed(1), { unit: 's' });
  report('CPU of the server a row of it', ((figures.cpuSeconds - cpu) / filled.people * 1e6).toFixed(1), { unit: 'µs' });
  report('peak memory of the server', figures.peakMiB.toFixed(0), { unit: 'MiB' });
  report(`slowest of ${pages.length} pages over ${messages} messages`, worst.toFixed(1), { unit: 'ms', budget: `≤ ${BUDGET_MS}`, met: worst <= BUDGET_MS });
  await server.stop();
});
