// N messages (default 100,000) due at once, sent to the fake WhatsApp in another process with full
// durability; then the same with sent, delivered and read webhooks coming back for each. The yardstick
// is a bare HTTP client, wrk, that posts as many messages as it can to the same fake: no queue, no rows,
// no texts, nothing kept.
//
//   apt-get install wrk && node bench/bench_send.mjs [messages]
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, until } from '../test/lib/process.mjs';
import { startPair } from '../test/lib/drip.mjs';
import { draftWithPeople } from './fill.mjs';
import { processFigures, report, withCleanup } from './lib.mjs';

const count = Number(process.argv[2] ?? 100_000);
const WEBHOOK_P99_MS = 50;

/** Within how many ms the server answered 99 of 100 status webhooks: its own histogram, evenly filled between two edges. */
async function webhookP99(server) {
  const { text } = await server.api('GET', '/metrics');
  const buckets = [...text.matchAll(/^dripline_http_request_duration_seconds_bucket\{[^}]*whatsapp[^}]*le="([^"]+)"[^}]*\} (\d+)$/gim)].map(([, edge, sum]) => [Number(edge.replace('+Inf', 'Infinity')), Number(sum)]);
  const wanted = (buckets.at(-1)?.[1] ?? 0) * 0.99;
  const at = buckets.findIndex(([, sum]) => sum >= wanted);
  if (wanted === 0 || !Number.isFinite(buckets[at][0])) return NaN;
  const [below, before] = at === 0 ? [0, 0] : buckets[at - 1];
  const [edge, sum] = buckets[at];
  return (below + ((edge - below) * (wanted - before)) / (sum - before)) * 1000;
}

/** Messages a second that wrk brings to the same fake, and its share of a CPU; NaN without wrk. */
function bareClient(t, simulator) {
  if (!existsSync('/usr/bin/wrk')) return NaN;
  const script = join(temporaryFolder(t), 'post.lua');
  // One number after the other: the fake refuses too many for one, as the real service does.
  const body = JSON.stringify({ messaging_product: 'whatsapp', recipient_type: 'individual', to: '91#', type: 'template', template: { name: 'hello', language: { code: 'en' }, components: [{ type: 'body', parameters: [{ type: 'text', text: 'Asha' }] }] } });
  writeFileSync(script, `local n = 9600000000
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer test-access-token"
function request()
  n = n + 1
  return wrk.format("POST", nil, nil, (string.gsub([[${body}]], "#", string.format("%d", n))))
end
`);
  const out = execFileSync('wrk', ['-t', '1', '-c', '64', '-d', '5s', '-s', script, `${simulator.base}/v23.0/1000000001/messages`], { encoding: 'utf8' });
  if (/Non-2xx/.test(out)) throw new Error(out);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(out)[1]);
}

async function measure(t, { webhooks, budget }) {
  const { server, simulator, channel } = await startPair(t, {
    clock: 'system', faults: webhooks ? { webhook_delay_ms: 0, webhook_batch: 20 } : { webhooks: 'none' }, channel: { messages_per_second: 100_000 },
  });
  const sequence = await draftWithPeople(server, channel, count);
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
  const bare = webhooks ? NaN : bareClient(t, simulator);
  const against = Number.isNaN(bare) ? {} : { yardstick: `wrk ${bare.toFixed(0)}`, ratio: rate / bare };
  report(webhooks ? 'due → read by webhooks' : 'due → sent', Math.round(rate), { unit: 'messages/s', ...against, budget: `≥ ${budget}`, met: rate >= budget });
  report('CPU of the server per message', ((cpu / count) * 1e6).toFixed(0), { unit: 'µs' });
  if (webhooks) {
    const p99 = await webhookP99(server);
    report('a status webhook is answered within, p99', p99.toFixed(0), { unit: 'ms', budget: `≤ ${WEBHOOK_P99_MS}`, met: p99 <= WEBHOOK_P99_MS });
  }
  console.log(JSON.stringify(stats.totals));
  await server.stop();
}

await withCleanup((t) => measure(t, { webhooks: false, budget: 10_000 }));
await withCleanup((t) => measure(t, { webhooks: true, budget: 4_000 }));
