// Receivers of webhooks: they check signatures with Node's crypto alone, behave in all the ways
// receivers do, and count what reaches them.
import assert from 'node:assert/strict';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { atEnd, until } from './process.mjs';

/** Standard Webhooks, by the specification alone: true when one signature is by one of `secrets`. */
export function verify(secrets, headers, body) {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const wanted = createHmac('sha256', key).update(signed).digest();
    return headers['webhook-signature'].split(' ').some((part) => {
      const [version, value] = part.split(',');
      const given = Buffer.from(value, 'base64');
      return version === 'v1' && given.length === wanted.length && timingSafeEqual(given, wanted);
    });
  });
}

/** A receiver: `requests` holds what came; `answer(request, response, n)` decides, 204 by default. */
export async function listen(t, answer = (request, response) => response.writeHead(204).end()) {
  const receiver = { requests: [], secrets: [], bad: [], answer, connections: 0 };
  const server = createServer(async (request, response) => {
    const parts = [];
    try {
      for await (const part of request) parts.push(part);
    } catch {
      return; // the sender was killed in between
    }
    const body = Buffer.concat(parts).toString('utf8');
    const entry = { headers: request.headers, body, json: JSON.parse(body), id: request.headers['webhook-id'], url: request.url, method: request.method };
    if (receiver.secrets.length > 0 && !verify(receiver.secrets, request.headers, body)) receiver.bad.push(entry);
    receiver.requests.push(entry);
    receiver.answer(request, response, receiver.requests.length);
  });
  server.on('connection', () => receiver.connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  receiver.url = `http://127.0.0.1:${server.address().port}/hook`;
  atEnd(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return receiver;
}

export async function subscribe(server, receiver, more = {}) {
  const answer = await server.api('POST', '/api/webhooks', { url: receiver.url, ...more });
  assert.equal(answer.status, 201, answer.text);
  assert.match(answer.body.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  receiver.secrets.push(answer.body.secret);
  return answer.body;
}

export async function deliveries(server, hook, query = '') {
  const found = [];
  let cursor = '';
  for (let page = 0; page < 200; page++) {
    const answer = await server.api('GET', `/api/webhooks/${hook.id}/deliveries?limit=500${query}${cursor}`);
    assert.equal(answer.status, 200, answer.text);
    found.push(...answer.body.data);
    if (answer.body.next_cursor === null) return found;
    cursor = `&cursor=${encodeURIComponent(answer.body.next_cursor)}`;
  }
  throw new Error('the log has no end');
}

export const advance = async (server, by) => {
  const answer = await server.api('POST', '/api/sandbox/clock', { advance: by });
  assert.equal(answer.status, 200, answer.text);
};
export const read = async (server, hook) => (await server.api('GET', `/api/webhooks/${hook.id}`)).body;
export const ping = async (server, hook) => {
  const answer = await server.api('POST', `/api/webhooks/${hook.id}/test`);
  assert.equal(answer.status, 202, answer.text);
  return answer.body;
};
/** Waits until at least `count` deliveries are in the log and all of them have ended. */
export const settled = (server, hook, count) =>
  until(async () => {
    const rows = await deliveries(server, hook);
    return rows.length >= count && rows.every((row) => row.status === 'delivered' || row.status === 'failed') && rows;
  }, 'all deliveries end', 180_000);

/**
 * The log when nothing more comes, on the manual clock: people read and alerts ring after the last
 * journey, too, and a try that is repeated waits for a clock that stands unless it is moved on.
 */
export async function quiet(server, hook, least) {
  let before = -1;
  return until(async () => {
    await advance(server, '10m');
    const rows = await deliveries(server, hook);
    if (rows.length >= least && rows.length === before && rows.every((row) => row.status === 'delivered' || row.status === 'failed')) return rows;
    before = rows.length;
    return false;
  }, 'nothing more comes', 180_000, 2000);
}

export function csv(count) {
  const lines = ['phone,name'];
  for (let n = 0; n < count; n++) lines.push(`9198${String(70000000 + n)},Person ${n}`);
  return `${lines.join('\n')}\n`;
}
