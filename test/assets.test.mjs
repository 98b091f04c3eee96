// The embedded UI: right bytes, right caching, no page in place of a missing script.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import test from 'node:test';
import { startServer } from './lib/server.mjs';

/** fetch() hides compression; this shows what is on the wire. */
async function raw(url, headers = {}) {
  const request = get(url, { headers });
  const [answer] = await once(request, 'response');
  const parts = [];
  for await (const part of answer) parts.push(part);
  return { status: answer.statusCode, headers: answer.headers, size: Buffer.concat(parts).length, text: Buffer.concat(parts).toString() };
}

test('the embedded UI', async (t) => {
  const server = await startServer(t);
  const page = await raw(server.base + '/sequences/seq_001', { accept: 'text/html' });
  assert.equal(page.status, 200);
  assert.match(page.headers['content-type'], /^text\/html/);
  assert.match(page.headers['content-security-policy'], /^default-src 'none'; script-src 'self';/);
  assert.equal(page.headers['cache-control'], 'no-cache');
  for (const path of ['/', '/docs']) { // whatever asks, as curl does
    for (const accept of [{}, { accept: '*/*' }]) assert.match((await raw(server.base + path, accept)).headers['content-type'], /^text\/html/, path);
  }
  assert.equal((await raw(server.base + '/sequences', { accept: '*/*' })).status, 404);
  const script = /\/assets\/app-[0-9A-Z]{8}\.js/.exec(page.text)[0];

  const plain = await raw(server.base + script);
  const packed = await raw(server.base + script, { 'accept-encoding': 'gzip, br' });
  assert.equal(packed.headers['content-encoding'], 'br');
  assert.equal(packed.headers.vary, 'Accept-Encoding');
  assert.ok(packed.size < plain.size / 2);
  assert.match(packed.headers['cache-control'], /immutable/);
  assert.notEqual(packed.headers.etag, plain.headers.etag);
  const again = await raw(server.base + script, { 'accept-encoding': 'br', 'if-none-match': packed.headers.etag });
  assert.equal(again.status, 304);
  assert.equal(again.size, 0);

  for (const path of ['/assets/app-00000000.js', '/api/nothing', '/assets/..%2f..%2fetc/passwd']) {
    assert.equal((await raw(server.base + path, { accept: 'text/html' })).status, 404, path);
  }
});
