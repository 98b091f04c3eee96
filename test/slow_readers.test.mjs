// Clients that ask for much and read nothing: they are cut, they fill no memory, and nobody else waits
// for them. Most of the time of this test is the patience of the server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { atEnd } from './lib/process.mjs';
import { startServer } from './lib/server.mjs';

const READERS = 12;
const ASKS = 500; // with answers of 40 KB far more than the kernel keeps of them for both ends

/** Asks again and again and never reads; `cut` resolves to what it got at most when the server ends it. */
async function startReader(port, ask) {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.pause();
  socket.write(ask.repeat(ASKS));
  // Who does not read learns of the end by writing only.
  const asking = setInterval(() => socket.write(ask), 1000);
  const cut = new Promise((resolve) => {
    socket.on('error', () => {});
    socket.on('close', () => { clearInterval(asking); resolve(socket.bytesRead); });
  });
  return { socket, cut };
}

test('who asks for much and does not read is cut, and fills no memory', { timeout: 600_000 }, async (t) => {
  const server = await startServer(t, { args: ['--rate-limit', '0', '--anonymous-rate-limit', '0'] });
  const messages = Array.from({ length: 10 }, (_, n) => ({ day: n + 1, message: String(n).repeat(4000) }));
  const made = await server.api('POST', '/api/sequences', { name: 'Long', messages });
  assert.equal(made.status, 201, made.text);
  const path = `/api/sequences/${made.body.id}`;
  const { length } = (await server.api('GET', path)).text;
  assert.ok(length > 40_000);
  const memory = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.daemon.pid}/status`, 'utf8'))[1]) / 1024;
  const before = memory();
  const ask = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${server.key}\r\n\r\n`;
  const readers = await Promise.all(Array.from({ length: READERS }, () => startReader(server.port, ask)));
  atEnd(t, () => readers.forEach(({ socket }) => socket.destroy()));
  let open = READERS;
  for (const { cut } of readers) cut.then(() => open--);
  let highest = before;
  let answered = 0;
  for (; open > 0; answered++) {
    assert.equal((await server.api('GET', path)).text.length, length, 'who reads gets it all');
    highest = Math.max(highest, memory());
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  for (const { cut } of readers) assert.ok((await cut) < length * ASKS, 'it was ended before its last answer');
  t.diagnostic(`${answered} others were answered; ${Math.round(before)} MiB grew to ${Math.round(highest)} MiB`);
  assert.ok(answered >= 20, `others were answered meanwhile: ${answered} times`);
  assert.ok(highest < before + 200, `${Math.round(before)} MiB grew to ${Math.round(highest)} MiB`);
});
