// Enrolling from outside: one person, lists in every form, files of any size, batches that can be
// followed, cancelled and undone, refused rows that can be corrected and uploaded again, and an
// import that goes on after the process was killed.
import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from './lib/process.mjs';
import { startServer } from './lib/server.mjs';

const STEPS = [
  { day: 1, message: 'Welcome {name}', type: 'text', time: '10:00' },
  { day: 3, message: 'Day three', type: 'text', time: '10:00' },
];

async function sequence(server, more = {}) {
  const answer = await server.api('POST', '/api/sequences', { name: 'Steps', messages: STEPS, ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.body.id;
}

const ended = (server, id) =>
  until(async () => {
    const { body } = await server.api('GET', `/api/batches/${id}`);
    return ['completed', 'failed', 'cancelled', 'undone'].includes(body.status) && body;
  }, `batch ${id} ends`, 180_000);

const csv = (server, id, text, query = '') =>
  server.api('POST', `/api/sequences/${id}/enroll/bulk${query}`, text, { 'content-type': 'text/csv' });

test('one person', async (t) => {
  const server = await startServer(t);
  const id = await sequence(server);
  const path = `/api/sequences/${id}/enroll`;
  const person = { phone: '+91 98765 43210', name: 'Asha Rao', custom_fields: { city: 'Pune' }, timezone: 'Asia/Kolkata' };

  const dry = await server.api('POST', `${path}?dry_run=true`, person);
  assert.equal(dry.body.verdict, 'enrolled');
  assert.equal((await server.api('GET', `/api/sequences/${id}/enrollments`)).body.data.length, 0);

  const first = await server.api('POST', path, person);
  assert.equal(first.status, 201);
  assert.equal(first.body.enrollment.phone, '919876543210');
  assert.deepEqual(first.body.enrollment.custom_fields, { city: 'Pune' });
  assert.equal(first.body.enrollment.timezone_source, 'given');

  const again = await server.api('POST', path, { phone: '00919876543210' });
  assert.equal(again.status, 200);
  assert.equal(again.body.verdict, 'already_active');
  assert.equal(again.body.enrollment_id, first.body.enrollment_id);

  for (const [body, code] of [
    [{ phone: '9.19877E+11' }, 'rounded'],
    [{ phone: '+91 12' }, 'too_short'],
    [{ name: 'Nobody' }, 'required'],
    [{ phone: '+919876543211', nmae: 'x' }, 'unknown_field'],
    [{ phone: '+919876543211', timezone: 'Mars/Base' }, 'unknown_timezone'],
  ]) {
    const refused = await server.api('POST', path, body);
    assert.equal(refused.status, 422, refused.text);
    assert.equal(refused.body.errors[0].code, code, refused.text);
  }
  assert.equal((await server.api('POST', '/api/sequences/seq_999/enroll', person)).status, 404);

  const one = first.body.enrollment_id;
  const changed = await server.api('PUT', `/api/enrollments/${one}`, { name: 'Asha', custom_fields: { city: null, plan: 'b' }, timezone: 'Europe/Berlin' });
  assert.equal(changed.body.name, 'Asha');
  assert.deepEqual(changed.body.custom_fields, { plan: 'b' });
  assert.equal(changed.body.timezone, 'Europe/Berlin');
  const paused = await server.api('PUT', `/api/enrollments/${one}`, { status: 'paused', reason: 'on holiday' });
  assert.equal(paused.body.status, 'paused');
  const stopped = await server.api('PUT', `/api/enrollments/${one}`, { status: 'stopped', reason: 'bought' });
  assert.equal(stopped.body.status, 'stopped');
  assert.equal((await server.api('PUT', `/api/enrollments/${one}`, { status: 'active' })).status, 409);
  assert.equal((await server.api('POST', path, person)).body.verdict, 'already_completed');
});

test('lists of every form get the same verdicts', async (t) => {
  const server = await startServer(t);
  const expected = ['enrolled', 'enrolled', 'duplicate_in_file', 'invalid_phone'];
  const forms = [
    ['text/csv', 'Naam;Número;Ciudad\r\nAsha;+919876500001;Pune\r\nRavi;+5511987654321;\r\nR;+55 11 8765-4321;\r\nX;12;\r\n'],
    ['text/plain', '+919876500001 Asha\n+5511987654321, Ravi\nR +55 11 8765-4321\n12\n'],
    ['application/json', JSON.stringify({ enrollments: [
      { phone: '+919876500001', name: 'Asha' }, { phone: '+5511987654321' }, { phone: '+55 11 8765-4321' }, { phone: '12' },
    ] })],
  ];
  for (const [type, body] of forms) {
    const id = await sequence(server);
    const path = `/api/sequences/${id}/enroll/bulk`;
    const dry = await server.api('POST', `${path}?dry_run=true`, body, { 'content-type': type });
    assert.deepEqual(dry.body.rows.map((row) => row.verdict), expected, dry.text);
    const answer = await server.api('POST', path, body, { 'content-type': type });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.rows.map((row) => row.verdict), expected, type);
    assert.equal(answer.body.counts.enrolled, 2);
    const people = await server.api('GET', `/api/sequences/${id}/enrollments?sort=enrolled_at&count=true`);
    assert.deepEqual(people.body.data.map((person) => person.phone), ['919876500001', '5511987654321']);
    assert.equal(people.body.total, 2);
    const sums = await server.api('GET', `/api/sequences/${id}`);
    assert.equal(sums.body.enrolled_count, 2);
  }
});

test('how a file is read can be seen and overruled', async (t) => {
  const server = await startServer(t);
  const id = await sequence(server);
  const utf16 = Buffer.from('\ufeffphone\tname\r\n98765 00001\tJosé\r\n', 'utf16le');
  const seen = await csv(server, id, utf16, '?dry_run=true&country=IN');
  assert.deepEqual(
    { encoding: seen.body.file.encoding, delimiter: seen.body.file.delimiter, header: seen.body.file.header },
    { encoding: 'utf-16le', delimiter: 'tab', header: true },
  );
  assert.deepEqual(seen.body.file.columns[1], { index: 1, name: 'name', target: 'name', samples: ['José'] });
  const columns = encodeURIComponent('field:note,phone,-');
  const taken = await csv(server, id, Buffer.from('a\xe9,98765 00002,x\n', 'latin1'), `?country=IN&columns=${columns}&header=false`);
  assert.equal(taken.body.counts.enrolled, 1, taken.text);
  const [person] = (await server.api('GET', `/api/sequences/${id}/enrollments`)).body.data;
  assert.deepEqual(person.custom_fields, { note: 'aé' });
  for (const [text, query, code] of [['a,b\nc,d\n', '', 'no_phone_column'], ['phone\n1\n', '?columns=fone', 'invalid_choice']]) {
    const refused = await csv(server, id, text, query);
    assert.equal(refused.status, 422, refused.text);
    assert.equal(refused.body.errors[0].code, code, refused.text);
  }
});

test('refused rows come back as a file that can be corrected and uploaded', async (t) => {
  const server = await startServer(t);
  const id = await sequence(server);
  const answer = await csv(server, id, 'phone,name,formula\n12345,"Rao, Asha",=1+1\n+919876500001,Ok,\n');
  const rows = await server.api('GET', `/api/batches/${answer.body.batch_id}/rows`);
  assert.deepEqual(rows.body.data.map((row) => [row.row, row.verdict, row.input]), [[2, 'invalid_phone', '12345']]);
  const file = (await server.api('GET', `/api/batches/${answer.body.batch_id}/rows.csv`)).text;
  assert.equal(file, "phone,name,formula,row,verdict,reason\r\n12345,\"Rao, Asha\",'=1+1,2,invalid_phone,digits are missing\r\n");
  const corrected = await csv(server, id, file.replace('12345', '+919876500002'));
  assert.equal(corrected.body.counts.enrolled, 1, corrected.text);
  const people = (await server.api('GET', `/api/sequences/${id}/enrollments?q=Asha`)).body.data;
  assert.deepEqual(people.map((person) => [person.name, person.custom_fields]), [['Rao, Asha', { formula: '=1+1' }]]);
});

/** 20,000 rows: every 50th repeats the one before, every 100th is broken. */
function largeFile(rows = 20_000) {
  let text = 'phone,name\n';
  let number = 1;
  const counts = { enrolled: 0, duplicate_in_file: 0, invalid_phone: 0 };
  for (let i = 0; i < rows; i++) {
    const repeat = i % 50 === 49;
    if (!repeat) number = (number + 61_803_399) % 100_000_000;
    if (i % 100 === 0) {
      text += `${i % 9},broken\n`;
      counts.invalid_phone++;
    } else {
      text += `+9198${String(number).padStart(8, '0')},Person ${i}\n`;
      counts[repeat ? 'duplicate_in_file' : 'enrolled']++;
    }
  }
  return { text, counts };
}

test('a large file is a batch: followed, undone, cancelled', async (t) => {
  const server = await startServer(t);
  const id = await sequence(server, { reenroll: 'never' });
  const { text, counts } = largeFile();
  const dry = await csv(server, id, text, '?dry_run=true');
  const accepted = await csv(server, id, text, '?filename=people.csv');
  assert.equal(accepted.status, 202, accepted.text);
  const done = await ended(server, accepted.body.id);
  assert.equal(done.status, 'completed', done.error);
  for (const [verdict, count] of Object.entries(counts)) {
    assert.equal(done.counts[verdict], count, verdict);
    assert.equal(dry.body.counts[verdict], count, `dry run: ${verdict}`);
  }
  assert.equal(done.total_rows, 20_000);
  assert.equal((await server.api('GET', `/api/sequences/${id}`)).body.enrolled_count, counts.enrolled);
  const refused = (await server.api('GET', `/api/batches/${done.id}/rows.csv`)).text.trimEnd().split('\r\n');
  assert.equal(refused.length - 1, counts.duplicate_in_file + counts.invalid_phone);
  const lines = refused.slice(1).map((line) => Number(line.split(',')[2]));
  assert.deepEqual(lines, [...lines].sort((a, b) => a - b));

  const undoing = await server.api('POST', `/api/batches/${done.id}/undo`);
  assert.equal(undoing.status, 202, undoing.text);
  assert.equal((await ended(server, done.id)).status, 'undone');
  assert.equal((await server.api('GET', `/api/sequences/${id}`)).body.enrolled_count, 0);
  assert.equal((await server.api('POST', `/api/batches/${done.id}/undo`)).status, 409);

  const second = await csv(server, id, text);
  const cancelled = await server.api('POST', `/api/batches/${second.body.id}/cancel`);
  const state = cancelled.status === 200 ? 'cancelled' : 'completed';
  const stopped = await ended(server, second.body.id);
  assert.equal(stopped.status, state);
  const sum = (await server.api('GET', `/api/sequences/${id}`)).body.enrolled_count;
  assert.equal(stopped.counts.enrolled, sum);
});

test('an import goes on after the process was killed, and nobody is in twice', async (t) => {
  const server = await startServer(t);
  const id = await sequence(server);
  const { text, counts } = largeFile(60_000);
  const accepted = await csv(server, id, text);
  assert.equal(accepted.status, 202, accepted.text);
  await until(async () => (await server.api('GET', `/api/batches/${accepted.body.id}`)).body.processed_rows > 0, 'first rows are in', 60_000, 2);
  await server.kill();
  await server.start();
  const done = await ended(server, accepted.body.id);
  assert.equal(done.status, 'completed', done.error);
  for (const [verdict, count] of Object.entries(counts)) assert.equal(done.counts[verdict], count, verdict);
  assert.equal((await server.api('GET', `/api/sequences/${id}`)).body.enrolled_count, counts.enrolled);
  const page = await server.api('GET', `/api/sequences/${id}/enrollments?limit=1&count=true`);
  assert.equal(page.body.total, counts.enrolled);
});

test('a table in the order of what is due shows everybody once, however they move meanwhile', async (t) => {
  const PEOPLE = 9_000; // more than two pages of a table
  const server = await startServer(t, { clock: 'manual' });
  const made = await server.api('POST', '/api/sequences?force=true', {
    name: 'Moving', status: 'active', timezone: 'UTC', send_time: '12:00', messages: [{ day: 3, message: 'Day three', type: 'text' }],
  });
  assert.equal(made.status, 201, made.text);
  const { id } = made.body;
  const lines = Array.from({ length: PEOPLE }, (_, n) => `9198760${String(10_000 + n)}\n`).join('');
  const batch = await csv(server, id, `phone\n${lines}`);
  assert.equal((await ended(server, batch.body.id)).counts.enrolled, PEOPLE, batch.text);
  const due = async () => {
    const table = await server.api('GET', `/api/sequences/${id}/enrollments?format=csv&sort=next_message_due`);
    return table.text.split('\r\n').slice(1, -1).map((line) => line.split(',')[0]);
  };
  for (const send_time of ['18:00', '09:00']) {
    const edit = await server.api('PUT', `/api/sequences/${id}`, { send_time });
    assert.ok(edit.status < 300, edit.text);
    for (let n = 0; n < 3; n++) {
      const ids = await due();
      assert.equal(new Set(ids).size, ids.length, 'nobody twice');
    }
  }
  await until(async () => (await due()).length === PEOPLE, 'everybody has a next message again');
});
