// Hears of a server's alerts in all the ways it tells of them: the list that the app shows, the feed of
// events, a webhook whose signatures are checked, and mails.
import assert from 'node:assert/strict';
import { until } from './process.mjs';
import { listen, subscribe } from './receiver.mjs';
import { startSmtp } from './smtp.mjs';

/** Arguments of a server that hearAlerts() is used with. */
export const MAY_TELL = ['--webhooks-allow-local', 'yes'];

export const alerts = async (server, status = 'open') => (await server.api('GET', `/api/alerts?status=${status}&limit=100`)).body.data;
const open = async (server, kind) => (await alerts(server)).filter((alert) => alert.kind === kind);

/** Events about alerts, oldest first. */
export async function alertEvents(server) {
  const list = [];
  for (let cursor = '', page = 0; page < 200; page++) {
    const { data, next_cursor } = (await server.api('GET', `/api/events?limit=500&type=alert.opened,alert.updated,alert.closed${cursor}`)).body;
    list.push(...data);
    if (!next_cursor || data.length === 0) break;
    cursor = `&cursor=${encodeURIComponent(next_cursor)}`;
  }
  return list;
}

/**
 * From now on all that the server tells is heard: {opens(kind, severity), closes(alert), receiver, smtp, hook}.
 * The server must run with MAY_TELL. What is told is waited for, so nothing of it is on its way when they return.
 */
export async function hearAlerts(t, server) {
  const receiver = await listen(t);
  const hook = await subscribe(server, receiver, { events: ['alert.opened', 'alert.updated', 'alert.closed'] });
  const smtp = await startSmtp(t);
  const set = await server.api('PUT', '/api/settings/email', {
    enabled: true, host: '127.0.0.1', port: smtp.port, security: 'none', from: 'drip@example.org', recipients: ['anna@example.org'], severities: ['info', 'warning', 'critical'],
  });
  assert.equal(set.status, 200, set.text);

  const posted = (type, alert) => receiver.requests.filter(({ json }) => json.type === type && json.data.alert_id === alert.id);
  /** One webhook (by its id: a lost answer may repeat it) and one event, which say what the app says. */
  async function isPosted(type, alert) {
    const [first] = await until(() => posted(type, alert).length > 0 && posted(type, alert), `${type} of ${alert.kind} is posted`);
    const { alert_id, kind, severity, title, advice, link, since } = first.json.data;
    assert.deepEqual({ id: alert_id, kind, severity, title, advice, link, since }, { id: alert.id, kind: alert.kind, severity: alert.severity, title: alert.title, advice: alert.advice, link: alert.link, since: alert.since });
    assert.equal(new Set(posted(type, alert).map(({ id }) => id)).size, 1, `${type} of ${alert.kind} once`);
    assert.deepEqual(receiver.bad, [], 'every signature is right');
    const events = (await alertEvents(server)).filter((event) => event.type === type && event.data.alert_id === alert.id);
    assert.equal(events.length, 1, `${type} of ${alert.kind} stands once in the feed`);
  }
  const mails = new Map(); // of each alert that was told, its message id
  async function isMailed(alert) {
    const heard = new Set(mails.values());
    const fits = ({ headers }) => headers.subject.endsWith(`] ${alert.title}`) && !heard.has(headers['message-id']);
    const mail = await until(() => smtp.mails.find(fits), `a mail says that ${alert.kind} is open`);
    assert.equal(smtp.mails.filter(fits).length, 1, `one mail of ${alert.kind}`);
    assert.match(mail.body, /^Since: +\d{4}-\d\d-\d\d \d\d:\d\d /m);
    assert.match(mail.body, new RegExp(`^Urgency: +${alert.severity}$`, 'm'));
    assert.ok(mail.body.replace(/\s+/g, ' ').includes(`What to do: ${alert.advice}`), mail.body);
    mails.set(alert.id, mail.headers['message-id']);
  }
  async function isMailedOver(alert) {
    const fits = ({ headers }) => headers['in-reply-to'] === mails.get(alert.id);
    const mail = await until(() => smtp.mails.find(fits), `a mail says that ${alert.kind} is over`);
    assert.equal(smtp.mails.filter(fits).length, 1, `one mail of the end of ${alert.kind}`);
    assert.match(mail.headers.subject, /\] Over: /);
  }

  return {
    receiver, smtp, hook,
    /** The alert of this kind opens: with cause, since when and what to do, once, and is told in all ways. */
    async opens(kind, severity, { mailed = true } = {}) {
      const [alert] = await until(async () => {
        const found = await open(server, kind);
        return found.length > 0 && found;
      }, `${kind} opens`);
      assert.match(alert.id, /^alert_\d{3,}$/);
      assert.equal(alert.severity, severity);
      assert.ok(alert.cause.startsWith(kind) && alert.title.length > 10 && alert.advice.length > 20 && alert.link.startsWith('/'), JSON.stringify(alert));
      assert.ok(Date.parse(alert.since) > 0);
      assert.equal(alert.closed_at, null);
      assert.equal((await alerts(server)).filter(({ cause }) => cause === alert.cause).length, 1, 'one alert per cause');
      await isPosted('alert.opened', alert);
      if (mailed) await isMailed(alert);
      return alert;
    },
    /** The alert closes, and its end is told to all who heard of its beginning. */
    async closes(alert) {
      const closed = await until(async () => (await alerts(server, 'closed')).find(({ id }) => id === alert.id), `${alert.kind} closes`);
      assert.ok(Date.parse(closed.closed_at) >= Date.parse(closed.since));
      assert.ok(!(await alerts(server)).some(({ id }) => id === alert.id));
      await isPosted('alert.closed', closed);
      if (mails.has(alert.id)) await isMailedOver(alert);
      assert.equal(posted('alert.opened', alert).length > 0, true);
      return closed;
    },
  };
}
