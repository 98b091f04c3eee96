// Whoever asks the public doors learns nothing about a number: not by the answer, which
// public.test.mjs compares, and not by the time it takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, startServer } from './lib/server.mjs';

const EACH = 60;
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const number = (kind, i) => `9198${kind}${String(100_000 + i)}0`;

test('known, unknown and opted-out numbers take as long as each other', async (t) => {
  const server = await startServer(t, { args: ['--trusted-proxies', '127.0.0.1', '--rate-limit', '0', '--anonymous-rate-limit', '0'] });
  const sequence = (await server.api('POST', '/api/sequences?force=true', { name: 'Tips', status: 'active', messages: [{ day: 1, message: 'Hello' }, { day: 3, message: 'Again' }] })).body.id;
  const key = (await server.api('POST', '/api/keys', { name: 'Page', kind: 'publishable', sequence_ids: [sequence] })).body.secret;
  const people = (kind) => Array.from({ length: EACH }, (_, i) => number(kind, i));
  const known = await server.api('POST', `/api/sequences/${sequence}/enroll/bulk`, people(1).join('\n'), { 'content-type': 'text/plain' });
  assert.ok(known.status < 300, known.text);
  const out = await server.api('POST', '/api/opt-outs/bulk', people(2).join('\n'), { 'content-type': 'text/plain' });
  assert.equal(out.body.counts.opted_out, EACH, out.text);
  const pk = client(server.base, key);
  let asked = 0;
  const time = async (path, body) => {
    const headers = { 'x-forwarded-for': `203.0.${Math.floor(++asked / 25)}.${asked % 25}` };
    const begun = process.hrtime.bigint();
    const answer = await pk('POST', path, body, headers);
    const took = Number(process.hrtime.bigint() - begun) / 1e6;
    assert.equal(answer.status, 202, answer.text);
    return took;
  };
  for (const [path, more] of [['/api/public/enroll', { sequence_id: sequence, consent_version: '1' }], ['/api/public/opt-out', {}]]) {
    const times = { known: [], opted_out: [], unknown: [] };
    for (let i = 0; i < EACH; i++) {
      // Taking turns, so that whatever else the machine does meets all of them alike.
      times.known.push(await time(path, { phone: number(1, i), ...more }));
      times.opted_out.push(await time(path, { phone: number(2, i), ...more }));
      times.unknown.push(await time(path, { phone: number(path.endsWith('enroll') ? 3 : 4, i), ...more }));
    }
    const medians = Object.fromEntries(Object.entries(times).map(([kind, list]) => [kind, Number(median(list).toFixed(2))]));
    t.diagnostic(`${path}: ${JSON.stringify(medians)}`);
    const all = Object.values(medians);
    // All of them wait for one commit to be on the disk; what differs is below what a network adds.
    assert.ok(Math.max(...all) - Math.min(...all) < Math.max(5, Math.min(...all)), JSON.stringify(medians));
  }
});

test('looking at a link, as previews do, changes nothing and tells nothing', async (t) => {
  const server = await startServer(t);
  for (const path of ['/o/nobody', '/f/nobody', '/f/nobody/done', '/o/']) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await fetch(server.base + path, { method, headers: { 'user-agent': 'WhatsApp/2.23 LinkPreview' } });
      await answer.arrayBuffer();
      assert.equal(answer.status, 404, `${method} ${path}`);
    }
  }
  assert.equal((await server.api('GET', '/api/opt-outs')).body.data.length, 0);
});
