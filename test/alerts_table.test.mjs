// One table of causes of alerts: each is made to happen by what the fake WhatsApp answers or tells, and
// ended again. Its alert opens once with cause, since when and what to do, is told by the app, by a
// webhook and by mail, and closes by itself.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { MAY_TELL, alertEvents, alerts, hearAlerts } from './lib/alarms.mjs';
import { makeSequence, startPair, upload } from './lib/drip.mjs';
import { until } from './lib/process.mjs';
import { advance } from './lib/server.mjs';

let numbers = 4915114560000n;
const csv = (count) => `phone\n${Array.from({ length: count }, () => String(numbers++)).join('\n')}\n`;
const refused = (code, more = {}) => ({ rules: [{ fault: 'error', code, count: 1, ...more }] });
const TEMPLATE = { name: 'welcome', language: 'en' };

async function control(simulator, method, path, body) {
  const answer = await fetch(`${simulator.base}/control/${path}`, { method, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.text());
}
const enroll = (count) => async (at) => upload(at.server, at.sequence, csv(count));
const wait = (by) => ({ server }) => advance(server, by);
/** A webhook from WhatsApp about the account. */
const tell = (field, value) => async ({ server, simulator, channel }) => {
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '2000000001', time: 1, changes: [{ field, value }] }] });
  const signature = `sha256=${createHmac('sha256', simulator.appSecret).update(body).digest('hex')}`;
  const answer = await fetch(`${server.base}/webhooks/whatsapp/${channel.id}`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature } });
  assert.equal(answer.status, 200);
};
const templateIs = (event) => tell('message_template_status_update', { event, message_template_id: 1, message_template_name: TEMPLATE.name, message_template_language: TEMPLATE.language, reason: 'NONE' });
/** From a test on the channel knows its own number. */
const testChannel = async ({ server, channel }) => assert.equal((await server.api('POST', `/api/channels/${channel.id}/test`)).body.ok, true);
const numberIs = (event) => async (at) => {
  const { display_phone: number } = (await at.server.api('GET', `/api/channels/${at.channel.id}`)).body;
  await tell('phone_number_quality_update', { display_phone_number: number, event })(at);
};
const change = (path, body) => async ({ server, channel }) => {
  const answer = await server.api('PUT', path.replace(':channel', channel.id), body);
  assert.equal(answer.status, 200, answer.text);
};
async function knowTemplate({ server, simulator, channel }) {
  await control(simulator, 'POST', 'templates', { ...TEMPLATE, category: 'MARKETING', components: [{ type: 'BODY', text: 'Hi {{1}}, {{2}}, {{3}}' }] });
  const known = await server.api('GET', `/api/channels/${channel.id}/templates?refresh=true`);
  assert.equal(known.body.data.find(({ name }) => name === TEMPLATE.name).status, 'APPROVED', known.text);
}

const held = { kind: 'channel_held', severity: 'critical' };
const unusable = { kind: 'template_unusable', severity: 'critical', before: knowTemplate };
const reinstated = tell('account_update', { event: 'DISABLED_UPDATE', ban_info: { waba_ban_state: 'REINSTATE' } });
/** What was refused so far is so no more, and there is somebody for the next try. */
async function heal(at) {
  await control(at.simulator, 'DELETE', 'rules');
  await enroll(3)(at);
  await advance(at.server, '1h');
}

// Ends come before the third day's step, which would fill a limit again.
const TABLE = [
  { cause: 'the token is refused', ...held, faults: refused(190, { status: 401 }), start: enroll(2), end: wait('1h'), title: /token of "Test number"/ },
  { cause: 'WhatsApp wants to be paid', ...held, faults: refused(131042), start: enroll(2), end: wait('1h'), title: /payment/ },
  { cause: 'the account is locked', ...held, faults: refused(131031), start: enroll(2), end: wait('1h'), title: /restricted/ },
  { cause: 'people report spam', ...held, faults: refused(131048), start: enroll(2), end: wait('5h'), title: /block or report/ },
  { cause: 'half of all sends fail', ...held, faults: refused(131000, { status: 500, count: -1 }), start: enroll(30), end: heal, title: /Half of the newest/ },
  { cause: 'WhatsApp tells that the account is disabled', ...held, start: tell('account_update', { event: 'DISABLED_UPDATE', ban_info: { waba_ban_state: 'DISABLE' } }), end: reinstated, title: /restricted/ },
  { cause: 'a person pauses a channel', start: change('/api/channels/:channel', { paused: true }), end: change('/api/channels/:channel', { paused: false }), kind: 'channel_paused', severity: 'info', title: /"Test number" is paused/ },
  { cause: 'a person pauses all', start: change('/api/settings', { sending_paused: true }), end: change('/api/settings', { sending_paused: false }), kind: 'sending_paused', severity: 'info', title: /All sending/ },
  { cause: 'more people than the number may write to', channel: { daily_limit: 3 }, start: enroll(5), end: wait('26h'), kind: 'channel_tier', severity: 'warning', title: /as many people as it may/ },
  { cause: 'WhatsApp lowers the limit of the number', before: enroll(5), start: tell('business_capability_update', { max_daily_conversations_per_business: 4 }), end: wait('26h'), kind: 'channel_tier', severity: 'warning', title: /as many people as it may/ },
  { cause: 'WhatsApp flags the number', before: testChannel, start: numberIs('FLAGGED'), end: numberIs('UNFLAGGED'), kind: 'channel_quality', severity: 'warning', title: /quality of "Test number" as low/ },
  { cause: 'a template is paused', ...unusable, start: templateIs('PAUSED'), end: templateIs('APPROVED'), title: /paused the template "welcome" \(en\)/ },
  { cause: 'a template is rejected', ...unusable, start: templateIs('REJECTED'), end: templateIs('APPROVED'), title: /rejected the template "welcome" \(en\)/ },
  { cause: 'a template is disabled', ...unusable, start: templateIs('DISABLED'), end: templateIs('REINSTATED'), title: /disabled the template "welcome" \(en\)/ },
  { cause: 'somebody wants to see that alerts arrive', start: ({ server }) => server.api('POST', '/api/alerts/test'), end: wait('11m'), kind: 'test', severity: 'info', title: /This is a test/ },
];

test('each cause opens one alert, which is told and closes by itself', { concurrency: 3 }, async (t) => {
  await Promise.all(TABLE.map((row) => t.test(row.cause, async (t) => {
    const at = await startPair(t, { faults: row.faults, channel: row.channel, args: MAY_TELL });
    at.sequence = await makeSequence(at.server, at.channel);
    const heard = await hearAlerts(t, at.server);
    await row.before?.(at);
    await row.start(at);
    const alert = await heard.opens(row.kind, row.severity);
    assert.match(alert.title, row.title);
    assert.equal(alert.channel_id, /channel|template/.test(row.kind) ? at.channel.id : null);
    await row.end(at);
    await heard.closes(alert);
    assert.equal((await alerts(at.server, 'closed')).filter(({ cause }) => cause === alert.cause).length, 1, 'once');
  })));
});

test('mails that do not leave are told of by the app and by webhooks', async (t) => {
  const at = await startPair(t, { args: MAY_TELL });
  const heard = await hearAlerts(t, at.server);
  heard.smtp.answer = (stage) => (stage === 'rcpt' ? '550 no such user' : undefined);
  await change('/api/settings', { sending_paused: true })(at);
  const alert = await heard.opens('email_failing', 'warning', { mailed: false });
  assert.match(alert.title, /Mails about alerts do not leave/);
  heard.smtp.answer = () => undefined;
  await change('/api/settings', { sending_paused: false })(at);
  await until(async () => (await alerts(at.server)).every(({ kind }) => kind !== 'sending_paused'), 'the pause is over');
  await change('/api/settings', { sending_paused: true })(at);
  await heard.closes(alert);
  assert.equal(heard.smtp.mails.filter(({ headers }) => headers.subject.includes('Mails about')).length, 0, 'no mail about mails');
});

test('people who hear of critical alerts only hear of one that becomes critical, once', async (t) => {
  const at = await startPair(t, { args: MAY_TELL });
  at.sequence = await makeSequence(at.server, at.channel);
  const { smtp, receiver } = await hearAlerts(t, at.server);
  await change('/api/settings/email', { severities: ['critical'] })(at);
  const failures = (severity) => until(async () => (await alerts(at.server)).find((alert) => alert.kind === 'failure_rate' && alert.severity === severity), `many failures, ${severity}`);
  await enroll(30)(at);
  await until(() => at.simulator.entries().filter(({ accepted }) => accepted).length === 30, 'thirty are sent');
  await control(at.simulator, 'PUT', 'faults', { refuse_per_mille: 1000, refuse_code: 131026 });
  await enroll(12)(at);
  const { id } = await failures('warning');
  assert.equal(smtp.mails.length, 0, 'no mail of a warning');
  await enroll(30)(at);
  assert.equal((await failures('critical')).id, id, 'still the same alert');
  const mail = await until(() => smtp.mails[0], 'a mail that it is critical now');
  assert.match(mail.headers.subject, /\] Many messages fail$/);
  assert.match(mail.body, /^Urgency: +critical$/m);
  const told = () => receiver.requests.filter(({ json }) => json.data.alert_id === id);
  await until(() => told().some(({ json }) => json.type === 'alert.updated'), 'a webhook that it is critical now');
  await advance(at.server, '3h');
  const over = await until(() => smtp.mails[1], 'a mail that it is over');
  assert.equal(over.headers['in-reply-to'], mail.headers['message-id']);
  assert.equal(smtp.mails.length, 2);
  const course = [['alert.opened', 'warning'], ['alert.updated', 'critical'], ['alert.closed', 'critical']];
  await until(() => told().some(({ json }) => json.type === 'alert.closed'), 'a webhook that it is over');
  const byId = new Map(told().map(({ id, json }) => [id, [json.type, json.data.severity]])); // a lost answer may repeat one
  assert.deepEqual([...byId.values()].sort(), [...course].sort());
  assert.deepEqual((await alertEvents(at.server)).filter((event) => event.data.alert_id === id).map((event) => [event.type, event.data.severity]), course);
});
