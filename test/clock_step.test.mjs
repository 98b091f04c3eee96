// The machine's clock is set while the server runs: by hand, by a bad time server, after a resume.
// Then nobody knows what is due, so nothing leaves until somebody says that the clock is right. The
// clock is libfaketime's: only the wall clock jumps, what counts the time since boot runs on.
import assert from 'node:assert/strict';
import test from 'node:test';
import { movableClock } from './lib/clock.mjs';
import { startPair } from './lib/drip.mjs';
import { eventually, run } from './lib/process.mjs';

async function begin(t) {
  const { env, set: setClock } = movableClock(t);
  const { server, simulator, channel } = await startPair(t, { clock: 'system', env });
  const call = async (method, path, body) => {
    const answer = await server.api(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text.slice(0, 400)}`);
    return answer.body;
  };
  const sequence = await call('POST', '/api/sequences?force=true', {
    name: 'First', status: 'active', channel_id: channel.id, timezone: 'UTC', late_policy: { action: 'send', max_late: '3d' },
    messages: [1, 2, 3].map((day) => ({ day, time: null, type: 'template', template: { name: `day${day}`, language: 'en', body: ['{name}'] } })),
  });
  let people = 0;
  const enroll = () => call('POST', `/api/sequences/${sequence.id}/enroll`, { phone: `1212555${1000 + ++people}`, name: 'Asha' });
  const sent = () => simulator.entries().filter((entry) => entry.accepted).map((entry) => entry.text).sort(); // which of two that are due goes first is nobody's promise
  const jumped = async () => (await call('GET', '/api/alerts?status=open')).data.some((alert) => alert.kind === 'clock_suspect');
  return { server, call, setClock, enroll, sent, jumped };
}

test('a clock that jumps stops sending until somebody confirms it; a clock that is nudged does not', { timeout: 600_000 }, async (t) => {
  const { server, call, setClock, enroll, sent, jumped } = await begin(t);
  const counts = async (list) => eventually(() => assert.deepEqual(sent(), [...list].sort()));
  await enroll();
  await counts(['day1|Asha']);

  setClock(3); // within what time services do
  await enroll();
  await counts(['day1|Asha', 'day1|Asha']);
  assert.equal(await jumped(), false);

  const stops = async (seconds) => {
    const before = sent();
    setClock(seconds);
    await enroll(); // due at once by any clock
    await eventually(async () => assert.ok(await jumped(), 'an alert opens'));
    assert.equal((await call('GET', '/readyz')).checks.scheduler, 'clock');
    const doctor = await run(['doctor', '--data', server.data]);
    assert.match(doctor.stdout, /clock jumped/, doctor.stdout + doctor.stderr);
    await new Promise((resolve) => setTimeout(resolve, 1500)); // what must not come is given time to come
    assert.deepEqual(sent(), before, 'nothing leaves before the clock is confirmed');
    const released = await run(['release', '--data', server.data]);
    assert.equal(released.code, 0, released.stderr);
    return before;
  };

  const before = await stops(2 * 24 * 3600 + 3);
  await counts([...before, 'day1|Asha', 'day2|Asha', 'day2|Asha']); // one step each, not all that became due
  await eventually(async () => assert.equal(await jumped(), false, 'the alert closes'));

  const all = await stops(2 * 24 * 3600 - 3600);
  await counts([...all, 'day1|Asha']);
  await eventually(async () => assert.equal(await jumped(), false, 'the alert closes'));
  assert.equal((await call('GET', '/readyz')).checks.scheduler, 'ok');
});
