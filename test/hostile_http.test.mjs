// What an attacker tries over HTTP before any login: headers of every answer, the edge of every
// limit, refusals that give something away, lies about who asks, bodies that nobody may send.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { operations } from './lib/contract.mjs';
import { until } from './lib/process.mjs';
import { parseAnswer, raw } from './lib/raw.mjs';
import { client, startServer } from './lib/server.mjs';

const HOST = 'Host: localhost\r\n';
const JSON_TYPE = { 'content-type': 'application/json' };
const EVERY = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };
const HTML = {
  ...EVERY,
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; " +
    "frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types app",
  'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin', 'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};
/** Words of the program's inside. */
const CANARIES = /libmicrohttpd|MHD_|\bmhd\b|sqlite|SELECT |INSERT |src\/[a-z]+\/|\.c:\d|\/tmp\/|stack trace|0x[0-9a-f]{8}|<html|\bServer:/i;

function assertHeaders(what, headers, wanted) {
  for (const [name, value] of Object.entries(wanted)) assert.equal(headers.get(name), value, `${what}: ${name}`);
  assert.equal(headers.get('server'), null, `${what}: the program does not name itself`);
  assert.equal(headers.get('x-powered-by'), null);
}

async function startForm(t, args = []) {
  const server = await startServer(t, { args });
  const made = await server.api('POST', '/api/sequences', { name: 'Tips', messages: [{ day: 1, message: 'Hello' }] });
  const form = await server.api('POST', `/api/sequences/${made.body.id}/form`, {});
  assert.equal(form.status, 201, form.text);
  return { server, sequence: made.body.id, form: form.body.path };
}

test('every page carries all headers, also when it says no', async (t) => {
  const { server, form } = await startForm(t);
  const page = async (what, path, status, init = {}) => {
    const answer = await fetch(server.base + path, { redirect: 'manual', ...init, headers: { accept: 'text/html', ...init.headers } });
    assert.equal(answer.status, status, what);
    if (status !== 303) assert.match(answer.headers.get('content-type'), /^text\/html; charset=utf-8$/, what);
    assertHeaders(what, answer.headers, status === 303 ? EVERY : HTML);
    assert.equal(answer.headers.get('strict-transport-security'), null, `${what}: plain HTTP`);
    await answer.arrayBuffer();
  };
  const post = (fields) => ({ method: 'POST', body: new URLSearchParams(fields) });
  for (const path of ['/', '/setup', '/people', '/sequences/seq_001', '/nowhere/at/all', '/..%2f..%2fetc/passwd']) await page(path, path, 200);
  await page('the form', form, 200);
  await page('the form, done', `${form}/done`, 200);
  await page('the form, filled in wrongly', form, 422, post({ phone: 'x', consent: 'yes' }));
  await page('the form, sent', form, 303, post({ phone: '919876543210', consent: 'yes' }));
  await page('a form of nowhere', '/f/nobody', 404);
  await page('a form of nowhere, sent', '/f/nobody', 404, post({ phone: '919876543210', consent: 'yes' }));
  await page('an opt-out link of nowhere', '/o/nobody', 404);
  await page('an opt-out link of nowhere, tapped', '/o/nobody', 404, { method: 'POST' });
  for (let n = 0; n < 40; n++) {
    const answer = await fetch(server.base + form, { ...post({ phone: 'x', consent: 'yes' }), redirect: 'manual' });
    if (answer.status !== 429) continue;
    assertHeaders('the form, too often', answer.headers, HTML);
    break;
  }
});

test('every other answer carries its headers, whatever its status; HSTS when the address is https', async (t) => {
  const { server } = await startForm(t, ['--public-url', 'https://drip.example.org']);
  const hsts = { 'strict-transport-security': 'max-age=31536000; includeSubDomains' };
  const wanted = { ...EVERY, ...hsts, 'content-security-policy': "default-src 'none'; frame-ancestors 'none'" };
  const auth = { authorization: `Bearer ${server.key}` };
  for (const { method, path } of operations) {
    const address = server.base + path.replace(/\{\w+\}/g, 'x1');
    for (const headers of [{}, auth]) {
      if (headers === auth && path === '/api/events') continue; // a stream
      const answer = await fetch(address, { method, headers });
      const words = `${method} ${path} ${answer.status}`;
      const html = /^text\/html/.test(answer.headers.get('content-type') ?? '');
      assertHeaders(words, answer.headers, html ? { ...HTML, ...hsts } : wanted);
      if (path.startsWith('/api/') && path !== '/api/openapi.json') assert.equal(answer.headers.get('cache-control'), 'no-store', words);
      assert.ok(answer.headers.get('content-type') === null || /charset=utf-8|json|event-stream|javascript|text\/css|image\//.test(answer.headers.get('content-type')), words);
      await answer.arrayBuffer();
    }
  }
  const others = { 405: ['PATCH', '/api/sequences'], 413: ['POST', '/api/opt-outs', 'x'.repeat(65537)], 415: ['POST', '/api/opt-outs', 'x'], 400: ['POST', '/api/opt-outs', '{', JSON_TYPE] };
  for (const [status, [method, path, body, more]] of Object.entries(others)) {
    const answer = await fetch(server.base + path, { method, body, headers: { ...auth, 'content-type': 'text/x', ...more } });
    assert.equal(answer.status, Number(status));
    assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
    assertHeaders(status, answer.headers, wanted);
    assert.match((await answer.json()).instance, /^urn:dripline:request:[0-9a-f]{16}$/, 'it names the request that it is about');
  }
});

test('HSTS is also sent when a proxy of ours says that the browser came by https, and to nobody who only says so', async (t) => {
  for (const [args, wanted] of [[['--trusted-proxies', '127.0.0.1'], 'max-age=31536000; includeSubDomains'], [[], null]]) {
    const server = await startServer(t, { args });
    const answer = await fetch(`${server.base}/api/setup`, { headers: { 'x-forwarded-proto': 'https' } });
    assert.equal(answer.headers.get('strict-transport-security'), wanted);
  }
});

test('a refusal is a problem document and gives nothing away, however bad the HTTP', async (t) => {
  const server = await startServer(t);
  const post = `POST /api/opt-outs HTTP/1.1\r\n${HOST}Authorization: Bearer ${server.key}\r\nContent-Type: application/json\r\n`;
  const vectors = {
    'no HTTP at all': 'nonsense\r\n\r\n', 'half a first line': 'GET /\r\n\r\n', 'only line ends': '\r\n\r\n\r\n\r\n', 'no Host': 'GET / HTTP/1.1\r\nX-A: b\r\n\r\n', 'two Hosts': `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`,
    'no length': `${post}Content-Length: abc\r\n\r\n`, 'a huge length': `${post}Content-Length: 99999999999999999999999\r\n\r\n`, 'no chunk size': `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    'a huge chunk': `${post}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n`, 'a long chunk line': `${post}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(40_000)}\r\n`,
    'a long first line': `GET /${'a'.repeat(40_000)} HTTP/1.1\r\n${HOST}\r\n`, 'a long header': `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(40_000)}\r\n\r\n`, 'a header without end': `GET / HTTP/1.1\r\n${'X'.repeat(40_000)}`,
    'a proxy request': 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n', 'an upgrade': `GET /api/events HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'HTTP/0.9': 'GET /\r\n', 'an expectation': `GET / HTTP/1.1\r\n${HOST}Expect: the unexpected\r\n\r\n`,
  };
  const said = await Promise.all(Object.values(vectors).map((bytes) => raw(server.port, Buffer.from(bytes, 'latin1'), { until: (all) => /\r\n\r\n[^]*\}/.test(all) })));
  for (const [index, name] of Object.keys(vectors).entries()) {
    const { text } = said[index];
    if (text === '') continue; // cut without a word
    const answer = parseAnswer(text);
    assert.equal(text.match(/HTTP\/1\.1 \d/g).length, 1, `${name}: one answer`);
    assert.doesNotMatch(text.replace(/<!doctype html>[^]*/, ''), CANARIES, `${name}: ${text.slice(0, 400)}`);
    if (answer.status < 400) continue;
    assert.equal(answer.headers.get('content-type'), 'application/problem+json', `${name}: ${text.slice(0, 300)}`);
    const problem = JSON.parse(answer.body);
    assert.equal(problem.status, answer.status, name);
    assert.ok(problem.detail.length > 10 && problem.type && problem.title, name);
    assert.equal(problem.instance, problem.request_id && `urn:dripline:request:${problem.request_id}`, name);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff', name);
  }
});

test('the edge of every limit: one below and the limit itself are taken, one above is refused', async (t) => {
  const server = await startServer(t);
  const auth = `Authorization: Bearer ${server.key}\r\n`;
  const status = async (bytes) => parseAnswer((await raw(server.port, bytes, { until: (text) => text.includes('\r\n\r\n') })).text).status;
  const edge = async (what, limit, send, refused, taken = 200) => {
    for (const [size, wanted] of [[limit - 1, taken], [limit, taken], [limit + 1, refused]]) assert.equal(await send(size), wanted, `${what}: ${size}`);
  };
  await edge('the address', 8192, (size) => status(`GET /healthz?${'a'.repeat(size - 8)} HTTP/1.1\r\n${HOST}\r\n`), 414);
  await edge('the number of headers', 100, (size) => status(`GET /healthz HTTP/1.1\r\n${HOST}${'X-A: b\r\n'.repeat(size - 1)}\r\n`), 431);
  const other = HOST.length + 'X-A: \r\n'.length;
  await edge('the bytes of the headers', 16_384, (size) => status(`GET /healthz HTTP/1.1\r\n${HOST}X-A: ${'b'.repeat(size - other)}\r\n\r\n`), 431);
  const call = async (path, body, headers = JSON_TYPE) => (await server.api('POST', path, body, headers)).status;
  const fill = (start, end, size) => start + ' '.repeat(size - start.length - end.length) + end;
  await edge('a body', 65_536, (size) => call('/api/opt-outs', fill('{"phone":"1"', '}', size)), 413, 422);
  await edge('a large body', 4_194_304, (size) => call('/api/sequences', fill('{"name":""', '}', size)), 413, 422);
  await edge('a webhook', 4_194_304, async (size) => {
    const answer = await fetch(`${server.base}/webhooks/whatsapp/chan_001`, { method: 'POST', body: 'x'.repeat(size), headers: { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` } });
    await answer.arrayBuffer();
    return answer.status;
  }, 413, 401);
  await edge('levels of JSON', 32, (size) => call('/api/opt-outs', `{"phone":${'['.repeat(size - 1)}${']'.repeat(size - 1)}}`), 400, 422);
  await edge('members of JSON', 1000, (size) => call('/api/opt-outs', JSON.stringify({ phone: '1', x: Object.fromEntries(Array.from({ length: size - 2 }, (_, n) => [`k${n}`, 1])) })), 400, 422);
  await edge('an Idempotency-Key', 255, (size) => call('/api/opt-outs', { phone: '919876543210' }, { ...JSON_TYPE, 'idempotency-key': 'k'.repeat(size) }), 422, 201);
  const number = (digits) => call('/api/sequences', `{"name":"a","version":${digits}}`);
  assert.deepEqual([await number('9223372036854775807'), await number('9223372036854775808'), await number('-9223372036854775809')], [201, 400, 400], 'whole numbers are exact or refused');
  for (const bad of [[0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xc3]]) {
    const body = Buffer.concat([Buffer.from('{"phone":"919876543211","reason":"'), Buffer.from(bad), Buffer.from('"}')]);
    assert.equal(await call('/api/opt-outs', body), 400, `bytes that are no UTF-8: ${bad}`);
    const text = `GET /api/contacts?q=${bad.map((byte) => `%${byte.toString(16)}`).join('')} HTTP/1.1\r\n${HOST}${auth}\r\n`;
    assert.ok([400, 422].includes(await status(text)), `an address of bytes that are no UTF-8: ${bad}`);
  }
});

test('who asks is what the socket says, or what a proxy of ours says last', async (t) => {
  const drive = async (args, headers, most = 40) => {
    const server = await startServer(t, { args: ['--anonymous-rate-limit', '10', ...args] });
    const statuses = [];
    for (let n = 0; n < most; n++) {
      const lines = headers(n).map((value) => `X-Forwarded-For: ${value}\r\n`).join('');
      const { text } = await raw(server.port, `GET /api/setup HTTP/1.1\r\n${HOST}${lines}X-Real-IP: 203.0.113.${n}\r\nForwarded: for=203.0.113.${n}\r\nConnection: close\r\n\r\n`);
      statuses.push(parseAnswer(text).status);
    }
    return statuses.filter((status) => status === 429).length;
  };
  const proxy = ['--trusted-proxies', '10.0.0.0/8, 127.0.0.0/8'];
  assert.ok((await drive([], (n) => [`203.0.113.${n}`])) > 20, 'nobody is a proxy unless we say so');
  assert.ok((await drive(['--trusted-proxies', '192.0.2.1'], (n) => [`203.0.113.${n}`])) > 20, 'somebody else is the proxy');
  assert.equal(await drive(proxy, (n) => [`198.51.100.${n}`]), 0, 'each client of the proxy has its own limit');
  assert.ok((await drive(proxy, (n) => [`203.0.113.${n}, 198.51.100.7`])) > 20, 'what the client wrote in front of it counts for nothing');
  assert.ok((await drive(proxy, (n) => [`203.0.113.${n}`, '198.51.100.7'])) > 20, 'nor in a header of its own');
  assert.equal(await drive(proxy, (n) => [`198.51.100.${n}, 10.1.2.3`]), 0, 'a chain of our proxies');
  assert.ok((await drive(proxy, (n) => [`nonsense ${n}`])) > 20, 'what is no address counts as none');
  assert.ok((await drive(proxy, (n) => [`2001:db8:1:2::${n}`])) > 20, 'one customer has a whole network of IPv6');
  assert.equal(await drive(proxy, (n) => [`[2001:db8:1:${n}::1]:443`]), 0, 'and another customer another');
});

test('a large body is read only from those who may send it', async (t) => {
  const server = await startServer(t);
  const made = await server.api('POST', '/api/sequences', { name: 'Tips', messages: [{ day: 1, message: 'Hello' }] });
  const viewer = await server.api('POST', '/api/keys', { name: 'reader', scopes: ['read'] });
  const path = `/api/sequences/${made.body.id}/enroll/bulk`;
  const upload = (key, rest) => `POST ${path} HTTP/1.1\r\n${HOST}${key ? `Authorization: Bearer ${key}\r\n` : ''}Content-Type: text/csv\r\n${rest}`;
  const part = 'x'.repeat(100_000);
  for (const [who, key, wanted] of [['nobody', '', 401], ['a key that is none', 'sk_nobodyhasthiskeyatallnobodyhasthiskeyatall', 401], ['a key that may only read', viewer.body.secret, 403]]) {
    for (const [how, rest] of [['with its length', `Content-Length: 900000000\r\n\r\n${part}`], ['in chunks', `Transfer-Encoding: chunked\r\n\r\n186a0\r\n${part}\r\n`]]) {
      const { text, closed } = await raw(server.port, upload(key, rest));
      assert.equal(parseAnswer(text).status, wanted, `${who}, ${how}: ${text.slice(0, 200)}`);
      assert.ok(closed, `${who}, ${how}: no more is read`);
    }
  }
  assert.deepEqual(readdirSync(join(server.data, 'spool')), [], 'nothing came to the disk');
  const rows = `phone\n${Array.from({ length: 20_000 }, (_, n) => 919810000000 + n).join('\n')}\n`;
  const good = await server.api('POST', path, rows, { 'content-type': 'text/csv' });
  assert.equal(good.status, 202, good.text);
  await until(async () => (await server.api('GET', `/api/batches/${good.body.batch_id ?? good.body.id}`)).body.status === 'completed', 'the upload of who may is carried out');
});

test('bodies that never end fill a bounded share of memory', async (t) => {
  const server = await startServer(t);
  const memory = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.daemon.pid}/status`, 'utf8'))[1]) / 1024;
  const before = memory();
  const most = 4 * 1024 * 1024;
  const head = `POST /webhooks/whatsapp/chan_001 HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: ${most}\r\n\r\n`;
  const bytes = Buffer.concat([Buffer.from(head), Buffer.alloc(most - 1, 'x')]);
  const slow = Array.from({ length: 60 }, () => raw(server.port, bytes, { waitMs: 45_000 }));
  let highest = 0;
  const watch = setInterval(() => { highest = Math.max(highest, memory()); }, 100);
  const api = client(server.base);
  await until(async () => (await api('GET', '/healthz')).status === 200 && highest > before + 40, 'the bodies arrive');
  const ends = await Promise.all(slow);
  clearInterval(watch);
  assert.ok(ends.every(({ closed, text }) => closed && !/^HTTP\/1\.1 [25]0[0124]/.test(text)), 'all are cut before their time');
  assert.ok(highest < before + 400, `${Math.round(before)} MiB grew to ${Math.round(highest)} MiB, not by 60 bodies of 4`);
  assert.equal((await server.api('GET', '/api/sequences')).status, 200);
});
