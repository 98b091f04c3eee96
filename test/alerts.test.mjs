// Alerts from outside: each cause is made to happen with the fake WhatsApp's faults, its alert
// opens, the cause ends, and the alert closes by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAY_TELL, alertEvents, alerts, hearAlerts } from './lib/alarms.mjs';
import { makeSequence, startPair, upload } from './lib/drip.mjs';
import { until } from './lib/process.mjs';
import { advance, startServer } from './lib/server.mjs';

let numbers = 4915112340000n;
const csv = (count) => `phone\n${Array.from({ length: count }, () => String(numbers++)).join('\n')}\n`;

const opened = (server, kind) => until(async () => (await alerts(server)).find((alert) => alert.kind === kind), `${kind} opens`);
const closed = (server, kind) => until(async () => {
  const open = (await alerts(server)).find((alert) => alert.kind === kind);
  return !open && (await alerts(server, 'closed')).find((alert) => alert.kind === kind);
}, `${kind} closes`);

const control = async (simulator, method, path, body) => {
  const answer = await fetch(`${simulator.base}/control/${path}`, { method, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.text());
};

test('many failures', async (t) => {
  const { server, channel } = await startPair(t, { faults: { refuse_per_mille: 1000, refuse_code: 131026 }, args: MAY_TELL });
  const heard = await hearAlerts(t, server);
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, csv(15));
  const { id } = await heard.opens('failure_rate', 'critical');
  await advance(server, '3h');
  const alert = await heard.closes({ id, kind: 'failure_rate' });
  assert.ok(Date.parse(alert.closed_at) > Date.parse(alert.since));
  const events = (await alertEvents(server)).filter((event) => event.data.kind === 'failure_rate');
  assert.deepEqual(events.map((event) => event.type), ['alert.opened', 'alert.closed']);
  assert.equal(events[0].data.alert_id, alert.id);
  assert.equal((await alerts(server, 'closed')).filter((one) => one.kind === 'failure_rate').length, 1, 'one alert per cause');
});

test('no status webhooks, then they come again', async (t) => {
  const { server, simulator, channel } = await startPair(t, { faults: { webhooks: 'none' }, args: MAY_TELL });
  const heard = await hearAlerts(t, server);
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, csv(8));
  await until(async () => (await server.api('GET', '/api/queue/stats')).body.pending === 0 && (await server.api('GET', '/api/queue?status=sent')).body.data.length === 8, 'all are sent');
  assert.equal((await alerts(server)).find((alert) => alert.kind === 'webhook_silence'), undefined);
  await advance(server, '1h');
  const alert = await heard.opens('webhook_silence', 'warning');
  assert.equal(alert.channel_id, channel.id);
  await control(simulator, 'PUT', 'faults', {});
  await upload(server, sequence, csv(2));
  await until(async () => (await server.api('GET', '/api/queue?status=read')).body.data.length === 2, 'statuses arrive');
  await advance(server, '1h');
  await heard.closes(alert);
});

test('messages that wait for a decision', async (t) => {
  const { server, channel } = await startPair(t, { faults: { webhooks: 'none', rules: [{ fault: 'reset_after', count: 1 }] }, channel: { doubt_policy: 'hold' }, args: MAY_TELL });
  const heard = await hearAlerts(t, server);
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, csv(1));
  await until(async () => (await server.api('GET', '/api/queue?status=in_doubt')).body.data[0], 'in doubt');
  await advance(server, '2d');
  const held = await until(async () => (await server.api('GET', '/api/queue?status=held')).body.data[0], 'held');
  const alert = await heard.opens('messages_held', 'warning');
  const answer = await server.api('POST', `/api/messages/${held.id}/resolve`, { decision: 'give_up', reason: 'asked' });
  assert.equal(answer.status, 200, answer.text);
  await heard.closes(alert);
  const audit = (await server.api('GET', `/api/audit?object=${held.id}`)).body.data;
  assert.ok(audit.length >= 1 && audit[0].actor.name.length > 0, JSON.stringify(audit));
});

test('the disk is nearly full', async (t) => {
  const server = await startServer(t, { args: ['--disk-warning-mb', '0', ...MAY_TELL] });
  const heard = await hearAlerts(t, server);
  const restart = async (warning) => {
    await server.stop();
    server.options.args[1] = warning;
    await server.start();
  };
  await restart('1000000000');
  const alert = await heard.opens('disk_space', 'critical');
  await restart('0');
  await heard.closes(alert);
});

test('imports that end are told once', async (t) => {
  const { server, channel } = await startPair(t, { args: MAY_TELL });
  const heard = await hearAlerts(t, server);
  const sequence = await makeSequence(server, channel);
  await server.api('PUT', '/api/settings', { sending_paused: true });
  const batch = await upload(server, sequence, csv(1200));
  assert.equal(batch.status, 'completed');
  const alert = await heard.opens('batch_finished', 'info');
  assert.equal(alert.batch_id, batch.id);
  const seen = await server.api('POST', `/api/alerts/${alert.id}/acknowledge`);
  assert.equal(seen.status, 200, seen.text);
  assert.notEqual(seen.body.acknowledged_at, null);
  assert.notEqual(seen.body.closed_at, null);
  await heard.closes(alert);
  await advance(server, '1h');
  await heard.opens('sending_paused', 'info');
  assert.equal((await alerts(server)).find((one) => one.kind === 'batch_finished'), undefined);
  await upload(server, sequence, csv(1000)); // of this one nobody says that they have seen it
  const other = await heard.opens('batch_finished', 'info');
  await advance(server, '25h');
  await heard.closes(other);
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
