// One send cycle, killed at each of its writes, flushes, sends and receives in turn (strace counts
// the calls of each thread). Whatever the point: the ledger holds the message at most once, and when
// it does not hold it, Dripline does not say that it was sent.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { messagesInStatus } from './lib/chaos.mjs';
import { makeSequence, START, startPair } from './lib/drip.mjs';
import { temporaryFolder, until } from './lib/process.mjs';
import { startServer, startSimulator } from './lib/server.mjs';

const CALLS = ['pwrite64', 'fdatasync', 'write', 'sendto', 'recvfrom'];
const MOST = Number(process.env.KILL_POINTS ?? 60); // of one call and thread
const TO = new Date(Date.parse(START) + 10 * 60e3).toISOString();
const LATER = new Date(Date.parse(START) + 30 * 3600e3).toISOString();

async function attach(pid, call, n) {
  const strace = spawn('strace', ['-f', '-p', String(pid), '-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${n}`, '-o', '/dev/null'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  strace.stderr.setEncoding('utf8').on('data', (part) => (words += part));
  await until(() => /attached/.test(words), 'strace attached');
  return strace;
}

/** strace sometimes waits for ever for a process whose threads it killed: then it is killed, too. */
async function detach(strace) {
  if (strace.exitCode !== null || strace.signalCode !== null) return;
  const exit = once(strace, 'exit');
  strace.kill('SIGINT');
  const timer = setTimeout(() => strace.kill('SIGKILL'), 500);
  await exit;
  clearTimeout(timer);
}

/** Whether the server is gone: a kill of the last moment becomes known by asking it. */
async function hasDied(server) {
  for (let tries = 0; tries < 3; tries++) {
    const alive = !server.daemon.exited && (await fetch(`${server.base}/healthz`).then((answer) => answer.ok, () => false));
    if (alive) return false;
    if (await Promise.race([server.daemon.ended.then(() => true), new Promise((resolve) => setTimeout(resolve, 5_000, false))])) return true;
  }
  throw new Error(`neither alive nor dead: ${server.daemon.log.slice(-1000)}`);
}

test('a kill at each write, flush, send and receive of one send cycle', async (t) => {
  const { server: first, simulator: unused, channel } = await startPair(t);
  const { port } = first;
  await first.api('POST', '/api/sandbox/clock', { to: START });
  const sequence = await makeSequence(first, channel);
  const paused = await first.api('POST', `/api/sequences/${sequence.id}/pause`);
  assert.equal(paused.status, 200, paused.text);
  const enrolled = await first.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone: '919876543210', name: 'Asha', start_day: 1 });
  assert.equal(enrolled.status, 201, enrolled.text);
  await first.stop();
  await unused.daemon.stop();

  const ends = new Map();
  let kills = 0;
  for (const call of CALLS) {
    for (let n = 1; n <= MOST; n++) {
      const folder = temporaryFolder(t);
      cpSync(first.data, join(folder, 'data'), { recursive: true });
      // A fresh fake each time: every copy of the data gives its message the same token.
      const simulator = await startSimulator(t, { port: unused.port, appSecret: unused.appSecret, clock: 'follow', webhookUrl: `${first.base}/webhooks/whatsapp/${channel.id}` });
      const server = await startServer(t, { data: join(folder, 'data'), port, clock: 'manual', key: first.key });
      const strace = await attach(server.daemon.pid, call, n);
      try {
        await server.api('POST', `/api/sequences/${sequence.id}/resume`);
        await server.api('POST', '/api/sandbox/clock', { to: TO });
      } catch { /* killed in between: what this test is about */ }
      await detach(strace);
      const died = await hasDied(server);
      if (died) {
        kills++;
        await server.start();
        // The kill may have come before the resume was durable: ask again, as a client would.
        await until(() => server.api('POST', `/api/sequences/${sequence.id}/resume`), 'resumed');
      }
      const moved = await server.api('POST', '/api/sandbox/clock', { to: LATER });
      assert.equal(moved.status, 200, moved.text);
      const accepted = simulator.entries().filter((entry) => entry.accepted && entry.text.startsWith('welcome|'));
      const status = await until(async () => {
        const found = await messagesInStatus(server, 'pending,sending,in_doubt,held,sent,delivered,read,failed,unknown,cancelled,skipped');
        const status = found.get('919876543210 welcome');
        return !['pending', 'sending', 'in_doubt'].includes(status) && status;
      }, `${call} ${n}: settled`);
      const name = `${call} ${n}`;
      assert.ok(accepted.length <= 1, `${name}: accepted ${accepted.length} times`);
      if (accepted.length === 1) assert.ok(['sent', 'delivered', 'read', 'unknown'].includes(status), `${name}: accepted, yet ${status}`);
      else assert.equal(status, 'unknown', `${name}: not accepted`);
      ends.set(status, (ends.get(status) ?? 0) + 1);
      await server.daemon.stop('SIGKILL');
      await simulator.daemon.stop('SIGKILL');
      if (!died) break; // no thread makes this call so often
    }
  }
  t.diagnostic(`${kills} kill points; ends: ${JSON.stringify(Object.fromEntries(ends))}`);
  assert.ok(kills >= 20, `only ${kills} points were hit`);
});
