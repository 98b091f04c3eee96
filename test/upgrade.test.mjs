// A data directory made by an earlier program: opened, brought up to date, and gone on with; one made
// by a later program: refused, and left as it is. The earlier one was kept when the schema was at 4.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { run, temporaryFolder, until } from './lib/process.mjs';
import { localMinute } from './lib/model.mjs';
import { advance, startServer } from './lib/server.mjs';
import { sql } from './lib/users.mjs';

const OLD = JSON.parse(gunzipSync(readFileSync(new URL('./fixtures/data_schema_4.json.gz', import.meta.url))));

function unpack(t) {
  const data = join(temporaryFolder(t), 'data');
  mkdirSync(data, { mode: 0o700 });
  for (const [name, bytes] of Object.entries(OLD.files)) {
    if (!/-(wal|shm)$/.test(name)) writeFileSync(join(data, name), Buffer.from(bytes, 'base64'), { mode: 0o600 });
  }
  return data;
}

const SCHEMA_AT = 60; // where the file's header keeps the number of the schema
const schemaOf = (data) => readFileSync(join(data, 'dripline.db')).readUInt32BE(SCHEMA_AT);

test('a data directory of schema 4 is brought up to date, adds up, and its people get what is left', async (t) => {
  const data = unpack(t);
  assert.equal(schemaOf(data), 4);
  const migrated = await run(['migrate', '--json', '--data', data]);
  assert.equal(migrated.code, 0, migrated.stderr);
  assert.ok(schemaOf(data) > 4);
  // Where everybody's steps without a time stand in their day, by the zone that each of them had.
  const rows = (await sql({ data }, "SELECT e.order_minute || '|' || e.enrolled_at_ms || '|' || coalesce(nullif(c.timezone, ''), nullif(s.timezone, ''), (SELECT json_extract(value, '$') FROM setting WHERE key = 'timezone'), 'UTC') FROM enrollment e JOIN contact c ON c.id = e.contact_id JOIN sequence s ON s.id = e.sequence_id")).split('\n');
  assert.equal(rows.length, OLD.people.length);
  for (const row of rows) {
    const [minute, at, zone] = row.split('|');
    assert.equal(Number(minute), localMinute(zone, Number(at)) + 1, row);
  }
  const again = await run(['migrate', '--json', '--data', data]);
  assert.equal(again.code, 0, again.stderr);
  const verified = await run(['verify', '--json', '--data', data]);
  assert.equal(verified.code, 0, verified.stdout);

  // Its last day may be long past when this runs: it is to come all the same.
  const shown = await run(['sequence', 'show', OLD.sequence, '--json', '--data', data]);
  assert.equal(shown.code, 0, shown.stderr);
  const file = join(temporaryFolder(t), 'sequence.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(shown.stdout), late_policy: { action: 'send', max_late: '3d' } }));
  const applied = await run(['sequence', 'apply', file, '--data', data]);
  assert.equal(applied.code, 0, applied.stderr);

  const server = await startServer(t, { data, key: OLD.key, clock: 'manual' });
  const queue = async () => (await server.api('GET', '/api/queue?limit=100')).body.data;
  const before = (await queue()).filter((message) => message.day !== 9);
  assert.deepEqual(before.map((message) => [message.id, message.day, message.status]), OLD.queue);
  const me = await server.api('GET', '/api/me');
  assert.equal(me.status, 200, me.text);

  await advance(server, '8d');
  // Of six people one is paused, one was stopped and one opted out: the last message is for three.
  const last = await until(async () => {
    const list = (await queue()).filter((message) => message.day === 9);
    return list.length === 3 && list.every((message) => ['sent', 'delivered', 'read'].includes(message.status)) && list;
  }, 'the last messages are sent');
  assert.deepEqual(new Set(last.map((message) => message.enrollment_id)), new Set([OLD.people[0], OLD.people[4], OLD.people[5]]));
  assert.equal((await queue()).length, OLD.queue.length + 3, 'nothing was sent again');
  await server.stop();
  const after = await run(['verify', '--json', '--data', data]);
  assert.equal(after.code, 0, after.stdout);
});

test('the server itself migrates, also when it is killed meanwhile', async (t) => {
  const data = unpack(t);
  const server = await startServer(t, { data, key: OLD.key });
  await server.kill();
  await server.start();
  assert.equal((await server.api('GET', `/api/sequences/${OLD.sequence}`)).status, 200);
  await server.stop();
  assert.equal((await run(['verify', '--data', data])).code, 0);
});

test('a data directory of a later program is refused in plain words and not touched', async (t) => {
  const data = unpack(t);
  const path = join(data, 'dripline.db');
  const bytes = readFileSync(path);
  bytes.writeUInt32BE(4000, SCHEMA_AT);
  writeFileSync(path, bytes);
  const digest = () => createHash('sha256').update(readFileSync(path)).digest('hex');
  const before = digest();
  for (const command of [['serve', '--listen', '127.0.0.1:0'], ['migrate'], ['verify'], ['tick'], ['sequence', 'list'], ['backup', join(data, 'copy.db')]]) {
    const refused = await run([...command, '--data', data]);
    assert.notEqual(refused.code, 0, command.join(' '));
    assert.match(refused.stderr, /newer program/, `${command.join(' ')}: ${refused.stderr}`);
    assert.equal(digest(), before, command.join(' '));
  }
});
