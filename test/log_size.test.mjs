// The write-ahead log stays small while the clock travels and messages leave all the time: a request
// that waits for the end of the journey must not keep the log from starting again.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { START, startPair, upload } from './lib/drip.mjs';
import { advance } from './lib/server.mjs';

const MIB = 1024 * 1024;
const LOG_MAX = 64 * MIB; // where the writer moves it into the database although work waits
const AGAIN = 32 * MIB; // how much more until its next try, when a reader was in the way of one
const TRIES = 3; // so many in a row may meet a reader; a log that never starts again grows to 242 MiB here
const COMMIT_MAX = 16 * MIB; // what may come on top of it

test('the log stays small during a long journey with paced sending', async (t) => {
  const people = 400;
  const { server, simulator, channel } = await startPair(t, { channel: { messages_per_second: 40 } });
  await server.api('POST', '/api/sandbox/clock', { to: START });
  const sequence = await server.api('POST', '/api/sequences?force=true', {
    name: 'Course', status: 'active', channel_id: channel.id, timezone: 'UTC', send_time: '09:00',
    messages: [1, 2, 3, 4].map((day) => ({ day, type: 'template', template: { name: `day_${day}`, language: 'en', body: ['{name}'] } })),
  });
  assert.equal(sequence.status, 201, sequence.text);
  const rows = Array.from({ length: people }, (_, i) => `${919870000000 + i},Person ${i}`);
  await upload(server, sequence.body, `phone,name\n${rows.join('\n')}\n`);
  let largest = 0;
  const look = setInterval(() => {
    largest = Math.max(largest, statSync(join(server.data, 'dripline.db-wal')).size);
  }, 20);
  try {
    await advance(server, '7d');
  } finally {
    clearInterval(look);
  }
  assert.equal(simulator.entries().filter(({ accepted }) => accepted).length, people * 4);
  t.diagnostic(`the log grew to ${Math.round(largest / MIB)} MiB`);
  assert.ok(largest > 0 && largest <= LOG_MAX + TRIES * AGAIN + COMMIT_MAX, `${largest} bytes`);
});
