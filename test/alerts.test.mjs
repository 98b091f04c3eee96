// Alerts from outside: each cause is made to happen with the fake WhatsApp's faults, its alert
// opens, the cause ends, and the alert closes by itself.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { makeSequence, startPair, upload } from './lib/drip.mjs';
import { until } from './lib/process.mjs';
import { advance, startServer } from './lib/server.mjs';

let numbers = 4915112340000n;
const csv = (count) => `phone\n${Array.from({ length: count }, () => String(numbers++)).join('\n')}\n`;

const alerts = async (server, status = 'open') => (await server.api('GET', `/api/alerts?status=${status}`)).body.data;
const opened = (server, kind) => until(async () => (await alerts(server)).find((alert) => alert.kind === kind), `${kind} opens`);
const closed = (server, kind) => until(async () => {
  const open = (await alerts(server)).find((alert) => alert.kind === kind);
  return !open && (await alerts(server, 'closed')).find((alert) => alert.kind === kind);
}, `${kind} closes`);

async function alertEvents(server) {
  const list = [];
  for (let cursor = '', pages = 0; pages < 50; pages++) {
    const page = (await server.api('GET', `/api/events?limit=500${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)).body;
    list.push(...page.data.filter((event) => event.type.startsWith('alert.')));
    if (!page.next_cursor || page.data.length === 0) break;
    cursor = page.next_cursor;
  }
  return list;
}

const control = async (simulator, method, path, body) => {
  const answer = await fetch(`${simulator.base}/control/${path}`, { method, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.text());
};

function sound(alert, severity) {
  assert.match(alert.id, /^alert_\d{3,}$/);
  assert.equal(alert.severity, severity);
  assert.ok(alert.title.length > 10 && alert.advice.length > 20 && alert.link.startsWith('/'), JSON.stringify(alert));
  assert.equal(alert.closed_at, null);
}

test('many failures', async (t) => {
  const { server, channel } = await startPair(t, { faults: { refuse_per_mille: 1000, refuse_code: 131026 } });
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, csv(15));
  sound(await opened(server, 'failure_rate'), 'critical');
  await advance(server, '3h');
  const alert = await closed(server, 'failure_rate');
  assert.ok(Date.parse(alert.closed_at) > Date.parse(alert.since));
  const events = (await alertEvents(server)).filter((event) => event.data.kind === 'failure_rate');
  assert.deepEqual(events.map((event) => event.type), ['alert.opened', 'alert.closed']);
  assert.equal(events[0].data.alert_id, alert.id);
  assert.equal((await alerts(server, 'closed')).filter((one) => one.kind === 'failure_rate').length, 1, 'one alert per cause');
});

test('a channel whose token is refused, and one that a person pauses', async (t) => {
  const { server, channel } = await startPair(t, { faults: { rules: [{ fault: 'error', code: 190, status: 401, count: 1 }] } });
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, csv(3));
  const alert = await opened(server, 'channel_held');
  sound(alert, 'critical');
  assert.match(alert.title, /token/);
  assert.equal(alert.channel_id, channel.id);
  await advance(server, '1h');
  await closed(server, 'channel_held');
  const paused = await server.api('PUT', `/api/channels/${channel.id}`, { paused: true });
  assert.equal(paused.status, 200, paused.text);
  sound(await opened(server, 'channel_paused'), 'info');
  assert.equal((await server.api('PUT', `/api/channels/${channel.id}`, { paused: false })).status, 200);
  await closed(server, 'channel_paused');
  assert.equal((await server.api('PUT', '/api/settings', { sending_paused: true })).status, 200);
  await opened(server, 'sending_paused');
  assert.equal((await server.api('PUT', '/api/settings', { sending_paused: false })).status, 200);
  await closed(server, 'sending_paused');
});

test('payment, account and quality trouble have words of their own', async (t) => {
  const words = { 131042: /payment/, 131031: /restricted/, 131048: /block or report/ };
  for (const [code, word] of Object.entries(words)) {
    const { server, channel } = await startPair(t, { faults: { rules: [{ fault: 'error', code: Number(code), count: 1 }] } });
    await upload(server, await makeSequence(server, channel), csv(2));
    assert.match((await opened(server, 'channel_held')).title, word);
    await server.kill();
  }
});

test('no status webhooks, then they come again', async (t) => {
  const { server, simulator, channel } = await startPair(t, { faults: { webhooks: 'none' } });
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, csv(8));
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.pending === 0 && (await server.api('GET', '/api/queue?status=sent')).body.data.length === 8, 'all are sent');
  assert.equal((await alerts(server)).find((alert) => alert.kind === 'webhook_silence'), undefined);
  await advance(server, '1h');
  const alert = await opened(server, 'webhook_silence');
  sound(alert, 'warning');
  assert.equal(alert.channel_id, channel.id);
  await control(simulator, 'PUT', 'faults', {});
  await upload(server, sequence, csv(2));
  await until(async () => (await server.api('GET', '/api/queue?status=read')).body.data.length === 2, 'statuses arrive');
  await advance(server, '1h');
  await closed(server, 'webhook_silence');
});

test('messages that wait for a decision', async (t) => {
  const { server, channel } = await startPair(t, { faults: { webhooks: 'none', rules: [{ fault: 'reset_after', count: 1 }] }, channel: { doubt_policy: 'hold' } });
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, csv(1));
  await until(async () => (await server.api('GET', '/api/queue?status=in_doubt')).body.data[0], 'in doubt');
  await advance(server, '2d');
  const held = await until(async () => (await server.api('GET', '/api/queue?status=held')).body.data[0], 'held');
  sound(await opened(server, 'messages_held'), 'warning');
  const answer = await server.api('POST', `/api/messages/${held.id}/resolve`, { decision: 'give_up', reason: 'asked' });
  assert.equal(answer.status, 200, answer.text);
  await closed(server, 'messages_held');
  const audit = (await server.api('GET', `/api/audit?object=${held.id}`)).body.data;
  assert.ok(audit.length >= 1 && audit[0].actor.name.length > 0, JSON.stringify(audit));
});

test('a template that WhatsApp pauses', async (t) => {
  const { server, simulator, channel } = await startPair(t);
  await makeSequence(server, channel);
  await control(simulator, 'POST', 'templates', { name: 'welcome', language: 'en', category: 'MARKETING', components: [{ type: 'BODY', text: 'Hi {{1}}, {{2}}, {{3}}' }] });
  const known = await server.api('GET', `/api/channels/${channel.id}/templates?refresh=true`);
  assert.equal(known.status, 200, known.text);
  assert.equal(known.body.data.find((template) => template.name === 'welcome').status, 'APPROVED');
  const tell = async (event) => {
    const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '2000000001', time: 1, changes: [{
      field: 'message_template_status_update', value: { event, message_template_id: 1, message_template_name: 'welcome', message_template_language: 'en', reason: 'NONE' } }] }] });
    const signature = `sha256=${createHmac('sha256', simulator.appSecret).update(body).digest('hex')}`;
    const answer = await fetch(`${server.base}/webhooks/whatsapp/${channel.id}`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature } });
    assert.equal(answer.status, 200);
  };
  await tell('PAUSED');
  const alert = await opened(server, 'template_unusable');
  sound(alert, 'critical');
  assert.match(alert.title, /paused the template "welcome"/);
  await tell('APPROVED');
  await closed(server, 'template_unusable');
});

test('the disk is nearly full', async (t) => {
  const server = await startServer(t, { args: ['--disk-warning-mb', '1000000000'] });
  sound(await opened(server, 'disk_space'), 'critical');
  await server.stop();
  server.options.args[1] = '0';
  await server.start();
  await closed(server, 'disk_space');
});

test('imports that end are told once', async (t) => {
  const { server, channel } = await startPair(t);
  const sequence = await makeSequence(server, channel);
  await server.api('PUT', '/api/settings', { sending_paused: true });
  const batch = await upload(server, sequence, csv(1200));
  assert.equal(batch.status, 'completed');
  const alert = await opened(server, 'batch_finished');
  sound(alert, 'info');
  assert.equal(alert.batch_id, batch.id);
  const seen = await server.api('POST', `/api/alerts/${alert.id}/acknowledge`);
  assert.equal(seen.status, 200, seen.text);
  assert.notEqual(seen.body.acknowledged_at, null);
  assert.notEqual(seen.body.closed_at, null);
  await advance(server, '1h');
  await opened(server, 'sending_paused');
  assert.equal((await alerts(server)).find((one) => one.kind === 'batch_finished'), undefined);
});

test('mute, acknowledge and test', async (t) => {
  const server = await startServer(t, { clock: 'manual' });
  const first = await server.api('POST', '/api/alerts/test');
  assert.equal(first.status, 201, first.text);
  const second = await server.api('POST', '/api/alerts/test');
  assert.equal(second.status, 201);
  assert.deepEqual((await alerts(server)).filter((alert) => alert.kind === 'test').map((alert) => alert.id), [second.body.id]);
  assert.equal((await alertEvents(server)).filter((event) => event.type === 'alert.opened').length, 2);
  await advance(server, '11m');
  await closed(server, 'test');
  await server.api('PUT', '/api/settings', { sending_paused: true });
  const alert = await opened(server, 'sending_paused');
  const muted = await server.api('POST', `/api/alerts/${alert.id}/mute`, { for: '2h' });
  assert.equal(muted.status, 200, muted.text);
  assert.equal(Date.parse(muted.body.muted_until) - Date.parse((await server.api('GET', '/api/me')).body.server.now), 2 * 3600_000);
  for (const bad of ['soon', '31d', '']) assert.equal((await server.api('POST', `/api/alerts/${alert.id}/mute`, { for: bad })).status, 422, bad);
  assert.equal((await server.api('POST', '/api/alerts/alert_999/mute', { for: '2h' })).status, 404);
  const before = (await alertEvents(server)).length;
  await server.api('PUT', '/api/settings', { sending_paused: false });
  await closed(server, 'sending_paused');
  await server.api('PUT', '/api/settings', { sending_paused: true });
  const again = await opened(server, 'sending_paused');
  assert.notEqual(again.id, alert.id);
  assert.deepEqual((await alertEvents(server)).slice(before).map(({ type }) => type), ['alert.closed'], 'while it is muted only its end is told, for those who heard of its beginning');
  const seen = await server.api('POST', `/api/alerts/${again.id}/acknowledge`);
  assert.equal(seen.body.closed_at, null, 'its cause is still there');
});

test('the audit trail names who did what, and cannot be changed', async (t) => {
  const server = await startServer(t, { clock: 'manual' });
  await server.api('PUT', '/api/settings', { sending_paused: true });
  const key = await server.api('POST', '/api/keys', { name: 'Shop', scopes: ['read'] });
  await server.api('DELETE', `/api/keys/${key.body.id}`);
  const user = await server.api('POST', '/api/users', { email: 'anna@example.org', name: 'Anna', role: 'viewer', password: 'correct horse battery' });
  assert.equal(user.status, 201, user.text);
  const login = (password) => server.api('POST', '/api/login', { email: 'anna@example.org', password });
  assert.equal((await login('wrong wrong wrong')).status, 401);
  assert.equal((await login('correct horse battery')).status, 200);
  assert.equal((await server.api('GET', '/api/contacts?format=csv')).status, 200);
  const words = await until(async () => {
    const list = (await server.api('GET', '/api/audit?limit=100')).body.data.map((line) => line.action);
    return list.includes('export') && list.includes('login.failed') && list;
  }, 'notes of what only reads');
  for (const action of ['settings.update', 'key.create', 'key.revoke', 'user.create', 'login']) assert.ok(words.includes(action), `${action} in ${words}`);
  const settings = (await server.api('GET', '/api/audit?action=settings')).body.data;
  assert.equal(settings.length, 1);
  assert.equal(settings[0].actor.kind, 'key');
  assert.match(settings[0].request_id, /^[0-9a-f]{16}$/);
  const page = (await server.api('GET', '/api/audit?limit=2')).body;
  const next = (await server.api('GET', `/api/audit?limit=2&cursor=${encodeURIComponent(page.next_cursor)}`)).body;
  assert.ok(next.data[0].id < page.data[1].id);
});
