// Numbers of a span of time and the lists behind them: why messages failed in it, what was sent, delivered and
// read in it, and who was added in it, over all sequences.
import assert from 'node:assert/strict';
import test from 'node:test';
import { YEAR } from './lib/drip.mjs';
import { until } from './lib/process.mjs';
import { advance, startServer } from './lib/server.mjs';
import { believablePeople, enroll, makeTexts } from './lib/ui.mjs';

const START = `${YEAR}-03-01T08:10:00Z`;
const sum = (rows) => rows.reduce((total, row) => total + row.count, 0);

async function begin(t) {
  const server = await startServer(t, { clock: 'manual' });
  const good = async (method, path, body) => {
    const answer = await server.api(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text.slice(0, 400)}`);
    return answer.body;
  };
  await good('POST', '/api/sandbox/clock', { to: START });
  const now = async () => (await good('GET', '/api/sandbox/clock')).now;
  const span = async (hours) => `from=${new Date(Date.parse(await now()) - hours * 3_600_000).toISOString()}`;
  /** All rows of a list, asked for a few at a time. */
  const all = async (path, limit = 3) => {
    const rows = [];
    for (let cursor = ''; cursor !== null; ) {
      const page = await good('GET', `${path}&limit=${limit}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      rows.push(...page.data);
      cursor = page.next_cursor;
      assert.ok(rows.length < 1000);
    }
    return rows;
  };
  return { server, good, now, span, all };
}

test('failures are those of the span, by reason, and add up to its number', async (t) => {
  const { server, good, span, all } = await begin(t);
  const sequence = await makeTexts(server, 'Refused', [[1, 'One']]);
  const refuse = (code) => good('PUT', '/api/sandbox/faults', { seed: 3, refuse_per_mille: code ? 1000 : 0, ...(code ? { refuse_code: code } : {}) });
  const people = believablePeople(5, 9);
  const add = async (list) => {
    for (const person of list) await enroll(server, sequence, person.phone, person.name);
    await advance(server, '20m');
  };
  const failures = async (hours) => {
    const overview = await good('GET', `/api/stats/overview?${await span(hours)}`);
    assert.equal(sum(overview.failures), overview.totals.failed, JSON.stringify(overview.failures));
    return Object.fromEntries(overview.failures.map((one) => [one.code, one.count]));
  };
  await refuse(131026);
  await add(people.slice(0, 4));
  await refuse(0);
  await add(people.slice(4, 6));
  assert.deepEqual(await failures(24), { 131026: 4 });
  await advance(server, '3d');
  assert.deepEqual(await failures(24), {});
  await refuse(132000);
  await add(people.slice(6));
  assert.deepEqual(await failures(24), { 132000: 3 });
  assert.deepEqual(await failures(24 * 7), { 131026: 4, 132000: 3 });
  for (const [code, hours, count] of [['131026', 24, 0], ['131026', 168, 4], ['132000', 24, 3]])
    assert.equal((await all(`/api/queue?status=failed&reason=${code}&time=failed&${await span(hours)}`)).length, count, `${code} in ${hours} h`);

  // Sending again takes those of the span only; what fails once more has failed twice.
  const from = (await span(24)).slice(5);
  await refuse(131026);
  const retried = await good('POST', '/api/messages/bulk-retry', { filter: { failed_from: from } });
  assert.equal(retried.changed, 3);
  await advance(server, '20m');
  assert.deepEqual(await failures(24), { 131026: 3, 132000: 3 });
  assert.equal((await all(`/api/queue?status=failed&time=failed&from=${from}`)).length, 3);
  assert.equal((await server.api('GET', '/api/queue?time=noon')).status, 422);
});

test('sent, delivered and read lead to what happened in the span, not to what was due in it', async (t) => {
  const { server, good, now, span, all } = await begin(t);
  const sequence = await makeTexts(server, 'Held back', [[1, 'One']]);
  await good('PUT', '/api/settings', { sending_paused: true });
  for (const person of believablePeople(6, 5)) await enroll(server, sequence, person.phone, person.name);
  await advance(server, '30h'); // due yesterday, sent today
  await good('PUT', '/api/settings', { sending_paused: false });
  await advance(server, '2h');
  const { totals } = await good('GET', `/api/stats/overview?${await span(4)}`);
  assert.equal(totals.sent, 5, await now());
  assert.equal((await all(`/api/queue?status=sent,delivered,read&${await span(4)}`)).length, 0);
  for (const moment of ['sent', 'delivered', 'read'])
    assert.equal((await all(`/api/queue?time=${moment}&${await span(4)}`)).length, totals[moment], moment);
});

test('who was added in the span, over all sequences', async (t) => {
  const { server, good, now, span, all } = await begin(t);
  const sequences = [await makeTexts(server, 'First', [[1, 'One'], [5, 'Two']]), await makeTexts(server, 'Second', [[1, 'One'], [5, 'Two']])];
  const people = believablePeople(7, 24);
  const add = (sequence, list, more) => good('POST', `/api/sequences/${sequence.id}/enroll/bulk`, { enrollments: list.map((person) => ({ ...person, ...more })) });
  const first = await add(sequences[0], people.slice(0, 9));
  await advance(server, '2d');
  const middle = await now();
  const second = await add(sequences[1], people.slice(9, 17));
  await advance(server, '1h');
  // A start of one's own does not change when one was added.
  const third = await add(sequences[0], people.slice(17), { enrolled_at: `${YEAR}-03-01T09:00:00Z` });
  const added = [first, second, third].map((answer) => answer.counts.enrolled);
  await until(async () => (await good('GET', '/api/queue/stats')).sending === 0, 'quiet');

  const today = await span(24);
  const rows = await all(`/api/enrollments?enrolled_${today}`);
  assert.equal(rows.length, added[1] + added[2]);
  assert.equal(new Set(rows.map((row) => row.id)).size, rows.length);
  assert.equal((await good('GET', `/api/stats/overview?${today}`)).totals.enrolled, rows.length);
  assert.deepEqual(new Set(rows.map((row) => row.sequence_name)), new Set(['First', 'Second']));
  const rising = await all(`/api/enrollments?enrolled_${today}&sort=enrolled_at`);
  assert.deepEqual(rising.map((row) => row.id), rows.map((row) => row.id).reverse());

  const count = async (query) => (await good('GET', `/api/enrollments?count=true&limit=1&${query}`)).total;
  assert.equal(await count(`enrolled_${today}`), rows.length);
  assert.equal(await count(`enrolled_to=${middle}`), added[0]);
  assert.equal(await count(`enrolled_${today}&sequence_id=${sequences[0].id}`), added[2]);
  assert.equal(await count(`enrolled_${today}&status=paused`), 0);
  assert.equal(await count(''), added[0] + added[1] + added[2]);
  const inside = await good('GET', `/api/sequences/${sequences[0].id}/enrollments?count=true&enrolled_${today}`);
  assert.equal(inside.total, added[2]);
  assert.equal((await all(`/api/enrollments?enrolled_${today}&q=${encodeURIComponent(rows[0].name)}`)).filter((row) => row.id === rows[0].id).length, 1);

  assert.equal((await server.api('GET', `/api/enrollments?enrolled_${today}&sort=next_message_due`)).status, 422);
  assert.equal((await server.api('GET', '/api/enrollments?sequence_id=seq_999')).status, 404);
  const table = await server.api('GET', `/api/enrollments?enrolled_${today}&format=csv`);
  assert.equal(table.text.trim().split('\n').length, rows.length + 1);
  assert.match(table.text, /^\uFEFF?id,sequence_id,sequence_name,phone/);
});
