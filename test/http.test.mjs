// HTTP as strangers speak it: malformed requests on a raw socket, methods, entity tags, compression,
// repeats with an Idempotency-Key, rate limits, slow clients.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { PATIENCE_MS, until } from './lib/process.mjs';
import { raw } from './lib/raw.mjs';
import { client, startServer } from './lib/server.mjs';
import { routeRows } from './lib/routes.mjs';
import { addUser, signIn, sql } from './lib/users.mjs';

const HOST = 'Host: localhost\r\n';
const SECOND = `GET /healthz HTTP/1.1\r\n${HOST}\r\n`;

test('malformed requests are answered with 400 or cut, and nothing behind them is heard', async (t) => {
  const server = await startServer(t);
  const bearer = `Authorization: Bearer ${server.key}\r\n`;
  const post = `POST /api/opt-outs HTTP/1.1\r\n${HOST}${bearer}Content-Type: application/json\r\n`;
  const body = '{"phone":"919876543210"}';
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const length = `Content-Length: ${body.length}\r\n`;
  const vectors = {
    'both length and chunked': `${post}${length}Transfer-Encoding: chunked\r\n\r\n${chunk}`,
    'chunked and length': `${post}Transfer-Encoding: chunked\r\n${length}\r\n${chunk}`,
    'two equal lengths': `${post}${length}${length}\r\n${body}`,
    'two lengths': `${post}${length}Content-Length: 3\r\n\r\n${body}`,
    'a list of lengths': `${post}Content-Length: ${body.length}, ${body.length}\r\n\r\n${body}`,
    'negative length': `${post}Content-Length: -1\r\n\r\n${body}`,
    'signed length': `${post}Content-Length: +${body.length}\r\n\r\n${body}`,
    'hexadecimal length': `${post}Content-Length: 0x18\r\n\r\n${body}`,
    'huge length': `${post}Content-Length: 99999999999999999999\r\n\r\n${body}`,
    'bad chunk size': `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`,
    'negative chunk size': `${post}Transfer-Encoding: chunked\r\n\r\n-1\r\n${body}\r\n0\r\n\r\n`,
    'overflowing chunk size': `${post}Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\n${body}\r\n0\r\n\r\n`,
    'chunk without its end': `${post}Transfer-Encoding: chunked\r\n\r\n5\r\n${body}\r\n0\r\n\r\n`,
    'unknown encoding': `${post}Transfer-Encoding: identity\r\n\r\n${chunk}`,
    'encoding in disguise': `${post}Transfer-Encoding: chunked, identity\r\n\r\n${chunk}`,
    'encoding after a tab and a byte': `${post}Transfer-Encoding: \x0bchunked\r\n\r\n${chunk}`,
    'chunks in a protocol that has none': `${post.replace('HTTP/1.1', 'HTTP/1.0')}Transfer-Encoding: chunked\r\n\r\n${chunk}`,
    'folded header': `GET /healthz HTTP/1.1\r\n${HOST}X-A: b\r\n c\r\n\r\n`,
    'folded first header': `GET /healthz HTTP/1.1\r\n ${HOST}\r\n`,
    'bare LF': `GET /healthz HTTP/1.1\n${HOST.trim()}\n\n`,
    'bare LF in the head': `GET /healthz HTTP/1.1\r\nHost: localhost\nX-A: b\r\n\r\n`,
    'bare CR': `GET /healthz HTTP/1.1\r\n${HOST}X-A: b\rX-B: c\r\n\r\n`,
    'space before the colon': `GET /healthz HTTP/1.1\r\n${HOST}X-A : b\r\n\r\n`,
    'space before the colon of Host': `GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n`,
    'empty header name': `GET /healthz HTTP/1.1\r\n${HOST}: b\r\nX-A: c\r\n\r\n`,
    'header without colon': `GET /healthz HTTP/1.1\r\n${HOST}nonsense\r\n\r\n`,
    'no Host': `GET /healthz HTTP/1.1\r\nX-A: b\r\n\r\n`,
    'second Host': `GET /healthz HTTP/1.1\r\n${HOST}Host: other\r\n\r\n`,
    'empty Host': `GET /healthz HTTP/1.1\r\nHost:\r\n\r\n`,
    'absolute address': `GET http://other.example/healthz HTTP/1.1\r\n${HOST}\r\n`,
    'NUL in a header': `GET /healthz HTTP/1.1\r\n${HOST}X-A: a\0b\r\n\r\n`,
    'no version': `GET /healthz\r\n${HOST}\r\n`,
    'strange version': `GET /healthz HTTP/9.9\r\n${HOST}\r\n`,
    'strange method': `G@T /healthz HTTP/1.1\r\n${HOST}\r\n`,
    'another protocol': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
  };
  for (const [name, bytes] of Object.entries(vectors)) {
    const { text, closed } = await raw(server.port, Buffer.from(bytes + SECOND, 'latin1'));
    const answers = text.match(/HTTP\/1\.[01] \d\d\d/g) ?? [];
    assert.ok(closed, `${name}: the connection is closed (${text.slice(0, 80)})`);
    assert.ok(answers.length <= 1, `${name}: one answer`);
    for (const answer of answers) assert.match(answer, / (400|413|431|501|505)$/, `${name}: ${text.slice(0, 300)}`);
    if (answers.length === 1 && / 400$/.test(answers[0]) && text.includes('problem+json')) assert.match(text, /"detail":"[^"]+"/, name);
    assert.doesNotMatch(text, /libmicrohttpd|MHD|Server:/i, `${name}: says nothing about the program`);
  }
  assert.equal((await server.api('GET', '/api/opt-outs')).body.data.length, 0, 'none of them had an effect');
  const good = await raw(server.port, `${post}Transfer-Encoding: chunked\r\n\r\n${chunk}`, { until: (text) => text.includes('919876543210') });
  assert.match(good.text, /^HTTP\/1\.1 201/, 'the same body, well framed, is taken');
});

test('heads that are too long, and heads and bodies that come too slowly, are cut', async (t) => {
  const server = await startServer(t);
  const long = { 'a long address': `GET /healthz?${'a'.repeat(9000)} HTTP/1.1\r\n${HOST}\r\n`, 'many headers': `GET /healthz HTTP/1.1\r\n${HOST}${'X-A: b\r\n'.repeat(101)}\r\n`, 'long headers': `GET /healthz HTTP/1.1\r\n${HOST}X-A: ${'b'.repeat(17000)}\r\n\r\n` };
  for (const [name, bytes] of Object.entries(long)) {
    const { text, closed } = await raw(server.port, bytes);
    assert.match(text, /^HTTP\/1\.1 (414|431) /, name);
    assert.ok(closed, name);
  }
  const bearer = `Authorization: Bearer ${server.key}\r\nContent-Type: application/json\r\n`;
  const slow = [
    raw(server.port, 'GET /healthz HTTP/1.1\r\nHost: local'),
    raw(server.port, ''),
    raw(server.port, `POST /api/opt-outs HTTP/1.1\r\n${HOST}${bearer}Content-Length: 60000\r\n\r\n{`),
  ];
  // Meanwhile others are answered, again and again.
  let answered = 0;
  let over = false;
  const others = (async () => {
    for (; !over; answered++) assert.equal((await fetch(`${server.base}/healthz`)).status, 200);
  })();
  const results = await Promise.all(slow);
  over = true;
  await others;
  results.forEach(({ closed, text }, index) => {
    assert.ok(closed, `slow client ${index} is cut`);
    assert.doesNotMatch(text, /^HTTP\/1\.1 2/, `slow client ${index}`);
  });
  assert.ok(answered >= 20, `others were answered meanwhile: ${answered} times`);
});

test('HEAD, 404, 405 with Allow', async (t) => {
  const server = await startServer(t);
  const auth = { authorization: `Bearer ${server.key}` };
  for (const path of ['/healthz', '/api/sequences', '/api/settings', '/api/openapi.json']) {
    const get = await fetch(server.base + path, { headers: { ...auth, 'accept-encoding': 'identity' } });
    const head = await fetch(server.base + path, { method: 'HEAD', headers: { ...auth, 'accept-encoding': 'identity' } });
    const text = await get.text();
    assert.equal(head.status, get.status, path);
    assert.equal(await head.text(), '');
    assert.equal(head.headers.get('content-type'), get.headers.get('content-type'));
    assert.equal(Number(head.headers.get('content-length')), Buffer.byteLength(text), path);
  }
  const routes = routeRows().filter((row) => row.scope !== 'local' && row.path !== '/*path');
  for (const path of new Set(routes.map((row) => row.path))) {
    const rows = routes.filter((row) => row.path === path);
    const methods = rows.flatMap((row) => (row.method === 'GET' ? ['GET', 'HEAD'] : [row.method]));
    const address = server.base + path.replace(/\{\w+\}/g, 'x1');
    for (const method of ['PATCH', 'DELETE', 'POST', 'PUT', 'OPTIONS', 'PROPFIND'].filter((word) => !methods.includes(word))) {
      // Another route's parameter may take the same path.
      const taken = new URL(address).pathname;
      if (routes.some((row) => row.method === method && new RegExp(`^${row.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(taken))) continue;
      const answer = await fetch(address, { method, headers: auth });
      const words = `${method} ${path}`;
      assert.equal(answer.status, 405, words);
      const allow = answer.headers.get('allow').split(', ');
      for (const one of methods) assert.ok(allow.includes(one), `${words}: Allow: ${allow}`);
      assert.ok(!allow.includes(method), words);
      assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
      assert.equal((await answer.json()).code, 'method_not_allowed');
    }
  }
  const trace = await raw(server.port, `TRACE /healthz HTTP/1.1\r\n${HOST}X-Secret: s3\r\nConnection: close\r\n\r\n`);
  assert.match(trace.text, /^HTTP\/1\.1 405/);
  assert.doesNotMatch(trace.text, /s3/);
  for (const path of ['/api/nothing', '/api', '/api/', '/api/sequences/', '/api//sequences', '/API/sequences', '/api/sequences/seq_001/', '/api/sequences%2fseq_001',
    '/..%2f..%2fetc%2fpasswd', '/%2e%2e/%2e%2e/etc/passwd', '/assets/%00', '/.git/config', '/local/verify', '/api/sequences/%zz', '/assets/../index.html.br']) {
    const { text } = await raw(server.port, `GET ${path} HTTP/1.1\r\n${HOST}Authorization: Bearer ${server.key}\r\nConnection: close\r\n\r\n`);
    assert.match(text, path === '/local/verify' ? /^HTTP\/1\.1 (404|405|403)/ : /^HTTP\/1\.1 404/, `${path}: ${text.slice(0, 200)}`);
    assert.match(text, /nosniff/i, path);
    assert.doesNotMatch(text, /root:|\/tmp\/|sqlite|src\//, path);
  }
});

test('entity tags and compression', async (t) => {
  const server = await startServer(t);
  const made = await server.api('POST', '/api/sequences', { name: 'Tagged', messages: Array.from({ length: 40 }, (_, index) => ({ day: index + 1, message: `Hello number ${index}` })) });
  const path = `/api/sequences/${made.body.id}`;
  const first = await server.api('GET', path);
  const tag = first.headers.get('etag');
  assert.ok(tag);
  for (const wanted of [tag, tag.replace('W/', ''), `"other", ${tag}`, '*']) {
    const answer = await fetch(server.base + path, { headers: { authorization: `Bearer ${server.key}`, 'if-none-match': wanted } });
    assert.equal(answer.status, 304, wanted);
    assert.equal(await answer.text(), '');
    assert.equal(answer.headers.get('etag'), tag);
  }
  assert.equal((await server.api('GET', path, undefined, { 'if-none-match': '"v999"' })).status, 200);
  assert.equal((await server.api('PUT', path, { name: 'No' }, { 'if-match': '"v999"' })).status, 409);
  assert.equal((await server.api('PUT', path, { name: 'Yes' }, { 'if-match': tag })).status, 200);
  const changed = await server.api('GET', path, undefined, { 'if-none-match': tag });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.get('etag'), tag);

  const packed = (encoding) => new Promise((resolve, reject) => {
    httpRequest(server.base + path, { headers: { authorization: `Bearer ${server.key}`, 'accept-encoding': encoding } }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve({ encoding: answer.headers['content-encoding'], vary: answer.headers.vary, bytes: Buffer.concat(parts) }));
    }).on('error', reject).end();
  });
  const plain = await packed('identity');
  assert.equal(plain.encoding, undefined);
  for (const wish of ['gzip', 'gzip, deflate, br', 'br;q=0.5, gzip;q=0.8', '*']) {
    const zipped = await packed(wish);
    if (wish === '*' && zipped.encoding === undefined) continue;
    assert.equal(zipped.encoding, 'gzip', wish);
    assert.match(zipped.vary ?? '', /accept-encoding/i);
    assert.ok(zipped.bytes.length < plain.bytes.length / 2);
    assert.deepEqual(JSON.parse(gunzipSync(zipped.bytes)), JSON.parse(plain.bytes));
  }
  for (const wish of ['gzip;q=0', 'gzipped', 'br']) assert.equal((await packed(wish)).encoding, undefined, wish);
});

test('a repeat with an Idempotency-Key has one effect', async (t) => {
  const server = await startServer(t);
  const count = async () => (await server.api('GET', '/api/sequences?limit=500')).body.data.length;
  const key = { 'idempotency-key': 'order-1' };
  const first = await server.api('POST', '/api/sequences', { name: 'Once' }, key);
  const again = await server.api('POST', '/api/sequences', { name: 'Once' }, key);
  assert.deepEqual([first.status, again.status], [201, 201]);
  assert.deepEqual(again.body, first.body);
  assert.equal(again.headers.get('idempotent-replayed'), 'true');
  assert.equal(again.headers.get('location'), first.headers.get('location'), 'also the headers of the answer');
  assert.equal(await count(), 1);
  const other = await server.api('POST', '/api/sequences', { name: 'Other' }, key);
  assert.equal(other.status, 422);
  assert.equal(other.body.code, 'idempotency_key_reused');
  const elsewhere = await server.api('POST', '/api/opt-outs', { phone: '919876543210' }, key);
  assert.equal(elsewhere.status, 422, 'a key belongs to one request');
  for (const path of ['/api/opt-outs', '/api/sequences?force=true']) {
    const same = await server.api('POST', path, { name: 'Once' }, key);
    assert.deepEqual([same.status, same.body.code], [422, 'idempotency_key_reused'], `${path}: the same body, but another request`);
  }
  assert.equal(await count(), 1);

  const all = await Promise.all(Array.from({ length: 50 }, () => server.api('POST', '/api/sequences', { name: 'Parallel' }, { 'idempotency-key': 'order-2' })));
  assert.deepEqual([...new Set(all.map((answer) => answer.status))], [201]);
  assert.equal(new Set(all.map((answer) => answer.body.id)).size, 1);
  assert.equal(all.filter((answer) => answer.headers.get('idempotent-replayed') === 'true').length, 49);
  assert.equal(await count(), 2);

  // Another caller's key of the same name is another key.
  const stranger = client(server.base, (await server.api('POST', '/api/keys', { name: 'b', scopes: ['write'] })).body.secret);
  assert.equal((await stranger('POST', '/api/sequences', { name: 'Mine' }, key)).body.name, 'Mine');
  assert.equal(await count(), 3);
  // So is that of a user, whose number is the API key's: the very same request, and not its answer.
  const user = await addUser(server, 'namesake');
  assert.deepEqual([user.id, (await server.api('GET', '/api/me')).body.key.id], ['user_001', 'key_001'], 'two callers of one number');
  const theirs = await (await signIn(server, user.email))('POST', '/api/sequences', { name: 'Once' }, key);
  assert.equal(theirs.headers.get('idempotent-replayed'), null);
  assert.notEqual(theirs.body.id, first.body.id, theirs.text);
  assert.equal((await server.api('DELETE', `/api/sequences/${theirs.body.id}`)).status, 204);

  // A secret is shown once: it is in no kept answer.
  const made = await server.api('POST', '/api/keys', { name: 'c', scopes: ['read'] }, { 'idempotency-key': 'key-1' });
  assert.equal(made.status, 201);
  assert.equal((await server.api('POST', '/api/keys', { name: 'c', scopes: ['read'] }, { 'idempotency-key': 'key-1' })).status, 409);
  assert.equal(await sql(server, `SELECT count(*) FROM idempotency WHERE key = 'key-1' AND instr(answer, '${made.body.secret}') = 0`), '1');

  // A refusal is not kept: the corrected request may use the same key.
  assert.equal((await server.api('POST', '/api/sequences', { name: '' }, { 'idempotency-key': 'order-3' })).status, 422);
  assert.equal((await server.api('POST', '/api/sequences', { name: 'Good' }, { 'idempotency-key': 'order-3' })).status, 201);
  for (const bad of ['', 'x'.repeat(256)]) {
    const answer = await server.api('POST', '/api/sequences', { name: 'Bad key' }, { 'idempotency-key': bad });
    assert.equal(answer.status, 422, `a key of ${bad.length} bytes`);
    assert.equal(answer.body.errors[0].field, 'Idempotency-Key');
  }
  assert.equal((await server.api('POST', '/api/sequences', { name: 'Long key' }, { 'idempotency-key': 'x'.repeat(255) })).status, 201);
  assert.equal(await count(), 5);

  // The answer outlives the process.
  await server.kill();
  await server.start();
  const late = await server.api('POST', '/api/sequences', { name: 'Once' }, key);
  assert.equal(late.body.id, first.body.id);

  // A file as well, by its bytes.
  const csv = 'phone,name\n919876543210,Asha\n919876543211,Ravi\n';
  const path = `/api/sequences/${first.body.id}/enroll/bulk`;
  const type = { 'content-type': 'text/csv', 'idempotency-key': 'file-1' };
  const upload = await server.api('POST', path, csv, type);
  assert.equal(upload.body.counts.enrolled, 2, upload.text);
  assert.deepEqual((await server.api('POST', path, csv, type)).body, upload.body);
  assert.equal((await server.api('POST', path, `${csv}919876543212,X\n`, type)).status, 422);
  assert.equal((await server.api('GET', `/api/sequences/${first.body.id}`)).body.enrolled_count, 2);
});

/** "name";a=1;b=2 as RFC 9651 writes it. */
function structured(text) {
  const found = /^"(\w+)"((?:;[a-z]+=\d+)+)$/.exec(text ?? '');
  assert.ok(found, `a structured field: ${text}`);
  return { name: found[1], ...Object.fromEntries(found[2].slice(1).split(';').map((part) => part.split('=')).map(([key, value]) => [key, Number(value)])) };
}

test('rate limits are announced, kept, and over after a while', async (t) => {
  const server = await startServer(t, { args: ['--rate-limit', '60', '--anonymous-rate-limit', '30'] });
  const drive = async (call, most) => {
    let before;
    let asked = performance.now();
    for (let n = 0; n < most + 1000; n++) {
      const askedBefore = asked;
      asked = performance.now();
      const answer = await call();
      const back = 1 + Math.ceil((performance.now() - askedBefore) / 1000); // one comes back per second, however long an answer took
      const policy = structured(answer.headers.get('ratelimit-policy'));
      const state = structured(answer.headers.get('ratelimit'));
      assert.equal(policy.name, state.name);
      assert.equal(policy.w, 60);
      assert.ok(state.r >= 0 && state.r <= policy.q);
      if (before !== undefined) assert.ok(state.r <= before + back, 'counts down');
      before = state.r;
      if (answer.status === 429) {
        assert.equal(answer.body.type, 'https://iana.org/assignments/http-problem-types#quota-exceeded');
        assert.equal(answer.body.code, 'rate_limited');
        assert.ok(Number(answer.headers.get('retry-after')) >= state.t, 'Retry-After is late enough');
        assert.ok(n >= most - 1, `only after ${most} requests, not ${n}`);
        return Number(answer.headers.get('retry-after'));
      }
    }
    return assert.fail('no end of requests');
  };
  const wait = await drive(() => server.api('GET', '/api/settings'), 55);
  assert.ok(wait <= 3, `one request comes back per second, not after ${wait} s`);
  await new Promise((resolve) => setTimeout(resolve, wait * 1000));
  await until(async () => (await server.api('GET', '/api/settings')).status === 200, 'after Retry-After it works again');
  const other = client(server.base);
  await drive(() => other('GET', '/api/setup'), 20);
  assert.equal((await server.api('GET', '/healthz')).status, 200);
  // What somebody claims about proxies changes nothing: a hundred addresses share one allowance.
  let refused = 0;
  for (let n = 1; n <= 100 && refused === 0; n++) {
    const spoofed = await other('GET', '/api/setup', undefined, { 'x-forwarded-for': `203.0.113.${n}` });
    refused += spoofed.status === 429 ? 1 : 0;
  }
  assert.equal(refused, 1);
});
