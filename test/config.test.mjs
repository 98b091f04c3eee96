// `dripline config check`: good settings pass, each wrong one is named, and a server refuses the same ones.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, temporaryFolder } from './lib/process.mjs';

test('settings that a server could not work with are named before it starts', { timeout: 600_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const file = (name, text) => (writeFileSync(join(folder, name), text, { mode: 0o400 }), join(folder, name));
  const data = join(folder, 'not', 'yet');
  const check = (...args) => run(['config', 'check', '--json', '--data', data, ...args]);
  const key = file('key', 'ab'.repeat(32));
  const good = await check('--listen', '0.0.0.0:8080', '--public-url', 'https://drip.example.org', '--trusted-proxies', '10.0.0.0/8,::1', '--master-key-file', key,
    '--config', file('good.conf', '# a comment\nlog-level = debug\nrate-limit = 0\n'));
  assert.deepEqual([good.code, JSON.parse(good.stdout)], [0, { ok: true }], good.stderr);
  assert.ok(!existsSync(data), 'looking makes nothing');
  const bad = [
    [['--listen', 'localhost'], 'listen'], [['--listen', '127.0.0.1:99999'], 'listen'],
    [['--public-url', 'ftp://x'], 'public-url'], [['--public-url', 'https://drip.example.org/'], 'public-url'], [['--public-url', 'drip.example.org'], 'public-url'],
    [['--trusted-proxies', '10.0.0.1,proxy'], 'trusted-proxies'], [['--trusted-proxies', '10.0.0.0/33'], 'trusted-proxies'],
    [['--ca-file', join(folder, 'none.pem')], 'ca-file'], [['--master-key-file', join(folder, 'none.key')], 'master-key-file'],
    [['--master-key-file', file('short', 'abc')], 'master-key-file'], [['--data', key], 'data'],
    [['--clock', 'sundial'], 'clock'], [['--rate-limit', '-1'], 'rate-limit'], [['--colour', 'blue'], '--colour'],
    [['--config', file('bad.conf', 'colour = blue\n')], 'colour'],
  ];
  for (const [args, field] of bad) {
    const answer = await check(...args);
    assert.equal(answer.code, 78, `${args}: ${answer.stdout}${answer.stderr}`);
    assert.ok(JSON.parse(answer.stdout || answer.stderr).errors.some((error) => error.field === field), `${args}: ${answer.stdout}${answer.stderr}`);
  }
  const typo = await run(['config', 'check', '--data', data], { env: { DRIPLINE_LISTN: '0.0.0.0:80' } });
  assert.equal(typo.code, 0);
  assert.match(typo.stderr, /DRIPLINE_LISTN in the environment is no setting/);
  for (const args of [['--trusted-proxies', '10.0.0.0/33'], ['--public-url', 'https://drip.example.org/'], ['--ca-file', join(folder, 'none.pem')]]) {
    const refused = await run(['serve', '--data', join(folder, 'served'), '--listen', '127.0.0.1:0', ...args], { timeoutMs: 60_000 });
    assert.equal(refused.code, 64, `${args}: ${refused.stdout}${refused.stderr}`);
    assert.ok(refused.stderr.includes(args[0].slice(2)), refused.stderr);
  }
});
