// Pause, resume, stop, edits, preview, simulation and the "why" card from outside: the real binary,
// a manual clock, and the fake WhatsApp's own ledger as judge of what went out and when.
import assert from 'node:assert/strict';
import test from 'node:test';
import { START, startPair, upload, YEAR } from './lib/drip.mjs';
import { until } from './lib/process.mjs';
import { advance } from './lib/server.mjs';

const step = (day, name, time = '10:00') => ({
  day, time, type: 'template', template: { name, language: 'en', body: ['{name}'] },
});

async function begin(t, { days = [1, 2, 3, 4], count = 0, ...options } = {}) {
  const pair = await startPair(t, options);
  await pair.server.api('POST', '/api/sandbox/clock', { to: START });
  const { status, body, text } = await pair.server.api('POST', '/api/sequences?force=true', {
    name: 'Course', status: 'active', channel_id: pair.channel.id, timezone: 'UTC', messages: days.map((day) => step(day, `day_${day}`)),
  });
  assert.equal(status, 201, text);
  const people = Array.from({ length: count }, (_, i) => ({ phone: String(919870000000 + i), name: `Person ${i}`, timezone: 'UTC' }));
  if (count > 1000) {
    await upload(pair.server, body, `phone,name,timezone\n${people.map((person) => Object.values(person).join(',')).join('\n')}\n`);
  } else if (count > 0) {
    const enrolled = await pair.server.api('POST', `/api/sequences/${body.id}/enroll/bulk`, { enrollments: people });
    assert.equal(enrolled.body.counts.enrolled, count, enrolled.text);
  }
  return { ...pair, sequence: body };
}

async function enroll({ server, sequence }, phone) {
  const answer = await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone, name: 'Asha', timezone: 'UTC' });
  assert.ok(answer.status < 300, answer.text);
  return answer.body.enrollment;
}

const accepted = (simulator) =>
  simulator.entries().filter((entry) => entry.accepted).map(({ phone, text, at_ms }) => ({ phone, what: text.split('|')[0], at: new Date(at_ms).toISOString() }));

async function ended(server, id) {
  return until(async () => {
    const { body } = await server.api('GET', `/api/batches/${id}`);
    return ['completed', 'failed', 'cancelled'].includes(body.status) && body;
  }, `batch ${id} ends`, 180_000);
}

// What a funnel says must hold for every step at any moment.
async function sumsHold(server, sequence, people) {
  const { body } = await server.api('GET', `/api/sequences/${sequence.id}/stats`);
  for (const { funnel, removed, day } of body.steps.filter((entry) => !entry.removed)) {
    const { waiting, queued, sent, failed, skipped, cancelled, unknown, total } = funnel;
    assert.equal(waiting + queued + sent + failed + skipped + cancelled + unknown, people, `day ${day} ${removed}: ${JSON.stringify(funnel)}`);
    assert.equal(total, people);
  }
}

test('resuming shifts the dates, keeps the time of day and sends nothing twice', async (t) => {
  const all = await begin(t);
  const { server, simulator } = all;
  const paused = await enroll(all, '919876500001');
  const other = await enroll(all, '919876500002');
  await advance(server, '1d'); // START is 08:00: Day 1 at 10:00
  const pause = await server.api('PUT', `/api/enrollments/${paused.id}`, { status: 'paused', reason: 'on holiday' });
  assert.equal(pause.body.status, 'paused');
  assert.equal(pause.body.next_message_due, null);
  const why = await server.api('GET', `/api/enrollments/${paused.id}/explain`);
  assert.ok(why.body.blockers.some(({ code }) => code === 'enrollment_paused'), why.text);
  await advance(server, '5d');
  const dry = await server.api('PUT', `/api/enrollments/${paused.id}?dry_run=true`, { status: 'active' });
  assert.equal(dry.body.dry_run, true);
  assert.equal(dry.body.per_day.reduce((sum, { count }) => sum + count, 0), 3);
  const resumed = await server.api('PUT', `/api/enrollments/${paused.id}`, { status: 'active' });
  assert.equal(resumed.body.status, 'active');
  assert.equal(resumed.body.next_message_due, `${YEAR}-04-02T10:00:00Z`);
  await advance(server, '5d');
  const mine = accepted(simulator).filter(({ phone }) => phone === '919876500001');
  assert.deepEqual(mine.map(({ what, at }) => `${what} ${at.slice(0, 16)}`), [
    `day_1 ${YEAR}-03-27T10:00`, `day_2 ${YEAR}-04-02T10:00`, `day_3 ${YEAR}-04-03T10:00`, `day_4 ${YEAR}-04-04T10:00`,
  ]);
  const done = await server.api('GET', `/api/enrollments/${other.id}`);
  assert.equal(done.body.status, 'completed');
  await sumsHold(server, all.sequence, 2);
});

test('keeping the dates sends what was missed one per day, or skips it', async (t) => {
  const all = await begin(t);
  const { server, simulator } = all;
  const slow = await enroll(all, '919876500001');
  const short = await enroll(all, '919876500002');
  await advance(server, '4h');
  const ids = [slow.id, short.id];
  const pause = await server.api('POST', '/api/enrollments/bulk-action', { ids, action: 'pause' });
  assert.equal(pause.body.changed, 2, pause.text);
  await advance(server, '2d');
  await server.api('PUT', `/api/enrollments/${slow.id}`, { status: 'active', mode: 'keep_dates' });
  await server.api('PUT', `/api/enrollments/${short.id}`, { status: 'active', mode: 'keep_dates', overdue: 'skip' });
  await advance(server, '7d');
  const got = (phone) => accepted(simulator).filter((entry) => entry.phone === phone).map(({ what, at }) => `${what} ${at.slice(0, 16)}`);
  assert.deepEqual(got('919876500001'), [`day_1 ${YEAR}-03-27T10:00`, `day_2 ${YEAR}-03-29T12:00`, `day_3 ${YEAR}-03-30T12:00`, `day_4 ${YEAR}-03-31T12:00`]);
  assert.deepEqual(got('919876500002'), [`day_1 ${YEAR}-03-27T10:00`, `day_4 ${YEAR}-03-30T10:00`]);
  await sumsHold(server, all.sequence, 2);
});

async function firstStepWentOut(server, simulator, sequence, people) {
  const { funnel } = (await server.api('GET', `/api/sequences/${sequence.id}/stats`)).body.steps[0];
  assert.equal(funnel.sent, people, JSON.stringify(funnel));
  assert.equal(accepted(simulator).length, people);
}

test('thousands are paused, resumed and stopped by batch', async (t) => {
  const count = 1500;
  const all = await begin(t, { count });
  const { server, simulator, sequence } = all;
  const filter = { sequence_id: sequence.id };
  const dry = await server.api('POST', '/api/enrollments/bulk-action', { filter, action: 'pause', dry_run: true });
  assert.equal(dry.body.changed, count);
  const pause = await server.api('POST', '/api/enrollments/bulk-action', { filter, action: 'pause' });
  assert.equal(pause.status, 202, pause.text);
  assert.equal((await ended(server, pause.body.id)).changed, count);
  await advance(server, '3d');
  assert.equal(accepted(simulator).length, 0);
  const preview = await server.api('POST', '/api/enrollments/bulk-action', { filter: { ...filter, status: ['paused'] }, action: 'resume', dry_run: true });
  assert.deepEqual(preview.body.per_day.map((day) => day.count), [count, count, count, count]);
  const resume = await server.api('POST', '/api/enrollments/bulk-action', { filter, action: 'resume' });
  await ended(server, resume.body.id);
  await advance(server, '1d');
  await firstStepWentOut(server, simulator, sequence, count);
  await sumsHold(server, sequence, count);
  const stop = await server.api('POST', '/api/enrollments/bulk-action', { filter, action: 'stop', reason: 'course ended' });
  await ended(server, stop.body.id);
  await advance(server, '4d');
  await firstStepWentOut(server, simulator, sequence, count);
  await sumsHold(server, sequence, count);
});

test('a whole sequence stands still and goes on', async (t) => {
  const all = await begin(t, { count: 40 });
  const { server, simulator, sequence } = all;
  await advance(server, '4h');
  const dry = await server.api('POST', `/api/sequences/${sequence.id}/pause?dry_run=true`);
  assert.equal(dry.body.changed, 40, dry.text);
  assert.equal(dry.body.sequence.status, 'active');
  const pause = await server.api('POST', `/api/sequences/${sequence.id}/pause`);
  assert.equal(pause.body.sequence.status, 'paused', pause.text);
  const again = await server.api('POST', `/api/sequences/${sequence.id}/pause`);
  assert.equal(again.status, 409, again.text);
  await advance(server, '6d');
  assert.equal(accepted(simulator).length, 40);
  const resume = await server.api('POST', `/api/sequences/${sequence.id}/resume`, { mode: 'shift' });
  assert.equal(resume.body.sequence.status, 'active', resume.text);
  await advance(server, '4d');
  const sent = accepted(simulator);
  assert.equal(sent.length, 160);
  assert.equal(new Set(sent.map(({ phone, what }) => `${phone} ${what}`)).size, 160);
  assert.ok(sent.every(({ at }) => at.slice(11, 13) === '10'), 'at ten o\'clock');
  await sumsHold(server, sequence, 40);
});

test('an edit says whom it touches, and never sends a step twice', async (t) => {
  const all = await begin(t, { count: 25 });
  const { server, simulator, sequence } = all;
  await advance(server, '28h'); // Days 1 and 2 are sent
  const before = (await server.api('GET', `/api/sequences/${sequence.id}`)).body;
  const messages = before.messages.map((message) => ({ ...message }));
  messages[0].day = 9; // sent already: stays sent
  messages[2].time = '15:00';
  messages.splice(3, 1);
  messages.push(step(6, 'day_6'));
  const document = { ...before, messages };
  const dry = await server.api('PUT', `/api/sequences/${sequence.id}?dry_run=true&force=true`, document);
  assert.equal(dry.status, 200, dry.text);
  assert.deepEqual(dry.body.messages, { moved_earlier: 0, moved_later: 25, overdue: 0, new: 25, dropped: 25, unchanged: 0 });
  const saved = await server.api('PUT', `/api/sequences/${sequence.id}?force=true`, document);
  assert.equal(saved.status, 200, saved.text);
  await sumsHold(server, sequence, 25);
  await advance(server, '12d');
  const sent = accepted(simulator);
  const times = (what) => new Set(sent.filter((entry) => entry.what === what).map(({ at }) => at.slice(0, 16)));
  assert.deepEqual([...times('day_1')], [`${YEAR}-03-27T10:00`]);
  assert.deepEqual([...times('day_3')], [`${YEAR}-03-29T15:00`]);
  assert.deepEqual([...times('day_6')], [`${YEAR}-04-01T10:00`]);
  assert.equal(times('day_4').size, 0);
  assert.equal(sent.length, 100);
  await sumsHold(server, sequence, 25);
});

test('preview and simulation say what then happens', async (t) => {
  const all = await begin(t, { count: 10 });
  const { server, simulator, sequence } = all;
  const preview = await server.api('POST', `/api/sequences/${sequence.id}/preview`, {
    contact: { name: 'Asha', timezone: 'Asia/Kolkata' }, enrolled_at: `${YEAR}-03-27T08:00:00Z`,
  });
  assert.equal(preview.status, 200, preview.text);
  assert.equal(preview.body.timezone_source, 'contact');
  // 13:30 in Kolkata: ten o'clock has passed, so Day 1 is tomorrow.
  assert.equal(preview.body.messages[0].due_at, `${YEAR}-03-28T04:30:00Z`);
  assert.ok(preview.body.messages[0].rules.some(({ code }) => code === 'next_day'));
  const simulation = await server.api('POST', `/api/sequences/${sequence.id}/simulate`);
  assert.equal(simulation.body.messages, 40, simulation.text);
  await advance(server, '6d');
  const perDay = {};
  for (const { at } of accepted(simulator)) perDay[at.slice(0, 10)] = (perDay[at.slice(0, 10)] ?? 0) + 1;
  assert.deepEqual(Object.entries(perDay).sort(), simulation.body.per_day.map(({ date, count }) => [date, count]));
  const crowd = await server.api('POST', `/api/sequences/${sequence.id}/simulate`, { people: 1_000_000, timezone: 'Asia/Tokyo' });
  assert.equal(crowd.body.messages, 4_000_000);
});
