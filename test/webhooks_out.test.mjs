// Outgoing webhooks from outside: receivers that check signatures with Node's crypto alone, behave
// in all the ways receivers do, and count what reaches them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeSequence, START, startPair, upload } from './lib/drip.mjs';
import { atEnd, eventually, temporaryFolder, until } from './lib/process.mjs';
import { advance, csv, deliveries, listen, ping, quiet, read, settled, subscribe, verify } from './lib/receiver.mjs';
import { startServer } from './lib/server.mjs';
import { makeCertificate } from './lib/smtp.mjs';

const LOCAL = ['--webhooks-allow-local', 'yes'];

test('every event of a run reaches a receiver as often as the delivery log says', { timeout: 600_000 }, async (t) => {
  const { server, channel } = await startPair(t, { seed: 4, args: LOCAL });
  await server.api('POST', '/api/sandbox/clock', { to: START });
  let calls = 0;
  const all = await listen(t, (request, response) => response.writeHead(++calls % 7 === 0 ? 500 : 200).end('thanks'));
  const some = await listen(t);
  const every = await subscribe(server, all);
  const few = await subscribe(server, some, { events: ['enrollment.completed', 'message.failed'] });
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, csv(300), '?country=IN');
  for (let day = 0; day < 8; day++) await advance(server, '1d');

  let log;
  const seen = new Map();
  await eventually(async () => { // the log is read a moment before the receiver is asked
    log = await quiet(server, every, 300 * 8);
    seen.clear();
    for (const { id } of all.requests) seen.set(id, (seen.get(id) ?? 0) + 1);
    assert.equal(seen.size, log.length);
    const view = await read(server, every);
    assert.deepEqual([view.delivered, view.failed, view.pending], [log.length, 0, 0]);
    assert.equal(view.secret, undefined);
  });
  assert.deepEqual(all.bad, []);
  const byEvent = new Map(all.requests.map((entry) => [entry.json.data.event_id, entry]));
  for (const row of log) {
    const entry = byEvent.get(row.event_id);
    assert.ok(entry, `event ${row.event_id} never came`);
    assert.equal(entry.json.type, row.type);
    assert.equal(seen.get(entry.id), row.attempts, `${row.event_id}: ${row.attempts} attempts in the log`);
    assert.equal(row.status, 'delivered');
  }
  // The event feed knows of the same events.
  const counts = (list) => list.reduce((sum, type) => ({ ...sum, [type]: (sum[type] ?? 0) + 1 }), {});
  const told = counts(log.map((row) => row.type));
  assert.equal(told['enrollment.created'], 300);
  assert.equal(told['enrollment.completed'], 300);
  // Receipts may overtake the answer: then the message is told of as delivered or read at once.
  const accepted = all.requests.filter((entry) => ['message.sent', 'message.delivered', 'message.read'].includes(entry.json.type));
  assert.equal(new Set(accepted.map((entry) => entry.json.data.message_id)).size, 900);
  const sent = all.requests.find((entry) => entry.json.type === 'message.sent');
  assert.match(sent.json.timestamp, /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.match(sent.json.data.phone, /^9198\d{8}$/);
  assert.equal(sent.json.data.sequence_name, 'Welcome');
  assert.equal(sent.json.data.sequence_id, sequence.id);
  assert.equal(sent.json.data.status, 'sent');
  assert.equal(sent.json.data.day, 1);
  assert.equal(sent.headers['content-type'], 'application/json');
  assert.match(sent.headers['user-agent'], /^Dripline\//);

  const { body: one } = await server.api('GET', `/api/webhooks/${every.id}/deliveries/${log[0].id}`);
  assert.deepEqual({ ...one, payload: null }, { ...log[0], payload: null });
  assert.equal(one.payload.data.event_id, log[0].event_id);
  assert.deepEqual(Object.keys(one.payload.data).sort(), Object.keys(byEvent.get(log[0].event_id).json.data).sort());
  for (const path of [`${few.id}/deliveries/${log[0].id}`, `${every.id}/deliveries/dlv_999999`]) assert.equal((await server.api('GET', `/api/webhooks/${path}`)).status, 404);

  await settled(server, few, 300);
  assert.deepEqual(some.bad, []);
  assert.deepEqual(counts(some.requests.map((entry) => entry.json.type)), { 'enrollment.completed': 300 });
});

test('what a receiver answers decides: 500 is tried again, 410 is the end, redirects go nowhere', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t, { clock: 'manual', args: LOCAL });
  const elsewhere = await listen(t);
  const flaky = await listen(t, (request, response, n) => response.writeHead(n <= 2 ? 500 : 200).end());
  const gone = await listen(t, (request, response) => response.writeHead(410).end());
  const redirect = await listen(t, (request, response) => response.writeHead(307, { location: elsewhere.url }).end());
  const slow = await listen(t, (request, response, n) => (n === 1 ? response.writeHead(429, { 'retry-after': '3600' }).end() : response.writeHead(200).end()));
  const dated = await listen(t, (request, response, n) => (n === 1 ? response.writeHead(503, { date: 'Wed, 21 Oct 2026 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2026 08:28:00 GMT' }).end() : response.writeHead(200).end()));
  const long = await listen(t, (request, response) => {
    response.writeHead(200);
    response.on('error', () => {});
    response.end('x'.repeat(4 * 1024 * 1024));
  });
  const hooks = {};
  for (const [name, receiver] of Object.entries({ flaky, gone, redirect, slow, dated, long })) {
    // Only what the test asks for comes: an alert about the others would be counted as a try.
    hooks[name] = await subscribe(server, receiver, { description: name, events: ['message.failed'] });
    await ping(server, hooks[name]);
  }
  const first = async (name) => (await deliveries(server, hooks[name])).at(-1);
  await until(async () => (await read(server, hooks.gone)).status === 'disabled', '410 disables');
  assert.equal((await read(server, hooks.gone)).disabled_reason.code, 'gone');
  assert.equal((await server.api('POST', `/api/webhooks/${hooks.gone.id}/test`)).status, 409);
  await until(async () => (await first('long')).status === 'delivered', 'a long answer is none the worse');
  await until(async () => (await first('redirect')).attempts === 1 && (await first('redirect')).http_status === 307, 'a redirect fails');
  assert.match((await first('redirect')).error, /not followed/);

  await until(async () => (await first('flaky')).http_status === 500 && (await first('flaky')).status === 'pending', 'the first 500');
  await advance(server, '10m');
  const done = await first('flaky');
  assert.equal(done.status, 'delivered');
  assert.equal(done.attempts, 3);
  assert.equal(flaky.requests.length, 3);
  assert.equal(new Set(flaky.requests.map((entry) => entry.id)).size, 1);
  assert.equal(new Set(flaky.requests.map((entry) => entry.body)).size, 1);
  assert.equal(new Set(flaky.requests.map((entry) => entry.headers['webhook-timestamp'])).size, 3);
  assert.equal(slow.requests.length, 1, 'Retry-After is waited for');
  assert.equal(dated.requests.length, 1, 'Retry-After as a date, too');
  await advance(server, '1h');
  assert.equal(slow.requests.length, 2);
  assert.equal(dated.requests.length, 2);

  // Nothing but failures: the schedule ends after ten tries, the webhook after five days.
  await advance(server, '4d');
  assert.equal((await first('redirect')).status, 'failed');
  assert.equal((await first('redirect')).attempts, 10);
  assert.equal((await read(server, hooks.redirect)).status, 'active');
  await advance(server, '2d');
  await ping(server, hooks.redirect);
  await until(async () => (await read(server, hooks.redirect)).status === 'disabled', 'days of failures disable');
  assert.equal((await read(server, hooks.redirect)).disabled_reason.code, 'failures');
  assert.equal(elsewhere.connections, 0);
  const feed = await server.api('GET', '/api/events?type=webhook&limit=500', undefined, { accept: 'application/json' });
  assert.deepEqual(feed.body.data.filter((event) => event.type === 'webhook.disabled').map((event) => event.data.reason).sort(), ['failures', 'gone']);
  for (const receiver of [flaky, gone, redirect, slow, long]) assert.deepEqual(receiver.bad, []);
});

test('a receiver that hangs holds nobody else', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t, { args: LOCAL });
  const hanging = await listen(t, () => {});
  const quick = await listen(t);
  const stuck = await subscribe(server, hanging);
  const well = await subscribe(server, quick);
  for (let n = 0; n < 20; n++) await ping(server, stuck);
  await until(() => hanging.requests.length >= 1, 'the slow one is asked');
  for (let n = 0; n < 20; n++) await ping(server, well);
  await until(() => quick.requests.length >= 20, 'the quick one has all');
  assert.ok(hanging.requests.length <= 4, 'few requests at once for one receiver');
  const timedOut = await until(async () => (await deliveries(server, stuck)).find((row) => row.error !== null), 'the time-out');
  assert.match(timedOut.error, /no answer within 15 seconds/);
  assert.ok(timedOut.duration_ms >= 14_000 && timedOut.duration_ms < 60_000);
});

test('addresses that are not public get no connection', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t); // without the setting for tests
  let connections = 0;
  const door = createSocketServer((socket) => {
    connections++;
    socket.destroy();
  });
  door.listen(8443, '127.0.0.1').on('error', () => {}); // a port that is allowed; somebody else may have it
  atEnd(t, () => door.close());
  const refused = [
    'http://127.0.0.1:8443/', 'https://127.0.0.1:8443/', 'https://127.1:8443/', 'https://0x7f000001:8443/', 'https://2130706433:8443/',
    'https://017700000001:8443/', 'https://[::1]:8443/', 'https://[::ffff:127.0.0.1]:8443/', 'https://localhost:8443/', 'https://LOCALHOST:8443/',
    'https://10.0.0.1/', 'https://169.254.169.254/latest', 'https://[fe80::1]/', 'https://[64:ff9b::7f00:1]/', 'https://[2002:7f00:1::1]/', 'https://[2001:db8::1]/', 'https://[fc00::1]/', 'https://user:word@example.org/',
    'http://example.org:8443/', 'https://example.org:25/', 'https://example.org/#x', 'ftp://example.org/', 'file:///etc/passwd', 'gopher://127.0.0.1/', 'example.org', '',
  ];
  for (const url of refused) {
    const answer = await server.api('POST', '/api/webhooks', { url });
    assert.equal(answer.status, 422, url);
    assert.equal(answer.body.errors[0].field, 'url');
  }
  // Names that lead here pass the form and are refused when they are resolved. Which of the first two do depends on
  // the machine; whatever ends in .localhost leads to it everywhere.
  const here = 'https://clinic.localhost:8443/';
  const names = ['https://localhost.:8443/', 'https://ip6-localhost:8443/', here];
  const hooks = [];
  for (const url of names) {
    const answer = await server.api('POST', '/api/webhooks', { url });
    assert.equal(answer.status, 201, `${url} ${answer.text}`);
    hooks.push(answer.body);
    await ping(server, answer.body);
  }
  for (const hook of hooks) {
    const row = await until(async () => (await deliveries(server, hook)).find((entry) => entry.error !== null), 'the request is refused');
    assert.match(row.error, hook.url === here ? /^connect: the address is not allowed/ : /^(connect: the address is not allowed|resolve: )/);
    assert.equal(row.http_status, null);
  }
  assert.equal(connections, 0);
  for (const events of [['message.nothing'], ['webhook.test'], [1]]) {
    assert.equal((await server.api('POST', '/api/webhooks', { url: 'https://example.org/', events })).status, 422);
  }
});

test('a receiver proves by a trusted certificate that it has the name that was called', { timeout: 600_000 }, async (t) => {
  const certificate = makeCertificate(temporaryFolder(t));
  const elsewhere = makeCertificate(temporaryFolder(t), 'DNS:elsewhere.example');
  const trusted = join(temporaryFolder(t), 'trusted.pem');
  writeFileSync(trusted, Buffer.concat([certificate.cert, elsewhere.cert]));
  const server = await startServer(t, { args: [...LOCAL, '--ca-file', trusted] });
  const call = async (tls) => {
    let requests = 0;
    const receiver = createTlsServer(tls, (request, response) => {
      requests++;
      response.writeHead(204).end();
    });
    receiver.listen(0, '127.0.0.1').on('tlsClientError', () => {});
    await once(receiver, 'listening');
    atEnd(t, () => {
      receiver.closeAllConnections();
      receiver.close();
    });
    const hook = (await server.api('POST', '/api/webhooks', { url: `https://127.0.0.1:${receiver.address().port}/` })).body;
    await ping(server, hook);
    const row = await until(async () => (await deliveries(server, hook)).find((entry) => entry.error !== null || entry.http_status !== null), 'it was tried');
    return { error: row.error, requests };
  };
  assert.deepEqual(await call(certificate), { error: null, requests: 1 });
  const refused = [['of a stranger', makeCertificate(temporaryFolder(t))], ['for another name', elsewhere], ['with an old protocol only', { ...certificate, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }]];
  for (const [what, tls] of refused) {
    const { error, requests } = await call(tls);
    assert.match(error, /^tls: /, what);
    assert.equal(requests, 0, what);
  }
});

test('a rotated secret signs beside the old one for a while', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t, { clock: 'manual', args: LOCAL });
  const receiver = await listen(t);
  const hook = await subscribe(server, receiver);
  const old = receiver.secrets[0];
  await ping(server, hook);
  await settled(server, hook, 1);
  const answer = await server.api('POST', `/api/webhooks/${hook.id}/rotate-secret`, { overlap_hours: 2 });
  assert.equal(answer.status, 200, answer.text);
  const fresh = answer.body.secret;
  assert.notEqual(fresh, old);
  assert.ok(answer.body.previous_secret_until);
  await ping(server, hook);
  await settled(server, hook, 2);
  await advance(server, '3h');
  await ping(server, hook);
  await settled(server, hook, 3);
  const by = (secret) => receiver.requests.map((entry) => verify([secret], entry.headers, entry.body));
  assert.deepEqual(by(old), [true, true, false]);
  assert.deepEqual(by(fresh), [false, true, true]);
  assert.equal((await read(server, hook)).previous_secret_until, null);
});

test('a kill in between loses nothing, and redeliver brings back what is asked for', { timeout: 600_000 }, async (t) => {
  const { server, channel } = await startPair(t, { seed: 9, args: LOCAL });
  await server.api('POST', '/api/sandbox/clock', { to: START });
  const receiver = await listen(t, (request, response) => setTimeout(() => response.writeHead(200).end(), 5));
  const hook = await subscribe(server, receiver, { events: ['enrollment.created', 'message.sent', 'message.delivered'] });
  const sequence = await makeSequence(server, channel);
  await upload(server, sequence, csv(200), '?country=IN');
  for (let n = 1; n <= 3; n++) {
    const journey = server.api('POST', '/api/sandbox/clock', { advance: '3d' }).catch((error) => error);
    await until(() => receiver.requests.length >= n * 60, 'some were told', 180_000);
    await server.kill();
    await journey;
    await server.start();
  }
  for (let day = 0; day < 9; day++) await advance(server, '1d');
  const log = await quiet(server, hook, 800);
  const events = new Set(receiver.requests.map((entry) => entry.json.data.event_id));
  assert.deepEqual(log.filter((row) => !events.has(row.event_id)), []);
  assert.equal(log.filter((row) => row.type === 'enrollment.created').length, 200);
  for (const type of ['message.sent', 'message.delivered']) { // also of a message whose first news was that it was read
    const told = receiver.requests.filter((entry) => entry.json.type === type);
    assert.equal(new Set(told.map((entry) => entry.json.data.message_id)).size, 600, type);
  }
  const attempts = log.reduce((sum, row) => sum + row.attempts, 0);
  // Attempts are counted durably before the request leaves: a kill adds none that the log does not know.
  assert.ok(receiver.requests.length <= attempts, `${receiver.requests.length} requests, ${attempts} in the log`);
  assert.deepEqual(receiver.bad, []);

  const count = receiver.requests.length;
  const again = await server.api('POST', `/api/webhooks/${hook.id}/redeliver`, { delivery_id: log[0].id });
  assert.equal(again.status, 202, again.text);
  await until(() => receiver.requests.slice(count).some((entry) => entry.json.data.event_id === log[0].event_id), 'one more');
  await settled(server, hook, 800);
  const since = await server.api('POST', `/api/webhooks/${hook.id}/redeliver`, { since: '2020-01-01T00:00:00Z' });
  assert.equal(since.status, 202, since.text);
  await until(() => receiver.requests.length >= count + 1 + log.length, 'all once more', 180_000);
  const rows = await settled(server, hook, 800);
  assert.equal(rows.length, log.length);
  assert.equal(new Set(receiver.requests.map((entry) => entry.id)).size, log.length);
  for (const body of [{}, { delivery_id: log[0].id, since: '2020-01-01T00:00:00Z' }, { delivery_id: 'dlv_999999' }]) {
    assert.equal((await server.api('POST', `/api/webhooks/${hook.id}/redeliver`, body)).status, 422);
  }

  const changed = await server.api('PUT', `/api/webhooks/${hook.id}`, { status: 'disabled', description: 'quiet' });
  assert.equal(changed.body.status, 'disabled');
  assert.equal(changed.body.disabled_reason.code, 'person');
  assert.equal((await server.api('DELETE', `/api/webhooks/${hook.id}`)).status, 204);
  assert.equal((await server.api('GET', `/api/webhooks/${hook.id}`)).status, 404);
  assert.deepEqual((await server.api('GET', '/api/webhooks')).body.data, []);
});

test('a reply tells who wrote what, an opt-out who stopped', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t, { args: LOCAL });
  const receiver = await listen(t);
  const hook = await subscribe(server, receiver, { events: ['reply.received', 'opt_out.created', 'enrollment.opted_out'] });
  const made = await server.api('POST', '/api/sequences?force=true', {
    name: 'Replies', status: 'active', messages: [{ day: 1, type: 'template', template: { name: 'hello', language: 'en', body: ['{name}'] } }, { day: 3, message: 'How is it going?' }],
  });
  assert.equal(made.status, 201, made.text);
  const enrolled = await server.api('POST', `/api/sequences/${made.body.id}/enroll`, { phone: '919876543210', name: 'Ann' });
  assert.equal(enrolled.status, 201, enrolled.text);
  for (const text of ['Thank you! ❤', 'STOP']) {
    const answer = await server.api('POST', '/api/sandbox/replies', { phone: '919876543210', text });
    assert.ok(answer.status < 300, answer.text);
  }
  await until(() => receiver.requests.length >= 4, 'both replies, the opt-out and the end');
  await settled(server, hook, 4);
  const reply = receiver.requests.find((entry) => entry.json.type === 'reply.received' && entry.json.data.text === 'Thank you! ❤');
  assert.equal(reply.json.data.phone, '919876543210');
  assert.equal(reply.json.data.name, 'Ann');
  assert.equal(reply.json.data.kind, 'text');
  const stop = receiver.requests.find((entry) => entry.json.type === 'opt_out.created');
  assert.equal(stop.json.data.phone, '919876543210');
  assert.equal(stop.json.data.source, 'stop_word');
  const end = receiver.requests.find((entry) => entry.json.type === 'enrollment.opted_out');
  assert.equal(end.json.data.status, 'opted_out');
  assert.equal(end.json.data.sequence_name, 'Replies');
  assert.deepEqual(receiver.bad, []);
});
