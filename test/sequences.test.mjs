// Sequences, people, opt-outs, settings and numbers through the API of the real binary. Every
// answer is also held against the contract by the client itself.
import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from './lib/process.mjs';
import { advance, startServer } from './lib/server.mjs';

const OUTCOMES = ['waiting', 'queued', 'sent', 'failed', 'skipped', 'cancelled', 'unknown'];
const WEEK = {
  name: 'Welcome',
  send_time: '10:00',
  timezone: 'Asia/Kolkata',
  send_window: { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '19:00' },
  late_policy: { action: 'skip', max_late: '36h' },
  messages: [
    { day: 1, message: 'Hi {first_name}, welcome. Reply STOP to end.' },
    { day: 3, type: 'media', message: 'See', media_url: 'https://files.example/leaflet.pdf', filename: 'leaflet.pdf' },
    { day: 7, type: 'template', template: { name: 'offer_1', language: 'en-US', body: ['first={name}'], buttons: [{ index: 0, text: '{code|none}' }] } },
  ],
};

const same = (funnel, people) => {
  assert.equal(funnel.total, people);
  assert.equal(OUTCOMES.reduce((sum, name) => sum + funnel[name], 0), people);
};

async function created(server, body = WEEK, query = '') {
  const answer = await server.api('POST', `/api/sequences${query}`, body);
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

test('a sequence is created, read back, saved and listed', async (t) => {
  const server = await startServer(t);
  const first = await created(server);
  assert.equal(first.status, 'draft');
  assert.equal(first.version, 1);
  assert.equal(first.total_days, 7);
  assert.deepEqual(first.late_policy, { action: 'skip', max_late: '36h' });
  assert.deepEqual(first.messages.map((step) => step.type), ['text', 'media', 'template']);
  assert.equal(first.messages[1].media_type, 'document');
  assert.equal(first.messages[2].template.language, 'en_US');
  assert.match(first.messages[0].id, /^step_\d{3,}$/);

  const read = await server.api('GET', `/api/sequences/${first.id}`);
  assert.deepEqual(read.body, first);
  assert.match(read.headers.get('etag'), /^W\/"v1\.[0-9a-f]{16}"$/);

  // What was answered can be sent back, and changes nothing.
  const same_again = await server.api('PUT', `/api/sequences/${first.id}`, first);
  assert.equal(same_again.status, 200, same_again.text);
  assert.equal(same_again.body.version, 1);

  const saved = await server.api('PUT', `/api/sequences/${first.id}`, { ...first, name: 'Welcome 2' });
  assert.equal(saved.body.version, 2);
  assert.deepEqual(saved.body.messages.map((step) => step.id), first.messages.map((step) => step.id));

  const late = await server.api('PUT', `/api/sequences/${first.id}`, first);
  assert.equal(late.status, 409);
  assert.equal(late.body.code, 'version_conflict');
  const stale = await server.api('PUT', `/api/sequences/${first.id}`, { name: 'x' }, { 'if-match': '"v1"' });
  assert.equal(stale.status, 409);

  await created(server, { name: 'alpha' });
  await created(server, { name: 'Beta', description: 'about welcome' });
  const names = async (query) => (await server.api('GET', `/api/sequences?${query}`)).body.data.map((row) => row.name);
  assert.deepEqual(await names('sort=name'), ['alpha', 'Beta', 'Welcome 2']);
  assert.deepEqual(await names('sort=-name&limit=2'), ['Welcome 2', 'Beta']);
  assert.deepEqual(await names('q=WELCOME&sort=name'), ['Beta', 'Welcome 2']);
  assert.deepEqual(await names('status=active,paused'), []);
  const page = await server.api('GET', '/api/sequences?sort=name&limit=2');
  const rest = await server.api('GET', `/api/sequences?sort=name&limit=2&cursor=${page.body.next_cursor}`);
  assert.deepEqual(rest.body.data.map((row) => row.name), ['Welcome 2']);
  assert.equal(rest.body.next_cursor, null);
  assert.equal(rest.body.data[0].messages, undefined);
  assert.equal(rest.body.data[0].message_count, 3);
});

test('all refused fields come at once, with their paths', async (t) => {
  const server = await startServer(t);
  const answer = await server.api('POST', '/api/sequences', {
    colour: 'red',
    timezone: 'Asia/Atlantis',
    messages: [{ day: 0, message: 'x' }, { day: 2, mesage: 'x' }, { day: 3, type: 'media', message: 'x' }, { day: 4, message: 'y'.repeat(4097) }],
  });
  assert.equal(answer.status, 422);
  const found = Object.fromEntries(answer.body.errors.map((error) => [error.field, error.code]));
  assert.equal(found.name, 'required');
  assert.equal(found.colour, 'unknown_field');
  assert.equal(found.timezone, 'unknown_timezone');
  assert.equal(found['messages[0].day'], 'out_of_range');
  assert.equal(found['messages[1].mesage'], 'unknown_field');
  assert.equal(found['messages[2].media_url'], 'required');
  assert.equal(found['messages[3].message'], 'too_long');
  assert.equal((await server.api('GET', '/api/sequences/seq_999')).status, 404);
  assert.equal((await server.api('GET', '/api/sequences/seven')).status, 404);
});

test('the list is in the order of the activity that it shows', async (t) => {
  const server = await startServer(t, { clock: 'manual' });
  const busy = await created(server, { name: 'Busy', status: 'active', messages: [{ day: 1, message: 'Hello' }] }, '?force=true');
  await advance(server, '1h');
  await created(server, { ...WEEK, name: 'Quiet' });
  const names = async () => (await server.api('GET', '/api/sequences?sort=-last_activity_at')).body.data.map((row) => row.name);
  assert.deepEqual(await names(), ['Quiet', 'Busy'], 'without activity by the last change');
  await advance(server, '1h');
  assert.equal((await server.api('POST', `/api/sequences/${busy.id}/enroll`, { phone: '919812345678' })).status, 201);
  await advance(server, '10m');
  assert.deepEqual(await names(), ['Busy', 'Quiet']);
  assert.deepEqual((await server.api('GET', '/api/sequences?sort=last_activity_at&limit=1')).body.data.map((row) => row.name), ['Quiet']);
});

test('versions are kept and come back; copies are drafts', async (t) => {
  const server = await startServer(t);
  const first = await created(server);
  await server.api('PUT', `/api/sequences/${first.id}`, { messages: [{ day: 2, message: 'only' }] });
  const versions = await server.api('GET', `/api/sequences/${first.id}/versions`);
  assert.deepEqual(versions.body.data.map((row) => [row.version, row.message_count, row.current]), [[2, 1, true], [1, 3, false]]);
  const old = (await server.api('GET', `/api/sequences/${first.id}/versions/1`)).body;
  assert.deepEqual([old.version, old.current, old.message_count, old.document.messages.length], [1, false, 3, 3]);
  assert.equal(old.document.messages[0].id, first.messages[0].id, 'by its ids a step is found again in another version');
  for (const number of ['9', '0', 'x']) assert.equal((await server.api('GET', `/api/sequences/${first.id}/versions/${number}`)).status, 404);
  const effects = await server.api('POST', `/api/sequences/${first.id}/versions/1/restore?dry_run=true`);
  assert.equal(effects.body.dry_run, true);
  const restored = await server.api('POST', `/api/sequences/${first.id}/versions/1/restore`);
  assert.equal(restored.body.version, 3);
  assert.equal(restored.body.messages.length, 3);
  assert.equal((await server.api('POST', `/api/sequences/${first.id}/versions/9/restore`)).status, 404);

  const copy = await server.api('POST', `/api/sequences/${first.id}/clone`);
  assert.equal(copy.status, 201, copy.text);
  assert.equal(copy.body.name, 'Welcome (copy)');
  assert.equal(copy.body.status, 'draft');
  assert.equal(copy.body.enrolled_count, 0);
  const named = await server.api('POST', `/api/sequences/${first.id}/clone`, { name: 'Spring' });
  assert.equal(named.body.name, 'Spring');
});

test('lint errors keep a sequence from starting unless forced', async (t) => {
  const server = await startServer(t);
  const empty = await created(server, { name: 'Empty' });
  const lint = await server.api('POST', `/api/sequences/${empty.id}/lint`);
  assert.equal(lint.body.ok, false);
  assert.equal(lint.body.findings[0].code, 'no_messages');
  const refused = await server.api('PUT', `/api/sequences/${empty.id}`, { status: 'active' });
  assert.equal(refused.status, 422);
  assert.equal(refused.body.code, 'lint');
  const draft = await server.api('POST', `/api/sequences/${empty.id}/lint`, { sequence: { name: 'x', messages: [{ day: 1, message: 'Hi {frist_name|you}, {{name}}' }] } });
  const codes = draft.body.findings.map((finding) => finding.code);
  assert.ok(codes.includes('unknown_placeholder') && codes.includes('suspect_brace') && codes.includes('no_opt_out'), codes.join());
  const forced = await server.api('PUT', `/api/sequences/${empty.id}?force=true`, { status: 'active' });
  assert.equal(forced.body.status, 'active');
  const back = await server.api('PUT', `/api/sequences/${empty.id}`, { status: 'draft' });
  assert.equal(back.status, 409);
  assert.equal(back.body.code, 'invalid_status');
});

test('the numbers of every step sum to the people, whatever happens to them', async (t) => {
  const server = await startServer(t, { clock: 'manual' });
  const sequence = await created(server, { ...WEEK, status: 'active' }, '?force=true');
  const rows = Array.from({ length: 6 }, (_, i) => ({ phone: `91987654321${i}`, name: `Person ${i}` }));
  const bulk = await server.api('POST', `/api/sequences/${sequence.id}/enroll/bulk`, { enrollments: rows });
  assert.ok([200, 201, 202].includes(bulk.status), bulk.text);
  const stats = async () => (await server.api('GET', `/api/sequences/${sequence.id}/stats`)).body;
  for (const step of (await stats()).steps) same(step.funnel, 6);

  const stop = await server.api('POST', '/api/opt-outs', { phone: '+91 98765 43210', reason: 'asked by e-mail' });
  assert.equal(stop.status, 201, stop.text);
  assert.equal(stop.body.kind, 'all');
  let now = await stats();
  assert.equal(now.opted_out_count, 1);
  assert.equal(now.active_count, 5);
  for (const step of now.steps) same(step.funnel, 6);

  const edited = await server.api('PUT', `/api/sequences/${sequence.id}`, {
    messages: [...sequence.messages.slice(0, 2), { day: 9, message: 'new' }],
  });
  assert.equal(edited.status, 200, edited.text);
  now = await stats();
  for (const step of now.steps) same(step.funnel, 6);
  assert.equal(now.steps.filter((step) => step.removed).length, 1);

  const refused = await server.api('DELETE', `/api/sequences/${sequence.id}`);
  assert.equal(refused.status, 409);
  assert.equal(refused.body.code, 'has_enrollments');
  const dry = await server.api('POST', `/api/sequences/${sequence.id}/archive?dry_run=true`);
  assert.equal(dry.body.changed, 5);
  const archived = await server.api('POST', `/api/sequences/${sequence.id}/archive`, { reason: 'over' });
  assert.equal(archived.body.sequence.status, 'archived');
  assert.equal(archived.body.sequence.stopped_count, 5);
  for (const step of (await stats()).steps) same(step.funnel, 6);
  const gone = await server.api('DELETE', `/api/sequences/${sequence.id}?confirm=Welcome`);
  assert.equal(gone.status, 204);
  assert.equal((await server.api('GET', `/api/sequences/${sequence.id}`)).status, 404);
});

test('people are found in any spelling, changed, handed out and forgotten', async (t) => {
  const server = await startServer(t);
  const sequence = await created(server, { ...WEEK, status: 'active' }, '?force=true');
  assert.equal((await server.api('PUT', '/api/settings', { default_country: 'IN' })).status, 200);
  const enrolled = await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone: '919876543210', name: 'Asha Rao', custom_fields: { city: 'Pune', plan: 'gold' } });
  assert.equal(enrolled.status, 201, enrolled.text);

  const found = await server.api('GET', `/api/contacts/${encodeURIComponent('+91 98765-43210')}`);
  assert.equal(found.body.phone, '919876543210');
  assert.equal(found.body.enrollments.length, 1);
  assert.equal((await server.api('GET', '/api/contacts/09876543210')).body.id, found.body.id);

  const changed = await server.api('PUT', '/api/contacts/919876543210', { name: 'Asha', timezone: 'Europe/Berlin', custom_fields: { city: 'Goa', plan: null, age: 7 } });
  assert.deepEqual(changed.body.custom_fields, { city: 'Goa', age: 7 });
  assert.equal(changed.body.timezone_source, 'given');
  const wrong = await server.api('PUT', '/api/contacts/919876543210', { timezone: 'Mars', custom_fields: { a: [1] }, nmae: 'x' });
  assert.deepEqual(wrong.body.errors.map((error) => error.field).sort(), ['custom_fields.a', 'nmae', 'timezone']);

  const by = async (query) => (await server.api('GET', `/api/contacts?${query}`)).body.data.length;
  assert.equal(await by('q=ash'), 1);
  assert.equal(await by('q=9198765'), 1);
  assert.equal(await by('q=%25'), 0);
  assert.equal(await by('opted_out=true'), 0);
  const csv = await server.api('GET', '/api/contacts?format=csv');
  assert.match(csv.text, /^id,phone,name/);
  assert.match(csv.text, /919876543210,Asha/);

  const person = await server.api('GET', '/api/contacts/919876543210/export');
  assert.equal(person.body.contact.name, 'Asha');
  assert.equal((await server.api('DELETE', '/api/contacts/919876543210')).status, 204);
  assert.equal((await server.api('GET', '/api/contacts/919876543210')).status, 404);
  const again = await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone: '919876543210', name: 'Asha Rao' });
  assert.equal(again.body.verdict, 'opted_out', again.text);
  const stats = (await server.api('GET', `/api/sequences/${sequence.id}/stats`)).body;
  for (const step of stats.steps) same(step.funnel, 1);
});

test('a draft holds its people back; a test message goes at once and is counted nowhere', async (t) => {
  const server = await startServer(t, { clock: 'manual' });
  const draft = await created(server, { name: 'Draft', messages: [{ day: 1, message: 'Hi {name}, {city|your city}' }, { day: 3, message: 'Plan {plan}' }] });
  const enrolled = await server.api('POST', `/api/sequences/${draft.id}/enroll`, { phone: '919876543210', name: 'Asha' });
  assert.equal(enrolled.body.enrollment.next_message_due, null);

  const missing = await server.api('POST', `/api/sequences/${draft.id}/test-send`, { phone: '919876543299', step_ids: [draft.messages[1].id] });
  assert.equal(missing.body.errors[0].code, 'missing_field', missing.text);
  const sent = await server.api('POST', `/api/sequences/${draft.id}/test-send`, { phone: '919876543299', name: 'Me', custom_fields: { plan: 'gold' }, step_ids: draft.messages.map((step) => step.id) });
  assert.equal(sent.status, 202, sent.text);
  assert.deepEqual(sent.body.messages.map((message) => message.message), ['Hi Me, your city', 'Plan gold']);
  const first = sent.body.messages[0].id;
  await until(async () => ['sent', 'delivered', 'read'].includes((await server.api('GET', `/api/messages/${first}`)).body.status), 'test message sent');
  const stats = async () => (await server.api('GET', `/api/sequences/${draft.id}/stats`)).body;
  const before = await stats();
  for (const step of before.steps) same(step.funnel, 1);
  assert.equal(before.totals.sent, 0);
  assert.equal((await server.api('GET', '/api/stats/overview')).body.totals.sent, 0);
  assert.equal((await server.api('GET', '/api/stats/overview')).body.setup.test_message, true);

  await server.api('PUT', `/api/sequences/${draft.id}`, { status: 'active' });
  await until(async () => (await stats()).totals.sent === 1, 'first message sent after the start');
  for (const step of (await stats()).steps) same(step.funnel, 1);
});

test('opt-outs hold, are listed and are lifted', async (t) => {
  const server = await startServer(t);
  const sequence = await created(server, { ...WEEK, status: 'active' }, '?force=true');
  for (let i = 0; i < 3; i++) await server.api('POST', '/api/opt-outs', { phone: `91987654321${i}` });
  const verdict = async () => (await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone: '919876543210' })).body.verdict;
  assert.equal(await verdict(), 'opted_out');
  const first = await server.api('GET', '/api/opt-outs?limit=2');
  assert.equal(first.body.data.length, 2);
  const rest = await server.api('GET', `/api/opt-outs?limit=2&cursor=${first.body.next_cursor}`);
  assert.equal(rest.body.data.length, 1);
  assert.equal((await server.api('GET', '/api/opt-outs?source=stop_word')).body.data.length, 0);
  assert.equal((await server.api('GET', '/api/opt-outs?source=api')).body.data.length, 3);
  assert.equal((await server.api('GET', '/api/opt-outs?source=nobody')).status, 422);
  assert.equal((await server.api('GET', '/api/opt-outs?q=919876543211')).body.data.length, 1);
  assert.equal((await server.api('DELETE', '/api/opt-outs?phone=919876543210')).status, 204);
  assert.equal((await server.api('DELETE', '/api/opt-outs?phone=919876543210')).status, 404);
  assert.equal(await verdict(), 'enrolled');
  assert.equal((await server.api('POST', '/api/opt-outs', { phone: '12' })).body.errors[0].code, 'invalid_phone');
  const marketing = await server.api('POST', '/api/opt-outs', { phone: '919876543210', kind: 'marketing' });
  assert.equal(marketing.body.kind, 'marketing');
  assert.equal((await server.api('GET', '/api/contacts/919876543210')).body.enrollments[0].status, 'active');
});

test('settings are checked and kept over a restart', async (t) => {
  const server = await startServer(t);
  const defaults = (await server.api('GET', '/api/settings')).body;
  assert.equal(defaults.timezone, 'UTC');
  assert.equal(defaults.quiet_hours, null);
  const wrong = await server.api('PUT', '/api/settings', { timezone: 'Nowhere/Land', default_country: 'XX', quiet_hours: { from: '21:00', to: '21:00' }, retention_events_days: 0, colour: 1 });
  assert.deepEqual(wrong.body.errors.map((error) => error.field).sort(), ['colour', 'default_country', 'quiet_hours.to', 'retention_events_days', 'timezone']);
  const wanted = { timezone: 'Asia/Kolkata', default_country: 'IN', quiet_hours: { from: '21:00', to: '09:00' }, name: 'Clinic', retention_messages_days: 90 };
  const saved = await server.api('PUT', '/api/settings', wanted);
  for (const [name, value] of Object.entries(wanted)) assert.deepEqual(saved.body[name], value);
  await server.stop();
  await server.start();
  const kept = (await server.api('GET', '/api/settings')).body;
  assert.deepEqual(kept, saved.body);
  const cleared = await server.api('PUT', '/api/settings', { quiet_hours: null });
  assert.equal(cleared.body.quiet_hours, null);
  assert.equal(cleared.body.default_country, 'IN');
});

test('the dashboard, its series and the forecast agree', async (t) => {
  const server = await startServer(t);
  const sequence = await created(server, { ...WEEK, status: 'active' }, '?force=true');
  await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone: '919876543210', name: 'Asha' });
  const overview = (await server.api('GET', '/api/stats/overview')).body;
  assert.equal(overview.totals.enrolled, 1);
  assert.equal(overview.people.active, 1);
  assert.equal(overview.sequences[0].id, sequence.id);
  assert.equal(overview.recent_enrollments[0].phone, '919876543210');
  assert.deepEqual([overview.setup.sequence, overview.setup.enrollment, overview.setup.delivery], [true, true, false]);
  const days = (await server.api('GET', '/api/stats/timeseries?timezone=Asia/Kathmandu')).body;
  assert.equal(days.points.length, 8);
  assert.equal(days.points.reduce((sum, point) => sum + point.enrolled, 0), 1);
  const hours = (await server.api('GET', `/api/stats/timeseries?interval=hour&sequence_id=${sequence.id}`)).body;
  assert.equal(hours.points.reduce((sum, point) => sum + point.enrolled, 0), 1);
  assert.match((await server.api('GET', '/api/stats/timeseries?format=csv')).text, /^at,enrolled/);
  const forecast = (await server.api('GET', '/api/stats/forecast?days=30&timezone=Asia/Kolkata')).body;
  assert.equal(forecast.points.length, 30);
  assert.equal(forecast.points.reduce((sum, day) => sum + day.count, 0), forecast.total);
  assert.ok(forecast.total >= 2 && forecast.total <= 3, String(forecast.total));
  assert.equal((await server.api('GET', '/api/stats/timeseries?interval=hour&from=2020-01-01&to=2025-01-01')).status, 422);
  assert.equal((await server.api('GET', '/api/stats/overview?timezone=Mars')).status, 422);
});

test('an opt-out can be lifted, and said again, within one moment of the clock', async (t) => {
  const server = await startServer(t, { clock: 'manual' }); // it stands: all words have the same time
  const lift = async () => (await server.api('DELETE', '/api/opt-outs?phone=919876543210')).status;
  const standing = async () => (await server.api('GET', '/api/opt-outs')).body.data.length;
  for (let round = 0; round < 2; round++) {
    await server.api('POST', '/api/opt-outs', { phone: '919876543210' });
    assert.equal(await standing(), 1);
    assert.deepEqual([await lift(), await lift(), await standing()], [204, 404, 0]);
  }
});
