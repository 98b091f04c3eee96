// Outgoing webhooks of a whole run: a thousand people, receivers that fail, hang and go away, and a
// server that is killed in between; events that wait for a receiver; webhooks without a server.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSequence, START, startPair, upload } from './lib/drip.mjs';
import { run, until } from './lib/process.mjs';
import { advance, csv, deliveries, listen, ping, read, settled, subscribe } from './lib/receiver.mjs';
import { startServer } from './lib/server.mjs';

const LOCAL = ['--webhooks-allow-local', 'yes'];
const PEOPLE = 1000;

/** How often each event came. */
const came = (receiver) => {
  const counts = new Map();
  for (const { json } of receiver.requests) counts.set(json.data.event_id, (counts.get(json.data.event_id) ?? 0) + 1);
  return counts;
};
/** Holds what came against the log; `kills` says how many requests may have been cut off by a kill. */
function agree(name, receiver, log, kills) {
  const counts = came(receiver);
  let missing = 0;
  for (const row of log) {
    const seen = counts.get(row.event_id) ?? 0;
    assert.ok(seen <= row.attempts, `${name} ${row.event_id}: came ${seen} times, ${row.attempts} in the log`);
    if (row.status === 'delivered') assert.ok(seen >= 1, `${name} ${row.event_id} never came`);
    missing += row.attempts - seen;
  }
  assert.ok(missing <= 4 * kills, `${name}: ${missing} attempts of the log never came`);
  assert.equal(new Set(log.map((row) => row.event_id)).size, log.length);
  for (const id of counts.keys()) assert.ok(log.some((row) => row.event_id === id), `${id} is in the log`);
  assert.deepEqual(receiver.bad, [], `${name}: every signature is right`);
}

test('a thousand people, failing receivers, two kills: as often as the log says', { timeout: 600_000 }, async (t) => {
  const { server, channel } = await startPair(t, { seed: 21, args: LOCAL, faults: { refuse_per_mille: 30, refuse_code: 131026 } });
  await server.api('POST', '/api/sandbox/clock', { to: START });
  const types = ['enrollment.created', 'enrollment.completed', 'message.sent', 'message.failed'];
  const steady = await listen(t);
  const shaky = await listen(t, (request, response, n) => (n % 5 === 0 ? request.socket.destroy() : response.writeHead(n % 3 === 0 ? 503 : 200).end()));
  const leaving = await listen(t, (request, response, n) => response.writeHead(n > 200 ? 410 : 200).end());
  const hooks = {
    steady: await subscribe(server, steady, { events: types }),
    shaky: await subscribe(server, shaky, { events: ['enrollment.created', 'message.failed'] }),
    leaving: await subscribe(server, leaving, { events: types }),
  };
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, csv(PEOPLE), '?country=IN');
  let kills = 0;
  for (const least of [400, 1500]) {
    const journey = server.api('POST', '/api/sandbox/clock', { advance: '3d' }).catch((error) => error);
    await until(() => steady.requests.length >= least, 'some were told', 120_000);
    await server.kill();
    kills++;
    await journey;
    await server.start();
  }
  for (let day = 0; day < 10; day++) await advance(server, '1d');
  await until(async () => (await read(server, hooks.steady)).pending === 0, 'all is told', 120_000);
  await until(async () => (await read(server, hooks.shaky)).pending === 0, 'all is told after failures', 120_000);
  const log = await deliveries(server, hooks.steady);
  agree('steady', steady, log, kills);
  agree('shaky', shaky, await deliveries(server, hooks.shaky), kills);
  assert.ok(log.every((row) => row.status === 'delivered'));
  const counts = log.reduce((sum, row) => ({ ...sum, [row.type]: (sum[row.type] ?? 0) + 1 }), {});
  assert.equal(counts['enrollment.created'], PEOPLE);
  // What was told is what happened: the event feed has the same events, none more and none less.
  const fed = new Set();
  for (let cursor = '', pages = 0; pages < 400; pages++) {
    const page = (await server.api('GET', `/api/events?limit=500${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, undefined, { accept: 'application/json' })).body;
    page.data.forEach((event) => fed.add(event.id));
    if (page.data.length === 0) break;
    cursor = page.next_cursor;
  }
  assert.ok(log.every((row) => fed.has(row.event_id)), 'every delivery is an event of the feed');
  const gone = await read(server, hooks.leaving);
  assert.deepEqual([gone.status, gone.disabled_reason.code], ['disabled', 'gone']);
  assert.ok(leaving.requests.length >= 201 && leaving.requests.length <= 201 + 4 * (kills + 1), `${leaving.requests.length} requests until it went`);
});

test('events wait for a receiver that fails, longer than they are kept', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t, { clock: 'manual', args: LOCAL });
  let fails = true;
  const receiver = await listen(t, (request, response) => response.writeHead(fails ? 500 : 200).end());
  const hook = await subscribe(server, receiver);
  await server.api('PUT', '/api/settings', { retention_events_days: 1, name: 'Kept' });
  for (let n = 0; n < 5; n++) await ping(server, hook);
  await until(async () => (await deliveries(server, hook)).length >= 5, 'all are known');
  await advance(server, '60h');
  const again = async () => {
    await server.stop();
    await server.start(); // cleans up at its start
  };
  const events = () => Number(execFileSync('sqlite3', ['-readonly', join(server.data, 'dripline.db'), "SELECT count(*) FROM event WHERE type = 'webhook.test'"]).toString());
  await again();
  assert.equal(events(), 5, 'they are kept for the receiver');
  fails = false;
  await advance(server, '30h');
  const rows = await settled(server, hook, 5);
  assert.ok(rows.every((row) => row.status === 'delivered'), JSON.stringify(rows.filter((row) => row.status !== 'delivered')));
  const feed = (cursor) => server.api('GET', `/api/events?limit=1${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`, undefined, { accept: 'application/json' });
  const { next_cursor: first } = (await feed()).body;
  assert.equal((await feed(first)).status, 200);
  await again();
  await until(() => events() === 0, 'then they go');
  await ping(server, hook);
  const away = await feed(first); // a reader that was away all that time
  assert.deepEqual([away.status, away.body.errors?.[0].field, away.body.errors?.[0].code], [422, 'cursor', 'expired'], away.text);
  const anew = await feed();
  assert.equal((await feed(anew.body.next_cursor)).status, 200);
});

test('tick tells webhooks, too', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t, { args: LOCAL });
  const slow = { status: 500 };
  const receiver = await listen(t, (request, response) => response.writeHead(slow.status).end());
  const hook = await subscribe(server, receiver);
  for (let n = 0; n < 3; n++) await ping(server, hook);
  await until(async () => (await deliveries(server, hook)).some((row) => row.attempts > 0), 'it was tried');
  await server.kill();
  const before = receiver.requests.length;
  slow.status = 200;
  await until(async () => {
    const tick = await run(['tick', '--webhooks-allow-local', '--data', server.data]);
    assert.equal(tick.code, 0, tick.stderr);
    return new Set(receiver.requests.slice(before).map((entry) => entry.id)).size === 3;
  }, 'every event is told by a tick', 180_000, 1000);
  assert.deepEqual(receiver.bad, []);
  await server.start();
  const rows = await settled(server, hook, 3);
  assert.ok(rows.every((row) => row.status === 'delivered'));
  const counts = came(receiver);
  for (const row of rows) assert.ok(counts.get(row.event_id) <= row.attempts, 'one may have been on its way when the server was killed');
});
