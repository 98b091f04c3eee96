// The limits of a channel: different people in 24 hours, messages per second on the manual clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPair } from './lib/drip.mjs';
import { eventually, until } from './lib/process.mjs';
import { advance } from './lib/server.mjs';

const HOUR = 3_600_000;
const TEMPLATE = { name: 'hello', language: 'en', body: ['{name}'] };

async function makeSequence(server, channel, messages) {
  const made = await server.api('POST', '/api/sequences?force=true', { name: 'Limits', status: 'active', channel_id: channel.id, timezone: 'UTC', messages });
  assert.equal(made.status, 201, made.text);
  return made.body.id;
}

async function enroll(server, sequence, from, count) {
  const enrollments = Array.from({ length: count }, (_, i) => ({ phone: String(4915120000000 + from + i), name: `P${from + i}` }));
  const answer = await server.api('POST', `/api/sequences/${sequence}/enroll/bulk`, { enrollments });
  assert.ok([200, 202].includes(answer.status), answer.text);
}

const lane = async (server, channel) => {
  const stats = (await server.api('GET', '/api/queue/stats')).body;
  return { ...stats.channels.find((row) => row.channel_id === channel.id), queue: stats };
};

const openAlerts = async (server) => (await server.api('GET', '/api/alerts?status=open')).body.data.filter((alert) => alert.kind === 'channel_tier');

/** Most different people in any 24 hours of the ledger, whose clock starts up to a minute after that of the server. */
function mostPeople(entries) {
  let most = 0;
  for (const first of entries) {
    const people = new Set(entries.filter((entry) => entry.at_ms >= first.at_ms && entry.at_ms < first.at_ms + 24 * HOUR - 60_000).map((entry) => entry.phone));
    most = Math.max(most, people.size);
  }
  return most;
}

test('a channel writes to no more different people in 24 hours than its limit, and goes on by itself', async (t) => {
  const { server, simulator, channel } = await startPair(t, { channel: { daily_limit: 20 } });
  const sequence = await makeSequence(server, channel, [{ day: 1, type: 'template', template: TEMPLATE }]);
  await enroll(server, sequence, 0, 50);
  const sent = () => simulator.entries().filter((entry) => entry.accepted);
  await until(() => sent().length === 20, 'the first twenty are sent');
  await eventually(async () => {
    const now = await lane(server, channel);
    assert.deepEqual([now.daily_limit, now.daily_people, now.pending], [20, 20, 30]);
    assert.equal(now.queue.state, 'held');
    assert.match(now.queue.state_text, /daily limit/);
  });
  await eventually(async () => assert.equal((await openAlerts(server)).length, 1)); // and says so, once
  const waiting = (await server.api('GET', '/api/queue?status=pending&limit=50')).body.data;
  assert.equal(waiting.length, 30);
  assert.ok(waiting.every((message) => message.attempts === 0));
  const why = (await server.api('GET', `/api/enrollments/${waiting[0].enrollment_id}/explain`)).body;
  assert.match(JSON.stringify(why), /24 hours/);

  // Whoever wrote last does not count: a message to them leaves in spite of the full day.
  const guest = waiting[0].phone;
  const wrote = await fetch(`${simulator.base}/control/reply`, { method: 'POST', body: JSON.stringify({ phone: guest, text: 'Hello?' }) });
  assert.equal(wrote.status, 200, await wrote.text());
  await until(() => sent().some(({ phone }) => phone === guest), 'what waited for the guest leaves at once');
  const other = await makeSequence(server, channel, [{ day: 1, message: 'You asked?' }]);
  await server.api('POST', `/api/sequences/${other}/enroll`, { phone: guest });
  await until(() => sent().length === 22, 'the guest is written to');
  assert.equal((await lane(server, channel)).daily_people, 20);

  // A kill forgets nobody: the places taken are still taken.
  await server.kill();
  await server.start();
  await advance(server, '23h');
  assert.equal(sent().length, 22);
  assert.equal((await lane(server, channel)).daily_people, 20);
  await advance(server, '90m');
  await until(() => sent().length >= 42, 'the next twenty are sent');
  await advance(server, '2d');
  await until(() => sent().length === 51, 'everybody was sent to');
  assert.equal(new Set(sent().map((entry) => entry.phone)).size, 50);
  const counted = sent().filter(({ phone }) => phone !== guest);
  assert.ok(mostPeople(counted) <= 20, `${mostPeople(counted)} people in 24 hours`);
  const all = (await server.api('GET', '/api/queue?limit=100')).body.data;
  assert.ok(all.every((message) => message.attempts === 1), 'no attempt was burnt');
  await eventually(async () => assert.deepEqual(await openAlerts(server), []));
});

test('a limit set later knows whom the channel wrote to before; a wider one releases at once', async (t) => {
  const { server, simulator, channel } = await startPair(t);
  const sequence = await makeSequence(server, channel, [{ day: 1, type: 'template', template: TEMPLATE }]);
  const sent = () => simulator.entries().filter((entry) => entry.accepted).length;
  await enroll(server, sequence, 0, 15);
  await until(() => sent() === 15, 'fifteen are sent without a limit');
  const limit = async (daily_limit) => {
    const answer = await server.api('PUT', `/api/channels/${channel.id}`, { daily_limit });
    assert.equal(answer.status, 200, answer.text);
  };
  await limit(20);
  await enroll(server, sequence, 100, 30);
  await until(() => sent() === 20, 'five more places');
  await eventually(async () => assert.equal((await lane(server, channel)).pending, 25));
  await limit(30);
  await until(() => sent() === 30, 'ten more places');
  await eventually(async () => assert.equal((await lane(server, channel)).pending, 15));
  await limit(null);
  await until(() => sent() === 45, 'no limit, nobody waits');
});

test('while the manual clock travels, messages keep the rate of their channel in its time', async (t) => {
  const { server, simulator, channel } = await startPair(t, { channel: { messages_per_second: 10 } });
  const sequence = await makeSequence(server, channel, [{ day: 2, time: '10:00', type: 'template', template: TEMPLATE }]);
  await enroll(server, sequence, 0, 200);
  await advance(server, '3d');
  await until(() => simulator.entries().filter((entry) => entry.accepted).length === 200, 'all are sent');
  const times = (await server.api('GET', '/api/queue?limit=500')).body.data.map((message) => Date.parse(message.sent_at)).sort((a, b) => a - b);
  assert.equal(times.length, 200);
  for (let i = 0; i + 20 < times.length; i++) {
    // 21 messages in less than a second would be more than twice the rate: no burst is that large.
    assert.ok(times[i + 20] - times[i] >= 1000, `message ${i} and the twentieth after it: ${times[i + 20] - times[i]} ms`);
  }
  assert.ok(times.at(-1) - times[0] >= 18_000 && times.at(-1) - times[0] < 60_000, `${times.at(-1) - times[0]} ms in all`);
});
