// Webhooks from outside: the real server, the fake WhatsApp in a process of its own, and hand-made
// bodies with and without a good signature.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { freePort, until } from './lib/process.mjs';
import { startServer, startSimulator } from './lib/server.mjs';

const SECRET = 'test-app-secret';
const sign = (body, secret = SECRET) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

async function startBoth(t, faults = {}) {
  const port = await freePort();
  const server = await startServer(t);
  const simulator = await startSimulator(t, { port, webhookUrl: `${server.base}/webhooks/whatsapp/chan_002`, faults: { webhook_delay_ms: 5, ...faults } });
  const channel = await server.api('POST', '/api/channels', {
    name: 'Test number', provider: 'cloud', phone_number_id: '1000000001', waba_id: '2000000001', access_token: 'token',
    app_secret: SECRET, verify_token: 'verify-me', base_url: simulator.base,
  });
  assert.equal(channel.status, 201, channel.text);
  assert.equal(channel.body.id, 'chan_002'); // the first one is the built-in simulator's
  assert.equal(channel.body.default, true);
  const hook = `${server.base}/webhooks/whatsapp/${channel.body.id}`;
  const post = (body, headers = {}) => fetch(hook, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  const control = (path, body, method = 'POST') => fetch(`${simulator.base}/control/${path}`, { method, body: JSON.stringify(body) });
  return { server, simulator, channel: channel.body, hook, post, control };
}

async function enrolOne(server, phone, messages) {
  const sequence = await server.api('POST', '/api/sequences', { name: 'Webhooks', status: 'draft', messages });
  assert.equal(sequence.status, 201, sequence.text);
  const active = await server.api('PUT', `/api/sequences/${sequence.body.id}?force=true`, { status: 'active' });
  assert.equal(active.status, 200, active.text);
  const enrolled = await server.api('POST', `/api/sequences/${sequence.body.id}/enroll`, { phone, name: 'Ann' });
  assert.equal(enrolled.status, 201, enrolled.text);
  return { sequence: sequence.body.id, enrollment: enrolled.body.enrollment.id };
}

const inbound = (id, phone, text) =>
  JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: '2000000001', changes: [{ field: 'messages', value: {
      messaging_product: 'whatsapp', metadata: { phone_number_id: '1000000001' }, contacts: [{ wa_id: phone, profile: { name: 'Ann' } }],
      messages: [{ from: phone, id, timestamp: String(Math.floor(Date.now() / 1000)), type: 'text', text: { body: text } }],
    } }] }],
  });

const steps = [
  { day: 1, type: 'template', template: { name: 'hello', language: 'en', body: ['{name}'] } },
  { day: 3, message: 'How is it going, {name}?' },
];

test('verification gives back digits, and nothing else', async (t) => {
  const { hook } = await startBoth(t);
  const ask = async (query) => {
    const answer = await fetch(`${hook}?${new URLSearchParams(query)}`);
    return { status: answer.status, type: answer.headers.get('content-type'), nosniff: answer.headers.get('x-content-type-options'), text: await answer.text() };
  };
  const good = await ask({ 'hub.mode': 'subscribe', 'hub.challenge': '1158201444', 'hub.verify_token': 'verify-me' });
  assert.equal(good.status, 200);
  assert.equal(good.text, '1158201444');
  assert.match(good.type, /^text\/plain/);
  assert.equal(good.nosniff, 'nosniff');
  const wrong = await ask({ 'hub.mode': 'subscribe', 'hub.challenge': '1', 'hub.verify_token': 'verify-mE' });
  assert.equal(wrong.status, 403);
  const script = await ask({ 'hub.mode': 'subscribe', 'hub.challenge': '<script>1</script>', 'hub.verify_token': 'verify-me' });
  assert.equal(script.status, 422);
  assert.doesNotMatch(script.text, /<script>/);
  const long = await ask({ 'hub.mode': 'subscribe', 'hub.challenge': '1'.repeat(33), 'hub.verify_token': 'verify-me' });
  assert.equal(long.status, 422);
  const other = await ask({ 'hub.mode': 'unsubscribe', 'hub.challenge': '1', 'hub.verify_token': 'verify-me' });
  assert.equal(other.status, 403);
});

test('a body without a good signature changes nothing', async (t) => {
  const { server, post, hook } = await startBoth(t);
  const { enrollment } = await enrolOne(server, '919876543210', steps);
  const body = inbound('wamid.bad', '919876543210', 'STOP');
  for (const headers of [{}, { 'x-hub-signature-256': 'sha256=00' }, { 'x-hub-signature-256': sign(body, 'other') }, { 'x-hub-signature-256': sign(`${body} `) }]) {
    assert.equal((await post(body, headers)).status, 401);
  }
  const foreign = await fetch(hook.replace('chan_002', 'chan_999'), { method: 'POST', body, headers: { 'x-hub-signature-256': sign(body) } });
  assert.equal(foreign.status, 404);
  assert.notEqual((await server.api('GET', `/api/enrollments/${enrollment}`)).body.status, 'opted_out');
  assert.equal((await post(body, { 'x-hub-signature-256': sign(body) })).status, 200);
  assert.equal((await server.api('GET', `/api/enrollments/${enrollment}`)).body.status, 'opted_out');
});

test('how long a wrong signature takes does not tell where it is wrong', async (t) => {
  const server = await startServer(t, { args: ['--rate-limit', '0', '--anonymous-rate-limit', '0'] });
  const channel = await server.api('POST', '/api/channels', {
    name: 'Test number', provider: 'cloud', phone_number_id: '1000000001', waba_id: '2000000001', access_token: 'token',
    app_secret: SECRET, verify_token: 'verify-me', base_url: 'http://127.0.0.1:9',
  });
  assert.equal(channel.status, 201, channel.text);
  const body = inbound('wamid.timing', '919876543210', 'Hello');
  const good = sign(body);
  const wrongAt = (at) => good.slice(0, at) + (good[at] === '0' ? '1' : '0') + good.slice(at + 1);
  const times = { first: [], last: [] };
  const signatures = { first: wrongAt('sha256='.length), last: wrongAt(good.length - 1) };
  for (let round = 0; round < 1000; round++) {
    // One after the other, and each of them first in every second round: what slows the machine slows both.
    for (const kind of round % 2 ? ['first', 'last'] : ['last', 'first']) {
      const begun = process.hrtime.bigint();
      const answer = await fetch(`${server.base}/webhooks/whatsapp/${channel.body.id}`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': signatures[kind] } });
      await answer.arrayBuffer();
      times[kind].push(Number(process.hrtime.bigint() - begun) / 1e6);
      assert.equal(answer.status, 401);
    }
  }
  const [first, last] = [times.first, times.last].map((list) => list.sort((a, b) => a - b)[list.length / 2]);
  t.diagnostic(`wrong in the first digit ${first} ms, in the last ${last} ms`);
  assert.ok(first < last * 2 && last < first * 2, `${first} ms and ${last} ms`);
});

test('statuses come back by token and show on the message', async (t) => {
  const { server, simulator } = await startBoth(t, { repeated_webhook_per_mille: 500, reordered_webhook_per_mille: 300 });
  await enrolOne(server, '919876543210', steps);
  const message = await until(async () => (await server.api('GET', '/api/queue?status=read')).body.data[0], 'message read');
  assert.equal(message.attempts, 1);
  const detail = await server.api('GET', `/api/messages/${message.id}`);
  assert.equal(detail.body.attempt_list.length, 1);
  assert.equal(detail.body.attempt_list[0].result, 'accepted');
  assert.equal(simulator.entries().length, 1);
  assert.equal(simulator.entries()[0].text, 'hello|Ann');
  const csv = await server.api('GET', '/api/queue?format=csv&status=read');
  assert.match(csv.headers.get('content-type'), /^text\/csv/);
  assert.match(csv.text, /^id,enrollment_id,.*\r\nmsg_001,enroll_001,seq_001,919876543210,Ann,1,read,/);
  const stats = await server.api('GET', '/api/queue/stats');
  assert.equal(stats.body.pending + stats.body.sending + stats.body.in_doubt + stats.body.held, 0);
});

test('the answer is lost but the webhook proves the message was sent', async (t) => {
  const { server, simulator } = await startBoth(t, { rules: [{ fault: 'reset_after', count: 1 }], webhook_delay_ms: 300 });
  await enrolOne(server, '919876543210', steps);
  await until(async () => (await server.api('GET', '/api/queue?status=read')).body.data[0], 'message read');
  assert.equal(simulator.entries().filter((entry) => entry.accepted).length, 1);
});

test('a refusal for good is shown with advice, and can be tried again', async (t) => {
  const { server, simulator } = await startBoth(t, { rules: [{ fault: 'error', code: 131026, count: 1 }] });
  await enrolOne(server, '919876543210', steps);
  const failed = await until(async () => (await server.api('GET', '/api/queue?status=failed&reason=131026')).body.data[0], 'message failed');
  assert.equal(failed.error.code, 131026);
  assert.ok(failed.error.advice.length > 10);
  const statistics = await server.api('GET', `/api/sequences/${failed.sequence_id}/stats`);
  const [{ reason }] = statistics.body.steps[0].failed_by_reason;
  assert.equal(reason, 'unreachable');
  for (const [word, count] of [['131026', 1], [reason, 1], ['billing', 0]]) {
    assert.equal((await server.api('GET', `/api/queue?reason=${word}`)).body.data.length, count, word);
    const dry = await server.api('POST', '/api/messages/bulk-retry', { filter: { reason: word }, dry_run: true });
    assert.equal(dry.body.changed, count, word);
  }
  assert.equal((await server.api('GET', '/api/queue?reason=nonsense')).status, 422);
  const again = await server.api('POST', `/api/messages/${failed.id}/retry`);
  assert.equal(again.status, 200, again.text);
  await until(async () => (await server.api('GET', '/api/queue?status=read')).body.data[0], 'message read');
  assert.deepEqual(simulator.entries().map((entry) => entry.accepted), [false, true]);
  assert.equal((await server.api('POST', `/api/messages/${failed.id}/retry`)).status, 409);
});

test('people stop by word, by button and in WhatsApp itself', async (t) => {
  const { server, control } = await startBoth(t);
  const { enrollment, sequence } = await enrolOne(server, '919876543210', steps);
  await until(async () => (await server.api('GET', '/api/queue?status=read')).body.data[0], 'message read');
  await control('reply', { phone: '919876543210', text: '¡Baja!' });
  await until(async () => (await server.api('GET', `/api/enrollments/${enrollment}`)).body.status === 'opted_out', 'opted out');
  const refused = await server.api('POST', `/api/sequences/${sequence}/enroll`, { phone: '919876543210' });
  assert.equal(refused.body.verdict, 'opted_out');
  await control('reply', { phone: '919876543211', type: 'button', text: 'Stop', payload: 'STOP_PROMOTIONS' });
  await control('preference', { phone: '919876543212', value: 'stop' });
  await until(async () => (await server.api('GET', '/api/opt-outs')).body.data.length === 3, 'three opt-outs');
  const sources = (await server.api('GET', '/api/opt-outs')).body.data.map((row) => row.source).sort();
  assert.deepEqual(sources, ['button', 'stop_word', 'user_preferences']);
  await control('change-number', { phone: '919876543210', new_phone: '919876540000' });
  await until(async () => (await server.api('GET', '/api/contacts/919876540000')).body.opted_out === 'all', 'the new number is opted out');
});

test('who stopped only marketing gets no template of that kind, and others do', async (t) => {
  const { server, control, simulator } = await startBoth(t);
  const [stopped, other] = ['919876543212', '919876543213'];
  await control('preference', { phone: stopped, value: 'stop' });
  await until(async () => (await server.api('GET', '/api/opt-outs')).body.data[0]?.kind === 'marketing', 'the wish arrived');
  const { sequence } = await enrolOne(server, stopped, steps); // a template that the account does not tell of counts as marketing
  await until(async () => (await server.api('GET', `/api/queue?status=cancelled,skipped&phone=${stopped}`)).body.data[0], 'their message is dropped');
  await server.api('POST', `/api/sequences/${sequence}/enroll`, { phone: other });
  await until(async () => (await server.api('GET', '/api/queue?status=read')).body.data[0], 'the other’s is read');
  assert.deepEqual(simulator.entries().map((entry) => entry.phone), [other]);
});

test('large and strange bodies are taken, too large ones refused', async (t) => {
  const { server, post } = await startBoth(t);
  const statuses = Array.from({ length: 9000 }, (_, i) => ({ id: `wamid.${i}`, status: 'delivered', timestamp: '1790000000', recipient_id: '1', biz_opaque_callback_data: 'x'.repeat(200) }));
  const large = JSON.stringify({ entry: [{ id: '1', changes: [{ field: 'messages', value: { metadata: { phone_number_id: '1000000001' }, statuses } }] }] });
  assert.ok(large.length > 2.5 * 1024 * 1024 && large.length < 4 * 1024 * 1024);
  assert.equal((await post(large, { 'x-hub-signature-256': sign(large) })).status, 200);
  for (const strange of ['{"entry":[]}', '{"entry":[{"changes":[{"field":"brand_new","value":{"a":[1,2,3]}}]}]}', '{"not":"a webhook"}', 'no json at all']) {
    assert.equal((await post(strange, { 'x-hub-signature-256': sign(strange) })).status, 200, strange);
  }
  const huge = 'x'.repeat(5 * 1024 * 1024);
  const answer = await post(huge, { 'x-hub-signature-256': sign(huge) }).catch(() => ({ status: 413 }));
  assert.equal(answer.status, 413);
  assert.equal((await server.api('GET', '/api/queue')).body.data.length, 0);
});

test('the built-in simulator: a week passes, a person replies', async (t) => {
  const server = await startServer(t, { clock: 'manual' });
  const { enrollment } = await enrolOne(server, '919876543210', [
    { day: 1, message: 'Welcome, {name}! Reply STOP to end.' }, { day: 3, message: 'Day three' }, { day: 7, message: 'Day seven' }]);
  const before = Date.parse((await server.api('GET', '/api/sandbox/clock')).body.now);
  const moved = await server.api('POST', '/api/sandbox/clock', { advance: '3d' });
  assert.equal(moved.status, 200, moved.text);
  assert.equal(Date.parse(moved.body.now), before + 3 * 86400000);
  const sent = (await server.api('GET', '/api/sandbox/messages?phone=919876543210')).body.data;
  assert.deepEqual(sent.filter((row) => row.direction === 'out').map((row) => row.text), ['Day three', 'Welcome, Ann! Reply STOP to end.']);
  const reply = await server.api('POST', '/api/sandbox/replies', { phone: '919876543210', text: 'STOP' });
  assert.equal(reply.status, 202, reply.text);
  await until(async () => (await server.api('GET', `/api/enrollments/${enrollment}`)).body.status === 'opted_out', 'opted out');
  await server.api('POST', '/api/sandbox/clock', { advance: '1w' });
  assert.equal((await server.api('GET', '/api/sandbox')).body.received, 2);
  const faults = await server.api('PUT', '/api/sandbox/faults', { seed: 7, server_error_per_mille: 20 });
  assert.equal(faults.body.server_error_per_mille, 20);
  for (const [faults, field] of [[{ nonsense: 1 }, 'nonsense'], [{ refuse_per_mille: 2000 }, 'refuse_per_mille'], [{ rules: [{ fault: 'nothing' }] }, 'rules[0].fault']]) {
    const refused = await server.api('PUT', '/api/sandbox/faults', faults);
    assert.deepEqual([refused.status, refused.body.errors?.map((error) => error.field)], [422, [field]]);
  }
  assert.equal((await server.api('POST', '/api/sandbox/clock', { to: '2020-01-01T00:00:00Z' })).status, 422);
});
