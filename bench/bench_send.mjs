// N messages (default 100,000) due at once, sent to the fake WhatsApp in another process with full
// durability; then the same with sent, delivered and read webhooks coming back for each.
//
//   node bench/bench_send.mjs [messages]
import { until } from '../test/lib/process.mjs';
import { startPair } from '../test/lib/drip.mjs';
import { processFigures, report } from './lib.mjs';

const count = Number(process.argv[2] ?? 100_000);

// The harness hands over what ends its processes and folders: it is done even when a run throws.
async function runOnce(options) {
  const cleanup = [];
  try {
    await measure({ after: (f) => cleanup.push(f) }, options);
  } finally {
    for (const f of cleanup.reverse()) await f();
  }
}

async function measure(t, { webhooks, budget }) {
  const { server, channel } = await startPair(t, {
    clock: 'system', faults: webhooks ? { webhook_delay_ms: 0, webhook_batch: 20 } : { webhooks: 'none' }, channel: { messages_per_second: 100_000 },
  });
  const sequence = (await server.api('POST', '/api/sequences', {
    name: 'Bench', status: 'draft', channel_id: channel.id, messages: [{ day: 1, type: 'template', template: { name: 'hello', language: 'en', body: ['{name}'] } }],
  })).body;
  let lines = 'phone,name\n';
  for (let i = 0; i < count; i++) lines += `+9198${String(i).padStart(8, '0')},Person ${i}\n`;
  const batch = await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, lines, { 'content-type': 'text/csv' });
  if (batch.status >= 300) throw new Error(batch.text);
  const id = batch.body.id ?? batch.body.batch?.id;
  if (id) await until(async () => (await server.api('GET', `/api/batches/${id}`)).body.status === 'completed', 'enrolled', 120_000, 50);
  const cpuBefore = processFigures(server.daemon.pid).cpuSeconds;
  const started = performance.now();
  const activated = await server.api('PUT', `/api/sequences/${sequence.id}?force=true`, { status: 'active' });
  if (activated.status !== 200) throw new Error(activated.text);
  const wanted = webhooks ? 'read' : 'sent';
  const stats = await until(async () => {
    const now = (await server.api('GET', `/api/sequences/${sequence.id}/stats`)).body;
    return now.totals?.[wanted] >= count && now;
  }, `all ${wanted}`, 240_000, 200);
  const seconds = (performance.now() - started) / 1000;
  const cpu = processFigures(server.daemon.pid).cpuSeconds - cpuBefore;
  const rate = count / seconds;
  report(webhooks ? 'due → read by webhooks' : 'due → sent', Math.round(rate), { unit: 'messages/s', budget: `≥ ${budget}`, met: rate >= budget });
  report('CPU of the server per message', ((cpu / count) * 1e6).toFixed(0), { unit: 'µs' });
  console.log(JSON.stringify(stats.totals));
  await server.stop();
}

await runOnce({ webhooks: false, budget: 10_000 });
await runOnce({ webhooks: true, budget: 4_000 });
