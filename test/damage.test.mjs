// Damaged files: what a power cut, a full disk or a careless hand leaves in the data directory. The
// server goes on when nothing is lost, refuses in plain words when it cannot, and never sends twice.
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPair } from './lib/drip.mjs';
import { run, until } from './lib/process.mjs';

const PEOPLE = 12;

/** A killed server whose simulator has accepted a message for each of some people. */
async function killedAfterSending(t, options = {}) {
  const { server, simulator, channel } = await startPair(t, { clock: 'system', faults: { webhook_delay_ms: 5 }, ...options });
  const made = await server.api('POST', '/api/sequences?force=true', {
    name: 'Damage', status: 'active', channel_id: channel.id, messages: [{ day: 1, type: 'template', template: { name: 'hello', language: 'en', body: ['{name}'] } }],
  });
  const enrollments = Array.from({ length: PEOPLE }, (_, i) => ({ phone: String(4915130000000 + i), name: `P${i}` }));
  await server.api('POST', `/api/sequences/${made.body.id}/enroll/bulk`, { enrollments });
  const sent = () => simulator.entries().filter((entry) => entry.accepted);
  await until(() => sent().length === PEOPLE, 'all are sent');
  await server.kill();
  return { server, sent, path: (name) => join(server.data, name) };
}

const settled = (server) => until(async () => {
  const stats = (await server.api('GET', '/api/queue/stats')).body;
  return stats.sending === 0 && stats.due === 0;
}, 'nothing is due');

async function soundAndSentOnce(server, sent) {
  await server.start();
  await settled(server);
  const verified = await run(['verify', '--json', '--data', server.data]);
  assert.equal(verified.code, 0, verified.stdout);
  assert.equal(new Set(sent().map((entry) => entry.phone)).size, PEOPLE);
  assert.equal(sent().length, PEOPLE, 'nothing is sent twice');
  await server.stop();
}

test('the end of the intent journal is torn off, or followed by nonsense', async (t) => {
  const { server, sent, path } = await killedAfterSending(t);
  const journal = path('intent.journal');
  const bytes = readFileSync(journal);
  const end = bytes.lastIndexOf(0x0a); // zeros may follow: the file grows ahead of its lines
  assert.ok(end > 10);
  truncateSync(journal, end - 7);
  await soundAndSentOnce(server, sent);
  appendFileSync(journal, Buffer.from('\u0000\u0000nonsense 1 2 3\n\xff\xfe', 'latin1'));
  await soundAndSentOnce(server, sent);
});

test('the log of the database lost its end: nothing is sent again', async (t) => {
  const { server, sent, path } = await killedAfterSending(t);
  const log = path('dripline.db-wal');
  assert.ok(existsSync(log));
  truncateSync(log, Math.floor(statSync(log).size / 2 / 4120) * 4120 + 100); // in the middle of a page
  await server.start();
  // The journal knows of sends that the database has forgotten: nothing leaves until a person decides.
  await until(async () => (await server.api('GET', '/healthz')).status === 200, 'the server answers');
  await new Promise((resolve) => setTimeout(resolve, 1500)); // long enough for a wrong send to leave
  const times = new Map();
  for (const { phone } of sent()) times.set(phone, (times.get(phone) ?? 0) + 1);
  assert.ok([...times.values()].every((count) => count === 1), 'nobody gets the same message twice');
});

for (const [what, damage] of [
  ['its header', (bytes) => bytes.fill(0, 0, 100)],
  ['a page', (bytes) => bytes.fill(0xa5, 4096, 8192)],
  ['its end', (bytes) => bytes.subarray(0, 5000)],
]) {
  test(`a database that lost ${what} is refused, and the words say what to do`, async (t) => {
    const { server, sent, path } = await killedAfterSending(t, { verify: false });
    const folded = await run(['verify', '--data', server.data]); // brings the log into the file
    assert.equal(folded.code, 0, folded.stdout);
    const bytes = readFileSync(path('dripline.db'));
    writeFileSync(path('dripline.db'), damage(bytes) ?? bytes);
    const refused = await run(['serve', '--data', server.data, '--listen', `127.0.0.1:${server.port}`]);
    assert.notEqual(refused.code, 0, 'it must not run');
    assert.equal(refused.signal, null, refused.stderr);
    assert.match(refused.stderr, /restore|backup/i);
    assert.equal(sent().length, PEOPLE);
  });
}
