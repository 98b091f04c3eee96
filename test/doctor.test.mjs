// `dripline doctor` from outside: sound directories, broken ones, and no secret in what it prints.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, run } from './lib/process.mjs';
import { startServer } from './lib/server.mjs';

async function doctor(server, port) {
  const answer = await run(['doctor', '--data', server.data, '--listen', `127.0.0.1:${port ?? server.port}`, '--json']);
  return { ...answer, report: JSON.parse(answer.stdout), wrong: JSON.parse(answer.stdout).checks.filter((check) => check.verdict === 'wrong').map((check) => check.check) };
}

test('while a server runs, and after it', async (t) => {
  const server = await startServer(t);
  const running = await doctor(server);
  assert.deepEqual(running.wrong, []);
  assert.equal(running.code, 0);
  assert.ok(running.report.checks.some((check) => check.check === 'database' && /running server/.test(check.text)));
  await server.stop();
  const resting = await doctor(server);
  assert.equal(resting.code, 0, resting.stdout);
  assert.match(resting.report.checks.find((check) => check.check === 'database').text, /^sound/);
  const key = readFileSync(join(server.data, 'master.key'), 'utf8').trim();
  assert.ok(!(running.stdout + resting.stdout).includes(key));
});

test('open rights, a bad key, a taken port and a damaged database are found', async (t) => {
  const server = await startServer(t, { verify: false });
  const other = await startServer(t);
  await server.stop();
  chmodSync(join(server.data, 'master.key'), 0o644);
  assert.deepEqual((await doctor(server)).wrong, ['files']);
  writeFileSync(join(server.data, 'master.key'), 'short');
  chmodSync(join(server.data, 'master.key'), 0o400);
  const bad = await doctor(server, other.port);
  assert.deepEqual(bad.wrong, ['master key', 'port']);
  assert.equal(bad.code, 3);
  const path = join(server.data, 'dripline.db');
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 4096, 4096 * 12);
  writeFileSync(path, bytes);
  assert.ok((await doctor(server, await freePort())).wrong.includes('database'));
});
