// Erasing a person and handing out what is stored about one, seen in the files of the data directory:
// nothing is left after an erasure, an older backup does not bring anybody back, and no table is
// forgotten by either.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { upload } from './lib/drip.mjs';
import { freePort, run, temporaryFolder, until } from './lib/process.mjs';
import { startServer, startSimulator } from './lib/server.mjs';

const SECRET = 'test-app-secret';
const PERSON = { phone: '919812345678', name: 'Zebulon Quillfeather', city: 'Ottoline-on-Sea', said: 'my knee hurts like a marmalade trombone' };
const OTHER = { phone: '918765432100', name: 'Philippa Oakenshaw' };

/** Every file below a folder, with its bytes. */
function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const facts = statSync(path);
    if (facts.isDirectory()) yield* files(path);
    else if (facts.isFile()) yield [path, readFileSync(path)];
  }
}

/** The number as text, as SQLite keeps whole numbers (big end first, in as few bytes as hold it), and coded as in the provider's ids. */
function traces(person) {
  const number = BigInt(person.phone);
  const bytes = Buffer.from(number.toString(16).padStart(12, '0'), 'hex');
  const coded = [0, 1, 2].map((offset) => Buffer.concat([Buffer.alloc(offset), Buffer.from(person.phone)]).toString('base64').slice(offset === 0 ? 0 : offset + 1, -4));
  return [Buffer.from(person.phone), bytes, ...Object.values(person).slice(1).map((word) => Buffer.from(word)), ...coded.map((word) => Buffer.from(word))];
}

function found(folder, person) {
  const hits = [];
  for (const [path, bytes] of files(folder)) {
    for (const trace of traces(person)) if (bytes.includes(trace)) hits.push(`${path.slice(folder.length + 1)}: ${trace.toString('latin1')}`);
  }
  return hits;
}

/** Somebody who left a trace in every table that can hold one. */
async function startWithPerson(t) {
  const port = await freePort();
  const server = await startServer(t, { args: ['--log-level', 'debug'] });
  await startSimulator(t, { port, appSecret: SECRET, webhookUrl: `${server.base}/webhooks/whatsapp/chan_002`, faults: { webhook_delay_ms: 5 } });
  const channel = await server.api('POST', '/api/channels', {
    name: 'Test number', provider: 'cloud', phone_number_id: '1000000001', waba_id: '2000000001', access_token: 'token', app_secret: SECRET,
    verify_token: 'verify-me', base_url: `http://127.0.0.1:${port}`,
  });
  assert.equal(channel.status, 201, channel.text);
  const sequence = await server.api('POST', '/api/sequences?force=true', {
    name: 'Knees', status: 'active', messages: [{ day: 1, type: 'template', template: { name: 'hello', language: 'en', body: ['{name} of {city}'] } }, { day: 9, message: 'How is {city}, {name}?' }],
  });
  assert.equal(sequence.status, 201, sequence.text);
  const hook = async (value) => {
    const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '2000000001', changes: [{ field: 'messages', value: { messaging_product: 'whatsapp', metadata: { phone_number_id: '1000000001' }, ...value } }] }] });
    const answer = await fetch(`${server.base}/webhooks/whatsapp/${channel.body.id}`, {
      method: 'POST', body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}` },
    });
    assert.equal(answer.status, 200);
  };
  const key = await server.api('POST', '/api/keys', { name: 'Page', kind: 'publishable', sequence_ids: [sequence.body.id] });
  for (const who of [PERSON, OTHER]) {
    const enrolled = await server.api('POST', `/api/sequences/${sequence.body.id}/enroll`, { phone: who.phone, name: who.name, custom_fields: { city: who.city ?? 'Leeds' } }, { 'idempotency-key': `enroll-${who.phone}` });
    assert.equal(enrolled.status, 201, enrolled.text);
    const consent = await fetch(`${server.base}/api/public/enroll`, { method: 'POST', headers: { authorization: `Bearer ${key.body.secret}`, 'content-type': 'application/json' }, body: JSON.stringify({ sequence_id: sequence.body.id, phone: who.phone, consent_version: '2026-11', consent_text: 'Yes please' }) });
    assert.equal(consent.status, 202, await consent.text());
  }
  await upload(server, sequence.body, `phone,name,city\n${PERSON.phone},${PERSON.name},${PERSON.city}\n+${PERSON.phone},${PERSON.name},${PERSON.city}\n${OTHER.phone},${OTHER.name},Leeds\n`);
  await until(async () => (await server.api('GET', '/api/queue?status=delivered,read,sent')).body.data.length === 2, 'both first messages went out');
  const at = String(Math.floor(Date.now() / 1000));
  await hook({ contacts: [{ wa_id: PERSON.phone, profile: { name: PERSON.name } }], messages: [{ from: PERSON.phone, id: 'wamid.REPLY1', timestamp: at, type: 'text', text: { body: PERSON.said } }] });
  await hook({ statuses: [{ id: `wamid.${Buffer.from(`x${PERSON.phone}y`).toString('base64')}`, status: 'delivered', timestamp: at, recipient_id: PERSON.phone }] });
  await server.api('POST', '/api/opt-outs', { phone: PERSON.phone, kind: 'marketing', reason: `asked by ${PERSON.name}` });
  await until(async () => (await server.api('GET', `/api/contacts/${PERSON.phone}`)).body.inbound?.length === 1, 'the reply is there');
  return { server, sequence: sequence.body };
}

test('an erased person is in no file any more, and an older backup does not bring them back', async (t) => {
  const { server, sequence } = await startWithPerson(t);
  const folder = temporaryFolder(t);
  const before = found(server.data, PERSON);
  assert.ok(before.some((hit) => hit.includes(PERSON.said)), 'the text of the reply is found before');
  assert.ok(before.length >= 5, before.join('\n'));
  const backup = join(folder, 'before.db');
  assert.equal((await run(['backup', backup, '--data', server.data])).code, 0);
  assert.equal(statSync(backup).mode & 0o777, 0o600, 'a backup is its owner’s alone');
  const id = (await server.api('GET', `/api/contacts/${PERSON.phone}`)).body.id;

  assert.equal((await server.api('DELETE', `/api/contacts/${PERSON.phone}`)).status, 204);
  await until(() => found(server.data, PERSON).length === 0, `nothing is left: ${found(server.data, PERSON).join('\n')}`).catch(() => assert.deepEqual(found(server.data, PERSON), []));
  assert.ok(found(server.data, OTHER).length > 0, 'others stay');
  assert.equal(statSync(join(server.data, 'erasures')).mode & 0o777, 0o600);
  assert.ok(!server.daemon.log.includes(PERSON.phone) && !server.daemon.log.includes(PERSON.name), 'the log never had it');
  assert.equal((await server.api('GET', `/api/contacts/${PERSON.phone}`)).status, 404);
  const audit = await server.api('GET', `/api/audit?action=contact.erase&object=${id}`);
  assert.equal(audit.body.data.length, 1);
  // Their number stays out, by its hash alone, also when it comes again.
  const again = await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone: PERSON.phone });
  assert.equal(again.body.verdict, 'opted_out', again.text);
  assert.equal((await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone: PERSON.phone, name: PERSON.name, custom_fields: { city: PERSON.city } }, { 'idempotency-key': `enroll-${PERSON.phone}` })).text.includes(PERSON.name), false, 'no kept answer tells it');
  const verified = await run(['verify', '--data', server.data]);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);

  await server.stop();
  assert.ok(readFileSync(backup).includes(Buffer.from(PERSON.said)), 'the old backup still has them');
  const restored = await run(['restore', backup, '--data', server.data]);
  assert.equal(restored.code, 0, restored.stderr);
  assert.equal(statSync(join(server.data, 'dripline.db')).mode & 0o777, 0o600, 'what was restored is so too');
  await server.start();
  assert.equal((await server.api('GET', `/api/contacts/${PERSON.phone}`)).status, 404, 'forgotten again before anything runs');
  assert.equal((await server.api('GET', `/api/contacts/${OTHER.phone}`)).status, 200);
  assert.equal((await server.api('POST', `/api/sequences/${sequence.id}/enroll`, { phone: PERSON.phone })).body.verdict, 'opted_out');
  await server.stop();
  const compacted = await run(['compact', '--data', server.data, '--json']);
  assert.equal(compacted.code, 0, compacted.stderr);
  assert.equal(Number(JSON.parse(compacted.stdout).size), statSync(join(server.data, 'dripline.db')).size);
  const sound = await run(['verify', '--data', server.data]);
  assert.equal(sound.code, 0, sound.stdout + sound.stderr);
  assert.deepEqual(found(server.data, PERSON).filter((hit) => !hit.includes('.before-restore')), []);
});

// What each table has to do with a person. A new table must be entered here, and when it holds
// something about people it must be in the export and in the erasure.
const EXPORTED = {
  contact: 'contact', contact_window: 'conversations', enrollment: 'enrollments', message: 'messages', message_body: 'messages', attempt: 'attempts',
  inbound_message: 'inbound', suppression: 'opt_outs', event: 'events', batch_row: 'import_rows', audit: 'audit',
};
const IMPERSONAL = {
  installation: 'ours', instance: 'ours', setting: 'ours', channel: 'our own numbers', template: 'ours', sequence: 'ours', sequence_version: 'ours', step: 'ours',
  edit_place: 'how far a long edit is', orphan_event: 'a hash and a state', due: 'a time of an enrollment', message_provider: 'a hash', counter: 'sums', counter_hour: 'sums', batch: 'sums of an upload', endpoint_outage: 'ours',
  channel_proof: 'times', channel_person: 'a time, for a day', channel_people: 'sums', counter_time: 'sums', counter_failure: 'sums', counter_cohort: 'sums', cohort_by_width: 'sums, for a moment', alert: 'about the server', webhook: 'receivers', webhook_delivery: 'which event went to which receiver', form: 'ours', audit_term: 'a time',
  unconfirmed: 'a number somebody typed in, a week at most; in the export and the erasure too', idempotency: 'copies of answers, kept a day; erased with the person', mail: 'to our users', user_account: 'our users', session: 'our users', api_key: 'our users',
  user_totp: 'our users', user_recovery: 'our users', sqlite_sequence: 'the engine’s',
};

test('what is handed out about a person covers every table', async (t) => {
  const { server } = await startWithPerson(t);
  const answer = await server.api('GET', `/api/contacts/${PERSON.phone}/export`);
  assert.equal(answer.status, 200);
  for (const [table, field] of Object.entries(EXPORTED)) {
    assert.ok(field === 'audit' || (Array.isArray(answer.body[field]) ? answer.body[field].length > 0 : answer.body[field]), `${table}: ${field}`);
  }
  for (const word of [PERSON.phone, PERSON.name, PERSON.city, PERSON.said, 'Yes please', '2026-11', 'wamid.']) assert.ok(answer.text.includes(word), word);
  assert.ok(!answer.text.includes(OTHER.phone) && !answer.text.includes(OTHER.name), 'nobody else');
  assert.match(answer.headers.get('content-disposition'), /attachment/);
  await until(async () => (await server.api('GET', '/api/audit?action=contact.export')).body.data.length === 1, 'handing out is written down');
  const again = await server.api('GET', `/api/contacts/${PERSON.phone}/export`);
  assert.ok(again.body.audit.some((line) => line.action === 'contact.export'));
});

test('no table is unknown', () => {
  const sql = readdirSync(new URL('../src/store/migrations/', import.meta.url)).filter((name) => name.endsWith('.sql'))
    .map((name) => readFileSync(new URL(`../src/store/migrations/${name}`, import.meta.url), 'utf8')).join('\n');
  const tables = [...sql.matchAll(/^CREATE TABLE (?:IF NOT EXISTS )?(\w+)/gm)].map(([, name]) => name);
  assert.ok(tables.length >= 30);
  for (const table of tables) assert.ok(table in EXPORTED || table in IMPERSONAL, `say in this file what table "${table}" has to do with a person`);
});
