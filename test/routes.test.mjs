// The route table and the contract name the same operations, and every one of them refuses
// everybody who lacks its scope. The matrix is made from the contract: an operation that is added
// without a scope, or a route that is added without an operation, fails here.
import assert from 'node:assert/strict';
import test from 'node:test';
import { operations } from './lib/contract.mjs';
import { contractRows, contractScope, HOLDS, listedTables, mayCall, routeRows } from './lib/routes.mjs';
import { client, startServer } from './lib/server.mjs';

const words = ({ method, path, operationId, scope }) => `${method} ${path} ${operationId} ${scope}`;
// The pages of the UI, and what browsers ask by themselves before a call to another origin.
const isPage = (row) => row.path === '/*path' || row.method === 'OPTIONS';

test('the route table and the contract name the same operations and scopes', () => {
  const code = routeRows().filter((row) => row.scope !== 'local' && !isPage(row)).map(words).sort();
  const contract = contractRows().map(words).sort();
  assert.deepEqual(code, contract);
  assert.ok(code.length >= 80);
  const ids = contractRows().map((row) => row.operationId);
  assert.equal(new Set(ids).size, ids.length, 'every operationId once');
});

test('every table of routes is searched', () => {
  assert.deepEqual([...new Set(routeRows().map((row) => row.table))].sort(), listedTables().sort());
});

test('what changes something is no GET, and every POST that writes takes an Idempotency-Key', () => {
  for (const row of routeRows().filter((entry) => entry.scope !== 'local')) {
    if (row.method === 'GET' || isPage(row)) continue;
    const { operation } = operations.find((entry) => entry.operation.operationId === row.operationId);
    const names = JSON.stringify(operation.parameters ?? []);
    const wants = row.method === 'POST' && row.flags.includes('API_WRITE') && !row.flags.includes('API_NO_IDEMPOTENCY') && row.scope !== 'public';
    if (wants) assert.match(names, /IdempotencyKey/, `${row.operationId} says that it takes an Idempotency-Key`);
  }
});

/** A call that can have no effect: nobody has these ids. */
function harmless(entry) {
  const path = entry.path.replace('{version}', '1').replace('{phone}', '15005550000').replace(/\{channel\}/, 'chan_999999')
    .replace(/\{token\}/, 'nobody').replace('{delivery}', 'dlv_999999').replace('{id}', () => `${prefixOf(entry.path)}999999`);
  return { path, body: entry.operation.requestBody && entry.method !== 'GET' ? {} : undefined };
}
function prefixOf(path) {
  const kinds = { sequences: 'seq_', enrollments: 'enroll_', batches: 'batch_', messages: 'msg_', channels: 'chan_', keys: 'key_', users: 'user_', webhooks: 'hook_', alerts: 'alert_', me: 'session_' };
  return kinds[path.split('/')[2]] ?? assert.fail(`say which ids ${path} takes`);
}

const UNKNOWN = /please sign in/;
const LACKS = /lacks the scope/;

function judge(entry, who, allowed, answer) {
  const name = `${entry.operation.operationId} as ${who}: ${answer.status} ${answer.text.slice(0, 200)}`;
  const detail = answer.body?.detail ?? '';
  assert.ok(answer.status < 500, name);
  if (allowed) {
    assert.doesNotMatch(detail, UNKNOWN, name);
    assert.doesNotMatch(detail, LACKS, name);
  } else if (who === 'none') {
    assert.equal(answer.status, 401, name);
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/, name);
  } else {
    assert.equal(answer.status, 403, name);
    assert.match(detail, LACKS, name);
  }
}

test('each operation × {no key, read, enroll, write, admin}', async (t) => {
  const server = await startServer(t, { args: ['--anonymous-rate-limit', '0'] });
  const callers = { none: client(server.base) };
  for (const scope of Object.keys(HOLDS)) {
    const made = await server.api('POST', '/api/keys', { name: scope, scopes: [scope] });
    assert.equal(made.status, 201, made.text);
    callers[scope] = client(server.base, made.body.secret);
    const me = await callers[scope]('GET', '/api/me');
    assert.deepEqual([...me.body.scopes].sort(), [...HOLDS[scope]].sort(), `what a key of scope ${scope} holds`);
  }
  for (const entry of operations) {
    const { path, body } = harmless(entry);
    for (const [who, api] of Object.entries(callers)) {
      judge(entry, who, mayCall(who, contractScope(entry.operation)), await api(entry.method, path, body));
    }
  }
  const revoked = (await server.api('GET', '/api/keys')).body.data.find((key) => key.name === 'write');
  assert.equal((await server.api('DELETE', `/api/keys/${revoked.id}`)).status, 204);
  assert.equal((await callers.write('GET', '/api/sequences')).status, 401, 'a revoked key is dead at once');
});

const USERS = { viewer: ['read'], editor: ['read', 'enroll', 'write'], admin: ['read', 'enroll', 'write', 'admin'] };

test('each operation × {viewer, editor, admin}, and with a cookie only from our own pages', async (t) => {
  const server = await startServer(t, { args: ['--anonymous-rate-limit', '0'] });
  for (const role of Object.keys(USERS)) {
    const email = `${role}@clinic.example`;
    assert.equal((await server.api('POST', '/api/users', { email, role, password: 'a long first password' })).status, 201);
    const login = await fetch(`${server.base}/api/login`, {
      method: 'POST', headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }, body: JSON.stringify({ email, password: 'a long first password' }),
    });
    assert.equal(login.status, 200, await login.clone().text());
    const cookie = login.headers.get('set-cookie').split(';')[0];
    assert.match(login.headers.get('set-cookie'), /HttpOnly/i);
    assert.match(login.headers.get('set-cookie'), /SameSite=(Lax|Strict)/i);
    const api = client(server.base);
    for (const entry of operations.filter(({ operation }) => operation.operationId !== 'logout')) {
      const { path, body } = harmless(entry);
      const scope = contractScope(entry.operation);
      const allowed = ['public', 'any'].includes(scope) || USERS[role].includes(scope);
      judge(entry, role, allowed, await api(entry.method, path, body, { cookie, 'sec-fetch-site': 'same-origin' }));
      if (entry.method === 'GET' || scope === 'public' || !allowed) continue;
      for (const foreign of [{}, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'https://evil.example' }, { origin: 'null' }]) {
        const answer = await api(entry.method, path, body, { cookie, ...foreign });
        assert.equal(answer.status, 403, `${entry.operation.operationId} from ${JSON.stringify(foreign)}: ${answer.status}`);
        assert.match(answer.body.detail, /one of our pages/);
      }
    }
    assert.equal((await api('POST', '/api/logout', undefined, { cookie, 'sec-fetch-site': 'same-origin' })).status, 204);
    assert.equal((await api('GET', '/api/me', undefined, { cookie })).status, 401, 'signed out is out');
  }
  // A key is no cookie, and a cookie is no key.
  const api = client(server.base);
  assert.equal((await api('GET', '/api/sequences', undefined, { cookie: `dripline_session=${server.key}` })).status, 401);
  assert.equal((await api('GET', `/api/sequences?key=${server.key}`)).status, 401);
});

test('what only the command line may do is refused by the network, for an administrator too', async (t) => {
  const server = await startServer(t);
  const local = routeRows().filter((row) => row.path.startsWith('/local/'));
  assert.ok(local.length >= 4, JSON.stringify(local));
  for (const { method, path } of local) {
    const answer = await fetch(server.base + path, { method, headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' }, body: '{}' });
    assert.equal(answer.status, 403, path);
    assert.match((await answer.json()).detail, /only the command line/);
  }
});
