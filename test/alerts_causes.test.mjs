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
import { MAY_TELL, alerts, hearAlerts } from './lib/alarms.mjs';
import { makeChannel, makeSequence, startPair, upload } from './lib/drip.mjs';
import { atEnd, run, temporaryFolder, until } from './lib/process.mjs';
import { advance, startServer } from './lib/server.mjs';

const people = (count, first = 4915112000000n) => `phone\n${Array.from({ length: count }, (_, n) => String(first + BigInt(n))).join('\n')}\n`;

test('the clock of the machine goes back', async (t) => {
  const server = await startServer(t, { clock: 'manual', args: MAY_TELL });
  const heard = await hearAlerts(t, server);
  await advance(server, '30d');
  await server.stop();
  server.options.clock = 'system';
  await server.start();
  const alert = await heard.opens('clock_suspect', 'critical');
  assert.equal((await run(['release', '--data', server.data])).code, 0);
  await heard.closes(alert);
});

test('a backup is restored', async (t) => {
  const folder = temporaryFolder(t);
  const server = await startServer(t, { clock: 'manual', args: MAY_TELL });
  const heard = await hearAlerts(t, server);
  assert.equal((await run(['backup', join(folder, 'a.db'), '--data', server.data])).code, 0);
  await server.stop();
  assert.equal((await run(['restore', join(folder, 'a.db'), '--data', server.data])).code, 0);
  await server.start();
  const alert = await heard.opens('sending_fenced', 'critical');
  const ready = await fetch(`${server.base}/readyz`);
  assert.equal(ready.status, 200, 'a fence is no reason to take the pages away');
  assert.equal((await run(['release', '--data', server.data])).code, 0);
  await heard.closes(alert);
});

test('messages leave later than they are due', async (t) => {
  // Slow answers: a fast machine would have sent them all before anybody looks.
  const { server, channel } = await startPair(t, { channel: { messages_per_second: 1 }, faults: { slow_per_mille: 1000, slow_ms: 100 }, args: MAY_TELL });
  const heard = await hearAlerts(t, server);
  const sequence = await makeSequence(server, channel);
  const pause = async (paused) => assert.equal((await server.api('PUT', `/api/channels/${channel.id}`, { paused })).status, 200);
  await pause(true);
  await upload(server, sequence, people(600));
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.due === 600, 'all are planned');
  await advance(server, '20m');
  assert.ok(!(await alerts(server)).some((alert) => alert.kind === 'queue_lag'), 'a pause is no lag');
  await pause(false);
  const alert = await heard.opens('queue_lag', 'warning');
  assert.equal(alert.channel_id, channel.id);
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.due === 0, 'all have left');
  await heard.closes(alert);
});

test('the planner cannot write', async (t) => {
  const { server, channel } = await startPair(t, { args: MAY_TELL });
  const heard = await hearAlerts(t, server);
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, people(3));
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.pending === 0, 'day 1 has left');
  await server.stop();
  const sql = (words) => execFileSync('sqlite3', [join(server.data, 'dripline.db'), words]);
  sql("CREATE TRIGGER stuck BEFORE INSERT ON message BEGIN SELECT raise(ABORT, 'stuck'); END");
  await server.start();
  // The clock waits for the planner, which tries again and again: it is not waited for here.
  server.api('POST', '/api/sandbox/clock', { advance: '4d' }).catch(() => {});
  const alert = await heard.opens('planning_lag', 'warning');
  await server.kill();
  sql('DROP TRIGGER stuck');
  await server.start();
  await heard.closes(alert);
});

test('WhatsApp rates a number RED, then GREEN', async (t) => {
  let quality = 'RED';
  const provider = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: '1000000001', display_phone_number: '+1 555 000 0000', verified_name: 'Shop', quality_rating: quality }));
  });
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  atEnd(t, () => provider.close());
  const server = await startServer(t, { args: MAY_TELL });
  const heard = await hearAlerts(t, server);
  const channel = await makeChannel(server, { base: `http://127.0.0.1:${provider.address().port}`, appSecret: 'x'.repeat(20) });
  const look = async () => assert.equal((await server.api('POST', `/api/channels/${channel.id}/test`)).body.ok, true);
  await look();
  const alert = await heard.opens('channel_quality', 'warning');
  assert.equal(alert.channel_id, channel.id);
  quality = 'GREEN';
  await look();
  await heard.closes(alert);
});

test('an import breaks', async (t) => {
  const { server, channel } = await startPair(t, { args: MAY_TELL });
  const heard = await hearAlerts(t, server);
  const sequence = await makeSequence(server, channel);
  await server.api('PUT', '/api/settings', { sending_paused: true });
  let batch;
  for (let tries = 1; tries <= 3 && batch?.status !== 'failed'; tries++) { // on a busy machine the kill may come when all is done
    const answer = await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, people(200_000, 4915112000000n + 200_000n * BigInt(tries)), { 'content-type': 'text/csv' });
    assert.equal(answer.status, 202, answer.text.slice(0, 300));
    const id = answer.body.batch_id ?? answer.body.id;
    await server.kill();
    for (const name of readdirSync(join(server.data, 'imports'))) rmSync(join(server.data, 'imports', name));
    await server.start();
    batch = await until(async () => {
      const one = (await server.api('GET', `/api/batches/${id}`)).body;
      return ['failed', 'completed'].includes(one.status) && one;
    }, 'the batch ends', 180_000);
  }
  assert.equal(batch.status, 'failed', JSON.stringify(batch));
  const alert = await heard.opens('batch_failed', 'warning');
  assert.equal(alert.batch_id, batch.id);
  assert.equal((await server.api('POST', `/api/alerts/${alert.id}/acknowledge`)).status, 200);
  await heard.closes(alert);
});

test('credentials that the master key does not open, entered anew', async (t) => {
  const { server, simulator, channel } = await startPair(t, { args: MAY_TELL });
  const heard = await hearAlerts(t, server);
  await server.stop();
  execFileSync('sqlite3', [join(server.data, 'dripline.db'), 'UPDATE channel SET secrets = randomblob(length(secrets)) WHERE secrets IS NOT NULL AND provider <> \'simulator\'']);
  await server.start();
  const alert = await heard.opens('master_key', 'critical');
  const answer = await server.api('PUT', `/api/channels/${channel.id}`, { access_token: 'test-access-token', app_secret: simulator.appSecret, verify_token: 'test-verify-token' });
  assert.equal(answer.status, 200, answer.text);
  await heard.closes(alert);
});

test('nobody makes backups', async (t) => {
  const { server } = await startPair(t, { args: MAY_TELL });
  const heard = await hearAlerts(t, server);
  await advance(server, '13d');
  assert.ok(!(await alerts(server)).some((alert) => alert.kind === 'backup_old'));
  await advance(server, '2d');
  const alert = await heard.opens('backup_old', 'warning');
  const made = await run(['backup', join(temporaryFolder(t), 'b.db'), '--data', server.data]);
  assert.equal(made.code, 0, made.stderr);
  await heard.closes(alert);
  const exported = await run(['export', join(temporaryFolder(t), 'out'), '--data', server.data]);
  assert.equal(exported.code, 0, exported.stderr);
  const words = (await server.api('GET', '/api/audit')).body.data.map((line) => line.action);
  assert.ok(words.includes('backup') && words.includes('export'), words.join(' '));
});

test('the receiver of a webhook fails for a day, for five days, and says that it is gone', async (t) => {
  const server = await startServer(t, { clock: 'manual', args: MAY_TELL });
  const heard = await hearAlerts(t, server);
  const receiver = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(request.url === '/gone' ? 410 : 500).end());
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  atEnd(t, () => receiver.close());
  const hooks = {};
  for (const path of ['failing', 'gone']) {
    hooks[path] = (await server.api('POST', '/api/webhooks', { url: `http://127.0.0.1:${receiver.address().port}/${path}`, events: ['alert.opened'], ...(path === 'gone' ? { description: 'To the shop' } : {}) })).body;
    assert.equal((await server.api('POST', `/api/webhooks/${hooks[path].id}/test`)).status, 202);
  }
  const gone = await heard.opens('webhook_disabled', 'warning');
  assert.equal(gone.title, 'The webhook "To the shop" was switched off');
  assert.match(gone.advice, /410/);
  await advance(server, '25h');
  const failing = await heard.opens('webhook_failing', 'warning');
  assert.equal(failing.title, `The receiver of webhook "127.0.0.1:${receiver.address().port}" fails`); // no description: where it goes
  for (let day = 0; day < 5; day++) await advance(server, '1d');
  assert.equal((await server.api('POST', `/api/webhooks/${hooks.failing.id}/test`)).status, 202);
  await until(async () => (await alerts(server)).filter((alert) => alert.kind === 'webhook_disabled').length === 2, 'both are off');
  await heard.closes(failing);
  assert.equal((await server.api('DELETE', `/api/webhooks/${hooks.gone.id}`)).status, 204);
  assert.equal((await server.api('PUT', `/api/webhooks/${hooks.failing.id}`, { status: 'active' })).status, 200);
  await until(async () => !(await alerts(server)).some((alert) => alert.kind === 'webhook_disabled'), 'put right');
  await heard.closes(gone);
});
