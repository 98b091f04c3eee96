// Fills a data directory with many people and messages straight through SQL, so that what a large
// installation does can be measured after seconds instead of days of sending.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { startServer } from '../test/lib/server.mjs';
import { makeChannel, upload } from '../test/lib/drip.mjs';

/** A draft with one template on Day 1 and `count` people in it: activating it makes all of them due at once. */
export async function draftWithPeople(server, channel, count) {
  const sequence = (await server.api('POST', '/api/sequences', {
    name: 'Bench', status: 'draft', channel_id: channel.id, messages: [{ day: 1, type: 'template', template: { name: 'hello', language: 'en', body: ['{name}'] } }],
  })).body;
  let lines = 'phone,name\n';
  for (let i = 0; i < count; i++) lines += `+9198${String(i).padStart(8, '0')},Person ${i}\n`;
  const batch = await upload(server, sequence, lines);
  if (batch.status !== 'completed') throw new Error(JSON.stringify(batch));
  return sequence;
}

const DAY_MS = 86_400_000;
const STEPS = [1, 3, 7, 14, 30];

/** One row of the table below for each of `count` people: SQL with :n (from 1) and :now. */
function insert(table, columns, from = 'numbers') {
  return `INSERT INTO ${table} (${Object.keys(columns).join(', ')}) SELECT ${Object.values(columns).join(', ')} FROM ${from};`;
}

/** Statements that take the table's own indexes away and build them again: filling sorted once is cheaper. */
function indexesOf(file, table) {
  const rows = JSON.parse(execFileSync('sqlite3', ['-json', file, `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = '${table}' AND sql IS NOT NULL`], { encoding: 'utf8' }) || '[]');
  return { drop: rows.map(({ name }) => `DROP INDEX ${name};`).join('\n'), create: rows.map(({ sql }) => `${sql};`).join('\n') };
}

/**
 * Starts a server once for the schema, a key, a channel and a sequence of five days, stops it, and
 * adds `people` enrollments with `steps` messages each (0 to 5): with messages of 60 different days.
 * Everybody's next step is due within the next 30 days, from tomorrow on. Returns what startServer() needs to open it again.
 */
export async function fillData(t, { people, steps }) {
  const server = await startServer(t, { args: ['--clock', 'system'], clock: 'system' });
  const channel = await makeChannel(server, { base: 'http://127.0.0.1:9', appSecret: 'bench' }, { messages_per_second: 80 });
  const sequence = (await server.api('POST', '/api/sequences?force=true', {
    name: 'Bench', status: 'active', channel_id: channel.id,
    messages: STEPS.map((day) => ({ day, type: 'text', message: 'Hi {name}, day {day}' })),
  })).body;
  await server.stop();
  const file = join(server.data, 'dripline.db');
  const now = Date.now();
  const ids = execFileSync('sqlite3', [file, 'SELECT id, sequence_id FROM step ORDER BY day'], { encoding: 'utf8' }).trim().split('\n').map((line) => line.split('|').map(Number));
  const sequenceId = ids[0][1];
  const channelId = Number(execFileSync('sqlite3', [file, 'SELECT max(id) FROM channel'], { encoding: 'utf8' }));
  const tables = ['contact', 'enrollment', 'message'].map((table) => indexesOf(file, table));
  const due = `${now + DAY_MS} + (n * 2654435761 % ${29 * DAY_MS})`;
  const messages = ids.slice(0, steps).map(([step], i) => {
    const at = `${now - (steps - i) * DAY_MS} + n * 37 % ${DAY_MS}`;
    // Of a thousand: 970 accepted, 20 failed, 5 unknown, 3 skipped, 1 in doubt, 1 held.
    const kind = `(n * 7919 + ${i}) % 1000`;
    return insert('message', {
      state: `CASE WHEN ${kind} < 970 THEN 5 WHEN ${kind} < 990 THEN 6 WHEN ${kind} < 995 THEN 7 WHEN ${kind} < 998 THEN 8 WHEN ${kind} < 999 THEN 3 ELSE 4 END`,
      rank: `CASE WHEN ${kind} < 970 THEN n % 4 ELSE 0 END`, attempts: 1, tries: 1, channel_id: channelId, contact_id: 'n', enrollment_id: 'n',
      next_at_ms: `CASE WHEN ${kind} = 998 THEN ${now + DAY_MS} END`,
      step_id: step, sequence_id: sequenceId, error_code: `CASE WHEN ${kind} BETWEEN 970 AND 989 THEN 131026 ELSE 0 END`,
      reason: `CASE WHEN ${kind} BETWEEN 995 AND 997 THEN 1 ELSE 0 END`,
      due_at_ms: at, claimed_at_ms: at, sent_at_ms: `CASE WHEN ${kind} < 970 THEN ${at} END`,
      failed_at_ms: `CASE WHEN ${kind} BETWEEN 970 AND 989 THEN ${at} END`, ended_at_ms: `CASE WHEN ${kind} < 998 THEN ${at} END`, created_at_ms: at,
    });
  });
  const script = [
    'PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA temp_store = MEMORY;',
    ...tables.map(({ drop }) => drop),
    `CREATE TEMP VIEW numbers AS SELECT value AS n FROM generate_series(1, ${people});`,
    'BEGIN;',
    insert('contact', { id: 'n', phone: '919000000000 + n', name: "'Person ' || n", created_at_ms: now, updated_at_ms: now }),
    insert('enrollment', {
      id: 'n', sequence_id: sequenceId, contact_id: 'n', status: 0, live: 1, position: steps === 0 ? 0 : `(${STEPS[steps - 1]} * 1440 + 1439) * 1024`,
      messages_sent: steps, next_due_at_ms: due, enrolled_at_ms: steps === 0 ? now - 40 * DAY_MS : `${now - 31 * DAY_MS} - (n * 2654435761 % ${60 * DAY_MS})`, source: "'csv'", created_at_ms: now - 40 * DAY_MS,
    }),
    `INSERT INTO due (due_at_ms, enrollment_id) SELECT next_due_at_ms, id FROM enrollment ORDER BY next_due_at_ms, id;`,
    ...messages,
    `INSERT OR REPLACE INTO counter (sequence_id, step_id, outcome, reason, count) VALUES (${sequenceId}, 0, 0, 0, ${people});`,
    ...ids.map(([step], i) => `INSERT OR REPLACE INTO counter (sequence_id, step_id, outcome, reason, count) VALUES (${sequenceId}, ${step}, ${i < steps ? 2 : 0}, 0, ${people});`),
    // What happened, as the series read it: 90 days of quarters, hours and days.
    ...[15, 60, 1440].map((minutes, width) => [0, sequenceId].map((id) => `INSERT INTO counter_time SELECT ${id}, ${width}, value, 9, 1, 1, 1, 1, 8, 7, 1, 1, 5, 4 FROM generate_series(${now - 90 * DAY_MS} / ${minutes * 60_000} * ${minutes * 60_000}, ${now}, ${minutes * 60_000});`).join('\n')),
    'COMMIT;',
    ...tables.map(({ create }) => create),
    'PRAGMA journal_mode = WAL;',
  ].join('\n');
  execFileSync('sqlite3', [file], { input: script, stdio: ['pipe', 'ignore', 'inherit'] });
  return { data: server.data, key: server.key, sequence, channel, people, messages: people * steps };
}
