// Counters against the rows they count: whatever single figure is wrong, `verify` says so, and
// `verify --repair` puts back what was there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BINARY, run, until } from './lib/process.mjs';
import { advance, startServer } from './lib/server.mjs';
import { sql } from './lib/users.mjs';

const COUNTERS = ['counter', 'counter_time', 'counter_cohort', 'counter_failure'];
const columns = { counter_time: 'sent failed skipped cancelled unknown delivered read replied opted_out enrolled completed', counter_cohort: 'waiting queued sent failed skipped cancelled unknown delivered read replied opted_out' };

/** A server on which something of everything happened, stopped. */
async function lived(t) {
  const server = await startServer(t, { clock: 'manual' });
  const good = async (...call) => {
    const answer = await server.api(...call);
    assert.ok(answer.status < 300, `${call[0]} ${call[1]}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  for (const name of ['One', 'Two']) await good('POST', '/api/sequences?force=true', { name, status: 'active', messages: [1, 2, 3].map((day) => ({ day, message: `Day ${day}, {name}. Reply STOP to end.` })) });
  await good('PUT', '/api/sandbox/faults', { seed: 5, refuse_per_mille: 300, refuse_code: 131026 });
  for (let i = 0; i < 24; i++) await good('POST', `/api/sequences/seq_00${1 + (i % 2)}/enroll`, { phone: `9198765432${10 + i}`, name: 'Asha' });
  await advance(server, '1h');
  await good('POST', '/api/sandbox/replies', { phone: '919876543210', text: 'Thank you' });
  await good('POST', '/api/sandbox/replies', { phone: '919876543211', text: 'STOP' });
  await until(async () => (await good('GET', '/api/opt-outs')).data.length === 1, 'the opt-out');
  await advance(server, '1d');
  assert.equal((await server.stop()).code, 0);
  return server;
}

/** All rows that count something, as text. */
async function dump(server) {
  const texts = [];
  for (const table of COUNTERS) texts.push((await sql(server, `SELECT * FROM ${table} WHERE ${(columns[table] ?? 'count').split(' ').map((name) => `${name} <> 0`).join(' OR ')}`)).trim().split('\n').sort().join('\n'));
  return texts;
}

/** Every single figure of the tables, as the statement that makes it wrong. */
async function damages(server) {
  const list = [];
  const rows = async (table, key) => (await sql(server, `SELECT ${key.split(' ').join(` || ' ' || `)} FROM ${table}`)).trim().split('\n').map((line) => line.split(' '));
  const where = (key, values) => key.split(' ').map((name, index) => `${name} = ${values[index]}`).join(' AND ');
  for (const [table, key] of [['counter', 'sequence_id step_id outcome reason'], ['counter_failure', 'sequence_id width at_ms reason']]) {
    for (const values of await rows(table, key)) list.push([table, `UPDATE ${table} SET count = count + 1 WHERE ${where(key, values)}`]);
  }
  for (const [table, key] of [['counter_time', 'sequence_id width at_ms'], ['counter_cohort', 'sequence_id width cohort_at_ms step_id']]) {
    // Each column in some row, and in each row some column.
    const all = await rows(table, key);
    const names = columns[table].split(' ');
    for (let i = 0; i < Math.max(all.length, names.length); i++) list.push([table, `UPDATE ${table} SET ${names[i % names.length]} = ${names[i % names.length]} + 1 WHERE ${where(key, all[i % all.length])}`]);
    list.push([table, `DELETE FROM ${table} WHERE ${where(key, all[0])}`]);
  }
  list.push(['counter', 'INSERT INTO counter VALUES (1, 999, 2, 0, 1)']);
  return list;
}

test('no figure can be wrong without being found', { timeout: 600_000 }, async (t) => {
  const server = await lived(t);
  const before = await dump(server);
  for (const [index, text] of before.entries()) assert.notEqual(text, '', `${COUNTERS[index]} counts something`);
  const unseen = [];
  const list = await damages(server);
  await sql(server, COUNTERS.map((table) => `CREATE TABLE kept_${table} AS SELECT * FROM ${table};`).join(''));
  for (const [, statement] of list) {
    await sql(server, statement);
    const verified = await server.verify();
    if (verified.code === 0) unseen.push(statement);
    await sql(server, COUNTERS.map((table) => `DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept_${table};`).join(''));
  }
  t.diagnostic(`${list.length} wrong figures`);
  assert.deepEqual(unseen, []);
  // What is put right is what was there. A quarter of an hour is what hours and days are made of.
  const widest = 'width = 2 AND sequence_id = 1';
  for (const statement of [
    'UPDATE counter SET count = count + 1', 'DELETE FROM counter', 'INSERT INTO counter VALUES (1, 999, 2, 0, 1)',
    'UPDATE counter SET reason = reason + 1 WHERE outcome = 3', 'DELETE FROM counter_cohort', 'UPDATE counter_cohort SET sent = sent + 1',
    'UPDATE counter_time SET sent = sent + 1, opted_out = opted_out + 1 WHERE width > 0', `DELETE FROM counter_time WHERE ${widest}`, 'UPDATE counter_time SET read = 0 WHERE sequence_id = 0',
    'UPDATE counter_failure SET count = count + 1 WHERE width > 0', `DELETE FROM counter_failure WHERE ${widest}`, 'UPDATE counter_failure SET count = 0 WHERE sequence_id = 0',
  ]) {
    await sql(server, statement);
    const repaired = await run(['verify', '--repair', '--data', server.data, '--json'], { binary: BINARY });
    assert.equal(repaired.code, 0, `${statement}: ${repaired.stdout}`);
    const verified = await server.verify();
    assert.deepEqual(JSON.parse(verified.stdout).findings, [], statement);
    assert.deepEqual(await dump(server), before, statement);
  }
  await sql(server, COUNTERS.map((table) => `DROP TABLE kept_${table};`).join(''));
});

test('the people of a channel\'s day are counted again, too', async (t) => {
  const server = await lived(t);
  await sql(server, 'INSERT INTO channel_people (channel_id, daily_limit, people) VALUES (1, 250, 3)');
  assert.notEqual((await server.verify()).code, 0);
  assert.equal((await run(['verify', '--repair', '--data', server.data, '--json'], { binary: BINARY })).code, 0);
  assert.equal((await sql(server, 'SELECT people FROM channel_people')).trim(), '0');
});
