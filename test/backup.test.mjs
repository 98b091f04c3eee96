// Backups while a thousand people are written to: each is sound, restores into a directory of its
// own, adds up there, and sends nothing by itself.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSequence, startPair } from './lib/drip.mjs';
import { run, temporaryFolder, until } from './lib/process.mjs';
import { csv } from './lib/receiver.mjs';
import { startServer } from './lib/server.mjs';

test('backups under load restore, add up and send nothing', { timeout: 600_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const { server, simulator, channel } = await startPair(t, { clock: 'system', channel: { messages_per_second: 200 } });
  const sequence = await makeSequence(server, channel);
  const made = await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk?country=IN`, csv(1000), { 'content-type': 'text/csv' });
  assert.ok([200, 202].includes(made.status), made.text.slice(0, 300));
  const sent = async () => (await server.api('GET', `/api/sequences/${sequence.id}/stats`)).body.totals?.sent ?? 0;
  await until(async () => (await sent()) > 20, 'sending has begun', 180_000);
  const files = [];
  for (let n = 0; n < 3; n++) {
    const file = join(folder, `backup-${n}.db`);
    const backup = await run(['backup', file, '--data', server.data]);
    assert.equal(backup.code, 0, backup.stderr);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(execFileSync('sqlite3', ['-readonly', file, 'PRAGMA integrity_check']).toString().trim(), 'ok');
    files.push({ file, digest: createHash('sha256').update(readFileSync(file)).digest('hex') });
  }
  await until(async () => (await sent()) >= 1000, 'all were sent', 120_000);
  await server.stop();
  const accepted = simulator.entries().length;
  for (const [n, { file, digest }] of files.entries()) {
    assert.equal(createHash('sha256').update(readFileSync(file)).digest('hex'), digest, 'a backup does not change');
    const data = join(folder, `restored-${n}`);
    mkdirSync(data, { mode: 0o700 });
    copyFileSync(join(server.data, 'master.key'), join(data, 'master.key'));
    const restored = await run(['restore', file, '--data', data]);
    assert.equal(restored.code, 0, restored.stderr);
    const verify = await run(['verify', '--data', data]);
    assert.equal(verify.code, 0, verify.stdout + verify.stderr);
  }
  const again = await startServer(t, { data: join(folder, 'restored-2'), key: server.key });
  const alert = await until(async () => (await again.api('GET', '/api/alerts')).body.data.find((one) => one.kind === 'sending_fenced'), 'the fence is closed');
  assert.equal(alert.severity, 'critical');
  assert.equal(simulator.entries().length, accepted, 'nothing was sent by the restored server');
});
