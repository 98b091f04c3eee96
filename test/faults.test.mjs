// A disk that is full, and one that fails, while messages go out: what was not saved is refused in
// plain words, what was acknowledged goes on once the disk is well again, and nobody gets a message
// twice.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { messagesInStatus } from './lib/chaos.mjs';
import { startPair } from './lib/drip.mjs';
import { run, until } from './lib/process.mjs';

const PEOPLE = 200;
const DISK_MIB = 192; // the log of the database may grow to 128 before it begins again
const ASKS_MAX = 400; // a log that began again has room of its own: not the first write has to fail

/** A small disk of its own, or null where this may not be mounted. */
function mountDisk() {
  const folder = mkdtempSync(join(tmpdir(), 'dripline-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', folder]);
  const unmount = () => {
    if (mounted.status === 0) spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  };
  if (mounted.status === 0) return { folder, unmount };
  unmount();
  return null;
}

/** Writes a file until not one byte more fits. Returns what takes it away again. */
function fill(folder) {
  const path = join(folder, 'ballast');
  const file = openSync(path, 'w');
  for (const size of [1 << 20, 4096]) {
    const block = Buffer.alloc(size);
    try {
      for (let n = 0; n <= (DISK_MIB << 20) / size && writeSync(file, block) > 0; n++);
    } catch (error) {
      assert.equal(error.code, 'ENOSPC');
    }
  }
  closeSync(file);
  return () => rmSync(path);
}

const phone = (i) => String(4915130000000 + i);

async function makeHello(server, channel) {
  const made = await server.api('POST', '/api/sequences?force=true', {
    name: 'Hello', status: 'active', channel_id: channel.id, messages: [{ day: 1, type: 'template', template: { name: 'welcome', language: 'en', body: ['{name}'] } }],
  });
  assert.equal(made.status, 201, made.text);
  return (i) => server.api('POST', `/api/sequences/${made.body.id}/enroll`, { phone: phone(i), name: `P${i}` });
}

/** Phone number → how often it was sent the message. */
function received(simulator) {
  const times = new Map();
  for (const entry of simulator.entries().filter((entry) => entry.accepted)) times.set(entry.phone, (times.get(entry.phone) ?? 0) + 1);
  return times;
}

const settled = (server) => until(async () => {
  const { status, body } = await server.api('GET', '/api/queue/stats');
  return status === 200 && body.sending === 0 && body.due === 0;
}, 'nothing is due');

/** Everybody acknowledged got it once, or it is shown as in doubt; nobody got it twice. */
async function assertOnce(server, simulator, acknowledged) {
  await settled(server);
  const open = await messagesInStatus(server, 'in_doubt,unknown,held');
  const times = received(simulator);
  assert.deepEqual([...times].filter(([, count]) => count > 1), [], 'nobody gets it twice');
  assert.deepEqual(acknowledged.filter((person) => !times.has(person) && !open.has(`${person} welcome`)), [], 'nobody acknowledged is lost');
  const failed = await messagesInStatus(server, 'failed,skipped,cancelled');
  assert.deepEqual([...failed.keys()], []);
  return open;
}

async function assertSound(server) {
  await server.stop();
  const verified = await run(['verify', '--json', '--data', server.data]);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
}

async function fillAndGoOn(t, { server, simulator, channel }, folder, killed) {
  const enroll = await makeHello(server, channel);
  const acknowledged = [];
  for (let i = 0; i < PEOPLE; i++) {
    assert.equal((await enroll(i)).status, 201);
    acknowledged.push(phone(i));
  }
  await until(() => received(simulator).size >= 5, 'some are sent');
  const empty = fill(folder);
  let refused;
  let asked = PEOPLE;
  for (; refused === undefined && asked < PEOPLE + ASKS_MAX; asked++) {
    const answer = await enroll(asked);
    if (answer.status === 201) acknowledged.push(phone(asked));
    else refused = answer;
  }
  assert.ok(refused, 'a full disk refuses writes');
  assert.equal(refused.status, 503, refused.text);
  assert.match(refused.text, /disk full|no space/i);
  const refusedPhone = phone(asked - 1);
  assert.equal((await server.api('GET', '/api/queue/stats')).status, 200, 'reading goes on');
  assert.equal((await fetch(`${server.base}/healthz`)).status, 200);
  if (killed) await server.kill();
  assert.ok(!received(simulator).has(refusedPhone), 'who was refused gets nothing');
  empty();
  if (killed) await server.start();
  const again = await until(async () => {
    const answer = await enroll(asked - 1);
    return answer.status !== 503 && answer;
  }, 'writes are taken again');
  assert.equal(again.status, 201, again.text);
  acknowledged.push(refusedPhone);
  const open = await assertOnce(server, simulator, acknowledged);
  t.diagnostic(`${acknowledged.length} people, ${open.size} in doubt`);
  await assertSound(server);
}

for (const [what, killed] of [['space comes back', false], ['the server is killed, and space comes back', true]]) {
  test(`the disk is full while messages go out; ${what}`, async (t) => {
    const disk = mountDisk();
    if (disk === null) return t.skip('a small disk cannot be mounted here');
    let pair;
    try {
      pair = await startPair(t, { clock: 'system', data: join(disk.folder, 'data'), channel: { messages_per_second: 40 } });
      await fillAndGoOn(t, pair, disk.folder, killed);
    } finally {
      await pair?.server.kill();
      disk.unmount();
    }
  });
}

async function failFlush(pid, n) {
  const strace = spawn('strace', ['-f', '-p', String(pid), '-e', 'trace=fdatasync', '-e', `inject=fdatasync:error=EIO:when=${n}`, '-o', '/dev/null'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  strace.stderr.setEncoding('utf8').on('data', (part) => (words += part));
  const ended = once(strace, 'exit');
  await until(() => /attached/.test(words), 'strace attached');
  return { strace, ended };
}

test('a flush that fails ends the server at once; the next start goes on', async (t) => {
  const { server, simulator, channel } = await startPair(t, { clock: 'system', channel: { messages_per_second: 1000 } });
  const enroll = await makeHello(server, channel);
  const acknowledged = [];
  let person = 0;
  for (const n of [1, 2, 3, 4, 6, 9]) {
    const { strace, ended } = await failFlush(server.daemon.pid, n);
    // One after the other, until one of the flushes that follow has failed.
    for (let tries = 0; tries < 40 && !server.daemon.exited; tries++) {
      const answer = await enroll(person++).catch(() => null); // cut off: not acknowledged
      if (answer?.status === 201) acknowledged.push(phone(person - 1));
    }
    const result = await Promise.race([server.daemon.ended, new Promise((resolve) => setTimeout(resolve, 60_000, null).unref())]);
    if (strace.exitCode === null && strace.signalCode === null) strace.kill('SIGKILL');
    await ended;
    assert.ok(result, `flush ${n}: the server ends rather than goes on`);
    assert.equal(result.code, 74, `flush ${n}: ${server.daemon.log.slice(-1000)}`);
    assert.match(server.daemon.log, /store\.broken/);
    await server.start();
    await assertOnce(server, simulator, acknowledged);
  }
  const open = await assertOnce(server, simulator, acknowledged);
  t.diagnostic(`${acknowledged.length} of ${person} acknowledged, ${open.size} in doubt`);
  await assertSound(server);
});
