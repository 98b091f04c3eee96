// Sessions, keys, requests from other sites, repeats and the audit trail, seen from outside.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { operations } from './lib/contract.mjs';
import { addUser, BEHIND, fromAfar, OWN, PASSWORD, postLogin, signIn, sql } from './lib/users.mjs';
import { atEnd, freePort, run, until } from './lib/process.mjs';
import { routeRows } from './lib/routes.mjs';
import { advance, client, startServer } from './lib/server.mjs';

test('a session: random, only its hash stored, new at each sign-in, over when it should be', async (t) => {
  const server = await startServer(t, { args: BEHIND });
  const { email, id } = await addUser(server, 'anna');
  const other = await addUser(server, 'ben');
  const preset = `dripline_session=${'a'.repeat(52)}`;
  const first = await signIn(server, email, PASSWORD, { ...fromAfar(), cookie: preset });
  assert.notEqual(first.cookie, preset, 'a cookie that was there before is not taken over');
  assert.equal((await client(server.base)('GET', '/api/me', undefined, { cookie: preset })).status, 401);
  const token = first.cookie.split('=')[1];
  assert.match(token, /^[a-z2-7]{52}$/, '260 bits');
  const hashes = await sql(server, 'SELECT hex(hash) FROM session');
  assert.equal(hashes.toLowerCase(), createHash('sha256').update(token).digest('hex'));
  for (const name of readdirSync(server.data).filter((one) => one.startsWith('dripline.db'))) assert.ok(!readFileSync(join(server.data, name)).includes(token));
  assert.match(first.setCookie, /^dripline_session=[a-z2-7]{52}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);

  // Lists: one's own only, and ended one by one.
  const second = await signIn(server, email);
  assert.notEqual(second.cookie, first.cookie);
  const bens = await signIn(server, other.email);
  const list = (await first('GET', '/api/me/sessions')).body.data;
  assert.deepEqual(list.map((one) => one.current), [false, true]);
  const foreign = (await bens('GET', '/api/me/sessions')).body.data[0];
  assert.equal((await first('DELETE', `/api/me/sessions/${foreign.id}`)).status, 404, 'not another’s');
  assert.equal((await bens('GET', '/api/me')).status, 200);
  assert.equal((await first('DELETE', `/api/me/sessions/${list[0].id}`)).status, 204);
  assert.equal((await second('GET', '/api/me')).status, 401);

  // Log out, change of password, of role, lock, removal: the cookie is dead on the server.
  const dead = async (session, why) => assert.equal((await session('GET', '/api/me')).status, 401, why);
  const out = await signIn(server, email);
  assert.equal((await out('POST', '/api/logout')).status, 204);
  await dead(out, 'signed out');
  await dead(Object.assign(out, {}), 'and stays so');
  const stays = await signIn(server, email);
  const changed = await first('PUT', '/api/me', { current_password: PASSWORD, new_password: 'a long second password' });
  assert.equal(changed.status, 200, changed.text);
  await dead(stays, 'the password was changed elsewhere');
  await dead(first, 'the session that changed it has a new cookie');
  const fresh = changed.headers.get('set-cookie').split(';')[0];
  assert.equal((await client(server.base)('GET', '/api/me', undefined, { cookie: fresh })).status, 200);
  for (const [change, why] of [[{ role: 'viewer' }, 'another role'], [{ password: PASSWORD }, 'a new password'], [{ disabled: true }, 'locked']]) {
    const session = await signIn(server, email, change.password ? 'a long second password' : change.disabled ? PASSWORD : 'a long second password');
    assert.equal((await server.api('PUT', `/api/users/${id}`, change)).status, 200);
    await dead(session, why);
  }
  assert.equal((await postLogin(server, { email, password: PASSWORD }, fromAfar())).status, 401, 'locked');
  assert.equal((await server.api('DELETE', `/api/users/${other.id}`)).status, 204);
  await dead(bens, 'removed');

  // Half an hour without use, twelve hours in all.
  const third = await addUser(server, 'cleo');
  const idle = await signIn(server, third.email);
  const worn = await signIn(server, third.email);
  const used = await signIn(server, third.email);
  const of = (session) => `hash = x'${createHash('sha256').update(session.cookie.split('=')[1]).digest('hex')}'`;
  await server.stop();
  await sql(server, `UPDATE session SET last_seen_at_ms = last_seen_at_ms - 31 * 60000 WHERE ${of(idle)}`);
  await sql(server, `UPDATE session SET created_at_ms = created_at_ms - 12 * 3600000, expires_at_ms = expires_at_ms - 12 * 3600000 WHERE ${of(worn)}`);
  await sql(server, `UPDATE session SET last_seen_at_ms = last_seen_at_ms - 29 * 60000, expires_at_ms = expires_at_ms - 11 * 3600000 WHERE ${of(used)}`);
  await server.start();
  await dead(idle, 'idle for 31 minutes');
  await dead(worn, 'twelve hours old');
  assert.equal((await used('GET', '/api/me')).status, 200, 'used 29 minutes ago');
  await until(async () => (await sql(server, 'SELECT count(*) FROM session')) === '1', 'what is over is deleted');
});

test('a session that is used all the time is over after twelve hours', async (t) => {
  const server = await startServer(t);
  const session = await signIn(server, (await addUser(server, 'dora')).email);
  assert.equal((await session('GET', '/api/me')).status, 200);
  // While the server runs: what is over is not only swept away at its start.
  await sql(server, 'UPDATE session SET created_at_ms = created_at_ms - 12 * 3600000, expires_at_ms = expires_at_ms - 12 * 3600000');
  assert.equal((await session('GET', '/api/me')).status, 401);
  assert.equal((await session('GET', '/api/sequences')).status, 401);
});

test('by https the cookie is __Host- and Secure, whoever says so must be trusted', async (t) => {
  const port = await freePort();
  const server = await startServer(t, { port, args: ['--public-url', 'https://drip.example.org'] });
  const { email } = await addUser(server, 'anna', 'admin');
  const session = await signIn(server, email, PASSWORD, {});
  assert.match(session.setCookie, /^__Host-dripline_session=[a-z2-7]{52}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+; Secure$/);
  assert.equal((await session('GET', '/api/me')).status, 200);
  assert.equal((await client(server.base)('GET', '/api/me', undefined, { cookie: session.cookie.replace('__Host-', '') })).status, 401, 'only under its safe name');
  const change = (origin) => client(server.base)('PUT', '/api/me', { name: 'Anna' }, { cookie: session.cookie, origin });
  assert.equal((await change('https://drip.example.org')).status, 200);
  for (const origin of ['http://drip.example.org', 'https://drip.example.org.evil.example', 'https://evil.example', `https://127.0.0.1:${port}`, 'null', '']) {
    if (origin !== '') assert.equal((await change(origin)).status, 403, origin);
  }
  // Behind a proxy that says by what the browser came.
  const proxied = await startServer(t, { args: BEHIND });
  const ben = await addUser(proxied, 'ben', 'admin');
  const secure = await signIn(proxied, ben.email, PASSWORD, { 'x-forwarded-proto': 'https' });
  assert.match(secure.setCookie, /^__Host-.*; Secure$/);
  const host = new URL(proxied.base).host;
  const put = (headers) => client(proxied.base)('PUT', '/api/me', { name: 'Ben' }, { cookie: secure.cookie, 'x-forwarded-proto': 'https', ...headers });
  assert.equal((await put({ origin: `https://${host}` })).status, 200);
  assert.equal((await put({ origin: `http://${host}` })).status, 403, 'the same host by http is another origin');
  const untrusted = await startServer(t);
  const eve = await addUser(untrusted, 'eve', 'admin');
  assert.match((await signIn(untrusted, eve.email, PASSWORD, { 'x-forwarded-proto': 'https' })).setCookie, /^dripline_session=[^;]*; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/, 'nobody asked this proxy');
});

test('an https address that only the settings name guards those who come by it, and locks nobody else out', async (t) => {
  const server = await startServer(t);
  const { email } = await addUser(server, 'anna', 'admin');
  assert.equal((await server.api('PUT', '/api/settings', { public_url: 'https://Drip.example.org' })).status, 200);
  /** As a proxy sends it on that keeps the browser's Host. */
  const ask = (method, path, headers, body) => new Promise((resolve, reject) => {
    const request = httpRequest(server.base + path, { method, headers: { host: 'drip.example.org', ...headers, ...(body ? { 'content-type': 'application/json' } : {}) } }, (answer) => {
      answer.resume().on('end', () => resolve({ status: answer.statusCode, cookie: answer.headers['set-cookie']?.[0] ?? '', hsts: answer.headers['strict-transport-security'] }));
    });
    request.on('error', reject).end(body ? JSON.stringify(body) : undefined);
  });
  const signed = await ask('POST', '/api/login', OWN, { email, password: PASSWORD });
  assert.match(signed.cookie, /^__Host-dripline_session=.*; Secure$/);
  assert.match(signed.hsts, /max-age/);
  const cookie = signed.cookie.split(';')[0];
  assert.equal((await ask('GET', '/api/me', { cookie })).status, 200);
  assert.equal((await ask('GET', '/api/me', { cookie: cookie.replace('__Host-', '') })).status, 401);
  const put = (origin) => ask('PUT', '/api/me', { cookie, origin }, { name: 'Anna' });
  assert.equal((await put('https://drip.example.org')).status, 200, 'an old browser that names only its origin');
  for (const origin of ['http://drip.example.org', 'https://drip.example.org:444', 'https://drip.example.org.evil.example', 'null']) assert.equal((await put(origin)).status, 403, origin);
  const direct = await signIn(server, email, PASSWORD, {});
  assert.match(direct.setCookie, /^dripline_session=[^;]*; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/, 'by the address of the machine, without TLS');
  assert.equal((await direct('GET', '/api/me')).status, 200);
});

test('with a cookie nothing is changed from elsewhere, whatever else the request says', async (t) => {
  const server = await startServer(t, { args: ['--rate-limit', '0'] });
  const { email } = await addUser(server, 'anna', 'admin');
  const { cookie } = await signIn(server, email, PASSWORD, {});
  const own = server.base;
  const sites = [undefined, 'same-origin', 'none', 'same-site', 'cross-site', 'nonsense'];
  const origins = [undefined, own, 'null', 'https://evil.example', `${own}.evil.example`];
  const types = ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'];
  const writes = routeRows().filter((row) => row.method !== 'GET' && row.method !== 'OPTIONS' && !['public', 'local'].includes(row.scope) && row.operationId !== 'logout');
  assert.ok(writes.length >= 40);
  const path = (row) => row.path.replace('{version}', '1').replace('{n}', '1').replace(/\{\w+\}/g, 'nobody');
  const wrong = [];
  const one = async (row, site, origin, type) => {
    const headers = { cookie, 'content-type': type };
    if (site !== undefined) headers['sec-fetch-site'] = site;
    if (origin !== undefined) headers.origin = origin;
    const answer = await fetch(server.base + path(row), { method: row.method, headers, body: row.method === 'DELETE' ? undefined : '{}' });
    const text = await answer.text();
    const passes = site !== undefined ? ['same-origin', 'none'].includes(site) : origin === own;
    const refused = answer.status === 403 && /one of our pages/.test(text);
    if (refused === passes || answer.status >= 500) wrong.push(`${row.operationId} ${site} ${origin} ${type}: ${answer.status} ${text.slice(0, 100)}`);
  };
  // The whole table on one route, and every route at each site and origin.
  const [first] = writes.filter((row) => row.operationId === 'settings_update');
  for (const site of sites) for (const origin of origins) for (const type of types) await one(first, site, origin, type);
  for (const row of writes) for (const [site, origin] of [[undefined, undefined], ['cross-site', own], ['same-site', own], [undefined, 'https://evil.example'], [undefined, 'null']]) await one(row, site, origin, 'application/json');
  assert.deepEqual(wrong, []);
  for (const type of types.slice(1)) {
    const answer = await fetch(`${server.base}/api/settings`, { method: 'PUT', headers: { cookie, ...OWN, 'content-type': type }, body: '{}' });
    assert.equal(answer.status, 415, type);
  }
});

test('asking changes nothing', async (t) => {
  const server = await startServer(t, { args: ['--rate-limit', '0', '--anonymous-rate-limit', '0'] });
  const sequence = await server.api('POST', '/api/sequences', { name: 'Quiet', messages: [{ day: 1, message: 'Hello' }] });
  await server.api('POST', `/api/sequences/${sequence.body.id}/enroll`, { phone: '919812345678' });
  const { email } = await addUser(server, 'anna', 'admin');
  const session = await signIn(server, email, PASSWORD, {});
  // Last use of key and session, and what is written down about handing out data, may move.
  const dump = async () => (await sql(server, '.dump')).split('\n').filter((line) => !/^INSERT INTO (api_key|session|audit|sqlite_sequence|instance|counter_hour)\b/.test(line)).join('\n');
  const before = await dump();
  for (const entry of operations.filter((one) => one.method === 'GET')) {
    const path = entry.path.replace('{version}', '1').replace(/\{phone\}/, '919812345678').replace('{id}', entry.path.startsWith('/api/sequences') ? sequence.body.id : 'x_1').replace(/\{\w+\}/g, 'x');
    if (path === '/api/events/stream' || /events/.test(path)) continue;
    for (const method of ['GET', 'HEAD']) {
      const answer = await fetch(server.base + path, { method, headers: { cookie: session.cookie }, redirect: 'manual', signal: AbortSignal.timeout(120_000) });
      await answer.arrayBuffer();
      assert.ok(answer.status < 500, `${method} ${path}: ${answer.status}`);
    }
  }
  assert.equal(await dump(), before);
});

/** One connection that stays open: status of each call on it. */
function openConnection(server, key) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set();
  const ask = (path) => new Promise((resolve, reject) => {
    const call = httpRequest(server.base + path, { agent, headers: { authorization: `Bearer ${key}` } }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    call.on('socket', (socket) => sockets.add(socket));
    call.on('error', reject).end();
  });
  return { ask, sockets, end: () => agent.destroy() };
}

test('keys: stored as a hash, shown once, expire, and die on an open connection', async (t) => {
  const server = await startServer(t, { clock: 'manual' });
  const now = Date.parse((await server.api('GET', '/api/sandbox/clock')).body.now);
  const at = (hours) => new Date(now + hours * 3_600_000).toISOString();
  assert.equal((await server.api('POST', '/api/keys', { name: 'past', scopes: ['read'], expires_at: at(-1) })).status, 422);
  assert.equal((await server.api('POST', '/api/keys', { name: 'odd', scopes: ['read'], expires_at: 'tomorrow' })).status, 422);
  const lasting = await server.api('POST', '/api/keys', { name: 'lasting', scopes: ['read'], expires_at: null });
  const brief = await server.api('POST', '/api/keys', { name: 'brief', scopes: ['read'], expires_at: at(2) });
  assert.equal(brief.status, 201, brief.text);
  assert.match(brief.body.secret, /^sk_[a-z2-7]{52}$/, '260 bits');
  assert.equal(lasting.body.expires_at, null);
  const sequence = await server.api('POST', '/api/sequences', { name: 'Public', messages: [{ day: 1, message: 'Hello' }] });
  const page = await server.api('POST', '/api/keys', { name: 'page', kind: 'publishable', sequence_ids: [sequence.body.id], expires_at: at(2) });
  const enroll = () => client(server.base)('POST', '/api/public/enroll', { key: page.body.secret, sequence_id: sequence.body.id, phone: '919812345678', consent_version: '1' });
  for (const name of readdirSync(server.data).filter((one) => one.startsWith('dripline.db'))) assert.ok(!readFileSync(join(server.data, name)).includes(brief.body.secret), name);
  assert.ok(!JSON.stringify((await server.api('GET', '/api/keys')).body).includes(brief.body.secret));
  const open = openConnection(server, brief.body.secret);
  atEnd(t, open.end);
  assert.equal(await open.ask('/api/me'), 200);
  assert.equal((await enroll()).status, 202);
  await advance(server, '119m');
  assert.equal(await open.ask('/api/me'), 200);
  await advance(server, '2m');
  assert.equal(await open.ask('/api/me'), 401, 'expired');
  assert.equal((await enroll()).status, 401, 'a publishable key expires as well');
  const other = openConnection(server, lasting.body.secret);
  atEnd(t, other.end);
  assert.equal(await other.ask('/api/me'), 200);
  assert.equal((await server.api('DELETE', `/api/keys/${lasting.body.id}`)).status, 204);
  assert.equal(await other.ask('/api/me'), 401, 'revoked');
  assert.equal(other.sockets.size, 1, 'on the same connection');
  for (const query of [`key=${server.key}`, `access_token=${server.key}`, `api_key=${server.key}`, `token=${server.key}`]) {
    assert.equal((await fetch(`${server.base}/api/sequences?${query}`)).status, 401, 'never in an address');
  }
  const cli = await run(['key', 'create', 'short', '--scope', 'read', '--expires', at(1000), '--data', server.data, '--json']);
  assert.equal(cli.code, 0, cli.stderr);
});

test('a publishable key reaches its own sequences only, a session its own account only', async (t) => {
  const server = await startServer(t, { args: BEHIND });
  const [mine, other] = await Promise.all(['Mine', 'Other'].map(async (name) => (await server.api('POST', '/api/sequences', { name, messages: [{ day: 1, message: 'x' }] })).body.id));
  const made = await server.api('POST', '/api/keys', { name: 'page', kind: 'publishable', sequence_ids: [mine] });
  const pk = client(server.base, made.body.secret);
  for (const entry of operations) {
    const path = entry.path.replace('{version}', '1').replace('{phone}', '919812345678').replace('{id}', mine).replace(/\{\w+\}/g, 'x');
    if ([undefined, 'public'].includes(entry.operation['x-scope'])) continue;
    assert.equal((await pk(entry.method, path, entry.operation.requestBody && entry.method !== 'GET' ? {} : undefined)).status, 401, `${entry.operation.operationId} with a publishable key`);
  }
  const enroll = (sequence_id) => pk('POST', '/api/public/enroll', { sequence_id, phone: '919812345678', consent_version: '1' }, fromAfar());
  assert.equal((await enroll(mine)).status, 202);
  assert.equal((await enroll(other)).status, 403);
  assert.equal((await enroll('seq_999')).status, 403);
});

test('limits speak as the standard wants and let go again', async (t) => {
  const server = await startServer(t, { args: ['--anonymous-rate-limit', '60'] });
  const plain = client(server.base);
  let limited = null;
  let last = null;
  let asked = performance.now();
  for (let i = 0; i < 200 && !limited; i++) {
    const askedBefore = asked;
    asked = performance.now();
    const answer = await plain('GET', '/api/setup');
    const back = 1 + Math.ceil((performance.now() - askedBefore) / 1000); // one comes back per second, however long an answer took
    assert.match(answer.headers.get('ratelimit-policy'), /^"address";q=60;w=60$/);
    const [, left, reset] = /^"address";r=(\d+);t=(\d+)$/.exec(answer.headers.get('ratelimit'));
    if (answer.status === 429) limited = { answer, reset: Number(reset) };
    else if (last !== null) assert.ok(Number(left) <= last + back);
    last = Number(left);
  }
  assert.ok(limited);
  const { answer, reset } = limited;
  assert.equal(answer.body.type, 'https://iana.org/assignments/http-problem-types#quota-exceeded');
  const wait = Number(answer.headers.get('retry-after'));
  assert.ok(wait >= reset && wait <= 60, `retry after ${wait} s, reset in ${reset} s`);
  await new Promise((resolve) => setTimeout(resolve, wait * 1000));
  await until(async () => (await plain('GET', '/api/setup')).status === 200, 'and back');
});

test('a repeat after kill -9 gets the first answer, and the effect happened once', async (t) => {
  const server = await startServer(t);
  const sequence = (await server.api('POST', '/api/sequences?force=true', { name: 'Once', status: 'active', messages: [{ day: 1, message: 'x' }] })).body.id;
  const count = async () => (await server.api('GET', `/api/sequences/${sequence}/enrollments?limit=500`)).body.data.length;
  const path = `/api/sequences/${sequence}/enroll`;
  for (let round = 0; round < 4; round++) {
    const body = JSON.stringify({ phone: `91981234560${round}`, name: 'Asha' });
    const key = `order-${round}`;
    // The request goes out; its answer is never read.
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.key}\r\nContent-Type: application/json\r\nIdempotency-Key: ${key}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await until(async () => (await count()) === round + 1, 'the effect is there');
    await server.kill();
    socket.destroy();
    await server.start();
    const again = await server.api('POST', path, JSON.parse(body), { 'idempotency-key': key });
    assert.equal(again.status, 201, again.text);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    assert.equal(again.body.verdict, 'enrolled', 'the first answer, not "already active"');
    assert.equal((await server.api('POST', path, { phone: '919812349999' }, { 'idempotency-key': key })).status, 422, 'another body');
    assert.equal(await count(), round + 1, 'one effect');
  }
  const longest = 'k'.repeat(255);
  assert.equal((await server.api('POST', path, { phone: '919812345700' }, { 'idempotency-key': longest })).status, 201);
  assert.equal((await server.api('POST', path, { phone: '919812345701' }, { 'idempotency-key': `${longest}k` })).status, 422);
  // Two at once: one effect, one answer for both.
  const both = await Promise.all([0, 1].map(() => server.api('POST', path, { phone: '919812345702' }, { 'idempotency-key': 'twice' })));
  assert.deepEqual(both.map((answer) => [answer.status, answer.body.verdict ?? answer.body.code]).filter(([status]) => status === 201).map(([, verdict]) => verdict), both.filter((answer) => answer.status === 201).map(() => 'enrolled'));
  assert.ok(both.every((answer) => [201, 409].includes(answer.status)) && both.some((answer) => answer.status === 201));
  // Another caller's key of the same name is another key.
  const made = await server.api('POST', '/api/keys', { name: 'other', scopes: ['enroll', 'read'] });
  const theirs = await client(server.base, made.body.secret)('POST', path, { phone: '919812345703' }, { 'idempotency-key': 'twice' });
  assert.equal(theirs.body.verdict, 'enrolled');
  // A stolen database must not tell what was in the request: a new user's password, say.
  await server.api('POST', '/api/users', { email: 'kept@clinic.example', role: 'viewer', password: PASSWORD }, { 'idempotency-key': 'user' });
  const asSent = JSON.stringify({ email: 'kept@clinic.example', role: 'viewer', password: PASSWORD });
  const plain = createHash('sha256').update(`/api/users?\n${asSent}`).digest('hex');
  assert.notEqual((await sql(server, "SELECT hex(request_hash) FROM idempotency WHERE key = 'user'")).toLowerCase(), plain);
});

test('lines of the audit trail are written, and neither changed nor deleted', async (t) => {
  const server = await startServer(t, { args: BEHIND });
  const { email } = await addUser(server, 'anna');
  await postLogin(server, { email, password: 'not the password' }, { 'x-forwarded-for': '203.0.113.9' });
  const session = await signIn(server, email);
  await session('POST', '/api/logout');
  const key = await server.api('POST', '/api/keys', { name: 'k', scopes: ['read'] });
  await server.api('DELETE', `/api/keys/${key.body.id}`);
  await server.api('PUT', '/api/settings', { name: 'Clinic' });
  await server.api('GET', '/api/contacts?format=csv');
  const wanted = ['user.create', 'login.failed', 'login', 'logout', 'key.create', 'key.revoke', 'settings.update', 'export'];
  const lines = await until(async () => {
    const { data } = (await server.api('GET', '/api/audit?limit=200')).body;
    return wanted.every((action) => data.some((line) => line.action === action)) && data;
  }, 'all of them are there');
  assert.equal(lines.find((line) => line.action === 'login.failed').actor.address, '203.0.113.9');
  await server.stop();
  for (const statement of ["UPDATE audit SET actor_name = 'nobody'", 'DELETE FROM audit', "DELETE FROM audit WHERE action = 'login'"]) {
    const answer = await run([join(server.data, 'dripline.db'), statement], { binary: 'sqlite3' });
    assert.notEqual(answer.code, 0, statement);
    assert.match(answer.stderr, /audit rows/);
  }
});

test('somebody stays who can let others in', async (t) => {
  const server = await startServer(t, { args: BEHIND });
  const { id } = await addUser(server, 'anna', 'admin');
  const put = (who, body) => server.api('PUT', `/api/users/${who}`, body);
  const stays = async () => {
    assert.equal((await put(id, { role: 'editor' })).status, 409);
    assert.equal((await put(id, { disabled: true })).status, 409);
    assert.equal((await server.api('DELETE', `/api/users/${id}`)).status, 409);
  };
  await stays();
  const second = await addUser(server, 'ben', 'admin');
  assert.equal((await put(second.id, { disabled: true })).status, 200);
  await stays(); // who is locked lets nobody in
  assert.equal((await put(second.id, { disabled: false })).status, 200);
  assert.equal((await put(id, { role: 'editor' })).status, 200);
  assert.equal((await server.api('DELETE', `/api/users/${second.id}`)).status, 409);
});

test('decisions about rights, people and rules are in the audit trail, with who made them', async (t) => {
  const server = await startServer(t, { args: [...BEHIND, '--webhooks-allow-local', 'yes'] });
  const { email, id } = await addUser(server, 'anna', 'admin');
  const other = await addUser(server, 'ben');
  const anna = await signIn(server, email);
  await signIn(server, email);
  const bens = await signIn(server, other.email);
  const call = async (method, path, body) => {
    const answer = await anna(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
    return answer.body;
  };
  const phone = '919876543210';
  const { id: sequence } = await call('POST', '/api/sequences?force=true', { name: 'A', status: 'active', messages: [{ day: 3, message: 'x' }] });
  await call('POST', `/api/sequences/${sequence}/enroll`, { phone });
  const channel = await call('POST', '/api/channels', { name: 'B', provider: 'cloud', phone_number_id: '1', waba_id: '2', access_token: 't', app_secret: 's', verify_token: 'v', base_url: 'http://127.0.0.1:9' });
  const { id: webhook } = await call('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/', events: ['message.sent'] });
  const { data: sessions } = await call('GET', '/api/me/sessions');
  const own = sessions.find((session) => !session.current).id;
  assert.equal((await bens('DELETE', `/api/me/sessions/${own}`)).status, 404, 'nobody ends what is another’s');
  assert.ok(!(await bens('GET', '/api/me/sessions')).text.includes(own), 'or sees it');
  const steps = [
    ['PUT', `/api/users/${other.id}`, { role: 'viewer' }, 'user.update', other.id],
    ['DELETE', `/api/users/${other.id}`, undefined, 'user.remove', other.id],
    ['DELETE', `/api/me/sessions/${own}`, undefined, 'session.revoke'],
    ['PUT', `/api/channels/${channel.id}`, { name: 'C' }, 'channel.update', channel.id],
    ['PUT', `/api/webhooks/${webhook}`, { status: 'disabled' }, 'webhook.update', webhook],
    ['POST', `/api/webhooks/${webhook}/rotate-secret`, undefined, 'webhook.rotate_secret', webhook],
    ['DELETE', `/api/webhooks/${webhook}`, undefined, 'webhook.remove', webhook],
    ['PUT', `/api/sequences/${sequence}?force=true`, { name: 'B' }, 'sequence.update', sequence],
    ['POST', '/api/opt-outs', { phone }, null],
    ['DELETE', `/api/opt-outs?phone=${phone}&reason=asked`, undefined, 'opt_out.lift'],
    ['DELETE', `/api/contacts/${phone}`, undefined, 'contact.erase'],
    ['DELETE', `/api/sequences/${sequence}?confirm=B`, undefined, 'sequence.delete', sequence],
    ['DELETE', `/api/channels/${channel.id}`, undefined, 'channel.remove', channel.id],
  ];
  for (const [method, path, body, action, object] of steps) {
    await call(method, path, body);
    if (action === null) continue;
    const { data } = (await server.api('GET', `/api/audit?action=${action}`)).body;
    assert.equal(data.length, 1, `${method} ${path} leaves ${action}`);
    assert.equal(data[0].actor.id, id, action);
    if (object) assert.equal(data[0].object, object, action);
  }
});
