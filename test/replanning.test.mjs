// Plans follow whatever moves them: another time zone learned elsewhere, a new name, other quiet
// hours, a draft that starts late. And what was sent is not counted as lying ahead, wherever it moves.
// Each of these was found by test/model.test.mjs first.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startPair, YEAR } from './lib/drip.mjs';
import { advance } from './lib/server.mjs';

const MONDAY = `${YEAR}-03-15T08:00:00Z`;
const at = (day, time) => `${YEAR}-03-${String(day).padStart(2, '0')}T${time}:00.000Z`;
const step = (day, name, time = '10:00') => ({ day, time, type: 'template', template: { name, language: 'en', body: ['{name}', '{city|your city}'] } });

async function begin(t) {
  const { server, simulator, channel } = await startPair(t);
  const call = async (method, path, body) => {
    const answer = await server.api(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text.slice(0, 400)}`);
    return answer.body;
  };
  await call('POST', '/api/sandbox/clock', { to: MONDAY });
  const sequence = (name, messages, more = {}) => call('POST', '/api/sequences?force=true', { name, status: 'active', channel_id: channel.id, timezone: 'UTC', messages, ...more });
  const enroll = async ({ id }, person) => (await call('POST', `/api/sequences/${id}/enroll`, { phone: '12125550001', name: 'Asha', ...person })).enrollment;
  const sent = () => simulator.entries().filter((entry) => entry.accepted).map(({ text, at_ms }) => `${new Date(at_ms).toISOString()} ${text}`);
  return { server, channel, call, sequence, enroll, sent };
}

test('a time zone learned in one sequence moves the messages of the others', async (t) => {
  const { server, call, sequence, enroll, sent } = await begin(t);
  const first = await enroll(await sequence('First', [step(2, 'one')]), {});
  assert.equal(first.next_message_due, `${YEAR}-03-16T10:00:00Z`);
  await enroll(await sequence('Second', [step(9, 'two')]), { timezone: 'Asia/Kolkata' });
  assert.equal((await call('GET', `/api/enrollments/${first.id}`)).next_message_due, `${YEAR}-03-16T04:30:00Z`);
  await advance(server, '30h');
  assert.deepEqual(sent(), [`${at(16, '04:30')} one|Asha|your city`]);
});

test('whoever is renamed while a message waits gets it with the new name, in every sequence', async (t) => {
  const { server, channel, call, sequence, enroll, sent } = await begin(t);
  const one = await enroll(await sequence('First', [step(1, 'one', null)], { send_window: { days: ['tue'], from: '09:00', to: '18:00' } }), {});
  await call('PUT', `/api/channels/${channel.id}`, { paused: true });
  await enroll(await sequence('Second', [step(1, 'two', null)]), {});
  await advance(server, '26h');
  assert.deepEqual(sent(), []);
  await call('PUT', `/api/enrollments/${one.id}`, { name: 'Zoë', custom_fields: { city: 'Pune' } });
  await call('PUT', `/api/channels/${channel.id}`, { paused: false });
  await advance(server, '1m');
  assert.deepEqual(sent().map((line) => line.slice(25)).sort(), ['one|Zoë|Pune', 'two|Zoë|Pune']);
});

test('other quiet hours and another zone of the server move what is planned', async (t) => {
  const { server, call, sequence, enroll, sent } = await begin(t);
  await call('PUT', '/api/settings', { quiet_hours: { from: '06:00', to: '20:00' } });
  const { id } = await enroll(await sequence('First', [step(1, 'one', null), step(3, 'two')], { timezone: null }), {});
  const due = async () => (await call('GET', `/api/enrollments/${id}`)).next_message_due;
  assert.equal(await due(), `${YEAR}-03-15T20:00:00Z`);
  await call('PUT', '/api/settings', { quiet_hours: null });
  await advance(server, '1s');
  assert.deepEqual(sent(), [`${YEAR}-03-15T08:00:00.000Z one|Asha|your city`]);
  assert.equal(await due(), `${YEAR}-03-17T10:00:00Z`);
  await call('PUT', '/api/settings', { timezone: 'Asia/Kolkata' });
  assert.equal(await due(), `${YEAR}-03-17T04:30:00Z`);
  await advance(server, '3d');
  assert.equal(sent()[1], `${at(17, '04:30')} two|Asha|your city`);
});

// Day 2 at the time of the enrollment comes after noon where it is 23:00, and before it where it is 00:00.
for (const [whose, from, change] of [
  ['the person', { timezone: 'Pacific/Pago_Pago' }, ({ call, id }) => call('PUT', `/api/enrollments/${id}`, { timezone: 'Pacific/Kiritimati' })],
  ['the sequence', {}, ({ call, first }) => call('PUT', `/api/sequences/${first.id}`, { timezone: 'Pacific/Kiritimati' })],
  ['the server', {}, ({ call }) => call('PUT', '/api/settings', { timezone: 'Pacific/Kiritimati' })],
]) {
  test(`another zone of ${whose} leaves no step behind`, async (t) => {
    const { server, call, sequence, enroll, sent } = await begin(t);
    await call('POST', '/api/sandbox/clock', { to: at(16, '10:00') });
    await call('PUT', '/api/settings', { timezone: 'Pacific/Pago_Pago' });
    const timezone = whose === 'the sequence' ? 'Pacific/Pago_Pago' : null;
    const first = await sequence('First', [step(1, 'one', null), step(2, 'two', '12:00'), step(2, 'three', null), step(3, 'four', '12:00')], { timezone });
    const { id } = await enroll(first, from);
    const gone = await enroll(first, { ...from, phone: '12125550002' });
    await advance(server, '14h');
    const words = () => sent().map((line) => line.slice(25).split('|')[0]);
    assert.deepEqual(words(), ['one', 'one', 'two', 'two']);
    await call('PUT', `/api/enrollments/${gone.id}`, { status: 'stopped', reason: 'bought' });
    await change({ call, id, first });
    const told = (await call('GET', `/api/enrollments/${id}/explain`)).upcoming.map((next) => first.messages.find((message) => message.id === next.step_id).template.name);
    assert.deepEqual(told, ['three', 'four']);
    await advance(server, '5d');
    assert.deepEqual(words().slice(4), ['three', 'four']);
    const { totals } = await call('GET', `/api/sequences/${first.id}/stats`);
    assert.deepEqual([totals.waiting, totals.sent, totals.skipped, totals.cancelled], [0, 6, 0, 2]);
  });
}

test('a draft that starts late begins then for those who wait in it, as its dry run tells', async (t) => {
  const { server, call, sequence, enroll, sent } = await begin(t);
  const draft = await sequence('First', [step(1, 'one', null), step(2, 'two'), step(3, 'three')], { status: 'draft' });
  await enroll(draft, {});
  await advance(server, '10d');
  const told = await call('POST', `/api/sequences/${draft.id}/resume?dry_run=true&force=true`);
  const days = ['25', '26', '27'].map((day) => ({ date: `${YEAR}-03-${day}`, count: 1 }));
  assert.deepEqual(told.per_day, days);
  const started = await call('PUT', `/api/sequences/${draft.id}?force=true`, { status: 'active' });
  assert.equal(started.status, 'active');
  await advance(server, '5d');
  assert.deepEqual(sent().map((line) => line.split('|')[0]), [`${at(25, '08:00')} one`, `${at(26, '10:00')} two`, `${at(27, '10:00')} three`]);
});

test('a sent step that moves ahead is over: neither edits nor resumes count it', async (t) => {
  const { server, call, sequence, enroll } = await begin(t);
  const { id, messages } = await sequence('First', [step(1, 'one', null), step(4, 'two')]);
  const one = await enroll({ id }, {});
  await advance(server, '1m');
  const [first, second] = messages;
  await call('PUT', `/api/sequences/${id}`, { messages: [{ ...first, day: 6 }, second] });
  const effects = await call('PUT', `/api/sequences/${id}?dry_run=true`, { messages: [second] });
  assert.deepEqual(effects.messages, { moved_earlier: 0, moved_later: 0, overdue: 0, new: 0, dropped: 0, unchanged: 1 });
  assert.deepEqual(effects.steps.map(({ step_id, ahead, past }) => ({ step_id, ahead, past })), [{ step_id: second.id, ahead: 1, past: 0 }, { step_id: first.id, ahead: 0, past: 1 }]);
  assert.deepEqual((await call('POST', `/api/sequences/${id}/simulate`, {})).messages, 1);
  await call('PUT', `/api/enrollments/${one.id}`, { status: 'paused' });
  const told = await call('PUT', `/api/enrollments/${one.id}?dry_run=true`, { status: 'active' });
  assert.deepEqual(told.per_day, [{ date: `${YEAR}-03-18`, count: 1 }]);
});

test('what is due next is told past a sent step that moved ahead', async (t) => {
  const { server, call, sequence, enroll } = await begin(t);
  const { id, messages } = await sequence('First', [step(1, 'one', null), step(2, 'two'), step(9, 'three')]);
  const one = await enroll({ id }, {});
  await advance(server, '1m');
  const [first, second, third] = messages;
  await call('PUT', `/api/sequences/${id}`, { messages: [second, { ...first, day: 5 }, third] });
  await advance(server, '2d');
  assert.equal((await call('GET', `/api/enrollments/${one.id}`)).next_message_due, `${YEAR}-03-23T10:00:00Z`);
  await call('PUT', `/api/sequences/${id}`, { messages: [second, { ...first, day: 5 }] });
  assert.equal((await call('GET', `/api/enrollments/${one.id}`)).status, 'completed');
});

test('nobody waits for a sent step that moved ahead', async (t) => {
  const { server, call, sequence, enroll, sent } = await begin(t);
  const { id, messages } = await sequence('First', [step(1, 'one', null), step(1, 'two', null), step(1, 'three', '12:00')], { late_policy: { action: 'send', max_late: '3d' } });
  await enroll({ id }, { enrolled_at: at(10, '10:00') });
  await advance(server, '1m');
  const [first, second, third] = messages;
  await call('PUT', `/api/sequences/${id}`, { messages: [second, { ...first, time: '04:00' }, third] });
  await advance(server, '1d'); // three keeps its two hours after two, not the eight between four and noon
  assert.deepEqual(sent().map((line) => `${line.slice(11, 16)} ${line.split('|')[0].slice(25)}`), ['08:00 one', '08:00 two', '10:00 three']);
});

test('a step that was sent, removed and restored is not sent again', async (t) => {
  const { server, call, sequence, enroll, sent } = await begin(t);
  const { id, messages } = await sequence('First', [step(6, 'six'), step(8, 'eight')]);
  await enroll({ id }, {});
  const [six, eight] = messages;
  await call('PUT', `/api/sequences/${id}`, { messages: [{ ...six, day: 2 }, eight] });
  await advance(server, '3d');
  assert.deepEqual(sent().map((line) => line.split('|')[0]), [`${at(16, '10:00')} six`]);
  await call('PUT', `/api/sequences/${id}`, { messages: [eight] });
  const waiting = await enroll({ id }, { phone: '12125550002', enrolled_at: at(15, '08:00') });
  await call('POST', `/api/sequences/${id}/versions/1/restore`);
  await advance(server, '7d');
  const words = sent().map((line) => line.split('|')[0].slice(25));
  assert.deepEqual(words, ['six', 'six', 'eight', 'eight'], 'once for either of them');
  assert.equal((await call('GET', `/api/enrollments/${waiting.id}`)).messages_sent, 2);
});

for (const again of [false, true]) {
  test(`a step brought back twice is not sent twice${again ? ', removed in between' : ''}`, async (t) => {
    const { server, call, sequence, enroll, sent } = await begin(t);
    const { id, messages } = await sequence('First', [step(1, 'one', null), step(20, 'two'), step(25, 'three')]);
    await enroll({ id }, {});
    const [one, , three] = messages;
    await call('PUT', `/api/sequences/${id}`, { messages: [one, three] });
    const back = (await call('POST', `/api/sequences/${id}/versions/1/restore`)).messages[1];
    await call('PUT', `/api/sequences/${id}`, { messages: [one, { ...back, day: 2 }, three] });
    await advance(server, '2d');
    assert.equal(sent().length, 2);
    if (again) await call('PUT', `/api/sequences/${id}`, { messages: [one, three] });
    const told = await call('POST', `/api/sequences/${id}/versions/1/restore?dry_run=true`);
    assert.deepEqual([told.messages.new, told.messages.unchanged], [0, 1]);
    await call('POST', `/api/sequences/${id}/versions/1/restore`);
    await advance(server, '25d');
    assert.deepEqual(sent().map((line) => line.slice(25).split('|')[0]), ['one', 'two', 'three']);
  });
}

test('a sequence that stood for a moment before the first message moves nothing', async (t) => {
  const { server, call, sequence, enroll } = await begin(t);
  const { id } = await sequence('First', [step(9, 'one')]);
  const person = await enroll({ id }, {});
  await advance(server, '4d');
  await call('POST', `/api/sequences/${id}/pause`);
  assert.equal((await call('GET', `/api/enrollments/${person.id}`)).paused_at, `${YEAR}-03-19T08:00:00Z`);
  await call('POST', `/api/sequences/${id}/resume`, {});
  assert.equal((await call('GET', `/api/enrollments/${person.id}`)).next_message_due, `${YEAR}-03-23T10:00:00Z`);
});

test('a sent step that moves ahead and would be late there stops nobody', async (t) => {
  const { server, call, sequence, enroll, sent } = await begin(t);
  const { id } = await sequence('First', [step(2, 'one', null), step(9, 'two')], { send_time: '09:00', late_policy: { action: 'stop', max_late: '3d' } });
  const one = await enroll({ id }, {});
  await advance(server, '6d');
  await call('PUT', `/api/sequences/${id}`, { send_time: '21:00' });
  await advance(server, '4d');
  assert.deepEqual(sent().map((line) => line.split('|')[0].slice(25)), ['one', 'two']);
  assert.equal((await call('GET', `/api/enrollments/${one.id}`)).status, 'completed');
});

// The clock of somebody resumed alone inside a paused sequence goes on when the sequence does.
for (const [resume, wanted] of [
  [{}, [`${at(26, '10:00')} two`, `${at(27, '10:00')} three`]],
  [{ mode: 'keep_dates' }, [`${at(25, '08:00')} two`, `${at(26, '08:00')} three`]],
  [{ mode: 'keep_dates', overdue: 'skip' }, []],
]) {
  test(`resumed alone in a paused sequence, which goes on later: ${JSON.stringify(resume)}`, async (t) => {
    const { server, call, sequence, enroll, sent } = await begin(t);
    const { id } = await sequence('First', [step(1, 'one', null), step(3, 'two'), step(4, 'three')]);
    const one = await enroll({ id }, {});
    await advance(server, '1d');
    await call('PUT', `/api/enrollments/${one.id}`, { status: 'paused' });
    await call('POST', `/api/sequences/${id}/pause`);
    await advance(server, '2d');
    assert.equal((await call('PUT', `/api/enrollments/${one.id}`, { status: 'active' })).status, 'active');
    await advance(server, '7d');
    const told = await call('POST', `/api/sequences/${id}/resume?dry_run=true`, resume);
    await call('POST', `/api/sequences/${id}/resume`, resume);
    await advance(server, '10d');
    assert.deepEqual(sent().slice(1).map((line) => line.split('|')[0]), wanted);
    assert.deepEqual(told.per_day, wanted.map((line) => ({ date: line.slice(0, 10), count: 1 })));
    assert.equal((await call('GET', `/api/enrollments/${one.id}`)).status, 'completed');
  });
}

test('whoever was paused and resumed alone in a draft begins when it starts', async (t) => {
  const { server, call, sequence, enroll, sent } = await begin(t);
  const draft = await sequence('First', [step(1, 'one', null), step(2, 'two')], { status: 'draft' });
  const one = await enroll(draft, {});
  await advance(server, '6d');
  await call('PUT', `/api/enrollments/${one.id}`, { status: 'paused' });
  await advance(server, '1d');
  await call('PUT', `/api/enrollments/${one.id}`, { status: 'active' });
  await advance(server, '3d');
  await call('POST', `/api/sequences/${draft.id}/resume?force=true`);
  await advance(server, '5d');
  assert.deepEqual(sent().map((line) => line.split('|')[0]), [`${at(25, '08:00')} one`, `${at(26, '10:00')} two`]);
});

test('a send window wholly inside the quiet hours is refused when saved, and told when the quiet hours come later', async (t) => {
  const { server, call, sequence } = await begin(t);
  const night = { days: ['mon'], from: '01:00', to: '05:00' };
  const open = await sequence('Night', [step(1, 'one', null)], { send_window: night });
  await call('PUT', '/api/settings', { quiet_hours: { from: '21:00', to: '08:00' } });
  const refused = async (method, path) => {
    const { status, body } = await server.api(method, path, { name: 'Other', send_window: { ...night, to: '06:00' }, messages: [step(1, 'one', null)] });
    assert.equal(status, 422, JSON.stringify(body));
    assert.deepEqual(body.errors.map(({ field, code }) => ({ field, code })), [{ field: 'send_window', code: 'never_open' }]);
  };
  await refused('POST', '/api/sequences?force=true');
  await refused('PUT', `/api/sequences/${open.id}`);
  await call('PUT', `/api/sequences/${open.id}`, { name: 'Still editable' });
  const report = await call('POST', `/api/sequences/${open.id}/lint`, {});
  assert.ok(report.findings.some(({ field, code }) => field === 'send_window' && code === 'never_open'), JSON.stringify(report));
  await call('PUT', '/api/settings', { quiet_hours: { from: '21:00', to: '04:30' } });
  assert.ok(!(await call('POST', `/api/sequences/${open.id}/lint`, {})).findings.some(({ code }) => code === 'never_open'));
});
