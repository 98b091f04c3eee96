// More causes of alerts, each made to happen from outside and ended again: the clock, a restored
// backup, a slow queue, a planner that cannot write, a bad rating, an import that breaks, credentials
// that do not open, an old backup, receivers of webhooks that fail.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeChannel, makeSequence, startPair, upload } from './lib/drip.mjs';
import { run, temporaryFolder, until } from './lib/process.mjs';
import { advance, startServer } from './lib/server.mjs';

const alerts = async (server, status = 'open') => (await server.api('GET', `/api/alerts?status=${status}`)).body.data;
const opened = (server, kind) => until(async () => (await alerts(server)).find((alert) => alert.kind === kind), `${kind} opens`);
const closed = (server, kind) => until(async () => {
  const open = (await alerts(server)).find((alert) => alert.kind === kind);
  return !open && (await alerts(server, 'closed')).find((alert) => alert.kind === kind);
}, `${kind} closes`);
const people = (count, first = 4915112000000n) => `phone\n${Array.from({ length: count }, (_, n) => String(first + BigInt(n))).join('\n')}\n`;

function sound(alert, severity) {
  assert.equal(alert.severity, severity);
  assert.ok(alert.title.length > 10 && alert.advice.length > 20 && alert.link.startsWith('/'), JSON.stringify(alert));
  assert.match(alert.since, /^\d{4}-/);
  assert.equal(alert.closed_at, null);
}
async function opensOnce(server, kind, severity) {
  const alert = await opened(server, kind);
  sound(alert, severity);
  assert.equal((await alerts(server)).filter((one) => one.cause === alert.cause).length, 1, 'one alert per cause');
  return alert;
}

test('the clock of the machine goes back', async (t) => {
  const server = await startServer(t, { clock: 'manual' });
  await advance(server, '30d');
  await server.stop();
  server.options.clock = 'system';
  await server.start();
  await opensOnce(server, 'clock_suspect', 'critical');
  assert.equal((await run(['release', '--data', server.data])).code, 0);
  await closed(server, 'clock_suspect');
});

test('a backup is restored', async (t) => {
  const folder = temporaryFolder(t);
  const server = await startServer(t, { clock: 'manual' });
  assert.equal((await run(['backup', join(folder, 'a.db'), '--data', server.data])).code, 0);
  await server.stop();
  assert.equal((await run(['restore', join(folder, 'a.db'), '--data', server.data])).code, 0);
  await server.start();
  await opensOnce(server, 'sending_fenced', 'critical');
  const ready = await fetch(`${server.base}/readyz`);
  assert.equal(ready.status, 200, 'a fence is no reason to take the pages away');
  assert.equal((await run(['release', '--data', server.data])).code, 0);
  await closed(server, 'sending_fenced');
});

test('messages leave later than they are due', async (t) => {
  const { server, channel } = await startPair(t, { channel: { messages_per_second: 1 } });
  const sequence = await makeSequence(server, channel);
  const pause = async (paused) => assert.equal((await server.api('PUT', `/api/channels/${channel.id}`, { paused })).status, 200);
  await pause(true);
  await upload(server, sequence, people(3000));
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.due === 3000, 'all are planned');
  await advance(server, '20m');
  assert.ok(!(await alerts(server)).some((alert) => alert.kind === 'queue_lag'), 'a pause is no lag');
  await pause(false);
  const alert = await opensOnce(server, 'queue_lag', 'warning');
  assert.equal(alert.channel_id, channel.id);
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.due === 0, 'all have left');
  await closed(server, 'queue_lag');
});

test('the planner cannot write', async (t) => {
  const { server, channel } = await startPair(t);
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, people(3));
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.pending === 0, 'day 1 has left');
  await server.stop();
  const sql = (words) => execFileSync('sqlite3', [join(server.data, 'dripline.db'), words]);
  sql("CREATE TRIGGER stuck BEFORE INSERT ON message BEGIN SELECT raise(ABORT, 'stuck'); END");
  await server.start();
  // The clock waits for the planner, which tries again and again: it is not waited for here.
  server.api('POST', '/api/sandbox/clock', { advance: '4d' }).catch(() => {});
  await opensOnce(server, 'planning_lag', 'warning');
  await server.kill();
  sql('DROP TRIGGER stuck');
  await server.start();
  await closed(server, 'planning_lag');
});

test('WhatsApp rates a number RED, then GREEN', async (t) => {
  let quality = 'RED';
  const provider = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: '1000000001', display_phone_number: '+1 555 000 0000', verified_name: 'Shop', quality_rating: quality }));
  });
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  t.after(() => provider.close());
  const server = await startServer(t);
  const channel = await makeChannel(server, { base: `http://127.0.0.1:${provider.address().port}`, appSecret: 'x'.repeat(20) });
  const look = async () => assert.equal((await server.api('POST', `/api/channels/${channel.id}/test`)).body.ok, true);
  await look();
  const alert = await opensOnce(server, 'channel_quality', 'warning');
  assert.equal(alert.channel_id, channel.id);
  quality = 'GREEN';
  await look();
  await closed(server, 'channel_quality');
});

test('an import breaks', async (t) => {
  const { server, channel } = await startPair(t);
  const sequence = await makeSequence(server, channel);
  await server.api('PUT', '/api/settings', { sending_paused: true });
  const answer = await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, people(200_000), { 'content-type': 'text/csv' });
  assert.equal(answer.status, 202, answer.text.slice(0, 300));
  const id = answer.body.batch_id ?? answer.body.id;
  await server.kill();
  for (const name of readdirSync(join(server.data, 'imports'))) rmSync(join(server.data, 'imports', name));
  await server.start();
  const batch = await until(async () => {
    const one = (await server.api('GET', `/api/batches/${id}`)).body;
    return ['failed', 'completed'].includes(one.status) && one;
  }, 'the batch ends', 180_000);
  assert.equal(batch.status, 'failed', JSON.stringify(batch));
  const alert = await opensOnce(server, 'batch_failed', 'warning');
  assert.equal(alert.batch_id, id);
  assert.equal((await server.api('POST', `/api/alerts/${alert.id}/acknowledge`)).status, 200);
  await closed(server, 'batch_failed');
});

test('credentials that the master key does not open, entered anew', async (t) => {
  const { server, simulator, channel } = await startPair(t);
  await server.stop();
  execFileSync('sqlite3', [join(server.data, 'dripline.db'), 'UPDATE channel SET secrets = randomblob(length(secrets)) WHERE secrets IS NOT NULL AND provider <> \'simulator\'']);
  await server.start();
  await opensOnce(server, 'master_key', 'critical');
  const answer = await server.api('PUT', `/api/channels/${channel.id}`, { access_token: 'test-access-token', app_secret: simulator.appSecret, verify_token: 'test-verify-token' });
  assert.equal(answer.status, 200, answer.text);
  await closed(server, 'master_key');
});

test('nobody makes backups', async (t) => {
  const { server } = await startPair(t);
  await advance(server, '13d');
  assert.ok(!(await alerts(server)).some((alert) => alert.kind === 'backup_old'));
  await advance(server, '2d');
  await opensOnce(server, 'backup_old', 'warning');
  const made = await run(['backup', join(temporaryFolder(t), 'b.db'), '--data', server.data]);
  assert.equal(made.code, 0, made.stderr);
  await closed(server, 'backup_old');
  const exported = await run(['export', join(temporaryFolder(t), 'out'), '--data', server.data]);
  assert.equal(exported.code, 0, exported.stderr);
  const words = (await server.api('GET', '/api/audit')).body.data.map((line) => line.action);
  assert.ok(words.includes('backup') && words.includes('export'), words.join(' '));
});

test('the receiver of a webhook fails for a day, for five days, and says that it is gone', async (t) => {
  const server = await startServer(t, { clock: 'manual', args: ['--webhooks-allow-local', 'yes'] });
  const receiver = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(request.url === '/gone' ? 410 : 500).end());
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  t.after(() => receiver.close());
  const hooks = {};
  for (const path of ['failing', 'gone']) {
    hooks[path] = (await server.api('POST', '/api/webhooks', { url: `http://127.0.0.1:${receiver.address().port}/${path}`, events: ['alert.opened'] })).body;
    assert.equal((await server.api('POST', `/api/webhooks/${hooks[path].id}/test`)).status, 202);
  }
  const gone = await opensOnce(server, 'webhook_disabled', 'warning');
  assert.ok(gone.title.includes(hooks.gone.id) && /410/.test(gone.advice));
  await advance(server, '25h');
  const failing = await opensOnce(server, 'webhook_failing', 'warning');
  assert.ok(failing.title.includes(hooks.failing.id));
  for (let day = 0; day < 5; day++) await advance(server, '1d');
  assert.equal((await server.api('POST', `/api/webhooks/${hooks.failing.id}/test`)).status, 202);
  await until(async () => (await alerts(server)).filter((alert) => alert.kind === 'webhook_disabled').length === 2, 'both are off');
  await closed(server, 'webhook_failing');
  assert.equal((await server.api('DELETE', `/api/webhooks/${hooks.gone.id}`)).status, 204);
  assert.equal((await server.api('PUT', `/api/webhooks/${hooks.failing.id}`, { status: 'active' })).status, 200);
  await until(async () => !(await alerts(server)).some((alert) => alert.kind === 'webhook_disabled'), 'put right');
});
