// Many live pages at once: N clients (default 3,000) hold GET /api/events open while 10,000 messages
// are sent to the fake WhatsApp. Prints what a client costs (CPU, memory), whether sending is slower
// with clients than without, how late the news is, whether a reader that reads nothing is cut, and
// whether a replay by Last-Event-ID gives what was missed.
//
//   node bench/bench_events.mjs [clients] [messages]
import { connect } from 'node:net';
import { makeSequence, startPair } from '../test/lib/drip.mjs';
import { until } from '../test/lib/process.mjs';
import { processFigures, report, withCleanup } from './lib.mjs';

const clients = Number(process.argv[2] ?? 3000);
const count = Number(process.argv[3] ?? 10_000);

/** One live page: a bare socket that counts what comes. `reads: false` takes nothing in. */
function openPage(server, { reads = true, lastEventId } = {}) {
  const page = { bytes: 0, events: 0, lastId: 0, open: true, text: '', queueAt: 0 };
  page.socket = connect(server.port, '127.0.0.1', () => {
    page.socket.write(`GET /api/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${server.key}\r\n${lastEventId ? `Last-Event-ID: ${lastEventId}\r\n` : ''}\r\n`);
    if (!reads) page.socket.pause();
  });
  page.ready = new Promise((resolve, reject) => {
    page.socket.once('error', reject);
    page.socket.once('data', (part) => (part.toString('latin1').startsWith('HTTP/1.1 200') ? resolve() : reject(new Error(part.toString('latin1').slice(0, 300)))));
    if (!reads) page.socket.once('connect', resolve);
  });
  page.socket.on('data', (part) => {
    page.bytes += part.length;
    // The newest id only: reading all would cost this process more than it costs the server.
    const at = part.lastIndexOf('\nid: ') + 1 || part.indexOf('id: ');
    if (at >= 0) {
      page.events++;
      page.lastId = parseInt(part.toString('latin1', at + 4, at + 24), 10) || page.lastId;
    }
  });
  page.socket.on('error', () => {});
  page.socket.on('close', () => (page.open = false));
  return page;
}

async function openPages(server, n) {
  const pages = [];
  while (pages.length < n) {
    const some = Array.from({ length: Math.min(200, n - pages.length) }, () => openPage(server));
    pages.push(...some);
    await Promise.all(some.map((page) => page.ready));
  }
  return pages;
}

/** Sends `count` messages and says how fast and at what cost. */
async function send(server, channel, first) {
  const sequence = await makeSequence(server, channel);
  await server.api('PUT', '/api/settings', { sending_paused: true });
  const lines = Array.from({ length: count }, (_, n) => `+9198${String(first + n).padStart(8, '0')}`);
  const made = await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, `phone\n${lines.join('\n')}\n`, { 'content-type': 'text/csv' });
  if (made.status >= 300) throw new Error(made.text);
  const id = made.body.id ?? made.body.batch_id;
  await until(async () => (await server.api('GET', `/api/batches/${id}`)).body.status === 'completed', 'enrolled', 120_000, 100);
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.due >= count, 'planned', 120_000, 100);
  const cpu = processFigures(server.daemon.pid).cpuSeconds;
  const started = performance.now();
  await server.api('PUT', '/api/settings', { sending_paused: false });
  await until(async () => (await server.api('GET', `/api/sequences/${sequence.id}/stats`)).body.totals?.sent >= count, 'all are sent', 240_000, 50);
  const seconds = (performance.now() - started) / 1000;
  return { rate: count / seconds, cpu: processFigures(server.daemon.pid).cpuSeconds - cpu, ended: performance.now() };
}

await withCleanup(async (t) => {
  const room = String(2 * clients + 1000);
  const { server, channel } = await startPair(t, { clock: 'system', faults: { webhooks: 'none' }, channel: { messages_per_second: 100_000 }, args: ['--connections', room, '--connections-per-address', room, '--rate-limit', '0'] });
  await send(server, channel, 0); // warm
  const alone = await send(server, channel, 1_000_000);
  report('sending without clients', Math.round(alone.rate), { unit: 'messages/s' });
  const before = processFigures(server.daemon.pid);
  const pages = await openPages(server, clients);
  const lazy = openPage(server, { reads: false });
  await lazy.ready;
  const held = processFigures(server.daemon.pid);
  report('memory of a client', ((held.residentMiB - before.residentMiB) * 1024 / clients).toFixed(1), { unit: 'KiB', budget: '≤ 64', met: (held.residentMiB - before.residentMiB) * 1024 / clients <= 64 });
  const crowded = await send(server, channel, 2_000_000);
  const share = crowded.rate / alone.rate;
  report(`sending with ${clients} clients`, Math.round(crowded.rate), { unit: 'messages/s', yardstick: Math.round(alone.rate), ratio: share, budget: '≥ 0.70', met: share >= 0.7 });
  report('CPU of the server with clients', crowded.cpu.toFixed(2), { unit: 's', yardstick: alone.cpu.toFixed(2), ratio: crowded.cpu / alone.cpu, budget: '≤ 2.00', met: crowded.cpu <= 2 * alone.cpu });
  report('CPU of a client during it', ((crowded.cpu - alone.cpu) / clients * 1e6).toFixed(0), { unit: 'µs' });
  const newest = Number((await server.api('GET', '/metrics')).text.match(/^dripline_event_newest_id (\d+)/m)?.[1] ?? 0) || Math.max(...pages.map((page) => page.lastId));
  await until(() => pages.every((page) => page.lastId >= newest), 'everybody is up to date', 60_000);
  report('the last client is up to date after', Math.round(performance.now() - crowded.ended), { unit: 'ms' });
  report('bytes to a client', Math.round(pages.reduce((sum, page) => sum + page.bytes, 0) / clients), { unit: 'bytes', budget: `≤ ${20 * count}`, met: pages[0].bytes <= 20 * count });
  report('clients that were lost', pages.filter((page) => !page.open).length, { unit: '', budget: '0', met: pages.every((page) => page.open) });
  const idle = processFigures(server.daemon.pid).cpuSeconds;
  await new Promise((resolve) => setTimeout(resolve, 5000));
  report(`CPU of ${clients} idle clients`, ((processFigures(server.daemon.pid).cpuSeconds - idle) / 5 * 100).toFixed(1), { unit: '% of a core' });
  // A replay gives what was missed, up to now.
  const again = openPage(server, { lastEventId: newest - 20 });
  await again.ready;
  await until(() => again.lastId >= newest, 'the replay ends', 30_000);
  report('replay by Last-Event-ID', again.events, { unit: 'events', budget: '≥ 1', met: again.events >= 1 });
  // Nothing is kept without end for a reader that reads nothing.
  report('memory at the end', Math.round(processFigures(server.daemon.pid).residentMiB), { unit: 'MiB', yardstick: Math.round(held.residentMiB) });
  for (const page of [...pages, lazy, again]) page.socket.destroy();
  await server.stop();
});
